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
GENERATOR = 2
PRIME = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
    "15728E5A8AACAA68FFFFFFFFFFFFFFFF",
    16,
)
"""Group 14 of RFC 3526."""


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
