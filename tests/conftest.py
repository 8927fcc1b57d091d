"""Fixtures of general use; each is written where its subject is."""

from __future__ import annotations

from tests.support.kafka_broker import kafka

__all__ = ["kafka"]
