"""The bytes of a mail, sealed in pieces, so that a large one is never held twice.

The first piece stands in the mail's row, which is all there is of nearly every mail.
"""

from io import BytesIO

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session, object_session

from app.inbound.models import InboundMail, InboundPiece
from app.vault import Unreadable, Vault

PIECE = 1 << 20  # bytes
SEALED_AS = "inbound mail"


def first(vault: Vault, raw: bytes) -> bytes:
    return vault.seal(raw[:PIECE], SEALED_AS)


def store_rest(session: Session, vault: Vault, mail_id: int, raw: bytes) -> None:
    for number, begin in enumerate(range(PIECE, len(raw), PIECE), start=1):
        sealed = vault.seal(raw[begin : begin + PIECE], _about(number))
        row = {"mail_id": mail_id, "number": number, "sealed": sealed}
        session.execute(insert(InboundPiece).values(row))


def whole(vault: Vault, mail: InboundMail) -> bytes:
    """The mail as it came. Unreadable once its words were deleted, or when its key is gone."""
    if mail.raw is None:
        raise Unreadable("its words were deleted")
    begin = vault.open(mail.raw, SEALED_AS)
    if len(begin) < PIECE:
        return begin
    content = BytesIO()
    content.write(begin)
    for number in range(1, -(-mail.size // PIECE)):
        content.write(vault.open(_sealed(mail, number), _about(number)))
    return content.getvalue()


def forget(mail: InboundMail) -> None:
    """Delete the words; that the mail came stays."""
    mail.raw = None
    session = object_session(mail)
    assert session is not None
    session.execute(delete(InboundPiece).where(InboundPiece.mail_id == mail.id))


def forget_rests(session: Session) -> None:
    """Of all mails whose first piece is deleted."""
    gone = select(InboundMail.id).where(InboundMail.raw.is_(None), InboundMail.size > PIECE)
    session.execute(delete(InboundPiece).where(InboundPiece.mail_id.in_(gone)))


def _sealed(mail: InboundMail, number: int) -> bytes:
    session = object_session(mail)
    assert session is not None
    found = InboundPiece.mail_id == mail.id, InboundPiece.number == number
    sealed = session.scalar(select(InboundPiece.sealed).where(*found))
    if sealed is None:
        raise Unreadable("a piece of it is missing")
    return sealed


def _about(number: int) -> str:
    """So that no piece can be put in another's place."""
    return f"{SEALED_AS}, piece {number}"
