"""What a Telegram channel holds, changed post by post: served by the preview site and by the MTProto server alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count

START = datetime(2016, 2, 1, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Stored:
    """One message as the server keeps it.

    ``album`` groups messages; ``origin`` is a forwarded post's ``name/id``; ``quote`` is the part of a post that a
    reply answers, ``quotation`` a block quotation with which the text itself begins.
    """

    id: int
    text: str
    at: datetime
    edited_at: datetime | None = None
    edit_hidden: bool = False
    author: str | None = None
    reply_to: int | None = None
    quote: str | None = None
    quotation: str | None = None
    forward: bool = False
    origin: str | None = None
    photo: bool = False
    poll: bool = False
    service: bool = False
    album: int | None = None


@dataclass(frozen=True)
class Change:
    """Something that happened to a channel: a new, edited or deleted message."""

    kind: str
    message: Stored


@dataclass
class Channel:
    """A channel whose owner posts, edits and deletes; listeners hear of every change."""

    name: str
    id: int = 1_000_000_001
    title: str = "War news"
    messages: dict[int, Stored] = field(default_factory=dict)
    preview: bool = True
    restriction: str | None = None
    unreadable: set[int] = field(default_factory=set)
    unshown: set[int] = field(default_factory=set)
    pts: int = 1
    changes: list[tuple[int, Change]] = field(default_factory=list)
    listeners: list[Callable[[Change], None]] = field(default_factory=list)
    flood_seconds: int = 0
    refusal: tuple[int, str] | None = None
    newest: int = 0
    _albums: Iterator[int] = field(default_factory=lambda: count(77_000))

    def post(self, text: str = "", *, at: datetime | None = None, **marks: object) -> int:
        """Add a post and return its id; a minute after the previous one unless *at* is given."""
        number = self.newest + 1
        message = replace(Stored(number, text, at or START + timedelta(minutes=number)), **marks)  # type: ignore[arg-type]
        self.newest = number
        self._happened("new", message)
        return number

    def post_album(self, text: str, parts: int = 3) -> list[int]:
        """Add *parts* photos as one album; the first carries the text."""
        album = next(self._albums)
        return [self.post(text if not part else "", photo=True, album=album) for part in range(parts)]

    def edit(self, number: int, text: str, *, at: datetime | None = None) -> None:
        """Change a post's text."""
        old = self.messages[number]
        self._happened("edited", replace(old, text=text, edited_at=at or old.at + timedelta(hours=1)))

    def react(self, number: int) -> None:
        """Let a reader react: the edit date moves, the text does not, and nobody is shown 'edited'."""
        old = self.messages[number]
        self._happened("edited", replace(old, edited_at=old.at + timedelta(hours=2), edit_hidden=True))

    def delete(self, number: int) -> None:
        """Take a post away; its id is never used again."""
        self._happened("deleted", self.messages[number])

    def flood(self, seconds: int) -> None:
        """Answer requests for this channel with a flood wait, 0 for no more."""
        self.flood_seconds = seconds

    def albums(self) -> list[list[Stored]]:
        """Return the messages as readers see them: each album together, any other message alone, in order."""
        groups: dict[object, list[Stored]] = {}
        for _, message in sorted(self.messages.items()):
            groups.setdefault(message.album or ("single", message.id), []).append(message)
        return list(groups.values())

    def _happened(self, kind: str, message: Stored) -> None:
        if kind == "deleted":
            del self.messages[message.id]
        else:
            self.messages[message.id] = message
        self.pts += 1
        change = Change(kind, message)
        self.changes.append((self.pts, change))
        for listener in self.listeners:
            listener(change)
