"""The accuracy table: what the pipeline made of labelled documents, against the labels. Pure.

Documents, gold and results are the JSON objects of their files, one for each document. The figures, from 0 to 1:

relevance   precision, recall and F1 over documents
claims      strict: outcome, force and both ends of the range right; lenient: outcome right, force right or one side
            ARMED, ranges overlap. Each gold and each predicted claim is used once, best agreement of slots first
slots       share right on strictly matched claims; a slot that gold leaves null must be null
evidence    share of predicted claims whose evidence is a verbatim part of the document
linking     pairwise: two documents belong together when they share an incident
new         one alert for each gold incident; any further one is false
conflict    alerts for conflicting claims, by (document, incident)
calibration of the claims given some confidence, the share that is strictly right

The words (claim, range, party, conflict) are those of ``docs/glossary.md``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from services.calibration import Bin, curve
from services.speakers import same_speaker, speaker

Json = Mapping[str, Any]
Rule = Callable[[Json, Json], bool]

SLOTS = ("date", "governorate", "cause", "stance", "attributed_to", "scope")
ENDLESS = float("inf")


@dataclass(frozen=True)
class Ratio:
    """How many were right, of how many found and how many there are."""

    right: int
    found: int
    there: int

    @property
    def precision(self) -> float:
        """Share of the found ones that are right; 1 when there was nothing to find and nothing was found."""
        if self.found:
            return self.right / self.found
        return 0.0 if self.there else 1.0

    @property
    def recall(self) -> float:
        """Share of those there that were found."""
        return self.right / self.there if self.there else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(frozen=True)
class Table:
    """The figures for one set of documents. ``late`` counts new alerts raised by a later document than the first."""

    documents: int
    missing: int
    relevance: Ratio
    strict: Ratio
    lenient: Ratio
    slots: Mapping[str, float | None]
    evidence: float | None
    linking: Ratio
    new: Ratio
    late: int
    conflict: Ratio
    calibration: Sequence[Bin] = ()


@dataclass(frozen=True)
class _Pair:
    """One document with its labels and what was made of it."""

    id: str
    source: str
    document: str | None
    gold: Json
    result: Json
    claims: Sequence[Json] = field(init=False)
    found: Sequence[Json] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "claims", self.gold.get("claims") or [])
        object.__setattr__(self, "found", self.result.get("claims") or [])


def evaluate(documents: Sequence[Json], gold: Sequence[Json], results: Sequence[Json]) -> Table:
    """Return the table of *results* against *gold* over those *documents* that are labelled."""
    made = {result["id"]: result for result in results}
    pairs = list(_stream(documents, gold, made))
    strict = [(pair, _match(pair.claims, pair.found, is_strict)) for pair in pairs]
    lenient = [(pair, _match(pair.claims, pair.found, is_lenient)) for pair in pairs]
    keys = _keys(lenient)
    new, late = _new_alerts(pairs, keys)
    return Table(
        documents=len(pairs),
        missing=sum(pair.id not in made for pair in pairs),
        relevance=_relevance(pairs),
        strict=_ratio(strict),
        lenient=_ratio(lenient),
        slots=_slots(strict),
        evidence=_evidence(pairs),
        linking=_linking(pairs),
        new=new,
        late=late,
        conflict=_conflict_alerts(pairs, keys),
        calibration=curve(_judged(strict)),
    )


def _judged(matched: Sequence[tuple[_Pair, list[tuple[int, int]]]]) -> Iterator[tuple[float, bool]]:
    """Return for each claim that states its confidence what that is, and whether the claim is strictly right."""
    for pair, found in matched:
        right = {j for _, j in found}
        for number, claim in enumerate(pair.found):
            if claim.get("confidence") is not None:
                yield float(claim["confidence"]), number in right


def evaluate_by(
    name: str, documents: Sequence[Json], gold: Sequence[Json], results: Sequence[Json]
) -> dict[str, Table]:
    """Return one table for each value of the documents' field *name*."""
    parts: dict[str, list[Json]] = defaultdict(list)
    for document in documents:
        parts[str(document.get(name))].append(document)
    tables = {}
    for value, part in sorted(parts.items()):
        ids = {document["id"] for document in part}
        tables[value] = evaluate(part, [label for label in gold if label["id"] in ids], results)
    return tables


