"""HTML to plain text."""

from __future__ import annotations

import pytest

from services.collector.sources.hypertext import clean, plain_text, plain_title


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>One <b>two</b></p>\n<p>three</p>", "One two\n\nthree"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<ul><li>a<li>b</ul>c", "a\n\nb\n\nc"),
        ("<div><div>deep</div></div>", "deep"),
        ("a<script>alert(1)</script><style>p{}</style>b", "ab"),
        ("<p>3&nbsp;killed &amp; 5 &lt; 6</p>", "3 killed & 5 < 6"),
        ("no markup\nat all\n\n\n\nhere ", "no markup\nat all\n\nhere"),
        ("5 < 6 and 7 > 3", "5 < 6 and 7 > 3"),
        ("<p>\ue000&#xe000;kept", "kept"),
        ("<p></p>", ""),
        ("", ""),
        ("<p>wounded\r\nin\tHoms</p>", "wounded in Homs"),
        ("<table><tr><td>killed</td><td>4</td></tr></table>", "killed\n\n4"),
    ],
)
def test_paragraphs_stay_and_tags_go(markup: str, text: str) -> None:
    assert plain_text(markup) == text


@pytest.mark.parametrize(
    ("markup", "title"),
    [
        ("Four <i>generals</i>", "Four generals"),
        ("3 < 4 generals &amp; more", "3 < 4 generals & more"),
        ("a\n b", "a b"),
        ("<script>alert(1)</script>Hi", "Hi"),
        ("Tom &amp;amp; Co", "Tom &amp; Co"),
    ],
)
def test_a_title_is_one_line_without_tags(markup: str, title: str) -> None:
    assert plain_title(markup) == title


def test_no_control_character_survives() -> None:
    everything = "".join(map(chr, range(0x20))) + "\x7f\x85\x9f\ud800\udfff\ufffe\uffff" + "end"
    assert clean(everything) == "\t\n\n\nend"


@pytest.mark.parametrize("markup", ["<div>" * 200_000, "<b><p>" * 9_000 + "x", "<" * 1_000_000, "<a" * 300_000])
def test_hostile_nesting_is_read_too(markup: str) -> None:
    assert "<p>" not in plain_text(markup)
