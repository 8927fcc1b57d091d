"""What outlets and channels say in a simulated week: made from a seed, a pure function of the time.

Every story carries a token in its text that stays through all its edits, so that whatever is published can be compared
with what was there, whichever guid, address or order it was shown under.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from typing import Literal

HOUR, DAY = 3600.0, 86_400.0
TOKEN = re.compile(r"\b(z[a-z]+\d+n\d+z)\b")

Form = Literal["rss", "atom", "json"]
Validators = Literal["both", "etag", "date", "none", "frozen"]
"""``frozen``: one ETag for ever, and 304 to whoever shows it, whatever changed."""
Guids = Literal["kept", "moves", "flaky"]
"""``moves``: other guids from one moment on; ``flaky``: other ones with every change of the feed."""
Kind = Literal[
    "busy", "busy-date", "unavailable", "silent", "cut", "reset", "down", "missing", "broken", "page", "stale"
]
"""What is wrong with a server: 429 with seconds or a date, 503, no answer, half an answer, a connection reset,
no connection, 404, 500, a web page in place of the feed, 304 to every conditional request."""

KINDS: tuple[Kind, ...] = (
    "busy", "busy-date", "unavailable", "silent", "cut", "reset", "down", "missing", "broken", "page", "stale",
)  # fmt: skip
PLACES = ("Aleppo", "Idlib", "Homs", "Palmyra", "Latakia", "Hama", "Daraa", "Raqqa")
ACTIVE_FOR, INCIDENT_EVERY = 2 * HOUR, 0.5 * HOUR
"""How long a feed is active on an incident, and how often one of them comes to be."""
WINDOW_HOURS = 16.0
"""A feed shows what is younger than this, so that nothing passes it by while its server or the collector is away."""


@dataclass(frozen=True)
class Text:
    """What a story says from ``since`` on (seconds from the start)."""

    since: float
    title: str
    body: str


@dataclass(frozen=True)
class Story:
    """A story or a post, with all it ever says; ``gone`` is when it is taken away."""

    token: str
    texts: tuple[Text, ...]
    gone: float | None = None

    @property
    def born(self) -> float:
        """When it appears."""
        return self.texts[0].since

    def at(self, moment: float) -> Text:
        """Return what it says at *moment*."""
        return next(text for text in reversed(self.texts) if text.since <= moment)


@dataclass(frozen=True)
class Trouble:
    """A stretch in which a server does something wrong."""

    kind: Kind
    since: float
    until: float


@dataclass(frozen=True)
class Server:
    """One host: its address on the loopback, and its troubles."""

    address: str
    troubles: tuple[Trouble, ...] = ()

    def trouble(self, moment: float) -> Trouble | None:
        """Return what is wrong at *moment*."""
        return next((one for one in self.troubles if one.since <= moment < one.until), None)


@dataclass(frozen=True)
class Outlet:
    """One feed. Its bytes change at ``changes`` only; what it shows between two of them is one *phase*."""

    name: str
    server: Server
    interval: float
    window: int
    stories: tuple[Story, ...]
    form: Form = "rss"
    validators: Validators = "both"
    guids: Guids = "kept"
    shuffled: bool = False
    noise: tuple[float, ...] = ()
    moves_at: float = 0.0
    _shown: dict[int, tuple[tuple[Story, Text], ...]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def floor(self) -> float:
        """The least time between two looks at it, in seconds."""
        return self.interval / 4

    @cached_property
    def changes(self) -> tuple[float, ...]:
        """The moments at which its bytes change, the first at or before the start."""
        moments = {0.0, *self.noise, *([self.moves_at] if self.guids == "moves" else [])}
        for story in self.stories:
            moments |= {max(0.0, text.since) for text in story.texts} | ({story.gone} if story.gone else set())
        return tuple(sorted(moments))

    def phase(self, moment: float) -> int:
        """Return the number of the phase at *moment*."""
        return max(0, bisect_right(self.changes, moment) - 1)

    def shown(self, phase: int) -> tuple[tuple[Story, Text], ...]:
        """Return the stories in view in *phase*, in the order of the feed, each with what it says then."""
        if phase not in self._shown:
            moment = self.changes[phase]
            there = [one for one in self.stories if one.born <= moment and not (one.gone and one.gone <= moment)]
            view = [(story, story.at(moment)) for story in reversed(there[-self.window :])]
            if self.shuffled:
                Random(phase).shuffle(view)
            self._shown[phase] = tuple(view)
        return self._shown[phase]


@dataclass(frozen=True)
class Broadcast:
    """One Telegram channel: posts, some edited, some deleted, some merely reacted to (at ``reactions``).

    ``birth_shown``: its oldest message is the one that Telegram writes when a channel is created.
    """

    name: str
    interval: float
    posts: tuple[Story, ...]
    reactions: tuple[tuple[float, str], ...] = ()
    birth_shown: bool = True


@dataclass(frozen=True)
class Activation:
    """An open incident of which *source* speaks is told at ``at``; until ``until`` the source counts as active."""

    source: str
    at: float
    until: float


@dataclass(frozen=True)
class World:
    """Everything that is said, and by whom, for so many ``seconds``; at a ``pace`` of 2 all happens twice as often."""

    seconds: float
    pace: float
    outlets: tuple[Outlet, ...]
    channels: tuple[Broadcast, ...]
    telegram: Server
    activations: tuple[Activation, ...]

    @cached_property
    def tellers(self) -> dict[str, Outlet | Broadcast]:
        """Who tells each story, by its token."""
        told = [(one, one.stories if isinstance(one, Outlet) else one.posts) for one in self.sources]
        return {story.token: source for source, stories in told for story in stories}

    @property
    def sources(self) -> tuple[Outlet | Broadcast, ...]:
        """Feeds and channels."""
        return (*self.outlets, *self.channels)


def make_world(
    seed: int, *, seconds: float, feeds: int, channels: int, pace: float = 1.0, trouble: float = 1.0
) -> World:
    """Return the world that follows from *seed*; with more *trouble* servers fail that many times as often."""
    chance = Random(seed)
    every = 1.5 * DAY / pace / trouble
    addresses = [f"127.1.{number // 200}.{1 + number % 200}" for number in range(-(-3 * feeds // 5))]
    hosts = [_server(address, seconds, chance, every, 2 * HOUR / pace) for address in addresses]
    telegram = Server("127.2.0.1", _troubles(seconds, chance, ("busy", "reset", "broken"), every, HOUR / pace))
    outlets = tuple(_outlet(number, hosts[number % len(hosts)], seconds, chance, pace) for number in range(feeds))
    broadcasts = tuple(_channel(number, seconds, chance, pace) for number in range(channels))
    told = _moments(seconds - HOUR / pace, pace / INCIDENT_EVERY, chance)
    activations = [Activation(chance.choice(outlets).name, moment, moment + ACTIVE_FOR / pace) for moment in told]
    return World(seconds, pace, outlets, broadcasts, telegram, tuple(activations))


def _server(address: str, seconds: float, chance: Random, every: float, long: float) -> Server:
    if chance.random() < 0.3:
        return Server(address)
    return Server(address, _troubles(seconds, chance, KINDS, every, long))


def _troubles(
    seconds: float, chance: Random, kinds: tuple[Kind, ...], every: float, long: float
) -> tuple[Trouble, ...]:
    found, moment = [], chance.expovariate(1 / every)
    while moment < seconds - 0.15 * every:
        until = moment + chance.uniform(0.1, 1.0) * long
        found.append(Trouble(chance.choice(kinds), moment, until))
        moment = until + chance.uniform(0.3, 1.7) * every
    return tuple(found)


def _outlet(number: int, server: Server, seconds: float, chance: Random, pace: float) -> Outlet:
    busy = number % 3 == 0
    a_day = pace * (chance.uniform(30, 90) if busy else chance.uniform(2, 12))
    name = f"feed{number}"
    letters = "".join(chr(ord("a") + int(digit)) for digit in str(number))
    return Outlet(
        name,
        server,
        (900.0 if busy else 3600.0) / pace,
        max(15, round(a_day / DAY * WINDOW_HOURS * HOUR / pace)),
        _stories(f"zf{letters}", seconds, a_day, chance, pace, deleted=0.02),
        chance.choice(("rss", "rss", "atom", "json")),
        chance.choices(("both", "etag", "date", "none", "frozen"), (60, 15, 15, 7, 3))[0],
        chance.choices(("kept", "moves", "flaky"), (85, 10, 5))[0],
        chance.random() < 0.15,
        _moments(seconds, 3 * pace / DAY, chance) if chance.random() < 0.3 else (),
        chance.uniform(0.2, 0.8) * seconds,
    )


def _channel(number: int, seconds: float, chance: Random, pace: float) -> Broadcast:
    a_day = pace * chance.uniform(4, 50)
    letters = "".join(chr(ord("a") + int(digit)) for digit in str(number))
    posts = _stories(f"zc{letters}", seconds, a_day, chance, pace, deleted=0.04)
    reacted = [(post.born + chance.uniform(1, HOUR), post.token) for post in posts if chance.random() < 0.2]
    return Broadcast(f"channel_{letters}", 3600.0 / pace, posts, tuple(reacted), number % 2 == 0)


def _stories(
    prefix: str, seconds: float, a_day: float, chance: Random, pace: float, *, deleted: float
) -> tuple[Story, ...]:
    before = 8 * DAY / a_day  # some eight stories are there when the week begins
    births = [moment - before for moment in _moments(seconds + before, a_day / DAY, chance)]
    return tuple(_story(f"{prefix}0n{number}z", born, chance, pace, deleted) for number, born in enumerate(births))


def _moments(seconds: float, rate: float, chance: Random) -> tuple[float, ...]:
    found, moment = [], chance.expovariate(rate)
    while moment < seconds:
        found.append(moment)
        moment += chance.expovariate(rate)
    return tuple(found)


def _story(token: str, born: float, chance: Random, pace: float, deleted: float) -> Story:
    killed, place = chance.randint(1, 9), chance.choice(PLACES)
    title, body = f"Shelling near {place}", f"Mortar fire killed {killed} soldiers near {place}, sources say. {token}"
    texts = [Text(born, title, body)]
    moment = born
    while chance.random() < 0.2:
        moment += chance.expovariate(1 / (1.5 * HOUR)) / pace
        match chance.randrange(4):
            case 0:  # one digit, the smallest edit there is and the one that matters most
                body = body.replace(f"killed {killed} ", f"killed {(killed := killed + 1)} ")
            case 1:
                body += f" Updated with {chance.randint(2, 99)} wounded."
            case 2:
                title = f"{title}: {killed} dead ({len(texts)})"
            case _ if len(texts) > 1 and texts[-2].title == title:
                body = texts[-2].body  # and back again, which is an edit too
            case _:
                body = body.replace("sources say", "the ministry confirms")
        if (title, body) != (texts[-1].title, texts[-1].body):
            texts.append(Text(moment, title, body))
    gone = texts[-1].since + chance.uniform(0.1, 8) * HOUR / pace if chance.random() < deleted else None
    return Story(token, tuple(texts), gone)
