"""What members of the example write back, taken in as if it had come by mail."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.delivery.models import Delivery, Settlement
from app.inbound import filing
from app.inbound.filing import Desk
from app.inbound.receiving import Arrival, receive
from app.issues.models import Issue
from app.links import Purpose
from app.responses.models import Response
from app.services import Services

# (how long ago, what they write), of members who have not answered by link.
WORDS = (
    (timedelta(days=3), "Done.\n\nKind regards"),
    (
        timedelta(days=2),
        "Before I write: may the letter to the minister be in French? I am sure of my French, and "
        "not of my English.",
    ),
    (
        timedelta(hours=30),
        "I have lived in Port Halden for six years and can translate from and into Veridian. "
        "Please call on me.",
    ),
    (
        timedelta(hours=5),
        "The summary says that the printing house was sealed in May. It was in March; I was there "
        "for our paper.",
    ),
)


def write_back(session: Session, services: Services, issue: Issue, now: datetime) -> None:
    """Some who were silent answer the issue by mail."""
    for delivery, (ago, words) in zip(_silent(session, issue), WORDS, strict=False):
        at = now - ago
        raw = _mail(delivery, words, at)
        address = services.links.address(Purpose.REPLY, delivery.id)
        arrival = Arrival("example", delivery.member.email, (address,))
        mail_id = receive(session, services.vault, raw, arrival, at)
        session.flush()  # sorting reads it from the database
        days = services.settings.letter_days
        filing.file(Desk(session, services.vault, services.links, days, at), mail_id)


def _silent(session: Session, issue: Issue) -> Sequence[Delivery]:
    answered = select(Response.delivery_id).where(Response.delivery_id == Delivery.id)
    return session.scalars(
        select(Delivery)
        .join(Settlement, Settlement.delivery_id == Delivery.id)
        .where(Delivery.issue_id == issue.id, Settlement.state == "sent", ~answered.exists())
        .order_by(Delivery.id.desc())
    ).all()


def _mail(delivery: Delivery, words: str, at: datetime) -> bytes:
    member, issue = delivery.member, delivery.issue
    mail = EmailMessage(policy=SMTP)
    mail["From"] = formataddr((member.name, member.email))
    mail["To"] = issue.network.from_address
    mail["Subject"] = f"Re: {delivery.edition.subject}"
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<reply-{delivery.id}@{member.email.rpartition('@')[2]}>"
    sent = issue.frozen_at or at
    mail.set_content(
        f"{words}\n\n{member.name}\n\n"
        f"On {sent:%d %b %Y} at {sent:%H:%M}, {issue.network.from_name} "
        f"<{issue.network.from_address}> wrote:\n"
        f"> {issue.preview}\n"
    )
    return mail.as_bytes()
