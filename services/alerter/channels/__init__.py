"""The channel port: how one alert reaches one receiver.

A new adapter joins ``tests/contract/test_channel.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from shared.messages import Alert, Incident
from shared.notices import Notice


@dataclass(frozen=True)
class Delivery:
    """One alert on its way to one subscription.

    ``id`` stays the same over every attempt, so that a receiver can recognise a repeat. ``thread`` is what the channel
    returned for the incident's first message to this subscription, ``attempt`` counts from 1, ``ambiguous`` says that
    an earlier attempt ended without an answer, so that the message may have arrived. ``digest`` says that the alert
    sums up several on different incidents: it belongs to no incident's thread.
    """

    id: str
    subscription: str
    alert: Alert
    incident: Incident
    thread: str | None = None
    attempt: int = 1
    ambiguous: bool = False
    digest: bool = False


@dataclass(frozen=True)
class Telling:
    """One notice on its way to one subscription of an operator; the rest is as in a :class:`Delivery`.

    ``thread`` is what the channel returned for the last notice on the same subject.
    """

    id: str
    subscription: str
    notice: Notice
    thread: str | None = None
    attempt: int = 1
    ambiguous: bool = False


@dataclass(frozen=True)
class Receipt:
    """What the receiver answered. ``thread`` is kept for the next message on the same incident or subject."""

    thread: str | None = None


class Channel(Protocol):
    """Sends alerts, and notices to the operator, somewhere.

    Promised: hostile text in either never becomes markup, a mention, a header or a second message.
    """

    async def send(self, delivery: Delivery) -> Receipt:
        """Deliver once.

        Raises:
            Retry: the receiver may take it later (``after`` when it said so).
            Reject: it never will.

        """
        ...

    async def tell(self, telling: Telling) -> Receipt:
        """Deliver a notice once; raises as ``send``."""
        ...

    async def close(self) -> None:
        """Let connections go."""
        ...
