"""Pages that tell people from programs, which stand where a feed or an article should. Pure.

Marks as the services document them or as their pages have shown them for years; a page must be HTML to count, so that
an article about such a service in a feed does not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# A comment ends at its first "-->" and nowhere else: many of them would else be divided up in ever so many ways.
COMMENTS = r"\s*+(?:<!--(?>.*?-->)\s*+)*+"
_HTML = re.compile(rf"{COMMENTS}<(?:!doctype\s+html|html|head|body|meta|script)\b", re.IGNORECASE | re.DOTALL)
_LOOKED_AT = 32_768
_HEADERS = (
    # developers.cloudflare.com, "Detecting a challenge page response"; docs.aws.amazon.com/waf, "AWS WAF token"
    ("Cloudflare", "cf-mitigated", "challenge"),
    ("AWS WAF", "x-amzn-waf-action", ""),
    ("DataDome", "x-datadome", "protected"),
)
_MARKS = (
    ("Cloudflare", re.compile(r"cf_chl|cf-challenge|challenge-platform|<title>\s*just a moment", re.IGNORECASE)),
    ("DDoS-Guard", re.compile(r"ddos-guard", re.IGNORECASE)),
    ("Qrator", re.compile(r"qrator|__qrator", re.IGNORECASE)),
    ("Imperva", re.compile(r"_incapsula_resource|incapsula incident", re.IGNORECASE)),
    ("DataDome", re.compile(r"captcha-delivery\.com", re.IGNORECASE)),
    ("Sucuri", re.compile(r"sucuri_cloudproxy|sucuri website firewall", re.IGNORECASE)),
    ("Anubis", re.compile(r"making sure you(?:'|&#39;|’)re not a bot", re.IGNORECASE)),
    ("a captcha", re.compile(r"g-recaptcha|h-captcha|smartcaptcha|<title>[^<]{0,80}(?:captcha|robot)", re.IGNORECASE)),
)


def challenger(headers: Mapping[str, str], body: bytes | str) -> str | None:
    """Return who asks whether we are a person, given an answer's *headers* (names in lower case); None: nobody does."""
    for name, header, value in _HEADERS:
        if header in headers and value in headers[header].lower():
            return name
    head = body[:_LOOKED_AT]
    page = head if isinstance(head, str) else head.decode("utf-8", "replace")
    if not _HTML.match(page):
        return None
    return next((name for name, mark in _MARKS if mark.search(page)), None)


def in_words(who: str) -> str:
    """Return what a challenge by *who* means to the operator."""
    return f"a page of {who} that tells people from programs stands in its place. Ask the publisher for access"
