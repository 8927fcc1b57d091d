"""Logging in: a code to the phone, and the second password where one is set.

https://core.telegram.org/api/auth and https://core.telegram.org/api/srp.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from telethon import password as srp
from telethon.tl import functions, types

from tests.support.mtproto import wire
from tests.support.mtproto.connection import Refusal
from tests.support.mtproto.secrecy import GENERATOR, PRIME


@dataclass
class Login:
    """The account's phone, the code it is sent, its password; ``migrate_to`` names the data centre it lives in."""

    phone: str = "15550100"
    code: str = "31337"
    password: str | None = None
    migrate_to: int | None = None
    _secret: int = field(default_factory=lambda: int.from_bytes(os.urandom(256), "big"))

    def answer(self, request: Any) -> tuple[Any, bool]:
        """Return the result of a login request, and whether the client is logged in by it."""
        if self.migrate_to:
            raise Refusal(303, f"PHONE_MIGRATE_{self.migrate_to}")
        if isinstance(request, functions.auth.SendCodeRequest):
            return self._send_code(request), False
        if isinstance(request, functions.auth.SignInRequest):
            return self._sign_in(request), True
        if isinstance(request, functions.account.GetPasswordRequest):
            return self._challenge(), False
        return self._check(request.password), True

    def _send_code(self, request: Any) -> Any:
        if request.phone_number != self.phone:
            raise Refusal(400, "PHONE_NUMBER_INVALID")
        return types.auth.SentCode(types.auth.SentCodeTypeApp(len(self.code)), "code-hash")

    def _sign_in(self, request: Any) -> Any:
        if (request.phone_number, request.phone_code_hash) != (self.phone, "code-hash"):
            raise Refusal(400, "PHONE_NUMBER_INVALID")
        if request.phone_code != self.code:
            raise Refusal(400, "PHONE_CODE_INVALID")
        if self.password:
            raise Refusal(401, "SESSION_PASSWORD_NEEDED")
        return types.auth.Authorization(wire.user_object())

    def _challenge(self) -> Any:
        return types.account.Password(
            new_algo=types.PasswordKdfAlgoUnknown(),
            new_secure_algo=types.SecurePasswordKdfAlgoUnknown(),
            secure_random=b"",
            has_password=True,
            current_algo=self._algorithm(),
            srp_B=self._public().to_bytes(256, "big"),
            srp_id=1,
        )

    def _check(self, proof: Any) -> Any:
        """Check the proof as SRP 6a does: both ends reach one key, if they know one password."""
        public, theirs = self._public().to_bytes(256, "big"), int.from_bytes(proof.A, "big")
        mixed = int.from_bytes(digest(proof.A, public), "big")
        shared = pow(theirs * pow(self._verifier(), mixed, PRIME), self._secret, PRIME)
        prime, generator = PRIME.to_bytes(256, "big"), GENERATOR.to_bytes(256, "big")
        both = bytes(a ^ b for a, b in zip(digest(prime), digest(generator), strict=True))
        key = digest(shared.to_bytes(256, "big"))
        if digest(both, digest(b"salt-one"), digest(b"salt-two"), proof.A, public, key) != proof.M1:
            raise Refusal(400, "PASSWORD_HASH_INVALID")
        return types.auth.Authorization(wire.user_object())

    def _algorithm(self) -> Any:
        return types.PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow(
            b"salt-one", b"salt-two", GENERATOR, PRIME.to_bytes(256, "big")
        )

    def _verifier(self) -> int:
        return pow(GENERATOR, int.from_bytes(srp.compute_hash(self._algorithm(), self.password), "big"), PRIME)

    def _public(self) -> int:
        factor = int.from_bytes(digest(PRIME.to_bytes(256, "big"), GENERATOR.to_bytes(256, "big")), "big")
        return (factor * self._verifier() + pow(GENERATOR, self._secret, PRIME)) % PRIME


REQUESTS = (
    functions.auth.SendCodeRequest,
    functions.auth.SignInRequest,
    functions.account.GetPasswordRequest,
    functions.auth.CheckPasswordRequest,
)


def digest(*parts: bytes) -> bytes:
    """Return the SHA-256 of *parts*."""
    return sha256(b"".join(parts)).digest()
