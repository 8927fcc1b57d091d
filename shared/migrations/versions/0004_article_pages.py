"""The articles' pages that the collector reads again for a day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "article_page",
        sa.Column("item", sa.String(36), nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("entry", sa.JSON, nullable=False),
        sa.Column("first_seen_at", MOMENT, nullable=False),
        sa.Column("next_due_at", MOMENT),
        sa.Column("landed", sa.Text),
        sa.Column("etag", sa.Text),
        sa.Column("last_modified", sa.Text),
        sa.Column("text_hash", sa.String(64)),
        sa.Column("length", sa.Integer, nullable=False),
        sa.Column("misses", sa.Integer, nullable=False),
        sa.Column("missing_since", MOMENT),
        sa.PrimaryKeyConstraint("item", name="pk_article_page"),
    )
    op.create_index("ix_article_page_next_due_at_source", "article_page", ["next_due_at", "source"])
    op.create_index("ix_article_page_source", "article_page", ["source"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("article_page")
