"""THE token module: every signed link and address is made and read here.

A token is `<ids>.<signature>`: the ids in base 36, the signature 120 bits of keyed BLAKE2s in base
32, all in lower case, since some mail systems lower-case what they carry. One salt per purpose;
keys oldest first, the newest signs. No name and no address is ever in a token. Whether a link has
expired is asked of the database, not of the token, so that links stay short.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from hashlib import blake2s, sha256
from secrets import token_bytes

from itsdangerous import BadSignature, Signer, TimestampSigner
from itsdangerous.signer import SigningAlgorithm

from app.clock import now
from newsletters.content import TOKEN

SIGNATURE_LETTERS = 24  # of base 32: 120 bits
NONCE_LETTERS = 8
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_LETTERS = b"abcdefghijklmnopqrstuvwxyz234567" * 8  # of an octet, its five lower bits
_SHAPE = re.compile(r"[0-9a-z]{1,13}(?:\.[0-9a-z]{1,13}){0,2}\.[a-z2-7]{24}")
_SEAL = re.compile(r"([0-9a-z]{1,11})\.([a-z2-7]{8})(\.f)?\.[a-z2-7]{24}")
_EPOCH, _MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)
_DAMAGE = re.compile(r"=3d|=20|=0[ad]|=|\s|%(?:20|0a|0d|3d)|[\u200b\u00ad\ufeff]")
_AROUND = ".,;:!?'\"()[]<>{}*_~«»‹›“”„‘’‚"

Stamp = Callable[[bytes], bytes]  # ids, as base36() writes them with dots between -> their token


class Purpose(StrEnum):
    ANSWER = "answer"  # delivery, offer
    UNSUBSCRIBE = "unsubscribe"  # delivery
    RETURN_PATH = "return-path"  # delivery
    REPLY = "reply"  # delivery
    COPY = "copy"  # delivery, offer
    LEAVE = "leave"  # delivery
    TALK = "talk"  # conversation
    PREFERENCES = "preferences"  # notice, member
    ADDRESS_NEW = "address-new"  # address change; opened from the new address
    ADDRESS_OLD = "address-old"  # address change; opened from the old one
    NOTICE_ID = "notice-id"  # notice; stands in a Message-ID, and opens nothing
    CONFIRM = "confirm"  # invitation
    SIGN_IN = "sign-in"  # sign-in link
    MESSAGE_ID = "message-id"  # delivery
    INVITATION_ID = "invitation-id"  # invitation; stands in a Message-ID, and opens nothing
    ARCHIVE = "archive"  # issue
    SLIP = "slip"  # delivery, offer; printed, and typed in by staff (app/printing/codes.py)


# The letter before the plus sign of an address of ours.
LETTERS = {
    Purpose.RETURN_PATH: "b",
    Purpose.REPLY: "r",
    Purpose.COPY: "c",
    Purpose.LEAVE: "u",
    Purpose.TALK: "t",
}
_BY_LETTER = {letter: purpose for purpose, letter in LETTERS.items()}
_OURS = re.compile(r"([brcut])\+([0-9a-z.]{1,64})")


class Mangled(ValueError):
    """What came is not of a token's shape: a mail program broke it."""


class Forged(ValueError):
    """Of the right shape, and not signed by us for this purpose."""


class _Lettered(SigningAlgorithm):
    """Keyed BLAKE2s (RFC 7693); of each octet, five bits make a letter of base 32."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return self.keyed(key, value).digest().translate(_LETTERS)

    def keyed(self, key: bytes, value: bytes = b"") -> blake2s:
        return blake2s(value, digest_size=SIGNATURE_LETTERS, key=key)


class _CompactSigner(Signer):
    """itsdangerous' salts and key rotation, with a signature that survives lower-casing."""

    def __init__(self, keys: Sequence[str], salt: str) -> None:
        self._lettered = _Lettered()
        super().__init__(
            list(keys),
            salt=salt,
            sep=".",
            key_derivation="hmac",
            digest_method=sha256,
            algorithm=self._lettered,
        )
        self.derive_key = cache(super().derive_key)  # type: ignore[method-assign]

    def get_signature(self, value: str | bytes) -> bytes:
        return self.algorithm.get_signature(self.derive_key(), _bytes(value))

    def verify_signature(self, value: str | bytes, sig: str | bytes) -> bool:
        return any(
            self.algorithm.verify_signature(self.derive_key(key), _bytes(value), _bytes(sig))
            for key in reversed(self.secret_keys)
        )

    def signatures(self, value: str) -> list[str]:
        """By every key, the newest first."""
        keys = map(self.derive_key, reversed(self.secret_keys))
        return [self.algorithm.get_signature(key, value.encode()).decode() for key in keys]

    def stamp(self) -> Stamp:
        """What signs as sign() does, its key taken in already."""
        keyed, letters = self._lettered.keyed(self.derive_key()), _LETTERS

        def sign(ids: bytes) -> bytes:
            mac = keyed.copy()
            mac.update(ids)
            return ids + b"." + mac.digest().translate(letters)

        return sign


class _OldSealSigner(TimestampSigner):
    """How an earlier version sealed its pages, some of which are still open somewhere."""

    def __init__(self, keys: Sequence[str], salt: str) -> None:
        super().__init__(list(keys), salt=salt, digest_method=sha256, algorithm=_Lettered())
        self.derive_key = cache(super().derive_key)  # type: ignore[method-assign]


@dataclass(frozen=True)
class FormSeal:
    """What the hidden field of an answer form proves: that its page was opened, and when.

    `nonce`: no two pages have the same; None on pages of an earlier version. `follows`: the page
    came in answer to a post, so that whoever has it was here before.
    """

    opened_at: datetime
    nonce: str | None = None
    follows: bool = False


