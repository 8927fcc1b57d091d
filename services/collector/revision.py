"""What makes one version of an item another: what a reader sees of it. Pure."""

from __future__ import annotations

import re
import unicodedata
from hashlib import sha256


class _Visible(dict[int, int | None]):
    """A table for ``str.translate``, filled as characters are met, that leaves out format characters (category Cf)."""

    def __missing__(self, code: int) -> int | None:
        self[code] = seen = None if unicodedata.category(chr(code)) == "Cf" else code
        return seen


_VISIBLE = _Visible()

# Lines that hold a count of readers' deeds and nothing else, as pages set them under a text. Possessive, so that a text
# of many marks or digits costs no more than its length: each would else be tried as the end of everything before it.
_COUNTED = (
    r"(?:views?|reads?|likes?|shares?|comments?|просмотр\w*+|комментари\w*+|нравится|перегляд\w*+|коментар\w*+|"
    r"مشاهد\w*+|تعليق\w*+|görüntülenme|yorum)"
)
_COUNT = r"\d[\d.,\u00a0\u202f ]*+[KkMmКкТт]?"
_COUNTER = re.compile(
    rf"^[^\w\n]*+(?:{_COUNTED}\W*+{_COUNT}|{_COUNT}\W*+{_COUNTED})[^\w\n]*+$", re.IGNORECASE | re.MULTILINE
)


def revision(title: str | None, text: str) -> str:
    """Return the hash of what a reader sees: every letter and digit counts, spacing and invisible marks do not.

    Left out are only lines that count views, likes or comments and say nothing else.
    """
    return sha256(f"{_seen(title or '')}\x1f{_seen(_COUNTER.sub('', text))}".encode()).hexdigest()


def _seen(text: str) -> str:
    """Return *text* as an eye compares it.

    NFC and not NFKC, which would read the footnote mark in "4²" as a digit.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFC", text).translate(_VISIBLE)
    return " ".join(text.split())
