"""Which process uses a Telegram session, and until when Telegram wants no names looked up with it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "telegram_session",
        sa.Column("session", sa.String(64), nullable=False),
        sa.Column("holder", sa.String(), nullable=True),
        sa.Column("held_until", MOMENT, nullable=True),
        sa.Column("names_after", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("session", name="pk_telegram_session"),
    )


def downgrade() -> None:
    """Drop it; names are looked up again at once, and no process keeps another from the session."""
    op.drop_table("telegram_session")
