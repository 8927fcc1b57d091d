"""Which item an entry of a feed is, also when the feed changes the names of its items. Pure.

A feed's guid is an item's name until the feed proves that it is none: when most of the unknown guids it now shows lead
to known links with their titles, or most of those with known links bear the dates of these (or most bear known titles
and dates), the items are the old ones, and the feed is identified by link (or title and date) from then on. What was
published under the old names is found again, so that nothing is published twice and nothing is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from services.collector.novelty import Remembered, item_id, shown_title
from services.collector.sources import Entry

Identity = Literal["guid", "link", "title"]
"""By what a feed's items are told apart. ``guid`` also stands for what serves as one where a feed has none."""

MOSTLY = 0.8
"""Share of the unknown guids (or of those with known links) that must belong to known items before guids are
disbelieved."""
FEWEST = 3
"""Number of such items. In a feed of one or two the same title or link says too little: it may show the latest word of
a story that goes on."""


@dataclass(frozen=True)
class Names:
    """By what else an entry may be known, each a hash: its link, its title and date; None where not its alone."""

    link: str | None = None
    story: str | None = None


@dataclass(frozen=True)
class Settled:
    """The entries by item, and by what the feed's items are told apart from now on."""

    items: Mapping[str, Entry]
    names: Mapping[str, Names]
    identity: Identity


@dataclass(frozen=True)
class Known:
    """What is remembered of a source's items: by id, and those that bear a link or a title and date of the look."""

    items: Mapping[str, Remembered]
    links: Mapping[str, Remembered] = field(default_factory=dict)
    stories: Mapping[str, Remembered] = field(default_factory=dict)


def names_of(entries: Iterable[Entry]) -> list[Names]:
    """Return the further names of each of *entries*; one that two of them share is nobody's."""
    every = [Names(entry.link_name, entry.story_name) for entry in entries]
    links, stories = Counter(one.link for one in every), Counter(one.story for one in every)
    return [
        Names(one.link if links[one.link] == 1 else None, one.story if stories[one.story] == 1 else None)
        for one in every
    ]


def settle(source: str, entries: Sequence[Entry], names: Sequence[Names], identity: Identity, known: Known) -> Settled:
    """Return the item of each of *entries*, given by what the feed's items were told apart so far, and what is known.

    *names* are the further names of each of *entries*.

    An entry under an unknown guid that has the link, or the title, and also the text and the date of a known item is
    that item whatever the identity: nothing is lost by it.
    """
    identity = _identity(source, entries, names, identity, known)
    taken: dict[str, int] = {}
    for place, (entry, name) in enumerate(zip(entries, names, strict=True)):
        if (item := _by_identity(source, entry, name, identity, known)) and item not in taken:
            taken[item] = place
    left = set(range(len(entries))) - set(taken.values())
    for place in sorted(left):
        same = _same(entries[place], names[place], known)
        if same and same not in taken:
            taken[same] = place
    for place in sorted(left - set(taken.values())):
        item = _new_item(source, entries[place], names[place], identity)
        taken.setdefault(item if item not in taken else item_id(source, f"again:{entries[place].key}"), place)
    in_order = sorted(taken, key=taken.__getitem__)
    return Settled(
        {item: entries[taken[item]] for item in in_order}, {item: names[taken[item]] for item in in_order}, identity
    )


def identity_notes(identity: Identity) -> tuple[str, ...]:
    """Return what the operator is told of a feed whose guids are not believed."""
    return () if identity == "guid" else (f"identity-changed:{identity}",)


def _identity(
    source: str, entries: Sequence[Entry], names: Sequence[Names], identity: Identity, known: Known
) -> Identity:
    """Return by what the items are told apart: as before, or by the first weaker name that proves more stable."""
    if identity == "title":
        return identity
    strange = [
        (entry, name)
        for entry, name in zip(entries, names, strict=True)
        if not _by_identity(source, entry, name, identity, known)
    ]
    met = [(entry, before) for entry, name in strange if (before := known.links.get(name.link or ""))]
    linked = sum(before.title == shown_title(entry) for entry, before in met)
    # One link with one date is one item, whatever its title says by now; what is new besides proves nothing.
    dated = sum(entry.published_at is not None and entry.published_at == before.published_at for entry, before in met)
    # A title alone comes again: "Daily briefing". With its date it is one item's.
    storied = sum(entry.published_at is not None and (name.story or "") in known.stories for entry, name in strange)
    if identity == "guid" and (_most(linked, len(strange)) or _most(dated, len(met))):
        return "link"
    if _most(storied, len(strange)):
        return "title"
    return identity


def _most(found: int, of: int) -> bool:
    return found >= FEWEST and found > MOSTLY * of


def _by_identity(source: str, entry: Entry, names: Names, identity: Identity, known: Known) -> str | None:
    """Return the known item that *entry* is under *identity*, best name first."""
    guid = known.items.get(item_id(source, entry.key))
    link = known.links.get(names.link or "")
    story = known.stories.get(names.story or "") if entry.published_at else None
    order = {"guid": (guid,), "link": (link, guid), "title": (story, link, guid)}[identity]
    return next((one.item for one in order if one), None)


def _same(entry: Entry, names: Names, known: Known) -> str | None:
    candidates = (known.links.get(names.link or ""), known.stories.get(names.story or ""))
    same = (
        one.item for one in candidates if one and one.hash == entry.revision and one.published_at == entry.published_at
    )
    return next(same, None)


def _new_item(source: str, entry: Entry, names: Names, identity: Identity) -> str:
    """Return the id of an item seen for the first time; the same if the look is repeated, whatever its guid then."""
    link, story = (f"link-hash:{names.link}" if names.link else None), (f"story:{names.story}" if names.story else None)
    order = {"guid": (), "link": (link, story), "title": (story, link) if entry.published_at else (link, story)}[
        identity
    ]
    return item_id(source, next((name for name in order if name), entry.key))
