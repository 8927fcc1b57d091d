"""What is read from a channel page as Telegram writes it; ``data/telegram/page.html`` holds every known quirk."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.collector.sources.nesting import TooDeep
from services.collector.sources.telegram.markup import MOST_POSTS, Page, as_json, from_json, read_landing, read_page
from services.collector.sources.telegram.post import Post

PAGE = Path(__file__).parents[1] / "data" / "telegram" / "page.html"


@pytest.fixture(scope="module")
def page() -> Page:
    return read_page(PAGE.read_bytes(), "warnews")


@pytest.fixture(scope="module")
def posts(page: Page) -> dict[int, Post]:
    return {post.id: post for post in page.posts}


def test_the_ids_and_the_way_to_older_posts(page: Page) -> None:
    assert page.ids == (101, 102, 103, 105)
    assert page.before == 101


def test_a_post_of_another_channel_is_counted_as_unreadable(page: Page) -> None:
    assert page.unreadable == 1


def test_a_service_message_is_known_as_one(posts: dict[int, Post]) -> None:
    assert [number for number, post in posts.items() if post.service] == [101]


def test_the_text_is_the_posts_own_without_quotation_link_preview_or_header(posts: dict[int, Post]) -> None:
    assert posts[102].text == "💥 Five soldiers killed\n\nMinistry: statement <i> & more"
    assert posts[102].reply


def test_the_date_is_the_footers_in_utc_and_not_the_length_of_a_video(posts: dict[int, Post]) -> None:
    assert posts[102].published_at == datetime(2020, 2, 3, 5, 30, 15, tzinfo=UTC)


def test_an_author_called_edited_makes_no_edit(posts: dict[int, Post]) -> None:
    assert (posts[102].edited, posts[102].byline) == (False, "edited by Anna")
    assert posts[103].edited


def test_an_album_has_its_first_id_whatever_the_order(posts: dict[int, Post]) -> None:
    assert (posts[103].text, posts[103].media) == ("Wreckage", True)
    assert 104 not in posts


def test_a_forward_is_resolved_through_the_double_escaped_link(posts: dict[int, Post]) -> None:
    assert posts[103].forwarded_from == "https://t.me/Desk/9"


def test_what_the_page_does_not_show_is_known_as_unshown(posts: dict[int, Post]) -> None:
    assert [number for number, post in posts.items() if post.unshown] == [105]
    assert posts[105].published_at is None


@pytest.mark.parametrize(
    ("inner", "text"),
    [
        ("<blockquote>One</blockquote>Four", "One\nFour"),
        ("<blockquote>One</blockquote><br/>Four", "One\nFour"),
        ("Said:<br/><blockquote>One <b>was</b> killed</blockquote>Four", "Said:\nOne was killed\nFour"),
        ("<pre>1 2</pre><pre>3</pre>4", "1 2\n3\n4"),
        ("<b>Four</b><i>teen</i>", "Fourteen"),
        ('<div class="spoiler">Four</div>teen', "Four\nteen"),
        ("<tg-spoiler>Four</tg-spoiler>teen", "Fourteen"),
    ],
)
def test_a_quotation_in_the_text_has_lines_of_its_own_and_inline_marks_have_none(inner: str, text: str) -> None:
    body = (
        '<section class="tgme_channel_history"><div class="tgme_widget_message_wrap">'
        '<div class="tgme_widget_message" data-post="WarNews/1">'
        f'<div class="tgme_widget_message_text">{inner}</div></div></div></section>'
    )
    (post,) = read_page(body.encode(), "WarNews").posts
    assert (post.text, post.reply) == (text, False)


def test_no_other_file_of_the_collector_knows_the_markup() -> None:
    folder = Path(__file__).parents[2] / "services" / "collector"
    knowing = {path.name for path in folder.rglob("*.py") if "tgme_" in path.read_text(encoding="utf-8")}
    assert knowing == {"markup.py"}


@pytest.mark.parametrize("body", [b"", b"\x00\xff\xfe", b"<html>", b"{}", b"<div class='tgme_page'>x</div>"])
def test_what_is_no_history_is_said_to_be_none(body: bytes) -> None:
    assert read_page(body, "warnews") == Page(history=False)


@pytest.mark.parametrize(
    "name", ["WarNews/", "WarNews/x", "WarNews/-1", "WarNews/99999999999", "WarNews/\u0663", "/5", "", "WarNews/0"]
)
def test_a_message_without_a_usable_id_is_unreadable(name: str) -> None:
    body = (
        f'<section class="tgme_channel_history"><div class="tgme_widget_message_wrap">'
        f'<div class="tgme_widget_message" data-post="{name}"></div></div></section>'
    )
    assert read_page(body.encode(), "WarNews") == Page(history=True, unreadable=1)


@pytest.mark.parametrize(
    "inner",
    [
        "<b>" * 20_000 + "x",
        '<a class="tgme_widget_message_reply">' * 20_000,
        '<div class="tgme_widget_message_text">' * 20_000,
        '<div class="tgme_widget_message_wrap">' * 20_000,
    ],
    ids=["nested bold", "nested replies", "nested texts", "nested posts"],
)
def test_markup_that_nests_without_end_is_refused(inner: str) -> None:
    message = f'<div class="tgme_widget_message" data-post="WarNews/1"><div class="tgme_widget_message_text">{inner}'
    body = f'<section class="tgme_channel_history"><div class="tgme_widget_message_wrap">{message}'
    with pytest.raises(TooDeep):
        read_page(body.encode(), "WarNews")
    with pytest.raises(TooDeep):
        read_landing(body.encode())


def test_more_posts_than_a_page_has_are_left_unread() -> None:
    post = '<div class="tgme_widget_message_wrap"><div class="tgme_widget_message" data-post="WarNews/{}"></div></div>'
    posts = "".join(post.format(number) for number in range(1, 2 * MOST_POSTS))
    page = read_page(f'<section class="tgme_channel_history">{posts}</section>'.encode(), "WarNews")
    assert page.ids == tuple(range(1, MOST_POSTS + 1))


def test_a_page_travels_as_json(page: Page) -> None:
    assert page.posts
    assert from_json(json.loads(json.dumps(as_json(page)))) == page
    nothing = Page(history=True, nothing=True)
    assert from_json(json.loads(json.dumps(as_json(nothing)))) == nothing


def test_a_quotation_is_known_by_its_place_even_without_its_class() -> None:
    body = (
        '<section class="tgme_channel_history"><div class="tgme_widget_message_wrap">'
        '<div class="tgme_widget_message" data-post="WarNews/1"><a class="tgme_widget_message_reply">'
        '<div class="tgme_widget_message_text">quoted</div></a><div class="tgme_widget_message_text">own</div></div>'
    )
    assert [post.text for post in read_page(body.encode(), "WarNews").posts] == ["own"]


def test_a_landing_page_tells_a_closed_channel_from_no_channel() -> None:
    closed = b'<div class="tgme_page_extra">1 204 subscribers</div><div class="tgme_page_description">News</div>'
    assert read_landing(closed).exists
    assert read_landing(closed).restriction is None
    assert not read_landing(b'<div class="tgme_page_description">You can contact @x right away.</div>').exists


def test_a_landing_page_tells_why_a_channel_is_restricted() -> None:
    body = b'<div class="tgme_page_description">This channel can\xe2\x80\x99t be displayed here</div>'
    assert read_landing(body).restriction == "This channel can’t be displayed here"
