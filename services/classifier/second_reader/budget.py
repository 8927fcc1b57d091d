"""What the second reader may cost a day, in questions and tokens; it is remembered over restarts."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from services.classifier.second_reader.file import writing

REMEMBERED = timedelta(days=31)


class Budget:
    """Counts per UTC day. What a question may cost is taken beforehand, and set right once the bill is known.

    Methods block for a moment and may be called from any thread. They raise ``sqlite3.Error`` when the file fails.
    """

    def __init__(self, path: Path, *, requests: int, tokens: int) -> None:
        self._path = path
        self._requests = requests
        self._tokens = tokens

    def take(self, tokens: int, now: datetime) -> bool:
        """Take one question of at most *tokens* from today's budget; False, and nothing taken, when it is used up."""
        day = _day(now)
        with writing(self._path) as connection:
            connection.execute("DELETE FROM spent WHERE day < ?", (_day(now - REMEMBERED),))
            connection.execute("INSERT OR IGNORE INTO spent VALUES (?, 0, 0)", (day,))
            taken = connection.execute(
                "UPDATE spent SET requests = requests + 1, tokens = tokens + ?"
                " WHERE day = ? AND requests + 1 <= ? AND tokens + ? <= ?",
                (tokens, day, self._requests, tokens, self._tokens),
            )
            return taken.rowcount == 1

    def settle(self, taken: int, spent: int, taken_at: datetime) -> None:
        """Put *spent* in the place of the tokens *taken* on the day of *taken_at*."""
        with writing(self._path) as connection:
            connection.execute(
                "UPDATE spent SET tokens = max(0, tokens + ?) WHERE day = ?", (spent - taken, _day(taken_at))
            )

    def spent(self, now: datetime) -> tuple[int, int]:
        """Return today's questions and tokens so far."""
        with writing(self._path) as connection:
            row = connection.execute("SELECT requests, tokens FROM spent WHERE day = ?", (_day(now),)).fetchone()
        return (int(row[0]), int(row[1])) if row else (0, 0)


def _day(moment: datetime) -> str:
    return moment.date().isoformat()
