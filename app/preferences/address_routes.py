"""The pages that each end of a change of address confirms on."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from app import web
from app.clock import now
from app.extensions import limiter, without_csrf
from app.links import Purpose
from app.preferences import changing
from app.preferences.changing import End
from app.preferences.models import AddressChange, Outcome
from app.staff import audit

blueprint = Blueprint("addresses", __name__)
BROKEN = "preferences/broken.html"
ENDS = {"new": End.NEW, "old": End.OLD}


@blueprint.route("/address/<any(new, old):end>/<token:token>", methods=["GET", "POST"])
@web.public
@without_csrf  # the signed link is its token
@limiter.limit(lambda: web.services().settings.public_limit)
def confirm(end: str, token: str) -> ResponseReturnValue:
    """A GET shows two buttons, since mail scanners open every link; the POST confirms or not."""
    (change_id,) = web.ids_behind(token, Purpose(ENDS[end].value), BROKEN)
    change = web.session().get(AddressChange, change_id)
    if change is None:
        return render_template(BROKEN, why="expired"), 410
    if request.method == "POST":
        web.refuse_other_sites(BROKEN)
        _decide(change, ENDS[end])
    return _page(change, ENDS[end])


def _decide(change: AddressChange, end: End) -> None:
    session, before = web.session(), change.outcome
    if request.form.get("do") == "withdraw":
        changing.withdraw(session, change, now())
    elif request.form.get("do") == "confirm":
        changing.confirm(session, web.services(), change, end, now())
    if change.outcome != before:
        audit.record(session, f"address.change_{change.outcome}", change, None)


def _page(change: AddressChange, end: End) -> ResponseReturnValue:
    confirmed = change.new_confirmed_at if end is End.NEW else change.old_confirmed_at
    if change.outcome is None and not changing.is_open(change, now()):
        return render_template(BROKEN, why="expired"), 410
    over = change.outcome in (Outcome.WITHDRAWN, Outcome.REPLACED, Outcome.IMPOSSIBLE)
    page = render_template(
        "preferences/address.html",
        network=change.network,
        end=end.name.lower(),
        confirmed=confirmed is not None,
        outcome=change.outcome,
    )
    return page, 409 if over and request.method == "POST" else 200
