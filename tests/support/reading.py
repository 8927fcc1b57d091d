"""A collector in small, for looking at one source again and again."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.collector.sources import Cursor, Entry, Fetched, Source
from services.collector.sources.fetching import Fetcher
from services.collector.sources.hosts import Hosts
from services.collector.sources.telegram.markup import Landing, Page, read_landing, read_page


@dataclass(frozen=True)
class Answer:
    """The answer to one request, made up."""

    status: int
    url: str
    body: bytes


def local_fetcher() -> Fetcher:
    """Return the product's fetcher, allowed to visit this machine and without pauses between requests."""
    return Fetcher(allow_private=True, hosts=Hosts(at_once=8, spacing=0))


class ReadHere:
    """Reads preview pages in the test's own process, where there is nothing to be protected from."""

    async def preview(self, body: bytes, url: str, channel: str) -> Page:
        return read_page(body, channel)

    async def landing(self, body: bytes, url: str) -> Landing:
        return read_landing(body)


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
