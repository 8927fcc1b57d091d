"""What feeds say of their own rhythm, and how a cursor keeps it."""

from __future__ import annotations

import pytest

from services.collector.sources import Quiet, feed_memory
from services.collector.sources.feed_hints import Hints
from services.collector.sources.feed_parsing import parse_feed

SY = 'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'
ITEM = "<item><title>One</title></item>"


def hints(head: str) -> Hints:
    feed = f'<rss version="2.0" {SY}><channel><title>News</title>{head}{ITEM}</channel></rss>'
    return parse_feed(feed.encode(), None, "https://e.org/feed").hints


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("", Hints()),
        ("<ttl>5</ttl>", Hints(300)),
        ("<ttl> 60 </ttl>", Hints(3600)),
        ("<ttl>0</ttl>", Hints()),
        ("<ttl>soon</ttl>", Hints()),
        ("<ttl>99999999</ttl>", Hints()),
        ("<sy:updatePeriod>hourly</sy:updatePeriod>", Hints(3600)),
        ("<sy:updatePeriod> Hourly </sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>", Hints(900)),
        ("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", Hints(86_400)),
        ("<sy:updatePeriod>sometimes</sy:updatePeriod>", Hints()),
        ("<ttl>5</ttl><sy:updatePeriod>hourly</sy:updatePeriod>", Hints(3600)),
        ("<skipHours><hour>0</hour><hour>07</hour><hour>24</hour></skipHours>", Hints(None, (0, 7))),
        ("<skipHours><hour>25</hour><hour>-1</hour><hour>x</hour></skipHours>", Hints()),
        ("<skipDays><day>Sunday</day><day>monday</day><day>Someday</day></skipDays>", Hints(None, (), (0, 6))),
        ("<skipHours/>", Hints()),
    ],
)
def test_hints_are_read(head: str, expected: Hints) -> None:
    assert hints(head) == expected


@pytest.mark.parametrize("said", [Hints(), Hints(300), Hints(3600, (0, 7), (6,)), Hints(None, (), (0,))])
def test_a_cursor_keeps_them_for_the_answers_that_say_nothing(said: Hints) -> None:
    kept = feed_memory.rhythm(said)
    assert feed_memory.fresh_for(kept, None) == said.ttl
    assert (feed_memory.quiet(kept) or Quiet()) == Quiet(frozenset(said.skip_hours), frozenset(said.skip_days))


def test_the_longer_of_two_wishes_counts() -> None:
    kept = feed_memory.rhythm(Hints(300))
    assert feed_memory.fresh_for(kept, 60) == 300
    assert feed_memory.fresh_for(kept, 600) == 600
    assert feed_memory.fresh_for({}, 0.0) is None
