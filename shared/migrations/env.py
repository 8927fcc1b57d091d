"""What Alembic runs for every command: one transaction on the connection it is handed.

``shared.migrations`` opens the connection, so that every start, command and test migrates in the same way.
"""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from shared.database import METADATA

connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=METADATA,
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
