"""THE token module: every signed link and address is made and read here.

A token is `<ids>.<signature>`: the ids in base 36, the signature 120 bits of HMAC-SHA-256 in base
32, all in lower case, since some mail systems lower-case what they carry. One salt per purpose;
keys oldest first, the newest signs. No name and no address is ever in a token. Whether a link has
expired is asked of the database, not of the token, so that links stay short.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from itsdangerous import BadSignature, Signer, TimestampSigner
from itsdangerous.signer import HMACAlgorithm

SIGNATURE_BYTES = 15  # 24 characters of base 32, without padding
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_SHAPE = re.compile(r"[0-9a-z]{1,13}(?:\.[0-9a-z]{1,13}){0,2}\.[a-z2-7]{24}")
_DAMAGE = re.compile(r"=3d|=20|=0[ad]|=|\s|%(?:20|0a|0d|3d)|[\u200b\u00ad\ufeff]")
_AROUND = ".,;:!?'\"()[]<>{}*_~«»‹›“”„‘’‚"


class Purpose(StrEnum):
    ANSWER = "answer"  # delivery, offer
    UNSUBSCRIBE = "unsubscribe"  # delivery
    RETURN_PATH = "return-path"  # delivery
    REPLY = "reply"  # delivery
    COPY = "copy"  # delivery, offer
    CONFIRM = "confirm"  # invitation
    SIGN_IN = "sign-in"  # sign-in link
    MESSAGE_ID = "message-id"  # delivery
    INVITATION_ID = "invitation-id"  # invitation; stands in a Message-ID, and opens nothing


class Mangled(ValueError):
    """What came is not of a token's shape: a mail program broke it."""


class Forged(ValueError):
    """Of the right shape, and not signed by us for this purpose."""


class _Truncated(HMACAlgorithm):
    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return super().get_signature(key, value)[:SIGNATURE_BYTES]


class _CompactSigner(Signer):
    """itsdangerous' salts and key rotation, with a signature that survives lower-casing."""

    def get_signature(self, value: str | bytes) -> bytes:
        return base64.b32encode(
            self.algorithm.get_signature(self.derive_key(), _bytes(value))
        ).lower()

    def verify_signature(self, value: str | bytes, sig: str | bytes) -> bool:
        given = base64.b32decode(_bytes(sig).upper())
        return any(
            self.algorithm.verify_signature(self.derive_key(key), _bytes(value), given)
            for key in reversed(self.secret_keys)
        )


@dataclass(frozen=True)
class FormSeal:
    """What the hidden field of an answer form proves: that the page was opened, and when."""

    opened_at: datetime


class Links:
    """Signs and reads tokens. `keys`: oldest first; the newest signs, all are believed."""

    def __init__(self, keys: Sequence[str], base_url: str, mail_domain: str) -> None:
        self.base_url = base_url
        self.mail_domain = mail_domain
        self._signers = {
            purpose: _CompactSigner(
                list(keys),
                salt=f"docket.{purpose}",
                sep=".",
                key_derivation="hmac",
                algorithm=_Truncated(hashlib.sha256),
            )
            for purpose in Purpose
        }
        self._seals = TimestampSigner(list(keys), salt="docket.form", digest_method=hashlib.sha256)

    def sign(self, purpose: Purpose, *ids: int) -> str:
        return self._signers[purpose].sign(".".join(map(_base36, ids))).decode()

    def read(self, purpose: Purpose, text: str) -> tuple[int, ...]:
        """The ids in a token, mended where mail programs damage it. Mangled or Forged."""
        token = mend(text)
        if not _SHAPE.fullmatch(token):
            raise Mangled
        try:
            ids = self._signers[purpose].unsign(token).decode()
        except BadSignature:
            raise Forged from None
        return tuple(int(part, 36) for part in ids.split("."))

    def answer_url(self, delivery_id: int, offer_id: int) -> str:
        return f"{self.base_url}/r/{self.sign(Purpose.ANSWER, delivery_id, offer_id)}"

    def unsubscribe_url(self, delivery_id: int) -> str:
        return f"{self.base_url}/u/{self.sign(Purpose.UNSUBSCRIBE, delivery_id)}"

    def return_path(self, delivery_id: int) -> str:
        """The envelope sender that says which delivery came back (VERP)."""
        return f"b+{self.sign(Purpose.RETURN_PATH, delivery_id)}@{self.mail_domain}"

    def message_id(self, delivery_id: int) -> str:
        """Stable: the same delivery always carries the same Message-ID (RFC 5322 3.6.4)."""
        return f"<{self.sign(Purpose.MESSAGE_ID, delivery_id)}@{self.mail_domain}>"

    def seal(self, token: str) -> str:
        """The value of an answer form's hidden field, bound to its token and the time."""
        return self._seals.sign(mend(token)).decode()

    def read_seal(self, token: str, seal: str) -> FormSeal | None:
        """None when the field is absent, changed, or another token's. Age is the caller's to judge:
        itsdangerous' own check would refuse a clock that runs a second ahead."""
        try:
            value, opened_at = self._seals.unsign(seal, return_timestamp=True)
        except BadSignature:
            return None
        return FormSeal(opened_at) if value.decode() == mend(token) else None


def mend(text: str) -> str:
    """Undo what mail programs do to a link: upper case, wrapping, `=3D`, punctuation after it."""
    return _DAMAGE.sub("", text.lower()).strip(_AROUND)


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _ALPHABET[digit] + digits
    return digits or "0"


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value
