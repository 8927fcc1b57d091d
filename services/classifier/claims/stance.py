"""Pure: how it is said. Confirmed, reported, alleged or denied, from the words around a figure and from who speaks."""

from __future__ import annotations

from services.classifier.claims.figures import Figure
from services.classifier.claims.proximity import distance
from services.classifier.claims.speakers import Speaker
from services.classifier.data import Party
from services.classifier.reading import Reading

CUES = ("deny", "neg", "allege", "claimed", "confirm", "say", "hedge")
ALLIES = {"SY": {"RU", "IR", "HZB", "IR-MIL", "RU-PMC"}, "RU": {"SY", "RU-PMC"}, "TR": {"OPP"}, "US": {"SDF"}}


def side_of(party: Party | None, force: str) -> str:
    """Return how a speaker stands to the victims: own side, an ally, another side, or none known."""
    if party is None or party.side is None:
        return party.kind if party else "unknown"
    if party.side == force or (party.side == "RU" and force == "RU-PMC"):
        return "own" if party.side == force else "sponsor"
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
            row += [f"{reading.language}word={t.text[:5]}" for t in reading.tokens[speaker.first : speaker.last]]
            row += _own_side(reading, speaker, force)
    if figure.sentence + 1 < len(reading.sentences):
        following = reading.sentences[figure.sentence + 1]
        row += [
            f"next={cue}" for cue in ("deny", "allege", "confirm") if reading.find(cue, following.first, following.last)
        ]
    return row


def settle(
    reading: Reading, figure: Figure, speaker: Speaker | None, side: str, chances: dict[str, float]
) -> tuple[str, float]:
    """Return the likeliest stance that can be: only the victims' own side confirms, or a word of confirming does."""
    sentence = reading.sentences[figure.sentence]
    allowed = dict(chances)
    if speaker and _outsider(reading, speaker, side) and not reading.find("confirm", sentence.first, sentence.last):
        allowed.pop("confirmed", None)
    best = max(allowed, key=lambda stance: allowed[stance])
    return best, chances[best]


def _outsider(reading: Reading, speaker: Speaker, side: str) -> bool:
    """Return whether a speaker is known not to be of the victims' side: a monitor, an outlet, another side."""
    if speaker.party is not None:
        return side not in {"own", "sponsor", "official", "ministry", "group"}
    return any("outlet" in reading.at[at] for at in range(speaker.first, speaker.last))


def _saying(reading: Reading, speaker: Speaker, side: str) -> list[str]:
    row = []
    for at in (*range(speaker.first - 3, speaker.first), *range(speaker.last, speaker.last + 3)):
        row += [f"by={cue}/{side}" for cue in CUES if reading.has(at, cue)]
        row += [f"by={cue}" for cue in CUES if reading.has(at, cue)]
    return row


def _own_side(reading: Reading, speaker: Speaker, force: str) -> list[str]:
    marks = {m.value.split(".")[0] for at in range(speaker.first, speaker.last) if (m := reading.has(at, "force"))}
    return [f"spoken={'own' if force in marks else 'other' if marks else 'none'}"]
