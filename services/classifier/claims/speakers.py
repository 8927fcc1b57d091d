"""Pure: who says so. Speakers named in the text, and which of them stands behind a figure.

A speaker is a known party, a word for a source, or whatever phrase a frame of speech asks for ("according to X",
"X said", ", сообщил X"). One that is taken up again ("he added", "the ministry") speaks in that sentence too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from services.classifier.claims.figures import Figure
from services.classifier.claims.relation import relation
from services.classifier.data import Party, Theatre, load_aside
from services.classifier.lexicon import Mark
from services.classifier.reading import Reading, near
from services.classifier.text import Sentence, fold

SPEAKING = ("say", "claimed", "confirm", "deny")
WIDEST = 6
NEAR = 3
CLOSE = 5
"""Words from the end of a sentence within which its verb stands, in a language that puts it last."""
MOST = 12
HALTS = ("say", "clause", "out", "claimed", "confirm", "deny", "num", "month", "weekday", "agent", "prep")
PEOPLE = ("force", "role", "det", "person", "source", "party", "syria")
CLOSING = frozenset('"”»')
ARTICLES = frozenset({"a", "an", "the"})
VERB_FIRST = frozenset({"ar"})
BARE = 2
"""Words of a phrase that says no more than "the ministry"."""
SINCE = 4
"""Sentences after which a speaker named before is no longer meant by a figure without one."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Someone who speaks at *mark*, named by tokens *first* to *last*, a known party or none.

    *frame* says how it meets the word of speech at *verb*; *again* are the sentences in which "he added" means it.
    """

    mark: Mark
    first: int
    last: int
    party: int | None
    frame: str
    verb: int = -1
    again: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Speech:
    """The frames of speech of a document: by token, the classes of the speech lexicon."""

    at: dict[int, dict[str, Mark]]
    marks: list[Mark]

    def has(self, index: int, kind: str) -> Mark | None:
        return self.at.get(index, {}).get(kind)


def speakers(reading: Reading) -> list[Speaker]:
    """Return everyone in the document who may be speaking, in the order they stand in."""
    speech = _speech(reading)
    taken: set[int] = set()
    found: list[Speaker] = []
    for mark in _known(reading, speech):
        if mark.first in taken:
            continue
        first, last = _widen(reading, mark)
        if any(index in taken for index in range(first, last)):
            first, last = mark.first, mark.last
        taken.update(range(first, last))
        found.append(_speaker(reading, speech, mark.kind, first, last))
    for first, last in _framed(reading, speech):
        if not taken.intersection(range(first, last)):
            taken.update(range(first, last))
            found.append(_speaker(reading, speech, "phrase", first, last))
    found.sort(key=lambda speaker: speaker.first)
    return _taken_up(reading, speech, _one_each(found))


def _one_each(found: list[Speaker]) -> list[Speaker]:
    """Return *found* with each word of speech left to the speaker right before it: "X said rebels had died" is X's."""
    subjects = {s.verb for s in found if s.frame == "before0"}
    return [
        replace(s, frame="none", verb=-1) if s.frame.startswith("after") and s.verb in subjects else s for s in found
    ]


def _speech(reading: Reading) -> _Speech:
    marks = load_aside(reading.language, "speech").marks(reading.tokens)
    at: dict[int, dict[str, Mark]] = {}
    for mark in marks:
        for index in range(mark.first, mark.last):
            at.setdefault(index, {}).setdefault(mark.kind, mark)
    return _Speech(at, marks)


def _known(reading: Reading, speech: _Speech) -> list[Mark]:
    """Return parties, words for sources, and words for people that stand at a frame of speech."""
    marks = [*reading.kinds.get("party", ()), *reading.kinds.get("source", ())]
    marks += [m for m in speech.marks if m.kind == "person" and _frame(reading, speech, m.first, m.last)[0] != "none"]
    return sorted(marks, key=lambda m: (m.first, m.kind != "party"))


def _speaker(reading: Reading, speech: _Speech, kind: str, first: int, last: int) -> Speaker:
    inner = [reading.at[index]["party"] for index in range(first, last) if "party" in reading.at[index]]
    frame, verb = _frame(reading, speech, first, last)
    return Speaker(Mark("speaker", kind, first, last), first, last, int(inner[0].value) if inner else None, frame, verb)


