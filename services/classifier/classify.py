"""The reader: a raw item in, the decision about it and its claims out. Built once, then pure and deterministic."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.classifier import gate
from services.classifier.claims.drafting import Draft, Drafter, Models, Rejected
from services.classifier.claims.incidents import share
from services.classifier.claims.merging import merge
from services.classifier.data import HERE, Theatre, languages, load_lexicon, load_theatre
from services.classifier.language import detect
from services.classifier.lexicon import Lexicon
from services.classifier.reading import Reading, read_document
from services.classifier.telling import tell
from shared.messages import RawItem, TaggedItem, stable_id

READER = "claimwatch-1"
THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class Account:
    """Everything the reader found on its way to a decision; what ``explain`` shows."""

    tagged: TaggedItem
    reading: Reading | None
    drafts: tuple[Draft, ...]
    rejected: tuple[Rejected, ...]


class Reader:
    """Reads items in the languages it knows."""

    def __init__(
        self, theatre: Theatre, lexicons: dict[str, Lexicon], drafter: Drafter, threshold: float = THRESHOLD
    ) -> None:
        self._theatre = theatre
        self._lexicons = lexicons
        self._drafter = drafter
        self._threshold = threshold

    @classmethod
    def load(cls, known: Iterable[str] | None = None, threshold: float = THRESHOLD) -> Reader:
        """Build a reader from the data folders: for the *known* languages, or for all there are."""
        theatre = load_theatre()
        lexicons = {language: load_lexicon(language, theatre) for language in (known or languages())}
        return cls(theatre, lexicons, Drafter(Models.load(HERE / "models"), theatre), threshold)

    def read(self, item: RawItem) -> TaggedItem:
        """Return the decision about *item*, with its reasons, and every claim found in it."""
        return self.account(item).tagged

    def account(self, item: RawItem) -> Account:
        """Return the decision about *item* with all that led to it."""
        if item.change == "deleted":
            return Account(_tagged(item, lang=item.lang, reasons=("deleted by its source",)), None, (), ())
        document = item.document
        language = detect(document, item.lang)
        if language is None:
            return Account(_tagged(item, lang=None, reasons=("there is no text in it",)), None, (), ())
        lexicon = self._lexicons.get(language)
        if lexicon is None:
            reason = f"not read: no data for language {language!r}"
            return Account(_tagged(item, lang=language, reasons=(reason,), read=False), None, (), ())
        reading = read_document(document, language, lexicon, item.when, len(item.title or ""))
        return self._decide(item, reading)

    def _decide(self, item: RawItem, reading: Reading) -> Account:
        verdict = gate.judge(reading)
        if not verdict.opens:
            return Account(_tagged(item, lang=reading.language, reasons=verdict.reasons), reading, (), ())
        drafts, rejected = self._drafter.drafts(reading)
        share(reading, drafts)
        merged = merge(reading, drafts)
        score = max((draft.chance for draft in merged), default=1 - max((r.chance for r in rejected), default=1.0))
        relevant = bool(merged) and score >= self._threshold
        claims = tell(item, reading, merged, self._theatre) if relevant else ()
        reasons = (
            (*verdict.reasons, f"{len(claims)} claims")
            if relevant
            else (*verdict.reasons, "no combatant linked to an outcome")
        )
        tagged = _tagged(item, lang=reading.language, reasons=reasons, relevant=relevant, score=score).model_copy(
            update={"claims": claims}
        )
        return Account(tagged, reading, tuple(merged), tuple(rejected))


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
