"""Fixtures of general use; each is written where its subject is."""

from __future__ import annotations

from hypothesis import settings

from tests.support.event_logs import log_url
from tests.support.kafka_broker import kafka
from tests.support.postgres_server import postgres, postgres_url

__all__ = ["kafka", "log_url", "postgres", "postgres_url"]

# A busy machine is no fault of the code under test.
settings.register_profile("claimwatch", deadline=None)
settings.load_profile("claimwatch")
