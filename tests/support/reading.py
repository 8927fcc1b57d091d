"""A collector in small, for looking at one source again and again."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx

from services.collector.sources import Cursor, Entry, Fetched, Source


@dataclass(frozen=True)
class Answer:
    """The answer to one request."""

    status: int
    url: str
    body: bytes


class PlainFetcher:
    """Fetches with nothing around it, so that a failure is the adapter's."""

    def __init__(self) -> None:
        self._client = httpx.AsyncClient(follow_redirects=True)

    async def get(self, url: str) -> Answer:
        """Fetch *url*, following redirects."""
        response = await self._client.get(url)
        return Answer(response.status_code, str(response.url), response.content)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


@dataclass
class Reader:
    """Keeps what a source showed, and believes a deletion when ``covers`` says so."""

    source: Source
    cursor: Cursor = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    versions: list[tuple[str, str]] = field(default_factory=list)

    async def look(self) -> Fetched:
        """Look once and keep what is shown."""
        fetched = await self.source.fetch(self.cursor)
        self.cursor = fetched.cursor
        shown = {entry.key: entry for entry in fetched.entries}
        self.deleted |= {key for key in self.entries if key in (fetched.covers or ()) and key not in shown}
        for key, entry in shown.items():
            if key not in self.entries or self.entries[key].text != entry.text:
                self.versions.append((key, entry.text))
        self.entries |= shown
        return fetched

    async def look_until_done(self) -> None:
        """Look again for as long as the source says that there is more."""
        while (await self.look()).next_in is not None:
            pass

    @property
    def texts(self) -> dict[str, str]:
        """The newest text of every post ever shown."""
        return {key: entry.text for key, entry in self.entries.items()}
