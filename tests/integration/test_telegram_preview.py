"""The preview adapter against channel pages served over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from services.collector.sources import Entry, Fetched
from services.collector.sources.fetching import Fetcher
from services.collector.sources.parser_process import ParserPool
from services.collector.sources.telegram.preview import PreviewClosed, PreviewSource
from shared.errors import Retry
from tests.support.channel import Channel
from tests.support.preview_site import PreviewSite
from tests.support.reading import Reader, ReadHere, local_fetcher


@pytest.fixture
def site() -> Iterator[PreviewSite]:
    with PreviewSite() as running:
        yield running


@pytest.fixture
def channel(site: PreviewSite) -> Channel:
    return site.channel("WarNews")


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with local_fetcher() as running:
        yield running


@pytest.fixture
def reader(site: PreviewSite, fetcher: Fetcher) -> Reader:
    return Reader(PreviewSource("warnews", fetcher, ReadHere(), base=site.url))


def ids(fetched: Fetched) -> list[int]:
    return [int(entry.key.partition("/")[2]) for entry in fetched.entries]


async def one(reader: Reader) -> Entry:
    (entry,) = (await reader.look()).entries
    return entry


async def test_a_post_is_read_with_its_lines_emoji_date_and_author(channel: Channel, reader: Reader) -> None:
    channel.post("Four killed 💥 near Homs\nSource: SANA", author="Duty editor")
    entry = await one(reader)
    assert entry.key == "warnews/1"
    assert entry.url == "https://t.me/WarNews/1"
    assert entry.text == "Four killed 💥 near Homs\nSource: SANA"
    assert entry.published_at is not None
    assert entry.published_at.isoformat() == "2016-02-01T09:01:00+00:00"
    assert entry.byline == "Duty editor"
    assert entry.notes == ()


async def test_markup_in_a_post_stays_text(channel: Channel, reader: Reader) -> None:
    hostile = '</div><div class="tgme_widget_message_wrap"><script>alert(1)</script>&amp; <b>bold</b>'
    channel.post(hostile)
    assert (await one(reader)).text == hostile


async def test_the_quotation_above_a_reply_is_not_the_replys_text(channel: Channel, reader: Reader) -> None:
    first = channel.post("One adviser killed")
    channel.post("It was four generals", reply_to=first)
    _, reply = (await reader.look()).entries
    assert reply.text == "It was four generals"
    assert reply.notes == ("reply",)


async def test_a_forward_leads_to_its_origin(channel: Channel, reader: Reader) -> None:
    channel.post("Breaking", origin="OtherChannel/77")
    channel.post("From someone hidden", forward=True)
    linked, hidden = (await reader.look()).entries
    assert linked.forwarded_from == "https://t.me/OtherChannel/77"
    assert linked.notes == ("forwarded",)
    assert hidden.forwarded_from is None
    assert hidden.notes == ("forwarded",)


async def test_an_album_is_one_post_and_the_ids_it_consumed_are_no_loss(channel: Channel, reader: Reader) -> None:
    channel.post("Before")
    channel.post_album("Wreckage of the aircraft", parts=4)
    channel.post("After")
    fetched = await reader.look()
    assert ids(fetched) == [1, 2, 6]
    assert fetched.entries[1].text == "Wreckage of the aircraft"
    assert reader.deleted == set()


async def test_service_messages_are_left_out_and_media_without_words_is_kept(channel: Channel, reader: Reader) -> None:
    channel.post("Channel photo updated", service=True)
    channel.post(photo=True)
    entry = await one(reader)
    assert entry.key == "warnews/2"
    assert (entry.text, entry.notes) == ("", ("media-only",))


async def test_a_gap_of_several_pages_is_read_back_to_the_last_known_post(
    site: PreviewSite, channel: Channel, reader: Reader
) -> None:
    channel.post("first")
    await reader.look()
    for number in range(2, 98):
        channel.post(f"post {number}")
    site.requests.clear()
    await reader.look()
    assert set(reader.texts) == {f"warnews/{number}" for number in range(1, 98)}
    assert len(site.requests) <= 6


async def test_a_gap_longer_than_one_look_is_filled_by_the_next_ones_even_after_a_restart(
    site: PreviewSite, channel: Channel, reader: Reader, fetcher: Fetcher
) -> None:
    channel.post("first")
    await reader.look()
    for number in range(2, 602):
        channel.post(f"post {number}")
    fetched = await reader.look()
    assert fetched.next_in is not None
    assert len(reader.texts) < 601
    for number in range(602, 650):
        channel.post(f"post {number}")
    reader.source = PreviewSource("warnews", fetcher, ReadHere(), base=site.url)
    await reader.look_until_done()
    assert set(reader.texts) == {f"warnews/{number}" for number in range(1, 650)}
    assert reader.deleted == set()


async def test_a_first_look_takes_only_the_latest_posts(channel: Channel, reader: Reader) -> None:
    for number in range(1, 301):
        channel.post(f"post {number}")
    await reader.look()
    assert 20 <= len(reader.texts) <= 60


async def test_an_edit_is_shown_with_its_mark(channel: Channel, reader: Reader) -> None:
    post = channel.post("One killed")
    await reader.look()
    channel.edit(post, "Four killed")
    entry = await one(reader)
    assert (entry.text, entry.notes) == ("Four killed", ("edited",))


async def test_a_reaction_is_no_edit(channel: Channel, reader: Reader) -> None:
    channel.react(channel.post("One killed"))
    assert (await one(reader)).notes == ()


async def test_edits_and_deletions_below_the_newest_page_are_found_by_re_reading(
    channel: Channel, reader: Reader
) -> None:
    for number in range(1, 82):
        channel.post(f"post {number}")
    reader.source._first = 200
    await reader.look()
    assert len(reader.texts) == 81
    channel.edit(5, "seven killed")
    channel.delete(30)
    channel.delete(61)
    for _ in range(5):
        await reader.look()
    assert reader.texts["warnews/5"] == "seven killed"
    assert reader.deleted == {"warnews/30", "warnews/61"}


async def test_a_deleted_post_is_covered_and_absent(channel: Channel, reader: Reader) -> None:
    for text in ("one", "two", "three"):
        channel.post(text)
    await reader.look()
    channel.delete(2)
    await reader.look()
    assert reader.deleted == {"warnews/2"}


async def test_the_newest_post_is_believed_deleted_only_when_a_second_look_agrees(
    channel: Channel, reader: Reader
) -> None:
    for text in ("one", "two", "three"):
        channel.post(text)
    await reader.look()
    kept = channel.messages[3]
    channel.delete(3)
    await reader.look()
    assert reader.deleted == set()
    channel.messages[3] = kept
    await reader.look()
    channel.delete(3)
    await reader.look()
    assert reader.deleted == set()
    await reader.look()
    assert reader.deleted == {"warnews/3"}


@pytest.mark.parametrize("posts", [3, 45], ids=["on the newest page", "on a page that is read again in turn"])
async def test_the_oldest_post_of_a_channel_is_told_as_deleted(channel: Channel, reader: Reader, posts: int) -> None:
    for number in range(1, posts + 1):
        channel.post(f"post {number}")
    reader.source._first = 200
    await reader.look()
    channel.delete(1)
    for _ in range(3):
        await reader.look()
    assert reader.deleted == {"warnews/1"}
    channel.delete(2)
    for _ in range(3):
        await reader.look()
    assert reader.deleted == {"warnews/1", "warnews/2"}


async def test_a_link_to_older_posts_that_is_not_understood_any_more_deletes_nothing(
    site: PreviewSite, channel: Channel, reader: Reader
) -> None:
    for number in range(1, 46):
        channel.post(f"post {number}")
    reader.source._first = 200
    await reader.look()
    site.links_older = False
    for number in range(46, 90):
        channel.post(f"post {number}")
        await reader.look()
    assert reader.deleted == set()
    assert "warnews/89" in reader.texts


async def test_a_post_that_was_put_off_is_shown_again_though_many_came_after_it(
    channel: Channel, reader: Reader
) -> None:
    put_off = channel.post("One killed")
    again = (await reader.look()).again
    assert again
    for number in range(2, 150):
        channel.post(f"post {number}")
    reader.cursor = again([f"warnews/{put_off}"])
    channel.edit(put_off, "Four killed")
    await reader.look()
    assert reader.texts[f"warnews/{put_off}"] == "Four killed"
    assert set(reader.texts) == {f"warnews/{number}" for number in range(1, 150)}


async def test_a_closed_preview_is_a_state_of_its_own(channel: Channel, reader: Reader) -> None:
    channel.post("unseen")
    channel.preview = False
    with pytest.raises(PreviewClosed, match=r"warnews .*no public preview.*account"):
        await reader.look()


async def test_a_restriction_is_quoted(channel: Channel, reader: Reader) -> None:
    channel.preview = False
    channel.restriction = "This channel can't be displayed because it violated local laws."
    with pytest.raises(PreviewClosed, match="violated local laws"):
        await reader.look()


async def test_a_name_nobody_has_is_said_so(site: PreviewSite, fetcher: Fetcher) -> None:
    with pytest.raises(Retry, match="no public channel of this name") as refused:
        await PreviewSource("nobody", fetcher, ReadHere(), base=site.url).fetch({})
    assert not isinstance(refused.value, PreviewClosed)


async def test_a_hostile_page_costs_a_bounded_time_in_another_process(
    site: PreviewSite, channel: Channel, reader: Reader, fetcher: Fetcher
) -> None:
    parsers = ParserPool(workers=1, seconds=5)
    reader.source = PreviewSource("warnews", fetcher, parsers, base=site.url)
    try:
        channel.post("one")
        assert (await one(reader)).text == "one"
        for page, reason in (
            ("<div>" * 1_000_000, "nested more than"),
            ("<div><table></div></table>" * 300_000, "took over 5 seconds"),
        ):
            site.pages.append(page)
            with pytest.raises(Retry, match=reason) as refused:
                await reader.look()
            assert not isinstance(refused.value, PreviewClosed)
        channel.edit(1, "two")
        assert (await one(reader)).text == "two"
        channel.preview = False
        with pytest.raises(PreviewClosed, match="has no public preview"):
            await reader.look()
    finally:
        await parsers.close()
    assert reader.deleted == set()


async def test_changed_markup_is_an_alarm_and_not_silence(channel: Channel, reader: Reader) -> None:
    channel.post("one")
    await reader.look()
    channel.unreadable.add(1)
    with pytest.raises(Retry, match="none of 1 posts could be read"):
        await reader.look()
    assert reader.deleted == set()


async def test_a_page_that_lost_all_posts_is_an_alarm(channel: Channel, reader: Reader) -> None:
    channel.post("one")
    await reader.look()
    channel.delete(1)
    with pytest.raises(Retry, match="although post 1 was seen"):
        await reader.look()


async def test_an_empty_channel_is_read_as_empty(channel: Channel, reader: Reader) -> None:
    assert channel.messages == {}
    assert (await reader.look()).entries == ()


async def test_a_server_error_is_to_be_retried_and_loses_nothing(
    site: PreviewSite, channel: Channel, reader: Reader
) -> None:
    channel.post("one")
    site.fail_next(500)
    with pytest.raises(Retry, match="HTTP 500"):
        await reader.look()
    assert (await one(reader)).text == "one"


async def test_a_pause_that_telegram_asks_for_goes_to_the_schedule(site: PreviewSite, reader: Reader) -> None:
    site.fail_next(429)
    with pytest.raises(Retry) as refused:
        await reader.look()
    assert refused.value.after == 90


async def test_where_one_post_cannot_be_read_none_is_called_deleted(channel: Channel, reader: Reader) -> None:
    for text in ("one", "two", "three"):
        channel.post(text)
    await reader.look()
    channel.unreadable.add(2)
    fetched = await reader.look()
    assert reader.deleted == set()
    assert fetched.notes == ("unreadable-posts",)


async def test_a_post_that_is_not_shown_is_neither_a_post_without_words_nor_deleted(
    channel: Channel, reader: Reader
) -> None:
    for text in ("one", "two", "three"):
        channel.post(text)
    await reader.look()
    channel.unshown.add(2)
    fetched = await reader.look()
    assert reader.texts == {"warnews/1": "one", "warnews/2": "two", "warnews/3": "three"}
    assert reader.deleted == set()
    assert fetched.notes == ("unshown-posts",)


async def test_a_preview_that_shows_no_post_is_closed(channel: Channel, reader: Reader) -> None:
    channel.post("group created", service=True)
    channel.unshown |= {channel.post("one"), channel.post("two")}
    with pytest.raises(PreviewClosed, match="shows none of its posts"):
        await reader.look()
