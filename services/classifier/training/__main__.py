"""``python -m services.classifier.training``: from the labelled passages to the files in ``models``, in one command.

Needs the extra ``train`` and about an hour and a half on two cores. One passage in twenty is kept aside: the loss on
those is reported, and the confidence is fitted on them. The same passages and data files give the same models on the
same kind of processor.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from pathlib import Path

import torch

from services.classifier.classify import MODELS, Reader
from services.classifier.data import HERE, load_lexicon, load_theatre
from services.classifier.network.features import SOURCE, Features
from services.classifier.network.subwords import SPECIAL, Subwords
from services.classifier.training.base import Base
from services.classifier.training.calibrating import fit_confidence
from services.classifier.training.examples import Example, Teacher
from services.classifier.training.exporting import export
from services.classifier.training.fitting import SEED, Schedule, fit
from services.classifier.training.gating import fit_gate
from services.classifier.training.model import Reader as Model
from services.classifier.training.passages import Passage, passages
from services.classifier.training.varying import varied

ASIDE = 20
EPOCHS = 7
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
    options = parser.parse_args()
    torch.manual_seed(SEED)
    labelled = list(passages(options.passages))
    kept = [passage for passage in labelled if passage.is_kept_aside(ASIDE)]
    taught = [passage for passage in labelled if not passage.is_kept_aside(ASIDE)]
    _say(f"{len(taught)} passages to learn from, {len(kept)} kept aside")
    options.models.mkdir(parents=True, exist_ok=True)
    fit_gate(taught, options.models / "gate.tsv")
    _train(taught, kept, options.models, options.epochs)
    if options.models == MODELS:
        count = fit_confidence(Reader.load(), kept, options.models / "confidence.toml")
        _say(f"confidence fitted on {count} claims")


def _train(taught: list[Passage], kept: list[Passage], folder: Path, epochs: int) -> None:
    base = Base()
    rows = base.vocabulary(word for passage in taught for word in passage.document.split())
    scores = {piece: float(base.scores[row]) for piece, row in rows.items()}
    theatre = load_theatre()
    lexicons = {language: load_lexicon(language, theatre) for language in {passage.language for passage in taught}}
    teacher = Teacher(theatre, lexicons, Subwords(scores))
    examples = [example for passage in taught for example in teacher.examples(passage)]

    def draw(chance: random.Random) -> list[Example]:
        """Half of the passages as they are, half told of other numbers and states."""
        drawn = (varied(passage, chance) if chance.random() < VARIED else passage for passage in taught)
        return [example for passage in drawn for example in teacher.examples(passage)]

    aside = [example for passage in kept for example in teacher.examples(passage)]
    names = _names(examples)
    model = Model(len(scores) + SPECIAL, len(names) + 1)
    model.start_from(base, [*range(SPECIAL), *rows.values()])
    fit(model, draw, aside, Features(names), Schedule(epochs, _say))
    export(model, scores, names, folder)


def _names(examples: list[Example]) -> list[str]:
    """Return the features that the passages show often enough, the commonest first, and the source's own."""
    seen = Counter(name for example in examples for word in example.features for name in word)
    return [*(name for name, count in seen.most_common() if count >= SEEN), SOURCE]


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
