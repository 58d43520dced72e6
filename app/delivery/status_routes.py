"""The status page for staff: what /metrics says, in words and pictures."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app import web
from app.clock import now
from app.delivery import drawing, pacing
from app.delivery.overview import overview
from app.errors import Refused
from app.issues.course import phase
from app.staff import audit
from app.staff.access import networks_of
from app.staff.models import Role

blueprint = Blueprint("status", __name__)


@blueprint.get("/sending/")
@web.staff_only(*web.EDITORS)
def index() -> ResponseReturnValue:
    return render_template("delivery/status.html", still="still" in request.args, **_figures())


@blueprint.get("/sending/now")
@web.staff_only(*web.EDITORS)
def moving() -> ResponseReturnValue:
    """The part that moves."""
    return render_template("delivery/_status.html", **_figures())


@blueprint.post("/sending/let-go")
@web.staff_only()
def let_go() -> ResponseReturnValue:
    """Use a relay, or send to a domain, that is left alone for a while. The key is in the body:
    a domain of one's own is a name, and names stand in no address and no audit entry."""
    session, key = web.session(), request.form.get("key", "")
    if key not in pacing.holds(session, now()):
        raise Refused(_("It is not left alone any more: mail goes there already."))
    pacing.let_go(session, key)
    kind, _colon, name = key.partition(":")
    audit.record(session, "sending.let_go", None, web.current_staff(), **_told(kind, name))
    flash(_("Workers try it again at once."), "ok")
    return redirect(url_for("status.index"))


def _figures() -> dict[str, object]:
    session, staff = web.session(), web.current_staff()
    ids = {network.id for network in networks_of(session, staff)}
    return {
        "status": overview(session, ids, now()),
        "drawing": drawing,
        "phase": phase,
        "names_domains": staff.role == Role.ADMIN,
        "relay_key": pacing.relay_key,
        "domain_key": pacing.domain_key,
        "jobs": _job_names(),
    }


def _told(kind: str, name: str) -> dict[str, str]:
    return {"relay": name} if kind == "relay" else {"what": kind}


def _job_names() -> dict[str, str]:
    return {
        "freeze_due_issues": _("Begin issues whose time has come"),
        "take_over_from_the_gone": _("Take over from workers that are gone"),
        "heed_stops": _("Stop what staff stopped"),
        "read_imports": _("Read and apply lists of members"),
        "mail_invitations": _("Mail confirmations"),
        "forget_what_expired": _("Delete what is too old"),
        "look_outside": _("See whether links of drafts answer"),
    }
