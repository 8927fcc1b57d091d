"""Slack's Web API: one call, and what its errors mean for a delivery."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from services.alerter.channels.posting import Poster
from shared.errors import ClaimwatchError, Reject, Retry
from shared.settings import Secret

_LATER = {
    "accesslimited",
    "fatal_error",
    "internal_error",
    "rate_limited",
    "ratelimited",
    "request_timeout",
    "service_unavailable",
    "team_added_to_org",
}
_FIXES = {
    "account_inactive": "the app was removed from the workspace: install it again and change alerter.slack.token",
    "channel_not_found": "check channel_id of the subscription, and invite the app to the channel if it is private",
    "invalid_auth": "alerter.slack.token is wrong: take the bot token xoxb-… from the app's page",
    "is_archived": "the channel is archived: unarchive it or change channel_id of the subscription",
    "missing_scope": "give the app the scopes chat:write, channels:history and groups:history, and install it again",
    "no_permission": "give the app the scope chat:write, and install it again",
    "not_authed": "alerter.slack.token is empty",
    "not_in_channel": "invite the app to the channel, or give it the scope chat:write.public",
    "restricted_action": "the workspace lets this app post nowhere: ask its administrator",
    "token_expired": "alerter.slack.token has expired: take a new one from the app's page",
    "token_revoked": "alerter.slack.token was revoked: take a new one from the app's page",
}
_WORD = re.compile(r"[a-z0-9_]{1,60}")


class SlackRefusal(ClaimwatchError):
    """Slack understood and will not do it. ``code`` is Slack's own word for the reason."""

    def __init__(self, method: str, code: str) -> None:
        super().__init__(f"Slack refused {method}: {code}")
        self.method = method
        self.code = code

    def final(self) -> Reject:
        """Return what this means where nothing else can be done: an error with the fix, as far as it is known."""
        fix = _FIXES.get(self.code)
        return Reject(f"{self}; {fix}" if fix else str(self))


class SlackApi:
    """Calls methods at *url* with a bot *token*, which appears in no error."""

    def __init__(self, poster: Poster, *, url: str, token: Secret) -> None:
        self._poster = poster
        self._url = url if url.endswith("/") else f"{url}/"
        self._token = token

    async def call(self, method: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return Slack's answer to *method*; arguments that are None are left out.

        Raises:
            Retry: Slack is busy, broken, or cannot be reached.
            SlackRefusal: anything else that is not ``ok``.

        """
        given = {key: _written(value) for key, value in arguments.items() if value is not None}
        headers = {
            "authorization": f"Bearer {self._token.get_secret_value()}",
            "content-type": "application/x-www-form-urlencoded",  # the one form that every method takes
        }
        answer = await self._poster.post(f"{self._url}{method}", urlencode(given).encode(), headers)
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Retry(f"Slack answered HTTP {answer.status} to {method}", after=answer.retry_after)
        result = answer.json()
        if result.get("ok") is True:
            return result
        if "error" not in result:
            raise Retry(
                f"Slack answered HTTP {answer.status} to {method}, and not as Slack does: is a proxy in between?"
            )
        code = str(result["error"])
        code = code if _WORD.fullmatch(code) else "an unknown error"
        if code in _LATER:
            raise Retry(f"Slack answered {code} to {method}", after=answer.retry_after)
        raise SlackRefusal(method, code)

    async def close(self) -> None:
        """Let connections go."""
        await self._poster.close()


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
