"""Which addresses belong together. Pure."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

_VARIANTS = ("www.", "m.", "mobile.", "amp.")
"""Names under which a site serves the same pages for other devices."""
MOST_URL = 4_000


def same_site(one: str, other: str) -> bool:
    """Return whether two http addresses are of one site: the same host, or one below the other."""
    left, right = _host(one), _host(other)
    if not left or not right:
        return False
    return left == right or left.endswith(f".{right}") or right.endswith(f".{left}")


def same_page(one: str, other: str) -> bool:
    """Return whether two http addresses lead to one page, whatever their schemes, fragments and devices."""
    return _host(one) == _host(other) != "" and _place(one) == _place(other)


def own_address(reference: str, page: str) -> str | None:
    """Return what *reference* on *page* leads to, if that is a web address of the page's own site; else None.

    A page may say of itself whatever it likes, so that it cannot pass for another site's.
    """
    try:
        address = urljoin(page, reference.strip())
        scheme = urlsplit(address).scheme
    except ValueError:
        return None
    fits = scheme in ("http", "https") and len(address) <= MOST_URL and address.isprintable()
    return address if fits and same_site(address, page) else None


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.path.rstrip("/"), parts.query


def _host(url: str) -> str:
    try:
        host = (urlsplit(url).hostname or "").lower().rstrip(".")
    except ValueError:
        return ""
    return next((host.removeprefix(one) for one in _VARIANTS if host.startswith(one)), host)
