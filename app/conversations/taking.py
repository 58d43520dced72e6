"""What a person wrote to us goes into a conversation. What it plainly says is recorded where there
is no doubt; otherwise it is suggested to staff."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.conversations import briefs, finding, recording
from app.conversations.finding import Whose
from app.conversations.models import Conversation, ConversationState
from app.delivery.models import Delivery
from app.inbound.models import InboundMail
from app.inbound.sorting.shapes import Hardness, Kind, Sorted
from app.links import Links
from app.notices.models import Notice
from app.vault import Vault


def take(
    session: Session,
    vault: Vault,
    links: Links,
    mail: InboundMail,
    found: Sorted,
    delivery: Delivery | None,
    now: datetime,
) -> Conversation | None:
    """The conversation that the mail is in; a mail that comes again changes nothing.

    None for what nobody recognises and no member wrote: admins see it among what is not sorted.
    """
    delivery = delivery or finding.delivery_answered(session, links, found)
    if mail.conversation_id is not None:
        return _again(session, mail, delivery)
    if delivery is not None:
        recording.lock(session, delivery.id)  # two mails at once begin one conversation
    place = finding.whose(session, mail, found, delivery)
    going_on = finding.thread(session, vault, links, found, place, now)
    if going_on is None and place.member_id is None and found.kind is Kind.UNRECOGNISED:
        return None
    is_new = going_on is None
    conversation = going_on or _open(session, vault, place, found, now)
    if not is_new:
        session.refresh(conversation, with_for_update=True)
    before = None if is_new else ConversationState(conversation.state)
    _put_in(session, vault, conversation, mail, found, now)
    recording.weigh(session, vault, conversation, mail, found, before, now)
    return conversation


def came_back(session: Session, found: Sorted, now: datetime) -> bool:
    """What staff wrote did not arrive: they see it. False for mail that is of no conversation."""
    failures = [one for one in found.failures if one.hardness is not Hardness.LATE]
    conversation = finding.addressed(session, found.ours)
    if conversation is None or not failures:
        return False
    session.refresh(conversation, with_for_update=True)
    written = session.scalars(
        select(Notice)
        .where(Notice.conversation_id == conversation.id, Notice.sent_at.is_not(None))
        .order_by(Notice.id.desc())
        .limit(1)
    ).first()
    if written is not None:
        written.sent_at, written.last_answer = None, failures[0].text or found.why
    conversation.state, conversation.touched_at = ConversationState.UNREAD.value, now
    return True


def _open(
    session: Session, vault: Vault, place: Whose, found: Sorted, now: datetime
) -> Conversation:
    conversation = Conversation(
        network_id=place.network_id,
        member_id=place.member_id,
        delivery_id=place.delivery_id,
        correspondent=place.correspondent,
        brief=briefs.seal(vault, briefs.of(found)),
        state=ConversationState.UNREAD.value,
        opened_at=now,
        touched_at=now,
    )
    session.add(conversation)
    session.flush()  # the mail names it
    return conversation


def _put_in(
    session: Session,
    vault: Vault,
    conversation: Conversation,
    mail: InboundMail,
    found: Sorted,
    now: datetime,
) -> None:
    conversation.brief = briefs.seal(vault, briefs.of(found))
    conversation.state, conversation.touched_at = ConversationState.UNREAD.value, now
    mail.conversation_id = conversation.id
    mail.delivery_id = mail.delivery_id or conversation.delivery_id


def _again(session: Session, mail: InboundMail, delivery: Delivery | None) -> Conversation:
    """It came for another recipient as well, who may say whose it is."""
    conversation = session.get_one(Conversation, mail.conversation_id)
    if delivery is None or conversation.delivery_id is not None:
        return conversation
    network_id = delivery.issue.network_id
    if conversation.network_id in (None, network_id):  # else others would read what is theirs
        conversation.delivery_id, conversation.network_id = delivery.id, network_id
        conversation.member_id = delivery.member_id
    return conversation
