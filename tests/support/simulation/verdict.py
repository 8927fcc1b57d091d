"""What is wrong with a simulated week: faults by kind, figures by name, and the limits that the figures keep."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.support.simulation.site import Exchange

AT_LEAST = {"unchanged answered by 304": 0.95}
AT_MOST = {
    "looks against the schedule's fewest": 1.2,
    "freshness, median in intervals": 0.5,
    "memory, growth": 1.15,
}
FEW_HOURS = 6.0
"""A life of fewer simulated hours says nothing of memory: caches are still being filled."""
AROUND = 4
"""Requests to tell before and after the moment of a fault."""


@dataclass(frozen=True)
class Example:
    """One case of a fault: whose it is, what it is about, when it was (simulated seconds), and the rest in words."""

    source: str
    about: str
    at: float
    words: str = ""

    def __str__(self) -> str:
        return f"{self.source}: {self.about} at {self.at:.1f} {self.words}".rstrip()


@dataclass
class Verdict:
    """``faults`` by what is wrong, each with its examples; ``figures`` by name."""

    faults: defaultdict[str, list[Example]] = field(default_factory=lambda: defaultdict(list))
    figures: dict[str, float] = field(default_factory=dict)

    @property
    def unmet(self) -> list[str]:
        """The figures that are beyond their limit."""
        told = self.figures
        low = [f"{name} is {told[name]:.3f}, not {least}" for name, least in AT_LEAST.items() if told[name] < least]
        high = [f"{name} is {told[name]:.3f}, over {most}" for name, most in AT_MOST.items() if told[name] > most]
        long = told["memory, over simulated hours"] >= FEW_HOURS
        return low + [one for one in high if long or not one.startswith("memory")]


def around(example: Example, exchanges: Sequence[Exchange]) -> list[str]:
    """Return the server's log of the example's source about its moment, a line for each request."""
    mine = [one for one in exchanges if one.source == example.source]
    place = sum(one.at < example.at for one in mine)
    return [_line(one) for one in mine[max(0, place - AROUND) : place + AROUND]]


def _line(one: Exchange) -> str:
    asked = " ".join(word for word, so in (("conditional", one.conditional), ("older", one.older)) if so)
    told = " ".join(filter(None, [one.trouble, "" if one.whole else "cut short"]))
    phase = "" if one.phase is None else f" phase {one.phase}"
    shut = "" if one.shut is None else f" come back at {one.shut:.1f}"
    return f"{one.at:.1f} life {one.life} {one.host} {asked or 'plain'} -> {one.status}{phase}{shut} {told}".rstrip()
