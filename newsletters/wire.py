"""An issue compiled once to MIME bytes with slots, and filled per recipient by joining bytes.

Bodies are quoted-printable (RFC 2045 6.7). A slot stands between soft line breaks, so that a
value begins at the left edge and no line grows past 76 characters, whatever fills it.
"""

import binascii
import json
from dataclasses import dataclass
from email.utils import format_datetime
from hashlib import sha256
from html import escape

from newsletters import headers, markup, personalise, plaintext
from newsletters.checking import check
from newsletters.content import CompositionError, Envelope, Issue, Links, Recipient
from newsletters.personalise import MergeField
from newsletters.preparing import prepared
from newsletters.slots import Slot, Slots
from newsletters.words import Translate, same

VERSION = 1
SOFT_BREAK = b"=\r\n"
HEADERS_SIZE = 1_200  # bytes, about; with the bodies it gives the size of a message

Part = bytes | int  # literal bytes, or the number of a slot


@dataclass(frozen=True)
class Rendered:
    subject: str
    html: str
    text: str


@dataclass(frozen=True)
class Edition:
    """One form of an issue, ready to be filled."""

    language: str
    subject: tuple[str | int, ...]
    text: tuple[Part, ...]
    html: tuple[Part, ...]
    slots: tuple[Slot, ...]

    def fill(self, recipient: Recipient, links: Links, envelope: Envelope) -> bytes:
        """The whole message, CRLF line ends, not dot-stuffed.

        CompositionError when a value would break a header, or a link is missing.
        """
        values = self._values(recipient, links)
        boundary = self._boundary
        return b"".join(
            (
                self._headers(values, recipient, links, envelope),
                b"--" + boundary + b"\r\n" + _TEXT_PART,
                *_joined(self.text, [_quoted(value) for value in values]),
                b"\r\n--" + boundary + b"\r\n" + _HTML_PART,
                *_joined(self.html, [_quoted(escape(value)) for value in values]),
                b"\r\n--" + boundary + b"--\r\n",
            )
        )

    def render(self, recipient: Recipient, links: Links) -> Rendered:
        """What the recipient sees, from the same parts that fill() sends."""
        values = self._values(recipient, links)
        return Rendered(
            subject=self._subject(values),
            text=_unquoted(self.text, [_quoted(value) for value in values]),
            html=_unquoted(self.html, [_quoted(escape(value)) for value in values]),
        )

    @property
    def size(self) -> int:
        """Bytes of a message, about: slots are counted as empty."""
        literals = (part for part in (*self.text, *self.html) if isinstance(part, bytes))
        return HEADERS_SIZE + sum(map(len, literals))

    @property
    def content_hash(self) -> str:
        return sha256(self.dumps()).hexdigest()

    def dumps(self) -> bytes:
        document = {
            "version": VERSION,
            "language": self.language,
            "subject": self.subject,
            "text": _plain(self.text),
            "html": _plain(self.html),
            "slots": [[slot.kind, slot.name, slot.fallback] for slot in self.slots],
        }
        return json.dumps(document, ensure_ascii=True, separators=(",", ":")).encode()

    @classmethod
    def loads(cls, data: bytes) -> "Edition":
        """ValueError for what another version wrote."""
        document = json.loads(data)
        if document.get("version") != VERSION:
            raise ValueError(f"an edition of version {document.get('version')} cannot be read")
        return cls(
            language=document["language"],
            subject=tuple(document["subject"]),
            text=_parts(document["text"]),
            html=_parts(document["html"]),
            slots=tuple(Slot(*slot) for slot in document["slots"]),
        )

    @property
    def _boundary(self) -> bytes:
        # "=_" never stands in quoted-printable, so no content can hold it (RFC 2045 6.7).
        return b"=_docket_" + self.language.encode("ascii", "ignore") + b"_alternative"

    def _subject(self, values: list[str]) -> str:
        return "".join(part if isinstance(part, str) else values[part] for part in self.subject)

    def _values(self, recipient: Recipient, links: Links) -> list[str]:
        return [_value(slot, recipient, links) for slot in self.slots]

    def _headers(
        self, values: list[str], recipient: Recipient, links: Links, envelope: Envelope
    ) -> bytes:
        lines = (
            b"From: " + headers.mailbox(envelope.from_name, envelope.from_address, "From"),
            b"To: " + headers.mailbox(recipient.name, recipient.address),
            b"Subject: " + headers.text(self._subject(values)),
            b"Date: " + format_datetime(envelope.date).encode(),
            b"Message-ID: " + headers.unbroken(envelope.message_id, "Message-ID").encode(),
            b"Reply-To: " + headers.mailbox("", envelope.reply_to, "Reply-To"),
            b"List-Id: " + _list_id(envelope.list_id),
            b"List-Unsubscribe: " + _list_unsubscribe(links),
            b"List-Unsubscribe-Post: List-Unsubscribe=One-Click",
            b"Feedback-ID: " + headers.text(envelope.feedback_id, "Feedback-ID"),
            b"Content-Language: " + headers.text(self.language, "Content-Language"),
            b"MIME-Version: 1.0",
            b'Content-Type: multipart/alternative;\r\n boundary="' + self._boundary + b'"',
        )
        return b"\r\n".join(lines) + b"\r\n\r\n"


