"""Which adapter serves which subscription. Nothing connects when it is built."""

from __future__ import annotations

import httpx
from rich.console import Console

from services.alerter.channels import Channel
from services.alerter.channels.console import ConsoleChannel
from services.alerter.channels.email import EmailChannel
from services.alerter.channels.pacing import Pace
from services.alerter.channels.posting import Poster
from services.alerter.channels.slack import SlackChannel
from services.alerter.channels.slack_api import SlackApi
from services.alerter.channels.slack_webhook import SlackWebhookChannel
from services.alerter.channels.webhook import WebhookChannel
from services.alerter.settings import AlerterSettings, SlackSettings
from services.alerter.subscriptions import Subscription, signing_key
from shared.clock import Clock
from shared.http_guard import guarded_transport


def build_channels(settings: AlerterSettings, clock: Clock, console: Console | None = None) -> dict[str, Channel]:
    """Return the channel of each subscription by the subscription's name.

    *console* is where console subscriptions print; the process's standard output when none is given.

    Raises:
        ConfigurationError: a file that the settings name cannot be used.

    """
    return {each.name: _build(each, settings, clock, console) for each in settings.subscriptions}


def _build(one: Subscription, settings: AlerterSettings, clock: Clock, console: Console | None) -> Channel:
    slack, smtp, webhook = settings.slack, settings.smtp, settings.webhook
    if one.channel == "slack" and slack.token and one.channel_id:
        api = SlackApi(_to_slack(slack, clock), url=slack.api_url, token=slack.token)
        return SlackChannel(api, Pace(slack.per_minute, clock), channel_id=one.channel_id)
    if one.channel == "slack-webhook" and one.url:
        return SlackWebhookChannel(_to_slack(slack, clock), Pace(slack.per_minute, clock), url=one.url)
    if one.channel == "email" and smtp:
        return EmailChannel(smtp, Pace(smtp.per_minute, clock), clock, name=one.name, receivers=one.to)
    if one.channel == "webhook" and one.url:
        poster = Poster(guarded_transport(allow_private=one.allow_private), clock, timeout=webhook.timeout)
        keys = [signing_key(secret) for secret in one.secrets or webhook.secrets]
        return WebhookChannel(poster, Pace(webhook.per_minute, clock), clock, url=one.url, keys=keys)
    if one.channel == "console":
        return ConsoleChannel(console)
    raise ValueError(f"subscription {one.name} lacks what {one.channel} needs; its settings were not validated")


def _to_slack(slack: SlackSettings, clock: Clock) -> Poster:
    transport: httpx.AsyncBaseTransport = guarded_transport(allow_private=True)
    if slack.proxy:
        transport = httpx.AsyncHTTPTransport(proxy=httpx.Proxy(slack.proxy.get_secret_value()))
    return Poster(transport, clock, timeout=slack.timeout)
