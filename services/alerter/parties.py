"""The parties that speak of casualties, read once from ``parties.toml``: names, spellings, sides, owners."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import get_args

from shared.messages import Reliability

_APOSTROPHES = str.maketrans({"’": "'", "ʼ": "'", "`": "'", "ـ": None})


@dataclass(frozen=True)
class Party:
    """One speaker by its one English name, the side it takes and the feeds it speaks in itself."""

    name: str
    kind: str = "outlet"
    side: str | None = None
    channels: frozenset[str] = frozenset()
    reliability: Reliability | None = None


@dataclass(frozen=True, eq=False)
class Register:
    """Every known party, and the patterns that recognise one in an attribution."""

    parties: Mapping[str, Party]
    spelled: tuple[tuple[re.Pattern[str], str], ...]
    generic: Mapping[str, tuple[tuple[re.Pattern[str], str], ...]]
    channels: Mapping[str, str]
    owners: Mapping[str, str]
    anonymous: re.Pattern[str]
    camps: tuple[frozenset[str], ...] = ()

    def allied(self, side: str, force: str) -> bool:
        """Say whether *force* fights on *side*: it is the same, or both are of one camp."""
        return side == force or any(side in camp and force in camp for camp in self.camps)

    def find(self, words: str, language: str | None) -> str | None:
        """Return the party that *words* name: the longest spelling that occurs, else what the language takes for it."""
        return _find(self, folded(words), language)

    def is_anonymous(self, words: str) -> bool:
        """Say whether *words* speak of unnamed sources rather than of a party itself."""
        return self.anonymous.search(folded(words)) is not None


def folded(text: str) -> str:
    """Return *text* in the form in which names are compared."""
    return " ".join(text.replace("İ", "i").translate(_APOSTROPHES).casefold().split())


@cache
def register() -> Register:
    """Return the parties shipped with the product."""
    return read(shipped())


def shipped() -> str:
    """Return the text of the register shipped with the product, for operators' files to extend."""
    return files(__package__).joinpath("parties.toml").read_text(encoding="utf-8")


def read(*documents: str) -> Register:
    """Return the register of all *documents*, each in the form of ``parties.toml``; a known name is extended."""
    loaded = [tomllib.loads(text) for text in documents]
    entries = [entry for data in loaded for entry in data.get("party", [])]
    owners = {
        folded(outlet): owner for data in loaded for owner, held in data.get("owners", {}).items() for outlet in held
    }
    languages = {language for entry in entries for language in entry.get("generic", {})}
    return Register(
        parties=_parties(entries),
        spelled=tuple((_pattern(s), e["name"]) for e in entries for s in [*e.get("spelled", []), folded(e["name"])]),
        generic={
            language: tuple((_pattern(s), e["name"]) for e in entries for s in e.get("generic", {}).get(language, []))
            for language in languages
        },
        channels={folded(channel): e["name"] for e in entries for channel in e.get("channels", [])},
        owners=owners,
        anonymous=_any(tuple(word for data in loaded for word in data.get("anonymous", []))),
        camps=tuple(frozenset(camp) for data in loaded for camp in data.get("camps", [])),
    )


@lru_cache(maxsize=8192)
def _find(known: Register, text: str, language: str | None) -> str | None:
    """Find a party; feeds name the same few speakers over and over, in hundreds of spellings to be tried."""
    found = _longest(known.spelled, text)
    return found or _longest(known.generic.get(language or "", ()), text)


def _parties(entries: Sequence[Mapping[str, object]]) -> dict[str, Party]:
    parties: dict[str, Party] = {}
    for entry in entries:
        name = str(entry["name"])
        known = parties.get(name, Party(name))
        channels = entry.get("channels", [])
        parties[name] = Party(
            name,
            kind=str(entry.get("kind", known.kind)),
            side=str(entry["side"]) if "side" in entry else known.side,
            channels=known.channels | frozenset(channels if isinstance(channels, list) else []),
            reliability=_reliability(entry) or known.reliability,
        )
    return parties


def _reliability(entry: Mapping[str, object]) -> Reliability | None:
    wanted = entry.get("reliability")
    return next((grade for grade in get_args(Reliability) if grade == wanted), None)


def _longest(patterns: Sequence[tuple[re.Pattern[str], str]], text: str) -> str | None:
    found = [(match.end() - match.start(), name) for pattern, name in patterns if (match := pattern.search(text))]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _pattern(spelling: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){_expression(spelling)}(?!\w)")


def _any(spellings: Sequence[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(_expression, spellings)) or '(?!)'})(?!\w)")


def _expression(spelling: str) -> str:
    return re.escape(folded(spelling)).replace(r"\*", r"\w*").replace(r"\?", r"\w").replace(r"\ ", r"\s+")