_ENCODING = b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
_TEXT_PART = b"Content-Type: text/plain; charset=utf-8\r\n" + _ENCODING
_HTML_PART = b"Content-Type: text/html; charset=utf-8\r\n" + _ENCODING


def compile(issue: Issue, translate: Translate = same) -> Edition:
    """Compile once; fill per recipient. CompositionError says what keeps it from being mail."""
    if stops := [problem for problem in check(issue) if problem.stops]:
        raise CompositionError("; ".join(f"{p.where}: {p.what}" for p in stops))
    slots = Slots()
    ready = prepared(issue, slots)
    text = plaintext.text(ready, slots, translate)
    html = markup.html(ready, slots, translate)
    subject = list(slots.cut(ready.subject))
    return Edition(
        language=issue.language,
        subject=tuple(slots.all.index(p) if isinstance(p, Slot) else p for p in subject),
        text=_compiled(text, slots),
        html=_compiled(html, slots),
        slots=tuple(slots.all),
    )


def _compiled(page: str, slots: Slots) -> tuple[Part, ...]:
    parts: list[Part] = []
    for piece in slots.cut(page):
        if isinstance(piece, Slot):
            parts.append(slots.all.index(piece))
        else:
            parts.append(_quoted(piece))
    return tuple(parts)


def _quoted(text: str) -> bytes:
    data = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace")
    # It breaks lines as the data does: with LF alone, they can all be made CRLF afterwards.
    # It fills a last line to 76, where no soft break would fit; behind the letter it does not.
    quoted = binascii.b2a_qp(data + b"x", quotetabs=False, istext=True)[:-1]
    return quoted.replace(b"\n", b"\r\n")


def _joined(parts: tuple[Part, ...], values: list[bytes]) -> list[bytes]:
    """Soft breaks on both sides of each slot, so that lines stay short whatever fills it."""
    joined: list[bytes] = []
    for part in parts:
        if isinstance(part, int):
            joined += (SOFT_BREAK, values[part], SOFT_BREAK)
        else:
            joined.append(part)
    return joined


def _unquoted(parts: tuple[Part, ...], values: list[bytes]) -> str:
    raw = binascii.a2b_qp(b"".join(_joined(parts, values)))
    return raw.decode().replace("\r\n", "\n")


def _value(slot: Slot, recipient: Recipient, links: Links) -> str:
    if slot.kind == "unsubscribe":
        return links.unsubscribe
    if slot.kind == "answer":
        if slot.name not in links.answers:
            raise CompositionError(f"no link was given for the ask {slot.name}")
        return links.answers[slot.name]
    value = personalise.value(MergeField(slot.name, slot.fallback), recipient.fields)
    return " ".join(value.split())


def _list_id(value: str) -> bytes:
    """RFC 2919: a phrase, then the identifier in angle brackets."""
    name, _, identifier = headers.unbroken(value, "List-Id").rpartition("<")
    return headers.mailbox(name.strip(), identifier.rstrip(">"), "List-Id")


def _list_unsubscribe(links: Links) -> bytes:
    """RFC 2369, 8058."""
    ways = [links.unsubscribe]
    if links.unsubscribe_mailto:
        ways.append(f"mailto:{links.unsubscribe_mailto}")
    wanted = ",\r\n ".join(f"<{headers.unbroken(way, 'List-Unsubscribe')}>" for way in ways)
    return wanted.encode()


def _plain(parts: tuple[Part, ...]) -> list[str | int]:
    return [part if isinstance(part, int) else part.decode("ascii") for part in parts]


def _parts(items: list[str | int]) -> tuple[Part, ...]:
    return tuple(item if isinstance(item, int) else item.encode("ascii") for item in items)
