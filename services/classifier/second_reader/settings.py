"""What the operator decides about the second reader: whether there is one, when it is asked, and what it may cost."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, model_validator

from shared.errors import ConfigurationError
from shared.settings import Secret, Section

HEADER_VALUE = re.compile(r"[\x21-\x7e]+")
"""What may stand in a header without quoting; anything else would come back in an error text, secret and all."""


class SecondReaderSettings(Section):
    """The ``[classifier.second_reader]`` section."""

    enabled: bool = Field(default=False, description="true: texts of doubtful items are sent to base_url")
    base_url: str | None = Field(None, description="Address before /chat/completions; https, or http on this machine")
    allow_insecure: bool = Field(
        default=False, description="true: plain http to another machine, key and texts in the clear"
    )
    model: str | None = Field(None, min_length=1, description="The model's name at the endpoint")
    api_key: Secret | None = Field(None, description="Sent as Bearer token; leave out when the endpoint asks for none")
    answer_format: Literal["json_schema", "json_object"] = Field(
        "json_schema", description="json_object for endpoints that know no JSON schema"
    )
    sampling: Literal["greedy", "default"] = Field(
        "greedy", description="greedy sends temperature 0; default sends none, for models that refuse it"
    )
    token_limit: Literal["max_tokens", "max_completion_tokens"] = Field(
        "max_tokens", description="What the endpoint calls the limit of an answer"
    )
    answer_tokens: int = Field(2000, ge=100, le=100_000, description="Most tokens of one answer")
    characters: int = Field(12_000, ge=500, le=200_000, description="Longest beginning of a document that is sent")
    margin: float = Field(0.15, ge=0, le=0.5, description="A score this near to the threshold is doubtful")
    unsure: float = Field(0.5, ge=0, le=1, description="A claim of less confidence is doubtful")
    unread: bool = Field(default=False, description="true: items in languages without data are doubtful too")
    confidence: float = Field(0.5, ge=0, le=1, description="Confidence of a claim that only the second reader found")
    timeout: float = Field(15, gt=0, le=120, description="Most seconds an item waits, everything included")
    at_once: int = Field(
        3, ge=1, le=6, description="Most questions at the same time; further items are not asked about"
    )
    failures: int = Field(5, ge=1, description="Failures in a row after which the endpoint is left alone")
    pause: float = Field(60, gt=0, description="Seconds it is left alone, until one question tries it again")
    requests_per_day: int = Field(500, ge=0, description="Most questions a day (UTC)")
    tokens_per_day: int = Field(1_000_000, ge=0, description="Most tokens a day (UTC), questions and answers")
    cache: str = Field("claimwatch-second-reader.db", min_length=1, description="File of answers and of what was spent")
    cache_bytes: int = Field(67_108_864, ge=1_048_576, description="Most bytes of answers kept; the oldest go first")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if self.base_url is not None:
            _check_address(self.base_url, allow_insecure=self.allow_insecure)
        if self.api_key is not None and not HEADER_VALUE.fullmatch(self.api_key.get_secret_value()):
            raise ConfigurationError(
                "second_reader.api_key", "has characters that no key has", "Use a file that holds nothing but the key"
            )
        for key in ("base_url", "model"):
            if self.enabled and getattr(self, key) is None:
                raise ConfigurationError(f"second_reader.{key}", "is needed when enabled = true", f"Add {key}")
        return self


def _check_address(url: str, *, allow_insecure: bool) -> None:
    """Refuse what is not https or on this machine, and what would put a secret into an address.

    Raises:
        ConfigurationError: the address cannot be used; its text is not repeated, because it may hold a password.

    """
    key = "second_reader.base_url"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = SplitResult("", "", "", "", ""), None
    if parts.scheme not in ("https", "http") or not host:
        raise ConfigurationError(key, "is no http address", 'Write it like "https://models.example.org/v1"')
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigurationError(
            key,
            "has a user, a password, a query or a fragment, and addresses are shown",
            "Put the key into api_key_file",
        )
    if parts.scheme == "http" and not is_loopback(host) and not allow_insecure:
        raise ConfigurationError(
            key,
            f"would send texts and the key to {host} in the clear",
            "Use https, or set allow_insecure = true if the way there is safe",
        )


def is_loopback(host: str) -> bool:
    """Whether *host* is this machine, by name or by address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
