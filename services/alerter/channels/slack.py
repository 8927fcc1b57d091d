"""Alerts in a Slack channel: one live message per incident, each alert a reply in its thread.

::

    live message: found or posted ─▶ updated ─▶ reply: found or posted
     (metadata: an id of its own)                (metadata: the delivery's id)

Slack has no key against repeats. After an attempt that may have arrived, the history is read first, and what stands
there already is not posted again. Both messages carry an id of their own in their metadata, so a crash between them
leaves no second live message behind.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from services.alerter.channels import Delivery, Receipt, Telling
from services.alerter.channels.pacing import Pace
from services.alerter.channels.slack_api import SlackApi, SlackRefusal
from services.alerter.rendering import make_card
from services.alerter.rendering.bulletin import bulletin_slack, make_bulletin
from services.alerter.rendering.slack_blocks import SlackMessage, render_reply, render_root
from shared.messages import stable_id

LOG = structlog.get_logger(__name__)

PAGE = 200
"""Messages in one look; Slack's own recommendation for conversations.history."""
PAGES = 10
MARGIN = timedelta(minutes=5)
"""How far Slack's clock and ours may be apart."""
REMEMBERED = 5000
"""Incidents whose live message is kept in mind, besides what the store keeps."""
BROADCAST = frozenset({"conflict"})
"""Kinds of alert that are shown in the channel as well as in the thread."""
_GONE = frozenset({"message_not_found", "thread_not_found"})
_FROZEN = frozenset({"cant_update_message", "edit_window_closed"})


class SlackChannel:
    """Posts alerts into the channel *channel_id* through *api*, those of one incident one after the other."""

    def __init__(self, api: SlackApi, pace: Pace, *, channel_id: str) -> None:
        self._api = api
        self._pace = pace
        self._channel = channel_id
        self._live: OrderedDict[str, tuple[str, int]] = OrderedDict()  # incident → message, revision it shows

    async def send(self, delivery: Delivery) -> Receipt:
        """Show the incident as it stands, and the alert in its thread.

        Raises:
            Retry: Slack is busy, broken, or cannot be reached.
            Reject: Slack will never take it; the reason says what to change.

        """
        try:
            return Receipt(thread=await self._deliver(delivery))
        except SlackRefusal as refusal:
            raise refusal.final() from refusal

    async def tell(self, telling: Telling) -> Receipt:
        """Post a notice; the one that says that it is over is a reply. Raises as ``send``.

        A reply is shown in the channel too: who reads "blocked" there must read "well again" there.
        """
        marker, message = ("claimwatch_notice", telling.id), bulletin_slack(make_bulletin(telling.notice))
        over = telling.notice.state == "over"
        thread = telling.thread if over else None
        try:
            found = None
            if telling.ambiguous or telling.attempt > 1:
                found = await self._find(marker, telling.notice.at, thread)
            where = {"thread_ts": thread, "reply_broadcast": True} if thread else {}
            posted = found or await self._post(message, marker, **where)
        except SlackRefusal as refusal:
            raise refusal.final() from refusal
        return Receipt(thread=thread or posted)

    async def close(self) -> None:
        """Let connections go."""
        await self._api.close()

    async def _deliver(self, delivery: Delivery) -> str:
        card = make_card(delivery.alert, delivery.incident)
        suspicious = delivery.ambiguous or delivery.attempt > 1
        marker = ("claimwatch_alert", delivery.id)
        if delivery.digest:
            found = await self._find(marker, delivery.alert.created_at) if suspicious else None
            return found or await self._post(render_reply(card), marker)
        root = await self._root(delivery, render_root(card), suspicious=suspicious)
        if suspicious and await self._find(marker, delivery.alert.created_at, root):
            LOG.info("alert found in Slack, not posted again", delivery=delivery.id)
            return root
        await self._post(
            render_reply(card), marker, thread_ts=root, reply_broadcast=delivery.alert.kind in BROADCAST or None
        )
        return root

    async def _root(self, delivery: Delivery, message: SlackMessage, *, suspicious: bool) -> str:
        """Return the live message of the incident, which shows *message* from now on."""
        incident, revision = delivery.incident.id, delivery.incident.revision
        marker = ("claimwatch_incident", stable_id("slack", delivery.subscription, incident))
        known = delivery.thread or self._live.get(incident, (None, 0))[0]
        if known is None and suspicious:
            known = await self._find(marker, delivery.alert.created_at)
        if known is None or not await self._update(known, message, incident, revision):
            known = await self._post(message, marker)
        self._remember(incident, known, revision)
        return known

    async def _update(self, root: str, message: SlackMessage, incident: str, revision: int) -> bool:
        """Show the incident's present figures; False when somebody deleted the message."""
        message_shown, revision_shown = self._live.get(incident, (None, 0))
        if message_shown == root and revision_shown >= revision:
            return True
        try:
            await self._api.call("chat.update", {"channel": self._channel, "ts": root, **_content(message)})
        except SlackRefusal as refusal:
            if refusal.code in _GONE:
                return False
            if refusal.code not in _FROZEN:
                raise
            LOG.warning("live message cannot be updated", incident=incident, reason=refusal.code)
        return True

    async def _post(self, message: SlackMessage, marker: tuple[str, str], **where: object) -> str:
        await self._pace.wait_turn()
        kind, identity = marker
        answer = await self._api.call(
            "chat.postMessage",
            {
                "channel": self._channel,
                **_content(message),
                "metadata": {"event_type": kind, "event_payload": {"id": identity}},
                "unfurl_links": False,
                "unfurl_media": False,
                **where,
            },
        )
        return str(answer.get("ts", ""))

    async def _find(self, marker: tuple[str, str], since: datetime, thread: str | None = None) -> str | None:
        """Return the message with *marker* in the channel, or in *thread*, since then; None when it is not there."""
        method = "conversations.replies" if thread else "conversations.history"
        cursor: str | None = None
        for _ in range(PAGES):
            asked = {
                "channel": self._channel,
                "ts": thread,
                "oldest": f"{(since - MARGIN).timestamp():.6f}",
                "include_all_metadata": True,
                "limit": PAGE,
                "cursor": cursor,
            }
            try:
                page = await self._api.call(method, asked)
            except SlackRefusal as refusal:
                LOG.warning("cannot look for a message that may have arrived", method=method, reason=refusal.code)
                return None
            for message in page.get("messages", ()):
                if _marked(message, marker):
                    return str(message["ts"])
            cursor = page.get("response_metadata", {}).get("next_cursor") or None
            if cursor is None:
                return None
        return None

    def _remember(self, incident: str, root: str, revision: int) -> None:
        message_shown, revision_shown = self._live.get(incident, (None, 0))
        self._live[incident] = (root, max(revision, revision_shown) if message_shown == root else revision)
        self._live.move_to_end(incident)
        while len(self._live) > REMEMBERED:
            self._live.popitem(last=False)


def _content(message: SlackMessage) -> dict[str, Any]:
    """``parse`` and ``link_names`` keep Slack from finding names and links in the text by itself."""
    return {"text": message.text, "blocks": message.blocks, "parse": "none", "link_names": False}


def _marked(message: Mapping[str, Any], marker: tuple[str, str]) -> bool:
    metadata = message.get("metadata") or {}
    return (metadata.get("event_type"), metadata.get("event_payload", {}).get("id")) == marker
