"""The sentences of alerts and headlines, in plain English."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from shared.messages import Figure, Statement

FORCES = {
    "RU": "Russian forces",
    "RU-PMC": "Russian contractors",
    "SY": "Syrian government forces",
    "TR": "Turkish forces",
    "IR": "Iranian forces",
    "HZB": "Hezbollah",
    "IR-MIL": "Iran-backed militias",
    "SDF": "Syrian Democratic Forces",
    "OPP": "opposition fighters",
    "IS": "Islamic State",
    "ARMED": "combatants",
    "US": "US forces",
    "IL": "Israeli forces",
    "GB": "British forces",
    "FR": "French forces",
    "JO": "Jordanian forces",
    "IQ": "Iraqi forces",
}
CAUSES = {
    "mortar": "shelling",
    "mine": "a mine or roadside bomb",
    "airstrike": "an air strike",
    "aircraft": "the loss of an aircraft",
    "smallarms": "gunfire",
    "suicide": "a suicide attack",
    "execution": "an execution",
    "accident": "an accident",
    "other": "another cause",
}
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def force(key: str) -> str:
    """Return the name of a force in running text."""
    return FORCES.get(key, f"forces of {key}")


def cause(key: str) -> str:
    """Return a cause in running text."""
    return CAUSES.get(key, key)


def number(low: int | None, high: int | None) -> str:
    """Return a range in words: ``4``, ``1 to 4``, ``at least 4``, ``up to 30``, ``an unstated number``."""
    if low is None and high is None:
        return "an unstated number"
    if high is None:
        return f"at least {low}"
    if low is None:
        return f"up to {high}"
    return str(low) if low == high else f"{low} to {high}"


def day(when: date) -> str:
    """Return a day as readers write it: ``1 Feb 2016``."""
    return f"{when.day} {_MONTHS[when.month - 1]} {when.year}"


def speaker(statement: Statement) -> str:
    """Return who says it and through whom it was heard: ``SOHR (via AFP)``."""
    outlet = statement.source.name
    heard_directly = outlet.casefold() in statement.voice.casefold() or statement.claim.attributed_to is None
    return statement.voice if heard_directly else f"{statement.voice} (via {outlet})"


def says(statement: Statement) -> str:
    """Return what one statement claims, after who says it: ``SOHR (via AFP): 35 killed``."""
    claim = statement.claim
    count = number(claim.min, claim.max)
    what = f"denies {_denied(statement)}" if claim.stance == "denied" else f"{count} {claim.outcome}"
    return f"{speaker(statement)}: {what}"


def claimed(statement: Statement) -> str:
    """Return what one statement claims without who says it: ``4 killed of Russian forces (shelling)``."""
    claim = statement.claim
    count = "no" if claim.stance == "denied" else number(claim.min, claim.max)
    return f"{count} {claim.outcome} of {force(claim.force)}" + (f" ({cause(claim.cause)})" if claim.cause else "")


def both_sides(left: Statement, right: Statement) -> str:
    """Return one sentence with what both say of the number or of the fact itself."""
    return _sides(right, says(left), says(right))


def both_causes(left: Statement, right: Statement) -> str:
    """Return one sentence with the cause each side names."""
    return _sides(right, _of(left, cause(left.claim.cause or "other")), _of(right, cause(right.claim.cause or "other")))


def both_places(left: Statement, right: Statement) -> str:
    """Return one sentence with the place each side names."""
    return _sides(right, _of(left, _where(left)), _of(right, _where(right)))


def both(left: Statement, right: Statement, one: str, other: str) -> str:
    """Return one sentence with what each side says: *one* the first, *other* the second."""
    return _sides(right, _of(left, one), _of(right, other))


def revision(left: Statement, right: Statement) -> str:
    """Return one sentence that says how a party changed its own figure."""
    claim, former = right.claim, left.claim
    change = "raises" if (claim.min or 0) > (former.min or 0) else "lowers"
    return (
        f"{right.voice} {change} its figure for {force(claim.force)} {claim.outcome} "
        f"from {number(former.min, former.max)} to {number(claim.min, claim.max)}."
    )


def headline(figures: Sequence[Figure], where: str | None, when: date | None) -> str:
    """Return an incident in one line: ``Russian forces, Latakia, 1 Feb 2016: 1 to 4 killed, 3 wounded``."""
    lead = figures[0].force
    told = [_figure(figure) for figure in figures if figure.force == lead]
    scene = ", ".join(part for part in (capital(force(lead)), where, day(when) if when else None) if part)
    others = [f"{force(f.force)} {_figure(f)}" for f in figures if f.force != lead and f.outcome == "killed"]
    return f"{scene}: {', '.join(told)}" + (f"; {'; '.join(others[:2])}" if others else "")


def capital(text: str) -> str:
    """Return *text* with a capital first letter, the rest as it was."""
    return text[:1].upper() + text[1:]


def _figure(figure: Figure) -> str:
    denied = " (denied)" if figure.denied else ""
    return f"{number(figure.min, figure.max)} {figure.outcome}{denied}"


def _denied(statement: Statement) -> str:
    claim = statement.claim
    return (
        f"that {number(claim.min, claim.max)} were {claim.outcome}"
        if claim.max or claim.min
        else f"any {claim.outcome}"
    )


def _of(statement: Statement, what: str) -> str:
    return f"{speaker(statement)}: {what}"


def _where(statement: Statement) -> str:
    claim = statement.claim
    inside = claim.governorate if claim.governorate and claim.governorate != claim.place else None
    return ", ".join(part for part in (claim.place, inside) if part)


def _sides(right: Statement, first: str, second: str) -> str:
    subject = capital(force(right.claim.force))
    return f"{subject}: {first}; {second}."
