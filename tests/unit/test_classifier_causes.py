from __future__ import annotations

import pytest

from tests.support.reader import item, shared_reader


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("Two Turkish soldiers were killed by a roadside bomb near al-Bab on Monday.", "mine"),
        ("Two Syrian soldiers were killed by mortar fire near Homs.", "mortar"),
        ("Two Syrian soldiers were killed in an air strike near Homs.", "airstrike"),
        ("Двое российских военных погибли при подрыве на мине под Алеппо.", "mine"),
        ("قُتل ثلاثة جنود سوريين بانفجار لغم أرضي في ريف حمص.", "mine"),
        ("Two Turkish soldiers died in al-Bab on Monday.", None),
    ],
)
def test_the_cause_is_the_one_named_with_the_victims(text: str, cause: str | None) -> None:
    claims = shared_reader().read(item(text)).claims
    assert [claim.cause for claim in claims] == [cause]
