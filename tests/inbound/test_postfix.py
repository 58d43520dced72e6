"""Real mail through a real Postfix: a newsletter out, and all that comes back in."""

import os
import smtplib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr

import pytest
from sqlalchemy import func, select

from app.clock import now
from app.delivery import preparing
from app.delivery.models import Delivery, DeliveryState, Settlement
from app.delivery.worker import Worker
from app.inbound import filing
from app.inbound.models import InboundMail
from app.issues.composing import House
from app.issues.models import Issue
from app.letters.models import Letter
from app.mail.relay import parse_relays
from app.networks.models import Member, Membership
from app.responses.models import Answer, Channel, Evidence, Response
from app.services import Services
from tests import personas
from tests.inbound.doors import DOMAIN, door, kept
from tests.inbound.postfix import HOST, MAILBOXES, STRANGE, Postfix, postfix, program
from tests.outside import text_of
from tests.processes import PATIENCE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(program() is None, reason="Postfix is not installed"),
    pytest.mark.skipif(os.geteuid() != 0, reason="Postfix is started by root alone"),
]
USERS = ["ada", "bo", "cleo"]
GONE = "gone"  # a member whose mailbox is no longer there


@dataclass(frozen=True)
class Office:
    """Docket with its door open, and Postfix before it."""

    services: Services
    postfix: Postfix


@pytest.fixture
def office(services: Services) -> Iterator[Office]:
    with door(services) as port, postfix(port, USERS) as server:
        settings = replace(
            services.settings,
            relays=parse_relays(f"smtp://{HOST}:{server.port}"),
            takes_mail=True,
        )
        yield Office(replace(services, settings=settings), server)


def send_newsletter(services: Services) -> None:
    with services.database.writing() as session:
        network = personas.network(session)
        for user in (*USERS, GONE):
            personas.member(session, network, user.title(), f"{user}@{MAILBOXES}")
        issue = personas.issue(session, network, [personas.ask(session, personas.case(session))])
        assert preparing.schedule(session, issue, now(), None, now())
        issue_id = issue.id
    with services.database.writing() as session:
        assert preparing.freeze(session, issue_id, now(), House(takes_mail=True)) == len(USERS) + 1
    worker = Worker(services)
    try:
        worker.work_through()
    finally:
        worker.close()


def until(so: Callable[[], bool], server: Postfix) -> None:
    deadline = time.monotonic() + PATIENCE
    while not so():
        assert time.monotonic() < deadline, server.log()
        time.sleep(0.05)


def newsletter(server: Postfix, user: str) -> EmailMessage:
    (raw,) = server.mails(user)
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def write(user: str, to: str, words: str, subject: str = "Re: Two letters") -> EmailMessage:
    message = EmailMessage()
    message["From"] = f"{user.title()} <{user}@{MAILBOXES}>"
    message["To"] = to
    message["Subject"] = subject
    message["Message-ID"] = f"<{user}-{subject.split()[0]}@{MAILBOXES}>"
    message.set_content(words)
    return message


def copy_address(message: EmailMessage) -> str:
    words = text_of(message).split()
    return next(word for word in words if word.startswith("c+") and word.endswith(DOMAIN))


def leave_address(message: EmailMessage) -> str:
    listed = str(message["List-Unsubscribe"])
    return listed.partition("<mailto:")[2].partition(">")[0].partition("?")[0]


def answer(server: Postfix) -> None:
    """Ada says that she did it, Bo copies us in on his letter, Cleo leaves."""
    with smtplib.SMTP(HOST, server.port, timeout=30) as client:
        ada = newsletter(server, "ada")
        reply = write("ada", str(ada["Reply-To"]), "Done!\n\n> Write to the Minister\n")
        reply["In-Reply-To"] = reply["References"] = str(ada["Message-ID"])
        client.send_message(reply)
        letter = write("bo", "minister@justice.example", "Dear Minister,\nfree her.\n", "An appeal")
        copy = copy_address(newsletter(server, "bo"))
        client.send_message(letter, to_addrs=["minister@justice.example", copy])
        leaving = write("cleo", leave_address(newsletter(server, "cleo")), "\n", "unsubscribe")
        client.send_message(leaving)


