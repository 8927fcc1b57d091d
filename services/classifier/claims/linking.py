"""Pure: what became of them. Every victim phrase against every outcome word in reach: features of the pair.

Pairs are weighed without regard to which outcome it is, so that what is learnt of the dead holds for the captured too.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.classifier.claims.combatants import ARMED, evidence
from services.classifier.claims.figures import Figure
from services.classifier.claims.proximity import distance
from services.classifier.lexicon import Mark
from services.classifier.reading import Reading

CUES = (
    *("sub", "neg", "deny", "allege", "drill", "past", "total", "earlier", "neutral", "both"),
    *("thing", "ord", "hedge"),
)
WINDOW = (
    *("agent", "out", "say", "clause", "prep", "det", "sub", "role", "force", "party", "source", "both", "cause"),
    *("neg", "thing", "of", "and"),
)
REACHED = 5
LEAD = 3
LIGHT = 3
RELATIVE = frozenset({"who", "whose", "which", "который", "которого", "чей", "чья", "которые", "який", "чий", "які"})
FLOOR = 0.6
"""How sure a link is that grammar alone makes."""
HEAVY = frozenset(
    {"neg", "deny", "out", "both", "neutral", "role", "force", "num", "clause", "say", "agent", "prep", "and", "sub"}
)
"""Words that part a phrase from the word behind it."""
PASSIVE = frozenset(
    [
        "was",
        "were",
        "been",
        "being",
        "be",
        "is",
        "are",
        "get",
        "got",
        "gets",
        "had",
        "have",
        "has",
        "был",
        "были",
        "была",
        "было",
        "быть",
        "будет",
        "стали",
        "стало",
        "بين",
        "تم",
        "جرى",
        "olarak",
        "було",
        "були",
        "був",
    ],
)


@dataclass(frozen=True, slots=True)
class Pair:
    """A figure and an outcome word that may belong to it, with what bears on it."""

    figure: int
    mark: Mark
    row: list[str]


def outcome_marks(reading: Reading, first: int, last: int) -> list[Mark]:
    """Return the outcome words of a sentence in order, "neutralised" and shared ones among them."""
    marks = [m for kind in ("out", "both", "neutral") for m in reading.find(kind, first, last)]
    return sorted(marks, key=lambda mark: mark.first)


def outcomes_of(mark: Mark) -> list[str]:
    """Return the outcomes a word stands for."""
    if mark.kind == "neutral":
        return ["killed"]
    if mark.kind == "both":
        return sorted(mark.value.split("."))
    return [mark.value.split(".")[0]]


def _kind(mark: Mark) -> str:
    return mark.value.split(".")[1] if mark.kind == "out" else mark.kind


def _between(reading: Reading, low: int, high: int) -> str:
    found = set()
    for index in range(low, high):
        text, marks = reading.tokens[index].text, reading.at[index]
        if text in {",", ";", ":", "–", "(", ")"}:
            found.add("," if text in {",", "–"} else text)
        for kind in ("clause", "agent", "say"):
            if kind in marks:
                found.add(kind)
    return "".join(sorted(found)) or "none"


def pairs(reading: Reading, found: list[Figure]) -> list[Pair]:
    """Return every figure of a document with each outcome word of its sentence, nearest first."""
    marks = {number: outcome_marks(reading, s.first, s.last) for number, s in enumerate(reading.sentences)}
    heads: dict[int, list[Figure]] = {}
    for figure in found:
        heads.setdefault(figure.sentence, []).append(figure)
    scene = _scene(reading)
    rows: list[Pair] = []
    for at, figure in enumerate(found):
        combat = evidence(reading, found, at)
        own = [
            *scene,
            *_own(reading, figure),
            *_around(reading, figure),
            *_neighbours(found, at),
            f"combat={combat}",
            f"combat={combat}/{figure.kind}",
            f"combat={combat}/{figure.role}",
        ]
        if combat in {"civil", "nothing"}:
            continue
        near = sorted(marks[figure.sentence], key=lambda mark: _gap(figure, mark))[:REACHED]
        for rank, mark in enumerate(near):
            row = [*own, *_pair(reading, figure, mark, rank=rank, rivals=heads[figure.sentence], near=near)]
            rows.append(Pair(at, mark, row))
        if not near and figure.sentence and (before := marks[figure.sentence - 1]):
            rows.append(
                Pair(
                    at,
                    before[-1],
                    [*own, "carried", f"carried={figure.kind}/{figure.role}", f"carried={_kind(before[-1])}"],
                )
            )
    return rows


def _gap(figure: Figure, mark: Mark) -> int:
    if mark.last <= figure.first:
        return figure.first - mark.last
    return max(0, mark.first - figure.last)


def _pair(
    reading: Reading, figure: Figure, mark: Mark, *, rank: int, rivals: list[Figure], near: list[Mark]
) -> list[str]:
    side = "L" if mark.last <= figure.first else "R" if mark.first >= figure.last else "in"
    low, high = (mark.last, figure.first) if side == "L" else (figure.last, mark.first)
    gap, kind, language = _gap(figure, mark), _kind(mark), reading.language
    between = _between(reading, low, high) if side != "in" else "in"
    nearer = sum(_gap(other, mark) < gap for other in rivals if other is not figure)
    inner = sum(low <= other.head < high for other in rivals)
    others = sum(low <= other.first < high for other in near)
    left_taken = any(other.first >= mark.last and _gap(other, mark) <= 2 for other in rivals if other is not figure)  # noqa: PLR2004
    passive = any(reading.tokens[at].text in PASSIVE for at in range(max(0, mark.first - 3), mark.first))
    agent = any("agent" in reading.at[at] for at in range(max(0, figure.first - 2), figure.first))
    core = f"{side}/{kind}"
    row = [
        "bias",
        core,
        f"{core}/d{distance(gap)}",
        f"{core}/{between}",
        f"{core}/near{min(nearer, 3)}",
        f"{core}/inner{min(inner, 2)}",
        f"{core}/rank{rank}",
        f"{core}/others{min(others, 2)}",
        f"{core}/{min(nearer, 2)}/{rank}",
        f"{core}/{passive}",
        f"{core}/{passive}/{min(nearer, 2)}",
        f"{core}/agent{agent}",
        f"{core}/taken{left_taken}/{passive}",
        f"{core}/{figure.kind}",
        f"{core}/{figure.role}",
        f"{core}/{figure.kind}/{min(nearer, 2)}",
        f"{language}{core}/d{distance(gap)}",
        f"{language}{core}/{passive}/{left_taken}",
        f"{language}{core}/near{min(nearer, 2)}/{between}",
        f"{language}{core}/{rank}/{min(inner, 1)}",
        f"o={mark.value}",
        f"o={mark.value}/{figure.kind}",
        f"o={mark.value}/{side}",
        f"o={mark.value}/{figure.role}",
        f"{core}/{between}/inner{min(inner, 1)}/others{min(others, 1)}",
        f"m={reading.tokens[mark.first].text[:6]}",
        f"m={reading.tokens[mark.first].text[:6]}/{side}",
        f"title={reading.tokens[mark.first].start < reading.title_end}",
        f"mutual={nearer == 0}/{rank == 0}",
        f"mutual={nearer == 0}/{rank == 0}/{core}",
        f"count={min(len(near), 3)}/{min(len(rivals), 3)}",
        f"{core}/kr{figure.kind}.{figure.number}/{figure.role}/{min(nearer, 1)}",
    ]
    if inner and side != "in":
        row.append(f"{core}/chain{_chained(reading, figure, mark, rivals)}")
    for step, at in (("m-1", mark.first - 1), ("m+0", mark.last)):
        if 0 <= at < len(reading.at):
            row += [
                f"{step}={name}/{side}"
                for name in ("neg", "agent", "prep", "say", "allege", "deny", "det", "of", "clause", "thing")
                if name in reading.at[at]
            ]
    if kind in {"n", "v"} and mark.last < len(reading.at) and "of" in reading.at[mark.last]:
        row.append(f"{core}/of/d{distance(gap)}")
    return row


def _chained(reading: Reading, figure: Figure, mark: Mark, rivals: list[Figure]) -> bool:
    """Return whether only "and", commas and other victims stand between: A, B and C were killed."""
    low, high = (mark.last, figure.first) if mark.last <= figure.first else (figure.last, mark.first)
    covered = {at for other in rivals for at in range(other.first, other.last)}
    loose = [
        at
        for at in range(low, high)
        if at not in covered and "and" not in reading.at[at] and "sub" not in reading.at[at]
    ]
    return (
        sum(reading.tokens[at].text not in {",", "–"} and reading.tokens[at].text not in PASSIVE for at in loose) <= 1
    )


def _scene(reading: Reading) -> list[str]:
    """Return what the whole document says of its theatre; page furniture far below must not outvote its lead."""
    kinds = reading.kinds
    syria = len(kinds.get("syria", ())) + len(kinds.get("place", ()))
    strong = sum(mark.value == "strong" for mark in kinds.get("abroad", ()))
    lead = reading.sentences[min(len(reading.sentences) - 1, LEAD)].last if reading.sentences else 0
    early = any(mark.value == "strong" for mark in reading.find("abroad", 0, lead))
    here = bool(reading.find("syria", 0, lead) or reading.find("place", 0, lead))
    share = "none" if not strong else "few" if strong * 3 <= syria else "some" if strong <= syria else "most"
    row = [f"syria={min(syria, 2)}", f"abroad={share}", f"lead={here}/{early}"]
    if "drill" in kinds:
        row.append(f"drill={min(len(kinds['drill']), 2)}")
    civilians = sum(mark.value.startswith("civ") for mark in kinds.get("role", ()))
    armed = len(kinds.get("force", ())) + sum(not m.value.startswith(("civ", "person")) for m in kinds.get("role", ()))
    row.append(f"civil={min(civilians, 2)}/{min(armed, 3)}")
    return row


def _own(reading: Reading, figure: Figure) -> list[str]:
    force = figure.forces[0].value.split(".")[-1] if figure.forces else "none"
    row = [
        f"kind={figure.kind}",
        f"role={figure.role or 'none'}",
        f"kr={figure.kind}/{figure.role or 'none'}.{figure.number}",
        f"force={force}",
        f"hedge={figure.hedge}",
        f"rf={figure.role}/{force}",
        f"ftitle={reading.tokens[figure.head].start < reading.title_end}",
    ]
    row += [f"other={kind}" for kind in figure.others]
    if figure.low is not None and figure.low > 1000:  # noqa: PLR2004
        row.append("huge")
    if figure.names:
        row.append("named")
    sentence = reading.sentences[figure.sentence]
    for kind in CUES:
        if near := reading.find(kind, sentence.first, sentence.last):
            row.append(f"cue={kind}/{'L' if near[0].first < figure.first else 'R'}/{figure.kind == 'none'}")
    strong = [m for m in reading.find("abroad", sentence.first, sentence.last) if m.value == "strong"]
    local = reading.find("place", sentence.first, sentence.last) or reading.find("syria", sentence.first, sentence.last)
    row.append(f"local={bool(local)}/{bool(strong)}")
    return row


def _around(reading: Reading, figure: Figure) -> list[str]:
    row = []
    sentence = reading.sentences[figure.sentence]
    for name, index in (
        ("-1", figure.first - 1),
        ("-2", figure.first - 2),
        ("+0", figure.last),
        ("+1", figure.last + 1),
    ):
        if not sentence.first <= index < sentence.last:
            row.append(f"w{name}=edge")
            continue
        marks, token = reading.at[index], reading.tokens[index]
        row += [f"w{name}={kind}" for kind in WINDOW if kind in marks]
        if not token.text.isalnum():
            row.append(f"w{name}={token.text}")
        if name != "-2":
            row.append(f"{reading.language}{name}={token.text[:5]}")
    return row


def plain(reading: Reading, figure: Figure, mark: Mark) -> bool:
    """Return whether grammar alone links the two: "Turkish soldiers had been killed", "the third loss since May"."""
    if mark.kind != "out" or _denied(reading, figure):
        return False
    sentence = reading.sentences[figure.sentence]
    if figure.kind == "ordinal":
        counts = reading.find("total", figure.last, sentence.last)
        return bool(counts) and figure.first <= mark.first < figure.last
    if _reaches(reading, figure, mark, sentence.first):
        return True
    if mark.first < figure.last or figure.kind == "none" or not _armed(reading, figure, mark):
        return False
    between = range(figure.last, mark.first)
    agent = any("agent" in reading.at[at] for at in range(max(0, figure.first - 2), figure.first))
    passive = any(reading.tokens[at].text in PASSIVE for at in (*between, mark.first))
    light = len(between) <= LIGHT and all(_light(reading, at) for at in between)
    light = light or (figure.first == sentence.first and _relative(reading, figure, mark))
    return light and not agent and passive and _kind(mark) in {"v", "i"}


def _reaches(reading: Reading, figure: Figure, mark: Mark, first: int) -> bool:
    """Return whether a toll reaches the figure: "the number of soldiers killed has risen to 33"."""
    if figure.kind not in {"digit", "word"} or figure.role or not first < mark.first < figure.first:
        return False
    rises = reading.find("rise", first, figure.first)
    return bool(rises) and rises[-1].last >= figure.first - 1


def _relative(reading: Reading, figure: Figure, mark: Mark) -> bool:
    """Return whether only a relative clause parts them: "A pilot whose plane was downed was shot dead"."""
    opens = figure.last + (reading.tokens[figure.last].text == ",")
    return (
        opens < mark.first and reading.tokens[opens].text in RELATIVE and reading.tokens[mark.first - 1].text in PASSIVE
    )


def _armed(reading: Reading, figure: Figure, mark: Mark) -> bool:
    """Return whether the phrase is surely of combatants: "Turkish soldiers", Russian citizens."""
    struck = "agent" in reading.at[mark.last] if mark.last < len(reading.at) else False
    if figure.role in ARMED:
        return bool(figure.forces) or (figure.hedge == "the" and struck)
    return figure.role == "person" and any(force.value == "RU.nat" for force in figure.forces)


def _denied(reading: Reading, figure: Figure) -> bool:
    near = range(max(0, figure.first - 2), figure.last)
    return any("neg" in reading.at[at] or "deny" in reading.at[at] for at in near)


def _light(reading: Reading, at: int) -> bool:
    marks, text = reading.at[at], reading.tokens[at].text
    return (text in PASSIVE or text.isalpha()) and not any(kind in marks for kind in HEAVY)


def _neighbours(found: list[Figure], at: int) -> list[str]:
    row = []
    for name, index in (("prev", at - 1), ("next", at + 1)):
        if 0 <= index < len(found) and found[index].sentence == found[at].sentence:
            row.append(f"{name}={found[index].role or 'none'}/{found[index].kind}")
    return row
