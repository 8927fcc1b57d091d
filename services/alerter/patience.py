"""How long a delivery is tried: what to do after an attempt that failed. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import Reject, Retry


@dataclass(frozen=True)
class DeliveryRules:
    """The delivery loop's patience.

    ``first`` and ``longest`` bound the back-off (doubling, with full jitter: AWS Architecture Blog, "Exponential
    Backoff And Jitter"). A delivery is given up after ``attempts`` or, when it fails once more, after ``age``.
    ``timeout`` ends one attempt. ``lease`` is how long a claim outlives its process; it is renewed while the attempt
    goes on, so it says how soon after a crash a delivery is repeated. ``width`` is how many messages one subscription
    may have under way, ``poll`` how often the database is asked besides the wake-up, ``drain`` how long a stop waits.
    """

    first: timedelta = timedelta(seconds=5)
    longest: timedelta = timedelta(hours=1)
    attempts: int = 50
    age: timedelta = timedelta(hours=24)
    timeout: timedelta = timedelta(seconds=60)
    lease: timedelta = timedelta(seconds=15)
    width: int = 4
    poll: timedelta = timedelta(seconds=1)
    drain: timedelta = timedelta(seconds=8)


@dataclass(frozen=True)
class RetryDecision:
    """When to try again, or None: never; and why, for the operator."""

    not_before: datetime | None
    reason: str


def after_failure(
    error: Retry | Reject, *, attempt: int, created_at: datetime, now: datetime, rules: DeliveryRules, draw: float
) -> RetryDecision:
    """Return what to do about *error*, which ended the attempt number *attempt*; *draw* is random in 0…1.

    A wait that the receiver named is kept exactly. The last try falls on the end of the delivery's age.
    """
    if isinstance(error, Reject):
        return RetryDecision(None, error.reason)
    deadline = created_at + rules.age
    if attempt >= rules.attempts:
        return RetryDecision(None, f"{error.reason} (given up after {attempt} attempts)")
    if now >= deadline:
        return RetryDecision(None, f"{error.reason} (given up after {rules.age})")
    if error.after is None:
        return RetryDecision(min(now + back_off(attempt, rules, draw), deadline), error.reason)
    if error.after > (deadline - now).total_seconds():
        return RetryDecision(None, f"{error.reason} (asks to wait {error.after:.0f} s, beyond {rules.age})")
    return RetryDecision(now + timedelta(seconds=max(0.0, error.after)), error.reason)


def back_off(attempt: int, rules: DeliveryRules, draw: float) -> timedelta:
    """Return a random part (*draw*, 0…1) of ``min(first · 2^(attempt - 1), longest)``; attempts count from 1."""
    doublings = min(attempt - 1, 20)  # beyond that every limit in use is passed, and floats stay small
    bound: timedelta = min(rules.first * 2**doublings, rules.longest)
    return bound * draw
