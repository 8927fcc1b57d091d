"""Which claims of an item go together, and to which incident: the strongest link is drawn first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.alerter.linking import Link, link
from services.alerter.profile import Profile, joined
from services.alerter.rules import RULES, Rules


@dataclass(frozen=True)
class Group:
    """Claims of one item (by their place in it) that speak of one incident; ``incident`` None: one not yet known.

    ``doubt`` says, in one sentence, why a person should look at where they were put.
    """

    members: tuple[int, ...]
    incident: str | None
    link: Link
    doubt: str | None = None


Rival = tuple[str, Link]
"""Another known incident, and how well it fits."""
Pairs = Mapping[tuple[int, int], Link]


@dataclass
class _Node:
    profile: Profile
    members: tuple[int, ...]
    link: Link
    rival: Rival | None = None


def group(claims: Sequence[Profile], known: Sequence[Profile], rules: Rules = RULES) -> list[Group]:
    """Return the groups of *claims*, each with the *known* incident it belongs to.

    Two known incidents never end in one group. Equal links are drawn in the order of the claims and incidents given, so
    the same input always gives the same groups.
    """
    nodes = [_Node(p, (i,), Link(0.0)) for i, p in enumerate(claims)] + [_Node(p, (), Link(0.0)) for p in known]
    alone = Link(rules.bar, ((0.0, "nothing on record fits"),))
    pairs = {(i, j): _between(nodes[i], nodes[j]) for i in range(len(claims)) for j in range(i + 1, len(nodes))}
    alive = set(range(len(nodes)))
    while pairs:
        (i, j), best = max(pairs.items(), key=lambda pair: (pair[1].weight, -pair[0][0], -pair[0][1]))
        if best.weight < rules.bar:
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
            _doubt(node, _nearest(i, nodes, pairs), rules),
        )
        for i, node in ((i, nodes[i]) for i in sorted(alive, key=lambda i: nodes[i].members))
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


def _merge(keep: _Node, gone: _Node, best: Link, rival: Rival | None) -> _Node:
    members = tuple(sorted(keep.members + gone.members))
    weakest = best if not keep.link.parts or best.weight < keep.link.weight else keep.link
    return _Node(joined(keep.profile, gone.profile), members, weakest, rival or keep.rival)


def _rival(i: int, j: int, nodes: Sequence[_Node], pairs: Pairs) -> Rival | None:
    """Return the next best known incident and its link, for claims that are being linked to a known one."""
    return _nearest(i, nodes, pairs, but=j) if nodes[j].profile.incident else None


def _nearest(i: int, nodes: Sequence[_Node], pairs: Pairs, but: int | None = None) -> Rival | None:
    """Return the known incident that fits node *i* best, *but* aside."""
    others = [(nodes[b].profile.incident or "", found) for (a, b), found in pairs.items() if a == i and b != but]
    return max((one for one in others if one[0]), key=lambda one: one[1].weight, default=None)


def _doubt(node: _Node, nearest: Rival | None, rules: Rules) -> str | None:
    """Say why a person should look: a close second, a narrow link, or a new incident that nearly was a known one."""
    own = node.link
    if node.profile.incident is None:
        if nearest is None or nearest[1].weight < rules.bar - rules.narrow:
            return None
        return f"It nearly fits incident {nearest[0]} ({nearest[1].score:.0%}: {_reasons(nearest[1])})."
    if node.rival and node.rival[1].weight >= rules.bar and own.weight - node.rival[1].weight < rules.doubt:
        return f"Incident {node.rival[0]} fits nearly as well ({node.rival[1].score:.0%} against {own.score:.0%})."
    if own.weight < rules.bar + rules.narrow:
        return f"It fits by a narrow margin ({own.score:.0%}: {_reasons(own)})."
    return None


def _reasons(found: Link) -> str:
    return ", ".join(found.reasons[:3])
