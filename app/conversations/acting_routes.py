"""What staff do with a conversation. Every step stands in the audit, in codes."""

from typing import TypeVar

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app import web
from app.clock import now
from app.conversations import drawing, handling, recording, replying
from app.conversations.drawing import conversation_or_404
from app.conversations.forms import ReplyForm
from app.conversations.models import Conversation, ConversationState, Label
from app.errors import InvalidInput, Refused
from app.responses.models import Answer
from app.staff import audit
from app.staff.access import network_or_404

blueprint = Blueprint("conversing", __name__)
Choice = TypeVar("Choice", ConversationState, Label, Answer)


@blueprint.post("/replies/<int:conversation_id>/answers")
@web.staff_only(*web.EDITORS)
def answer(conversation_id: int) -> ResponseReturnValue:
    """Mail what was written; by its button the conversation is handled, or waits."""
    conversation = conversation_or_404(conversation_id, lock=True)
    form, seen = ReplyForm(), drawing.seen()
    if not form.validate():
        return drawing.show(conversation, form), 422
    if handling.newest(web.session(), conversation).notice_id > seen.notice_id:
        why = _(
            "This was answered while you were writing, or your answer was sent twice. "
            "Look at the thread; your words are still below."
        )
        return drawing.show(conversation, form, why), 409
    try:
        sent = (form.text.data or "", web.current_staff(), now())
        notice = replying.answer(
            web.session(), web.services(), conversation, *sent, seen=seen.mail_id or None
        )
    except (Refused, ValueError) as error:
        web.abandon()  # half of it may be written
        why = str(error) if isinstance(error, Refused) else _("It cannot be written as a mail.")
        return drawing.show(conversation, form, why), 409
    _audit("answered", conversation, notice=notice.id)
    wanted = request.form.get("then") == ConversationState.WAITING
    state = ConversationState.WAITING if wanted else ConversationState.HANDLED
    _mark(conversation, state)
    flash(_("Your answer is on its way."), "ok")
    return _back(conversation)


@blueprint.post("/replies/<int:conversation_id>/state")
@web.staff_only(*web.EDITORS)
def state(conversation_id: int) -> ResponseReturnValue:
    conversation = conversation_or_404(conversation_id, lock=True)
    wanted = _choice(ConversationState, "state")
    if _mark(conversation, wanted):
        _audit("marked", conversation, state=wanted.value)
        flash(_("Marked."), "ok")
    return _back(conversation)


@blueprint.post("/replies/<int:conversation_id>/label")
@web.staff_only(*web.EDITORS)
def label(conversation_id: int) -> ResponseReturnValue:
    conversation = conversation_or_404(conversation_id, lock=True)
    chosen = _choice(Label, "label") if request.form.get("label") else None
    handling.label(conversation, chosen)
    _audit("labelled", conversation, label=chosen and chosen.value)
    flash(_("Marked."), "ok")
    return _back(conversation)


@blueprint.post("/replies/<int:conversation_id>/assignee")
@web.staff_only(*web.EDITORS)
def assignee(conversation_id: int) -> ResponseReturnValue:
    """Hand it over to a colleague, or to nobody in particular."""
    conversation = conversation_or_404(conversation_id, lock=True)
    staff_id = request.form.get("staff", type=int)
    handling.hand_over(web.session(), conversation, staff_id)
    _audit("handed_over", conversation, to=staff_id)
    flash(_("Handed over.") if staff_id else _("It is nobody's in particular now."), "ok")
    return _back(conversation)


@blueprint.post("/replies/<int:conversation_id>/network")
@web.staff_only()
def network(conversation_id: int) -> ResponseReturnValue:
    """Say whose it is, where the mail does not."""
    conversation = conversation_or_404(conversation_id, lock=True)
    if conversation.network_id is not None:
        raise Refused(_("This conversation has a network already."))
    code = request.form.get("network", "")
    given = network_or_404(web.session(), web.current_staff(), code)
    handling.give_to(conversation, given)
    _audit("given_to_network", conversation, network=given.code)
    flash(_("It stands in the inbox of %(network)s now.", network=given.name), "ok")
    return _back(conversation)


@blueprint.post("/replies/<int:conversation_id>/response")
@web.staff_only(*web.EDITORS)
def record(conversation_id: int) -> ResponseReturnValue:
    """Accept what the mail seems to say, or correct it."""
    conversation = conversation_or_404(conversation_id, lock=True)
    said, offer_id = _choice(Answer, "answer"), request.form.get("offer", 0, type=int)
    suggested = conversation.suggested
    response = recording.accept(
        web.session(), conversation, offer_id, said, web.current_staff(), now()
    )
    details = {"answer": response.answer, "suggested": suggested, "response": response.id}
    _audit("recorded", conversation, **details)
    flash(_("Recorded. You can take it back on the page of the conversation."), "ok")
    if request.form.get("back") == "list":
        return redirect(url_for("conversations.index", network=request.form.get("network") or None))
    return _back(conversation)


@blueprint.post("/replies/<int:conversation_id>/undo")
@web.staff_only(*web.EDITORS)
def undo(conversation_id: int) -> ResponseReturnValue:
    conversation = conversation_or_404(conversation_id, lock=True)
    response = recording.undo(web.session(), conversation, web.current_staff(), now())
    _audit("record_undone", conversation, answer=response.answer, response=response.id)
    flash(_("Taken back."), "ok")
    return _back(conversation)


@blueprint.post("/replies/<int:conversation_id>/set-aside")
@web.staff_only(*web.EDITORS)
def set_aside(conversation_id: int) -> ResponseReturnValue:
    conversation = conversation_or_404(conversation_id, lock=True)
    _audit("suggestion_set_aside", conversation, suggested=conversation.suggested)
    recording.set_aside(conversation)
    flash(_("Set aside. Nothing was recorded."), "ok")
    return _back(conversation)


def _mark(conversation: Conversation, wanted: ConversationState) -> bool:
    if handling.mark(web.session(), conversation, wanted, drawing.seen()):
        return True
    flash(_("A new mail came meanwhile, so it stays unread."), "wait")
    return False


def _choice(kinds: type[Choice], name: str) -> Choice:
    text = request.form.get(name, "")
    if text not in list(kinds):
        raise InvalidInput(_("Nothing was changed: this choice does not exist."))
    return kinds(text)


def _audit(what: str, conversation: Conversation, **details: object) -> None:
    audit.record(
        web.session(), f"conversation.{what}", conversation, web.current_staff(), **details
    )


def _back(conversation: Conversation) -> ResponseReturnValue:
    return redirect(url_for("conversations.show", conversation_id=conversation.id))
