"""Versions that are remembered and may not be on the log yet.

What revision 0009 wrote down was not remembered, and its look not kept: that look is simply done again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.drop_table("source_intent")
    op.create_table(
        "source_intent",
        sa.Column("version_id", sa.String(36), nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("novelty", sa.JSON, nullable=False),
        sa.Column("meant_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("whole", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("version_id", name="pk_source_intent"),
    )
    op.create_index("ix_source_intent_source_meant_at", "source_intent", ["source", "meant_at"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("source_intent")
    op.create_table(
        "source_intent",
        sa.Column("item", sa.String(36), nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("novelty", sa.JSON, nullable=False),
        sa.Column("meant_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("item", name="pk_source_intent"),
    )
    op.create_index("ix_source_intent_source_meant_at", "source_intent", ["source", "meant_at"])
