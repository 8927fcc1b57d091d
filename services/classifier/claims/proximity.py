"""Pure: distances in tokens, told in few words."""

from __future__ import annotations

NEAR = (1, 2, 3, 5, 8, 13)


def distance(steps: int) -> str:
    """Return a distance in tokens as one of a few words."""
    for limit in NEAR:
        if steps <= limit:
            return str(limit)
    return "far"
