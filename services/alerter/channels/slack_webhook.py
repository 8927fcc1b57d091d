"""Alerts through a Slack incoming webhook: no token, no threads; Mattermost understands it too (its ``text``)."""

from __future__ import annotations

import json
import re
from http import HTTPStatus

from services.alerter.channels import Delivery, Receipt, Telling
from services.alerter.channels.pacing import Pace
from services.alerter.channels.posting import Poster
from services.alerter.rendering import make_card
from services.alerter.rendering.bulletin import bulletin_slack, make_bulletin
from services.alerter.rendering.slack_blocks import SlackMessage, render_reply
from shared.errors import Reject, Retry
from shared.settings import Secret

_WORD = re.compile(rb"[a-z_]{1,60}")


class SlackWebhookChannel:
    """Posts each alert to the one channel behind *url*. The address is the password; no error shows it."""

    def __init__(self, poster: Poster, pace: Pace, *, url: Secret) -> None:
        self._poster = poster
        self._pace = pace
        self._url = url

    async def send(self, delivery: Delivery) -> Receipt:
        """Post one alert.

        Raises:
            Retry: Slack is busy, broken, or cannot be reached.
            Reject: the webhook is gone, or Slack will not take this message.

        """
        return await self._post(render_reply(make_card(delivery.alert, delivery.incident), with_standing=True))

    async def tell(self, telling: Telling) -> Receipt:
        """Post one notice; raises as ``send``."""
        return await self._post(bulletin_slack(make_bulletin(telling.notice)))

    async def _post(self, message: SlackMessage) -> Receipt:
        body = {"text": message.text, "blocks": message.blocks, "unfurl_links": False, "unfurl_media": False}
        await self._pace.wait_turn()
        headers = {"content-type": "application/json; charset=utf-8"}
        answer = await self._poster.post(self._url.get_secret_value(), json.dumps(body).encode(), headers)
        if answer.status == HTTPStatus.OK:
            return Receipt()
        if HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            word = answer.body.strip() if _WORD.fullmatch(answer.body.strip()) else b"no reason given"
            raise Reject(
                f"Slack refused the message (HTTP {answer.status}, {word.decode()}); if the webhook was removed, "
                "make a new one and change url of the subscription"
            )
        raise Retry(f"Slack's webhook answered HTTP {answer.status}", after=answer.retry_after)

    async def close(self) -> None:
        """Let connections go."""
        await self._poster.close()
