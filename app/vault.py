"""What is kept encrypted: mail that came in, letters, and what staff write back.

AES-256-GCM (NIST SP 800-38D) under keys derived from SECRET_KEYS, so that who copies the database
alone reads none of it. Sealed values name their key: older keys still open what they sealed.
"""

import os
from collections.abc import Sequence
from functools import cached_property
from hashlib import blake2s
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = b"\x01"
_NAME = 8  # bytes that say which key
_NONCE = 12
_TAG = 16
_OVERHEAD = len(_VERSION) + _NAME + _NONCE


class Unreadable(ValueError):
    """Sealed by a key that is no longer listed, for something else, or damaged."""


class Vault:
    """`keys`: oldest first; the newest seals, all open."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._secrets = tuple(keys)

    def seal(self, data: bytes, about: str) -> bytes:
        """`about` is what the value is, and has to be named again to open it."""
        nonce = os.urandom(_NONCE)
        name, cipher = next(iter(self._ciphers.items()))
        # Into one buffer: a letter may have fifty megabytes, and each copy has as many again.
        sealed = bytearray(_OVERHEAD + len(data) + _TAG)
        sealed[:_OVERHEAD] = _VERSION + name + nonce
        cipher.encrypt_into(nonce, data, about.encode(), memoryview(sealed)[_OVERHEAD:])
        return bytes(sealed)

    def open(self, sealed: bytes, about: str) -> bytes:
        """Unreadable when it cannot be."""
        from cryptography.exceptions import InvalidTag

        name = sealed[len(_VERSION) : len(_VERSION) + _NAME]
        cipher = self._ciphers.get(name)
        if not sealed.startswith(_VERSION) or cipher is None:
            raise Unreadable("no key of SECRET_KEYS opens this")
        nonce = sealed[_OVERHEAD - _NONCE : _OVERHEAD]
        try:
            return cipher.decrypt(nonce, memoryview(sealed)[_OVERHEAD:], about.encode())
        except (InvalidTag, ValueError):
            raise Unreadable("damaged, or not what it is taken for") from None

    @cached_property
    def _ciphers(self) -> dict[bytes, "AESGCM"]:
        """By name, the newest first."""
        # It takes its time: only where something is sealed.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        derived = [_derived(secret) for secret in reversed(self._secrets)]
        return {blake2s(key, digest_size=_NAME).digest(): AESGCM(key) for key in derived}


def _derived(secret: str) -> bytes:
    """HKDF (RFC 5869), so that no key serves two purposes."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), 32, salt=None, info=b"docket.vault").derive(secret.encode())
