"""Pure: one claim once. Sums of coordinated victims, headline and body, the same said twice."""

from __future__ import annotations

from services.classifier.claims.drafting import Draft
from services.classifier.reading import Reading

GAP = 3
PLURAL = (2, None)
COUNTED = frozenset({"digit", "word", "vague"})
APART = frozenset({"ordinal", "none", "vague"})


def merge(reading: Reading, drafts: list[Draft]) -> list[Draft]:
    """Return *drafts* with coordinated victims summed up and repeats folded into the fullest of them."""
    summed = _sum(reading, drafts)
    kept: list[Draft] = []
    for draft in summed:
        twin = next((other for other in kept if _same(reading, other, draft)), None)
        if twin is None:
            kept.append(draft)
        elif _fullness(reading, draft) > _fullness(reading, twin):
            kept[kept.index(twin)] = _fill(draft, twin)
        else:
            _fill(twin, draft)
    return [draft for draft in kept if not _echo(draft, kept)]


def _sum(reading: Reading, drafts: list[Draft]) -> list[Draft]:
    """Join "a captain and three conscripts", both exact, both of one force: four."""
    out: list[Draft] = []
    for draft in drafts:
        last = out[-1] if out else None
        if last and _coordinated(reading, last, draft):
            last.low = (last.low or 0) + (draft.low or 0)
            last.high = (last.high or 0) + (draft.high or 0) if None not in (last.high, draft.high) else None
            last.figure.names.extend(draft.figure.names)
            last.figure.last = draft.figure.last
            last.part = last.part and draft.part
        else:
            out.append(draft)
    return out


def _coordinated(reading: Reading, left: Draft, right: Draft) -> bool:
    a, b = left.figure, right.figure
    if (
        a.sentence != b.sentence
        or left.outcome != right.outcome
        or left.force != right.force
        or right.part != left.part
    ):
        return False
    if (
        a is b
        or {a.kind, b.kind} & APART
        or None in (left.low, left.high, right.low, right.high)
        or "denied" in (left.stance, right.stance)
    ):
        return False
    between = range(a.last, b.first)
    if len(between) > GAP or not between:
        return False
    if any("sub" in reading.at[at] or "out" in reading.at[at] for at in between):
        return False
    return any("and" in reading.at[at] or reading.tokens[at].text in {",", "&", "+"} for at in between)


def _party(draft: Draft) -> object:
    if draft.speaker is None:
        return None
    return draft.speaker.party if draft.speaker.party is not None else (draft.speaker.first, draft.speaker.last)


def _unnamed(draft: Draft) -> bool:
    """Return whether nobody in particular says it: the outlet, or "a spokesperson"."""
    return draft.speaker is None or draft.speaker.party is None


def _distinct(left: Draft, right: Draft) -> bool:
    """Return whether two men are told apart by what they are: a pilot, a marine; but "the officer" may be either."""
    roles = left.figure.role, right.figure.role
    if left.high != 1 or right.high != 1 or roles[0] == roles[1] or "the" in (left.figure.hedge, right.figure.hedge):
        return False
    told = right.figure.forces or right.figure.names
    return bool(told) and not {"", "person", "pron", "victim"} & set(roles)


def _same(reading: Reading, left: Draft, right: Draft) -> bool:
    if (
        left.outcome != right.outcome
        or left.force != right.force
        or (left.stance == "denied") != (right.stance == "denied")
    ):
        return False
    if left.total != right.total or (left.day and right.day and left.day != right.day):
        return False
    same_range = (left.low, left.high) == (right.low, right.high)
    one_voice = (
        _party(left) == _party(right)
        or _unnamed(left)
        or _unnamed(right)
        or "title" in (_part_of(reading, left), _part_of(reading, right))
    )
    if left.figure.account or right.figure.account:
        return same_range and left.cause == right.cause and _party(left) == _party(right)
    if same_range and right.figure.hedge == "the" and right.high == 1 and _unnamed(right):
        return True
    if same_range and one_voice:
        return not (left.cause and right.cause and left.cause != right.cause) and not _distinct(left, right)
    title = _part_of(reading, left) != _part_of(reading, right)
    return title and _overlap(left, right) and not left.part and not right.part


def _part_of(reading: Reading, draft: Draft) -> str:
    return "title" if reading.tokens[draft.figure.head].start < reading.title_end else "body"


def _overlap(left: Draft, right: Draft) -> bool:
    top = 10**9
    return (left.low or 0) <= (right.high if right.high is not None else top) and (right.low or 0) <= (
        left.high if left.high is not None else top
    )


def _fullness(reading: Reading, draft: Draft) -> tuple[int, int, int]:
    """Return how much a draft tells: the body before the title, a known speaker before an unnamed one, then fields."""
    slots = (draft.speaker, draft.place, draft.day, draft.cause)
    told = sum(slot is not None for slot in slots)
    return (int(_part_of(reading, draft) != "title"), int(not _unnamed(draft)), told)


def _fill(kept: Draft, other: Draft) -> Draft:
    if kept.place is None:
        kept.place = other.place
    if kept.day is None:
        kept.day = other.day
    if kept.cause is None:
        kept.cause = other.cause
    return kept


def _echo(draft: Draft, kept: list[Draft]) -> bool:
    """Return whether *draft* is a mere mention of victims that another claim counts: "the soldiers", "the dead"."""
    if draft.figure.kind != "bare" or draft.figure.names or draft.part or draft.stance == "denied":
        return False
    for other in kept:
        if (
            other is draft
            or other.outcome != draft.outcome
            or (other.force not in {draft.force, "ARMED"} and draft.force != "ARMED")
        ):
            continue
        counted = other.figure.kind in COUNTED or bool(other.figure.account)
        counted = counted and other.stance != "denied" and not other.total
        if (
            counted
            and draft.low == PLURAL[0]
            and draft.high is None
            and (_party(other) == _party(draft) or draft.speaker is None)
        ):
            return True
    return False
