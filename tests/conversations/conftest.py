"""Two networks, a newsletter that went out, and mail that members write."""

from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from itertools import count
from typing import Any

import pytest
from sqlalchemy import select

from app.clock import now
from app.conversations.models import Conversation
from app.inbound import filing
from app.inbound.models import InboundMail
from app.inbound.receiving import Arrival, receive
from app.issues.models import Issue, Offer
from app.links import Purpose
from app.notices import posting
from app.notices.models import Notice
from app.responses.models import Response
from app.services import Services
from tests import personas

ADA = "ada@quill.example"
_number = count(1)


@dataclass(frozen=True)
class Post:
    """The mail that comes and goes, and what became of it."""

    services: Services
    network_id: int
    delivery_id: int
    offer_ids: tuple[int, ...]

    @property
    def reply_address(self) -> str:
        return self.services.links.address(Purpose.REPLY, self.delivery_id)

    def brings(self, mail: EmailMessage | bytes, *recipients: str) -> int:
        """Through a door, and sorted; the id of the mail."""
        raw = mail if isinstance(mail, bytes) else mail.as_bytes()
        arrival = Arrival("smtp", ADA, recipients or (self.reply_address,))
        with self.services.database.writing() as session:
            mail_id = receive(session, self.services.vault, raw, arrival, now())
        filing.file_due(self.services)
        return mail_id

    def mail(self, mail_id: int) -> InboundMail:
        with self.services.database.reading() as session:
            return session.get_one(InboundMail, mail_id)

    def conversations(self) -> list[Conversation]:
        with self.services.database.reading() as session:
            return list(session.scalars(select(Conversation).order_by(Conversation.id)))

    def only(self) -> Conversation:
        (conversation,) = self.conversations()
        return conversation

    def responses(self) -> list[Response]:
        with self.services.database.reading() as session:
            return list(session.scalars(select(Response).order_by(Response.id)))

    def said(self) -> list[tuple[str, str]]:
        return [(row.answer, row.channel) for row in self.responses()]

    def notices(self) -> list[tuple[Notice, bytes]]:
        with self.services.database.reading() as session:
            rows = session.scalars(select(Notice).order_by(Notice.id)).all()
            return [(row, posting.content(self.services.vault, row)) for row in rows]

    def change(self, what: Callable[[Any], None]) -> None:
        """what(session) in a transaction of its own."""
        with self.services.database.writing() as session:
            what(session)


def letter(text: str, sender: str = f"Ada Quill <{ADA}>", **headers: str) -> EmailMessage:
    """A mail as a person writes it, each with a Message-ID of its own."""
    mail = EmailMessage(policy=SMTP)
    wanted = {
        "From": sender,
        "To": "someone@news.example.org",
        "Subject": "Re: Two letters this month",
        "Date": "Tue, 24 Nov 2026 09:00:00 +0000",
        "Message-ID": f"<{next(_number)}.mail@quill.example>",
    }
    for name, value in (wanted | {k.replace("_", "-"): v for k, v in headers.items()}).items():
        if value:
            mail[name] = value
    mail.set_content(text)
    return mail


@pytest.fixture
def post(services: Services) -> Post:
    """Ada was asked one thing."""
    return _sent(services, 1)


@pytest.fixture
def post_of_two(services: Services) -> Post:
    """Ada was asked two things."""
    return _sent(services, 2)


def _sent(services: Services, asks: int) -> Post:
    with services.database.writing() as session:
        network = personas.network(session)
        personas.network(session, "medical")
        personas.member(session, network, "Ada Quill", ADA)
        case = personas.case(session)
        issue = personas.issue(session, network, [personas.ask(session, case) for _ in range(asks)])
        delivery = personas.delivered(session, issue)[0]
        return Post(services, network.id, delivery.id, tuple(o.id for o in issue.offers))


def offer(session: Any, post: Post) -> Offer:
    found: Offer = session.get_one(Offer, post.offer_ids[0])
    return found


def issue_of(session: Any, post: Post) -> Issue:
    return offer(session, post).issue
