from __future__ import annotations

import pytest

from services.classifier.claims.stance import published, side_of
from services.classifier.data import Party
from tests.support.reader import item, shared_reader


@pytest.mark.parametrize(
    ("text", "stance"),
    [
        ("Sources say over 20 Turkish soldiers were killed near Saraqib. Unconfirmed.", "alleged"),
        ("Reuters reported that three Russian soldiers were killed near Palmyra.", "reported"),
        ("Three Russian soldiers were reportedly killed near Palmyra.", "alleged"),
        ("Трое российских военных погибли под Пальмирой, сообщило Минобороны РФ.", "confirmed"),
        ("По неподтверждённым данным, под Пальмирой погибли трое российских военных.", "alleged"),
        ("Трое сирийских солдат погибли под Пальмирой, сообщила Обсерватория.", "reported"),
    ],
)
def test_stance_follows_who_speaks_and_how(text: str, stance: str) -> None:
    claims = shared_reader().read(item(text)).claims
    assert [claim.stance for claim in claims] == [stance]


@pytest.mark.parametrize(
    ("side", "force", "expected"),
    [("TR", "TR", "own"), ("RU", "RU-PMC", "own"), ("RU", "SY", "ally"), ("IS", "SY", "other"), (None, "SY", "media")],
)
def test_sides(side: str | None, force: str, expected: str) -> None:
    assert side_of(Party("X", side, "media"), force) == expected


@pytest.mark.parametrize(
    ("stance", "force", "expected"),
    [
        ("reported", "TR", "confirmed"),
        ("alleged", "TR", "alleged"),
        ("denied", "TR", "denied"),
        ("reported", "SY", "reported"),
    ],
)
def test_an_outlet_of_an_authority_confirms_only_its_own_losses(stance: str, force: str, expected: str) -> None:
    assert published(stance, Party("Turkish authorities", "TR", "ministry"), force) == expected
