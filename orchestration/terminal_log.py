"""What a person at the terminal sees of a run while it lasts: one line a finished step, and what it warns of.

Does not belong here: Dagster's own event log, which keeps everything.
"""

import logging
import sys

import dagster as dg

_NAMES = {
    "feeds": "deliveries accepted",
    "run_context": "window and terms written",
    "models": "movements, marts and awards built and checked",
    "incentive_ledger": "ledger posted and checked",
    "served_marts": "marts published",
}


class _StepHandler(logging.Handler):
    """Writes steps as they end; warnings and errors of our own code as they come."""

    def emit(self, record: logging.LogRecord) -> None:
        meta = getattr(record, "dagster_meta", {})
        event = meta.get("dagster_event")
        if event is None:
            told = meta.get("orig_message", record.getMessage())
            if record.levelno >= logging.WARNING and not told.startswith("Dependencies for step"):
                self._say(f"  ! {told}")
            return
        if event.event_type == dg.DagsterEventType.STEP_SUCCESS and event.step_key in _NAMES:
            seconds = event.step_success_data.duration_ms / 1000
            self._say(f"  {seconds:6.1f} s  {_NAMES[event.step_key]}")

    @staticmethod
    def _say(line: str) -> None:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


@dg.logger(config_schema={}, description="One line a finished step.")
def terminal_logger(context: dg.InitLoggerContext) -> logging.Logger:
    """The console logger of all runs, from the command line and in run processes of the UI alike."""
    logger = logging.Logger("incentives", level=logging.DEBUG)
    logger.addHandler(_StepHandler())
    return logger
