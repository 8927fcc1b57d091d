"""Pure: whose they are. The force of a victim phrase: by its own words first, else weighed among those in sight."""

from __future__ import annotations

from dataclasses import dataclass

from services.classifier.claims.combatants import attacks
from services.classifier.claims.figures import Figure
from services.classifier.claims.linking import PASSIVE
from services.classifier.claims.relation import relation
from services.classifier.data import Party
from services.classifier.lexicon import Mark
from services.classifier.reading import Reading

CONTRACTED = frozenset({"merc", "fighter"})
PROXIES = {("SY", "rebel"): "OPP", ("TR", "merc"): "OPP", ("TR", "rebel"): "OPP", ("IR", "militant"): "IR-MIL"}
BY_ROLE = {
    "soldier": "SY",
    "officer": "SY",
    "general": "SY",
    "police": "SY",
    "militant": "ARMED",
    "rebel": "OPP",
    "merc": "RU-PMC",
    "pilot": "SY",
    "adviser": "RU",
    "commander": "ARMED",
    "fighter": "ARMED",
}
MOST = 24
NATIVE = {"ru": "RU", "tr": "TR"}
"""Whose dead a language's own press means when it names no force: "a captain from Orenburg"."""
GROUPS = frozenset({"RU-PMC", "HZB", "IR-MIL", "SDF", "OPP", "IS"})


def own_force(reading: Reading, figure: Figure) -> str | None:
    """Return the force that the phrase itself names; Russian citizens are contractors where any are spoken of."""
    role = "soldier" if figure.role == "fighter" and _of_a_state(reading, figure) else figure.role
    own = resolve(figure.forces, role)
    return "RU-PMC" if own == "RU" and role == "person" and _contractors(reading) else own


def _of_a_state(reading: Reading, figure: Figure) -> bool:
    """Return whether "members" or "fighters" are a state's own: "members of Russia's special forces"."""
    heads = reading.find("role", figure.first, figure.last)
    behind = bool(figure.forces and heads and figure.forces[0].first > heads[0].first)
    return behind or "soldier" in figure.others


def resolve(marks: list[Mark], role: str) -> str | None:
    """Return the force that the words of one phrase name together: "Syrian rebels", "Russian contractors"."""
    values = [mark.value.split(".") for mark in marks]
    orgs = [key for key, kind in values if kind == "org"]
    nations = [key for key, kind in values if kind == "nat"]
    if "RU" in nations + orgs and role in CONTRACTED:
        return "RU-PMC"
    if orgs:
        specific = [key for key in orgs if key not in {"SY", "OPP"}]
        return specific[0] if specific else orgs[0]
    if nations:
        others = [key for key in nations if key != "SY"]
        return PROXIES.get((nations[0], role)) or (others[0] if others else nations[0])
    return "ARMED" if values else None


@dataclass(slots=True)
class _Sight:
    """A force in sight of a phrase: what was seen of it, and the mark it is best read from."""

    row: list[str]
    mark: Mark | None = None


Sights = dict[str, _Sight]


def candidates(
    reading: Reading,
    figure: Figure,
    parties: tuple[Party, ...],
    before: str | None = None,
    outcome: Mark | None = None,
) -> list[tuple[str, list[str], Mark | None]]:
    """Return every force the victims may belong to: key, features, and the mark it was read from; its own first.

    *before* is the force of the victims last spoken of: "eleven others", "the officer" are theirs. *outcome* is the
    word that says what became of them: who stands before "killed" and who after it are not on one side.
    """
    own = own_force(reading, figure)
    seen: Sights = {}
    if own:
        kind = figure.forces[0].value.split(".")[1]
        _see(
            seen, own, ["own", f"own={kind}", f"own={kind}/{figure.role}", f"own={own}/{figure.role}"]
        ).mark = figure.forces[0]
    _named(reading, figure, seen, own, outcome)
    if "RU" in seen and _contractors(reading):
        _see(seen, "RU-PMC", ["contractors", f"contractors/{figure.role}/{own}", f"contractors/{figure.kind}/{own}"])
    _sides(reading, figure, parties, seen, own=bool(own))
    if before:
        row = [
            "before",
            f"before/{bool(own)}/{figure.role}/{figure.kind}",
            f"before/{before == own}/{bool(own)}",
            f"before/{_kin(before)}/{figure.role}",
        ]
        _see(seen, before, row)
    if native := NATIVE.get(reading.language):
        named = bool(figure.names)
        row = [
            f"native={native}",
            f"native={native}/{figure.role}/{figure.kind}",
            f"native={native}/{named}/{len(seen) > 0}",
            f"native={native}/{bool(own)}/{figure.number}",
        ]
        _see(seen, native, row)
    default = BY_ROLE.get(figure.role, "ARMED")
    _see(seen, default, ["default", f"default={default}/{figure.role}", f"default/{bool(own)}"])
    _see(seen, "ARMED", ["open", f"open/{figure.role}", f"open/{figure.kind}", f"open/{bool(own)}"])
    if figure.role == "person" and own is None and _contractors(reading) and "RU" in seen:
        _see(seen, "RU-PMC", seen.pop("RU").row)
    loudest = _loudest(reading)
    for key, sight in seen.items():
        kin = _kin(key)
        sight.row += [
            "bias", f"key={key}", f"key={key}/{figure.role}", f"kin={kin}/{figure.role}", f"kin={kin}/{figure.kind}",
            f"kin={kin}/{reading.language}/{figure.role}", f"has={key == own}/{bool(own)}",
            f"rivals={min(len(seen), 5)}", f"tally={key == loudest}/{kin}/{bool(own)}",
        ]  # fmt: skip
    return [(key, sight.row, sight.mark) for key, sight in seen.items()]


