"""DKIM signatures (RFC 6376), relaxed/relaxed, with RSA or Ed25519 (RFC 8463)."""

import re
from binascii import b2a_base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

# Named once more than they occur: one that is added on the way breaks the signature.
OVERSIGNED = (
    *("From", "To", "Cc", "Subject", "Date", "Message-ID", "Reply-To", "MIME-Version"),
    *("Content-Type", "List-Unsubscribe", "List-Unsubscribe-Post"),
)
_NAMES_A_LINE = 4
_B_LINE = 72
_BLANKS = re.compile(rb"[ \t]+")
_FIELDS = re.compile(rb"\r\n(?![ \t])")

# Canonical header fields, canonical body, seconds of the epoch -> the field DKIM-Signature.
Seal = Callable[[bytes, bytes, int], bytes]


@dataclass(frozen=True)
class Key:
    """`sign` is given a SHA-256 digest; `public` is the p= of the record."""

    algorithm: str  # rsa, ed25519
    sign: Callable[[bytes], bytes] = field(repr=False)
    public: str


@dataclass(frozen=True)
class Signer:
    """Signs for `domain`; the public half of the key is published at `record_name`."""

    key: Key
    domain: str
    selector: str

    @property
    def record_name(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record(self) -> str:
        """The TXT record that verifiers ask for (RFC 6376 3.6.1, RFC 8463 4)."""
        return f"v=DKIM1; k={self.key.algorithm}; p={self.key.public}"

    def over(self, names: Sequence[str]) -> Seal:
        """What seals messages with exactly these header fields, in this order from the top."""
        head = self._head(names)
        relaxed_head = relaxed_name("DKIM-Signature") + relaxed_value(head)
        wire_head = b"DKIM-Signature: " + head
        sign = self.key.sign

        def seal(fields: bytes, body: bytes, at: int) -> bytes:
            stamp = b" t=%d; bh=%b;" % (at, _base64(sha256(body).digest()))
            signed = b"".join((fields, relaxed_head, stamp, b" b="))
            signature = _folded(_base64(sign(sha256(signed).digest())))
            return b"".join((wire_head, b"\r\n", stamp, b"\r\n b=", signature, b"\r\n"))

        return seal

    def _head(self, names: Sequence[str]) -> bytes:
        tags = f"v=1; a={self.key.algorithm}-sha256; c=relaxed/relaxed;"
        whose = f"d={self.domain}; s={self.selector};"
        covered = f"h={_names([*names, *OVERSIGNED])};"
        return f"{tags}\r\n {whose}\r\n {covered}".encode()


def signed(signer: Signer, message: bytes, at: int) -> bytes:
    """One message of any kind (CRLF line ends), with its signature in front. `at`: seconds of the
    epoch."""
    head, _, body = message.partition(b"\r\n\r\n")
    fields = [field.partition(b":") for field in _FIELDS.split(head)]
    names = [name.decode("ascii") for name, _, _ in fields]
    relaxed = [
        relaxed_name(name) + relaxed_value(value).strip() + b"\r\n"
        for name, (_, _, value) in zip(names, fields, strict=True)
    ]
    ended = relaxed_body(body + b"\r\n").rstrip(b"\r\n") + b"\r\n"  # RFC 6376 3.4.4
    return signer.over(names)(b"".join(relaxed), ended if body.strip() else b"", at) + message


def relaxed_name(name: str) -> bytes:
    """RFC 6376 3.4.2."""
    return name.lower().encode() + b":"


def relaxed_value(value: bytes) -> bytes:
    """Unfolded, its blanks made one (RFC 6376 3.4.2); for values that blanks do not surround."""
    return _BLANKS.sub(b" ", value.replace(b"\r\n", b""))


def relaxed_body(body: bytes) -> bytes:
    """RFC 6376 3.4.4, but for empty lines at the end, which a multipart body has none of."""
    return _BLANKS.sub(b" ", body).replace(b" \r\n", b"\r\n")


def _base64(data: bytes) -> bytes:
    return b2a_base64(data, newline=False)


def _names(names: Sequence[str]) -> str:
    lines = (names[at : at + _NAMES_A_LINE] for at in range(0, len(names), _NAMES_A_LINE))
    return ":\r\n ".join(":".join(line) for line in lines)


def _folded(signature: bytes) -> bytes:
    lines = (signature[at : at + _B_LINE] for at in range(0, len(signature), _B_LINE))
    return b"\r\n ".join(lines)
