"""Whose voice a claim is: one party, however spelled, through whomever it was heard."""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.alerter.parties import Register, folded, register
from shared.messages import Claim, RawItem, Statement

_POST = re.compile(r"t\.me/(?:s/)?(\w+)")
COPY_LENGTH = 6
"""A sentence of fewer words says nothing about who copied whom."""
COPY_SHARE = 0.8
"""Two sentences that share this part of their words are copies of each other (near-copies of wire stories)."""


def voice(claim: Claim, item: RawItem, language: str | None, known: Register | None = None) -> str:
    """Return the one party behind *claim*: its named speaker, else the origin of a forward, else the outlet's owner.

    Anonymous sources are a voice of their own, one for each outlet that quotes them.
    """
    parties = known or register()
    if claim.party:
        return _named(claim.party, parties)
    if claim.attributed_to:
        return _attributed(claim.attributed_to, claim.relayed_by, item, language, parties)
    return outlet(item, parties)


def outlet(item: RawItem, known: Register | None = None) -> str:
    """Return the voice in which an item speaks for itself: a forward as its origin, a wire story as its agency."""
    parties = known or register()
    if item.forwarded_from:
        return _origin(item.forwarded_from, parties)
    if item.wire and (agency := parties.find(item.wire, None) or parties.channels.get(folded(item.wire))):
        return agency
    if item.byline and (agency := parties.find(item.byline, None)) and parties.parties[agency].kind == "agency":
        return agency
    source = item.source
    for label in (source.id, source.name):
        if speaker := parties.channels.get(folded(label)):
            return speaker
    owner = source.owner or parties.owners.get(folded(source.id)) or parties.owners.get(folded(source.name))
    return owner or source.name or source.id


def copied(claim: Claim, standing: Sequence[Statement]) -> str | None:
    """Return the voice of an earlier statement that *claim* repeats nearly word for word, figures included."""
    words = _words(claim.evidence)
    if len(words) < COPY_LENGTH:
        return None
    for statement in standing:
        other = statement.claim
        same = (other.outcome, other.min, other.max, other.force) == (claim.outcome, claim.min, claim.max, claim.force)
        if same and _share(words, _words(other.evidence)) >= COPY_SHARE:
            return statement.voice
    return None


def _named(party: str, parties: Register) -> str:
    wanted = folded(party)
    by_name = {folded(name): name for name in parties.parties}
    return by_name.get(wanted, party)


def _attributed(words: str, relay: str | None, item: RawItem, language: str | None, parties: Register) -> str:
    through = relay and (parties.find(relay, language) or relay)
    if parties.is_anonymous(words):
        return f"{' '.join(words.split())} quoted by {through or outlet(item, parties)}"
    return parties.find(words, language) or " ".join(words.split())


def _origin(permalink: str, parties: Register) -> str:
    post = _POST.search(permalink)
    handle = post.group(1) if post else permalink.split("/", maxsplit=1)[0]
    return parties.channels.get(folded(handle)) or handle


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", folded(text)))


def _share(left: frozenset[str], right: frozenset[str]) -> float:
    return len(left & right) / len(left | right) if left | right else 0.0
