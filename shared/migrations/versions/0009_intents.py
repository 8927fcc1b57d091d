"""Versions that are about to be published."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "source_intent",
        sa.Column("item", sa.String(36), nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("novelty", sa.JSON, nullable=False),
        sa.Column("meant_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("item", name="pk_source_intent"),
    )
    op.create_index("ix_source_intent_source_meant_at", "source_intent", ["source", "meant_at"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("source_intent")
