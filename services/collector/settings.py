"""The collector's section of the configuration: which sources, how often, within which limits."""

from __future__ import annotations

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from services.collector.schedule import CEILING, FLOOR, HINT_CAP
from services.collector.sources.addresses import MOST_URL
from services.collector.sources.telegram.settings import TelegramSettings, Way
from shared.errors import ConfigurationError
from shared.messages import Force, SourceRef
from shared.notices import CANARY
from shared.settings import Section

_YEAR = 31_536_000
"""Seconds; a longer wait is a mistake, and an endless one no moment at all."""
Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class SourceSettings(Section):
    """One feed or channel, and what is known of whoever is behind it."""

    id: Identifier = Field(description="Short name of your own: lower-case letters, digits, . _ -; keep it for ever")
    name: str = Field(min_length=1, description="As shown in alerts")
    kind: Literal["rss", "sitemap", "telegram"] = Field(
        "rss", description="rss (also Atom, RDF, JSON Feed), sitemap (best a news sitemap) or telegram"
    )
    url: str | None = Field(None, description="Address of the feed or sitemap; for rss and sitemap")
    channel: str | None = Field(None, description="Name of the public channel, as in https://t.me/NAME; for telegram")
    via: Way | None = Field(None, description="preview or account, where collector.telegram.mode is both; for telegram")
    language: str | None = Field(None, pattern=r"^[a-z]{2,3}$", description="ISO 639 code; a hint only")
    country: str | None = Field(None, pattern=r"^[A-Z]{2}$", description="ISO 3166 code of the outlet's seat")
    side: Force | None = Field(None, description="The force whose side it takes, if it takes one: RU, SY, TR, OPP...")
    owner: str | None = Field(None, description="Who owns it; sources of one owner count as one voice")
    reliability: Literal["A", "B", "C", "D", "E", "F"] | None = Field(None, description="Admiralty grade")
    interval: float | None = Field(
        None, ge=1, le=_YEAR, description="Seconds between two looks to begin with, and the least; else the collector's"
    )
    floor: float | None = Field(
        None, ge=1, le=_YEAR, description="Seconds between two looks at least; else the interval, if set"
    )
    ceiling: float | None = Field(
        None, ge=1, le=_YEAR, description="Seconds between two looks at most; else the collector's"
    )
    hint_cap: float | None = Field(
        None, ge=0, le=_YEAR, description="Longest wait its hints can ask for; else the collector's"
    )
    full_text: Literal["auto", "always", "never"] = Field(
        "auto", description="Read the article's page: auto when the feed gives only a summary, always, never"
    )
    allow_private: bool = Field(default=False, description="It is in your own network; else such addresses are refused")

    @property
    def ref(self) -> SourceRef:
        """What travels with every item of this source."""
        return SourceRef(
            id=self.id,
            name=self.name,
            # To readers downstream a site is a site, by whatever list its articles were found.
            kind="telegram" if self.kind == "telegram" else "rss",
            language=self.language,
            country=self.country,
            side=self.side,
            owner=self.owner,
            reliability=self.reliability,
        )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        where = f"collector.sources.{self.id}"
        if self.id == CANARY.id:
            raise ConfigurationError(where, "is the name of claimwatch's own canary", "Choose another id")
        needed, alien = ("channel", "url") if self.kind == "telegram" else ("url", "channel")
        if not getattr(self, needed):
            raise ConfigurationError(
                f"{where}.{needed}", f'is needed for kind "{self.kind}"', "Add it, or change the kind"
            )
        if getattr(self, alien):
            raise ConfigurationError(f"{where}.{alien}", f'means nothing for kind "{self.kind}"', "Remove it")
        if self.via and self.kind != "telegram":
            raise ConfigurationError(f"{where}.via", f'means nothing for kind "{self.kind}"', "Remove it")
        if self.url:
            _check_url(f"{where}.url", self.url)
        _check_order(where, self.floor, self.ceiling)
        return self


class LimitSettings(Section):
    """How much is asked of a server, and how much is taken from it."""

    connect: float = Field(10, gt=0, description="Seconds to reach a server")
    total: float = Field(30, gt=0, description="Seconds for one whole answer")
    body: int = Field(16_777_216, ge=65_536, description="Bytes of one answer after decompression")
    parse: float = Field(20, gt=0, description="Seconds to read one feed or page, in a process of its own")
    memory: int = Field(1_073_741_824, ge=268_435_456, description="Bytes of address space of such a process")
    at_once: int = Field(32, ge=1, description="Sources looked at side by side")
    per_host: int = Field(1, ge=1, description="Requests side by side to one host")
    spacing: float = Field(1, ge=0, description="Seconds between two requests to one public host")
    private_per_host: int = Field(8, ge=1, description="Requests side by side to one host of your own network")
    private_spacing: float = Field(0, ge=0, description="Seconds between two requests to one of these")
    remember: int = Field(180, ge=7, description="Days an item is remembered after its source stopped showing it")