def kinds(services: Services) -> dict[str, str | None]:
    """Subject-less: envelope sender -> what it was taken for."""
    with services.database.reading() as session:
        mails = session.scalars(select(InboundMail)).all()
        return {mail.arrivals[0].envelope_from or "": mail.kind for mail in mails}


def came(services: Services) -> int:
    with services.database.reading() as session:
        return session.scalar(select(func.count(InboundMail.id))) or 0


def test_a_newsletter_goes_out_and_everything_comes_back_where_it_belongs(
    office: Office,
) -> None:
    services, server = office.services, office.postfix
    send_newsletter(services)
    until(lambda: all(server.mails(user) for user in USERS), server)
    for user in USERS:
        sender = parseaddr(str(newsletter(server, user)["Return-Path"]))[1]
        assert sender.startswith("b+") and sender.endswith(f"@{DOMAIN}")
    answer(server)
    until(lambda: came(services) == 4, server)  # with the bounce of the fourth member's
    assert filing.file_due(services) == 4
    assert kinds(services) == {
        "": "bounce",
        f"ada@{MAILBOXES}": "reply",
        f"bo@{MAILBOXES}": "letter",
        f"cleo@{MAILBOXES}": "unsubscribe",
    }
    with services.database.reading() as session:

        def of(user: str) -> Delivery:
            email = f"{user}@{MAILBOXES}"
            statement = select(Delivery).join(Member, Member.id == Delivery.member_id)
            return session.scalars(statement.where(Member.email_key == email)).one()

        bounced = session.get_one(Settlement, of(GONE).id)
        assert bounced.state == DeliveryState.BOUNCED
        responses = session.scalars(select(Response)).all()
        said = {one.delivery_id: (one.answer, one.channel) for one in responses}
        assert said[of("ada").id] == (Answer.DONE, Channel.MAIL)
        letter = session.scalars(select(Letter)).one()
        assert letter.delivery_id == of("bo").id
        evidence = session.scalars(select(Evidence)).one()
        assert evidence.letter_id == letter.id
        ended = session.scalars(select(Membership).where(Membership.ended_at.is_not(None))).one()
        assert ended.id == of("cleo").membership_id
        assert session.scalars(select(Issue)).one().finished_at is not None


def test_what_is_not_for_us_is_bounced_for_that_recipient_alone(office: Office) -> None:
    server = office.postfix
    mail = write("ada", "Everybody <nobody@news.example.org>", "Hello\n")
    with smtplib.SMTP(HOST, server.port, timeout=30) as client:
        client.send_message(mail, to_addrs=[f"x@{DOMAIN}", f"x@{STRANGE}", f"y@{DOMAIN}"])
    until(lambda: bool(server.mails("ada")), server)
    bounce = server.mails("ada")[0]
    assert b"550 5.1.1 No such address here" in bounce
    assert f"x@{STRANGE}".encode() in bounce and f"x@{DOMAIN}".encode() not in bounce
    until(lambda: came(office.services) == 1, server)
    (stored,) = kept(office.services)
    assert {one[2] for one in stored.arrivals} == {f"x@{DOMAIN}", f"y@{DOMAIN}"}


def test_a_mail_of_50_mb_comes_through(office: Office) -> None:
    words = b"Subject: large\r\n\r\n" + b"a line of some length\r\n" * 2_260_000
    with smtplib.SMTP(HOST, office.postfix.port, timeout=PATIENCE) as client:
        client.sendmail(f"ada@{MAILBOXES}", [f"x@{DOMAIN}"], words)
    until(lambda: came(office.services) == 1, office.postfix)
    assert kept(office.services)[0].raw.endswith(words[20:])


def test_while_the_door_is_closed_postfix_keeps_what_comes(services: Services) -> None:
    with postfix(1, USERS) as server:
        with smtplib.SMTP(HOST, server.port, timeout=30) as client:
            client.send_message(write("ada", f"x@{DOMAIN}", "Hello\n"))
        until(lambda: "status=deferred" in server.log(), server)
        assert "status=bounced" not in server.log()
    assert came(services) == 0
