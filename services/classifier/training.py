"""Trains the models from the labelled passages: ``python -m services.classifier.training [--fold N]``.

Reproducible: the same passages and data files give the same model files. Nothing here runs in production.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import defaultdict
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pycrfsuite

from services.classifier.claims import causes, dates, forces, linking, places, speakers, stance, totals
from services.classifier.claims.drafting import CHOICES
from services.classifier.claims.figures import Figure, figures
from services.classifier.data import HERE, Theatre, load_lexicon, load_theatre
from services.classifier.lexicon import Mark
from services.classifier.reading import Reading, read_document

WORD = re.compile(r"\w+")
CHOICE = {"c1": 0.0, "c2": 1.5, "max_iterations": 150}
RESTRAINT = {"force": 4.0, "date": 3.0, "place": 3.0}
"""A stronger penalty on the weights where it was measured to read unseen passages better."""
Row = dict[str, Any]


def load(path: Path) -> list[Row]:
    """Return the rows of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def passages(folder: Path, language: str) -> list[tuple[Row, Row]]:
    """Return the labelled passages of *language*: document and gold."""
    gold = {row["id"]: row for row in load(folder / f"{language}.gold.jsonl")}
    return [(row, gold[row["id"]]) for row in load(folder / f"{language}.docs.jsonl")]


class Collector:
    """Gathers training items: one item per candidate of each decision."""

    def __init__(self, theatre: Theatre) -> None:
        self.theatre = theatre
        self.items: dict[str, list[tuple[list[str], str]]] = defaultdict(list)
        self.documents = 0
        self.lost = 0
        self.claims = 0

    def add(self, reading: Reading, claims: list[Row]) -> None:
        """Take in one labelled document."""
        found = figures(reading)
        self.documents += 1
        pairs, outcomes = self._align(reading, found, claims)
        for pair in linking.pairs(reading, found):
            self.items["link"].append(
                (pair.row, _yes(bool(outcomes[pair.figure] & set(linking.outcomes_of(pair.mark)))))
            )
        scene = speakers.speakers(reading), places.places(reading, self.theatre.places), dates.moments(reading)[0]
        seen: set[int] = set()
        before = None
        for at, claim in pairs:
            if at not in seen:
                self._choices(reading, found, at, claim, scene, before)
            seen.add(at)
            before = claim["force"]

    def _align(
        self, reading: Reading, found: list[Figure], claims: list[Row]
    ) -> tuple[list[tuple[int, Row]], dict[int, set[str]]]:
        outcomes: dict[int, set[str]] = defaultdict(set)
        pairs: list[tuple[int, Row]] = []
        for claim in claims:
            self.claims += 1
            chosen = _figures_of(reading, found, claim)
            if not chosen:
                self.lost += 1
                continue
            pairs.extend((at, claim) for at in chosen)
            for at in chosen:
                outcomes[at].add(claim["outcome"])
            _mark_title(reading, found, claim, chosen, outcomes)
        pairs.sort(key=lambda pair: pair[0])
        return pairs, outcomes

    def _choices(  # noqa: PLR0917 - one figure and its surroundings
        self,
        reading: Reading,
        found: list[Figure],
        at: int,
        claim: Row,
        scene: tuple[Any, Any, Any],
        before: str | None,
    ) -> None:
        figure = found[at]
        spoken, marks, moments = scene
        outcome = _outcome_of(reading, figure, claim)
        for key, row, _ in forces.candidates(reading, figure, self.theatre.parties, before, outcome):
            self.items["force"].append((row, _yes(key == claim["force"])))
        speaker = None
        for candidate, row in speakers.candidates(reading, figure, spoken, self.theatre.parties):
            same = _same_speaker(reading.words(candidate.first, candidate.last), claim.get("attributed_to"))
            speaker = candidate if same and speaker is None else speaker
            self.items["speaker"].append((row, _yes(same)))
        row = stance.features(reading, figure, claim["force"], speaker, self.theatre.parties)
        self.items["stance"].append((row, claim["stance"]))
        for mark, row in places.candidates(reading, figure, marks, self.theatre.places):
            place = self.theatre.places[int(mark.value)]
            self.items["place"].append(
                (row, _yes(bool(claim.get("place")) and place.governorate == claim.get("governorate")))
            )
        for moment, row in dates.candidates(reading, figure, moments):
            self.items["date"].append((row, _yes(str(moment.day) == claim.get("date"))))
        for mark, row in causes.candidates(reading, figure, claim["outcome"]):
            self.items["cause"].append((row, _yes(mark.value == claim.get("cause"))))
        scope = totals.features(reading, figure, found[at - 1] if at else None)
        self.items["total"].append((scope, _yes(claim.get("incident") is None)))
        self.items["part"].append((scope, _yes(bool(claim.get("part")))))


def _outcome_of(reading: Reading, figure: Figure, claim: Row) -> Mark | None:
    """Return the word of the claim's outcome nearest to its figure."""
    sentence = reading.sentences[figure.sentence]
    marks = [
        mark
        for mark in linking.outcome_marks(reading, sentence.first, sentence.last)
        if claim["outcome"] in linking.outcomes_of(mark)
    ]
    return min(marks, key=lambda mark: abs(mark.first - figure.head), default=None)


