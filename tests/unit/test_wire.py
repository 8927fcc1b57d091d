from __future__ import annotations

from time import perf_counter

import pytest

from services.collector.novelty import find_novelty, raw_item
from services.collector.sources import Entry
from services.collector.wire import wire_tag
from shared.messages import SourceRef
from tests.support.collecting import NOW

REST = "Four officers were killed near Palmyra on Tuesday, the ministry said."


@pytest.mark.parametrize(
    ("text", "agency"),
    [
        (f"MOSCOW (Reuters) - {REST}", "Reuters"),
        (f"BEIRUT, Feb 2 ( Reuters ) - {REST}", "Reuters"),
        (f"BEIRUT (AP) — {REST}", "AP"),
        (f"MOSCOW, February 2. /TASS/. {REST}", "TASS"),
        ("МОСКВА, 2 февраля. /ТАСС/. Советник погиб.", "ТАСС"),
        ("ДАМАСК, 2 фев — РИА Новости. Советник погиб.", "РИА Новости"),
        ("Москва. 2 февраля. INTERFAX.RU - Советник погиб.", "INTERFAX.RU"),
        ("بيروت 2 فبراير شباط (رويترز) - قتل أربعة ضباط", "رويترز"),
        ("ANKARA (AA) - Altı asker şehit oldu.", "AA"),
        (f"Damascus, SANA- {REST}", "SANA"),
        (f"AFP - {REST}", "AFP"),
        (f"A summary of the desk's own.\n\nBEIRUT (Reuters) - {REST}", "Reuters"),
        (f"{REST} (Reuters)", "Reuters"),
        (f"{REST}\nSource: Reuters", "Reuters"),
        ("Советник погиб.\nИсточник: РИА Новости", "РИА Новости"),
        ("Altı asker şehit oldu.\nKaynak: AA", "AA"),
        (f"{REST}\n© 2016 AFP", "AFP"),
        (f"{REST}\nAFP/Reuters", "AFP/Reuters"),
    ],
)
def test_the_agency_of_a_wire_story_is_found_as_printed(text: str, agency: str) -> None:
    assert wire_tag(text) == agency


@pytest.mark.parametrize(
    "text",
    [
        "",
        "AFP",
        REST,
        "The ministry told AFP that four had died.",
        "He spoke to the press, AP reported on Monday.",
        "Four died, TASS reports.",
        "ССЫЛКА. РИА Новости сообщает, что погибли четверо.",
        "A man (AA member) died.",
        f"{REST}\nShare this with friends",
        f"{REST}\nThe story was first reported by Reuters in a dispatch that no other outlet has confirmed since",
    ],
)
def test_an_agency_that_is_only_mentioned_is_no_wire_tag(text: str) -> None:
    assert wire_tag(text) is None


@pytest.mark.parametrize("unit", ["a ", "(", "/ ", "AFP, ", "\n", "x. ", ".", "-"])
def test_an_endless_text_costs_no_time(unit: str) -> None:
    began = perf_counter()
    assert wire_tag(unit * 200_000) is None
    assert perf_counter() - began < 1


def test_a_version_says_which_agency_it_is_from_and_what_its_page_calls_itself() -> None:
    entry = Entry("a", "https://e.org/a", "Title", f"MOSCOW (Reuters) - {REST}", canonical="https://e.org/2016/a")
    novelty = find_novelty("feed", entry, None)
    assert novelty
    published = raw_item(novelty, SourceRef(id="feed", name="Feed", kind="rss"), NOW)
    assert (published.wire, published.canonical, published.url) == ("Reuters", entry.canonical, entry.url)
