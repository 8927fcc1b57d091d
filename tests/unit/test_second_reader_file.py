"""Answers kept and money counted, in a file that outlives the process."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from services.classifier.second_reader.budget import Budget
from services.classifier.second_reader.cache import Cache
from services.classifier.second_reader.file import prepare
from tests.support.second_reader import NOW

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "second.db"
    prepare(file)
    prepare(file)
    return file


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def test_an_answer_is_found_again_by_its_key_after_a_restart(path: Path) -> None:
    Cache(path, 1000).put("a", "ответ", NOW)
    assert Cache(path, 1000).get("a", NOW) == "ответ"
    assert Cache(path, 1000).get("b", NOW) is None


def test_a_later_answer_takes_the_place_of_an_earlier_one(path: Path) -> None:
    cache = Cache(path, 1000)
    cache.put("a", "one", NOW)
    cache.put("a", "two", NOW)
    assert (cache.get("a", NOW), rows(path, "SELECT count(*) FROM answer")) == ("two", [(1,)])


def test_what_was_used_longest_ago_goes_first(path: Path) -> None:
    cache = Cache(path, 30)
    for number, key in enumerate("abc"):
        cache.put(key, key * 10, NOW + number * SECOND)
    assert cache.get("a", NOW + 3 * SECOND) == "a" * 10
    cache.put("d", "d" * 20, NOW + 4 * SECOND)
    assert [key for key in "abcd" if cache.get(key, NOW + 5 * SECOND)] == ["a", "d"]


def test_no_more_is_kept_than_is_allowed_however_many_answers_come(path: Path) -> None:
    cache = Cache(path, 1000)
    for number in range(60):
        cache.put(str(number), "x" * (3 * number % 90), NOW + number * SECOND)
    assert rows(path, "SELECT sum(size) <= 1000, count(*) > 5 FROM answer") == [(1, 1)]


def test_an_answer_that_alone_is_too_much_is_not_kept_and_drives_out_nothing(path: Path) -> None:
    cache = Cache(path, 10)
    cache.put("a", "short", NOW)
    cache.put("b", "я" * 6, NOW)
    assert (cache.get("a", NOW), cache.get("b", NOW)) == ("short", None)


def test_the_day_s_requests_are_bounded_over_restarts_and_begin_anew_at_midnight(path: Path) -> None:
    def take(days: int = 0) -> bool:
        return Budget(path, requests=2, tokens=1000).take(10, NOW + days * DAY)

    assert [take(), take(), take(), take(1)] == [True, True, False, True]


def test_the_day_s_tokens_are_bounded_before_they_are_spent(path: Path) -> None:
    budget = Budget(path, requests=10, tokens=100)
    assert [budget.take(60, NOW), budget.take(60, NOW), budget.take(40, NOW)] == [True, False, True]
    assert budget.spent(NOW) == (2, 100)


def test_the_bill_takes_the_place_of_the_estimate_on_the_day_of_the_question(path: Path) -> None:
    budget = Budget(path, requests=10, tokens=100)
    budget.take(90, NOW)
    budget.settle(90, 30, NOW)
    assert budget.take(70, NOW)
    budget.settle(70, 500, NOW)
    assert budget.spent(NOW) == (2, 530)
    assert budget.spent(NOW + DAY) == (0, 0)
    assert not budget.take(1, NOW)


def test_a_budget_of_nothing_allows_nothing(path: Path) -> None:
    assert not Budget(path, requests=0, tokens=1000).take(1, NOW)
    assert not Budget(path, requests=10, tokens=0).take(1, NOW)


def test_days_long_past_are_forgotten(path: Path) -> None:
    budget = Budget(path, requests=10, tokens=100)
    budget.take(1, NOW)
    budget.take(1, NOW + 40 * DAY)
    assert rows(path, "SELECT day FROM spent") == [((NOW + 40 * DAY).date().isoformat(),)]


def test_classifiers_that_share_the_file_share_the_budget(path: Path) -> None:
    def take(_: int) -> bool:
        return Budget(path, requests=7, tokens=1000).take(1, NOW)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(24))) == 7


def test_a_file_that_is_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database, " * 100)
    with pytest.raises(sqlite3.Error):
        prepare(tmp_path / "notes.txt")
