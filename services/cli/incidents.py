"""``incidents``: what stands in the ledger and why, what waits for review, and an analyst's merges and splits."""

from __future__ import annotations

import asyncio
import getpass
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer

from services.cli.options import ConfigOption, JsonOption, configured, log_plainly
from shared.clock import SystemClock
from shared.errors import ClaimwatchError

if TYPE_CHECKING:
    from services.alerter.store import Store
    from services.configuration import Configuration
    from shared.messages import Figure, Incident, Statement

T = TypeVar("T")

IncidentArgument = Annotated[str, typer.Argument(metavar="INCIDENT", help="Its id, merged or not.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; it is kept with the incident.")]
ByOption = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who says so; else your user name.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, help="How many at most.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file to *app*."""
    group = typer.Typer(
        no_args_is_help=True,
        help="Incidents: what stands in the ledger and why, and what an analyst makes of it.",
        rich_markup_mode="rich",
    )
    group.command("list")(list_incidents)
    for command in (show, history, review, accept, merge, split):
        group.command()(command)
    app.add_typer(group, name="incidents", rich_help_panel="Reading")


def list_incidents(limit: LimitOption = 20, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List the incidents last spoken of, latest first."""
    for one in _with_store(config, lambda store: store.incidents(limit)):
        print(_json(one) if as_json else f"{one.id}\t{one.last_seen_at:%Y-%m-%d %H:%M}\t{one.grade}\t{one.headline}")


def show(
    incident: IncidentArgument,
    view: Annotated[
        str, typer.Option("--view", help="Vague numbers as this recorder reads them: strict, acled, airwars.")
    ] = "strict",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show an incident: its grade, figures, accounts, disputes, and every statement with the reason for its place.

    [dim]Examples:[/dim]

      claimwatch incidents show 4a1f…
      claimwatch incidents show 4a1f… --view acled --json | jq .figures
    """
    from services.alerter.views import seen_as, views

    if view not in views():
        raise ClaimwatchError(f"there is no view {view!r}; there are: {', '.join(views())}")
    found = _known(incident, _with_store(config, lambda store: store.incident(incident)))
    figures = seen_as(view, found)
    print(_json(found.model_copy(update={"figures": figures})) if as_json else "\n".join(_lines(found, figures)))


def history(
    incident: IncidentArgument, limit: LimitOption = 100, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Show what changed in an incident, with the reason, the claims and the item or person behind each change."""

    async def work(store: Store) -> Sequence[Any]:
        return await store.history(await store.resolve(incident), limit)

    for entry in _with_store(config, work):
        by = entry.actor or f"item version {entry.version}"
        line = f"{entry.at:%Y-%m-%d %H:%M}\trevision {entry.revision}\t{entry.kind}\t{entry.reason} [{by}]"
        print(json.dumps(asdict(entry), ensure_ascii=False, default=str) if as_json else line)


def review(limit: LimitOption = 50, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List the claims whose place is in doubt, longest waiting first."""
    for one in _with_store(config, lambda store: store.reviews(limit)):
        line = f"{one.claim}\tin {one.incident}\t{one.since:%Y-%m-%d %H:%M}\t{one.reason}"
        print(json.dumps(asdict(one), default=str) if as_json else line)


def accept(
    claims: Annotated[list[str], typer.Argument(metavar="CLAIM…", help="Ids of claims of one incident.")],
    reason: ReasonOption,
    by: ByOption = None,
    config: ConfigOption = None,
) -> None:
    """Say that claims are rightly where they are: they need no further review."""
    _order(config, "accept", claims, reason, by)


def merge(
    first: IncidentArgument,
    second: Annotated[str, typer.Argument(metavar="OTHER", help="The id of the other one.")],
    reason: ReasonOption,
    by: ByOption = None,
    config: ConfigOption = None,
) -> None:
    """Make two incidents one; both ids lead to it from then on.

    [dim]Example:[/dim]

      claimwatch incidents merge 4a1f… 9c02… --reason "the ministry named the same officer"
    """

    async def anchors(store: Store) -> list[str]:
        return [_known(one, await store.incident(one)).statements[0].claim.id for one in (first, second)]

    _order(config, "merge", anchors, reason, by)


def split(
    claims: Annotated[list[str], typer.Argument(metavar="CLAIM…", help="Ids of the claims that are another incident.")],
    reason: ReasonOption,
    by: ByOption = None,
    config: ConfigOption = None,
) -> None:
    """Make an incident of its own out of some claims of another one.

    The two are kept apart from then on, whatever later texts seem to show.
    """
    _order(config, "split", claims, reason, by)


Claims = Sequence[str] | Callable[["Store"], Awaitable[list[str]]]


def _order(
    config: Path | None, kind: Literal["merge", "split", "accept"], claims: Claims, reason: str, by: str | None
) -> None:
    """Carry out a ruling, tell downstream how the incidents stand now, and print them."""
    from services.alerter.rulings import Ruling, Unfit

    settings = configured(config).configuration
    log_plainly(settings, "incidents")
    now = SystemClock().now()

    async def work(store: Store) -> list[Incident]:
        ids = await claims(store) if callable(claims) else claims
        ruling = Ruling(kind=kind, claims=tuple(ids), reason=reason, actor=by or getpass.getuser(), at=now)
        try:
            decision = await store.rule(ruling, settings.alerter.ledger.rules())
        except Unfit as error:
            raise ClaimwatchError(str(error)) from error
        await _publish(settings, decision.incidents)
        return list(decision.incidents)

    for one in asyncio.run(_work(settings, work)):
        told = f"merged into {one.merged_into}" if one.merged_into else one.headline
        print(f"{one.id}\t{told}")


async def _publish(settings: Configuration, incidents: Sequence[Incident]) -> None:
    from shared.eventlog.opening import open_log
    from shared.stage import publish
    from shared.topics import INCIDENTS

    log = await open_log(settings.log, client="incidents")
    try:
        for one in incidents:
            await publish(log, INCIDENTS, one, source="claimwatch/alerter", time=SystemClock().now())
    finally:
        await log.close()


def _with_store(config: Path | None, work: Callable[[Store], Awaitable[T]]) -> T:
    """Return what *work* gives on the configured database."""
    settings = configured(config).configuration
    log_plainly(settings, "incidents")
    return asyncio.run(_work(settings, work))


async def _work(settings: Configuration, work: Callable[[Store], Awaitable[T]]) -> T:
    from services.alerter.store import Store
    from shared.database import create_engine
    from shared.migrations import check_revision

    engine = create_engine(settings.database, settings.database_password)
    try:
        await check_revision(engine)
        return await work(Store(engine))
    finally:
        await engine.dispose()


def _known(asked: str, found: Incident | None) -> Incident:
    if found is None:
        raise ClaimwatchError(f"there is no incident {asked}; see: claimwatch incidents list")
    return found


def _lines(incident: Incident, figures: Sequence[Figure]) -> list[str]:
    from services.alerter import wording

    lines = [f"{incident.headline}", f"incident {incident.id}, revision {incident.revision}"]
    lines.append(f"grade: {incident.grade}: {incident.grade_reason}")
    for figure in figures:
        kinds = ", ".join(f"{s.kind} {wording.number(s.min, s.max)} ({s.voices})" for s in figure.shares)
        total = wording.number(figure.min, figure.max)
        lines.append(f"{wording.capital(wording.force(figure.force))} {figure.outcome}: {total}; {kinds}")
    lines += [
        f"  {a.reliability}{a.credibility} {a.voice} ({a.kind}): {_said(a.min, a.max, denied=a.denied)} {a.outcome}, "
        f"{wording.force(a.force)}. {a.reason}"
        for a in incident.accounts
    ]
    lines += [f"disputed {dispute.dimension}: {dispute.reason}" for dispute in incident.disputes]
    return lines + [line for statement in incident.statements for line in _statement(statement)]


def _said(low: int | None, high: int | None, *, denied: bool) -> str:
    from services.alerter import wording

    return f"denies {wording.number(low, high)}" if denied else wording.number(low, high)


def _statement(statement: Statement) -> list[str]:
    from services.alerter import wording
    from services.alerter.rendering.neutral import clean

    claim = statement.claim
    lines = [
        f"claim {claim.id} ({statement.state}) {clean(wording.says(statement), 200)}",
        f"  > {clean(claim.evidence, 300)}",
        f"  placed {statement.link_score:.0%}: {statement.link_reason}",
    ]
    return [*lines, f"  ! {statement.review}"] if statement.review else lines


def _json(incident: Incident) -> str:
    return json.dumps(incident.model_dump(mode="json"), ensure_ascii=False)
