"""What staff do about a member's address: stop mail to it, let it go on, have it changed."""

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app import web
from app.clock import now
from app.errors import InvalidInput, Refused
from app.networks import histories, managing
from app.networks.addresses import check_address
from app.networks.forms import NewAddressForm, WhyForm
from app.networks.models import Member
from app.preferences import changing
from app.staff import audit
from app.staff.access import network_or_404
from app.staff.models import Role

blueprint = Blueprint("addressing", __name__)
SOURCE = "staff"


@blueprint.post("/networks/<code>/members/<int:member_id>/suppress")
@web.staff_only(*web.EDITORS)
def suppress(code: str, member_id: int) -> ResponseReturnValue:
    person, why = _person(code, member_id), _why()
    if histories.suppress(web.session(), person.email_key, "staff", SOURCE, now(), why):
        audit.record(web.session(), "address.suppressed", person, web.current_staff())
        flash(_("No further mail goes to this address."), "ok")
    return _to(code, member_id)


@blueprint.post("/networks/<code>/members/<int:member_id>/lift")
@web.staff_only(*web.EDITORS)
def lift(code: str, member_id: int) -> ResponseReturnValue:
    """A complaint weighs more than a coordinator's word: an administrator has to say so."""
    person, why, staff = _person(code, member_id), _why(), web.current_staff()
    held = histories.suppressions(web.session(), person.email_key)
    if staff.role != Role.ADMIN and any(one.reason == "complained" for one in held):
        raise Refused(_("This person complained about our mail. Ask an administrator to lift it."))
    if histories.lift(web.session(), person.email_key, SOURCE, why, now()):
        audit.record(web.session(), "suppression.lifted", person, staff)
        flash(_("Mail may go to this address again."), "ok")
    return _to(code, member_id)


@blueprint.post("/networks/<code>/members/<int:member_id>/address")
@web.staff_only(*web.EDITORS)
def change_address(code: str, member_id: int) -> ResponseReturnValue:
    """Staff stand in for the old mailbox; the new one still has to confirm. Not for a person of
    networks that are not theirs: the new mailbox opens the page that shows all of them."""
    network = network_or_404(web.session(), web.current_staff(), code)
    person, form = _person(code, member_id), NewAddressForm()
    if not form.validate():
        problems = [(_("New address"), " ".join(map(str, form.new_address.errors)))]
        raise InvalidInput(_("The address stays as it is. Mend this:"), problems)
    address = check_address(form.new_address.data or "")
    session, services = web.session(), web.services()
    stands_in = all(web.is_theirs(held.network_id) for held in person.memberships)
    change = changing.ask(session, services, person, network, address, now(), SOURCE, stands_in)
    audit.record(session, "address.change_asked_for", change, web.current_staff())
    flash(
        _(
            "A mail is on its way to the new address; it has to be confirmed there. The old "
            "address is asked as well where that is not for you alone to decide."
        ),
        "ok",
    )
    return _to(code, member_id)


def _person(code: str, member_id: int) -> Member:
    network = network_or_404(web.session(), web.current_staff(), code)
    return managing.member_of_network(web.session(), network, member_id)


def _why() -> str:
    form = WhyForm()
    if not form.validate():
        problems = [(_("Why"), " ".join(map(str, form.why.errors)))]
        raise InvalidInput(_("Nothing was changed. Mend this:"), problems)
    return str(form.why.data)


def _to(code: str, member_id: int) -> ResponseReturnValue:
    return redirect(url_for("networks.member", code=code, member_id=member_id))
