"""Measures the pipeline on sample marketplaces beside SQL written by hand, and how its cost grows with their size.

Run as ``make bench`` or ``python -m bench --parts N ...``: one N-th of a year of 70 million orders each. Leaves results, and the
samples where a folder is named. Does not belong here: any bound that a test holds; what is printed is what was seen.
"""

from __future__ import annotations

import argparse
import json
import signal
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from rich.console import Console

from bench.posting import entries_a_second
from bench.results import ratio_of_days, sheets, write
from bench.sizes import Bench, Size, machine, versions

console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)


def main() -> None:
    """Measures as the command line says; whatever ends it, nothing is left behind but results and whole samples."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: terminated"))
    try:
        run(_arguments())
    except KeyboardInterrupt:
        sys.exit("bench: interrupted")
    except AssertionError as failure:
        sys.exit(f"bench: what was measured failed: {failure}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--parts", type=_count, nargs="+", default=[1_000], help="sizes, each one N-th of the year: 1000 300 100"
    )
    parser.add_argument("--runs", type=_count, default=1, help="runs of each figure; medians are reported")
    parser.add_argument("--folder", type=Path, help="where there is room; samples stay there and are used again")
    parser.add_argument("--results", type=Path, default=Path("var/bench"), help="where results are written")
    parser.add_argument("--awards", type=_count, default=200_000, help="awards that the ledger posts")
    parser.add_argument("--memory", default="14GB", help="what the SQL written by hand may use")
    parser.add_argument("--limit", help="what the pipeline's warehouse may use before it spills to disk, as 4GB")
    return parser.parse_args()


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text} is no count; write 1 or more")
    return int(text)


def run(arguments: argparse.Namespace) -> None:
    """All sizes and the ledger; each size is recorded as soon as it was measured."""
    told = f"{machine()}; {', '.join(f'{name} {number}' for name, number in versions().items())}; {date.today()}"
    told += f"; medians of {arguments.runs} runs" * (arguments.runs > 1)
    told += f"; the warehouse limited to {arguments.limit}" * (arguments.limit is not None)
    sizes: list[Size] = []
    with _work(arguments.folder) as work:
        rates = [entries_a_second(work, arguments.awards) for _ in range(arguments.runs)]
    rate = f"{statistics.median(rates):,.0f} entries a second"
    ledger = f"The ledger posts {rate} from {arguments.awards:,} awards, chain and checks included."
    for part in arguments.parts:
        with _work(arguments.folder) as work:
            samples = work if arguments.folder is None else work.parent
            bench = Bench(samples, work, console, arguments.runs, arguments.memory, arguments.limit)
            sizes.append(bench.measure(part))
        write(arguments.results, told, sizes, ledger)
        record = {"on": told, "entries_a_second": rates, "awards": arguments.awards} | vars(sizes[-1])
        with (arguments.results / "results.jsonl").open("a", encoding="utf-8") as results:
            results.write(json.dumps(record) + "\n")
    console.print(told)
    for sheet in sheets(sizes):
        sheet.show(console)
    for size in sizes:
        console.print(ratio_of_days(size))
    console.print(f"{ledger}\nThese tables and a plot are in {arguments.results}.")


@contextmanager
def _work(folder: Path | None) -> Iterator[Path]:
    """A folder for all that does not stay, in the named one or where temporary files go. It goes whatever happens."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench_", dir=folder) as work:
        yield Path(work).resolve()


if __name__ == "__main__":
    main()
