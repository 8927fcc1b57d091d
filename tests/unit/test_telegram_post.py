from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.collector.sources.telegram.account import whole
from services.collector.sources.telegram.post import Post, channel_name, clean, entries_of, entry_of, permalink

AT = datetime(2016, 2, 3, 10, 0, tzinfo=UTC)
LATER = datetime(2016, 2, 3, 12, 0, tzinfo=UTC)


def post(number: int, text: str = "", *, album: int | None = None) -> Post:
    return Post("WarNews", number, text, AT, album=album, media=album is not None)


def test_the_identity_is_the_configured_name_and_the_address_the_present_one() -> None:
    entry = entry_of(Post("WarNewsDaily", 7, "x", AT), "WARNEWS")
    assert (entry.key, entry.url) == ("warnews/7", "https://t.me/WarNewsDaily/7")


def test_an_edit_readers_are_not_shown_has_no_time() -> None:
    hidden = Post("WarNews", 7, "x", AT, edited=False, edited_at=LATER)
    shown = Post("WarNews", 7, "x", AT, edited=True, edited_at=LATER)
    assert entry_of(hidden, "warnews").edited_at is None
    assert entry_of(shown, "warnews").edited_at == LATER


def test_an_undated_post_is_kept_and_marked() -> None:
    entry = entry_of(Post("WarNews", 7, "x", None), "warnews")
    assert (entry.published_at, entry.notes) == (None, ("undated",))


def test_an_album_is_one_entry_under_its_first_id_wherever_its_words_are() -> None:
    parts = [post(12, album=5), post(10, album=5), post(11, "Wreckage", album=5), post(13, "Other")]
    assert [(entry.key, entry.text) for entry in entries_of(parts, "warnews")] == [
        ("warnews/10", "Wreckage"),
        ("warnews/13", "Other"),
    ]


def test_two_albums_do_not_mix() -> None:
    parts = [post(1, "a", album=5), post(2, "b", album=6), post(3, "c", album=5)]
    assert [entry.text for entry in entries_of(parts, "warnews")] == ["a\nc", "b"]


def test_an_album_that_began_before_the_window_is_left_out_whole() -> None:
    parts = [post(9, album=5), post(10, album=5), post(11, "Other"), post(12, album=6)]
    assert [part.id for part in whole(parts, 10)] == [11, 12]
    assert [part.id for part in whole(parts, 9)] == [9, 10, 11, 12]


@given(st.text())
def test_cleaned_text_is_clean_stays_so_and_can_be_sent(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert "\x00" not in cleaned
    assert "\r" not in cleaned
    cleaned.encode()


def test_a_lone_surrogate_is_replaced() -> None:
    assert clean("a\ud800b") == "a?b"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("warnews", "warnews"),
        ("@WarNews", "WarNews"),
        ("https://t.me/WarNews", "WarNews"),
        ("https://t.me/s/WarNews/", "WarNews"),
        ("t.me/WarNews/123", "WarNews"),
        ("+AbCdEf", None),
        ("https://t.me/+AbCdEf", None),
        ("a b", None),
        ("x", None),
        ("", None),
        ("../../etc", None),
        ("https://t.me/", None),
    ],
)
def test_a_channels_name_however_it_is_written(text: str, name: str | None) -> None:
    assert channel_name(text) == name


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://t.me/Desk/9?single", "https://t.me/Desk/9"),
        ("http://telegram.me/Desk/9", "https://t.me/Desk/9"),
        ("https://t.me/Desk", "https://t.me/Desk"),
        ("https://evil.example/Desk/9", None),
        ("javascript:alert(1)", None),
        ("https://t.me/", None),
        ("https://[", None),
        ("", None),
    ],
)
def test_a_permalink_leads_to_telegram_or_nowhere(url: str, link: str | None) -> None:
    assert permalink(url) == link
