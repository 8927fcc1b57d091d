"""Which claims of an item go together, and to which incident: the strongest link is drawn first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.alerter.linking import BAR, DOUBT, Link, link
from services.alerter.profile import Profile, joined


@dataclass(frozen=True)
class Group:
    """Claims of one item (by their place in it) that speak of one incident; ``incident`` None: one not yet known."""

    members: tuple[int, ...]
    incident: str | None
    link: Link
    doubt: str | None = None


@dataclass
class _Node:
    profile: Profile
    members: tuple[int, ...]
    link: Link
    rival: Link | None = None


def group(claims: Sequence[Profile], known: Sequence[Profile]) -> list[Group]:
    """Return the groups of *claims*, each with the *known* incident it belongs to.

    Two known incidents never end in one group. Equal links are drawn in the order of the claims and incidents given, so
    the same input always gives the same groups.
    """
    nodes = [_Node(p, (i,), Link(0.0)) for i, p in enumerate(claims)] + [_Node(p, (), Link(0.0)) for p in known]
    alone = Link(BAR, ("nothing on record fits",))
    pairs = {(i, j): _between(nodes[i], nodes[j]) for i in range(len(claims)) for j in range(i + 1, len(nodes))}
    alive = set(range(len(nodes)))
    while pairs:
        (i, j), best = max(pairs.items(), key=lambda pair: (pair[1].weight, -pair[0][0], -pair[0][1]))
        if best.weight < BAR:
            break
        keep, gone = (j, i) if nodes[j].profile.incident else (i, j)
        nodes[keep] = _merge(nodes[keep], nodes[gone], best, _rival(i, j, nodes, pairs))
        alive.discard(gone)
        pairs = {pair: found for pair, found in pairs.items() if gone not in pair and keep not in pair}
        pairs |= {
            _ordered(keep, k): _between(nodes[keep], nodes[k])
            for k in sorted(alive)
            if k != keep and _open(nodes[keep], nodes[k])
        }
    return [
        Group(
            node.members,
            node.profile.incident,
            node.link if len(node.members) > 1 or node.profile.incident else alone,
            _doubt(node),
        )
        for node in (nodes[i] for i in sorted(alive, key=lambda i: nodes[i].members))
        if node.members
    ]


def _open(left: _Node, right: _Node) -> bool:
    both_known = left.profile.incident is not None and right.profile.incident is not None
    return not both_known and bool(left.members or right.members)


def _ordered(i: int, j: int) -> tuple[int, int]:
    return (i, j) if i < j else (j, i)


def _between(left: _Node, right: _Node) -> Link:
    told, other = (right, left) if left.profile.incident else (left, right)
    return link(told.profile, other.profile)


def _merge(keep: _Node, gone: _Node, best: Link, rival: Link | None) -> _Node:
    members = tuple(sorted(keep.members + gone.members))
    weakest = best if not keep.link.reasons or best.weight < keep.link.weight else keep.link
    return _Node(joined(keep.profile, gone.profile), members, weakest, rival or keep.rival)


def _rival(i: int, j: int, nodes: Sequence[_Node], pairs: dict[tuple[int, int], Link]) -> Link | None:
    """Return the link to the next best known incident, for claims that are being linked to a known one."""
    if nodes[j].profile.incident is None:
        return None
    others = [found for (a, b), found in pairs.items() if a == i and b != j and nodes[b].profile.incident]
    return max(others, key=lambda found: found.weight, default=None)


def _doubt(node: _Node) -> str | None:
    if node.rival and node.rival.weight >= BAR and node.link.weight - node.rival.weight < DOUBT:
        return "another incident fits nearly as well"
    return None
