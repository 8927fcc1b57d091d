"""The account adapter: the unmodified Telethon client against an MTProto server on a loopback socket."""

from __future__ import annotations

import asyncio

import pytest

from services.collector.sources.telegram.account import AccountSource, AccountUnusable
from services.collector.sources.telegram.telethon_client import TelethonClient
from shared.errors import Retry
from tests.support.account_reading import channel, client, client_for, reader, server
from tests.support.channel import Channel
from tests.support.mtproto import MtprotoServer
from tests.support.reading import Reader

__all__ = ["channel", "client", "reader", "server"]


async def test_a_long_gap_is_read_by_id_without_a_hole(channel: Channel, reader: Reader) -> None:
    channel.post("first")
    await reader.look()
    for number in range(2, 1302):
        channel.post(f"post {number}")
    await reader.look_until_done()
    assert set(reader.texts) == {f"warnews/{number}" for number in range(1, 1302)}
    assert reader.deleted == set()


async def test_the_first_look_takes_only_the_latest_posts_and_whole_albums(channel: Channel, reader: Reader) -> None:
    for number in range(1, 100):
        channel.post(f"post {number}")
    channel.post_album("An album", parts=8)
    for number in range(18):
        channel.post(f"later {number}")
    await reader.look()
    assert len(reader.texts) == 18
    await reader.look()
    assert reader.texts["warnews/100"] == "An album"
    assert "warnews/106" not in reader.texts


async def test_an_edit_is_shown_and_a_reaction_is_none(channel: Channel, reader: Reader) -> None:
    edited, liked = channel.post("One killed"), channel.post("Two killed")
    await reader.look()
    channel.edit(edited, "Four killed")
    channel.react(liked)
    await reader.look()
    assert reader.texts[f"warnews/{edited}"] == "Four killed"
    assert reader.entries[f"warnews/{edited}"].notes == ("edited",)
    assert reader.entries[f"warnews/{edited}"].edited_at is not None
    assert reader.entries[f"warnews/{liked}"].notes == ()
    assert reader.entries[f"warnews/{liked}"].edited_at is None


async def test_deleted_posts_are_covered_and_absent_the_newest_too(channel: Channel, reader: Reader) -> None:
    for number in range(1, 31):
        channel.post(f"post {number}")
    await reader.look()
    channel.delete(12)
    channel.delete(30)
    channel.post("after")
    await reader.look()
    assert reader.deleted == {"warnews/12", "warnews/30"}


async def test_posts_that_were_put_off_are_shown_again_though_many_came_after_them(
    channel: Channel, reader: Reader
) -> None:
    edited, gone, (album, *_) = channel.post("One killed"), channel.post("Two killed"), channel.post_album("Wreckage")
    again = (await reader.look()).again
    assert again
    for number in range(200):
        channel.post(f"post {number}")
    await reader.look()
    again = (await reader.look()).again
    assert again
    reader.cursor = again([f"warnews/{number}" for number in (gone, edited, album)])
    channel.edit(edited, "Four killed")
    channel.edit(album, "Wreckage of two aircraft")
    channel.delete(gone)
    fetched = await reader.look()
    assert reader.texts[f"warnews/{edited}"] == "Four killed"
    assert reader.texts[f"warnews/{album}"] == "Wreckage of two aircraft"
    assert reader.deleted == {f"warnews/{gone}"}
    assert len(fetched.entries) == 2 + 91, "what lies between is not read again"
    assert len((await reader.look()).entries) == 91


async def test_a_channel_that_is_empty_all_at_once_is_doubted_once(channel: Channel, reader: Reader) -> None:
    for number in range(1, 13):
        channel.post(f"post {number}")
    await reader.look()
    there = dict(channel.messages)
    channel.messages.clear()
    await reader.look()
    channel.messages |= there
    await reader.look()
    assert reader.deleted == set()
    channel.messages.clear()
    await reader.look()
    assert reader.deleted == set()
    await reader.look()
    assert reader.deleted == {f"warnews/{number}" for number in range(1, 13)}


async def test_a_forward_leads_to_its_origin_as_far_as_telegram_tells(channel: Channel, reader: Reader) -> None:
    public = channel.post("Breaking", origin="OtherChannel/77")
    private = channel.post("Relayed", origin="c/555/7")
    hidden = channel.post("From someone", forward=True)
    await reader.look()
    assert [reader.entries[f"warnews/{number}"].forwarded_from for number in (public, private, hidden)] == [
        "https://t.me/OtherChannel/77",
        "https://t.me/c/555/7",
        None,
    ]
    assert all(entry.notes == ("forwarded",) for entry in reader.entries.values())


