"""Pure: who says so. Speakers named in the text, and which of them stands behind a figure."""

from __future__ import annotations

from dataclasses import dataclass

from services.classifier.claims.figures import Figure
from services.classifier.claims.relation import relation
from services.classifier.data import Party
from services.classifier.lexicon import Mark
from services.classifier.reading import Reading, near

SPEAKING = ("say", "claimed", "confirm", "deny")
WIDEST = 6
NEAR = 3
MOST = 12
HALTS = ("say", "clause", "out", "claimed", "confirm", "deny", "num", "month", "weekday", "agent")


@dataclass(frozen=True, slots=True)
class Speaker:
    """Someone named in the text as a source: where, which known party if one, whether right at a word of saying."""

    mark: Mark
    first: int
    last: int
    party: int | None
    frame: str


def speakers(reading: Reading) -> list[Speaker]:
    """Return everyone in the document who may be speaking."""
    found: list[Speaker] = []
    taken: set[int] = set()
    for mark in sorted(
        [*reading.kinds.get("party", ()), *reading.kinds.get("source", ())], key=lambda m: (m.first, m.kind != "party")
    ):
        if mark.first in taken:
            continue
        first, last = _widen(reading, mark)
        if any(index in taken for index in range(first, last)):
            first, last = mark.first, mark.last
        taken.update(range(first, last))
        inner = [reading.at[index]["party"] for index in range(first, last) if "party" in reading.at[index]]
        party = int(inner[0].value) if inner else None
        found.append(Speaker(Mark("speaker", mark.kind, first, last), first, last, party, _frame(reading, first, last)))
    return found


def _widen(reading: Reading, mark: Mark) -> tuple[int, int]:
    sentence = reading.sentences[reading.sentence_of[mark.first]]
    first, last = mark.first, mark.last
    while first > sentence.first and mark.first - first < WIDEST and _belongs(reading, first - 1, before=True):
        first -= 1
    while last < sentence.last and last - mark.last < WIDEST and _belongs(reading, last, before=False):
        last += 1
    return first, last


def _belongs(reading: Reading, index: int, *, before: bool) -> bool:
    marks, token = reading.at[index], reading.tokens[index]
    if not token.text.isalnum() or any(kind in marks for kind in HALTS):
        return False
    if any(kind in marks for kind in ("source", "party", "force", "syria")) or "of" in marks:
        return True
    if before:
        return "det" in marks or (token.capital and "prep" not in marks and "weekday" not in marks) or not marks
    return token.capital and "prep" not in marks


def _frame(reading: Reading, first: int, last: int) -> str:
    """Return how a speaker meets a word of saying: before it, after it, with a colon, or not at all."""
    sentence = reading.sentences[reading.sentence_of[first]]
    if last < sentence.last and reading.tokens[last].text == ":":
        return "colon"
    for step in range(NEAR):
        if last + step < sentence.last and any(kind in reading.at[last + step] for kind in SPEAKING):
            return f"before{step}"
        if first - 1 - step >= sentence.first and any(kind in reading.at[first - 1 - step] for kind in SPEAKING):
            return f"after{step}"
    return "none"


def candidates(
    reading: Reading, figure: Figure, found: list[Speaker], parties: tuple[Party, ...]
) -> list[tuple[Speaker, list[str]]]:
    """Return the speakers near *figure* with their features, in the order they stand in."""
    rows = []
    closest = near(found, figure.first, MOST, lambda speaker: speaker.first)
    closest.sort(key=lambda speaker: abs(reading.sentence_of[speaker.first] - figure.sentence))
    framed = sum(s.frame != "none" and reading.sentence_of[s.first] == figure.sentence for s in closest)
    for speaker in closest[:MOST]:
        row = relation(reading, figure, speaker.mark)
        where, kind = row[1], parties[speaker.party].kind if speaker.party is not None else speaker.mark.value
        row += [
            f"frame={speaker.frame}",
            f"frame={speaker.frame}/{where}",
            f"kind={kind}",
            f"kind={kind}/{speaker.frame}/{where}",
            f"{reading.language}frame={speaker.frame}/{where}",
            f"{reading.language}verb={_verb(reading, speaker)}",
            f"framed{min(framed, 2)}/{where}/{speaker.frame}",
            f"title={reading.tokens[speaker.first].start < reading.title_end}/{speaker.frame}",
        ]
        rows.append((speaker, row))
    return rows


def _verb(reading: Reading, speaker: Speaker) -> str:
    """Return the word of saying that a speaker meets, cut short, and on which side of it he stands."""
    for step in range(NEAR):
        for side, at in (("R", speaker.last + step), ("L", speaker.first - 1 - step)):
            if any(reading.has(at, kind) for kind in SPEAKING):
                return f"{side}/{reading.tokens[at].text[:6]}"
    return "none"