def is_strict(gold: Json, found: Json) -> bool:
    """Whether outcome, force and both ends of the range are right."""
    return all(gold.get(name) == found.get(name) for name in ("outcome", "force", "min", "max"))


def is_lenient(gold: Json, found: Json) -> bool:
    """Whether the outcome is right, the force is right or open, and the ranges overlap."""
    forces = {gold["force"], found.get("force")}
    return gold["outcome"] == found.get("outcome") and (len(forces) == 1 or "ARMED" in forces) and _overlap(gold, found)


def conflict(left: Json, right: Json, *, left_party: str, right_party: str) -> tuple[str, frozenset[Any]] | None:
    """Return the kind of conflict between two claims on one incident and the values that clash; None: no conflict."""
    if (left["force"], left["outcome"]) != (right["force"], right["outcome"]):
        return None
    denials = (left["stance"] == "denied") + (right["stance"] == "denied")
    if denials == 1:
        return "denial", frozenset((claim["stance"], _span(claim)) for claim in (left, right))
    if denials == 2:  # noqa: PLR2004 - both
        return None
    part = left.get("part") or right.get("part")
    if left_party != right_party and not part and not _overlap(left, right):
        return "count", frozenset((_span(left), _span(right)))
    causes = {left.get("cause"), right.get("cause")}
    if len(causes - {None}) == 2 and "other" not in causes:  # noqa: PLR2004 - both state one, and they differ
        return "cause", frozenset(causes)
    places = {left.get("governorate"), right.get("governorate")} - {None}
    return ("place", frozenset(places)) if len(places) == 2 else None  # noqa: PLR2004 - the same


def _stream(documents: Sequence[Json], gold: Sequence[Json], made: Mapping[str, Json]) -> Iterator[_Pair]:
    labels = {label["id"]: label for label in gold}
    for document in sorted(documents, key=lambda one: str(one.get("published_at", ""))):
        if document["id"] in labels:
            text = f"{document.get('title') or ''}\n{document.get('text') or ''}"
            source = str((document.get("source") or {}).get("id", ""))
            name = document["id"]
            yield _Pair(name, source, text, labels[name], made.get(name, {}))


def _relevance(pairs: Sequence[_Pair]) -> Ratio:
    said = [bool(pair.result.get("relevant")) for pair in pairs]
    true = [bool(pair.gold["relevant"]) for pair in pairs]
    return Ratio(sum(a and b for a, b in zip(said, true, strict=True)), sum(said), sum(true))


def _match(gold: Sequence[Json], found: Sequence[Json], rule: Rule) -> list[tuple[int, int]]:
    """Return pairs of positions, one to one; ties go to the earliest claims."""
    ranked = sorted(
        (-_agreement(left, right), i, j)
        for i, left in enumerate(gold)
        for j, right in enumerate(found)
        if rule(left, right)
    )
    taken: list[tuple[int, int]] = []
    for _, i, j in ranked:
        if all(i != one and j != other for one, other in taken):
            taken.append((i, j))
    return taken


def _agreement(gold: Json, found: Json) -> int:
    return sum(_slot_right(name, gold, found) for name in SLOTS)


def _slot_right(name: str, gold: Json, found: Json) -> bool:
    if name == "scope":
        return (gold.get("incident") is None) == (found.get("incident") is None)
    if name == "attributed_to":
        return same_speaker(gold.get(name), found.get(name))
    return bool(gold.get(name) == found.get(name))


def _ratio(matches: Iterable[tuple[_Pair, Sequence[tuple[int, int]]]]) -> Ratio:
    listed = list(matches)
    return Ratio(
        sum(len(matched) for _, matched in listed),
        sum(len(pair.found) for pair, _ in listed),
        sum(len(pair.claims) for pair, _ in listed),
    )


def _slots(matches: Iterable[tuple[_Pair, Sequence[tuple[int, int]]]]) -> dict[str, float | None]:
    both = [(pair.claims[i], pair.found[j]) for pair, matched in matches for i, j in matched]
    if not both:
        return dict.fromkeys(SLOTS)
    return {name: sum(_slot_right(name, gold, found) for gold, found in both) / len(both) for name in SLOTS}


