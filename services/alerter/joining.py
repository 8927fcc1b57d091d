"""Two incidents made one, and one made two: what an analyst orders, and what later evidence shows. Pure.

Nothing is lost on the way: statements move, ids stay. An incident that was merged leads to the one that holds its
statements; incidents that were split know each other, and are never merged again by the system.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import product

from services.alerter.incident import stand
from services.alerter.linking import Link, link, share_name
from services.alerter.parties import Register
from services.alerter.profile import Profile, profile, spots_alike
from services.alerter.rules import Rules
from shared.messages import Incident, Statement, stable_id


class Unfit(ValueError):
    """What was asked for makes no sense for these incidents; the text says why."""


def merge(first: Incident, second: Incident, parties: Register | None = None) -> tuple[Incident, Incident]:
    """Return the older of two incidents with the statements of both, and the other one, which leads there.

    Raises:
        Unfit: they are one incident already, or one of them was merged before.

    """
    if first.id == second.id:
        raise Unfit(f"incident {first.id} cannot be merged with itself")
    for one in (first, second):
        if one.status != "open":
            raise Unfit(f"incident {one.id} was merged into {one.merged_into} already")
    keep, gone = sorted((first, second), key=lambda one: (one.first_seen_at, one.id))
    statements = sorted((*keep.statements, *gone.statements), key=lambda s: s.seen_at)
    apart = tuple(sorted({*keep.apart, *gone.apart} - {keep.id, gone.id}))
    joined = stand(keep.id, statements, keep, parties).model_copy(update={"apart": apart})
    return joined, gone.model_copy(
        update={
            "revision": gone.revision + 1,
            "status": "merged",
            "merged_into": keep.id,
            "figures": (),
            "accounts": (),
            "disputes": (),
            "statements": (),
            "voices": 0,
            "conflicts": 0,
            "grade": "discounted",
            "grade_reason": f"A duplicate of incident {keep.id}.",
        }
    )


def split(whole: Incident, claims: Collection[str], parties: Register | None = None) -> tuple[Incident, Incident]:
    """Return *whole* without the statements of the *claims* named by id, and a new incident that has them.

    Raises:
        Unfit: they are not all of this incident, or there would be nothing left on one side.

    """
    known = {s.claim.id for s in whole.statements}
    if unknown := sorted(set(claims) - known):
        raise Unfit(f"incident {whole.id} has no claim {unknown[0]}")
    moved = [s for s in whole.statements if s.claim.id in claims]
    left = [s for s in whole.statements if s.claim.id not in claims]
    if not moved or not left:
        raise Unfit(f"a split of incident {whole.id} must leave claims on both sides")
    identity = stable_id("incident", moved[0].claim.id)
    if identity in {whole.id, *whole.apart}:
        identity = stable_id("incident", "split", whole.id, str(whole.revision), moved[0].claim.id)
    rest = stand(whole.id, left, whole, parties).model_copy(update={"apart": _with(whole.apart, identity)})
    new = stand(identity, [s.model_copy(update={"review": None}) for s in moved], None, parties)
    return rest, new.model_copy(update={"apart": _with(whole.apart, whole.id)})


def same(left: Incident, right: Incident, sides: tuple[Profile, Profile], rules: Rules) -> Link | None:
    """Return why two incidents on record are one; None when later evidence does not show it beyond doubt.

    It takes a victim named in both, or the same force, place, day and number; and no text that tells of both may be
    known: who tells them apart knows better.
    """
    if right.id in left.apart or left.id in right.apart or sides[0].items & sides[1].items:
        return None
    if not (share_name(sides[0].names, sides[1].names) or _coincide(*sides)):
        return None
    found = link(*sides)
    return found if found.weight >= rules.same else None


def _coincide(left: Profile, right: Profile) -> bool:
    days = any(abs((a - b).days) <= 1 for a, b in product(left.days, right.days))
    return days and spots_alike(left, right) and bool(left.figures & right.figures)


def by_item(statements: Sequence[Statement]) -> dict[str, list[Statement]]:
    """Return *statements* by the item that makes them, in their order."""
    items: dict[str, list[Statement]] = {}
    for statement in statements:
        items.setdefault(statement.item, []).append(statement)
    return items


def misplaced(
    home: Incident, parts: Mapping[str, Sequence[Statement]], others: Mapping[str, Sequence[Statement]], rules: Rules
) -> dict[str, tuple[str, Link]]:
    """Return which *parts* of *home* (what one item each says) fit one of the *others* far better, and how well."""
    found: dict[str, tuple[str, Link]] = {}
    for part, said in parts.items():
        rest = [s for s in home.statements if s.item != part]
        if not rest:
            continue
        told = profile(said)
        own = link(told, profile(rest, home.id))
        apart = {other: profile(held, other) for other, held in others.items()}  # who tells of both knows them apart
        fits = [(link(told, held), other) for other, held in apart.items() if part not in held.items]
        best, where = max(fits, key=lambda fit: fit[0].weight, default=(own, home.id))
        if best.weight >= rules.bar and best.weight - own.weight >= rules.move:
            found[part] = (where, best)
    return found


def _with(apart: Sequence[str], one: str) -> tuple[str, ...]:
    return tuple(sorted({*apart, one}))