class HealthSettings(Section):
    """When a source's trouble is worth telling the operator; subscriptions with the kind source-health hear of it."""

    every: float = Field(60, ge=1, le=_YEAR, description="Seconds between two rounds that judge all sources")
    failing_after: float = Field(3600, ge=0, le=_YEAR, description="Seconds a source must fail before it is a problem")
    blocked_after: float = Field(
        900, ge=0, le=_YEAR, description="Seconds a source must refuse us before it is a problem"
    )
    storm_after: float = Field(
        180, ge=0, le=_YEAR, description="Seconds after which all sources failing at once are told as one"
    )


class CanarySettings(Section):
    """A made-up claim that travels the whole way to an alert, which is dropped there; it measures how long it takes."""

    interval: float | None = Field(None, ge=10, le=_YEAR, description="Seconds between two; left out: none is sent")
    deadline: float = Field(
        120, gt=0, le=_YEAR, description="Seconds after which one that has not arrived is a problem"
    )


class WebSubSettings(Section):
    """Pushes from hubs. Polling goes on, less often while pushes come."""

    callback: str | None = Field(
        None,
        description="Public address that your proxy passes on to the listener, told to hubs. None: feeds are polled",
    )
    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 inside a container")
    port: int = Field(8098, ge=1, le=65535, description="Port to listen on")

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.callback:
            _check_url("collector.websub.callback", self.callback)
            if set("?#") & set(self.callback):
                raise ConfigurationError(
                    "collector.websub.callback", "has a query or a fragment", "Write https://HOST/PATH"
                )
        return self


class CollectorSettings(Section):
    """Which sources are read, how often, and how politely."""

    sources: tuple[SourceSettings, ...] = Field((), description="Your sources; none: the shipped catalogue")
    catalogue: bool | None = Field(
        None, description="Read the shipped catalogue too; left out: only when there are no sources of your own"
    )
    interval: float = Field(120, ge=1, le=_YEAR, description="Seconds between two looks at a feed to begin with")
    floor: float = Field(
        FLOOR, ge=1, le=_YEAR, description="Seconds between two looks at a feed that brings news, at least"
    )
    ceiling: float = Field(
        CEILING, ge=1, le=_YEAR, description="Seconds between two looks at a feed that brings none, at most"
    )
    hint_cap: float = Field(
        HINT_CAP, ge=0, le=_YEAR, description="Longest wait, in seconds, that a feed's hints can ask for"
    )
    active_for: float = Field(
        10_800,
        ge=0,
        le=_YEAR,
        description="Seconds a source is looked at at its floor after the last word on its incident",
    )
    longest_interval: float = Field(
        21_600, ge=60, le=_YEAR, description="Seconds a failing source is left alone at most"
    )
    spread: float = Field(30, ge=0, le=_YEAR, description="Seconds over which the first looks after a start are spread")
    contact: str | None = Field(None, description="Address or page in the User-Agent, so that publishers can write")
    limits: LimitSettings = LimitSettings()
    health: HealthSettings = HealthSettings()
    canary: CanarySettings = CanarySettings()
    websub: WebSubSettings = WebSubSettings()
    telegram: TelegramSettings = TelegramSettings()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        seen: set[str] = set()
        for source in self.sources:
            if source.id in seen:
                raise ConfigurationError(
                    f"collector.sources.{source.id}", "stands there twice", "Give each source an id of its own"
                )
            seen.add(source.id)
            if source.kind == "telegram":
                self.telegram.check_way(source.id, source.via)
        _check_order("collector", self.floor, self.ceiling)
        if self.contact and not self.contact.isprintable():
            raise ConfigurationError("collector.contact", "holds control characters", "Write an address or a URL")
        return self


def _check_order(where: str, floor: float | None, ceiling: float | None) -> None:
    if floor and ceiling and floor > ceiling:
        raise ConfigurationError(
            f"{where}.floor", f"{floor:g} is above ceiling {ceiling:g}", "Lower it, or raise ceiling"
        )


def _check_url(where: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        name, _ = (parts.hostname or "").encode("idna"), parts.port
    except ValueError:
        raise ConfigurationError(where, f'"{url[:80]}" is not a web address', "Write https://HOST/PATH") from None
    if parts.scheme not in ("http", "https") or not name or not url.isprintable() or len(url) > MOST_URL:
        raise ConfigurationError(where, f'"{url[:80]}" is not a web address', "Write https://HOST/PATH")
    if parts.password:
        raise ConfigurationError(
            where, "holds a password", "Use the address without it; feeds behind a login are not read"
        )
