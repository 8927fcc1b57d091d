"""The entries of a look to the items they are, with what the database knows of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from services.collector.identity import Identity, Names, Settled, names_of, settle
from services.collector.novelty import Novelty, Remembered, find_novelty, item_id
from services.collector.recall import Question
from services.collector.sources import Entry
from services.collector.state import State


@dataclass(frozen=True)
class Recognised:
    """The entries by item, what is remembered of those items, and by what they are told apart from now on.

    ``gone`` are the source's items whose pages are gone.
    """

    shown: Mapping[str, Entry]
    known: Mapping[str, Remembered]
    names: Mapping[str, Names]
    identity: Identity
    gone: Sequence[str] = ()

    def novelty(self, source: str, item: str, entry: Entry) -> Novelty | None:
        """Return the version of *item* that *entry* is; None when it says nothing new."""
        novelty = find_novelty(source, entry, self.known.get(item), item)
        if novelty is None or novelty.change == "deleted":
            return novelty
        names = self.names[item]
        return replace(novelty, remembered=replace(novelty.remembered, link=names.link, story=names.story))


async def recognise(
    state: State, source: str, identity: Identity, entries: Sequence[Entry], covers: Sequence[str], *, pages: bool
) -> Recognised:
    """Return which items the *entries* of *source* are; *covers* are further items to know of, and if *pages* the gone.

    Links and titles are only asked for where guids are not enough. Raises Retry while the database is away.
    """
    keys = [item_id(source, entry.key) for entry in entries]
    names = names_of(entries)
    question = Question(
        source, {*keys, *covers}, tuple(zip(keys, names, strict=True)), named=identity != "guid", pages=pages
    )
    recalled = await state.recall(question)
    known = recalled.known
    settled: Settled = settle(source, entries, names, identity, known)
    by_name = {one.item: one for one in (*known.links.values(), *known.stories.values())}
    return Recognised(settled.items, {**by_name, **known.items}, settled.names, settled.identity, recalled.gone)
