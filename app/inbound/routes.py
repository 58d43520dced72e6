"""Leaving: a page for people, and the one-click POST that mail programs send (RFC 8058)."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app import web
from app.clock import now
from app.extensions import limiter, without_csrf
from app.inbound import leaving
from app.links import Forged, Mangled, Purpose
from app.networks.models import Membership
from app.staff import audit

blueprint = Blueprint("inbound", __name__)


@blueprint.route("/u/<token:token>", methods=["GET", "POST"])
@blueprint.route("/U/<token:token>", methods=["GET", "POST"])  # some mail systems shout
@web.public
@without_csrf  # the signed link is its token; mail programs post without a cookie
@limiter.limit(lambda: web.services().settings.public_limit)
def unsubscribe(token: str) -> ResponseReturnValue:
    """A GET shows a button, since scanners open every link; a POST leaves."""
    try:
        (delivery_id,) = web.services().links.read(Purpose.UNSUBSCRIBE, token)
    except Mangled:
        return render_template("inbound/broken.html", why="mangled"), 400
    except Forged:
        return render_template("inbound/broken.html", why="forged"), 404
    membership = leaving.membership_of(web.session(), delivery_id)
    if membership is None:
        return render_template("inbound/broken.html", why="gone"), 410
    if request.method == "POST":
        return _post(membership)
    return _page(membership)


def _post(membership: Membership) -> ResponseReturnValue:
    # `form` reads both encodings that RFC 8058 allows.
    if request.form.get("List-Unsubscribe") == "One-Click":
        _leave(membership, "one-click")
        return _("You have left %(network)s.", network=membership.network.name), 200
    if request.form.get("do") == "stay":
        again = leaving.come_back(web.session(), membership, now())
        if again is not None:
            audit.record(web.session(), "membership.taken_back", again, None)
            membership = again
        return _page(membership, back=again is not None)
    _leave(membership, "page")
    return _page(membership)


def _leave(membership: Membership, how: str) -> None:
    if leaving.leave(web.session(), membership, now()):
        audit.record(web.session(), "membership.left", membership, None, by=how)


def _page(membership: Membership, *, back: bool = False) -> ResponseReturnValue:
    return render_template(
        "inbound/unsubscribe.html",
        network=membership.network,
        left=membership.ended_at is not None,
        may_come_back=leaving.may_come_back(membership, now()),
        back=back,
    )
