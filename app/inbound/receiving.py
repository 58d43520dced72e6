"""Mail comes in: every door hands its bytes to `receive`, which stores first. Thinking is later."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db import changed, insert_ignoring
from app.inbound import pieces
from app.inbound.models import InboundArrival, InboundMail, MailState
from app.inbound.sorting import parsing
from app.vault import Vault

SEALED_AS = pieces.SEALED_AS
LONGEST_ADDRESS = 320  # RFC 5321 4.5.3.1: 64, an @, 255
MOST_RECIPIENTS = 100
_PIECE = 1 << 20  # bytes hashed at once
# What is the same on every way that a mail takes; trace headers differ (RFC 5322 3.6.7).
_TELLING = ("message-id", "date", "from", "to", "cc", "subject", "content-type", "in-reply-to")


@dataclass(frozen=True)
class Arrival:
    """How a mail reached us. `envelope_from`: empty for the null sender, None where not known."""

    door: str
    envelope_from: str | None = None
    recipients: tuple[str, ...] = ()


def receive(session: Session, vault: Vault, raw: bytes, arrival: Arrival, now: datetime) -> int:
    """Keep the mail, once however often it comes; the id of its row.

    One that comes again for somebody else is looked at again.
    """
    mark = fingerprint(raw)
    known = session.scalar(select(InboundMail.id).where(InboundMail.fingerprint == mark))
    mail_id = known or _store(session, vault, raw, mark, now)
    if _note_arrival(session, mail_id, arrival, now) and known:
        mail = session.get_one(InboundMail, mail_id, with_for_update=True)
        mail.state, mail.attempts, mail.next_try_at = MailState.RECEIVED.value, 0, now
    return mail_id


def fingerprint(raw: bytes) -> str:
    """The same for the same mail on another way: line ends, trace headers and what relays add to
    the header do not count."""
    digest = blake2b(digest_size=20)
    message = parsing.parse(parsing.head_of(raw))
    for name in _TELLING:
        for value in parsing.headers(message, name):
            digest.update(f"{name}:{' '.join(value.split())}\n".encode("utf-8", "replace"))
    for piece in _body(raw):
        digest.update(piece)
    return digest.hexdigest()


def _body(raw: bytes) -> Iterator[bytes]:
    """Without what differs between doors: carriage returns, and blank lines at the end."""
    starts = [at for blank in (b"\r\n\r\n", b"\n\n") if (at := raw.find(blank)) >= 0]
    view = memoryview(raw)[min(starts) if starts else 0 :]
    held = b""
    for begin in range(0, len(view), _PIECE):
        piece = held + bytes(view[begin : begin + _PIECE]).translate(None, b"\r")
        kept = piece.rstrip(b"\n")
        held = piece[len(kept) :]
        yield kept


def _store(session: Session, vault: Vault, raw: bytes, mark: str, now: datetime) -> int:
    row = insert_ignoring(session, InboundMail).values(
        fingerprint=mark,
        received_at=now,
        size=len(raw),
        raw=pieces.first(vault, raw),
        state=MailState.RECEIVED.value,
        attempts=0,
        next_try_at=now,
        why="",
    )
    is_new = changed(session, row)
    mail_id = session.scalars(select(InboundMail.id).where(InboundMail.fingerprint == mark)).one()
    if is_new:
        pieces.store_rest(session, vault, mail_id, raw)
    return mail_id


def _note_arrival(session: Session, mail_id: int, arrival: Arrival, now: datetime) -> bool:
    """Whether it came for anybody for whom it had not come before."""
    recipients = {_kept(one).lower() for one in arrival.recipients} or {""}
    sender = None if arrival.envelope_from is None else _kept(arrival.envelope_from)
    news = 0
    for recipient in sorted(recipients)[:MOST_RECIPIENTS]:
        row = insert_ignoring(session, InboundArrival).values(
            mail_id=mail_id,
            door=arrival.door,
            envelope_from=sender,
            recipient=recipient,
            at=now,
        )
        news += changed(session, row)
    return news > 0


def _kept(address: str) -> str:
    """As both databases can hold it."""
    return address.strip()[:LONGEST_ADDRESS].replace("\0", "").encode(errors="replace").decode()
