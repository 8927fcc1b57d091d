"""Asking a hub for a subscription: one bounded POST to a public address."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from types import TracebackType
from typing import Self

import httpx

from services.collector.websub.subscription import LEASE, Subscription, is_confidential
from shared.errors import Reject, Retry
from shared.http_guard import guarded_transport

SECONDS = 20.0
"""For the whole exchange."""
_REDIRECTS = frozenset({HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT})
MOST_REDIRECTS = 3


class HubClient:
    """Speaks to hubs; to public addresses only unless *allow_private*."""

    def __init__(self, *, allow_private: bool) -> None:
        self._client = httpx.AsyncClient(transport=guarded_transport(allow_private=allow_private), timeout=SECONDS)

    async def subscribe(self, subscription: Subscription, callback: str) -> None:
        """Ask the hub to push to *callback*; it answers there, before or after this returns.

        Raises:
            Retry: no usable answer now.
            Reject: the hub does not want to.

        """
        form = {
            "hub.mode": "subscribe",
            "hub.topic": subscription.topic,
            "hub.callback": callback,
            "hub.lease_seconds": str(int(LEASE.total_seconds())),
        }
        if is_confidential(subscription.hub):
            form["hub.secret"] = subscription.secret
        try:
            async with asyncio.timeout(SECONDS):
                status = await self._post(httpx.URL(subscription.hub), form)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, TimeoutError) as error:
            raise Retry(f"the hub cannot be asked ({type(error).__name__})") from error
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
            raise Retry(f"the hub answered with HTTP {status}")
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            raise Reject(f"the hub answered with HTTP {status}")

    async def _post(self, url: httpx.URL, form: dict[str, str]) -> int:
        """Return the status that *url*, or where it sends us, answers *form* with; what else it says is not read.

        Raises:
            Retry: too many redirects.
            Reject: the way leads where a secret must not go.

        """
        for _ in range(MOST_REDIRECTS + 1):
            async with self._client.stream("POST", url, data=form, follow_redirects=False) as answer:
                if answer.status_code not in _REDIRECTS:
                    return answer.status_code
                url = url.join(answer.headers.get("location", ""))
            if "hub.secret" in form and not is_confidential(str(url)):
                raise Reject("the hub redirects to an address without TLS, where no secret is sent")
        raise Retry(f"the hub redirects more than {MOST_REDIRECTS} times")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()
