"""Mailing the confirmations that invitations ask for, and forgetting those nobody answered."""

from datetime import datetime
from email.message import EmailMessage

from flask_babel import gettext as _
from sqlalchemy import Select, delete
from sqlalchemy.orm import Session

from app.clock import now
from app.links import Links, Purpose
from app.mail.answers import Answer, unsendable
from app.mail.smtp import Client
from app.networks.models import Invitation
from app.notices import mailing, writing
from app.services import Services


def mail_due(services: Services) -> int:
    """Mail the confirmations that are due; how many were tried."""
    return mailing.mail_each(services, Invitation, _due, _mail)


def is_due(session: Session, at: datetime) -> bool:
    """Whether any confirmation is to be mailed now: one cheap look."""
    return session.scalar(_due(at).limit(1)) is not None


def confirmation(invitation: Invitation, links: Links, at: datetime) -> EmailMessage:
    """The mail that asks; its link leads to a page whose form confirms."""
    network = invitation.network
    body = _(
        "Hello,\n\n"
        "somebody, probably you, asked for this address to receive the newsletter of\n"
        "%(network)s. To confirm, open this page and press the button there:\n\n"
        "%(link)s\n\n"
        "If that was not you, do nothing. Nobody will write to you again, and the\n"
        "address is forgotten after 30 days.\n\n"
        "%(sender)s\n",
        network=network.name,
        link=confirm_url(links, invitation.id),
        sender=network.from_name,
    )
    subject = _("Please confirm: %(network)s", network=network.name)
    message_id = f"<{links.sign(Purpose.INVITATION_ID, invitation.id)}@{links.mail_domain}>"
    return writing.plain(network, invitation.email, subject, body, message_id, at)


def confirm_url(links: Links, invitation_id: int) -> str:
    return f"{links.base_url}/confirm/{links.sign(Purpose.CONFIRM, invitation_id)}"


def forget_expired(session: Session, at: datetime) -> None:
    """The address of who never confirmed is not ours to keep."""
    session.execute(
        delete(Invitation).where(Invitation.confirmed_at.is_(None), Invitation.expires_at < at)
    )


def _due(at: datetime) -> Select[int]:
    return mailing.due(Invitation, at).where(Invitation.expires_at > at)


def _mail(services: Services, client: Client, invitation_id: int) -> None:
    with services.database.reading() as session:
        invitation = session.get_one(Invitation, invitation_id)
        sender, recipient = invitation.network.from_address, invitation.email
        message = _written(invitation, services)
    if isinstance(message, Answer):
        answer = message
    else:
        answer = client.send(sender, recipient, message)
    with services.database.writing() as session:
        _settle(session.get_one(Invitation, invitation_id), answer, now())


def _written(invitation: Invitation, services: Services) -> bytes | Answer:
    """The mail, or the answer of one that cannot be written: it must not stop the others."""
    try:
        return services.signed(confirmation(invitation, services.links, now()).as_bytes())
    except ValueError as error:
        return unsendable(str(error))


def _settle(invitation: Invitation, answer: Answer, at: datetime) -> None:
    if mailing.settle(invitation, answer, at):
        invitation.mailed_at = at
