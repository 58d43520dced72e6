"""Leaving: a page for people, and the one-click POST that mail programs send (RFC 8058)."""

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app import speaking, web
from app.clock import now
from app.extensions import limiter, without_csrf
from app.forms import text_of
from app.inbound import leaving
from app.links import Purpose
from app.networks.models import Membership
from app.networks.reasons import REASONS
from app.preferences import asking
from app.staff import audit

blueprint = Blueprint("inbound", __name__)
BROKEN = "inbound/broken.html"


def is_one_click() -> bool:
    # `form` reads both encodings that RFC 8058 allows.
    return request.method == "POST" and request.form.get("List-Unsubscribe") == "One-Click"


@blueprint.route("/u/<token:token>", methods=["GET", "POST"])
@blueprint.route("/U/<token:token>", methods=["GET", "POST"])  # some mail systems shout
@web.public
@without_csrf  # the signed link is its token; mail programs post without a cookie
# A large provider posts for all its users from few addresses: none of these may be turned away.
@limiter.limit(lambda: web.services().settings.public_limit, exempt_when=is_one_click)
def unsubscribe(token: str) -> ResponseReturnValue:
    """A GET shows a button, since scanners open every link; a POST leaves."""
    (delivery_id,) = web.ids_behind(token, Purpose.UNSUBSCRIBE, BROKEN)
    speaking.speak(leaving.language_of(web.session(), delivery_id))
    membership = leaving.membership_of(web.session(), delivery_id)
    if membership is None:
        return render_template(BROKEN, why="gone"), 410
    if request.method != "POST":
        return _page(membership)
    if is_one_click():
        _leave(membership, "one-click")
        words = _("You have left %(network)s.", network=membership.network.name)
        return Response(words, mimetype="text/plain")
    web.refuse_other_sites(BROKEN)
    return _pressed(membership)


def _pressed(membership: Membership) -> ResponseReturnValue:
    """By the button; a form that says nothing leaves, whatever its encoding."""
    match request.form.get("do"):
        case "stay":
            return _stay(membership)
        case "why":
            return _said_why(membership)
        case "preferences":
            return _mail_preferences(membership)
        case "all":
            _leave_all(membership)
            return _page(membership, said="all")
        case _:
            _leave(membership, "page")
            return _page(membership)


def _leave(membership: Membership, how: str) -> None:
    if leaving.leave(web.session(), membership, now(), how):
        audit.record(web.session(), "membership.left", membership, None, by=how)


def _leave_all(membership: Membership) -> None:
    for left in leaving.leave_all(web.session(), membership.member, now()):
        audit.record(web.session(), "membership.left", left, None, by="page, all networks")


def _stay(membership: Membership) -> ResponseReturnValue:
    back = leaving.come_back(web.session(), membership, now())
    for again in back:
        audit.record(web.session(), "membership.taken_back", again, None)
    here = next((one for one in back if one.network_id == membership.network_id), membership)
    return _page(here, said="back" if back else "")


def _said_why(membership: Membership) -> ResponseReturnValue:
    reason, words = request.form.get("reason", ""), text_of(request.form.get("words"))
    if leaving.may_come_back(membership, now()) and (reason in REASONS or words):
        known = reason if reason in REASONS else "other"
        leaving.say_why(membership, known, words)
    return _page(membership, said="why")


def _mail_preferences(membership: Membership) -> ResponseReturnValue:
    asking.mail_link_to(web.session(), web.services(), membership.member, now())
    return render_template("preferences/asked.html")


def _page(membership: Membership, said: str = "") -> ResponseReturnValue:
    """Whoever holds a forwarded mail sees this too: it names nobody and no other network."""
    return render_template(
        "inbound/unsubscribe.html",
        network=membership.network,
        left=membership.ended_at is not None,
        may_come_back=leaving.may_come_back(membership, now()),
        reasons=REASONS,
        most=leaving.LONGEST_NOTE,
        said=said,
    )
