"""Mail is stored before anybody thinks about it, and once however often it comes."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import now
from app.inbound.models import InboundArrival, InboundMail, MailState
from app.inbound.receiving import SEALED_AS, Arrival, fingerprint, receive
from app.vault import Vault

KEY = "a-key-for-tests-only-a-key-for-tests-only"
VAULT = Vault([KEY])
MAIL = (
    b"From: Ada <ada@members.example>\r\nTo: r+1.x@news.example.org\r\n"
    b"Message-ID: <1@members.example>\r\nSubject: Re: Two letters\r\n\r\nDone.\r\n"
)
TO_US = Arrival("smtp", "ada@members.example", ("R+1.x@news.example.org",))


def test_a_mail_is_kept_as_it_came_and_encrypted(session: Session) -> None:
    mail_id = receive(session, VAULT, MAIL, TO_US, now())
    mail = session.get_one(InboundMail, mail_id)
    assert mail.raw is not None
    assert b"ada@" not in mail.raw
    assert VAULT.open(mail.raw, SEALED_AS) == MAIL
    assert (mail.state, mail.size, mail.kind) == (MailState.RECEIVED, len(MAIL), None)
    assert [one.recipient for one in mail.arrivals] == ["r+1.x@news.example.org"]


@pytest.mark.parametrize(
    "again",
    [
        MAIL,
        MAIL.replace(b"\r\n", b"\n"),
        b"Received: from a by b; now\r\n" + MAIL,
        b"Return-Path: <ada@members.example>\nDelivered-To: us\n" + MAIL.replace(b"\r\n", b"\n"),
        MAIL + b"\r\n\r\n",
        MAIL.replace(b"Subject: Re: Two letters", b"Subject: Re:\r\n Two letters"),
    ],
    ids=["same", "line ends", "trace", "mailbox", "blank lines", "folding"],
)
def test_the_same_mail_by_another_way_is_one_mail(session: Session, again: bytes) -> None:
    first = receive(session, VAULT, MAIL, TO_US, now())
    second = receive(session, VAULT, again, Arrival("imap"), now())
    assert first == second
    assert len(session.scalars(select(InboundMail)).all()) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Done.", b"Done"),
        (b"<1@", b"<2@"),
        (b"Ada", b"Ann"),
        (b"Two letters", b"Three letters"),
        (b"To: r+1", b"To: r+2"),
    ],
)
def test_another_mail_is_another(old: bytes, new: bytes) -> None:
    assert fingerprint(MAIL) != fingerprint(MAIL.replace(old, new))


def test_a_mail_that_comes_for_somebody_else_too_is_looked_at_again(session: Session) -> None:
    mail_id = receive(session, VAULT, MAIL, TO_US, now())
    mail = session.get_one(InboundMail, mail_id)
    mail.state = MailState.SORTED.value
    receive(session, VAULT, MAIL, TO_US, now())
    assert mail.state == MailState.SORTED
    receive(session, VAULT, MAIL, Arrival("smtp", "", ("c+1.2.x@news.example.org",)), now())
    assert mail.state == MailState.RECEIVED
    session.expire(mail)
    assert {one.recipient for one in mail.arrivals} == {
        "r+1.x@news.example.org",
        "c+1.2.x@news.example.org",
    }


@pytest.mark.parametrize(
    "raw", [b"", b"\0", b"\r\n\r\n", b"no header", b"\xff" * 100, b"A: b\n" * 100_000]
)
def test_whatever_comes_is_kept(session: Session, raw: bytes) -> None:
    strange = Arrival("pipe", "\udcff\0" + "a" * 1000, ("\udcff\0@\0",))
    mail_id = receive(session, VAULT, raw, strange, now() + timedelta(seconds=1))
    mail = session.get_one(InboundMail, mail_id)
    assert VAULT.open(mail.raw or b"", SEALED_AS) == raw
    assert session.scalars(select(InboundArrival.recipient)).all() == ["?@"]
