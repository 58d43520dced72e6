"""The public pages: ask to join a network, and confirm it."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from app import web
from app.clock import now
from app.errors import NotFound
from app.extensions import limiter, without_csrf
from app.forms import ONE_LINE, Form, reachable_address
from app.links import Purpose
from app.networks import joining
from app.networks.addresses import check_address
from app.networks.models import Invitation, Network
from app.staff import audit

blueprint = Blueprint("joining", __name__)
BROKEN = "joining/broken.html"


class JoinForm(Form):
    email = StringField(_l("E-mail address"), validators=[DataRequired(), reachable_address])
    name = StringField(
        _l("Name"),
        description=_l("As it should stand in the greeting."),
        validators=[Length(max=200), ONE_LINE],
    )
    profession = StringField(_l("Profession"), validators=[Length(max=200), ONE_LINE])


@blueprint.route("/join/<code>", methods=["GET", "POST"])
@web.public
@limiter.limit(lambda: web.services().settings.public_limit)
def join(code: str) -> ResponseReturnValue:
    network = web.session().scalars(select(Network).where(Network.code == code)).first()
    if network is None or not network.joining_open:
        raise NotFound(_("This network takes no members through a page."))
    form = JoinForm()
    if not form.validate_on_submit():
        page = render_template("joining/join.html", network=network, form=form)
        return page, form.http_status
    profile = {"name": form.name.data or "", "profession": form.profession.data or ""}
    address = check_address(form.email.data or "")
    invited = joining.invite(web.session(), network, address, profile, "join page", now())
    if invited:
        audit.record(web.session(), "invitation.asked_for", invited, None)
    # The same words whether the address is known or not: this page must not tell who is a member.
    return render_template("joining/asked.html", network=network)


@blueprint.route("/confirm/<token:token>", methods=["GET", "POST"])
@web.public
@without_csrf  # the signed link is its token
@limiter.limit(lambda: web.services().settings.public_limit)
def confirm(token: str) -> ResponseReturnValue:
    """A GET shows one button, since mail scanners open every link; the POST confirms."""
    (invitation_id,) = web.ids_behind(token, Purpose.CONFIRM, BROKEN)
    invitation = web.session().get(Invitation, invitation_id)
    if invitation is None or (invitation.confirmed_at is None and invitation.expires_at < now()):
        return render_template(BROKEN, why="expired"), 410
    return _confirmed(invitation)


def _confirmed(invitation: Invitation) -> ResponseReturnValue:
    # A link works once: who left since comes back by asking anew.
    if request.method == "POST" and invitation.confirmed_at is None:
        membership = joining.confirm(web.session(), invitation, now())
        audit.record(web.session(), "membership.confirmed", membership, None)
    template = "joining/welcome.html" if invitation.confirmed_at else "joining/confirm.html"
    return render_template(template, network=invitation.network, wording=invitation.wording)
