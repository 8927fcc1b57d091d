"""Pure: what became of them. Features that tie a victim phrase to an outcome, for the sequence model that links them."""

from __future__ import annotations

from services.classifier.claims.figures import Figure
from services.classifier.lexicon import Mark
from services.classifier.reading import Reading

NEAR = (1, 2, 3, 5, 8, 13)
COMBINED = "+"
NONE = "O"
CUES = ("sub", "neg", "deny", "allege", "drill", "past", "total", "earlier", "abroad", "syria", "neutral", "both", "thing")
WINDOW = ("agent", "out", "say", "clause", "prep", "det", "sub", "role", "force", "party", "source", "neutral", "both", "cause", "neg", "thing", "of")


def distance(steps: int) -> str:
    """Return a distance in tokens as one of a few words."""
    for limit in NEAR:
        if steps <= limit:
            return str(limit)
    return "far"


def outcome_marks(reading: Reading, first: int, last: int) -> list[Mark]:
    """Return the outcome words of a sentence in order, "neutralised" and shared ones among them."""
    marks = [m for kind in ("out", "both", "neutral") for m in reading.find(kind, first, last)]
    return sorted(marks, key=lambda mark: mark.first)


def _value(mark: Mark) -> str:
    return mark.value if mark.kind == "out" else mark.kind + "." + mark.value


def _between(reading: Reading, low: int, high: int) -> str:
    """Return what stands between two places: marks of punctuation, a new clause, somebody speaking."""
    found = set()
    for index in range(low, high):
        text, marks = reading.tokens[index].text, reading.at[index]
        if text in {",", ";", ":", "–", "(", ")"}:
            found.add("," if text in {",", "–"} else text)
        for kind in ("clause", "agent", "say"):
            if kind in marks:
                found.add(kind)
    return "".join(sorted(found)) or "none"


def features(reading: Reading, found: list[Figure]) -> list[list[str]]:
    """Return the features of each figure of a document, in order."""
    marks = {number: outcome_marks(reading, s.first, s.last) for number, s in enumerate(reading.sentences)}
    scene = _scene(reading)
    rows = []
    for at, figure in enumerate(found):
        row = ["bias", *scene, *_own(reading, figure), *_around(reading, figure)]
        row += _outcomes(reading, figure, found, marks[figure.sentence])
        row += _neighbours(found, at)
        rows.append(row)
    return rows


def _scene(reading: Reading) -> list[str]:
    kinds = reading.kinds
    syria = len(kinds.get("syria", ())) + len(kinds.get("place", ()))
    strong = sum(mark.value == "strong" for mark in kinds.get("abroad", ()))
    row = [f"syria={min(syria, 2)}", f"abroad={min(strong, 2)}", f"scene={(syria > strong) - (syria < strong)}/{min(strong, 1)}"]
    if "drill" in kinds:
        row.append(f"drill={min(len(kinds['drill']), 2)}")
    civilians = sum(mark.value.startswith("civ") for mark in kinds.get("role", ()))
    armed = len(kinds.get("force", ())) + sum(not m.value.startswith(("civ", "person")) for m in kinds.get("role", ()))
    row.append(f"civil={min(civilians, 2)}/{min(armed, 3)}")
    return row


def _own(reading: Reading, figure: Figure) -> list[str]:
    force = figure.forces[0].value.split(".")[-1] if figure.forces else "none"
    row = [
        f"kind={figure.kind}", f"role={figure.role or 'none'}", f"kr={figure.kind}/{figure.role or 'none'}.{figure.number}",
        f"force={force}", f"hedge={figure.hedge}", f"rf={figure.role}/{force}", f"title={figure.last and reading.tokens[figure.head].start < reading.title_end}",
    ]  # fmt: skip
    row += [f"other={kind}" for kind in figure.others]
    if figure.low is not None and figure.low > 1000:  # noqa: PLR2004
        row.append("huge")
    if figure.names:
        row.append("named")
    row += [f"inside={_value(m)}" for m in outcome_marks(reading, figure.first, figure.last)]
    return row


def _around(reading: Reading, figure: Figure) -> list[str]:
    row = []
    sentence = reading.sentences[figure.sentence]
    for name, index in (("-1", figure.first - 1), ("-2", figure.first - 2), ("+0", figure.last), ("+1", figure.last + 1)):
        if not sentence.first <= index < sentence.last:
            row.append(f"w{name}=edge")
            continue
        marks, token = reading.at[index], reading.tokens[index]
        for kind in WINDOW:
            if kind in marks:
                row.append(f"w{name}={kind}:{_value(marks[kind]) if kind == 'out' else ''}")
        if not token.text.isalnum():
            row.append(f"w{name}={token.text}")
        row.append(f"{reading.language}{name}={token.text[:5]}")
    return row


def _outcomes(reading: Reading, figure: Figure, found: list[Figure], marks: list[Mark]) -> list[str]:
    row = [] if marks else ["noout"]
    left = [m for m in marks if m.last <= figure.first]
    right = [m for m in marks if m.first >= figure.last]
    heads = [other.head for other in found if other.sentence == figure.sentence]
    for side, mark in (("L", left[-1] if left else None), ("R", right[0] if right else None)):
        if mark is None:
            row.append(f"{side}=none")
            continue
        low, high = (mark.last, figure.first) if side == "L" else (figure.last, mark.first)
        rivals = sum(low <= head < high for head in heads)
        value, between = _value(mark), _between(reading, low, high)
        row += [
            f"{side}={value}", f"{side}={value}/{distance(high - low)}", f"{side}={value}/{between}",
            f"{side}={value}/rivals{min(rivals, 2)}", f"{reading.language}{side}={value}/{between}/{min(rivals, 2)}",
            f"{side}{figure.kind}={value}/{min(rivals, 2)}", f"{side}role={figure.role}/{value}/{min(rivals, 1)}",
        ]  # fmt: skip
    if left and right:
        row.append(f"LR={_value(left[-1])}/{_value(right[0])}")
    if len(left) > 1:
        row.append(f"L2={_value(left[-2])}")
    if len(right) > 1:
        row.append(f"R2={_value(right[1])}")
    sentence = reading.sentences[figure.sentence]
    for kind in CUES:
        if near := reading.find(kind, sentence.first, sentence.last):
            row.append(f"cue={kind}")
            row.append(f"cue={kind}/{'L' if near[0].first < figure.first else 'R'}")
    return row


def _neighbours(found: list[Figure], at: int) -> list[str]:
    row = []
    for name, index in (("prev", at - 1), ("next", at + 1)):
        if 0 <= index < len(found):
            same = found[index].sentence == found[at].sentence
            row.append(f"{name}={same}/{found[index].role or 'none'}/{found[index].kind}")
    return row
