"""Reads labelled passages: documents and gold, with the words that name each claim's victims."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zlib import crc32

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Passage:
    """One labelled document: its text is title, newline, text; *claims* as the guidelines have them.

    Beside those fields a claim has ``figure``, the words that name its victims, ``at``, a longer stretch around them
    where they stand more than once, and ``also``, further mentions of the same claim.
    """

    id: str
    language: str
    source: str
    title: str
    text: str
    when: datetime
    claims: tuple[Row, ...]

    @property
    def document(self) -> str:
        """The text that claims quote from."""
        return f"{self.title}\n{self.text}"

    def is_kept_aside(self, share: int) -> bool:
        """Return whether the passage belongs to the one in *share* that is not trained on: by its id, for ever."""
        return share > 0 and crc32(self.id.encode()) % share == 0


def passages(folder: Path) -> Iterator[Passage]:
    """Return every labelled passage below *folder*, in a fixed order."""
    for path in sorted(folder.glob("*.docs.jsonl")):
        gold = {row["id"]: row for row in _rows(path.with_name(path.name.replace(".docs.", ".gold.")))}
        for row in _rows(path):
            yield Passage(
                id=row["id"],
                language=row["lang"],
                source=row["source"]["name"],
                title=row["title"] or "",
                text=row["text"] or "",
                when=datetime.fromisoformat(row["published_at"]),
                claims=tuple(gold[row["id"]]["claims"]),
            )


def _rows(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
