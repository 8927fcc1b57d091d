"""Made-up items, each of which opens an incident of its own: another day, another place, another number."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from shared.messages import RawItem, SourceRef, stable_id

SOURCE = SourceRef(id="bench", name="Bench Agency", kind="rss", language="en", country="GB", reliability="B")
FIRST = datetime(2013, 3, 1, 12, tzinfo=UTC)
APART = timedelta(days=11)
"""Longer than any two reports of one event lie apart."""
PLACES = (
    ("Saraqib", "Idlib"), ("Nawa", "Daraa"), ("Salma", "Latakia"), ("Palmyra", "Homs"), ("Azaz", "Aleppo"),
    ("Morek", "Hama"), ("Mayadin", "Deir ez-Zor"), ("Tabqa", "Raqqa"), ("Douma", "Rif Dimashq"), ("Rastan", "Homs"),
    ("Jisr al-Shughur", "Idlib"), ("Manbij", "Aleppo"), ("Inkhil", "Daraa"),
)  # fmt: skip
FORCES = ("Turkish", "Russian", "Syrian", "Iranian")
CAUSES = (
    "when mortar shells hit their post", "when a roadside bomb struck their vehicle", "in an air strike on their base"
)  # fmt: skip
NUMBERS = ("Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Eleven", "Twelve", "Thirteen")


def made_up(count: int) -> Iterator[RawItem]:
    """Yield *count* items."""
    for number in range(count):
        yield _item(number)


def _item(number: int) -> RawItem:
    at = FIRST + number * APART
    day = at - timedelta(days=1)
    place, governorate = PLACES[number % len(PLACES)]
    force, cause = FORCES[number % len(FORCES)], CAUSES[number % len(CAUSES)]
    title = f"{NUMBERS[number % len(NUMBERS)]} {force} soldiers killed near {place}"
    text = (
        f"{title} on {day.day} {day:%B %Y} {cause}, the Syrian Observatory for Human Rights said. The attack happened "
        f"in {governorate} province in Syria. There was no immediate comment from the army. Fighting in the area had "
        "been heavy for days, and roads were closed to traffic, residents told the agency by telephone."
    )
    item = stable_id("bench", str(number))
    return RawItem(
        id=stable_id(item, "1"),
        item=item,
        source=SOURCE,
        url=f"https://bench.example/{number}",
        title=title,
        text=text,
        lang="en",
        published_at=at,
        seen_at=at,
    )
