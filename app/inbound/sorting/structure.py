"""What of a mail its sender wrote, and what of it is another mail that is given back."""

import re
from collections.abc import Iterator, Sequence
from email import message_from_string, policy
from email.message import Message
from html import unescape
from itertools import pairwise
from typing import NamedTuple

from app.inbound.sorting import parsing

_MOST = 60  # parts
_LONGEST_LINE = 1_000
_LONGEST_NOTICE = 20_000  # characters
_RETURNED = (
    "message/rfc822",
    "text/rfc822-headers",
    "text/rfc822-header",
    "message/rfc822-headers",
    "text/rfc822",
    "message/global",
    "message/global-headers",
    "message/partial",
    "message/external-body",
)
_HIDDEN = re.compile(r"<(style|script)\b.*?(?:</\1|\Z)", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,2000}>")
_BREAK = re.compile(r"<(?:br|/p|/div|/tr|/li|/h\d|p)\b[^<>]{0,500}>", re.IGNORECASE)
_FIELD = re.compile(r"^[ \t>|]{0,8}([A-Za-z][A-Za-z0-9-]{1,40}):[ \t]?(.*)$")
_OF_A_MAIL = frozenset(
    "received return-path message-id from to subject date mime-version content-type reply-to "
    "delivered-to dkim-signature list-unsubscribe x-mailer sender cc bcc".split()
)
_CLOSELY = frozenset("received return-path message-id mime-version date dkim-signature".split())
_COPY = re.compile(
    r"^[ \t>*=_.-]{0,60}(?:(?:below|next|enclosed|here|this|included|attached"
    r"|following)\b.{0,40}(?:copy|original|returned|headers?) .{0,60}|(?:start of )?(?:original"
    r"|returned|unsent|undelivered) (?:message|mail)\b.{0,60}"
    r"|(?:the )?(?:message )?headers? (?:follows?|of)\b.{0,60}|message header.{0,40}"
    r"|(?:your )?(?:message|mail) (?:text )?(?:follows|reads)\b.{0,40}"
    r"|ursprüngliche nachricht.{0,40}|nachrichtentext.{0,40})$",
    re.IGNORECASE,
)


class Body(NamedTuple):
    notice: str  # what the sender wrote
    returned: str  # the header of another mail that stands in its text; empty when none does


def own_parts(message: Message) -> Iterator[Message]:
    """The parts that are the sender's own: not those of a mail within the mail."""
    waiting = [message]
    for _number in range(_MOST):
        if not waiting:
            return
        part = waiting.pop(0)
        yield part
        if parsing.content_type(part).startswith("multipart/"):
            waiting[:0] = parsing.inside(part)


def own(message: Message, *types: str) -> list[Message]:
    return [part for part in own_parts(message) if parsing.content_type(part) in types]


def returned(message: Message, body: Body | None = None) -> Message | None:
    """The mail that is given back, or its header: from a part, or from the text."""
    for part in own(message, *_RETURNED):
        within = parsing.inside(part)
        if within and within[0].keys():
            return within[0]
        found = as_header(raw_text(part))
        if found.keys():
            return found
    text = (body or body_of(message)).returned
    return as_header(text) if text else None


def has_returned_part(message: Message) -> bool:
    return bool(own(message, *_RETURNED))


def as_header(text: str) -> Message:
    """Header fields out of text, whatever stands before each line."""
    kept: list[str] = []
    for line in text[: parsing.LONGEST_LINE].lstrip("\n").split("\n"):
        field = _FIELD.match(line)
        if field:
            kept.append(f"{field[1]}: {field[2]}")
        elif line.strip() == "":
            break
        elif kept:
            kept.append(" " + line.strip(" \t>|"))
    try:
        return message_from_string("\n".join(kept) + "\n\n", policy=policy.compat32)
    except Exception:
        return Message(policy.compat32)


def body_of(message: Message) -> Body:
    """The sender's words, and the header of the mail that is quoted below them."""
    texts = [words(part) for part in own(message, "text/plain")]
    if not any(text.strip() for text in texts):
        texts = [words(part) for part in own_parts(message) if _is_words(part)]
    lines = "\n".join(texts)[: parsing.LONGEST_TEXT].split("\n")
    begins = _beginning(lines)
    if begins is None:
        return Body(_bounded(lines), "")
    return Body(_bounded(lines[:begins]), _bounded(lines[begins:]))


def words(part: Message) -> str:
    text = parsing.text_of(part)
    if parsing.content_type(part) == "text/html":
        text = unescape(_TAG.sub(" ", _BREAK.sub("\n", _HIDDEN.sub("", text[:60_000]))))
    return text


def raw_text(part: Message) -> str:
    """The text of a part that the parser may have taken for a mail or for blocks of fields."""
    blocks = parsing.inside(part)
    if not blocks:
        return parsing.text_of(part)
    texts = []
    for block in blocks:
        fields = "\n".join(f"{name}: {value}" for name, value in block.items())
        rest = block.get_payload() if not block.is_multipart() else ""
        texts.append("\n".join(x for x in (fields, str(rest).strip("\n")) if x))
    return _transfer_decoded(part, "\n\n".join(texts)).replace("\r\n", "\n")


def _transfer_decoded(part: Message, text: str) -> str:
    encoding = str(part.get("content-transfer-encoding", "")).strip().lower()
    if encoding not in ("base64", "quoted-printable"):
        return text
    plain = Message(policy.compat32)
    plain["Content-Transfer-Encoding"] = encoding
    plain.set_payload(text)
    return parsing.text_of(plain)


def _is_words(part: Message) -> bool:
    kind = parsing.content_type(part)
    return not part.is_multipart() and (kind.startswith(("text/", "multipart/")) or "/" not in kind)


def _beginning(lines: Sequence[str]) -> int | None:
    """The line at which the header of another mail begins."""
    run: list[str] = []
    for number, line in enumerate(lines):
        field = _FIELD.match(line[:_LONGEST_LINE])
        if field and (run or field[1].lower() in _OF_A_MAIL):
            run.append(field[1].lower())
        elif not (run and line[:1] in " \t>|" and line.strip()):
            run = []
        if len(run) >= 3 and len(_OF_A_MAIL.intersection(run)) >= 3 and _CLOSELY.intersection(run):
            return _first_of_run(lines, number)
    marks = (n for n, line in enumerate(lines) if _COPY.match(line[:200]))
    for mark in marks:
        if any(_FIELD.match(line[:_LONGEST_LINE]) for line in lines[mark + 1 : mark + 6]):
            return mark + 1
    return None


def _first_of_run(lines: Sequence[str], number: int) -> int:
    """Back to the blank line, or the words, above a header."""
    for upper, lower in pairwise(range(number, -1, -1)):
        line = lines[lower][:_LONGEST_LINE]
        if not (_FIELD.match(line) or (line[:1] in " \t>|" and line.strip())):
            return upper
    return 0


def _bounded(lines: Sequence[str]) -> str:
    return "\n".join(line[:_LONGEST_LINE] for line in lines)[:_LONGEST_NOTICE]
