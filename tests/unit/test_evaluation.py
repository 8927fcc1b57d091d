"""The accuracy table: small cases by hand, and the same figures as the reference scorer on the labelled sets."""

from __future__ import annotations

import copy
import importlib.util
import json
import random
from pathlib import Path
from typing import Any

import pytest

from services.evaluation import Ratio, Table, conflict, evaluate, evaluate_by
from services.speakers import same_speaker, speaker

LABELLED = Path(__file__).parents[3] / "shared" / "eval"
Json = dict[str, Any]


def document(name: str, day: int, text: str = "two soldiers were killed", lang: str = "en") -> Json:
    return {
        "id": name, "source": {"id": "agency", "name": "Agency", "kind": "rss"}, "title": None, "text": text,
        "lang": lang, "published_at": f"2016-02-{day:02}T00:00:00Z",
    }  # fmt: skip


def claim(**changes: Any) -> Json:
    return {
        "outcome": "killed", "min": 2, "max": 2, "force": "RU", "governorate": "Homs", "date": "2016-02-01",
        "cause": "mortar", "stance": "reported", "attributed_to": "SOHR", "party": "SOHR", "incident": "a",
        "evidence": "two soldiers were killed",
    } | changes  # fmt: skip


def labels(name: str, *claims: Json) -> Json:
    return {"id": name, "relevant": bool(claims), "claims": list(claims)}


def result(name: str, *claims: Json, alerts: tuple[tuple[str, str], ...] = ()) -> Json:
    told = [{"kind": kind, "incident": incident, "summary": ""} for kind, incident in alerts]
    return {**labels(name, *claims), "alerts": told}


def test_a_perfect_result_is_perfect() -> None:
    docs = [document("1", 1), document("2", 2)]
    gold = [labels("1", claim()), labels("2")]
    table = evaluate(docs, gold, [result("1", claim(incident="x"), alerts=(("new", "x"),)), result("2")])
    for ratio in (table.relevance, table.strict, table.lenient, table.linking, table.new, table.conflict):
        assert ratio.f1 == 1.0
    assert table.evidence == 1.0
    assert set(table.slots.values()) == {1.0}
    assert (table.documents, table.missing, table.late) == (2, 0, 0)


def test_a_missing_document_counts_against_recall() -> None:
    table = evaluate([document("1", 1)], [labels("1", claim())], [])
    assert table.missing == 1
    assert table.relevance == Ratio(0, 0, 1)
    assert table.strict.recall == 0
    assert table.evidence is None


def test_ranges_must_be_equal_strictly_and_overlap_leniently() -> None:
    table = evaluate([document("1", 1)], [labels("1", claim(min=2, max=None))], [result("1", claim(min=3, max=3))])
    assert table.strict.right == 0
    assert table.lenient.right == 1
    other = evaluate([document("1", 1)], [labels("1", claim())], [result("1", claim(force="ARMED"))])
    assert (other.strict.right, other.lenient.right) == (0, 1)


def test_each_claim_is_used_once_and_the_best_agreement_first() -> None:
    twin = claim(cause=None)
    table = evaluate([document("1", 1)], [labels("1", claim())], [result("1", twin, claim())])
    assert table.strict == Ratio(1, 2, 1)
    assert table.slots["cause"] == 1.0


def test_a_slot_that_gold_leaves_open_must_be_open() -> None:
    table = evaluate([document("1", 1)], [labels("1", claim(date=None))], [result("1", claim())])
    assert table.slots["date"] == 0.0


def test_a_second_new_alert_is_false_and_a_late_one_is_counted() -> None:
    docs = [document("1", 1), document("2", 2), document("3", 3)]
    gold = [labels(name, claim()) for name in "123"]
    table = evaluate(
        docs,
        gold,
        [
            result("1", claim(incident="x")),
            result("2", claim(incident="x"), alerts=(("new", "x"),)),
            result("3", claim(incident="x"), alerts=(("new", "x"),)),
        ],
    )
    assert table.new == Ratio(1, 2, 1)
    assert table.late == 1


def test_the_same_conflict_is_expected_once() -> None:
    docs = [document(name, day) for day, name in enumerate("123", 1)]
    other = claim(min=4, max=4, party="opposition", attributed_to="opposition")
    gold = [labels("1", claim()), labels("2", other), labels("3", other)]
    table = evaluate(
        docs,
        gold,
        [
            result("1", claim(incident="x")),
            result("2", claim(min=4, max=4, incident="x"), alerts=(("conflict", "x"),)),
            result("3", claim(min=4, max=4, incident="x"), alerts=(("conflict", "x"),)),
        ],
    )
    assert table.conflict == Ratio(1, 2, 1)


