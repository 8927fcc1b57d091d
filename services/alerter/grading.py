"""The grade of an incident, after the scales of casualty recorders, kept apart from how reliable a source is.

The words are those of Airwars' grades, with the meaning they have for losses of armed forces: the side that suffered
the loss owns up to it, independent voices agree, one voice only, speakers disagree, the side denies, taken back.
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.messages import Account, Dispute, Grade

MATERIAL = frozenset({"denial", "count", "cause", "place", "perpetrator"})
"""The dimensions in which a disagreement makes an incident contested."""
INDEPENDENT = 2
"""Credible independent voices that make an incident fair (Airwars: two or more credible sources)."""
DISCREDITED = "E"
"""Admiralty grade of a source without authenticity or competency: it supports nothing."""
HEARSAY = 6


def grade(accounts: Sequence[Account], disputes: Sequence[Dispute], *, stands: bool) -> tuple[Grade, str]:
    """Return the grade and why, in one sentence; *stands* says whether any statement was not taken back."""
    if not stands:
        return "discounted", "Every report of it was changed, withdrawn or deleted."
    told = [account for account in accounts if not account.denied]
    denials = [account for account in accounts if account.denied]
    credible = {a.voice for a in told if _credible(a)}
    independent = {a.voice for a in told if _credible(a) and a.kind != "opposing side"}
    own = [a for a in denials if a.kind == "own side"]
    if denials and (not told or (own and not independent)):
        return "denied", f"{(own or denials)[0].voice} denies it, and no independent voice supports it."
    if material := [d for d in disputes if d.dimension in MATERIAL]:
        more = f" ({len(material) - 1} more points in dispute)" if len(material) > 1 else ""
        return "contested", f"{material[0].reason}{more}"
    if owning := next((a for a in told if a.kind == "own side" and a.credibility < HEARSAY), None):
        return "confirmed", f"{owning.voice}, of the side that suffered the loss, says so itself."
    if len(credible) >= INDEPENDENT:
        return "fair", f"{len(credible)} independent voices say so."
    return "weak", "One chain of sources only." if told else "Nobody says so plainly."


def _credible(account: Account) -> bool:
    return account.kind != "anonymous" and account.credibility < HEARSAY and account.reliability != DISCREDITED