def _widen(reading: Reading, mark: Mark) -> tuple[int, int]:
    sentence = reading.sentences[reading.sentence_of[mark.first]]
    first, last = mark.first, mark.last
    while first > sentence.first and mark.first - first < WIDEST and _belongs(reading, first - 1, before=True):
        if _closed(reading, first - 1) or reading.tokens[first].text in ARTICLES:
            break
        first -= 1
    while last < sentence.last and last - mark.last < WIDEST and _belongs(reading, last, before=False):
        if _closed(reading, last - 1):
            break
        last += 1
    return first, last


def _closed(reading: Reading, index: int) -> bool:
    """Return whether a quotation or a line ends right after token *index*."""
    end = reading.tokens[index].end
    following = reading.tokens[index + 1].start if index + 1 < len(reading.tokens) else len(reading.document)
    return reading.document[end : end + 1] in CLOSING or "\n" in reading.document[end:following]


def _belongs(reading: Reading, index: int, *, before: bool) -> bool:
    marks, token = reading.at[index], reading.tokens[index]
    if not token.text.isalnum() or any(kind in marks for kind in HALTS[:-1]):
        return False
    if any(kind in marks for kind in ("source", "party", "force", "syria")) or "of" in marks:
        return True
    if before:
        return "det" in marks or (token.capital and "prep" not in marks and "weekday" not in marks) or not marks
    return token.capital and "prep" not in marks


def _speaks(reading: Reading, speech: _Speech, index: int) -> bool:
    return any(kind in reading.at[index] for kind in SPEAKING) or speech.has(index, "tell") is not None


def _frame(reading: Reading, speech: _Speech, first: int, last: int) -> tuple[str, int]:
    """Return how a speaker meets a word of speech (quoted, colon, before, after, around, none), and where that is."""
    sentence = reading.sentences[reading.sentence_of[first]]
    if last < sentence.last and reading.tokens[last].text == ":":
        quoted = _quoted(speech, first, last, sentence)
        return quoted or ("colon", last)
    return _quoted(speech, first, last, sentence) or _spoken(reading, speech, first, last, sentence) or ("none", -1)


def _quoted(speech: _Speech, first: int, last: int, sentence: Sentence) -> tuple[str, int] | None:
    for step in range(NEAR):
        before, after = first - 1 - step, last + step
        if before >= sentence.first and (mark := speech.has(before, "quote")) and mark.value == "pre":
            return f"pre{step}", before
        if after < sentence.last and (mark := speech.has(after, "quote")) and mark.value == "post":
            return f"post{step}", after
    return None


def _spoken(reading: Reading, speech: _Speech, first: int, last: int, sentence: Sentence) -> tuple[str, int] | None:
    for step in range(NEAR):
        if last + step < sentence.last and _speaks(reading, speech, last + step):
            return f"before{step}", last + step
        if first - 1 - step >= sentence.first and _speaks(reading, speech, first - 1 - step):
            return f"after{step}", first - 1 - step
    if first - sentence.first >= NEAR:
        return None
    closing = range(sentence.last - 1, max(last, sentence.last - CLOSE), -1)
    return next((("around", at) for at in closing if _speaks(reading, speech, at)), None)


def _framed(reading: Reading, speech: _Speech) -> Iterator[tuple[int, int]]:
    """Return phrases that are speakers only because a frame asks for one: "two former fighters said", "CENTCOM:"."""
    for sentence in reading.sentences:
        for index in range(sentence.first, sentence.last):
            quote = speech.has(index, "quote")
            if quote and quote.first == index:
                side = (quote.last, 1) if quote.value == "pre" else (quote.first - 1, -1)
                yield from _phrase(reading, speech, *side, sentence)
            elif _speaks(reading, speech, index):
                yield from _phrase(reading, speech, index - 1, -1, sentence)
                if reading.language in VERB_FIRST or _inverted(reading, index, sentence):
                    yield from _phrase(reading, speech, index + 1, 1, sentence)
        head = next(_phrase(reading, speech, sentence.first, 1, sentence), None)
        if head and head[1] < sentence.last and reading.tokens[head[1]].text == ":":
            yield head


