"""Staff answer by mail: to whom, from where, and what becomes of the conversation."""

import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.conversations import briefs, reading, writing
from app.conversations.models import Conversation
from app.conversations.reading import Read
from app.errors import Refused
from app.inbound.models import InboundMail
from app.links import Links, Purpose
from app.networks.addresses import EmailNotValidError, check_address
from app.networks.models import Network
from app.notices import posting
from app.notices.models import Notice
from app.notices.posting import Wanted
from app.services import Services
from app.staff.models import Staff
from app.vault import Unreadable, Vault
from newsletters import words

KIND = "answer"
_ROBOT = re.compile(
    r"(?:no|do-?not|ne)[-_.]?(?:reply|pas-?repondre|respond)|mailer-daemon|mail-?daemon|postmaster"
    r"|bounces?|double-bounce|nobody|null",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Answerable:
    """Where an answer goes, or why none can go anywhere."""

    recipient: str = ""
    why_not: str = ""


def newest_mail(
    session: Session, conversation: Conversation, seen: int | None = None
) -> InboundMail | None:
    """`seen`: the newest that somebody looked at; None for all of them."""
    mails = select(InboundMail).where(InboundMail.conversation_id == conversation.id)
    if seen is not None:
        mails = mails.where(InboundMail.id <= seen)
    return session.scalars(mails.order_by(InboundMail.id.desc()).limit(1)).first()


def answerable(
    session: Session, services: Services, conversation: Conversation, mail: Read | None
) -> Answerable:
    """`mail`: the newest that came in, where its words are still there."""
    if conversation.network is None:
        return Answerable(why_not=_("It belongs to no network yet: nobody could sign the answer."))
    if mail is not None and mail.is_robot:
        return Answerable(why_not=_("A program or a mailing list wrote this."))
    address = briefs.unseal(services.vault, conversation.brief).address
    if mail is not None:
        address = mail.reply_to or mail.sender
    try:
        checked = check_address(address)
    except (EmailNotValidError, ValueError):
        return Answerable(why_not=_("The mail names no address that an answer could go to."))
    recipient = f"{checked.email.rpartition('@')[0]}@{checked.key.rpartition('@')[2]}"
    if not recipient.isascii():
        return Answerable(why_not=_("The address has letters that this form cannot write to."))
    if _ROBOT.fullmatch(recipient.partition("@")[0]):
        return Answerable(why_not=_("Nobody reads what is sent to that address."))
    if is_ours(session, services.links, recipient):
        return Answerable(why_not=_("The mail came from an address of our own."))
    return Answerable(recipient)


def is_ours(session: Session, links: Links, address: str) -> bool:
    """An answer there would come back to us, and be answered."""
    lower = address.lower()
    if lower.rpartition("@")[2] == links.mail_domain or links.read_address(lower) is not None:
        return True
    networks = or_(func.lower(Network.from_address) == lower, func.lower(Network.reply_to) == lower)
    return session.scalar(select(Network.id).where(networks).limit(1)) is not None


def answer(
    session: Session,
    services: Services,
    conversation: Conversation,
    text: str,
    staff: Staff,
    now: datetime,
    seen: int | None = None,
) -> Notice:
    """Write it and have it mailed. Refused where no answer can go.

    `seen`: the mail that is answered. One that came meanwhile may be from somebody else.
    """
    mail = newest_mail(session, conversation, seen)
    read = reading.read(services.vault, mail) if mail is not None else None
    to = answerable(session, services, conversation, read)
    if to.why_not or conversation.network is None:
        raise Refused(to.why_not)
    talk = services.links.address(Purpose.TALK, conversation.id)
    takes_mail, network = services.settings.takes_mail, conversation.network
    brief = briefs.unseal(services.vault, conversation.brief)
    reply = writing.Reply(
        sender=(network.from_name, network.from_address),
        recipient=to.recipient,
        reply_to=talk if takes_mail else network.reply_to or "",
        subject=read.subject if read else brief.subject,
        text=text,
        message_id=read.message_id if read else "",
        references=read.references if read else (),
        attribution=_attribution(network, read, mail),
        quoted=read.text if read else "",
    )
    wanted = Wanted(
        KIND,
        to.recipient,
        sender=talk if takes_mail else network.from_address,
        conversation_id=conversation.id,
        written_by=staff.id,
    )
    conversation.touched_at = now
    return posting.post(
        session,
        services.vault,
        services.links,
        wanted,
        lambda _id, message_id: writing.compose(reply, message_id, now),
        now,
    )


def text_of(vault: Vault, notice: Notice) -> str | None:
    """What staff wrote in an answer, without what it quotes; None when it cannot be read."""
    try:
        raw = posting.content(vault, notice)
    except Unreadable:
        return None
    message = message_from_bytes(raw, policy=policy.default)
    return writing.without_quote(message.get_content())


def _attribution(network: Network, read: Read | None, mail: InboundMail | None) -> str:
    if read is None or mail is None:
        return ""
    day = words.day(
        mail.received_at.astimezone(ZoneInfo(network.timezone)).date(), network.language
    )
    who = read.sender_name or read.sender
    return str(_("On %(day)s, %(who)s wrote:", day=day, who=who))
