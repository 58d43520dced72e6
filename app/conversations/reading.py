"""What stands in a mail that came in: read when somebody looks, from the sealed bytes."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message
from typing import NamedTuple

from app.inbound import pieces
from app.inbound.models import InboundMail
from app.inbound.sorting import parsing, phrases, quoting, words
from app.inbound.sorting.shapes import Sorted
from app.vault import Unreadable, Vault

LARGEST = 16_000_000  # bytes of a mail that is taken apart; of larger ones the whole can be had
MOST_BOUNDARIES = 400
MOST_ATTACHMENTS = 50
LONGEST_NAME = 80
LONGEST_WHOLE = 100_000  # characters
LONGEST_CLOSING = 400  # characters in which a mail says a word and takes its leave
_CLAUSE = re.compile(r"[,;.!:–—]+")
# What turns the direction of text, or hides: a name must read as what it is.
_MISLEADING = re.compile(r"[\x00-\x1f\x7f-\x9f/\\\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


class Attachment(NamedTuple):
    number: int  # in the mail, from 1
    name: str  # as the sender gave it, made safe to show
    size: int  # bytes


@dataclass(frozen=True)
class Read:
    sender: str  # the address in From
    sender_name: str
    subject: str
    message_id: str  # with its angle brackets
    references: tuple[str, ...]  # RFC 5322 3.6.4, oldest first
    text: str  # what the person wrote now
    whole: str  # all the text, with what it quotes
    reply_to: str  # the address that wants the answer, where the mail names another than From
    is_robot: bool  # nobody reads an answer to it
    attachments: tuple[Attachment, ...]
    is_large: bool  # too large to list what is attached


def raw_of(vault: Vault, mail: InboundMail) -> bytes | None:
    """The mail as it came; None once its words were deleted, or when its key is gone."""
    try:
        return pieces.whole(vault, mail)
    except Unreadable:
        return None


def read(vault: Vault, mail: InboundMail) -> Read | None:
    """None as raw_of."""
    raw = raw_of(vault, mail)
    if raw is None:
        return None
    message = parsing.parse(raw)
    name, sender = next(iter(parsing.addresses(message, "from")), ("", ""))
    answer_to = [address for _name, address in parsing.addresses(message, "reply-to")]
    whole = quoting.whole(message)
    return Read(
        sender=sender,
        sender_name=name,
        subject=parsing.header(message, "subject"),
        message_id=parsing.header(message, "message-id"),
        references=_references(message),
        text=quoting.written(whole),
        whole=whole.strip()[:LONGEST_WHOLE],
        reply_to=answer_to[0] if len(answer_to) == 1 else "",
        is_robot=_is_robot(message) or any(one.envelope_from == "" for one in mail.arrivals),
        attachments=tuple(attachments(raw)),
        is_large=_is_too_much(raw),
    )


def says_more(vault: Vault, mail: InboundMail, found: Sorted) -> bool:
    """Whether there is more in it than the word, thanks and a name: somebody should read that."""
    raw = raw_of(vault, mail)
    if raw is None or _is_too_much(raw) or any(attachments(raw)):
        return True
    if len(found.text) > LONGEST_CLOSING:
        return True
    names = frozenset(phrases.fold(f"{found.sender_name} {found.sender.partition('@')[0]}").split())
    lines = (line.strip() for line in found.text.splitlines() if line.strip())
    return any(not _is_usual(line, names) for line in lines)


def attachments(raw: bytes) -> Iterator[Attachment]:
    for number, part in enumerate(_attached(raw), 1):
        yield Attachment(number, _name(part, number), len(_content(part)))


def attachment(raw: bytes, number: int) -> tuple[str, bytes] | None:
    """(name, content) of one."""
    for at, part in enumerate(_attached(raw), 1):
        if at == number:
            return _name(part, at), _content(part)
    return None


def safe_name(text: str) -> str:
    """Of a file, to be shown and saved: no path, nothing that turns or hides a part of it."""
    return " ".join(_MISLEADING.sub(" ", text).split()).strip(". ")[-LONGEST_NAME:]


def _is_usual(line: str, names: frozenset[str]) -> bool:
    """An answer, a greeting, thanks, or the sender's name."""
    if words.plainly(line) or words.is_greeting(line):
        return True
    clauses = (phrases.fold(part).split() for part in _CLAUSE.split(line))
    without = (" ".join(word for word in clause if word not in names) for clause in clauses)
    return all(not rest or not words.strip_small(rest) for rest in without)


def _references(message: Message) -> tuple[str, ...]:
    fields = [parsing.header(message, name) for name in ("references", "in-reply-to")]
    return tuple(dict.fromkeys(re.findall(r"<[^<>\s]{1,900}>", " ".join(fields))))


def _is_robot(message: Message) -> bool:
    """RFC 3834 2, and lists: an answer there reaches nobody, or too many."""
    submitted = parsing.header(message, "auto-submitted").lower()
    precedence = parsing.header(message, "precedence").lower()
    return (
        bool(submitted and not submitted.startswith("no"))
        or precedence in ("bulk", "junk", "list", "auto_reply")
        or bool(parsing.header(message, "list-id"))
    )


def _attached(raw: bytes) -> list[Message]:
    if _is_too_much(raw):
        return []
    try:
        leaves = _leaves(message_from_bytes(raw, policy=policy.compat32))
        return [part for part in leaves if _is_attached(part)][:MOST_ATTACHMENTS]
    except Exception:  # the parser is no validator; the whole mail can be had
        return []


def _is_too_much(raw: bytes) -> bool:
    return len(raw) > LARGEST or raw.count(b"\n--") > MOST_BOUNDARIES


def _leaves(message: Message) -> Iterator[Message]:
    """Without going into a mail within the mail, which is one attachment."""
    waiting = [message]
    while waiting:
        part = waiting.pop(0)
        if parsing.content_type(part).startswith("multipart/"):
            waiting[:0] = parsing.inside(part)
        else:
            yield part


def _is_attached(part: Message) -> bool:
    kind = parsing.content_type(part)
    if kind.startswith("multipart/"):
        return False
    said = str(part.get("content-disposition", "")).strip().lower()
    return said.startswith("attachment") or kind not in ("text/plain", "text/html")


def _name(part: Message, number: int) -> str:
    given = ""
    with suppress(Exception):
        given = parsing.decoded(part.get_filename() or "") or _title(part)
    return safe_name(given) or f"attachment-{number}"


def _title(part: Message) -> str:
    """Of a mail within the mail, its subject as a file's name."""
    for inner in parsing.inside(part):
        if subject := safe_name(parsing.header(inner, "subject")[: LONGEST_NAME - 4]):
            return f"{subject}.eml"
    return ""


def _content(part: Message) -> bytes:
    with suppress(Exception):
        inner = part.get_payload()
        if isinstance(inner, list):
            return b"\r\n".join(one.as_bytes() for one in inner if isinstance(one, Message))
        decoded = part.get_payload(decode=True)
        return decoded if isinstance(decoded, bytes) else b""
    return b""