def _inverted(reading: Reading, index: int, sentence: Sentence) -> bool:
    """Return whether a word of speech opens its sentence or follows a comma or a quotation: its speaker comes next."""
    before = index - 1
    return index == sentence.first or not reading.tokens[before].text.isalnum() or _closed(reading, before)


def _phrase(reading: Reading, speech: _Speech, start: int, step: int, sentence: Sentence) -> Iterator[tuple[int, int]]:
    """Return the words from *start* on, one way, up to the next halt: if they name people or hold a capital."""
    at = start
    while sentence.first <= at < sentence.last and abs(at - start) < WIDEST and _goes_on(reading, speech, at):
        if at != start and (
            _closed(reading, min(at, at - step)) or (step < 0 and reading.tokens[at + 1].text in ARTICLES)
        ):
            break
        at += step
    first, last = (start, at) if step > 0 else (at + 1, start + 1)
    if first < last and (reading.tokens[first].upper or _names_people(reading, speech, first, last, sentence)):
        yield first, last


def _names_people(reading: Reading, speech: _Speech, first: int, last: int, sentence: Sentence) -> bool:
    for index in range(first, last):
        if index > sentence.first and reading.tokens[index].capital:
            return True
        if any(kind in reading.at[index] or speech.has(index, kind) for kind in PEOPLE):
            return True
    return False


def _goes_on(reading: Reading, speech: _Speech, index: int) -> bool:
    marks, token = reading.at[index], reading.tokens[index]
    if not token.text.isalnum() or token.text.isdigit() or speech.has(index, "quote") or speech.has(index, "anaphor"):
        return False
    return not any(kind in marks for kind in HALTS) and not speech.has(index, "tell")


def _taken_up(reading: Reading, speech: _Speech, found: list[Speaker]) -> list[Speaker]:
    """Return *found*, each with the sentences in which "he added" or "the ministry" means it; and parties so meant."""
    again: dict[int, list[int]] = {}
    for mark in speech.marks:
        if mark.kind == "anaphor":
            number = reading.sentence_of[mark.first]
            before = [at for at, s in enumerate(found) if s.last <= mark.first and s.frame != "none"]
            if before and number - reading.sentence_of[found[before[-1]].first] < SINCE:
                again.setdefault(before[-1], []).append(number)
    named: dict[str, int] = {}
    proper = _proper(reading, speech, found)
    kept: list[int] = []
    for at, speaker in enumerate(found):
        keeper = _keeper(speech, speaker)
        bare = keeper is not None and speaker.party is None and _is_bare(speaker, keeper)
        if keeper and bare and keeper.value in named:
            again.setdefault(named[keeper.value], []).append(reading.sentence_of[speaker.first])
            continue
        kept.append(at)
        if not bare and (keeper or speaker.party is not None):
            named[keeper.value if keeper else "group"] = at
    return [_named(replace(found[at], again=tuple(again.get(at, ()))), proper, reading, speech) for at in kept]


def _is_bare(speaker: Speaker, keeper: Mark) -> bool:
    """Return whether *speaker* says no more than its kind: "the ministry", "a ministry spokesman"."""
    return speaker.last - speaker.first <= max(BARE, keeper.last - keeper.first + 1)


def _keeper(speech: _Speech, speaker: Speaker) -> Mark | None:
    return next((m for i in range(speaker.first, speaker.last) if (m := speech.has(i, "keeper"))), None)


def _proper(reading: Reading, speech: _Speech, found: list[Speaker]) -> dict[int, Speaker]:
    """Return the first mention by name of each party: "the Syrian Observatory", not "a monitor"."""
    proper: dict[int, Speaker] = {}
    for speaker in found:
        if speaker.party is not None and not _generic(reading, speech, speaker):
            proper.setdefault(speaker.party, speaker)
    return proper


def _generic(reading: Reading, speech: _Speech, speaker: Speaker) -> bool:
    sentence = reading.sentences[reading.sentence_of[speaker.first]]
    capitals = [i for i in range(speaker.first, speaker.last) if reading.tokens[i].capital and i > sentence.first]
    return not capitals and _keeper(speech, speaker) is not None


