from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.collector.sources.telegram.preview import PreviewSource
from services.collector.sources.telegram.progress import Progress, kept
from tests.support.channel import Channel
from tests.support.preview_site import history
from tests.support.reading import Answer, Reader, ReadHere


@dataclass
class PagesInMemory:
    """A site whose pages are made when asked for."""

    channel: Channel

    async def get(self, url: str, *, accept: str) -> Answer:
        assert "text/html" in accept
        _, _, before = url.partition("?before=")
        return Answer(200, url, history(self.channel, int(before) if before else None).encode())


@pytest.mark.parametrize(
    "progress",
    [
        Progress(),
        Progress(last=9),
        Progress(last=900, gaps=((500, 700), (20, 400)), sweep=33, doubted=880, start=2),
    ],
)
def test_a_cursor_is_read_back_as_it_was_written(progress: Progress) -> None:
    assert Progress.load(progress.dump()) == progress


def test_a_page_that_touches_the_last_known_post_leaves_no_gap() -> None:
    assert Progress(last=10).after_newest(11, 30, first=20, end=False) == Progress(last=30)


def test_a_page_beyond_it_leaves_one_until_it_is_read() -> None:
    progress = Progress(last=10).after_newest(50, 70, first=20, end=False)
    assert progress == Progress(last=70, gaps=((10, 50),))
    assert progress.after_older(50, 30) == Progress(last=70, gaps=((10, 30),))
    assert progress.after_older(50, 11) == Progress(last=70)


def test_a_gap_whose_posts_do_not_exist_any_more_is_closed() -> None:
    assert Progress(last=70, gaps=((10, 50),)).after_older(50, None) == Progress(last=70)


def test_a_page_that_leads_nowhere_closes_the_gap_and_never_loops() -> None:
    assert Progress(last=70, gaps=((10, 50),)).after_older(50, 50) == Progress(last=70)


def test_posts_that_are_to_be_shown_again_are_gaps_that_the_newest_page_may_fill() -> None:
    progress = Progress(last=100, gaps=((10, 50),)).showing([90, 91, 60, 50])
    assert progress.gaps == ((89, 92), (59, 61), (10, 51))
    assert progress.after_newest(91, 110, first=20, end=False).gaps == ((89, 91), (59, 61), (10, 51))
    assert progress.after_newest(90, 110, first=20, end=False).gaps == ((59, 61), (10, 51))
    assert progress.contiguous == 10


def test_a_new_gap_is_filled_before_an_older_one() -> None:
    progress = Progress(last=70, gaps=((10, 50),)).after_newest(90, 110, first=20, end=False)
    assert progress.before == 90
    assert progress.contiguous == 10


def test_an_older_newest_page_is_doubted_once_then_believed() -> None:
    doubting = Progress(last=70).after_newest(40, 60, first=20, end=False)
    assert doubting == Progress(last=70, doubted=60)
    assert doubting.after_newest(40, 60, first=20, end=False) == Progress(last=60)
    assert doubting.after_newest(52, 71, first=20, end=False) == Progress(last=71)


def test_the_account_goes_on_below_the_oldest_gap() -> None:
    assert Progress(last=900, gaps=((500, 700), (20, 400))).contiguous == 20
    assert Progress().contiguous == 0


def test_a_preview_carries_what_the_account_knows_and_nothing_else() -> None:
    known = {"channel": "7", "access_hash": "-9", "name": "WarNews"}
    assert kept({**known, "last": "3", "way": "account"}) == known
    assert kept({}) == {}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("post"), st.integers(1, 70)),
            st.tuples(st.just("delete"), st.integers(0, 300)),
            st.tuples(st.just("look"), st.just(0)),
        ),
        max_size=25,
    )
)
async def test_whatever_happens_between_looks_every_post_is_read_and_no_living_one_is_called_deleted(
    happenings: list[tuple[str, int]],
) -> None:
    channel = Channel("WarNews")
    reader = Reader(PreviewSource("warnews", PagesInMemory(channel), ReadHere()))
    channel.post("first")
    await reader.look()
    for what, number in happenings:
        if what == "post":
            for _ in range(number):
                channel.post("x")
        elif what == "look":
            await reader.look()
        elif number in channel.messages and len(channel.messages) > 1:
            channel.delete(number)
    await reader.look_until_done()
    living = {f"warnews/{number}" for number in channel.messages}
    assert living <= set(reader.texts)
    assert not living & reader.deleted
