"""The pure decisions: whom to ask about, what to take in, when to leave an endpoint alone."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from services.classifier.second_reader.breaker import Breaker
from services.classifier.second_reader.combining import combine
from services.classifier.second_reader.selection import asks
from services.classifier.second_reader.validation import Verdict
from shared.messages import Claim, TaggedItem
from tests.support.second_reader import NOW, TEXT, doubtful, own_claim, settings

OTHER = (95, 108)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("tagged", "asked"),
    [
        (doubtful(score=0.45), True),
        (doubtful(score=0.35), True),
        (doubtful(score=0.34), False),
        (doubtful(score=0.65, relevant=True), True),
        (doubtful(score=0.66, relevant=True), False),
        (doubtful(TEXT, own_claim(confidence=0.9), score=0.95), False),
        (doubtful(TEXT, own_claim(confidence=0.9), own_claim(confidence=0.49), score=0.95), True),
        (doubtful(TEXT, own_claim(confidence=0.5), score=0.95), False),
        (doubtful(score=0.0), False),
        (doubtful(" \n "), False),
        (doubtful(change="deleted"), False),
        (doubtful(read=False, score=0.45), False),
    ],
)
def test_only_doubtful_items_are_asked_about(tagged: TaggedItem, *, asked: bool) -> None:
    assert asks(tagged, settings()) is asked


def test_a_shut_gate_is_no_doubt_however_wide_the_margin() -> None:
    assert not asks(doubtful(score=0.0), settings(threshold=0.3, margin=0.5))
    assert asks(doubtful(score=0.01), settings(threshold=0.3, margin=0.5))


def test_items_in_unread_languages_are_asked_about_when_the_operator_wants_it() -> None:
    assert asks(doubtful(read=False, score=0.0), settings(unread=True))


def theirs(at: tuple[int, int] = OTHER, **fields: Any) -> Claim:
    told = {"id": "second", "confidence": 0.5, "reader": "second:tiny:1", "min": 4, "max": None}
    return own_claim(at, **{**told, **fields})


def combined(*own: Claim, second: list[Claim], **more: Any) -> TaggedItem:
    return combine(doubtful(TEXT, *own, **more), Verdict(tuple(second)), settings())


def test_a_claim_about_another_figure_is_added_and_marked() -> None:
    tagged = combined(own_claim(), second=[theirs()])
    assert [(claim.id, claim.reader) for claim in tagged.claims] == [("own", None), ("second", "second:tiny:1")]
    assert tagged.reasons[-1] == "second reader tiny: 1 added"


def test_a_sure_claim_is_never_replaced() -> None:
    own = own_claim(confidence=0.5)
    tagged = combined(own, second=[theirs((1, 11), outcome="wounded"), theirs((5, 9), min=7, max=7)])
    assert tagged.claims == (own,)
    assert tagged.reasons[-1] == "second reader tiny: 2 overruled"


def test_a_doubtful_reading_of_the_same_figure_is_replaced() -> None:
    other = theirs((1, 11), outcome="wounded")
    tagged = combined(own_claim(confidence=0.49), second=[other])
    assert tagged.claims == (other,)
    assert tagged.reasons[-1] == "second reader tiny: 1 replaced"


def test_two_readers_who_agree_are_surer_than_one() -> None:
    own = own_claim(confidence=0.4)
    tagged = combined(own, second=[theirs(min=1, max=1)])
    assert tagged.claims == (own.model_copy(update={"confidence": 0.7}),)
    assert tagged.claims[0].reader is None
    assert tagged.reasons[-1] == "second reader tiny: 1 agreed"


def test_a_sure_claim_does_not_change_when_the_second_reader_agrees() -> None:
    own = own_claim(confidence=0.8)
    assert combined(own, second=[theirs(min=1, max=1)]).claims == (own,)


def test_a_number_that_two_outcomes_share_is_two_claims_once_the_readers_agree_on_one() -> None:
    tagged = combined(own_claim(min=2, max=None), second=[theirs((1, 11)), theirs((1, 11), outcome="wounded")])
    assert [claim.outcome for claim in tagged.claims] == ["killed", "wounded"]


def test_a_denial_stands_beside_a_sure_claim_and_replaces_a_doubtful_one() -> None:
    denial = theirs((1, 11), stance="denied")
    assert len(combined(own_claim(), second=[denial]).claims) == 2
    assert combined(own_claim(confidence=0.3), second=[denial]).claims == (denial,)


def test_silence_takes_nothing_away() -> None:
    own = own_claim(confidence=0.1)
    tagged = combined(own, second=[])
    assert (tagged.claims, tagged.relevant) == ((own,), True)
    assert tagged.reasons[-1] == "second reader tiny: no claims"


def test_an_irrelevant_item_becomes_relevant_with_its_first_claim() -> None:
    tagged = combined(second=[theirs()], score=0.4, read=False)
    assert (tagged.relevant, tagged.read, tagged.score) == (True, True, 0.5)


def test_an_irrelevant_item_stays_so_without_one_and_says_what_was_dropped() -> None:
    verdict = Verdict((), Counter({"quote": 2, "number": 1}))
    tagged = combine(doubtful(), verdict, settings())
    assert (tagged.relevant, tagged.score) == (False, 0.45)
    assert tagged.reasons[-1] == "second reader tiny: 1 dropped (number), 2 dropped (quote)"


def test_the_breaker_opens_after_failures_in_a_row() -> None:
    breaker = Breaker(3, MINUTE)
    assert [breaker.fail(NOW) for _ in range(2)] == [False, False]
    breaker.succeed()
    assert [breaker.fail(NOW) for _ in range(3)] == [False, False, True]
    assert not breaker.permits(NOW)
    assert not breaker.permits(NOW + timedelta(seconds=59))


def test_after_the_pause_one_question_decides() -> None:
    breaker = Breaker(1, MINUTE)
    breaker.fail(NOW)
    later = NOW + MINUTE
    assert [breaker.permits(later), breaker.permits(later)] == [True, False]
    assert not breaker.fail(later)
    assert not breaker.permits(later + timedelta(seconds=59))
    assert breaker.permits(later + MINUTE)
    breaker.succeed()
    assert [breaker.permits(later + MINUTE), breaker.permits(later + MINUTE)] == [True, True]


def test_a_question_that_was_not_put_leaves_its_place_to_another() -> None:
    breaker = Breaker(1, MINUTE)
    breaker.fail(NOW)
    assert breaker.permits(NOW + MINUTE)
    breaker.give_up()
    assert breaker.permits(NOW + MINUTE)


def test_an_endpoint_that_asks_for_a_pause_gets_it_at_once() -> None:
    breaker = Breaker(5, MINUTE)
    assert breaker.fail(NOW, after=600)
    assert not breaker.permits(NOW + timedelta(seconds=599))
    assert breaker.permits(NOW + timedelta(seconds=600))
