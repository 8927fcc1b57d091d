"""An alert as an e-mail message: addresses, thread, text and HTML. Pure but for the certainty that nothing gets in."""

from __future__ import annotations

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from services.alerter import wording
from services.alerter.channels import Delivery, Telling
from services.alerter.rendering import make_card
from services.alerter.rendering.bulletin import bulletin_html, bulletin_text, make_bulletin
from services.alerter.rendering.html import render_html
from services.alerter.rendering.neutral import clean
from services.alerter.rendering.phrases import name
from services.alerter.rendering.text import render_text
from services.alerter.settings import SmtpSettings
from shared.messages import Alert, Incident

SUBJECT = 160
SHORT_ID = 8


def subject_of_digest(alert: Alert) -> str:
    """Return the subject of a message that sums up several alerts."""
    return clean(f"[claimwatch] {alert.headline}", SUBJECT)


def subject_of(incident: Incident) -> str:
    """Return the subject of an incident's thread: what its first claim tells, for mail programs group by subject.

    Figures are left out, for they change: ``[claimwatch] Russian forces, Homs, 1 Feb 2016 (1a8dd457)``.
    """
    short = incident.id[:SHORT_ID]
    if not incident.statements:
        return clean(f"[claimwatch] Incident {short}", SUBJECT)
    claim = incident.statements[0].claim
    scene = (
        wording.capital(wording.force(claim.force)),
        name(claim.place or claim.governorate or ""),
        wording.day(claim.date) if claim.date else "",
    )
    return clean(f"[claimwatch] {', '.join(part for part in scene if part)} ({short})", SUBJECT)


def compose(
    delivery: Delivery, settings: SmtpSettings, *, name: str, receiver: str, subject: str, now: datetime
) -> EmailMessage:
    """Return the message for one *receiver* of subscription *name*.

    ``Message-ID`` is the delivery's id, so that a repeat is recognised. Every message of an incident refers to one root
    that is made from the incident's id and never sent; mail programs thread by it (RFC 5256, REFERENCES).
    """
    card = make_card(delivery.alert, delivery.incident)
    about = f"incident-{_token(delivery.incident.id)}"
    letter = _addressed(delivery.id, about, settings, name=name, receiver=receiver, subject=subject, now=now)
    letter["X-Claimwatch-Kind"] = card.kind
    letter["X-Claimwatch-Incident"] = _token(delivery.incident.id)
    _fill(letter, render_text(card), render_html(card))
    return letter


def subject_of_notice(telling: Telling) -> str:
    """Return the subject of a notice's thread: its first headline, which the end repeats."""
    return clean(f"[claimwatch] {make_bulletin(telling.notice).title}", SUBJECT)


def compose_notice(
    telling: Telling, settings: SmtpSettings, *, name: str, receiver: str, subject: str, now: datetime
) -> EmailMessage:
    """Return the message that tells one *receiver* of subscription *name* a notice; threaded by its subject."""
    bulletin = make_bulletin(telling.notice)
    about = f"notice-{_token(telling.notice.subject)}"
    letter = _addressed(telling.id, about, settings, name=name, receiver=receiver, subject=subject, now=now)
    letter["X-Claimwatch-Kind"] = telling.notice.kind
    _fill(letter, bulletin_text(bulletin), bulletin_html(bulletin))
    return letter


def _addressed(
    identity: str, about: str, settings: SmtpSettings, *, name: str, receiver: str, subject: str, now: datetime
) -> EmailMessage:
    """Return a message with its headers; *about* is what its thread is made from."""
    domain = settings.identity
    root = f"<{about}@{domain}>"
    letter = EmailMessage(policy=SMTP)
    display, address = parseaddr(settings.sender)
    letter["From"] = Address(display_name=clean(display, SUBJECT), addr_spec=address)
    letter["To"] = Address(addr_spec=receiver)
    letter["Subject"] = clean(subject, SUBJECT)
    letter["Date"] = format_datetime(now)
    letter["Message-ID"] = f"<{_token(identity)}@{domain}>"
    letter["In-Reply-To"] = root
    letter["References"] = root
    letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notices in return
    letter["X-Auto-Response-Suppress"] = "All"  # the same to Exchange
    letter["List-Id"] = f"<{_token(name)}.claimwatch.{domain}>"  # RFC 2919
    if settings.list_unsubscribe:
        letter["List-Unsubscribe"] = f"<{settings.list_unsubscribe}>"  # RFC 2369
    return letter


def _fill(letter: EmailMessage, text: str, html: str) -> None:
    letter.set_content(text, cte=_encoding(text))
    letter.add_alternative(html, subtype="html", cte=_encoding(html))


def _encoding(text: str) -> str:
    """Quoted-printable stays readable where most is Latin; base64 is shorter where it is not. Any relay takes both."""
    foreign = sum(1 for character in text if not character.isascii())
    return "base64" if foreign * 4 > len(text) else "quoted-printable"


def _token(text: str) -> str:
    """Return *text* with nothing in it that could end a header's token."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in text)[:120]
