"""``claimwatch demo``: a newcomer sees the incidents and their conflicts within a minute, and nothing that is none."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from services.alerter.store import Store
from shared.database import create_engine
from shared.messages import Alert, Conflict, Incident
from tests.support.command import claimwatch

pytestmark = pytest.mark.timeout(240)


@dataclass(frozen=True)
class Demo:
    """One run of the demo: what it printed, and what it kept."""

    done: CompletedProcess[str]
    incidents: list[Incident]
    alerts: list[Alert]

    def incident(self, force: str, day: date) -> Incident:
        """Return the one incident of losses of *force* on *day*."""
        found = [one for one in self.incidents if one.date == day and any(f.force == force for f in one.figures)]
        assert len(found) == 1, f"{force} on {day}: {[one.headline for one in found]}"
        return found[0]

    def kinds(self, incident: Incident) -> list[str]:
        return [alert.kind for alert in self.alerts if alert.incident == incident.id]

    def conflicts(self, incident: Incident) -> list[Conflict]:
        return [conflict for alert in self.alerts if alert.incident == incident.id for conflict in alert.conflicts]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo")
    done = claimwatch("demo", "--pace", "0.3", "--keep", folder / "kept", directory=folder, timeout=200)
    incidents, alerts = asyncio.run(_kept(folder / "kept" / "claimwatch.db"))
    return Demo(done, incidents, alerts)


async def _kept(database: Path) -> tuple[list[Incident], list[Alert]]:
    engine = create_engine(f"sqlite:///{database}")
    try:
        store = Store(engine)
        return await store.incidents(1000), (await store.alerts(1000))[::-1]
    finally:
        await engine.dispose()


def test_it_ends_well_and_says_what_stands(demo: Demo) -> None:
    assert demo.done.returncode == 0, demo.done.stderr
    assert "what stands at the end" in demo.done.stdout
    assert demo.done.stdout.count("in dispute:") >= 3
    for incident in demo.incidents:
        assert incident.headline[:60] in " ".join(demo.done.stdout.split())
    assert "Traceback" not in demo.done.stderr


def test_one_adviser_against_four_generals_is_one_incident(demo: Demo) -> None:
    latakia = demo.incident("RU", date(2016, 2, 1))
    assert latakia.governorate == "Latakia"
    counts = [c for c in demo.conflicts(latakia) if (c.dimension, c.force, c.outcome) == ("count", "RU", "killed")]
    assert {frozenset((c.left.claim.min, c.right.claim.min)) for c in counts} >= {frozenset((1, 4))}
    assert any(f.outcome == "wounded" and f.min == 3 for f in latakia.figures)


def test_the_ministry_in_two_languages_is_one_voice(demo: Demo) -> None:
    latakia = demo.incident("RU", date(2016, 2, 1))
    ministry = {s.voice for s in latakia.statements if s.source.id in ("northern-post", "neva-wire")}
    assert len(ministry) == 1


def test_a_post_that_was_deleted_is_a_correction(demo: Demo) -> None:
    latakia = demo.incident("RU", date(2016, 2, 1))
    rumour = [s for s in latakia.statements if s.source.id == "coast-notes"]
    assert [s.state for s in rumour] == ["deleted"]
    assert "correction" in demo.kinds(latakia)


def test_the_officers_died_by_a_mortar_or_by_a_mine(demo: Demo) -> None:
    aleppo = demo.incident("RU", date(2020, 2, 1))
    causes = [c for c in demo.conflicts(aleppo) if c.dimension == "cause"]
    assert {frozenset((c.left.claim.cause, c.right.claim.cause)) for c in causes} == {frozenset(("mortar", "mine"))}
    assert all((f.min, f.max) == (4, 4) for f in aleppo.figures if f.outcome == "killed")


def test_the_toll_of_the_convoy_rises(demo: Demo) -> None:
    balyun = demo.incident("TR", date(2020, 2, 27))
    assert (balyun.place, balyun.governorate) == ("Balyun", "Idlib")
    governor = [(s.claim.min, s.state) for s in balyun.statements if "Dogan" in (s.claim.attributed_to or "")]
    assert (9, "superseded") in governor
    assert (22, "standing") in governor
    assert (33, "standing") in governor
    (killed,) = [figure for figure in balyun.figures if figure.outcome == "killed"]
    assert killed.max is None, "at least 34 is claimed, with nothing said of how many more"
    assert demo.kinds(balyun).count("correction") == 2, "the edited article, and the deleted post"


def test_what_is_no_claim_about_syria_raises_nothing(demo: Demo) -> None:
    told = {(statement.source.id, statement.url) for one in demo.incidents for statement in one.statements}
    assert not [url for _, url in told if url and url.endswith(("/summit", "/ukraine"))]
    assert len(demo.incidents) == 3


def test_nothing_is_told_twice(demo: Demo) -> None:
    new = [alert.incident for alert in demo.alerts if alert.kind == "new"]
    assert sorted(new) == sorted({incident.id for incident in demo.incidents})
    summaries = [(alert.incident, alert.kind, alert.summary) for alert in demo.alerts]
    assert len(summaries) == len(set(summaries))
    assert not [alert for alert in demo.alerts if alert.suppressed]