def _see(seen: Sights, key: str, row: list[str]) -> _Sight:
    sight = seen.setdefault(key, _Sight([]))
    sight.row += row
    return sight


def _kin(key: str) -> str:
    """Return what sort of force it is: a state's, the Syrian state's, a group's, of a side left open."""
    if key in {"ARMED", "SY"}:
        return key
    return "group" if key in GROUPS else "state"


def _loudest(reading: Reading) -> str:
    """Return the force that the document names most often."""
    tally = {value.split(".")[0]: 0 for value in reading.tally if value.endswith((".org", ".nat"))}
    for value, times in reading.tally.items():
        if value.endswith((".org", ".nat")):
            tally[value.split(".")[0]] += times
    return max(tally, key=lambda key: tally[key]) if tally else ""


def _named(reading: Reading, figure: Figure, seen: Sights, own: str | None, outcome: Mark | None) -> None:
    """Take in the forces named around the phrase, nearest first; of each only its nearest mark is looked at closely."""
    low = reading.sentences[max(0, figure.sentence - 2)].first
    high = reading.sentences[min(len(reading.sentences) - 1, figure.sentence + 1)].last
    covered = {id(mark) for mark in figure.forces}
    marks = [m for m in reading.find("force", low, high) if id(m) not in covered]
    near = sorted(marks, key=lambda mark: _apart(reading, figure, mark))[:MOST]
    title = reading.find("force", 0, min(low, reading.title_last))[:MOST]
    close: set[str] = set()
    rank = 0
    for mark in [*near, *title]:
        key = resolve([mark], "" if figure.role == "fighter" else figure.role) or "ARMED"
        if key in close:
            _see(seen, key, [f"again={_where(reading, figure, mark)}"])
            continue
        close.add(key)
        kind = mark.value.split(".")[1]
        row = relation(reading, figure, mark)
        row += [
            f"attacks={attacks(reading, mark)}/{row[1]}", f"kind={kind}/{row[1]}", f"has={bool(own)}/{row[1]}",
            f"rank{min(rank, 3)}/{row[1]}/{bool(own)}", f"rank{min(rank, 3)}/{figure.role}",
            f"{row[1]}/{_kin(key)}/{figure.role}",
        ]  # fmt: skip
        if outcome is not None and reading.sentence_of[mark.first] == figure.sentence:
            row += _order(reading, figure, mark, outcome)
        rank += 1
        sight = _see(seen, key, row)
        sight.mark = sight.mark or mark


def _apart(reading: Reading, figure: Figure, mark: Mark) -> tuple[int, int]:
    return abs(reading.sentence_of[mark.first] - figure.sentence), abs(mark.first - figure.head)


def _where(reading: Reading, figure: Figure, mark: Mark) -> str:
    apart = reading.sentence_of[mark.first] - figure.sentence
    return f"s{apart}" if apart else "L" if mark.first < figure.first else "R"


def _order(reading: Reading, figure: Figure, mark: Mark, outcome: Mark) -> list[str]:
    """Return in which order the force, the victims and the outcome word stand, and in which voice."""
    places = sorted(((mark.first, "F"), (figure.first, "V"), (outcome.first, "O")))
    order = "".join(letter for _, letter in places)
    kind = outcome.value.split(".")[1] if outcome.kind == "out" else outcome.kind
    passive = any(reading.tokens[at].text in PASSIVE for at in range(max(0, outcome.first - 3), outcome.first))
    agent = any("agent" in reading.at[at] for at in range(max(0, mark.first - 2), mark.first))
    parted = any("clause" in reading.at[at] for at in range(min(p for p, _ in places), max(p for p, _ in places)))
    return [
        f"order={order}/{kind}",
        f"order={order}/{kind}/{passive}",
        f"order={order}/{kind}/{parted}",
        f"order={order}/{agent}",
        f"order={reading.language}{order}/{kind}/{passive}",
    ]


def _contractors(reading: Reading) -> bool:
    """Return whether the document speaks of contractors, so that its "Russians" may be some."""
    return any(value in reading.tally for value in ("RU-PMC.org", "merc.sg", "merc.pl"))


def _sides(reading: Reading, figure: Figure, parties: tuple[Party, ...], seen: Sights, *, own: bool) -> None:
    """Take in the sides of those who speak nearby: a ministry's "our martyrs" are its own."""
    sentence = reading.sentences[figure.sentence]
    low = reading.sentences[max(0, figure.sentence - 1)].first
    martyrs = bool(reading.find("martyr", sentence.first, sentence.last))
    known: set[str] = set()
    for mark in reading.find("party", low, sentence.last)[:MOST]:
        party = parties[int(mark.value)]
        if party.side is None or party.side in known:
            continue
        known.add(party.side)
        here = mark.first >= sentence.first
        row = [
            "side",
            f"side/{own}/{figure.role}",
            f"side/{own}/{party.kind}/{here}",
            f"side/{martyrs}/{own}",
            f"side={party.side}/{own}",
            f"side/{figure.role}/{martyrs}/{own}",
            f"side/{reading.language}/{own}/{here}",
        ]
        sight = _see(seen, party.side, row)
        sight.mark = sight.mark or mark
