"""A source's rhythm, farewell and identity; items' names and recent versions; hosts' pauses; sources' activity."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the columns and tables; a source without a rhythm begins with its usual one."""
    op.add_column("source_state", sa.Column("interval", sa.Float(), nullable=True))
    op.add_column("source_state", sa.Column("farewell", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("source_state", sa.Column("identity", sa.String(), nullable=True))
    op.add_column("source_item", sa.Column("link", sa.String(32), nullable=True))
    op.add_column("source_item", sa.Column("story", sa.String(32), nullable=True))
    op.add_column("source_item", sa.Column("recent", sa.JSON(none_as_null=True), nullable=True))
    op.create_index("ix_source_item_source_link", "source_item", ["source", "link"])
    op.create_index("ix_source_item_source_story", "source_item", ["source", "story"])
    op.create_table(
        "host_pause",
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("host", name="pk_host_pause"),
    )
    op.create_table(
        "source_activity",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("source", name="pk_source_activity"),
    )


def downgrade() -> None:
    """Drop them, and what they hold."""
    op.drop_table("source_activity")
    op.drop_table("host_pause")
    op.drop_index("ix_source_item_source_story", "source_item")
    op.drop_index("ix_source_item_source_link", "source_item")
    with op.batch_alter_table("source_item") as table:
        for name in ("recent", "story", "link"):
            table.drop_column(name)
    with op.batch_alter_table("source_state") as table:
        for name in ("identity", "farewell", "interval"):
            table.drop_column(name)
