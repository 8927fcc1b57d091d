"""An event log to test with: the embedded one, and Apache Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(params=["sqlite", pytest.param("kafka", marks=pytest.mark.kafka)])
def log_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the address of an empty log, of each kind in turn."""
    if request.param == "kafka":
        yield f"kafka://{request.getfixturevalue('kafka').bootstrap}"
    else:
        yield f"sqlite:///{tmp_path}/log.db"
