"""The alerter's tables: the ledger of incidents, what was handled, notices, and the outbox. No behaviour.

A message is kept whole as its JSON text (``document``); the columns beside it are what is searched by.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from shared.database import METADATA, UtcMoment

INCIDENTS = Table(
    "incidents",
    METADATA,
    Column("id", String, primary_key=True),
    Column("revision", Integer, nullable=False),  # grows with every change: the optimistic version
    Column("status", String, nullable=False),
    Column("merged_into", String, index=True),
    Column("day", Date),
    Column("governorate", String),
    Column("place", String),
    Column("last_seen_at", UtcMoment, nullable=False, index=True),
    Column("document", Text, nullable=False),  # Incident without its statements
)

FORCES = Table(
    "incident_force",
    METADATA,
    Column("force", String, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("incident", ForeignKey("incidents.id"), primary_key=True, index=True),
    Column("seen", UtcMoment, nullable=False),  # the incident's last_seen_at, to rank without a join
)

MARKS = Table(
    "incident_mark",
    METADATA,
    Column("mark", String, primary_key=True),
    Column("incident", ForeignKey("incidents.id"), primary_key=True, index=True),
    Column("weight", Integer, nullable=False),
    Column("seen", UtcMoment, nullable=False),
    # Some marks are shared by very many incidents: the best of them are read from the index, never sorted.
    Index(None, "mark", "weight", "seen"),
)

STATEMENTS = Table(
    "statements",
    METADATA,
    Column("version", String, primary_key=True),
    Column("claim", String, primary_key=True, index=True),
    Column("incident", ForeignKey("incidents.id"), nullable=False),
    Column("position", Integer, nullable=False),  # place among the incident's statements
    Column("item", String, nullable=False, index=True),
    Column("state", String, nullable=False),
    Column("document", Text, nullable=False),
    Index(None, "incident", "position"),
)

HANDLED = Table(
    "handled",
    METADATA,
    Column("version", String, primary_key=True),
    Column("item", String, nullable=False),
    Column("handled_at", UtcMoment, nullable=False),
    Column("incidents", Text, nullable=False),  # JSON list of the incidents it changed
    Column("links", Text, nullable=False),  # JSON object: claim → incident or null
)

ALERTS = Table(
    "alerts",
    METADATA,
    Column("id", String, primary_key=True),
    Column("incident", ForeignKey("incidents.id"), nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("version", String, nullable=False, index=True),  # of the item that caused it
    Column("position", Integer, nullable=False),  # place among the alerts of that version
    Column("suppressed", String),
    Column("created_at", UtcMoment, nullable=False, index=True),
    Column("document", Text, nullable=False),
)

HISTORY = Table(
    "incident_history",
    METADATA,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("incident", ForeignKey("incidents.id"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("at", UtcMoment, nullable=False),
    Column("kind", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("claims", Text, nullable=False),  # JSON list of the claims that caused it
    Column("version", String),  # of the item that caused it; null: an analyst did
    Column("actor", String),  # who ordered it; null: the system
    Index(None, "incident", "sequence"),
    sqlite_autoincrement=True,
)

REVIEWS = Table(
    "reviews",
    METADATA,
    Column("claim", String, primary_key=True),
    Column("incident", ForeignKey("incidents.id"), nullable=False, index=True),
    Column("since", UtcMoment, nullable=False, index=True),
    Column("reason", Text, nullable=False),
)

RULINGS = Table(
    "rulings",
    METADATA,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("at", UtcMoment, nullable=False),
    Column("actor", String, nullable=False),
    Column("document", Text, nullable=False),  # Ruling, in terms of claims, so that it outlives a rebuild
    sqlite_autoincrement=True,
)

DELIVERIES = Table(
    "deliveries",
    METADATA,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("alert", String, nullable=False),  # what is told: an alert, or a notice
    Column("incident", String, nullable=False),  # what it is about: an incident, or a notice's subject
    Column("subscription", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("state", String, nullable=False),  # pending, sending, sent, dead, held, joined
    Column("attempts", Integer, nullable=False),
    Column("ambiguous", Boolean, nullable=False),
    Column("created_at", UtcMoment, nullable=False),
    Column("not_before", UtcMoment, nullable=False),
    Column("locked_until", UtcMoment),
    Column("ended_at", UtcMoment),
    Column("last_error", Text),
    Column("joined_to", String, index=True),  # the delivery that carries this alert too; its state is "joined"
    Column("digest", Boolean),  # true: it sums up alerts on several incidents
    Column("notice", Boolean),  # true: it tells the operator something
    UniqueConstraint("alert", "subscription"),
    Index(None, "subscription", "state", "sequence"),
    Index(None, "subscription", "created_at"),
    Index(None, "incident", "subscription", "state", "sequence"),
    sqlite_autoincrement=True,
)

THREADS = Table(
    "threads",
    METADATA,
    Column("incident", String, primary_key=True),  # or a notice's subject
    Column("subscription", String, primary_key=True),
    Column("thread", Text, nullable=False),
)

NOTICES = Table(
    "notices",
    METADATA,
    Column("id", String, primary_key=True),
    Column("subject", String, nullable=False),
    Column("at", UtcMoment, nullable=False, index=True),
    Column("document", Text, nullable=False),
)
