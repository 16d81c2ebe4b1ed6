"""dbt in a process of its own that ends with the process that started it, however that one ends.

A run that was killed would otherwise leave dbt behind, which holds the warehouse and goes on writing to it. Does not belong
here: which command dbt is given (``dbt``).
"""

from __future__ import annotations

import os
import sys
import threading
import time

LOOK_SECONDS = 0.2


def main() -> None:
    """Runs dbt with the command line's arguments after the first, which is the id of the process to end with."""
    starter, sys.argv = int(sys.argv[1]), ["dbt", *sys.argv[2:]]
    threading.Thread(target=_end_with, args=(starter,), daemon=True).start()
    from dbt.cli.main import cli

    cli()


def _end_with(starter: int) -> None:
    """Ends this process at once when its parent is no longer the one that started it: DuckDB rolls back what was open."""
    while os.getppid() == starter:
        time.sleep(LOOK_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main()
