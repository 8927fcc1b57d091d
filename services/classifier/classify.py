"""The reader: a raw item in, the decision about it and its claims out. Built once, then pure and deterministic."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from services.classifier import gate
from services.classifier.claims.companions import joined
from services.classifier.claims.drafting import Draft, Scene, drafts_of
from services.classifier.claims.figures import Figure, weigh, without_risen
from services.classifier.claims.merging import merge
from services.classifier.confidence import LEAST_CONFIDENCE, Confidence
from services.classifier.data import HERE, Lexicons, Theatre, languages, load_theatre
from services.classifier.language import detect, stretches
from services.classifier.network.network import Network
from services.classifier.reading import Reading, read_document
from services.classifier.telling import chances_of, tell
from shared.messages import RawItem, TaggedItem, stable_id

READER = "claimwatch-2"
THRESHOLD = 0.5
MODELS = HERE / "models"


class Rejected(NamedTuple):
    """A phrase that is no claim after all, and how likely it was to be one."""

    figure: Figure
    reason: str


@dataclass(frozen=True, slots=True)
class Account:
    """Everything the reader found on its way to a decision; what ``explain`` shows."""

    tagged: TaggedItem
    reading: Reading | None = None
    drafts: tuple[Draft, ...] = ()
    rejected: tuple[Rejected, ...] = ()


class Reader:
    """Reads items in the languages it knows."""

    def __init__(
        self,
        *,
        theatre: Theatre,
        lexicons: Lexicons,
        glance: gate.Glance,
        network: Network,
        confidence: Confidence,
        threshold: float = THRESHOLD,
    ) -> None:
        self._theatre = theatre
        self._lexicons = lexicons
        self._glance = glance
        self._network = network
        self._confidence = confidence
        self._threshold = threshold

    @classmethod
    def load(cls, known: Iterable[str] | None = None, threshold: float = THRESHOLD) -> Reader:
        """Build a reader from the data folders: for the *known* languages, or for all there are."""
        theatre = load_theatre()
        return cls(
            theatre=theatre,
            lexicons=Lexicons(known or languages(), theatre),
            glance=gate.Glance.load(MODELS / "gate.tsv"),
            network=Network.load(MODELS, theatre),
            confidence=Confidence.load(MODELS / "confidence.toml"),
            threshold=threshold,
        )

    def read(self, item: RawItem) -> TaggedItem:
        """Return the decision about *item*, with its reasons, and every claim found in it."""
        return self.account(item).tagged

    def account(self, item: RawItem) -> Account:
        """Return the decision about *item* with all that led to it."""
        if item.change == "deleted":
            return Account(_tagged(item, lang=item.lang, reasons=("deleted by its source",)))
        document = item.document
        language = detect(document, item.lang)
        if language is None:
            return Account(_tagged(item, lang=None, reasons=("there is no text in it",)))
        if language not in self._lexicons:
            reason = f"not read: no data for language {language!r}"
            return Account(_tagged(item, lang=language, reasons=(reason,), read=False))
        score, seen = self._glance.score(document)
        if score <= gate.SHUT:
            return Account(_tagged(item, lang=language, reasons=("no words of a war's casualties",)))
        others = [
            (self._lexicons[other], start, end)
            for other, start, end in stretches(document, language)
            if other in self._lexicons
        ]
        reading = read_document(document, language, self._lexicons[language], item.when, len(item.title or ""), others)
        return self._decide(item, reading, gate.judge(reading, score, seen))

    def _decide(self, item: RawItem, reading: Reading, verdict: gate.Verdict) -> Account:
        if not verdict.opens:
            return Account(_tagged(item, lang=reading.language, reasons=verdict.reasons), reading)
        found = [weigh(reading, figure) for figure in self._network.figures(reading, item.source.name)]
        likely = [figure for figure in found if figure.chance >= self._threshold]
        sure = joined(reading, without_risen(reading, likely))
        unsure = tuple(
            Rejected(figure, f"too unsure to be a claim's victims ({figure.chance:.2f})")
            for figure in found
            if figure.chance < self._threshold
        )
        merged = merge(reading, drafts_of(Scene.of(reading, self._theatre), sure))
        kept, doubted = self._parted(merged)
        score = max((figure.chance for figure in found), default=0.0)
        claims = tell(item, reading, kept, self._theatre, self._confidence)
        told = f"{len(claims)} claims" if merged else "no combatants linked to an outcome"
        dropped = [(len(kept) - len(claims), "no quote"), (len(doubted), "too unsure")]
        reasons = (*verdict.reasons, told, *(f"{count} dropped: {why}" for count, why in dropped if count))
        tagged = _tagged(item, lang=reading.language, reasons=reasons, relevant=bool(merged), score=score)
        return Account(tagged.model_copy(update={"claims": claims}), reading, tuple(merged), doubted + unsure)

    def _parted(self, drafts: list[Draft]) -> tuple[list[Draft], tuple[Rejected, ...]]:
        """Return the *drafts* to be told, and those too doubtful for it."""
        trusted = [(draft, self._confidence.of(chances_of(draft))) for draft in drafts]
        doubted = tuple(
            Rejected(draft.figure, f"claims of so little confidence are mostly wrong ({trust:.2f})")
            for draft, trust in trusted
            if trust < LEAST_CONFIDENCE
        )
        return [draft for draft, trust in trusted if trust >= LEAST_CONFIDENCE], doubted


def _tagged(
    item: RawItem,
    *,
    lang: str | None,
    reasons: tuple[str, ...],
    relevant: bool = False,
    score: float = 0.0,
    read: bool = True,
) -> TaggedItem:
    return TaggedItem(
        id=stable_id("tagged", item.id, READER),
        item=item,
        relevant=relevant,
        score=min(1.0, max(0.0, round(score, 4))),
        lang=lang,
        read=read,
        reasons=reasons,
        reader=READER,
    )
