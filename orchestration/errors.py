"""Errors for people: one line, the cause and the cure, and the exit code that PUBLIC.md promises.

A traceback is a bug; whatever a user or operator can mend is one of these.
"""

from __future__ import annotations


class IncentivesError(Exception):
    """Something that a person can mend; ``exit_code`` is what the command line ends with."""

    exit_code = 1


class RefusedError(IncentivesError):
    """A refused delivery, a changed closed day, a failed check or a difference found (exit code 1)."""

    exit_code = 1


class SettingsError(IncentivesError):
    """Usage, settings, terms, a missing folder, permission or disk (exit code 2)."""

    exit_code = 2


class BusyError(IncentivesError):
    """Another writer holds the lock (exit code 3)."""

    exit_code = 3
