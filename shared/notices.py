"""What the services tell the operator, and the canary: a made-up item that measures the way to an alert. Pure."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from shared.messages import Message, Moment, RawItem, SourceRef

NoticeKind = Literal["source-health", "canary"]

CANARY = SourceRef(id="claimwatch-canary", name="claimwatch canary", kind="rss", language="en")
"""The source of canary items. No configured source may have its id; whoever reads ``items.*`` drops what has it."""


class Notice(Message):
    """Something about the running of claimwatch itself that an operator should know: a problem, or that it is over."""

    TYPE: ClassVar[str] = "claimwatch.notice.v1"

    id: str = Field(description="The same for the same problem, so that a repeat is recognised")
    kind: NoticeKind
    state: Literal["raised", "over"]
    subject: str = Field(description="The source's id; :network when all fail at once, :session, :pipeline")
    headline: str
    summary: str = ""
    fix: str = Field("", description="What to do about it")
    since: Moment = Field(description="When the problem began")
    at: Moment
    sources: tuple[str, ...] = Field((), description="The sources concerned")


def is_canary(item: RawItem) -> bool:
    """Whether *item* is a canary: nothing in it is true, and nobody but a measuring device may see it."""
    return item.source.id == CANARY.id
