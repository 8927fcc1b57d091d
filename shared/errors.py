"""The error tree, drawn on top.

::

    ClaimwatchError
    ├── Retry                 try the same thing again later, with back-off
    ├── Reject                never try again: to the dead-letter topic, with the reason
    └── ConfigurationError    refused at start: the key, what is wrong with its value, the fix

An error is named by what the runner must do with it. Anything outside this tree stops the process loudly.
"""

from __future__ import annotations


class ClaimwatchError(Exception):
    """Anything claimwatch raises on purpose."""


class Retry(ClaimwatchError):
    """The same input may succeed later (a database restarts, a server says 503).

    ``after`` is the least number of seconds to wait, when the other side named one.
    """

    def __init__(self, reason: str, *, after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after = after


class Reject(ClaimwatchError):
    """The same input can never succeed (broken JSON, an unknown schema version)."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ConfigurationError(ClaimwatchError):
    """The configuration cannot be used. ``key`` is the dotted setting, ``fix`` one sentence of what to do."""

    def __init__(self, key: str, problem: str, fix: str) -> None:
        super().__init__(f"{key}: {problem}. {fix}")
        self.key = key
        self.problem = problem
        self.fix = fix
