"""What a simulated week came to: what was published against what was served, and how the servers were treated. Pure.

What is demanded, precisely. *Served* is what a whole, readable answer showed. An answer within ``EXCUSED`` seconds
before a kill, or before the moment of judging, may or may not have been worked on; what it showed is demanded only if
it was shown again. Everything else that was served must have been published: each story once as new, and then each
different text it was seen with, in that order; nothing else may have been.

A week can be judged while it lasts: then it is as long as it was lived.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from statistics import median

from shared.messages import RawItem
from tests.support.simulation.away import away
from tests.support.simulation.manners import judge_manners, judge_requests
from tests.support.simulation.outlets import HOUR, TOKEN, Broadcast, Outlet, Story
from tests.support.simulation.site import Exchange
from tests.support.simulation.time import START
from tests.support.simulation.verdict import Example, Verdict
from tests.support.simulation.week import Sample, Week

EXCUSED = 120.0
"""Simulated seconds a look may take: pages of a channel wait for their turn."""
SWEPT = 12 * HOUR
"""Simulated seconds within which a deletion among the latest posts is to be noticed, while the pace is 1."""
DEEP = 70
"""Posts back from the newest that are surely read again (the setting is 100 ids, deleted ones included)."""
SURE, NEWEST = 3, 15
"""Looks after which a deletion is to be noticed among so many posts: they stand on the newest page."""


@dataclass
class _Seen:
    """The texts a story was served with, in order, from the moment ``first`` on.

    ``sure`` says of each text whether somebody was there to take it.
    """

    first: float
    texts: list[str] = field(default_factory=list)
    sure: list[bool] = field(default_factory=list)

    def add(self, text: str, *, sure: bool) -> None:
        if self.texts and self.texts[-1] == text:
            self.sure[-1] |= sure
        else:
            self.texts.append(text)
            self.sure.append(sure)

    @property
    def demanded(self) -> list[str]:
        """What must have been published."""
        return _collapsed(text for text, sure in zip(self.texts, self.sure, strict=True) if sure)


def find_faults(week: Week) -> Verdict:
    """Return what is wrong with *week* so far, without the figures that take long."""
    verdict = Verdict()
    served = _served(week)
    _judge_versions(week, served, verdict)
    _judge_deletions(week, served, verdict)
    judge_manners(week, verdict)
    return verdict


def judge(week: Week) -> Verdict:
    """Return what is wrong with *week*, and its figures."""
    verdict = find_faults(week)
    judge_requests(week, verdict)
    _judge_freshness(week, verdict)
    _judge_memory(week, verdict)
    figures = verdict.figures
    figures["requests"] = len(week.exchanges)
    figures["kills"] = len(week.kills)
    figures["cpu ms per request"] = 1000 * week.cpu / max(1, len(week.exchanges))
    figures["wall seconds"] = week.wall
    return verdict


def _served(week: Week) -> dict[str, _Seen]:
    seen: dict[str, _Seen] = {}
    outlets = {one.name: one for one in week.world.outlets}
    last: dict[str, tuple[int | None, bool]] = {}
    ends = [*week.kills, week.lived]
    for one in week.exchanges:
        if one.status != 200 or not one.whole or (one.phase is None and not one.posts):
            continue
        sure = one.at < week.lived and not _before(one.at, ends)
        if one.phase is None:
            shown = [(token, text) for token, text in one.posts]
        elif last.get(one.source) != (one.phase, True):
            shown = [(story.token, f"{text.title} {text.body}") for story, text in outlets[one.source].shown(one.phase)]
            last[one.source] = (one.phase, sure)
        else:
            continue
        for token, text in shown:
            seen.setdefault(token, _Seen(one.at)).add(_normal(text), sure=sure)
    return seen


def _judge_versions(week: Week, served: dict[str, _Seen], verdict: Verdict) -> None:
    published = _by_token(week.published)
    tellers, faults = week.world.tellers, verdict.faults
    for token, seen in served.items():

        def example(words: str = "", token: str = token, seen: _Seen = seen) -> Example:
            return Example(tellers[token].name, token, seen.first, words)

        versions = published.get(token, [])
        texts = [_normal(f"{one.title or ''} {one.text}") for one in versions if one.change != "deleted"]
        if not texts:
            if seen.demanded:
                faults["lost"].append(example())
            continue
        if len({one.item for one in versions}) > 1:
            faults["published under two identities"].append(example())
        elif (firsts := sum(one.change == "new" for one in versions)) != 1:
            faults["not exactly one first version"].append(example(f"{firsts} of them"))
        if not _within(seen.demanded, texts):
            faults["edit missed"].append(example(f"{seen.demanded} in {texts}"))
        if not _within(texts, seen.texts):
            faults["edit reported that never was"].append(example(f"{texts} in {seen.texts}"))
    for token in published.keys() - served.keys():
        faults["published, but never served"].append(_example(week, token, published[token][0]))
    distinct = {one.id for one in week.published}
    edits = sum(len(seen.demanded) - 1 for seen in served.values() if seen.demanded)
    verdict.figures |= {
        "items served": sum(bool(seen.demanded) for seen in served.values()),
        "items published": len(published),
        "edits served": edits,
        "edits published": sum(one.change == "edited" for one in {one.id: one for one in week.published}.values()),
        "records repeated": len(week.published) - len(distinct),
        "texts excused by a kill": sum(len(seen.texts) - len(seen.demanded) for seen in served.values()),
    }
    _judge_unseen(week, served, verdict)


def _example(week: Week, token: str, item: RawItem) -> Example:
    teller = week.world.tellers.get(token)
    return Example(teller.name if teller else item.source.id, token, _seconds(item))


def _judge_unseen(week: Week, served: dict[str, _Seen], verdict: Verdict) -> None:
    """Find stories that stood in their feed for hours, and were never asked for in time."""
    for outlet in week.world.outlets:
        for story in outlet.stories:
            there_until = min(story.gone or week.lived, week.lived)
            least = max(WINDOW_SHARE * week.world.seconds, BELIEVED * outlet.interval)
            if there_until - max(story.born, 0.0) > least and story.token not in served and _stood(outlet, story):
                verdict.faults["stood in the feed, never fetched"].append(
                    Example(outlet.name, story.token, story.born, f"validators: {outlet.validators}")
                )


WINDOW_SHARE = 0.12
"""Share of the week for which a story must have stood there to be demanded: some 20 hours of a week."""
BELIEVED = 13
"""Looks for which a server that always says 304 may be believed; the collector checks a new one after at most ten."""


def _stood(outlet: Outlet, story: Story) -> bool:
    """Whether *story* was in the window at all (what was there before the week may have been pushed out)."""
    return any(story is one for one, _ in outlet.shown(outlet.phase(max(story.born, 0.0))))


def _judge_deletions(week: Week, served: dict[str, _Seen], verdict: Verdict) -> None:
    items = {one.item: token for one in week.published if (token := _token(one))}
    told = {items[one.item] for one in week.published if one.change == "deleted" and one.item in items}
    real, demanded, ends = set(), set(), [*week.kills, week.lived]
    newest: defaultdict[str, list[Exchange]] = defaultdict(list)
    for one in week.exchanges:
        if one.posts and one.whole and not one.older:
            newest[one.source].append(one)
    for channel in week.world.channels:
        looks = [one.at for one in newest[channel.name] if not _before(one.at, ends) and one.at < week.lived]
        for number, post in enumerate(channel.posts):
            if post.gone is None or post.token not in served:
                continue
            real.add(post.token)
            if served[post.token].demanded and post.gone > 0 and _must_be_missed(channel, number, looks, week):
                demanded.add(post.token)
    for fault, tokens in (("deletion missed", demanded - told), ("deletion that never was", told - real)):
        for token in sorted(tokens):
            teller = week.world.tellers[token]
            stories = teller.stories if isinstance(teller, Outlet) else teller.posts
            gone = next(story.gone for story in stories if story.token == token) or served[token].first
            verdict.faults[fault].append(Example(teller.name, token, gone))
    verdict.figures |= {"deletions demanded": len(demanded), "deletions published": len(told)}


def _must_be_missed(channel: Broadcast, number: int, looks: list[float], week: Week) -> bool:
    """Whether it must have been noticed by now that a post is gone: at once on the newest page, by and by below it.

    *looks* are when somebody took the newest page.
    """
    gone = channel.posts[number].gone or 0.0
    after = looks[bisect_left(looks, gone) :]
    slowly = SWEPT / week.world.pace
    if gone < week.lived - slowly:
        return sum(one.born < gone + slowly for one in channel.posts[number + 1 :]) < DEEP
    return len(after) >= SURE and sum(one.born < after[SURE - 1] for one in channel.posts[number + 1 :]) < NEWEST


def _judge_freshness(week: Week, verdict: Verdict) -> None:
    """Measure from the appearance of a story to its record, where neither server nor collector was away meanwhile."""
    first: dict[str, float] = {}
    for one in week.published:
        if one.change == "new" and (token := _token(one)):
            first.setdefault(token, _seconds(one))
    shares: dict[str, list[float]] = {"freshness of feeds": [], "freshness of channels": []}
    for source in week.world.sources:
        feed, absent = isinstance(source, Outlet), away(source, week)
        for story in source.stories if isinstance(source, Outlet) else source.posts:
            seen = first.get(story.token, 0.0)
            if 0 < story.born < seen and not any(since < seen and story.born < until for since, until in absent):
                shares["freshness of feeds" if feed else "freshness of channels"].append(
                    (seen - story.born) / source.interval
                )
    shares["freshness"] = [share for some in shares.values() for share in some]
    for name, found in shares.items():
        verdict.figures[f"{name}, median in intervals"] = median(found) if found else 0.0
        verdict.figures[f"{name}, slowest in intervals"] = max(found, default=0.0)


def _judge_memory(week: Week, verdict: Verdict) -> None:
    """Compare the memory at the end of the longest life with that after its first fifth."""
    lives = [list(samples) for _, samples in groupby(week.samples, key=lambda one: one.life)]
    longest = max(lives, key=len, default=[Sample(0.0, 0, 1)])
    fifth = max(1, len(longest) // 5)
    early, late = (
        median(one.rss for one in part) for part in (longest[fifth : 2 * fifth] or longest, longest[-fifth:])
    )
    verdict.figures |= {
        "memory, MiB": late / 2**20,
        "memory, growth": late / early,
        "memory, over simulated hours": (longest[-1].at - longest[0].at) / HOUR,
    }


def _by_token(published: Iterable[RawItem]) -> dict[str, list[RawItem]]:
    """Return every version once, by the token of its story, in order."""
    by_item: defaultdict[str, dict[str, RawItem]] = defaultdict(dict)
    for one in published:
        by_item[one.item].setdefault(one.id, one)
    found: defaultdict[str, list[RawItem]] = defaultdict(list)
    for versions in by_item.values():
        token = next(filter(None, map(_token, versions.values())), "no token")
        found[token] += sorted(versions.values(), key=lambda one: (one.version, one.seen_at))
    return found


def _seconds(item: RawItem) -> float:
    return (item.seen_at - START).total_seconds()


def _token(item: RawItem) -> str | None:
    match = TOKEN.search(item.text)
    return match[1] if match else None


def _before(moment: float, ends: Sequence[float]) -> bool:
    place = bisect_left(ends, moment)
    return place < len(ends) and ends[place] - moment < EXCUSED


@lru_cache(maxsize=100_000)
def _normal(text: str) -> str:
    visible = text if text.isascii() else "".join(char for char in text if unicodedata.category(char) != "Cf")
    return re.sub(r"\s+", " ", visible).strip()


def _collapsed(texts: Iterable[str]) -> list[str]:
    return [text for text, _ in groupby(texts)]


def _within(some: Sequence[str], every: Sequence[str]) -> bool:
    """Whether *some* is what is left of *every* after leaving out a few."""
    rest: Iterator[str] = iter(every)
    return all(text in rest for text in some)
