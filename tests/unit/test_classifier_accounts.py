from __future__ import annotations

from tests.support.reader import item, shared_reader


def told(text: str) -> list[tuple[str, int | None, int | None, str, str | None]]:
    claims = shared_reader().read(item(text)).claims
    return [(claim.outcome, claim.min, claim.max, claim.force, claim.cause) for claim in claims]


def test_a_vehicle_with_officers_that_was_struck_is_another_account_of_their_death() -> None:
    claims = told(
        "Four Russian officers have been killed in Syria, a newspaper wrote. "
        "A channel reported that a vehicle with Russian officers was hit by a mortar near Aleppo. "
        "A second newspaper said that the officers had been killed by a landmine."
    )
    assert {claim[:4] for claim in claims} == {("killed", 4, 4, "RU")}
    assert {"mortar", "mine"} <= {claim[4] for claim in claims}


def test_a_phrase_without_number_that_names_two_nations_is_two_claims() -> None:
    claims = told("Russian and Turkish military specialists were killed by militants in Idlib, the ministry said.")
    assert {claim[:4] for claim in claims} == {("killed", 2, None, "RU"), ("killed", 2, None, "TR")}


def test_a_toll_that_reaches_a_number_states_it() -> None:
    claims = told("The number of Turkish soldiers killed in the air strike in Idlib has risen to 33, Ankara said.")
    assert [claim[:4] for claim in claims] == [("killed", 33, 33, "TR")]


def test_page_furniture_states_nothing() -> None:
    assert told("Related article: 4 Russian officers killed near Palmyra, Syria.") == []
