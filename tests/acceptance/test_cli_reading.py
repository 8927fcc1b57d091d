"""``replay`` and ``explain`` with the real reader, on ordinary and on odd texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import claimwatch

TEXT = "Four officers of the Russian army were killed by mortar fire near Palmyra, the Russian defence ministry said."

ODD = {
    "empty": "",
    "blank": " \n\t ",
    "nul": "Four\x00 soldiers \x00were killed near Homs.",
    "controls": "".join(map(chr, range(32))) + TEXT,
    "long": (TEXT + " ") * 9_000,
    "one-word": "killed" * 150_000,
    "no-spaces": "ق" * 200_000,
    "unknown-language": "Vier soldate het by Palmyra gesterf, het die ministerie gesê.",
    "no-language": "⠃⠗⠇ 1234 ∑∆",
    "marks": "\u200f\u202eقُتل أربعة جنود\u202c قرب تدمر\u200f",
    "emoji": "🔥🔥 4 солдата погибли 💀 под Пальмирой 🇸🇾",
    "surrogate": "\ud83d four soldiers were killed \udc80",
    "numbers": "99999999999999999999999999 soldiers and -1 officers and 1e9 pilots were killed in Homs.",
    "html": "<script>alert(1)</script><p>Four soldiers &amp; a pilot were killed in Aleppo.</p>",
    "brackets": "(" * 50_000 + "soldier killed" + ")" * 50_000,
    "quotes": "«" * 20_000 + "солдат погиб в Сирии" + "»" * 20_000,
    "lines": "\n" * 100_000 + TEXT + "\n" * 100_000,
    "dots": "soldiers were killed. " * 20_000,
}


def mended(text: str) -> str:
    """Return *text* as documents hold it: half a surrogate pair is no character."""
    return "".join("\ufffd" if "\ud800" <= letter <= "\udfff" else letter for letter in text)


def document(name: str, text: str, **changes: Any) -> str:
    source = {"id": "agency", "name": "Agency", "kind": "rss"}
    told = {"id": name, "source": source, "url": None, "title": None, "text": text, "lang": None}
    return json.dumps(told | {"published_at": "2016-02-02T00:00:00Z"} | changes)


def test_every_odd_text_gets_its_line(tmp_path: Path) -> None:
    (tmp_path / "d.jsonl").write_text("\n".join(document(name, text) for name, text in ODD.items()))
    done = claimwatch("replay", "d.jsonl", "--output", "r.jsonl", directory=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    results = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [result["id"] for result in results] == list(ODD)
    for result in results:
        assert 0 <= result["score"] <= 1
        assert result["relevant"] == bool(result["claims"])
        for claim in result["claims"]:
            assert claim["evidence"] in f"\n{mended(ODD[result['id']])}"


def test_a_claim_is_read_and_raises_its_alert(tmp_path: Path) -> None:
    done = claimwatch("replay", "-", "-o", "-", directory=tmp_path, stdin=document("1", TEXT))
    (result,) = map(json.loads, done.stdout.splitlines())
    (claim,) = result["claims"]
    assert (claim["outcome"], claim["min"], claim["max"], claim["force"]) == ("killed", 4, 4, "RU")
    assert claim["evidence"] in TEXT
    (alert,) = result["alerts"]
    assert (alert["kind"], alert["incident"]) == ("new", claim["incident"])


def test_replaying_twice_gives_the_same(tmp_path: Path) -> None:
    (tmp_path / "d.jsonl").write_text(document("1", TEXT) + "\n" + document("2", TEXT.replace("Four", "Nine")))
    first, second = (claimwatch("replay", "d.jsonl", "-o", "-", directory=tmp_path).stdout for _ in range(2))
    assert first == second != ""


def test_explain_tells_the_decision_and_its_quote(tmp_path: Path) -> None:
    done = claimwatch("explain", "-", "--date", "2016-02-03", directory=tmp_path, stdin=TEXT)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("relevant")
    assert "RU: 4 killed" in done.stdout
    assert "near Palmyra" in done.stdout
    assert "\x1b" not in done.stdout


def test_explain_takes_one_document_of_many(tmp_path: Path) -> None:
    (tmp_path / "d.jsonl").write_text(document("a", "Weather in Paris.") + "\n" + document("b", TEXT))
    done = claimwatch("explain", "d.jsonl", "--id", "b", "--json", directory=tmp_path)
    tagged = json.loads(done.stdout)
    assert tagged["relevant"] is True
    assert tagged["item"]["text"] == TEXT


def test_explain_takes_a_saved_page(tmp_path: Path) -> None:
    paragraphs = "".join(f"<p>{TEXT} Paragraph {i} says a little more about it.</p>" for i in range(5))
    (tmp_path / "page.html").write_text(
        f"<!doctype html><html><head><title>T</title><script>x</script></head><body><article>{paragraphs}</article>"
    )
    done = claimwatch("explain", "page.html", directory=tmp_path)
    assert "RU: 4 killed" in done.stdout
    assert "<p>" not in done.stdout


def test_explain_refuses_addresses_inside_the_own_network(tmp_path: Path) -> None:
    done = claimwatch("explain", "http://127.0.0.1:1/", directory=tmp_path)
    assert done.returncode == 1
    assert "127.0.0.1" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("text", ["", "\x00", "🔥"])
def test_explain_takes_anything(tmp_path: Path, text: str) -> None:
    done = claimwatch("explain", "-", directory=tmp_path, stdin=text)
    assert done.returncode == 0
    assert done.stdout.startswith("not re")
