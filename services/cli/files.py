"""Reading what a person named on the command line."""

from __future__ import annotations

import sys
from pathlib import Path

from shared.errors import ClaimwatchError

STDIN = Path("-")


def read_bytes(path: Path) -> bytes:
    """Return what *path* holds; ``-`` is standard input.

    Raises:
        ClaimwatchError: it cannot be read.

    """
    if path == STDIN:
        return sys.stdin.buffer.read()
    try:
        return path.read_bytes()
    except OSError as error:
        raise ClaimwatchError(f"{path} cannot be read: {error.strerror}") from error


def read_lines(path: Path) -> list[bytes]:
    """Return the lines of *path* without their ends. Raises as ``read_bytes``."""
    return read_bytes(path).split(b"\n")
