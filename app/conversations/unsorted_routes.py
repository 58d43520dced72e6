"""Mail that nobody could sort, for admins: why, and what to do with it."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app import web
from app.clock import now
from app.conversations import drawing, unsorted
from app.staff import audit

blueprint = Blueprint("unsorted", __name__)


@blueprint.get("/replies/unsorted")
@web.staff_only()
def index() -> ResponseReturnValue:
    number, total = web.page_number(), unsorted.count(web.session())
    return render_template(
        "conversations/unsorted.html",
        rows=unsorted.page(web.session(), web.services().vault, number),
        total=total,
        page=number,
        pages=max(1, -(-total // unsorted.PAGE)),
    )


@blueprint.get("/replies/unsorted/<int:mail_id>.eml")
@web.staff_only()
def whole(mail_id: int) -> ResponseReturnValue:
    """A mail as it came, to be opened elsewhere."""
    mail = unsorted.get(web.session(), mail_id)
    return drawing.download(unsorted.raw_of(web.services().vault, mail), f"mail-{mail_id}.eml")


@blueprint.post("/replies/unsorted/<int:mail_id>/try-again")
@web.staff_only()
def try_again(mail_id: int) -> ResponseReturnValue:
    mail = unsorted.get(web.session(), mail_id)
    unsorted.try_again(mail, now())
    audit.record(web.session(), "mail.tried_again", mail, web.current_staff())
    flash(_("It will be sorted again within a minute."), "ok")
    return redirect(url_for("unsorted.index"))


@blueprint.post("/replies/unsorted/<int:mail_id>/conversation")
@web.staff_only()
def take_in(mail_id: int) -> ResponseReturnValue:
    mail, services = unsorted.get(web.session(), mail_id), web.services()
    unsorted.take_in(web.session(), services.vault, services.links, mail, now())
    audit.record(web.session(), "mail.taken_in", mail, web.current_staff())
    flash(_("It is among the replies now."), "ok")
    return redirect(url_for("conversations.show", conversation_id=mail.conversation_id))


@blueprint.post("/replies/unsorted/<int:mail_id>/words")
@web.staff_only()
def forget(mail_id: int) -> ResponseReturnValue:
    mail = unsorted.get(web.session(), mail_id)
    unsorted.forget(mail)
    audit.record(web.session(), "mail.words_deleted", mail, web.current_staff())
    flash(_("The words of the mail are deleted."), "ok")
    return redirect(url_for("unsorted.index"))
