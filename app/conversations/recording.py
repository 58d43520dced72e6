"""What a mail says of an ask: recorded by itself, or suggested; accepted, corrected, taken back."""

from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.conversations import finding, reading
from app.conversations.models import Conversation, ConversationState, Doubt
from app.delivery.models import Delivery
from app.direct import Connection
from app.errors import NotFound, Refused
from app.inbound.models import InboundMail
from app.inbound.sorting import phrases
from app.inbound.sorting.shapes import Kind, Sorted
from app.inbound.sorting.shapes import Purpose as Letter
from app.notices.models import Notice
from app.responses import answering, statements
from app.responses.answering import Asked, Details, Source, Standing
from app.responses.models import Answer, Channel, Response
from app.staff.models import Staff
from app.vault import Vault

SAYABLE = frozenset(Answer) - {Answer.UNDONE}
# A mail's address says whose it is, as a link does; its ask is over when its window is.
LIFETIME = timedelta(days=3650)


def lock(session: Session, delivery_id: int) -> None:
    """One at a time for each delivery, until the transaction ends."""
    answering.lock(_driver(session), (delivery_id, 0))


def weigh(
    session: Session,
    vault: Vault,
    conversation: Conversation,
    mail: InboundMail,
    found: Sorted,
    before: ConversationState | None,
    now: datetime,
) -> None:
    """Record what the mail says where nothing speaks against it; else suggest it, if it says
    anything. `before`: the state of a conversation that was there."""
    if found.said is None or found.said.answer not in SAYABLE or conversation.delivery_id is None:
        return
    answer = Answer(found.said.answer)
    delivery = session.get_one(Delivery, conversation.delivery_id)
    lock(session, delivery.id)
    asked = _asked(session, delivery, now)
    if not asked:
        return
    doubt = _doubt(session, conversation, mail, found, delivery) or _against(asked, answer, mail)
    if doubt is not None:
        open_asks = [one for one in asked if _is_open(one)]
        only = open_asks[0].ids[1] if len(open_asks) == 1 else None
        _suggest(conversation, answer, only, doubt)
        return
    _record(session, conversation, asked[0], answer, now, Source(Channel.MAIL))
    at_rest = before in (None, ConversationState.HANDLED)
    if at_rest and not reading.says_more(vault, mail, found):
        conversation.state = ConversationState.HANDLED.value


def accept(
    session: Session,
    conversation: Conversation,
    offer_id: int,
    answer: Answer,
    staff: Staff,
    now: datetime,
) -> Response:
    """Staff say what the mail says, of which ask. NotFound when its member was not asked that."""
    if conversation.delivery_id is None:
        raise NotFound(_("Nobody knows which newsletter this answers."))
    lock(session, conversation.delivery_id)
    ids = (conversation.delivery_id, offer_id)
    asked = answering.find(_driver(session), ids, LIFETIME, now)
    if asked is None or answer not in SAYABLE:
        raise NotFound(_("This member was not asked that."))
    _take_back_other(session, conversation, offer_id, staff, now)
    said = _record(session, conversation, asked, answer, now, Source(Channel.MAIL, staff.id))
    conversation.state = ConversationState.HANDLED.value
    return session.get_one(Response, said.id)


def undo(session: Session, conversation: Conversation, staff: Staff, now: datetime) -> Response:
    """Back to what the member had said before; the same answer is suggested again.

    Refused when something was said since.
    """
    recorded = conversation.recorded_id and session.get(Response, conversation.recorded_id)
    if not recorded:
        raise Refused(_("Nothing is recorded of this conversation."))
    ids = (recorded.delivery_id, recorded.offer_id)
    answering.lock(_driver(session), ids)
    newest = answering.newest(_driver(session), ids)
    if newest is None or newest.id != recorded.id:
        raise Refused(_("The member has answered otherwise since. That answer stands."))
    answer, details = _before(session, recorded)
    source = Source(Channel.STAFF, staff.id)
    said = answering.record(_driver(session), ids, newest, answer, details, now, source)
    _suggest(conversation, Answer(recorded.answer), recorded.offer_id, None)
    conversation.state = ConversationState.WAITING.value
    return session.get_one(Response, said.id)


