"""What a person sees when a command cannot do its work: one message, an exit status, never a traceback."""

from __future__ import annotations

import sys
from enum import IntEnum

from shared.errors import ClaimwatchError, ConfigurationError


class Status(IntEnum):
    """The exit statuses of every command."""

    DONE = 0
    FAILED = 1
    CONFIGURATION = 2
    INTERRUPTED = 130


def report(error: ClaimwatchError) -> Status:
    """Print *error* on standard error and return the exit status that belongs to it."""
    from services.configuration.faults import BadConfiguration

    if isinstance(error, BadConfiguration):
        count = len(error.faults)
        print(f"claimwatch: the configuration has {count} fault{'s' if count > 1 else ''}", file=sys.stderr)
        for fault in error.faults:
            print_fault(fault)
        return Status.CONFIGURATION
    if isinstance(error, ConfigurationError):
        print("claimwatch: the configuration cannot be used", file=sys.stderr)
        print_fault(error)
        return Status.CONFIGURATION
    print(f"claimwatch: {error}", file=sys.stderr)
    return Status.FAILED


def print_fault(fault: ConfigurationError) -> None:
    """Print one *fault*: what and where, and below it the fix."""
    print(f"  {fault.key}: {fault.problem}", file=sys.stderr)
    print(f"    fix: {fault.fix}", file=sys.stderr)
