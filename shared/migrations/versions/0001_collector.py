"""What the collector remembers: one row per source, one per item seen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "source_state",
        sa.Column("source", sa.String, nullable=False),
        sa.Column("cursor", sa.JSON, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("last_look_at", MOMENT),
        sa.Column("last_ok_at", MOMENT),
        sa.Column("last_new_at", MOMENT),
        sa.Column("last_error", sa.Text),
        sa.Column("last_error_at", MOMENT),
        sa.Column("next_due_at", MOMENT),
        sa.Column("leased_until", MOMENT),
        sa.Column("notes", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("source", name="pk_source_state"),
    )
    op.create_table(
        "source_item",
        sa.Column("item", sa.String(36), nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("version_id", sa.String(36), nullable=False),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("title", sa.Text),
        sa.Column("published_at", MOMENT),
        sa.Column("last_seen_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("item", name="pk_source_item"),
    )
    op.create_index("ix_source_item_source_last_seen_at", "source_item", ["source", "last_seen_at"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("source_item")
    op.drop_table("source_state")
