"""The page of one conversation, and files out of mails."""

from flask import make_response, render_template, request
from flask.wrappers import Response as Sent
from flask_babel import gettext as _

from app import web
from app.conversations import briefs, forms, handling, replying, threads
from app.conversations.forms import ReplyForm
from app.conversations.handling import Seen
from app.conversations.models import Conversation
from app.delivery.models import Delivery
from app.errors import NotFound
from app.responses import reviewing, suspects
from app.responses.models import Response
from app.staff.access import networks_of
from app.staff.models import Role

# A file that somebody sent us never becomes a page of ours.
FILE_POLICY = {"default-src": "'none'", "frame-ancestors": "'none'", "sandbox": ""}


def conversation_or_404(conversation_id: int, *, lock: bool = False) -> Conversation:
    """One that is not theirs does not exist for them."""
    found = web.session().get(Conversation, conversation_id, with_for_update=lock or None)
    if found is None or not handling.may_read(web.current_staff(), found):
        raise NotFound(_("There is no such conversation, or it belongs to another network."))
    return found


def show(conversation: Conversation, form: ReplyForm, trouble: str = "") -> str:
    """`trouble`: why what was sent was not taken."""
    session, vault = web.session(), web.services().vault
    turns = threads.turns(session, vault, conversation)
    read = next((turn.read for turn in reversed(turns) if turn.mail is not None), None)
    delivery = conversation.delivery_id and session.get(Delivery, conversation.delivery_id)
    recorded = conversation.recorded_id and session.get(Response, conversation.recorded_id)
    said = reviewing.newest(session, delivery.id) if delivery else {}
    return render_template(
        "conversations/show.html",
        conversation=conversation,
        brief=briefs.unseal(vault, conversation.brief),
        turns=turns,
        older=threads.has_older(session, conversation),
        newest=handling.newest(session, conversation),
        form=form,
        trouble=trouble,
        to=replying.answerable(session, web.services(), conversation, read),
        delivery=delivery,
        said=said,
        doubted=suspects.doubted(session, delivery.id) if delivery else (),
        recorded=recorded,
        may_undo=recorded and said.get(recorded.offer_id) is recorded,
        colleagues=handling.colleagues(session, conversation),
        networks=_to_give_to(conversation),
        words=forms,
    )


def download(content: bytes, filename: str) -> Sent:
    response = make_response(content)
    response.content_type = "application/octet-stream"
    response.headers.set("Content-Disposition", "attachment", filename=filename)
    return web.use_policy(response, FILE_POLICY)


def seen() -> Seen:
    """What the page showed when its form was sent."""
    return Seen(
        request.form.get("mail", 0, type=int) or 0, request.form.get("notice", 0, type=int) or 0
    )


def _to_give_to(conversation: Conversation) -> list[tuple[str, str]]:
    staff = web.current_staff()
    if conversation.network_id is not None or staff.role != Role.ADMIN:
        return []
    return [(network.code, network.name) for network in networks_of(web.session(), staff)]
