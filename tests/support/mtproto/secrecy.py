"""What both ends must compute alike: the authorisation key's exchange and the encryption of messages.

https://core.telegram.org/mtproto/auth_key and https://core.telegram.org/mtproto/description. The message types are
Telethon's own, which read and write in both directions.
"""

from __future__ import annotations

import os
import struct
import time
from dataclasses import dataclass
from functools import cache
from hashlib import sha1, sha256
from typing import Any

import rsa
from telethon import helpers
from telethon.crypto import AES, AuthKey
from telethon.crypto import rsa as known_keys
from telethon.extensions import BinaryReader
from telethon.network.mtprotostate import MTProtoState
from telethon.tl import functions, types

PQ = 1470626929934143021
GENERATOR = 3
PRIME = int(
    "C71CAEB9C6B1C9048E6C522F70F13F73980D40238E3E21C14934D037563D930F48198A0AA7C14058229493D22530F4DB"
    "FA336F6E0AC925139543AED44CCE7C3720FD51F69458705AC68CD4FE6B6B13ABDC9746512969328454F18FAF8C595F64"
    "2477FE96BB2A941D5BCD1D4AC8CC49880708FA9B378E3C4F3A9060BEE67CF9A4A4A695811051907E162753B56B0F6B41"
    "0DBA74D8A84B2A14B3144E0EF1284754FD17ED950D5965B4B9DD46582DB1178D169C6BC465B0D6FF9CA3928FEF5B9AE4"
    "E418FC15E83EBEA0F87FA9FF5EED70050DED2849F47BF959D956850CE929851F0D8115F635B105EE2E4E15D04B2454BF"
    "6F4FADF034B10403119CD8E3B92FCC5B",
    16,
)
"""The prime Telegram's own servers send; clients check any other one at length."""


@cache
def server_key() -> tuple[int, rsa.PrivateKey]:
    """Return the fingerprint and the key every test server shares: Telethon's list of known keys is global."""
    public, private = rsa.newkeys(2048)
    known_keys.add_key(public.save_pkcs1(), old=False)
    return known_keys._compute_fingerprint(public), private


class Handshake:
    """One client's way to an authorisation key: three requests, three answers."""

    def __init__(self) -> None:
        self.key: bytes | None = None
        self._server_nonce = int.from_bytes(os.urandom(16), "big", signed=True)
        self._secret = int.from_bytes(os.urandom(256), "big")
        self._new_nonce = 0

    def answer(self, request: Any) -> Any:
        """Return the answer to *request*; ``key`` is set once the last one is made."""
        if isinstance(request, functions.ReqPqMultiRequest):
            fingerprint, _ = server_key()
            return types.ResPQ(request.nonce, self._server_nonce, PQ.to_bytes(8, "big"), [fingerprint])
        if isinstance(request, functions.ReqDHParamsRequest):
            return self._offer(request)
        return self._agree(request)

    def _offer(self, request: Any) -> Any:
        _, private = server_key()
        opened = pow(int.from_bytes(request.encrypted_data, "big"), private.d, private.n).to_bytes(255, "big")
        with BinaryReader(opened[20:]) as reader:
            self._new_nonce = reader.tgread_object().new_nonce
        inner = types.ServerDHInnerData(
            request.nonce,
            self._server_nonce,
            GENERATOR,
            PRIME.to_bytes(256, "big"),
            pow(GENERATOR, self._secret, PRIME).to_bytes(256, "big"),
            int(time.time()),
        )
        plain = sha1(bytes(inner)).digest() + bytes(inner)
        plain += os.urandom(-len(plain) % 16)
        return types.ServerDHParamsOk(request.nonce, self._server_nonce, AES.encrypt_ige(plain, *self._keys()))

    def _agree(self, request: Any) -> Any:
        with BinaryReader(AES.decrypt_ige(request.encrypted_data, *self._keys())[20:]) as reader:
            theirs = int.from_bytes(reader.tgread_object().g_b, "big")
        self.key = pow(theirs, self._secret, PRIME).to_bytes(256, "big")
        proof = AuthKey(self.key).calc_new_nonce_hash(self._new_nonce, 1)
        return types.DhGenOk(request.nonce, self._server_nonce, proof)

    def _keys(self) -> tuple[bytes, bytes]:
        return helpers.generate_key_data_from_nonce(self._server_nonce, self._new_nonce)


@dataclass(frozen=True)
class Sealed:
    """One decrypted message from the client."""

    session: int
    id: int
    body: bytes


def open_message(key: bytes, packet: bytes) -> Sealed:
    """Return what the client said in *packet*."""
    plain = AES.decrypt_ige(packet[24:], *MTProtoState._calc_key(key, packet[8:24], client=True))
    if sha256(key[88:120] + plain).digest()[8:24] != packet[8:24]:
        raise ValueError("the client's message key does not fit its message")
    _, session, number, _, length = struct.unpack_from("<qqqii", plain)
    return Sealed(session, number, plain[32 : 32 + length])


def seal_message(key: bytes, session: int, number: int, sequence: int, body: bytes) -> bytes:
    """Return the packet that says *body* to the client."""
    plain = struct.pack("<qqqii", 0, session, number, sequence, len(body)) + body
    plain += os.urandom(-(len(plain) + 12) % 16 + 12)
    message_key = sha256(key[96:128] + plain).digest()[8:24]
    aes = MTProtoState._calc_key(key, message_key, client=False)
    return struct.pack("<Q", AuthKey(key).key_id) + message_key + AES.encrypt_ige(plain, *aes)