def set_aside(conversation: Conversation) -> None:
    """The mail does not mean that. It may want an answer all the same."""
    conversation.suggested = conversation.suggested_offer_id = conversation.doubt = None
    if conversation.state == ConversationState.UNREAD:
        conversation.state = ConversationState.WAITING.value


def _take_back_other(
    session: Session, conversation: Conversation, offer_id: int, staff: Staff, now: datetime
) -> None:
    """It was of this ask, not of the one it was recorded for."""
    recorded = conversation.recorded_id and session.get(Response, conversation.recorded_id)
    if recorded and recorded.offer_id != offer_id:
        undo(session, conversation, staff, now)


def _asked(session: Session, delivery: Delivery, now: datetime) -> list[Asked]:
    pairs = [(delivery.id, offer.id) for offer in delivery.edition.offers]
    found = (answering.find(_driver(session), ids, LIFETIME, now) for ids in pairs)
    return [one for one in found if one is not None]


def _doubt(
    session: Session,
    conversation: Conversation,
    mail: InboundMail,
    found: Sorted,
    delivery: Delivery,
) -> Doubt | None:
    """What speaks against the mail."""
    named = {one.ids[0] for one in found.ours if one.purpose is not Letter.TALK}
    if found.kind is not Kind.REPLY or named - {delivery.id} or _sounds_absent(found.subject):
        return Doubt.UNSURE
    if delivery.member.email_key != finding.address_key(found.sender):
        return Doubt.SENDER
    wrote = select(Notice.id).where(Notice.conversation_id == conversation.id).limit(1)
    return Doubt.TALKING if session.scalar(wrote) is not None else None


def _sounds_absent(subject: str) -> bool:
    """Programs write so, and sorting has let it pass for its words."""
    begins = phrases.pattern("automatic", "subjects", "absent")
    return bool(begins.match(phrases.fold(subject)))


def _against(asked: list[Asked], answer: Answer, mail: InboundMail) -> Doubt | None:
    """What speaks against the answer."""
    if len(asked) > 1:
        return Doubt.SEVERAL
    if not _is_open(asked[0]):
        return Doubt.OVER
    newest, held = asked[0].newest, asked[0].held
    if newest is not None and newest.recorded_at > mail.received_at:
        return Doubt.OTHERWISE  # the mail was a long time on its way
    if held is not None and held.answer not in (answer, Answer.WILL_DO):
        return Doubt.OTHERWISE
    return None


def _is_open(asked: Asked) -> bool:
    return asked.standing is Standing.OPEN and not asked.closed


def _suggest(
    conversation: Conversation, answer: Answer, offer_id: int | None, doubt: Doubt | None
) -> None:
    conversation.suggested, conversation.suggested_offer_id = answer.value, offer_id
    conversation.doubt = doubt and doubt.value
    conversation.recorded_id = None


def _record(
    session: Session,
    conversation: Conversation,
    asked: Asked,
    answer: Answer,
    now: datetime,
    source: Source,
) -> answering.Said:
    """What says nothing new adds no row, and is not for us to take back."""
    details = answering.kept(asked.held, answer, Details(), detailed=False)
    connection = _driver(session)
    said = answering.record(connection, asked.ids, asked.newest, answer, details, now, source)
    is_new = asked.newest is None or said.id != asked.newest.id
    is_ours = is_new or said.id == conversation.recorded_id
    conversation.suggested = conversation.suggested_offer_id = conversation.doubt = None
    conversation.recorded_id = said.id if is_ours else None
    return said


def _before(session: Session, recorded: Response) -> tuple[Answer, Details]:
    earlier = session.scalars(
        select(Response)
        .where(Response.delivery_id == recorded.delivery_id)
        .where(Response.offer_id == recorded.offer_id, Response.id < recorded.id)
        .where(statements.sound())
        .order_by(Response.id.desc())
        .limit(1)
    ).first()
    if earlier is None:
        return Answer.UNDONE, Details()
    return Answer(earlier.answer), Details(*(getattr(earlier, name) for name in Details._fields))


def _driver(session: Session) -> Connection:
    return session.connection().connection.driver_connection