def _evidence(pairs: Sequence[_Pair]) -> float | None:
    quotes = [(claim.get("evidence"), pair.document or "") for pair in pairs for claim in pair.found]
    return sum(bool(quote) and str(quote) in text for quote, text in quotes) / len(quotes) if quotes else None


def _incidents(claims: Iterable[Json]) -> set[str]:
    return {claim["incident"] for claim in claims if claim.get("incident")}


def _keys(lenient: Sequence[tuple[_Pair, Sequence[tuple[int, int]]]]) -> dict[tuple[str, str], str]:
    """Return which gold incident each (document, predicted incident) stands for, as its matched claims tell."""
    keys: dict[tuple[str, str], str] = {}
    for pair, matched in lenient:
        for i, j in matched:
            own, theirs = pair.claims[i].get("incident"), pair.found[j].get("incident")
            if own and theirs:
                keys.setdefault((pair.id, theirs), own)
        true, said = _incidents(pair.claims), _incidents(pair.found)
        if len(true) == 1 and len(said) == 1:
            keys.setdefault((pair.id, next(iter(said))), next(iter(true)))
    return keys


def _linking(pairs: Sequence[_Pair]) -> Ratio:
    true = _together({pair.id: _incidents(pair.claims) for pair in pairs})
    said = _together({pair.id: _incidents(pair.found) for pair in pairs})
    return Ratio(len(true & said), len(said), len(true))


def _together(incidents: Mapping[str, set[str]]) -> set[frozenset[str]]:
    members: dict[str, set[str]] = defaultdict(set)
    for document, keys in incidents.items():
        for key in keys:
            members[key].add(document)
    return {frozenset(two) for ids in members.values() for two in combinations(sorted(ids), 2)}


def _alerts(pair: _Pair, kind: str) -> list[str]:
    return [alert.get("incident") for alert in pair.result.get("alerts") or [] if alert.get("kind") == kind]


def _new_alerts(pairs: Sequence[_Pair], keys: Mapping[tuple[str, str], str]) -> tuple[Ratio, int]:
    first: dict[str, str] = {}
    for pair in pairs:
        for claim in pair.claims:
            if claim.get("incident"):
                first.setdefault(claim["incident"], pair.id)
    seen: set[str] = set()
    found = late = 0
    for pair in pairs:
        for said in _alerts(pair, "new"):
            found += 1
            key = keys.get((pair.id, said))
            if key is not None and key not in seen:
                seen.add(key)
                late += first.get(key) != pair.id
    return Ratio(len(seen), found, len(first)), late


def _conflict_alerts(pairs: Sequence[_Pair], keys: Mapping[tuple[str, str], str]) -> Ratio:
    expected = _expected_conflicts(pairs)
    said = {(pair.id, keys.get((pair.id, key), f"?{key}")) for pair in pairs for key in _alerts(pair, "conflict")}
    return Ratio(len(expected & said), len(said), len(expected))


def _expected_conflicts(pairs: Sequence[_Pair]) -> set[tuple[str, str]]:
    """Return the (document, incident) that raise a conflict not raised before."""
    record: dict[str, list[tuple[str, Json]]] = defaultdict(list)
    raised: set[tuple[Any, ...]] = set()
    expected: set[tuple[str, str]] = set()
    for pair in pairs:
        for claim in pair.claims:
            key = claim.get("incident")
            if not key:
                continue
            party = _party(claim, pair.source)
            for other, earlier in record[key]:
                clash = conflict(earlier, claim, left_party=other, right_party=party)
                mark = (key, claim["force"], claim["outcome"], clash)
                if clash and mark not in raised:
                    raised.add(mark)
                    expected.add((pair.id, key))
            record[key].append((party, claim))
    return expected


def _party(claim: Json, source: str) -> str:
    """Return who says so: the labelled party, else a known speaker, else the words, else the outlet."""
    if claim.get("party"):
        return str(claim["party"]).lower()
    said = claim.get("attributed_to")
    return speaker(said) or str(said or f"outlet:{source}").lower()


def _span(claim: Json) -> tuple[float, float]:
    low, high = claim.get("min"), claim.get("max")
    return (0 if low is None else low, ENDLESS if high is None else high)


def _overlap(left: Json, right: Json) -> bool:
    (low, high), (other_low, other_high) = _span(left), _span(right)
    return bool(low <= other_high and other_low <= high)
