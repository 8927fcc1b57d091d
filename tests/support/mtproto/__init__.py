"""A Telegram server for tests: MTProto 2.0 on a loopback socket, spoken to by the unmodified Telethon client."""

from tests.support.mtproto.server import MtprotoServer

__all__ = ["MtprotoServer"]
