"""Pure: how it is said. Confirmed, reported, alleged or denied, from the words around a figure and from who speaks."""

from __future__ import annotations

from services.classifier.claims.figures import Figure
from services.classifier.claims.proximity import distance
from services.classifier.claims.speakers import Speaker
from services.classifier.data import Party
from services.classifier.reading import Reading

CUES = ("deny", "neg", "allege", "claimed", "confirm", "say", "hedge")
CONTRACTORS = ("RU", "RU-PMC")
"""Whose officials speak for whom, though the two are not one force."""
STATE = 2
"""Letters of the key of a state's force."""
SHORT = 4
"""Words of a sentence that only hedges the one before: "Unconfirmed so far." """
CLOSE = 6
ALLIES = {"SY": {"RU", "IR", "HZB", "IR-MIL", "RU-PMC"}, "RU": {"SY", "RU-PMC"}, "TR": {"OPP"}, "US": {"SDF"}}


def side_of(party: Party | None, force: str) -> str:
    """Return how a speaker stands to the victims: own side, an ally, another side, or none known."""
    if party is None or party.side is None:
        return party.kind if party else "unknown"
    if party.side == force or (party.side, force) == CONTRACTORS:
        return "own"
    return "ally" if force in ALLIES.get(party.side, ()) else "other"


def features(
    reading: Reading, figure: Figure, force: str, speaker: Speaker | None, parties: tuple[Party, ...]
) -> list[str]:
    """Return what bears on the stance of *figure*."""
    sentence = reading.sentences[figure.sentence]
    party = parties[speaker.party] if speaker and speaker.party is not None else None
    side = side_of(party, force) if speaker else "outlet"
    row = [f"side={side}", f"kind={figure.kind}", f"kind={figure.kind}/{figure.hedge}", "bias", f"force={force}"]
    for cue in CUES:
        marks = reading.find(cue, sentence.first, sentence.last)
        if not marks:
            row.append(f"{cue}=no")
            continue
        nearest = min(marks, key=lambda mark: abs(mark.first - figure.head))
        where = "L" if nearest.first < figure.head else "R"
        low, high = sorted((nearest.first, figure.head))
        clause = any(
            "clause" in reading.at[at] or reading.tokens[at].text in {";", ":", ","} for at in range(low, high)
        )
        row += [
            f"{cue}={where}",
            f"{cue}={where}/{distance(high - low)}",
            f"{cue}={where}/{clause}",
            f"{cue}={where}/{side}",
        ]
    if speaker:
        row += [f"frame={speaker.frame}", f"frame={speaker.frame}/{side}", f"skind={speaker.mark.value}"]
        row += _saying(reading, speaker, side)
        if speaker.party is None:
            state = "state" if force.isupper() and len(force) == STATE else force
            for token in reading.tokens[speaker.first : speaker.last]:
                word = f"{reading.language}word={token.text[:5]}"
                row += [word, f"{word}/{state}"]
            own = _own_side(reading, speaker, force)
            row += [own, f"{own}/{state}"]
    if figure.sentence + 1 < len(reading.sentences):
        following = reading.sentences[figure.sentence + 1]
        row += [
            f"next={cue}" for cue in ("deny", "allege", "confirm") if reading.find(cue, following.first, following.last)
        ]
    return row


def settle(
    reading: Reading, figure: Figure, speaker: Speaker | None, side: str, chances: dict[str, float]
) -> tuple[str, float]:
    """Return the likeliest stance that can be: only the victims' own side confirms, and a hedge beats it."""
    sentence = reading.sentences[figure.sentence]
    allowed = dict(chances)
    spoken = bool(reading.find("confirm", sentence.first, sentence.last))
    outsider = speaker is not None and (speaker.frame == "none" or _outsider(reading, speaker, side))
    if _hedged(reading, figure) or (outsider and not spoken):
        allowed.pop("confirmed", None)
    if _withdrawn(reading, figure):
        allowed.pop("reported", None)
    best = max(allowed, key=lambda stance: allowed[stance])
    return best, chances[best]


def _hedged(reading: Reading, figure: Figure) -> bool:
    """Return whether a hedge stands close to *figure*, or makes up the next sentence."""
    sentence = reading.sentences[figure.sentence]
    near = (mark.first - figure.head for mark in reading.find("allege", sentence.first, sentence.last))
    return any(abs(steps) <= CLOSE for steps in near) or _withdrawn(reading, figure)


def _withdrawn(reading: Reading, figure: Figure) -> bool:
    """Return whether a sentence of a few words follows that says no more than "unconfirmed"."""
    if figure.sentence + 1 >= len(reading.sentences):
        return False
    following = reading.sentences[figure.sentence + 1]
    words = [t for t in reading.tokens[following.first : following.last] if t.text.isalnum()]
    return len(words) <= SHORT and bool(reading.find("allege", following.first, following.last))


def _outsider(reading: Reading, speaker: Speaker, side: str) -> bool:
    """Return whether a speaker is known not to be of the victims' side: a monitor, an outlet, another side."""
    if speaker.party is not None:
        return side != "own"
    return any("outlet" in reading.at[at] for at in range(speaker.first, speaker.last))


def _saying(reading: Reading, speaker: Speaker, side: str) -> list[str]:
    row = []
    for at in (*range(speaker.mark.first - 3, speaker.mark.first), *range(speaker.mark.last, speaker.mark.last + 3)):
        row += [f"by={cue}/{side}" for cue in CUES if reading.has(at, cue)]
        row += [f"by={cue}" for cue in CUES if reading.has(at, cue)]
    return row


def _own_side(reading: Reading, speaker: Speaker, force: str) -> str:
    """Return whether the words of a speaker who is no known party name the victims' own side."""
    marks = {m.value.split(".")[0] for at in range(speaker.first, speaker.last) if (m := reading.has(at, "force"))}
    own = force in marks or (CONTRACTORS[1] == force and CONTRACTORS[0] in marks)
    return f"spoken={'own' if own else 'other' if marks else 'none'}"


def published(stance: str, publisher: Party | None, force: str) -> str:
    """Return the stance of a claim that an outlet makes itself: an authority's own outlet confirms its own losses."""
    return "confirmed" if stance == "reported" and publisher and side_of(publisher, force) == "own" else stance
