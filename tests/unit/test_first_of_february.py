"""The case by which the ledger is judged: Russian losses in Latakia on 1 February 2016, as six pages told of them."""

from __future__ import annotations

import itertools

import pytest

from services.alerter.comparison import compare
from services.alerter.policy import PolicySettings
from shared.messages import Alert, Claim, Incident, Statement, TaggedItem
from tests.support.statements import Ledger, claim, raw, tagged

FEBRUARY = "2016-02-01"
MINISTRY, OPPOSITION = "Russian Defence Ministry", "opposition sources quoted by Anadolu"
REPLAY = PolicySettings(live=False)


def adviser(**fields: object) -> Claim:
    told = {"date": FEBRUARY, "cause": "mortar", "stance": "confirmed", "party": MINISTRY, "role": "adviser"}
    return claim(1, **{**told, **fields})


def generals(**fields: object) -> Claim:
    told = {
        "stance": "alleged",
        "party": OPPOSITION,
        "role": "generals",
        "evidence": "four generals were killed",
    }
    return claim(4, **{**told, **fields})


def pages() -> list[TaggedItem]:
    """Return the pages in the order of their publication."""
    mountain = {"place": "Turkmen Mountain", "governorate": "Latakia", "date": FEBRUARY}
    return [
        tagged(
            raw("2016-02-03T10:40", "UAWire"),
            claim(15, force="SY", stance="alleged", attributed_to="the opposition", cause="airstrike", **mountain),
            generals(cause="airstrike", start=40, **mountain),
        ),
        tagged(
            raw("2016-02-03T16:00", "IMLebanon"),
            adviser(perpetrator="OPP", evidence="مقتل مستشار عسكري روسي بقذيفة هاون"),
            lang="ar",
        ),
        tagged(
            raw("2016-02-03T18:00", "Al Bawaba"),
            adviser(perpetrator="IS", role="officer", start=0, evidence="Moscow confirmed the death of one officer"),
            claim(15, force="SY", stance="alleged", party=OPPOSITION, start=300, **mountain),
            generals(start=320, perpetrator="OPP", **mountain),
        ),
        tagged(
            raw("2016-02-04T09:00", "The Moscow Times"),
            adviser(perpetrator="IS", governorate="Homs", start=0, evidence="one of its advisers had been killed"),
            generals(start=800),
            claim(
                9, force="RU-PMC", cause="mortar", stance="alleged", party="The Wall Street Journal", background=True,
                start=1400, evidence="nine contractors had died in Syria last fall when a mortar hit their base",
            ),
        ),
    ]  # fmt: skip


def told(items: list[TaggedItem]) -> tuple[Ledger, list[Alert]]:
    book = Ledger()
    return book, [alert for item in items for alert in book.take(item, REPLAY)]


def the_incident(book: Ledger) -> Incident:
    (found,) = [one for one in book.incidents.values() if any(s.claim.force == "RU" for s in one.statements)]
    return found


def test_it_is_one_incident_and_the_contractors_are_another() -> None:
    book, _ = told(pages())
    assert len(book.incidents) == 2
    (old,) = [one for one in book.incidents.values() if one.id != the_incident(book).id]
    assert [(s.claim.force, s.claim.background) for s in old.statements] == [("RU-PMC", True)]


def test_one_to_four_russians_and_up_to_fifteen_in_all() -> None:
    incident = the_incident(told(pages())[0])
    figures = {f.force: (f.min, f.max) for f in incident.figures if f.outcome == "killed"}
    assert figures == {"RU": (1, 4), "SY": (15, 15)}
    shares = {s.kind: (s.min, s.max) for f in incident.figures if f.force == "RU" for s in f.shares}
    assert shares["own side"] == (1, 1)
    assert shares["anonymous"] == (4, 4)
    assert incident.grade == "contested"


def test_count_rank_perpetrator_cause_and_place_are_in_dispute() -> None:
    incident = the_incident(told(pages())[0])
    assert {d.dimension for d in incident.disputes} == {"count", "identity", "perpetrator", "cause", "place"}
    assert all(d.reason.endswith(".") for d in incident.disputes)


def by_outlet(incident: Incident, outlet: str, number: int) -> Statement:
    return next(s for s in incident.statements if s.source.name == outlet and s.claim.min == number)


def test_officer_and_adviser_agree_and_fifteen_is_no_conflict_with_four() -> None:
    incident = the_incident(told(pages())[0])
    officer, one_adviser = by_outlet(incident, "Al Bawaba", 1), by_outlet(incident, "IMLebanon", 1)
    verdicts = {v.dimension: v.relation for v in compare(one_adviser, officer)}
    assert (verdicts["count"], verdicts["identity"]) == ("agrees", "agrees")
    fifteen, four = by_outlet(incident, "UAWire", 15), by_outlet(incident, "UAWire", 4)
    assert {v.relation for v in compare(fifteen, four)} == {"not comparable"}


def test_the_ministrys_relays_disagree_on_the_perpetrator() -> None:
    incident = the_incident(told(pages())[0])
    lebanon, bawaba = by_outlet(incident, "IMLebanon", 1), by_outlet(incident, "Al Bawaba", 1)
    assert lebanon.voice == bawaba.voice == MINISTRY
    assert {v.dimension: v.relation for v in compare(lebanon, bawaba)}["perpetrator"] == "conflicts"


def test_anadolu_seen_three_times_is_one_chain() -> None:
    incident = the_incident(told(pages())[0])
    assert len({s.voice for s in incident.statements if s.claim.min == 4}) == 1
    russians = next(f for f in incident.figures if f.force == "RU")
    assert russians.voices == 2


def test_it_is_new_once_each_dispute_is_raised_once_and_the_contractors_are_old_news() -> None:
    _, alerts = told(pages())
    assert [alert.kind for alert in alerts].count("new") == 2
    live = Ledger()
    sent = [alert for page in pages() for alert in live.take(page) if not alert.suppressed]
    assert [alert.kind for alert in sent].count("new") == 1
    raised = [(c.dimension, c.left.claim.id, c.right.claim.id) for alert in sent for c in alert.conflicts]
    assert len(raised) == len(set(raised))
    assert "count" in {dimension for dimension, _, _ in raised}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_order_of_arrival_does_not_change_the_incident(order: tuple[int, ...]) -> None:
    items = pages()
    book, _ = told([*(items[i] for i in order), items[3]])
    assert len(book.incidents) == 2
    assert {s.source.name for s in the_incident(book).statements} == {item.item.source.name for item in items}
