"""Pure: is it worth reading in full? Cheap evidence of casualties and of the theatre, kept as reasons."""

from __future__ import annotations

from dataclasses import dataclass

from services.classifier.reading import Reading

SIGNS = ("syria", "place")
PEOPLE = ("role", "force", "num", "vague")
ENDINGS = ("out", "both", "neutral", "deny")
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the gate opens, and the words that decided it."""

    opens: bool
    reasons: tuple[str, ...]


def judge(reading: Reading) -> Verdict:
    """Return whether *reading* may hold a claim: somebody met an outcome, and something speaks of Syria."""
    kinds = reading.kinds
    outcome = next((mark for kind in ENDINGS for mark in kinds.get(kind, ())), None)
    if outcome is None:
        return Verdict(opens=False, reasons=("no word of death, wounds, loss or capture",))
    people = next((mark for kind in PEOPLE for mark in kinds.get(kind, ())), None)
    names = [reading.words(m.first, m.last) for kind in SIGNS for m in kinds.get(kind, ())[:SHOWN]]
    if not people and not names and "party" not in kinds:
        return Verdict(opens=False, reasons=("nobody it happened to",))
    actors = [m for m in kinds.get("force", ()) if m.value.endswith("org")] + list(kinds.get("party", ()))
    signs = names or [reading.words(m.first, m.last) for m in actors[:SHOWN]]
    wars = [reading.words(m.first, m.last) for m in kinds.get("abroad", ()) if m.value == "strong"]
    if wars and not names:
        return Verdict(opens=False, reasons=(f"another theatre: {', '.join(dict.fromkeys(wars[:SHOWN]))}",))
    if not signs:
        return Verdict(opens=False, reasons=("no sign of Syria: no place, actor or source of its war",))
    spoken = reading.words(outcome.first, outcome.last)
    return Verdict(opens=True, reasons=(f"outcome: {spoken}", f"theatre: {', '.join(dict.fromkeys(signs))}"))