@pytest.mark.parametrize(
    ("left", "right", "same_party", "kind"),
    [
        ({}, {"min": 4, "max": 4}, False, "count"),
        ({}, {"min": 4, "max": 4}, True, None),
        ({}, {"min": 4, "max": 4, "part": True}, False, None),
        ({}, {"min": 1, "max": None}, False, None),
        ({}, {"stance": "denied"}, True, "denial"),
        ({"stance": "denied"}, {"stance": "denied", "min": 9, "max": 9}, False, None),
        ({}, {"cause": "mine"}, True, "cause"),
        ({}, {"cause": "other"}, False, None),
        ({}, {"cause": None}, False, None),
        ({}, {"governorate": "Idlib"}, True, "place"),
        ({}, {"force": "SY", "min": 4, "max": 4}, False, None),
        ({}, {"outcome": "wounded", "min": 4, "max": 4}, False, None),
    ],
)
def test_what_conflicts(left: Json, right: Json, same_party: object, kind: str | None) -> None:
    found = conflict(claim(**left), claim(**right), left_party="a", right_party="a" if same_party else "b")
    assert (found[0] if found else None) == kind


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("SOHR", "Syrian Observatory for Human Rights", True),
        ("المرصد السوري لحقوق الإنسان", "SOHR", True),
        ("Минобороны РФ", "Russian Defence Ministry", True),
        ("a local commander", "the commander", True),
        ("a medic in Idlib", "Reuters", False),
        (None, "SOHR", False),
        (None, None, True),
    ],
)
def test_speakers_are_the_same_however_spelled(left: str | None, right: str | None, same: object) -> None:
    assert same_speaker(left, right) is same


def test_an_unknown_speaker_has_no_name() -> None:
    assert speaker("a neighbour") is None
    assert speaker("SOHR quoted by state media") == "SOHR"


def test_one_table_for_each_value_of_a_field() -> None:
    docs = [document("1", 1), document("2", 2, lang="ru")]
    tables = evaluate_by("lang", docs, [labels("1", claim()), labels("2")], [result("1", claim()), result("2")])
    assert {value: table.documents for value, table in tables.items()} == {"en": 1, "ru": 1}


def disturbed(gold: list[Json], seed: int) -> list[Json]:
    """Return results that are right in parts: slots lost, ranges opened, documents missing, alerts at random."""
    chance = random.Random(seed)
    results = []
    for one in gold:
        made = copy.deepcopy(one)
        for said in made["claims"]:
            if chance.random() < 0.3:
                said[chance.choice(["cause", "governorate", "date", "attributed_to", "incident"])] = None
            if chance.random() < 0.2:
                said[chance.choice(["force", "min", "evidence"])] = None
        if chance.random() < 0.1:
            made["relevant"] = not made["relevant"]
        incidents = sorted({said["incident"] for said in made["claims"] if said["incident"]})
        made["alerts"] = [{"kind": chance.choice(["new", "conflict", "update"]), "incident": key} for key in incidents]
        if chance.random() < 0.95:
            results.append(made)
    return results


def as_reference(table: Table) -> Json:
    def ratio(one: Ratio) -> Json:
        figures = {"precision": one.precision, "recall": one.recall, "f1": one.f1}
        return figures | {"tp": one.right, "predicted": one.found, "gold": one.there}

    return {
        "documents": table.documents, "missing": table.missing, "relevance": ratio(table.relevance),
        "claims strict": ratio(table.strict), "claims lenient": ratio(table.lenient), "slots": dict(table.slots),
        "evidence verbatim": table.evidence, "linking": ratio(table.linking),
        "new": ratio(table.new) | {"late": table.late}, "conflict": ratio(table.conflict),
    }  # fmt: skip


@pytest.mark.skipif(not LABELLED.is_dir(), reason="the labelled sets and their scorer are not beside this repository")
@pytest.mark.parametrize("name", ["stories-dev", "fakes-dev", "reuters-dev"])
def test_the_figures_are_those_of_the_reference_scorer(name: str) -> None:
    spec = importlib.util.spec_from_file_location("reference_scorer", LABELLED / "score.py")
    assert spec is not None
    assert spec.loader is not None
    scorer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scorer)
    docs, gold = (
        [json.loads(line) for line in (LABELLED / f"{name}.{kind}.jsonl").read_bytes().splitlines()]
        for kind in ("docs", "gold")
    )
    for seed in range(3):
        results = disturbed(gold, seed)
        expected, _ = scorer.score(gold, results, docs)
        assert as_reference(evaluate(docs, gold, results)) == expected
