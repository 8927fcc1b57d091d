"""``python -m services.classifier.training``: from the labelled passages to the files in ``models``, in one command.

Needs the extra ``train``. One passage in twenty is kept aside: the loss on those is reported, and the confidence is
fitted on them. The same passages and data files give the same models on the same kind of processor. With ``--start`` a
trained network goes on learning, from its files alone; what a run has after each epoch is in the folder ``--keep``, so
one that is stopped may be gone on from too.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch

from services.classifier.classify import MODELS, Reader
from services.classifier.data import HERE, load_lexicon, load_theatre
from services.classifier.network.features import SOURCE, Features
from services.classifier.network.subwords import SPECIAL, Subwords, read_scores
from services.classifier.training.base import Base
from services.classifier.training.calibrating import fit_confidence
from services.classifier.training.examples import Example, Teacher
from services.classifier.training.exporting import export
from services.classifier.training.fitting import RATE, SEED, Schedule, fit
from services.classifier.training.gating import fit_gate
from services.classifier.training.model import Reader as Model
from services.classifier.training.passages import Passage, passages
from services.classifier.training.starting import stored
from services.classifier.training.varying import varied

ASIDE = 20
EPOCHS = 6
FURTHER_RATE = 5e-5
"""How fast the encoder learns when it goes on from a trained network."""
KEPT = Path("data/training")
VARIED = 0.5
"""Share of the passages that are learnt with other numbers and states, others each time."""
SEEN = 5
"""Words a feature must mark to be learnt."""


def main() -> None:
    """Train everything and write it into the folder of the models."""
    parser = argparse.ArgumentParser(prog="python -m services.classifier.training", description=__doc__)
    parser.add_argument("--passages", type=Path, default=HERE / "labelled", help="folder of the labelled passages")
    parser.add_argument("--models", type=Path, default=MODELS, help="folder to write to")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="times every passage is learnt from")
    parser.add_argument("--start", type=Path, help="folder of a trained network to go on from, instead of the base")
    parser.add_argument("--rate", type=float, help=f"how fast the encoder learns ({RATE}; with --start {FURTHER_RATE})")
    parser.add_argument(
        "--keep",
        type=Path,
        default=KEPT,
        help="folder for the network after each epoch, as epoch-1 and so on (%(default)s)",
    )
    options = parser.parse_args()
    torch.manual_seed(SEED)
    labelled = list(passages(options.passages))
    kept = [passage for passage in labelled if passage.is_kept_aside(ASIDE)]
    taught = [passage for passage in labelled if not passage.is_kept_aside(ASIDE)]
    _say(f"{len(taught)} passages to learn from, {len(kept)} kept aside")
    options.models.mkdir(parents=True, exist_ok=True)
    fit_gate(taught, options.models / "gate.tsv")
    _train(taught, kept, options)
    if options.models == MODELS:
        count = fit_confidence(Reader.load(), kept, options.models / "confidence.toml")
        _say(f"confidence fitted on {count} claims")


def _train(taught: list[Passage], kept: list[Passage], options: argparse.Namespace) -> None:
    base, start = Base(), options.start
    rows = base.vocabulary(word for passage in taught for word in passage.document.split())
    known = read_scores(start / "pieces.tsv") if start else {}
    # What is known keeps its id, since that is the row of its vector; what is new follows.
    scores = known | {piece: float(base.scores[row]) for piece, row in rows.items() if piece not in known}
    theatre = load_theatre()
    lexicons = {language: load_lexicon(language, theatre) for language in {passage.language for passage in taught}}
    teacher = Teacher(theatre, lexicons, Subwords(scores))
    plain = [list(teacher.examples(passage)) for passage in taught]

    def draw(chance: random.Random) -> list[Example]:
        """Half of the passages as they are, half told of other numbers and states."""
        drawn: list[Example] = []
        for passage, examples in zip(taught, plain, strict=True):
            told = varied(passage, chance) if chance.random() < VARIED else passage
            drawn.extend(examples if told is passage else teacher.examples(told))
        return drawn

    aside = [example for passage in kept for example in teacher.examples(passage)]
    before = (start / "features.txt").read_text(encoding="utf-8").split() if start else []
    names = _names((example for examples in plain for example in examples), before)
    model = Model(len(scores) + SPECIAL, len(names) + 1)
    places = {piece: row for row, piece in enumerate(base.pieces)}
    model.start_from(base, [*range(SPECIAL), *(places[piece] for piece in scores)])
    if start:
        model.go_on_from(stored(start))
    rate = options.rate or (FURTHER_RATE if start else RATE)

    def keep(epoch: int, mean: Model) -> None:
        # In a folder of its own: a run stopped while writing loses that epoch, not those before.
        export(mean, scores, names, options.keep / f"epoch-{epoch}")

    fit(model, draw, aside, Features(names), Schedule(options.epochs, rate, _say, keep))
    export(model, scores, names, options.models)


def _names(examples: Iterable[Example], before: Sequence[str]) -> list[str]:
    """Return the features known *before*, then those the passages show often enough, the commonest first."""
    seen = Counter(name for example in examples for word in example.features for name in word)
    often = [*(name for name, count in seen.most_common() if count >= SEEN), SOURCE]
    return [*before, *(name for name in often if name not in before)]


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
