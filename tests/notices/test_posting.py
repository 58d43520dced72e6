"""Single mails wait in the database until a relay took them, each once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP

import dkim as verifier
import pytest
import time_machine

from app.clock import now
from app.mail.relay import parse_relays
from app.notices import posting
from app.notices.models import Notice
from app.notices.posting import Wanted
from app.services import Services
from app.vault import Vault
from newsletters.dkim import Signer
from tests.keys import RSA
from tests.outside import Outside, outside

SIGNER = Signer(RSA, "news.example.org", "docket")


@pytest.fixture
def relay() -> Iterator[Outside]:
    with outside() as server:
        yield server


@pytest.fixture
def mailing(services: Services, relay: Outside) -> Services:
    settings = replace(services.settings, relays=parse_relays(relay.url))
    return replace(services, settings=settings)


def post(services: Services, to: str = "ada@members.example", **values: object) -> int:
    def write(notice_id: int, message_id: str) -> EmailMessage:
        message = EmailMessage(policy=SMTP)
        message["From"], message["To"] = "us@news.example.org", to
        message["Message-ID"], message["Subject"] = message_id, f"number {notice_id}"
        message.set_content("Here is your link.\n")
        return message

    wanted = Wanted("preferences", to, **values)  # type: ignore[arg-type]
    with services.database.writing() as session:
        return posting.post(session, services.vault, services.links, wanted, write, now()).id


def row(services: Services, notice_id: int) -> Notice:
    with services.database.reading() as session:
        return session.get_one(Notice, notice_id)


def is_due(services: Services, at: datetime) -> bool:
    with services.database.reading() as session:
        return posting.is_due(session, at)


def test_a_notice_is_mailed_once(mailing: Services, relay: Outside) -> None:
    notice_id = post(mailing, sender="b+1.x@news.example.org")
    assert is_due(mailing, now())
    assert posting.mail_due(mailing) == 1
    assert posting.mail_due(mailing) == 0
    ((sender, recipient, _content),) = relay.mails
    assert (sender, recipient) == ("b+1.x@news.example.org", "ada@members.example")
    message = relay.messages()["ada@members.example"]
    assert message["Subject"] == f"number {notice_id}"
    assert message["Message-ID"].endswith("@news.example.org>")
    assert row(mailing, notice_id).sent_at is not None


def test_mail_that_must_not_be_answered_has_no_sender(mailing: Services, relay: Outside) -> None:
    post(mailing)
    posting.mail_due(mailing)
    assert relay.mails[0][0] in ("", "<>", None)


def test_its_words_are_encrypted_where_it_waits(mailing: Services) -> None:
    notice_id = post(mailing)
    with mailing.database.reading() as session:
        notice = session.get_one(Notice, notice_id)
        assert b"your link" not in notice.raw
        assert b"your link" in posting.content(mailing.vault, notice)


def test_a_refusal_ends_it_and_stops_no_other(mailing: Services, relay: Outside) -> None:
    relay.refuse["eve@members.example"] = "550 5.1.1 nobody here"
    refused, taken = post(mailing, to="eve@members.example"), post(mailing)
    assert posting.mail_due(mailing) == 2
    assert row(mailing, refused).next_try_at is None
    assert "nobody here" in (row(mailing, refused).last_answer or "")
    assert row(mailing, taken).sent_at is not None


def test_what_is_put_off_is_tried_again(mailing: Services, relay: Outside) -> None:
    relay.refuse["ada@members.example"] = "451 4.3.0 later"
    notice_id = post(mailing)
    posting.mail_due(mailing)
    again = row(mailing, notice_id).next_try_at
    assert again is not None
    relay.refuse.clear()
    with time_machine.travel(again + timedelta(seconds=1)):
        assert posting.mail_due(mailing) == 1
    assert len(relay.mails) == 1


def test_what_is_of_no_use_any_more_is_not_mailed(mailing: Services, relay: Outside) -> None:
    notice_id = post(mailing, lifetime=timedelta(hours=1))
    with time_machine.travel(now() + timedelta(hours=2)):
        posting.mail_due(mailing)
    assert not relay.mails
    assert row(mailing, notice_id).next_try_at is None


def test_one_whose_key_is_gone_is_given_up_and_stops_no_other(
    mailing: Services, relay: Outside
) -> None:
    lost = post(replace(mailing, vault=Vault(["another-key-another-key-another-key"])))
    taken = post(mailing)
    assert posting.mail_due(mailing) == 2
    assert row(mailing, lost).next_try_at is None
    assert row(mailing, taken).sent_at is not None


def test_old_notices_are_forgotten(mailing: Services) -> None:
    notice_id = post(mailing)
    for days, left in ((80, True), (100, False)):
        with mailing.database.writing() as session:
            posting.forget_old(session, now() + timedelta(days=days))
            assert (session.get(Notice, notice_id) is not None) is left


def test_a_notice_is_signed_where_we_sign(mailing: Services, relay: Outside) -> None:
    post(mailing)
    posting.mail_due(replace(mailing, dkim=SIGNER))
    ((_sender, _recipient, content),) = relay.mails
    record = SIGNER.record.encode()
    assert verifier.verify(content, dnsfunc=lambda name, timeout=5: record)
