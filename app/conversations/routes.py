"""The reply inbox: what came in, one conversation, and what is attached to a mail."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.utils import secure_filename

from app import web
from app.conversations import briefs, drawing, forms, listing, reading, unsorted
from app.conversations.forms import ReplyForm
from app.conversations.listing import Wanted
from app.conversations.models import Conversation, ConversationState, Label
from app.errors import NotFound
from app.inbound.models import InboundMail
from app.networks.models import Network
from app.staff.access import networks_of
from app.staff.models import Role

blueprint = Blueprint("conversations", __name__)
STRAYS = "-"  # in place of a network's code: of no network


@blueprint.get("/replies/")
@web.staff_only(*web.EDITORS)
def index() -> ResponseReturnValue:
    """What people wrote: unread, waiting or handled, of one network or of all of theirs."""
    staff, number = web.current_staff(), web.page_number()
    networks = networks_of(web.session(), staff)
    chosen = next((n for n in networks if n.code == request.args.get("network")), None)
    wanted = _wanted(chosen)
    counts = listing.counts(web.session(), wanted)
    state = _state(counts)
    rows = listing.page(web.session(), wanted, state, number)
    return render_template(
        "conversations/index.html",
        rows=[(row, briefs.unseal(web.services().vault, row.brief)) for row in rows],
        counts=counts,
        state=state.value,
        wanted=wanted,
        networks=networks,
        chosen=chosen,
        strays=STRAYS if staff.role == Role.ADMIN else None,
        unread=listing.unread_by_network(web.session(), staff),
        unsorted=unsorted.count(web.session()) if staff.role == Role.ADMIN else 0,
        page=number,
        pages=max(1, -(-counts[state.value] // listing.PAGE)),
        words=forms,
    )


@blueprint.get("/replies/<int:conversation_id>")
@web.staff_only(*web.EDITORS)
def show(conversation_id: int) -> ResponseReturnValue:
    """The thread. Opening it changes nothing: it stays unread until somebody does something."""
    conversation = drawing.conversation_or_404(conversation_id)
    return drawing.show(conversation, ReplyForm(formdata=None))


@blueprint.get("/replies/<int:conversation_id>/mails/<int:mail_id>.eml")
@web.staff_only(*web.EDITORS)
def whole(conversation_id: int, mail_id: int) -> ResponseReturnValue:
    """A mail as it came, to be opened elsewhere."""
    return drawing.download(_raw(conversation_id, mail_id), f"reply-{mail_id}.eml")


@blueprint.get("/replies/<int:conversation_id>/mails/<int:mail_id>/<int:part_id>")
@web.staff_only(*web.EDITORS)
def attached(conversation_id: int, mail_id: int, part_id: int) -> ResponseReturnValue:
    found = reading.attachment(_raw(conversation_id, mail_id), part_id)
    if found is None:
        raise NotFound(_("This mail has no such attachment."))
    name, content = found
    return drawing.download(content, secure_filename(name) or f"attachment-{part_id}")


def _wanted(network: Network | None) -> Wanted:
    label = request.args.get("label", "")
    return Wanted(
        web.current_staff(),
        network.id if network else None,
        network is None and request.args.get("network") == STRAYS,
        Label(label) if label in list(Label) else None,
        request.args.get("mine") == "1",
        request.args.get("text", "").strip()[:200],
    )


def _state(counts: dict[str, int]) -> ConversationState:
    """The one that was asked for; else the first where anything is."""
    asked = request.args.get("state", "")
    if asked in list(ConversationState):
        return ConversationState(asked)
    filled = (state for state in ConversationState if counts[state.value])
    return next(filled, ConversationState.UNREAD)


def _raw(conversation_id: int, mail_id: int) -> bytes:
    conversation: Conversation = drawing.conversation_or_404(conversation_id)
    mail = web.session().get(InboundMail, mail_id)
    if mail is None or mail.conversation_id != conversation.id:
        raise NotFound(_("This conversation has no such mail."))
    raw = reading.raw_of(web.services().vault, mail)
    if raw is None:
        raise NotFound(_("The words of this mail were deleted when their time was over."))
    return raw
