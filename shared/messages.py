"""What the services say to each other: frozen, versioned, checked on creation.

A message type keeps its meaning for ever. Adding an optional field is allowed; anything else is a new version
(``claimwatch.item.tagged.v2``). The values of a claim are defined in ``docs/glossary.md``.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID, uuid5

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from shared.clock import aware

Moment = Annotated[datetime, AfterValidator(aware)]
"""An aware moment, in UTC whatever zone it arrived in."""

NAMESPACE = UUID("6f0c3a3e-6d0b-5d5e-9d3f-5f6f1c1b7a11")
"""Root of every deterministic id: the same input gives the same id on every machine, for ever."""

Day = date
"""A calendar day; named so that a field may be called ``date``."""

Outcome = Literal["killed", "wounded", "missing", "captured"]
Stance = Literal["confirmed", "reported", "alleged", "denied"]
Cause = Literal["mortar", "mine", "airstrike", "aircraft", "smallarms", "suicide", "execution", "accident", "other"]
Governorate = Literal[
    "Aleppo", "Idlib", "Latakia", "Tartus", "Hama", "Homs", "Damascus",
    "Rif-Dimashq", "Daraa", "Quneitra", "Suwayda", "Raqqa", "Deir-ez-Zor", "Hasakah",
]  # fmt: skip
AlertKind = Literal["new", "conflict", "update", "confirmation", "denial", "correction"]
Dimension = Literal["count", "denial", "cause", "place"]
PartyKind = Literal["own side", "opposing side", "monitor", "media", "anonymous"]
Grade = Literal["confirmed", "fair", "weak", "contested", "denied", "discounted"]
Reliability = Literal["A", "B", "C", "D", "E", "F"]
Force = Annotated[str, Field(pattern=r"^(RU|RU-PMC|SY|TR|IR|HZB|IR-MIL|SDF|OPP|IS|ARMED|[A-Z]{2})$")]
"""The force the victims belong to: one of the named keys, or another state's ISO 3166 code."""


def stable_id(*parts: str) -> str:
    """Return the id that stands for exactly these *parts*, in this order."""
    return str(uuid5(NAMESPACE, "\x1f".join(parts)))


class Message(BaseModel):
    """A value that travels: immutable, unknown fields ignored so that old readers read new writers."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class SourceRef(Message):
    """The feed or channel an item came from, as much of it as readers downstream need."""

    id: str
    name: str
    kind: Literal["rss", "telegram"]
    language: str | None = None
    country: str | None = None
    side: str | None = Field(None, description="The force whose side the source takes, if it takes one")
    owner: str | None = Field(None, description="Owner; sources of one owner are one voice")
    reliability: Reliability | None = Field(None, description="Admiralty grade of the source")


class RawItem(Message):
    """One *version* of one item. An edit or a deletion is a further version with the same ``item``."""

    TYPE: ClassVar[str] = "claimwatch.item.raw.v1"

    id: str = Field(description="This version; the same for the same content, so that a repeat is recognised")
    item: str = Field(description="The item through all its versions; the key of the topic")
    version: int = Field(1, ge=1)
    change: Literal["new", "edited", "deleted"] = "new"
    source: SourceRef
    url: str | None = None
    title: str | None = None
    text: str = ""
    lang: str | None = Field(None, description="What the source says its language is; a hint only")
    published_at: Moment | None = None
    edited_at: Moment | None = None
    seen_at: Moment
    forwarded_from: str | None = Field(None, description="Permalink or id of the post this one forwards")
    byline: str | None = Field(None, description="Author or wire tag as printed")
    wire: str | None = Field(None, description="Agency whose story the text says it is, as printed: Reuters, /TASS/")
    canonical: str | None = Field(None, description="What the page calls its own address; data, never an identity")
    notes: tuple[str, ...] = Field((), description="What was repaired or missing: undated, future, charset-repaired…")

    @property
    def document(self) -> str:
        """The text version that claims quote from and count their offsets in: title, newline, text."""
        return f"{self.title or ''}\n{self.text}"

    @property
    def when(self) -> datetime:
        """The moment to read 'today' and 'on Monday' against: publication, or when it was first seen."""
        return self.published_at or self.seen_at


class Span(Message):
    """The stretch of the document that one field was read from, and the rule that read it."""

    field: str
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    rule: str


class Claim(Message):
    """So many members of one force met one outcome in one incident, according to someone."""

    id: str
    outcome: Outcome
    min: int | None = Field(None, ge=0, description="Least number claimed; null: open below")
    max: int | None = Field(None, ge=0, description="Greatest number claimed; null: open above")
    force: Force
    part: bool = Field(default=False, description="A stated part of a larger figure of the same document")
    total: bool = Field(default=False, description="A total over a period or a war: belongs to no single incident")
    background: bool = Field(default=False, description="An old incident mentioned in passing")
    place: str | None = None
    governorate: Governorate | None = None
    date: Day | None = None
    cause: Cause | None = None
    perpetrator: Force | None = None
    role: str | None = Field(None, description="Role or rank of the victims: adviser, pilot, general")
    stance: Stance
    attributed_to: str | None = Field(None, description="Who says so, as the text names them; null: the outlet itself")
    party: str | None = Field(None, description="Who that is, by one English name however spelled; null: the outlet")
    relayed_by: str | None = Field(None, description="Through whom the speaker was heard")
    names: tuple[str, ...] = ()
    evidence: str = Field(min_length=1, description="Verbatim part of the document")
    start: int = Field(ge=0, description="Offset of the evidence in the document")
    end: int = Field(ge=0)
    confidence: float = Field(1.0, ge=0, le=1)
    spans: tuple[Span, ...] = ()
    reader: str | None = Field(None, description="Who read it, if not the item's own reader: second:MODEL:PROMPT")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            message = f"min {self.min} is above max {self.max}"
            raise ValueError(message)
        return self


class TaggedItem(Message):
    """A raw item with the reader's decision about it, and every claim found in it."""

    TYPE: ClassVar[str] = "claimwatch.item.tagged.v1"

    id: str
    item: RawItem
    relevant: bool
    score: float = Field(ge=0, le=1)
    lang: str | None
    read: bool = Field(default=True, description="False: the language is unknown to the reader, so nothing was decided")
    reasons: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    reader: str = Field("rules", description="Reader and version that decided")


