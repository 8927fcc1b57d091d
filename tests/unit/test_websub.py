from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.collector.sources.feed_parsing import as_json, from_json, parse_feed
from services.collector.sources.hub_links import Push, push_of
from services.collector.websub.subscription import (
    Subscription,
    asking,
    carries,
    denied,
    is_confidential,
    is_due,
    is_signed,
    offered,
    verified,
    was_asked,
)

NOW = datetime(2016, 2, 2, 12, tzinfo=UTC)
PUSH = Push("https://hub.org/", "https://e.org/feed")
URL = "https://e.org/feed?x=1"


def new() -> Subscription:
    begun = offered(None, "feed", PUSH, "token-of-it", "secret-of-it")
    assert begun
    return begun


@pytest.mark.parametrize(
    ("link", "push"),
    [
        ('<https://hub.org/>; rel="hub", <https://e.org/feed>; rel="self"', PUSH),
        ("<https://hub.org/>;rel=hub,<https://e.org/feed>;rel=self", PUSH),
        ('<https://hub.org/>; title="a, b"; rel="x hub", </feed>; type="a"; REL="Self"', PUSH),
        ("<https://hub.org/>; rel=hub, <https://other.org/>; rel=hub", Push("https://hub.org/", URL)),
        (
            "<javascript:x>; rel=hub, <https://u:p@hub.org/>; rel=hub, <https://hub.org/>; rel=hub",
            Push("https://hub.org/", URL),
        ),
        ("<https://e.org/feed>; rel=self", None),
        ("<https://[>; rel=hub", None),
        ("hub", None),
        ("", None),
        ("<" * 100_000, None),
        ("<a>" + "; a=b" * 100_000, None),
    ],
)
def test_a_hub_named_in_the_headers_is_found(link: str, push: Push | None) -> None:
    assert push_of({"link": link}, (), URL) == push


def test_a_feed_names_its_hub_and_headers_go_before_it() -> None:
    body = (
        '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>N</title>'
        '<atom:link rel="self" href="https://e.org/feed"/><atom:link rel="hub" href="https://hub.org/"/>'
        "<item><guid>1</guid><title>One</title></item></channel></rss>"
    )
    feed = from_json(as_json(parse_feed(body.encode(), None, URL)))
    assert push_of({}, feed.links, URL) == PUSH
    assert push_of({"link": "<https://other.org/>; rel=hub"}, feed.links, URL) == Push("https://other.org/", PUSH.topic)


def test_a_json_feed_names_its_hub_and_its_own_address() -> None:
    hubs = [
        {"type": "rssCloud", "url": "https://cloud.org/"},
        "x",
        {"type": "WebSub"},
        {"type": 1, "url": "https://a/"},
    ]
    feed = {"version": "https://jsonfeed.org/version/1.1", "items": [], "feed_url": PUSH.topic}

    def found(feed: dict[str, object]) -> Push | None:
        return push_of({}, from_json(as_json(parse_feed(json.dumps(feed).encode(), None, URL))).links, URL)

    assert found(feed | {"hubs": [*hubs, {"type": "WebSub", "url": PUSH.hub}]}) == PUSH
    assert found(feed | {"hubs": hubs}) is None
    assert found(feed | {"hubs": {"type": "WebSub", "url": PUSH.hub}}) is None
    assert found(feed | {"hubs": [{"type": "websub", "url": "hub"}], "feed_url": 1}) == Push("https://e.org/hub", URL)


def test_the_same_offer_changes_nothing_and_another_begins_anew() -> None:
    assert offered(new(), "feed", PUSH, "other", "other") is None
    moved = offered(new(), "feed", replace(PUSH, hub="https://new.org/"), "other", "other")
    assert moved
    assert (moved.token, moved.state) == ("other", "new")


def test_a_subscription_is_asked_for_verified_renewed_and_asked_ever_more_rarely_without_an_answer() -> None:
    assert is_due(new(), NOW)
    once = asking(new(), NOW)
    assert not is_due(once, NOW)
    assert is_due(once, NOW + timedelta(minutes=10))
    waits, subscription = [], new()
    for _ in range(12):
        subscription = asking(subscription, NOW)
        assert subscription.next_at
        waits.append(subscription.next_at - NOW)
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(days=1)
    active = verified(once, 1_000, NOW)
    assert (active.state, active.failures) == ("active", 0)
    assert active.expires_at == NOW + timedelta(seconds=1_000)
    assert active.next_at == NOW + timedelta(seconds=800)
    assert asking(active, NOW).state == "active"


@pytest.mark.parametrize(
    ("seconds", "lease"), [(1, timedelta(minutes=5)), (10**9, timedelta(days=30)), (None, timedelta(days=10))]
)
def test_a_lease_is_believed_within_bounds(seconds: int | None, lease: timedelta) -> None:
    assert verified(asking(new(), NOW), seconds, NOW).expires_at == NOW + lease


def test_a_verification_must_answer_our_request() -> None:
    asked = asking(new(), NOW)
    assert was_asked(asked, "subscribe", PUSH.topic, NOW)
    assert not was_asked(new(), "subscribe", PUSH.topic, NOW)
    assert not was_asked(asked, "unsubscribe", PUSH.topic, NOW)
    assert not was_asked(asked, "subscribe", "https://e.org/other", NOW)
    assert not was_asked(asked, "subscribe", PUSH.topic, NOW + timedelta(hours=2))


def test_pushes_carry_while_they_come() -> None:
    active = verified(asking(new(), NOW), None, NOW)
    assert not carries(active, NOW)
    heard = replace(active, pushed_at=NOW)
    assert carries(heard, NOW + timedelta(hours=23))
    assert not carries(heard, NOW + timedelta(hours=25))
    assert not carries(replace(heard, expires_at=NOW), NOW)
    assert not carries(denied(heard, NOW), NOW)


@pytest.mark.parametrize(
    "address",
    ["http://hub.org/", "http://localhost.hub.org/", "http://10.0.0.1/", "http://127.0.0.1.hub.org/", "hub", ""],
)
def test_a_secret_is_told_only_where_nobody_can_overhear_it(address: str) -> None:
    assert not is_confidential(address)
    for safe in ("https://hub.org/", "http://localhost/hub", "http://127.0.0.9:80/hub", "http://[::1]:80/hub"):
        assert is_confidential(safe)


def test_pushes_of_a_hub_that_was_told_no_secret_make_polling_no_slower() -> None:
    heard = replace(verified(asking(new(), NOW), None, NOW), pushed_at=NOW)
    assert carries(heard, NOW)
    assert not carries(replace(heard, hub="http://hub.org/"), NOW)


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_a_signature_is_checked_with_every_method_of_the_specification(method: str) -> None:
    made = hmac.new(b"secret", b"body", getattr(hashlib, method)).hexdigest()
    assert is_signed(b"body", f"{method}={made}", "secret")
    assert is_signed(b"body", f" {method.upper()}={made.upper()} ", "secret")
    assert not is_signed(b"body!", f"{method}={made}", "secret")
    assert not is_signed(b"body", f"{method}={made[:-1]}", "secret")
    assert not is_signed(b"body", f"{method}={made}", "other")


@pytest.mark.parametrize("header", ["", "sha256", "sha256=", "md5=ab", "new=x", "sha256=é", "=", "sha256=\x00"])
def test_what_is_no_signature_is_none(header: str) -> None:
    assert not is_signed(b"body", header, "secret")


def test_what_is_secret_does_not_show() -> None:
    assert "token-of-it" not in repr(new())
    assert "secret-of-it" not in repr(new())
