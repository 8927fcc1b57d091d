"""The health of sources, canaries, and notices to the operator, which are delivered like alerts."""

from __future__ import annotations

from contextlib import AbstractContextManager

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
REFERENCES = (
    ("deliveries", "alert", "alerts"),
    ("deliveries", "incident", "incidents"),
    ("threads", "incident", "incidents"),
)
"""A delivery may now be about a notice, and a thread about a notice's subject."""


def upgrade() -> None:
    """Create the tables, and let a delivery carry a notice."""
    op.create_table(
        "source_vitals",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", name="pk_source_vitals"),
    )
    op.create_table(
        "source_problem",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("over_at", MOMENT, nullable=True),
        sa.Column("untold", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("subject", name="pk_source_problem"),
    )
    op.create_table(
        "canaries",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("sent_at", MOMENT, nullable=False),
        sa.Column("arrived_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_canaries"),
    )
    op.create_index("ix_canaries_sent_at", "canaries", ["sent_at"])
    op.create_table(
        "notices",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
    )
    op.create_index("ix_notices_at", "notices", ["at"])
    for table, column, referred in REFERENCES:
        with _changing(table) as batch:
            batch.drop_constraint(f"fk_{table}_{column}_{referred}", type_="foreignkey")
    op.add_column("deliveries", sa.Column("notice", sa.Boolean(), nullable=True))


def downgrade() -> None:
    """Drop them, with the deliveries of notices."""
    op.execute("DELETE FROM deliveries WHERE notice")
    op.execute("DELETE FROM threads WHERE incident NOT IN (SELECT id FROM incidents)")
    with _changing("deliveries") as batch:
        batch.drop_column("notice")
    for table, column, referred in REFERENCES:
        with _changing(table) as batch:
            batch.create_foreign_key(f"fk_{table}_{column}_{referred}", referred, [column], ["id"])
    for table in ("notices", "canaries", "source_problem", "source_vitals"):
        op.drop_table(table)


def _changing(table: str) -> AbstractContextManager[BatchOperations]:
    """Return the block that changes *table*; SQLite makes it anew, with numbers that are never given twice."""
    autoincrement = {"sqlite_autoincrement": True} if table == "deliveries" else {}
    return op.batch_alter_table(table, table_kwargs=autoincrement)
