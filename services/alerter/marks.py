"""What the words of a claim tell about its incident in any language: type designations, roles, months, years."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from services.alerter.parties import folded
from services.alerter.sounds import latin
from shared.messages import Claim

_DESIGNATION = re.compile(r"(?<!\w)([^\W\d_]{1,3})-?(\d{2,3})[^\W\d_]{0,2}(?!\w)")
_YEAR = re.compile(r"(?<!\d)(20[12]\d)(?!\d)")


@dataclass(frozen=True)
class Marks:
    """Type designations (``su24``), roles (``pilot``), months 1 to 12 and years that a text mentions."""

    types: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    months: frozenset[int] = frozenset()
    years: frozenset[int] = frozenset()


def marks(claim: Claim) -> Marks:
    """Return the marks of *claim*: those of its evidence, and its role."""
    return _marks(f"{claim.evidence} {claim.role or ''}")


@lru_cache(maxsize=8192)
def _marks(text: str) -> Marks:
    plain = folded(text)
    return Marks(
        types=frozenset(latin(m.group(1)) + m.group(2) for m in _DESIGNATION.finditer(plain)),
        roles=frozenset(role for role, pattern in _lexicon()["roles"].items() if pattern.search(plain)),
        months=frozenset(int(month) for month, pattern in _lexicon()["months"].items() if pattern.search(plain)),
        years=frozenset(int(year) for year in _YEAR.findall(plain)),
    )


@cache
def _lexicon() -> Mapping[str, Mapping[str, re.Pattern[str]]]:
    data = tomllib.loads(files(__package__).joinpath("marks.toml").read_text(encoding="utf-8"))
    return {
        kind: {
            key: re.compile(rf"(?<!\w)(?:{'|'.join(map(_expression, words))})(?!\w)") for key, words in table.items()
        }
        for kind, table in data.items()
    }


def _expression(word: str) -> str:
    return re.escape(folded(word)).replace(r"\*", r"\w*").replace(r"\?", r"\w").replace(r"\ ", r"\s+")
