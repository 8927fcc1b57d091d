from __future__ import annotations

from services.collector.sources.telegram.floods import FEW, Floods


def test_a_wait_is_its_channels_own() -> None:
    floods = Floods()
    floods.note(1, 131.0)
    assert (floods.pause(1, 100.0), floods.pause(2, 100.0)) == (31.0, 0.0)


def test_a_wait_ends() -> None:
    floods = Floods()
    floods.note(1, 131.0)
    assert floods.pause(1, 131.0) == 0


def test_the_waits_of_a_few_channels_mean_the_account() -> None:
    floods = Floods()
    for channel in range(FEW):
        floods.note(channel, 110.0 + channel)
    assert floods.pause(99, 100.0) == 10.0
    assert floods.pause(FEW - 1, 100.0) == 9.0 + FEW
    assert floods.pause(99, 110.0) == 0
