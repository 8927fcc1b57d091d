"""What changed in each incident and why, what waits for review, analysts' rulings, and deliveries that were joined."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables, and let a delivery carry further alerts."""
    op.create_table(
        "incident_history",
        sa.Column("sequence", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("incident", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("claims", sa.Text(), nullable=False),
        sa.Column("version", sa.String(), nullable=True),
        sa.Column("actor", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("sequence", name="pk_incident_history"),
        sa.ForeignKeyConstraint(["incident"], ["incidents.id"], name="fk_incident_history_incident_incidents"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_incident_history_incident_sequence", "incident_history", ["incident", "sequence"])
    op.create_table(
        "reviews",
        sa.Column("claim", sa.String(), nullable=False),
        sa.Column("incident", sa.String(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("claim", name="pk_reviews"),
        sa.ForeignKeyConstraint(["incident"], ["incidents.id"], name="fk_reviews_incident_incidents"),
    )
    op.create_index("ix_reviews_incident", "reviews", ["incident"])
    op.create_index("ix_reviews_since", "reviews", ["since"])
    op.create_table(
        "rulings",
        sa.Column("sequence", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_rulings"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_statements_claim", "statements", ["claim"])
    op.add_column("deliveries", sa.Column("joined_to", sa.String(), nullable=True))
    op.add_column("deliveries", sa.Column("digest", sa.Boolean(), nullable=True))
    op.create_index("ix_deliveries_joined_to", "deliveries", ["joined_to"])
    op.create_index("ix_deliveries_subscription_created_at", "deliveries", ["subscription", "created_at"])


def downgrade() -> None:
    """Drop them, and what they hold."""
    op.drop_index("ix_statements_claim", "statements")
    op.drop_index("ix_deliveries_subscription_created_at", "deliveries")
    op.drop_index("ix_deliveries_joined_to", "deliveries")
    with op.batch_alter_table("deliveries") as table:
        table.drop_column("digest")
        table.drop_column("joined_to")
    for table_name in ("rulings", "reviews", "incident_history"):
        op.drop_table(table_name)
