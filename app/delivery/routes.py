"""The local inbox: exactly what members get, for staff to read while no mail leaves the machine."""

from flask import Blueprint, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app import web
from app.errors import NotFound
from app.mail.inbox import Inbox, Message

blueprint = Blueprint("delivery", __name__)
PAGE = 50


@blueprint.get("/inbox/")
@web.staff_only(*web.EDITORS)
def inbox() -> ResponseReturnValue:
    """Newest first; older ones below a link."""
    recipient = request.args.get("to", "").strip()[:254]
    mails = _inbox().list(PAGE, request.args.get("before", ""), recipient)
    return render_template(
        "delivery/inbox.html",
        mails=mails,
        recipient=recipient,
        total=_inbox().count(),
        settings=web.services().settings,
        older=mails[-1].id if len(mails) == PAGE else None,
    )


@blueprint.get("/inbox/<message_id>")
@web.staff_only(*web.EDITORS)
def mail(message_id: str) -> ResponseReturnValue:
    return render_template("delivery/mail.html", mail=_mail(message_id))


@blueprint.get("/inbox/<message_id>.<form>")
@web.staff_only(*web.EDITORS)
def mail_file(message_id: str, form: str) -> ResponseReturnValue:
    """`html` for the frame on the page, `eml` as it came over SMTP."""
    found = _mail(message_id)
    if form == "html" and found.html is not None:
        return web.framed_mail(found.html)
    if form == "eml":
        response = make_response(found.source)
        response.content_type = "message/rfc822"
        response.headers["Content-Disposition"] = f"attachment; filename={message_id}.eml"
        return response
    raise NotFound(_("This mail has no such form."))


def _inbox() -> Inbox:
    return Inbox(web.services().settings.inbox_dir)


def _mail(message_id: str) -> Message:
    found = _inbox().get(message_id)
    if found is None:
        raise NotFound(_("There is no such mail in the local inbox."))
    return found