def _named(speaker: Speaker, proper: dict[int, Speaker], reading: Reading, speech: _Speech) -> Speaker:
    known = proper.get(speaker.party) if speaker.party is not None else None
    if known is None or not _generic(reading, speech, speaker):
        return speaker
    return replace(speaker, first=known.first, last=known.last)


def candidates(
    reading: Reading, figure: Figure, found: list[Speaker], parties: tuple[Party, ...]
) -> list[tuple[Speaker, list[str]]]:
    """Return the speakers near *figure* with their features, in the order they stand in."""
    rows = []
    closest = near(found, figure.first, MOST, lambda speaker: speaker.mark.first)
    closest = list(dict.fromkeys(closest))
    closest.sort(key=lambda speaker: abs(reading.sentence_of[speaker.mark.first] - figure.sentence))
    # Whoever is taken up again in the figure's own sentence speaks in it; the title speaks of the rest.
    meant = any(figure.sentence in s.again for s in closest)
    closest = [s for s in closest if not meant or reading.tokens[s.mark.first].start >= reading.title_end][:MOST]
    framed = [s for s in closest if s.frame != "none"]
    own = [s for s in framed if reading.sentence_of[s.mark.first] == figure.sentence]
    anew = any(figure.sentence in s.again for s in found)
    for speaker in closest:
        kind = parties[speaker.party].kind if speaker.party is not None else speaker.mark.value
        row = relation(reading, figure, speaker.mark)
        where, frame = row[1], speaker.frame.rstrip("012")
        title = reading.tokens[speaker.mark.first].start < reading.title_end
        row += [
            f"frame={speaker.frame}",
            f"frame={speaker.frame}/{where}",
            f"kind={kind}",
            f"kind={kind}/{frame}/{where}",
            f"{reading.language}frame={frame}/{where}",
            f"framed{min(len(own), 2)}/{where}/{frame}",
            f"kind={speaker.mark.value}/{frame}",
            f"title={title}/{frame}",
            f"again={figure.sentence in speaker.again}/{anew}/{where}",
            *_rivals(figure, speaker, framed, own, where),
            *_beside(reading, speaker, where),
        ]
        rows.append((speaker, row))
    return rows


def _rivals(figure: Figure, speaker: Speaker, framed: list[Speaker], own: list[Speaker], where: str) -> list[str]:
    """Return how *speaker* stands against the other framed ones: between it and *figure*, nearer, in its sentence."""
    frame = speaker.frame.rstrip("012")
    here = speaker.mark.first
    low, high = sorted((here, figure.first))
    between = sum(low < s.mark.first < high for s in framed if s is not speaker)
    nearer = sum(abs(s.mark.first - figure.first) < abs(here - figure.first) for s in own if s is not speaker)
    return [
        f"between{min(between, 3)}/{where}/{frame}",
        f"nearer{min(nearer, 2)}/{where}/{frame}",
        f"alone={len(framed) == 1}/{where}/{frame}",
        f"own={bool(own)}/{where}",
        f"own={bool(own)}/{where}/{frame}/{min(between, 2)}",
        f"left={sum(s.mark.first < figure.first for s in own)}/{where}/{frame}",
    ]


def _beside(reading: Reading, speaker: Speaker, where: str) -> list[str]:
    """Return the word of speech, and the words right before and after: "told" and "to" make a listener of one."""
    verb = reading.tokens[speaker.verb].text[:5] if speaker.verb >= 0 else ""
    row = [f"f={reading.language}{verb}/{where[:4]}"]
    if speaker.verb >= 0 and where in {"at=L", "at=R"}:
        order = "sv" if speaker.mark.first < speaker.verb else "vs"
        row.append(f"order={order}/{where}/{reading.language}")
    for name, at in (("b1", speaker.mark.first - 1), ("a1", speaker.mark.last)):
        if 0 <= at < len(reading.tokens):
            row.append(f"{reading.language}{name}={reading.tokens[at].text[:6]}/{where[:4]}")
            row.append(f"{name}relay={'relay' in reading.at[at]}/{where[:4]}")
    return row


def publisher(name: str, theatre: Theatre) -> Party | None:
    """Return the party that the outlet called *name* belongs to, when it takes a side: a ministry's own channel."""
    at = theatre.owners.get(" ".join(fold(name).split()))
    party = theatre.parties[at] if at is not None else None
    return party if party is not None and party.side is not None else None