class Links:
    """Signs and reads tokens. `keys`: oldest first; the newest signs, all are believed.

    A form is an address with TOKEN where its token stands.
    """

    def __init__(self, keys: Sequence[str], base_url: str, mail_domain: str) -> None:
        self.base_url = base_url
        self.mail_domain = mail_domain
        self.answer_form = f"{base_url}/r/{TOKEN}"
        self.unsubscribe_form = f"{base_url}/u/{TOKEN}"
        self.return_path_form = address_form(Purpose.RETURN_PATH, mail_domain)
        self.reply_form = address_form(Purpose.REPLY, mail_domain)
        self.copy_form = address_form(Purpose.COPY, mail_domain)
        self.leave_form = address_form(Purpose.LEAVE, mail_domain)
        self.message_id_form = f"<{TOKEN}@{mail_domain}>"
        self._signers = {
            purpose: _CompactSigner(keys, salt=f"docket.{purpose}") for purpose in Purpose
        }
        self._seals = _CompactSigner(keys, salt="docket.seal")
        self._old_seals = _OldSealSigner(keys, salt="docket.form")

    def sign(self, purpose: Purpose, *ids: int) -> str:
        return self._signers[purpose].sign(b".".join(map(base36, ids))).decode()

    def stamp(self, purpose: Purpose) -> Stamp:
        """sign() for many: the same tokens at a sixth of the cost."""
        return self._signers[purpose].stamp()

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
        token = self.sign(Purpose.ANSWER, delivery_id, offer_id)
        return self.answer_form.replace(TOKEN, token)

    def archive_url(self, issue_id: int) -> str:
        """Where members read an issue that is for them alone: the same for all of them."""
        return f"{self.base_url}/a/{self.sign(Purpose.ARCHIVE, issue_id)}"

    def signatures(self, purpose: Purpose, text: str) -> list[str]:
        """For codes that people type, of which they can bear only the first letters: by every key,
        the newest first."""
        return self._signers[purpose].signatures(text)

    def unsubscribe_url(self, delivery_id: int) -> str:
        return self.unsubscribe_form.replace(TOKEN, self.sign(Purpose.UNSUBSCRIBE, delivery_id))

    def return_path(self, delivery_id: int) -> str:
        """The envelope sender that says which delivery came back (VERP)."""
        return self.return_path_form.replace(TOKEN, self.sign(Purpose.RETURN_PATH, delivery_id))

    def address(self, purpose: Purpose, *ids: int) -> str:
        """An address of ours for this purpose (LETTERS), in lower case."""
        return address_form(purpose, self.mail_domain).replace(TOKEN, self.sign(purpose, *ids))

    def read_address(self, text: str) -> tuple[Purpose, tuple[int, ...]] | None:
        """What an address of ours is for; None for any other, and where the signature is not ours.

        Mail systems lower-case and rewrite addresses: only the local part is looked at.
        """
        found = _OURS.fullmatch(text.rpartition("@")[0].strip().lower())
        if found is None:
            return None
        purpose = _BY_LETTER[found[1]]
        try:
            return purpose, self.read(purpose, found[2])
        except ValueError:
            return None

    def read_message_id(self, text: str) -> int | None:
        """The delivery whose mail has this Message-ID; None for any other."""
        local = text.strip().strip("<>").partition("@")[0]
        try:
            return self.read(Purpose.MESSAGE_ID, local)[0]
        except ValueError:
            return None

    def message_id(self, delivery_id: int) -> str:
        """Stable: the same delivery always carries the same Message-ID (RFC 5322 3.6.4)."""
        return self.message_id_form.replace(TOKEN, self.sign(Purpose.MESSAGE_ID, delivery_id))

    def seal(self, token: str, opened_at: datetime | None = None, *, follows: bool = False) -> str:
        """The value of an answer form's hidden field: `<milliseconds since 1970>.<nonce>[.f]` and a
        signature of these and the token. `opened_at`: now, unless told."""
        milliseconds = ((opened_at or now()) - _EPOCH) // _MILLISECOND
        nonce = token_bytes(NONCE_LETTERS).translate(_LETTERS)
        body = base36(milliseconds) + b"." + nonce + (b".f" if follows else b"")
        signature = self._seals.get_signature(mend(token).encode() + b"." + body)
        return (body + b"." + signature).decode()

    def read_seal(self, token: str, seal: str) -> FormSeal | None:
        """None when the field is absent, changed, or another token's. Age is the caller's to
        judge."""
        found = _SEAL.fullmatch(seal)
        if found is None:
            return self._read_old_seal(token, seal)
        milliseconds, nonce, follows = found.group(1, 2, 3)
        signed = f"{mend(token)}.{seal[: -SIGNATURE_LETTERS - 1]}"
        if not self._seals.verify_signature(signed, seal[-SIGNATURE_LETTERS:]):
            return None
        return FormSeal(_EPOCH + int(milliseconds, 36) * _MILLISECOND, nonce, bool(follows))

    def _read_old_seal(self, token: str, seal: str) -> FormSeal | None:
        """itsdangerous' own check of age would refuse a clock that runs a second ahead."""
        try:
            value, opened_at = self._old_seals.unsign(seal, return_timestamp=True)
        except BadSignature:
            return None
        return FormSeal(opened_at) if value.decode() == mend(token) else None


def address_form(purpose: Purpose, mail_domain: str) -> str:
    return f"{LETTERS[purpose]}+{TOKEN}@{mail_domain}"


def mend(text: str) -> str:
    """Undo what mail programs do to a link: upper case, wrapping, `=3D`, punctuation after it."""
    return _DAMAGE.sub("", text.lower()).strip(_AROUND)


def base36(number: int) -> bytes:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _ALPHABET[digit] + digits
    return (digits or "0").encode()


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value