async def test_who_is_met_on_the_way_is_not_kept(channel: Channel, client: TelethonClient, reader: Reader) -> None:
    channel.post("Relayed", origin="OtherChannel/77")
    await reader.look()
    assert len(reader.texts) == 1
    assert not client._client.session._entities


async def test_an_album_seen_in_two_halves_stays_one_post(channel: Channel, reader: Reader) -> None:
    channel.post("before")
    first, second, third = channel.post_album("Wreckage", parts=3)
    late = {number: channel.messages.pop(number) for number in (second, third)}
    await reader.look()
    channel.messages |= late
    channel.post("after")
    await reader.look()
    assert list(reader.texts) == ["warnews/1", f"warnews/{first}", f"warnews/{third + 1}"]
    assert reader.versions.count((f"warnews/{first}", "Wreckage")) == 1


async def test_the_name_is_resolved_once_and_survives_a_restart(
    server: MtprotoServer, channel: Channel, reader: Reader
) -> None:
    channel.post("one")
    await reader.look()
    restarted = client_for(server.session())
    try:
        reader.source = AccountSource("warnews", restarted)
        channel.post("two")
        await reader.look()
    finally:
        await restarted.close()
    assert server.calls["ResolveUsername"] == 1
    assert set(reader.texts.values()) == {"one", "two"}


async def test_a_cursor_of_another_account_is_resolved_anew(
    server: MtprotoServer, channel: Channel, reader: Reader
) -> None:
    channel.post("one")
    await reader.look()
    reader.cursor = {**reader.cursor, "access_hash": "1"}
    await reader.look()
    assert server.calls["ResolveUsername"] == 2
    assert reader.cursor["access_hash"] == str(channel.id * 7)


async def test_a_name_that_changed_hands_is_not_read_on(channel: Channel, reader: Reader) -> None:
    channel.post("one")
    await reader.look()
    channel.id += 5
    channel.post("propaganda of the new owner")
    with pytest.raises(Retry, match="now belongs to another channel"):
        await reader.look()


async def test_a_renamed_channel_keeps_its_posts_and_their_identity(channel: Channel, reader: Reader) -> None:
    channel.post("one")
    await reader.look()
    channel.name = "WarNewsDaily"
    channel.post("two")
    await reader.look()
    assert list(reader.texts) == ["warnews/1", "warnews/2"]
    assert reader.entries["warnews/2"].url == "https://t.me/WarNewsDaily/2"


async def test_a_flood_wait_goes_to_the_schedule_and_is_not_slept_through(channel: Channel, reader: Reader) -> None:
    channel.post("one")
    await reader.look()
    channel.flood(31)
    with pytest.raises(Retry, match="asks to wait 31 s") as refused:
        await reader.look()
    assert refused.value.after == 31


async def test_a_flood_wait_while_resolving_too(channel: Channel, reader: Reader) -> None:
    channel.flood(12_167)
    with pytest.raises(Retry) as refused:
        await reader.look()
    assert refused.value.after == 12_167


async def test_live_updates_wake_the_reader(channel: Channel, client: TelethonClient) -> None:
    woken = asyncio.Event()
    channel.post("one")
    reader = Reader(AccountSource("warnews", client, wake=woken.set))
    await reader.look()
    for happen in (
        lambda: channel.post("two"),
        lambda: channel.edit(2, "two and a half"),
        lambda: channel.delete(2),
    ):
        woken.clear()
        happen()
        await asyncio.wait_for(woken.wait(), 10)
    await reader.look()
    assert "warnews/2" not in reader.texts


async def test_edits_and_deletions_that_updates_withheld_are_found_by_reading(
    server: MtprotoServer, channel: Channel, client: TelethonClient
) -> None:
    woken = asyncio.Event()
    reader = Reader(AccountSource("warnews", client, wake=woken.set))
    edited, deleted = channel.post("one"), channel.post("two")
    await reader.look()
    server.silent = True
    channel.edit(edited, "four")
    channel.delete(deleted)
    channel.post("three")
    server.silent = False
    channel.post("reveals the gap")
    await asyncio.wait_for(woken.wait(), 10)
    await reader.look()
    assert list(reader.texts.values()) == ["four", "two", "three", "reveals the gap"]
    assert reader.deleted == {"warnews/2"}


