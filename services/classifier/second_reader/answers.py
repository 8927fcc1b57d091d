"""Pure: an answer as data, whatever it is made of. It is hostile input: a text may have dictated it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.errors import ClaimwatchError
from shared.messages import Cause, Force, Governorate, Outcome, Stance

LONGEST_QUOTE = 1500
"""Characters; a sentence of a communiqué that lists losses stays below it."""
MOST = 1_000_000
FENCED = re.compile(r"\A\s*```(?:json)?\s*(.*?)\s*```\s*\Z", re.DOTALL)
"""Endpoints without structured answers like to wrap theirs up."""
UNKNOWN_VALUE = frozenset({"literal_error", "string_pattern_mismatch"})

Fault = Literal["shape", "value"]
Number = Annotated[int, Field(ge=0, le=MOST)]
Words = Annotated[str, Field(min_length=1, max_length=200)]


class Unreadable(ClaimwatchError):
    """The answer is not a JSON object with a list of claims."""


class ClaimAnswer(BaseModel):
    """One claim as it was answered: of the right shape, its values ours, nothing in it checked against the text."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    evidence: str = Field(min_length=1, max_length=LONGEST_QUOTE)
    outcome: Outcome
    min: Number | None = None
    max: Number | None = None
    force: Force
    part: bool = False
    total: bool = False
    place: Words | None = None
    governorate: Governorate | None = None
    date: Words | None = None
    date_words: Words | None = None
    cause: Cause | None = None
    stance: Stance
    attributed_to: Words | None = None
    names: Annotated[list[Words], Field(max_length=100)] = []


def read_answer(content: str) -> Sequence[Any]:
    """Return the claims that the text of an answer lists, none of them checked.

    Raises:
        Unreadable: it is not JSON, or JSON of another shape.

    """
    fenced = FENCED.match(content)
    try:
        value = json.loads(fenced[1] if fenced else content)
    except (ValueError, RecursionError):
        raise Unreadable("the answer is not JSON") from None
    claims = value.get("claims") if isinstance(value, dict) else None
    if not isinstance(claims, list):
        raise Unreadable("the answer lists no claims")
    return claims


def parse_claim(value: Any) -> ClaimAnswer | Fault:
    """Return the claim that *value* is, or what is wrong with it: its shape, or a value that is none of ours."""
    try:
        return ClaimAnswer.model_validate(value)
    except ValidationError as error:
        kinds = {one["type"] for one in error.errors(include_url=False, include_input=False)}
        return "value" if kinds <= UNKNOWN_VALUE else "shape"
