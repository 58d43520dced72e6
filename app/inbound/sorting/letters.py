"""Whether a mail is a copy of a member's letter, an addressee's answer, or words to us."""

from collections.abc import Callable, Sequence
from email.message import Message
from typing import NamedTuple

from app.inbound.sorting import addressed, parsing, phrases, quoting, words
from app.inbound.sorting.shapes import Kind, Ours, Purpose

IsAddressee = Callable[[str], bool]
MOST = 200  # people that a letter goes to, of whom each is looked up
SHORT = 60  # words: what is shorter, without attachment and to nobody else, is a note to us

_DOCUMENTS = (
    "application/pdf",
    "application/msword",
    "application/vnd.",
    "image/",
    "application/rtf",
)


class Letter(NamedTuple):
    kind: Kind
    why: str
    on_file: bool = False  # an addressee on file wrote it, or it went to one


class _Mail(NamedTuple):
    sender: str
    others: tuple[str, ...]  # in To and Cc, not at our domain
    blocks: tuple[quoting.Block, ...]  # what is forwarded inside, as text or as message
    forwards: bool
    ours_at: frozenset[str]  # domains of our addresses


def kind_of(
    message: Message,
    recipients: Sequence[str],
    ours: Sequence[Ours],
    whole: str,
    written: str,
    is_addressee: IsAddressee,
) -> Letter | None:
    """LETTER, ADDRESSEE, or REPLY for words to a copy's address; None: a reply like any other.

    `recipients`: of the envelope.
    """
    purposes = {one.purpose for one in ours}
    if not purposes & {Purpose.COPY, Purpose.REPLY}:
        return None
    mail = _mail(message, recipients, whole)
    if is_addressee(mail.sender):
        return Letter(Kind.ADDRESSEE, "from an addressee", True)
    if any(is_addressee(other) for other in mail.others):
        return Letter(Kind.LETTER, "a copy of what went to an addressee", True)
    if found := _inside(mail, is_addressee):
        return found
    return _to_the_copy_address(message, mail, written) if Purpose.COPY in purposes else None


def _mail(message: Message, recipients: Sequence[str], whole: str) -> _Mail:
    sender = next((a for _name, a in parsing.addresses(message, "From")), "")
    to = [a for _name, a in parsing.addresses(message, "To", "Cc")]
    signed = filter(addressed.is_signed, [*to, *recipients])
    own = frozenset(_domain(address.lower()) for address in signed)
    attached = tuple(_attached(message))
    text = tuple(quoting.blocks(whole))
    forwards = bool(attached) or quoting.is_forwarded(whole) or _is_forward(message)
    others = tuple(
        a for a in to if not addressed.is_signed(a) and _domain(a) not in own and a != sender
    )
    return _Mail(sender, others[:MOST], attached + text, forwards, own)


def _inside(mail: _Mail, is_addressee: IsAddressee) -> Letter | None:
    """Of a mail that forwards, or quotes whom we wrote about: by who wrote what stands inside."""
    for block in mail.blocks:
        if any(is_addressee(address) for address in block.sender):
            return Letter(Kind.ADDRESSEE, "an addressee's mail stands inside", True)
        if mail.forwards and any(is_addressee(address) for address in block.recipients):
            return Letter(Kind.LETTER, "a forwarded letter to an addressee", True)
    return None


def _to_the_copy_address(message: Message, mail: _Mail, written: str) -> Letter:
    if mail.others and not mail.forwards:
        return Letter(Kind.LETTER, "a copy of what went to somebody else")
    if mail.forwards and mail.blocks:
        return _forwarded(mail)
    if words.said(written):
        return Letter(Kind.REPLY, "an answer, sent to the address for copies")
    if mail.others or _has_document(message):
        return Letter(Kind.LETTER, "a letter, attached or forwarded")
    if len(written.split()) < SHORT and len(written) < 6 * SHORT:
        return Letter(Kind.REPLY, "a note, sent to the address for copies")
    return Letter(Kind.LETTER, "a letter to the address for copies alone")


def _forwarded(mail: _Mail) -> Letter:
    """By the first block: their own letter, our newsletter, or what somebody answered them."""
    senders = mail.blocks[0].sender
    if mail.sender in senders or not senders:
        return Letter(Kind.LETTER, "a letter of their own, forwarded")
    if any(_domain(address) in mail.ours_at for address in senders):
        return Letter(Kind.REPLY, "our own mail, forwarded")
    return Letter(Kind.ADDRESSEE, "forwarded, from an address that is not on file")


def _attached(message: Message) -> list[quoting.Block]:
    found = []
    for part in parsing.parts(message):
        if parsing.content_type(part) == "message/rfc822":
            for inner in parsing.inside(part)[:1]:
                sender = tuple(a for _name, a in parsing.addresses(inner, "From"))
                to = tuple(a for _name, a in parsing.addresses(inner, "To", "Cc"))
                found.append(quoting.Block(sender, to, parsing.header(inner, "Subject")))
    return found


def _has_document(message: Message) -> bool:
    for part in parsing.parts(message):
        disposition = str(part.get("Content-Disposition", "")).strip().lower()
        is_inline_picture = disposition.startswith("inline") and part.get("Content-ID")
        if parsing.content_type(part).startswith(_DOCUMENTS) and not is_inline_picture:
            return True
    return False


def _is_forward(message: Message) -> bool:
    prefix, colon, _rest = parsing.header(message, "Subject").replace("：", ":").partition(":")
    folded = phrases.fold(prefix)
    forwards = phrases.said("quoting", "fwd")
    return bool(colon) and folded in forwards and folded not in phrases.said("quoting", "re")


def _domain(address: str) -> str:
    return address.rpartition("@")[2]
