"""dbt in a process of its own that ends with the process that started it, however that one ends, and tells what people need.

A run that was killed would otherwise leave dbt behind, which holds the warehouse and goes on writing to it. Does not belong
here: which command dbt is given (``dbt``).
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dbt_common.events.base_types import EventMsg

LOOK_SECONDS = 0.2

UNTOLD = ("debug", "test")
"""Levels of events that nobody is told of; nine in ten are of these."""

_telling = threading.Lock()


def main() -> None:
    """Runs dbt with the command line's arguments after the first, which is the id of the process to end with.

    Ends as dbt's own command does: 0, 1 where a model or test failed, 2 where dbt could not do its work.
    """
    starter, arguments = int(sys.argv[1]), sys.argv[2:]
    threading.Thread(target=_end_with, args=(starter,), daemon=True).start()
    # It ends soon; to look through all its objects again and again takes a tenth of its time, to leave them 100 MB.
    gc.disable()
    from dbt.cli.main import dbtRunner

    done = dbtRunner(callbacks=[_tell]).invoke(arguments)
    if done.exception is not None:
        print(done.exception, file=sys.stderr)
        sys.exit(2)
    sys.exit(0 if done.success else 1)


def _tell(event: EventMsg) -> None:
    """Writes an event as the line of JSON that dbt's own log would write: that makes one of each event, and then drops most."""
    if event.info.level in UNTOLD:
        return
    from dbt_common.events.functions import env_scrubber, msg_to_json

    line = f"{env_scrubber(msg_to_json(event))}\n"
    with _telling:
        sys.stdout.write(line)


def _end_with(starter: int) -> None:
    """Ends this process at once when its parent is no longer the one that started it: DuckDB rolls back what was open."""
    while os.getppid() == starter:
        time.sleep(LOOK_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main()
