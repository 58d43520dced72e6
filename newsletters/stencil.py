"""An edition bound to what is the same in all of its letters, then filled by one join.

A letter's own values are few: one tuple of bytes, whose places are numbered here. Everything
between them is written, escaped and folded once.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from newsletters import dkim, headers, quoted
from newsletters.content import TOKEN, CompositionError, Masthead, Recipient, Tokens
from newsletters.slots import Slot
from newsletters.template import Part, Template, laid_out
from newsletters.wire import Edition

# The places of a letter's own values. Those of the asks follow, first the links and then the
# addresses for copies, then those of the merge fields.
SEAL, TO, SUBJECT, DATE, MESSAGE_ID, REPLY_TO, UNSUBSCRIBE, LEAVE, ANSWERS = range(9)
LONGEST_TOKEN = 46  # two ids of ten characters, and the signature
_TOKEN = b"(?:[0-9a-z][0-9a-z.]{0,45}+)?+"
# "=_" never stands in quoted-printable, so no content can hold it (RFC 2045 6.7).
_BOUNDARY = b"=_docket_alternative"
_ENCODING = b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
_TEXT_PART = b"Content-Type: text/plain; charset=utf-8\r\n" + _ENCODING
_HTML_PART = b"Content-Type: text/html; charset=utf-8\r\n" + _ENCODING

Field = tuple[str, list[Part]]  # a header field: its name and what it holds
Seal = Callable[[tuple[bytes, ...], int], bytes]  # a letter's values, seconds -> DKIM-Signature


@dataclass(frozen=True)
class Rendered:
    subject: str
    html: str
    text: str


class Stencil:
    """Fills the letters of one edition. It keeps nothing of any: threads may share it.

    `asks`: the keys of the asks whose tokens each letter brings, in their order; `copied`: of those
    whose copy addresses it brings.
    CompositionError when the masthead cannot be written into headers.
    """

    def __init__(
        self, edition: Edition, masthead: Masthead, signer: dkim.Signer | None = None
    ) -> None:
        slots = edition.slots
        self.asks = tuple(slot.name for slot in slots if slot.kind == "answer")
        self.copied = tuple(slot.name for slot in slots if slot.kind == "copy")
        self._links = len(self.asks), len(self.copied)
        links = sum(self._links)
        own = ANSWERS - MESSAGE_ID + links
        self._tokens = re.compile(b" ".join([_TOKEN] * own))
        self._fields = _Fields(slots)
        self._subject = _Subject(edition)
        self._count = ANSWERS + links + 2 * len(self._fields.slots)
        places = _Places(slots, self.asks + self.copied, len(self.asks), masthead)
        self._text = list(laid_out(edition.text, places.in_text))
        self._html = list(laid_out(edition.html, places.in_html))
        fields = list(_header(masthead, edition.language, self._subject.constant))
        body = list(_body(self._text, self._html))
        self._message = self._template([SEAL, *_on_the_wire(fields), b"\r\n", *body])
        self._seal = signer and self._sealing(signer, fields, body)

    def fill(self, recipient: Recipient, tokens: Tokens, at: datetime) -> bytes:
        """The whole message: lines end with CRLF, and none begins with a dot. `at` is aware.

        CompositionError for what cannot stand in a header, and for tokens that lack or are none.
        """
        seconds = int(at.timestamp())
        values = self._values(recipient, tokens, headers.date(seconds))
        if self._seal:
            values = (self._seal(values, seconds), *values[1:])
        return self._message.fill(values)

    def render(self, recipient: Recipient, tokens: Tokens) -> Rendered:
        """What the recipient sees, from the same parts that fill() sends."""
        values = self._values(recipient, tokens, b"")
        return Rendered(
            subject=self._subject.of(recipient.fields),
            text=quoted.decode(self._template(self._text).fill(values)),
            html=quoted.decode(self._template(self._html).fill(values)),
        )

    def _values(self, recipient: Recipient, tokens: Tokens, date: bytes) -> tuple[bytes, ...]:
        message_id, reply_to, unsubscribe, leave, answers, copies = tokens
        own = (message_id, reply_to, unsubscribe, leave, *answers, *copies)
        counts = len(answers), len(copies)
        if counts != self._links or not self._tokens.fullmatch(b" ".join(own)):
            raise CompositionError(
                f"each of the asks {', '.join(self.asks)} needs its token, and so does each copy, "
                "and a token is short and of a-z, 0-9 and dots alone"
            )
        name, address, fields = recipient
        return (
            b"",
            headers.mailbox(name, address),
            self._subject.written(fields),
            date,
            *own,
            *self._fields.written(fields),
        )

    def _sealing(self, signer: dkim.Signer, fields: list[Field], body: list[Part]) -> Seal:
        over = signer.over([name for name, _ in fields])
        head, rest = (self._template(parts) for parts in (_relaxed(fields), _relaxed_body(body)))

        def seal(values: tuple[bytes, ...], seconds: int) -> bytes:
            # What a letter brings of its own is folded at most.
            signed = head.fill(values).replace(b"\r\n ", b" ")
            return over(signed, rest.fill(values), seconds)

        return seal

    def _template(self, parts: Iterable[Part]) -> Template:
        return Template(parts, self._count)


class _Fields:
    """The merge fields of an edition: what a member has, else the fallback of each place."""

    def __init__(self, slots: Sequence[Slot]) -> None:
        self.slots = [slot for slot in slots if slot.kind == "field"]
        self._names = tuple({slot.name: None for slot in self.slots})
        self._fallbacks = [(s.name, quoted.forms(s.fallback) or (b"", b"")) for s in self.slots]

    def written(self, given: Mapping[str, str]) -> list[bytes]:
        """For each slot its form in text and its form in HTML."""
        forms = {name: quoted.forms(given.get(name, "")) for name in self._names}
        written: list[bytes] = []
        for name, fallback in self._fallbacks:
            written += forms[name] or fallback
        return written


class _Subject:
    """`constant`: the header's value where no merge field stands in it.

    Where its own words have to be encoded, a letter's are encoded beside them, and only they are
    left to do; else the whole line is looked at for each letter.
    """

    def __init__(self, edition: Edition) -> None:
        slots = edition.slots
        self._parts = [slots[part] if isinstance(part, int) else part for part in edition.subject]
        own = [part for part in self._parts if isinstance(part, Slot)]
        self.constant = None if own else headers.text(self.of({}))
        words = [part for part in self._parts if isinstance(part, str)]
        self._pieces = [p if isinstance(p, Slot) else headers.encoded(p) for p in self._parts]
        # An encoded word must not be empty (RFC 2047 2).
        self._in_pieces = not "".join(words).isascii() and all(_shown(slot, {}) for slot in own)

    def of(self, given: Mapping[str, str]) -> str:
        return "".join([p if isinstance(p, str) else _shown(p, given) for p in self._parts])

    def written(self, given: Mapping[str, str]) -> bytes:
        if self.constant is not None:
            return self.constant
        if not self._in_pieces:
            return headers.text(self.of(given))
        pieces = [
            piece if isinstance(piece, bytes) else headers.encoded(_shown(piece, given))
            for piece in self._pieces
        ]
        return headers.WORD + headers.BETWEEN.join(pieces) + headers.END


def _shown(slot: Slot, given: Mapping[str, str]) -> str:
    return quoted.in_a_line(given.get(slot.name, "")) or quoted.in_a_line(slot.fallback)


class _Places:
    """What is put in the place of each slot of a body."""

    def __init__(
        self, slots: Sequence[Slot], links: Sequence[str], asks: int, masthead: Masthead
    ) -> None:
        """`links`: keys of the asks by their places; those behind the first `asks` are copies."""
        self._slots, self._masthead = slots, masthead
        self._answers = {key: ANSWERS + n for n, key in enumerate(links[:asks])}
        self._copies = {key: ANSWERS + asks + n for n, key in enumerate(links[asks:])}
        first = ANSWERS + len(links)
        fields = [slot for slot in slots if slot.kind == "field"]
        self._fields = {slot: first + 2 * number for number, slot in enumerate(fields)}

    def in_text(self, number: int) -> list[Part]:
        slot = self._slots[number]
        return [self._fields[slot]] if slot.kind == "field" else _link(*self._address(slot))

    def in_html(self, number: int) -> list[Part]:
        slot = self._slots[number]
        if slot.kind == "field":
            return [self._fields[slot] + 1]
        address, place = self._address(slot)
        return _link(escape(address), place)

    def _address(self, slot: Slot) -> tuple[str, int]:
        if slot.kind == "unsubscribe":
            return self._masthead.unsubscribe, UNSUBSCRIBE
        if slot.kind == "copy":
            return self._masthead.copy, self._copies[slot.name]
        return self._masthead.answer, self._answers[slot.name]


def _link(address: str, place: int) -> list[Part]:
    """Quoted-printable with the token in its place, on a line of its own where one is too short."""
    before, mark, after = address.partition(TOKEN)
    written = quoted.encode(before)
    if not mark:
        return [written]
    if len(written.rpartition(b"\n")[2]) + LONGEST_TOKEN > quoted.ROOM:
        # One character goes along, so that a token never stands at the left edge.
        written = quoted.encode(before[:-1]) + quoted.SOFT_BREAK + quoted.encode(before[-1:])
    return [written, place, *([quoted.SOFT_BREAK, quoted.encode(after)] if after else [])]


def _header(masthead: Masthead, language: str, subject: bytes | None) -> Iterator[Field]:
    """In the order of the message, and of the signature over it."""
    m = masthead
    yield "From", [headers.mailbox(m.from_name, m.from_address, "From")]
    yield "To", [TO]
    yield "Subject", [SUBJECT if subject is None else subject]
    yield "Date", [DATE]
    yield "Message-ID", _split(headers.message_id(m.message_id), MESSAGE_ID)
    yield "Reply-To", _split(headers.mailbox(m.from_name, m.reply_to, "Reply-To"), REPLY_TO)
    yield "List-Id", [headers.list_id(m.list_id)]
    yield "List-Unsubscribe", list(_ways_to_leave(m))
    yield "List-Unsubscribe-Post", [b"List-Unsubscribe=One-Click"]
    yield "Feedback-ID", [headers.text(m.feedback_id, "Feedback-ID")]
    yield "Content-Language", [headers.text(language, "Content-Language")]
    yield "MIME-Version", [b"1.0"]
    yield "Content-Type", [b'multipart/alternative;\r\n boundary="' + _BOUNDARY + b'"']


def _ways_to_leave(masthead: Masthead) -> Iterator[Part]:
    """RFC 2369, 8058."""
    where = "List-Unsubscribe"
    yield from _split(b"<" + headers.uri(masthead.unsubscribe, where) + b">", UNSUBSCRIBE)
    if masthead.unsubscribe_mailto:
        address = headers.uri(f"mailto:{masthead.unsubscribe_mailto}", where)
        yield from _split(b",\r\n <" + address + b">", LEAVE)


def _split(written: bytes, place: int) -> list[Part]:
    before, mark, after = written.partition(TOKEN.encode())
    return [before, place, after] if mark else [before]


def _body(text: list[Part], html: list[Part]) -> Iterator[Part]:
    yield b"--" + _BOUNDARY + b"\r\n" + _TEXT_PART
    yield from text
    yield b"\r\n--" + _BOUNDARY + b"\r\n" + _HTML_PART
    yield from html
    yield b"\r\n--" + _BOUNDARY + b"--\r\n"


def _on_the_wire(fields: list[Field]) -> Iterator[Part]:
    for name, parts in fields:
        yield from (name.encode() + b": ", *parts, b"\r\n")


def _relaxed(fields: list[Field]) -> Iterator[Part]:
    for name, parts in fields:
        yield dkim.relaxed_name(name)
        yield from (dkim.relaxed_value(p) if isinstance(p, bytes) else p for p in parts)
        yield b"\r\n"


def _relaxed_body(parts: list[Part]) -> Iterator[Part]:
    return (dkim.relaxed_body(part) if isinstance(part, bytes) else part for part in parts)
