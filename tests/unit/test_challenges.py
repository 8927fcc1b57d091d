"""Pages that tell people from programs."""

from __future__ import annotations

import pytest

from services.collector.sources.challenges import challenger

PAGE = "<!DOCTYPE html><html><head><title>{}</title></head><body>{}</body></html>"


@pytest.mark.parametrize(
    ("headers", "body", "who"),
    [
        ({"cf-mitigated": "challenge"}, "", "Cloudflare"),
        ({}, PAGE.format("Just a moment...", ""), "Cloudflare"),
        ({}, PAGE.format("x", '<script src="/cdn-cgi/challenge-platform/h/b"></script>'), "Cloudflare"),
        ({"x-amzn-waf-action": "captcha"}, "", "AWS WAF"),
        ({}, PAGE.format("DDOS-GUARD", ""), "DDoS-Guard"),
        ({}, PAGE.format("403", "Powered by QRATOR"), "Qrator"),
        ({}, PAGE.format("", '<iframe src="/_Incapsula_Resource?x">'), "Imperva"),
        ({}, PAGE.format("Making sure you&#39;re not a bot!", ""), "Anubis"),
        ({}, PAGE.format("", '<div class="g-recaptcha">'), "a captcha"),
        ({}, PAGE.format("Are you a robot?", ""), "a captcha"),
        ({}, " <!-- x --> <html>" + PAGE.format("Just a moment...", ""), "Cloudflare"),
        ({}, "<!-- x -->\n" * 1_000 + PAGE.format("Just a moment...", ""), "Cloudflare"),
        ({}, "<!-- x -->" * 3_000 + "just a moment", None),
        ({}, "<!-- x -->" * 1_000 + "<!-- <html>" * 1_000, None),
        ({}, PAGE.format("Our news", "Just a moment of your time"), None),
        ({}, "<rss><channel><item><title>Just a moment... ddos-guard captcha</title></item></channel></rss>", None),
        ({"cf-ray": "1", "server": "cloudflare"}, "<rss/>", None),
        ({}, "", None),
    ],
)
def test_challenger(headers: dict[str, str], body: str, who: str | None) -> None:
    assert challenger(headers, body) == who
    assert challenger(headers, body.encode()) == who
