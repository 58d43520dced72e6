"""A mail in pieces: the same bytes again, none in the place of another, all gone when forgotten."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.clock import now
from app.inbound import filing, pieces
from app.inbound.models import InboundMail, InboundPiece
from app.inbound.receiving import Arrival, receive
from app.vault import Unreadable, Vault
from tests.conftest import KEY

VAULT = Vault([KEY])
SMALL = 1000  # a piece, here


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "PIECE", SMALL)


def kept(session: Session, raw: bytes) -> InboundMail:
    return session.get_one(InboundMail, receive(session, VAULT, raw, Arrival("pipe"), now()))


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(InboundPiece)) or 0


@pytest.mark.parametrize(
    ("size", "rest"),
    [(0, 0), (SMALL - 1, 0), (SMALL, 0), (SMALL + 1, 1), (2 * SMALL, 1), (5 * SMALL - 7, 4)],
)
def test_whatever_its_size_it_comes_out_as_it_went_in(
    session: Session, size: int, rest: int
) -> None:
    raw = bytes(n % 251 for n in range(size))
    assert pieces.whole(VAULT, kept(session, raw)) == raw
    assert count(session) == rest
    assert pieces.whole(VAULT, kept(session, raw)) == raw  # a second time is no second mail
    assert count(session) == rest


def test_a_piece_in_anothers_place_is_not_believed(session: Session) -> None:
    mail = kept(session, b"x" * 3 * SMALL)
    first, second = session.scalars(select(InboundPiece).order_by(InboundPiece.number)).all()
    first.sealed, second.sealed = second.sealed, first.sealed
    session.flush()  # as a change in the database would
    with pytest.raises(Unreadable):
        pieces.whole(VAULT, mail)


def test_without_a_piece_it_is_unreadable(session: Session) -> None:
    mail = kept(session, b"x" * 3 * SMALL)
    session.delete(session.get_one(InboundPiece, (mail.id, 2)))
    session.flush()  # it is gone
    with pytest.raises(Unreadable):
        pieces.whole(VAULT, mail)


def test_what_is_forgotten_is_gone_with_all_its_pieces(session: Session) -> None:
    first, second = kept(session, b"x" * 3 * SMALL), kept(session, b"y" * 3 * SMALL)
    pieces.forget(first)
    session.flush()  # others read it
    assert count(session) == 2
    with pytest.raises(Unreadable):
        pieces.whole(VAULT, first)
    assert pieces.whole(VAULT, second)


def test_old_mail_loses_its_pieces_too(session: Session) -> None:
    old, fresh = kept(session, b"x" * 3 * SMALL), kept(session, b"y" * 3 * SMALL)
    ago = {"received_at": now() - timedelta(days=91), "state": "sorted"}
    session.execute(update(InboundMail).where(InboundMail.id == old.id).values(ago))
    assert filing.forget_old(session, 90, now()) == 1
    assert count(session) == 2
    assert pieces.whole(VAULT, fresh)
