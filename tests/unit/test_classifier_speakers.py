from __future__ import annotations

import pytest

from services.classifier.claims.speakers import publisher
from services.classifier.data import load_theatre
from shared.messages import SourceRef
from tests.support.reader import item, shared_reader

THEATRE = load_theatre()


@pytest.mark.parametrize(
    ("outlet", "party"),
    [
        ("SANA", "Syrian authorities"),
        ("Минобороны России", "Russian Defence Ministry"),
        ("Reuters", None),
        ("Wire", None),
    ],
)
def test_an_authority_owns_its_outlets(outlet: str, party: str | None) -> None:
    owner = publisher(outlet, THEATRE)
    assert (owner.name if owner else None) == party


def test_what_an_authority_says_on_its_own_channel_is_confirmed_by_it() -> None:
    source = SourceRef(id="mod", name="Минобороны России", kind="telegram")
    raw = item("В провинции Хама погибли двое российских военнослужащих.").model_copy(update={"source": source})
    (claim,) = shared_reader().read(raw).claims
    assert (claim.stance, claim.attributed_to, claim.party) == ("confirmed", None, "Russian Defence Ministry")