def _yes(value: bool) -> str:  # noqa: FBT001
    return "y" if value else "n"


def _same_speaker(words: str, gold: str | None) -> bool:
    mine, theirs = set(WORD.findall(words.lower())), set(WORD.findall((gold or "").lower()))
    return bool(theirs) and len(mine & theirs) / max(1, min(len(mine), len(theirs))) >= 0.5  # noqa: PLR2004


def _figures_of(reading: Reading, found: list[Figure], claim: Row) -> list[int]:
    """Return the figures that state *claim*: one, or two that add up to it."""
    start = reading.document.find(claim["evidence"], reading.title_end)
    start = start if start >= 0 else reading.document.find(claim["evidence"])
    end = start + len(claim["evidence"])
    inside = [at for at, f in enumerate(found) if start - 1 <= reading.tokens[f.head].start < end]
    low, high = claim["min"], claim["max"]
    exact = [at for at in inside if _states(reading, found[at], low, high, claim)]
    if exact:
        return [max(exact, key=lambda at: _fit(reading, found[at], claim))]
    for left, right in pairwise(inside):
        a, b = found[left], found[right]
        if (
            a.sentence == b.sentence
            and None not in (a.low, a.high, b.low, b.high, low)
            and (a.low or 0) + (b.low or 0) == low == high
        ):
            return [left, right]
    return []


def _states(reading: Reading, figure: Figure, low: int | None, high: int | None, claim: Row) -> bool:
    if claim["stance"] == "denied" and figure.kind == "none":
        return True
    if (figure.low, figure.high) == (low, high):
        return True
    sentence = reading.sentences[figure.sentence]
    if low is None and reading.find("neutral", sentence.first, sentence.last):
        return figure.high == high
    return (
        (low, high) == (2, None) and bool(reading.find("both", sentence.first, sentence.last)) and figure.kind != "none"
    )


def _fit(reading: Reading, figure: Figure, claim: Row) -> float:
    sentence = reading.sentences[figure.sentence]
    steps = [
        abs(mark.first - figure.head)
        for mark in linking.outcome_marks(reading, sentence.first, sentence.last)
        if claim["outcome"] in mark.value or mark.kind == "neutral"
    ]
    own = forces.resolve(figure.forces, figure.role)
    exact = (figure.low, figure.high) == (claim["min"], claim["max"])
    civil = figure.role in {"civ", "bomber"}
    return (6 if own == claim["force"] else 0) + (4 if exact else 0) - min([*steps, 12]) - (10 if civil else 0)


def _mark_title(
    reading: Reading,
    found: list[Figure],
    claim: Row,
    chosen: list[int],
    outcomes: dict[int, set[str]],
) -> None:
    for at, figure in enumerate(found):
        in_title = reading.tokens[figure.head].start < reading.title_end
        same = (figure.low, figure.high) == (claim["min"], claim["max"]) and figure.role != "civ"
        sentence = reading.sentences[figure.sentence]
        spoken = any(claim["outcome"] in m.value for m in linking.outcome_marks(reading, sentence.first, sentence.last))
        if at not in chosen and in_title and same and spoken:
            outcomes[at].add(claim["outcome"])


def train(collector: Collector, folder: Path) -> None:
    """Write one model file per decision into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in CHOICES:
        params = {**CHOICE, "c2": RESTRAINT.get(name, CHOICE["c2"])}
        trainer = pycrfsuite.Trainer(algorithm="lbfgs", params=params, verbose=False)
        for row, label in collector.items[name]:
            trainer.append([row], [label])
        trainer.train(str(folder / f"{name}.crfsuite"))


def collect(folder: Path, languages: list[str], keep: Any = None) -> Collector:
    """Read the labelled passages of *languages* that *keep* lets through."""
    theatre = load_theatre()
    collector = Collector(theatre)
    for language in languages:
        lexicon = load_lexicon(language, theatre)
        for at, (doc, gold) in enumerate(passages(folder, language)):
            if keep and not keep(at):
                continue
            document = f"{doc.get('title') or ''}\n{doc['text']}"
            when = datetime.fromisoformat(doc["published_at"])
            reading = read_document(document, language, lexicon, when, len(doc.get("title") or ""))
            collector.add(reading, gold["claims"])
    return collector


def main() -> None:
    """Train on every passage, or on four in five with ``--fold N``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=Path, default=HERE / "labelled")
    parser.add_argument("--models", type=Path, default=HERE / "models")
    parser.add_argument("--fold", type=int, help="leave out every fifth passage from this one on")
    options = parser.parse_args()
    languages = sorted(path.name.split(".")[0] for path in options.passages.glob("*.gold.jsonl"))
    keep = None if options.fold is None else (lambda at: at % 5 != options.fold)
    collector = collect(options.passages, languages, keep)
    train(collector, options.models)
    sys.stdout.write(f"claims {collector.claims}, without a phrase {collector.lost}, documents {collector.documents}\n")


if __name__ == "__main__":
    main()