class Statement(Message):
    """A claim as the ledger holds it: who said it where and when, and in which incident it stands."""

    claim: Claim
    item: str
    version: str = Field(description="Id of the item's version it was read from")
    source: SourceRef
    url: str | None = None
    published_at: Moment | None = None
    seen_at: Moment
    voice: str = Field(description="The one party behind it; copies and relays of one party are one voice")
    state: Literal["standing", "superseded", "withdrawn", "deleted"] = "standing"
    link_score: float = Field(1.0, ge=0, le=1)
    link_reason: str = ""
    review: str | None = Field(None, description="Why a person should look at where it was put; null: no doubt")


class Conflict(Message):
    """Two statements of one incident that cannot both be right, and why, in one sentence."""

    dimension: Dimension
    force: Force
    outcome: Outcome
    left: Statement
    right: Statement
    reason: str


class Dispute(Message):
    """Two claims of an incident that stand against each other in one dimension, of which not all raise alerts."""

    dimension: str = Field(description="denial, count, cause, place, date, perpetrator or identity")
    force: Force
    outcome: Outcome
    left: str = Field(description="Id of the earlier claim")
    right: str = Field(description="Id of the later claim")
    reason: str


class Account(Message):
    """What one voice last said of one force and outcome, with the two grades of the Admiralty scale, kept apart."""

    voice: str
    kind: PartyKind = Field(description="Whose voice it is, seen from the victims")
    force: Force
    outcome: Outcome
    min: int | None
    max: int | None
    denied: bool = False
    claim: str = Field(description="Id of the claim it is taken from")
    reliability: Reliability = Field(description="Of the source, as configured; F: not judged")
    credibility: int = Field(ge=1, le=6, description="Of the information: 1 confirmed by others … 5 improbable; 6 open")
    reason: str = Field(description="Why it is so credible, in one sentence")


class Share(Message):
    """What the voices of one kind claim for one force and outcome."""

    kind: PartyKind
    min: int | None
    max: int | None
    voices: int


class Figure(Message):
    """What is claimed for one force and outcome of an incident, over everyone who speaks of it."""

    force: Force
    outcome: Outcome
    min: int | None
    max: int | None
    voices: int = Field(description="Independent voices behind it")
    denied: bool = False
    shares: tuple[Share, ...] = Field((), description="The same for each kind of voice that speaks of it")


class Incident(Message):
    """The incident as it stands: what is claimed, by how many voices, what is in dispute."""

    TYPE: ClassVar[str] = "claimwatch.incident.v1"

    id: str
    revision: int = Field(ge=1)
    status: Literal["open", "merged"] = "open"
    merged_into: str | None = None
    headline: str
    date: Day | None = None
    place: str | None = None
    governorate: Governorate | None = None
    cause: Cause | None = None
    figures: tuple[Figure, ...] = ()
    voices: int = 0
    conflicts: int = 0
    first_seen_at: Moment
    last_seen_at: Moment
    statements: tuple[Statement, ...] = ()
    grade: Grade | None = None
    grade_reason: str = ""
    disputes: tuple[Dispute, ...] = Field((), description="Open disputes in every dimension")
    accounts: tuple[Account, ...] = Field((), description="What each voice says, with its grades")
    apart: tuple[str, ...] = Field((), description="Incidents that this one must not be merged with")


class Alert(Message):
    """One decision to tell someone: what changed in an incident, why it matters, and the claims behind it."""

    TYPE: ClassVar[str] = "claimwatch.alert.v1"

    id: str
    kind: AlertKind
    incident: str
    headline: str
    summary: str
    created_at: Moment
    statements: tuple[Statement, ...] = Field(description="The claims that caused it")
    conflicts: tuple[Conflict, ...] = Field((), description="For a conflict: both sides")
    figures: tuple[Figure, ...] = ()
    item: str = Field(description="The item that caused it")
    suppressed: str | None = Field(None, description="Why it was decided but not sent: replay, backfill, old news")