async def test_what_updates_withheld_and_a_difference_too_long_is_read_from_history(
    server: MtprotoServer, channel: Channel, client: TelethonClient
) -> None:
    woken = asyncio.Event()
    reader = Reader(AccountSource("warnews", client, wake=woken.set))
    channel.post("one")
    await reader.look()
    channel.post("two")
    await asyncio.wait_for(woken.wait(), 10)
    server.silent = True
    for number in range(3, 153):
        channel.post(f"withheld {number}")
    channel.delete(1)
    server.silent = False
    channel.post("reveals the gap")
    await asyncio.wait_for(server.called("GetChannelDifference"), 10)
    await reader.look()
    assert set(reader.texts) == {f"warnews/{number}" for number in range(1, 154)}
    assert reader.deleted == {"warnews/1"}


async def test_a_dropped_socket_is_connected_again(server: MtprotoServer, channel: Channel, reader: Reader) -> None:
    channel.post("one")
    await reader.look()
    server.drop()
    channel.post("two")
    await reader.look()
    assert set(reader.texts.values()) == {"one", "two"}


async def test_a_server_that_is_away_is_a_retry_and_reading_goes_on_when_it_is_back(
    server: MtprotoServer, channel: Channel, reader: Reader
) -> None:
    channel.post("one")
    await reader.look()
    await server.stop()
    channel.post("two")
    with pytest.raises(Retry, match="cannot be reached") as refused:
        await reader.look()
    assert not isinstance(refused.value, AccountUnusable)
    async with server:
        await reader.look()
        assert set(reader.texts.values()) == {"one", "two"}


async def test_closing_while_another_channel_reads_is_no_shutdown_to_it(
    server: MtprotoServer, channel: Channel, reader: Reader, client: TelethonClient
) -> None:
    channel.post("one")
    server.mute = True
    looking = asyncio.create_task(reader.look())
    await asyncio.wait_for(server.called("ResolveUsername"), 10)
    await client.close()
    with pytest.raises(Retry, match="connection was lost"):
        await looking
    server.mute = False
    await reader.look()
    assert list(reader.texts.values()) == ["one"]


async def test_a_shutdown_is_a_shutdown(server: MtprotoServer, channel: Channel, reader: Reader) -> None:
    channel.post("one")
    server.mute = True
    looking = asyncio.create_task(reader.look())
    await asyncio.wait_for(server.called("ResolveUsername"), 10)
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking


async def test_a_connection_refused_at_first_hears_updates_once_it_is_granted(
    server: MtprotoServer, channel: Channel, client: TelethonClient
) -> None:
    woken = asyncio.Event()
    reader = Reader(AccountSource("warnews", client, wake=woken.set))
    server.refuse(400, "NOT_TODAY")
    with pytest.raises(Retry, match="NOT_TODAY"):
        await reader.look()
    server.refuse(None)
    await reader.look()
    channel.post("one")
    await asyncio.wait_for(woken.wait(), 10)


async def test_an_album_at_the_edge_of_what_is_read_again_keeps_its_identity(
    channel: Channel, client: TelethonClient
) -> None:
    reader = Reader(AccountSource("warnews", client, reread=20, first=100))
    first, *_ = channel.post_album("Wreckage", parts=8)
    for number in range(16):
        channel.post(f"post {number}")
    await reader.look()
    await reader.look()
    assert f"warnews/{first}" in reader.texts
    assert len(reader.texts) == 17
    assert reader.deleted == set()


async def test_a_name_nobody_has(client: TelethonClient) -> None:
    with pytest.raises(Retry, match="there is no such channel"):
        await AccountSource("nobody", client).fetch({})


async def test_a_handler_that_fails_is_an_answer_and_not_a_reconnect_loop(
    server: MtprotoServer, channel: Channel, reader: Reader
) -> None:
    channel.post("one")
    server.refuse(400, "CHANNEL_MONOFORUM_UNSUPPORTED")
    with pytest.raises(Retry, match="CHANNEL_MONOFORUM_UNSUPPORTED"):
        await reader.look()


async def test_two_channels_share_one_connection(server: MtprotoServer, client: TelethonClient) -> None:
    readers = []
    for name in ("WarNews", "HomsDaily"):
        server.channel(name).post(f"from {name}")
        readers.append(Reader(AccountSource(name, client)))
    await asyncio.gather(*(reader.look() for reader in readers))
    assert [list(reader.texts.values()) for reader in readers] == [["from WarNews"], ["from HomsDaily"]]
    assert server.connected == 1
