"""Alerts as signed HTTP requests: Standard Webhooks 1.0.0 around a CloudEvents 1.0 event in structured mode."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any

from services.alerter.channels import Delivery, Receipt, Telling
from services.alerter.channels.pacing import Pace
from services.alerter.channels.posting import Answer, Poster
from shared.clock import Clock
from shared.errors import Reject, Retry
from shared.settings import Secret

TYPE = "claimwatch.notification.v1"
NOTICE_TYPE = "claimwatch.notice.v1"


class WebhookChannel:
    """Posts each alert to one address, signed with every key of *keys*, so that a receiver may change keys at leisure.

    A receiver verifies ``webhook-signature`` over ``webhook-id.webhook-timestamp.body`` and drops an id it has seen:
    the id stays the same over every attempt. It answers 2xx; 410 says that nobody listens here any more.
    """

    def __init__(self, poster: Poster, pace: Pace, clock: Clock, *, url: Secret, keys: Sequence[bytes]) -> None:
        self._poster = poster
        self._pace = pace
        self._clock = clock
        self._url = url
        self._keys = tuple(keys)

    async def send(self, delivery: Delivery) -> Receipt:
        """Post one alert.

        Raises:
            Retry: any answer but 2xx and 410, or none.
            Reject: the receiver answered 410, or its address is private and that was not allowed.

        """
        return await self._post(delivery.id, event(delivery))

    async def tell(self, telling: Telling) -> Receipt:
        """Post one notice; raises as ``send``."""
        return await self._post(telling.id, notice_event(telling))

    async def _post(self, identity: str, told: dict[str, Any]) -> Receipt:
        body = json.dumps(told, separators=(",", ":")).encode()
        moment = self._clock.now()
        headers = {
            "content-type": "application/cloudevents+json; charset=utf-8",
            "webhook-id": identity,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": " ".join(sign(key, identity, moment, body) for key in self._keys),
        }
        await self._pace.wait_turn()
        _judge(await self._poster.post(self._url.get_secret_value(), body, headers))
        return Receipt()

    async def close(self) -> None:
        """Let connections go."""
        await self._poster.close()


def event(delivery: Delivery) -> dict[str, Any]:
    """Return what is posted: the alert, and its incident as it stands without its statements (the alert has those)."""
    alert, incident = delivery.alert, delivery.incident
    data = {
        "alert": alert.model_dump(mode="json"),
        "incident": incident.model_dump(mode="json", exclude={"statements"}),
    }
    return _event(delivery.id, TYPE, alert.incident, alert.created_at, data)


def notice_event(telling: Telling) -> dict[str, Any]:
    """Return what is posted of a notice."""
    notice = telling.notice
    return _event(telling.id, NOTICE_TYPE, notice.subject, notice.at, notice.model_dump(mode="json"))


def _event(identity: str, kind: str, subject: str, time: datetime, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": identity,
        "type": kind,
        "source": "claimwatch/alerter",
        "subject": subject,
        "time": time.isoformat(),
        "datacontenttype": "application/json",
        "data": data,
    }


def sign(key: bytes, identity: str, moment: datetime, body: bytes) -> str:
    """Return one signature of Standard Webhooks, version ``v1``: HMAC-SHA256 over id, Unix time and body."""
    signed = f"{identity}.{int(moment.timestamp())}.".encode() + body
    return f"v1,{base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}"


def _judge(answer: Answer) -> None:
    status = answer.status
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return
    if status == HTTPStatus.GONE:
        raise Reject("the receiver is gone (HTTP 410); remove the subscription or give it another url")
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        raise Retry(f"the receiver redirects (HTTP {status}), which is not followed; put the final address into url")
    raise Retry(f"the receiver answered HTTP {status}", after=answer.retry_after)
