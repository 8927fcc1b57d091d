"""Alerts as e-mail: one message per receiver, text and HTML, one thread per incident."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage

import structlog

from services.alerter.channels import Delivery, Receipt, Telling
from services.alerter.channels.letters import (
    compose,
    compose_notice,
    subject_of,
    subject_of_digest,
    subject_of_notice,
)
from services.alerter.channels.pacing import Pace
from services.alerter.channels.smtp import MailServer, Refusal
from services.alerter.settings import SmtpSettings
from shared.clock import Clock
from shared.errors import Reject, Retry

LOG = structlog.get_logger(__name__)

REMEMBERED = 2000
"""Unfinished deliveries whose receivers are kept in mind."""


@dataclass
class _Progress:
    """Who has a delivery already, who will never take it, and who was put off in the last attempt."""

    accepted: set[str] = field(default_factory=set)
    refused: dict[str, Refusal] = field(default_factory=dict)
    put_off: dict[str, Refusal] = field(default_factory=dict)

    def record(self, receiver: str, refusal: Refusal | None) -> None:
        if refusal is None:
            self.accepted.add(receiver)
        elif refusal.final:
            self.refused[receiver] = refusal
        else:
            self.put_off[receiver] = refusal


class EmailChannel:
    """Sends each alert of subscription *name* to every address of *receivers*, through the server of *settings*.

    What the server answers for one receiver is that receiver's alone: a repeat goes to those only who have not accepted
    yet. After a restart everyone may get it again, with the same Message-ID.
    """

    def __init__(
        self, settings: SmtpSettings, pace: Pace, clock: Clock, *, name: str, receivers: Sequence[str]
    ) -> None:
        self._settings = settings
        self._server = MailServer(settings)
        self._pace = pace
        self._clock = clock
        self._name = name
        self._receivers = tuple(dict.fromkeys(receivers))
        self._progress: OrderedDict[str, _Progress] = OrderedDict()

    async def send(self, delivery: Delivery) -> Receipt:
        """Mail one alert. The receipt's thread is the subject of the incident's first message, which all others repeat.

        Raises:
            Retry: the server cannot be reached, or said "later" (4xx) for at least one receiver.
            Reject: it said "never" (5xx) for at least one receiver; the reason says which, the others have it.

        """
        subject = subject_of_digest(delivery.alert) if delivery.digest else None
        subject = subject or delivery.thread or subject_of(delivery.incident)

        def letter(receiver: str) -> EmailMessage:
            now = self._clock.now()
            return compose(delivery, self._settings, name=self._name, receiver=receiver, subject=subject, now=now)

        return await self._send(delivery.id, letter, subject)

    async def tell(self, telling: Telling) -> Receipt:
        """Mail one notice; the end of a problem repeats the subject of its beginning. Raises as ``send``."""
        subject = (telling.notice.state == "over" and telling.thread) or subject_of_notice(telling)

        def letter(receiver: str) -> EmailMessage:
            now = self._clock.now()
            return compose_notice(telling, self._settings, name=self._name, receiver=receiver, subject=subject, now=now)

        return await self._send(telling.id, letter, subject)

    async def close(self) -> None:
        """Leave nothing to do: no connection outlives its messages."""

    async def _send(self, identity: str, letter: Callable[[str], EmailMessage], subject: str) -> Receipt:
        progress = self._progress.setdefault(identity, _Progress())
        while len(self._progress) > REMEMBERED:
            self._progress.popitem(last=False)
        await self._send_to_rest(letter, progress)
        total = len(self._receivers)
        if progress.put_off:
            raise Retry(f"the mail server put off {len(progress.put_off)} of {total} ({_told(progress.put_off)})")
        del self._progress[identity]
        if progress.refused:
            others = f"; the other {len(progress.accepted)} have the message" if progress.accepted else ""
            raise Reject(
                f"the mail server refused {len(progress.refused)} of {total} ({_told(progress.refused)}){others}"
            )
        return Receipt(thread=subject)

    async def _send_to_rest(self, letter: Callable[[str], EmailMessage], progress: _Progress) -> None:
        progress.put_off.clear()
        waiting = [one for one in self._receivers if one not in progress.accepted and one not in progress.refused]
        if not waiting:
            return
        await self._pace.wait_turn()
        async with self._server.conversation() as conversation:
            for receiver in waiting:
                refusal = await conversation.hand_over(letter(receiver).as_bytes(), receiver)
                progress.record(receiver, refusal)
                if refusal:
                    LOG.warning("mail server did not take a message", receiver=receiver, reply=str(refusal))


def _told(refusals: dict[str, Refusal]) -> str:
    return "; ".join(f"{receiver}: {refusal}" for receiver, refusal in refusals.items())
