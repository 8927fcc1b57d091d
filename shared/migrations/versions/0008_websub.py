"""Subscriptions to hubs that push feeds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "websub_subscription",
        sa.Column("source", sa.String, nullable=False),
        sa.Column("hub", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("secret", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("next_at", MOMENT),
        sa.Column("asked_at", MOMENT),
        sa.Column("expires_at", MOMENT),
        sa.Column("pushed_at", MOMENT),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("source", name="pk_websub_subscription"),
        sa.UniqueConstraint("token", name="uq_websub_subscription_token"),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("websub_subscription")
