"""Answers kept, so that the same text is not paid for twice: after a restart, for a copy, for a repeated record."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from services.classifier.second_reader.file import connected, writing


class Cache:
    """Answers by the hash of everything they depend on; those used longest ago go when *most_bytes* are exceeded.

    Methods block for a moment and may be called from any thread. They raise ``sqlite3.Error`` when the file fails.
    """

    def __init__(self, path: Path, most_bytes: int) -> None:
        self._path = path
        self._most = most_bytes

    def get(self, key: str, now: datetime) -> str | None:
        """Return the answer kept under *key*, and note that it was used."""
        with connected(self._path) as connection:
            row = connection.execute("SELECT content FROM answer WHERE key = ?", (key,)).fetchone()
            if row is None:
                return None
            connection.execute("UPDATE answer SET used = ? WHERE key = ?", (now.timestamp(), key))
        return bytes(row[0]).decode()

    def put(self, key: str, content: str, now: datetime) -> None:
        """Keep *content* under *key*, unless it alone is more than may be kept."""
        kept = content.encode()
        if len(kept) > self._most:
            return
        with writing(self._path) as connection:
            connection.execute(
                "INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?)", (key, kept, len(kept), now.timestamp())
            )
            (excess,) = connection.execute("SELECT sum(size) - ? FROM answer", (self._most,)).fetchone()
            while excess > 0:
                oldest, size = connection.execute(
                    "SELECT key, size FROM answer WHERE key <> ? ORDER BY used LIMIT 1", (key,)
                ).fetchone()
                connection.execute("DELETE FROM answer WHERE key = ?", (oldest,))
                excess -= size
