"""The ledger of incidents, and the outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the alerter's tables."""
    _incidents()
    _statements()
    _alerts()
    _deliveries()


def downgrade() -> None:
    """Drop them, and what they hold."""
    for table in (
        "threads",
        "deliveries",
        "alerts",
        "statements",
        "incident_mark",
        "incident_force",
        "handled",
        "incidents",
    ):
        op.drop_table(table)


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("merged_into", sa.String(), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("governorate", sa.String(), nullable=True),
        sa.Column("place", sa.String(), nullable=True),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_incidents"),
    )
    op.create_index("ix_incidents_merged_into", "incidents", ["merged_into"])
    op.create_index("ix_incidents_last_seen_at", "incidents", ["last_seen_at"])
    op.create_table(
        "incident_force",
        sa.Column("force", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("incident", sa.String(), nullable=False),
        sa.Column("seen", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("force", "day", "incident", name="pk_incident_force"),
        sa.ForeignKeyConstraint(["incident"], ["incidents.id"], name="fk_incident_force_incident_incidents"),
    )
    op.create_index("ix_incident_force_incident", "incident_force", ["incident"])
    op.create_table(
        "incident_mark",
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("incident", sa.String(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("seen", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("mark", "incident", name="pk_incident_mark"),
        sa.ForeignKeyConstraint(["incident"], ["incidents.id"], name="fk_incident_mark_incident_incidents"),
    )
    op.create_index("ix_incident_mark_incident", "incident_mark", ["incident"])
    op.create_index("ix_incident_mark_mark_weight_seen", "incident_mark", ["mark", "weight", "seen"])


def _statements() -> None:
    op.create_table(
        "statements",
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("claim", sa.String(), nullable=False),
        sa.Column("incident", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version", "claim", name="pk_statements"),
        sa.ForeignKeyConstraint(["incident"], ["incidents.id"], name="fk_statements_incident_incidents"),
    )
    op.create_index("ix_statements_incident_position", "statements", ["incident", "position"])
    op.create_index("ix_statements_item", "statements", ["item"])
    op.create_table(
        "handled",
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("incidents", sa.Text(), nullable=False),
        sa.Column("links", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_handled"),
    )


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("incident", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("suppressed", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
        sa.ForeignKeyConstraint(["incident"], ["incidents.id"], name="fk_alerts_incident_incidents"),
    )
    for column in ("incident", "version", "created_at"):
        op.create_index(f"ix_alerts_{column}", "alerts", [column])


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("alert", sa.String(), nullable=False),
        sa.Column("incident", sa.String(), nullable=False),
        sa.Column("subscription", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("ambiguous", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("sequence", name="pk_deliveries"),
        sa.UniqueConstraint("id", name="uq_deliveries_id"),
        sa.UniqueConstraint("alert", "subscription", name="uq_deliveries_alert_subscription"),
        sa.ForeignKeyConstraint(["alert"], ["alerts.id"], name="fk_deliveries_alert_alerts"),
        sa.ForeignKeyConstraint(["incident"], ["incidents.id"], name="fk_deliveries_incident_incidents"),
        sqlite_autoincrement=True,
    )
    by_subscription = ["subscription", "state", "sequence"]
    op.create_index("ix_deliveries_subscription_state_sequence", "deliveries", by_subscription)
    by_incident = ["incident", "subscription", "state", "sequence"]
    op.create_index("ix_deliveries_incident_subscription_state_sequence", "deliveries", by_incident)
    op.create_table(
        "threads",
        sa.Column("incident", sa.String(), nullable=False),
        sa.Column("subscription", sa.String(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("incident", "subscription", name="pk_threads"),
        sa.ForeignKeyConstraint(["incident"], ["incidents.id"], name="fk_threads_incident_incidents"),
    )
