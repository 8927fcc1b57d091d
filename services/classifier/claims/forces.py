"""Pure: whose they are. The force of a victim phrase: by its own words first, else weighed among those in sight."""

from __future__ import annotations

from services.classifier.claims.combatants import attacks
from services.classifier.claims.figures import Figure
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


def candidates(
    reading: Reading, figure: Figure, parties: tuple[Party, ...], before: str | None = None
) -> list[tuple[str, list[str], Mark | None]]:
    """Return every force the victims may belong to: key, features, and the mark it was read from.

    *before* is the force of the victims last spoken of: "eleven others", "the officer" are theirs.
    """
    found: list[tuple[str, list[str], Mark | None]] = []
    own = resolve(figure.forces, figure.role)
    covered = {id(mark) for mark in figure.forces}
    if own:
        kind = figure.forces[0].value.split(".")[1]
        found.append(
            (own, ["own", f"own={kind}", f"own={kind}/{figure.role}", f"own={own}/{figure.role}"], figure.forces[0])
        )
    low = reading.sentences[max(0, figure.sentence - 2)].first
    high = reading.sentences[min(len(reading.sentences) - 1, figure.sentence + 1)].last
    marks = [m for m in reading.find("force", low, high) if id(m) not in covered]
    title = reading.find("force", 0, min(low, reading.title_last))
    for mark in [*marks, *title][:MOST]:
        key = resolve([mark], figure.role) or "ARMED"
        row = relation(reading, figure, mark)
        kind = mark.value.split(".")[1]
        row += [
            f"attacks={attacks(reading, mark)}/{row[1]}",
            f"kind={kind}",
            f"key={key}",
            f"key={key}/{figure.role}",
            f"has={bool(own)}/{row[1]}",
            f"same={key == own}",
        ]
        found.append((key, row, mark))
    if "RU" in {key for key, _, _ in found} and _contractors(reading):
        found.append(
            ("RU-PMC", ["contractors", f"contractors/{figure.role}/{own}", f"contractors/{figure.kind}/{own}"], None)
        )
    found.extend(_sides(reading, figure, parties, own=bool(own)))
    if before:
        own_word = f"{bool(own)}/{figure.role}/{figure.kind}"
        found.append(
            (
                before,
                [
                    "before",
                    f"before/{own_word}",
                    f"before={before}/{figure.role}",
                    f"before/{bool(own)}/{before == own}",
                ],
                None,
            )
        )
    default = BY_ROLE.get(figure.role, "ARMED")
    found.append((default, ["default", f"default={default}/{figure.role}", f"default/{bool(own)}/{bool(marks)}"], None))
    return found


def _contractors(reading: Reading) -> bool:
    """Return whether the document speaks of contractors, so that its "Russians" may be some."""
    return any(value in reading.tally for value in ("RU-PMC.org", "merc.sg", "merc.pl"))


def _sides(
    reading: Reading, figure: Figure, parties: tuple[Party, ...], *, own: bool
) -> list[tuple[str, list[str], Mark | None]]:
    """Return the sides of those who speak nearby: a ministry's "our martyrs" are its own."""
    sentence = reading.sentences[figure.sentence]
    low = reading.sentences[max(0, figure.sentence - 1)].first
    martyrs = bool(reading.find("martyr", sentence.first, sentence.last))
    found: list[tuple[str, list[str], Mark | None]] = []
    for mark in reading.find("party", low, sentence.last)[:MOST]:
        party = parties[int(mark.value)]
        if party.side is None:
            continue
        here = mark.first >= sentence.first
        row = [
            "side",
            f"side/{own}/{figure.role}",
            f"side/{own}/{party.kind}/{here}",
            f"side/{martyrs}/{own}",
            f"side={party.side}/{own}",
        ]
        row += [f"side/{figure.role}/{martyrs}/{own}", f"side/{reading.language}/{own}/{here}"]
        found.append((party.side, row, mark))
    return found
