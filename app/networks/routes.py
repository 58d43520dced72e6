"""The network pages: networks, their members, one member."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app import web
from app.clock import now
from app.errors import Refused
from app.forms import text_of
from app.networks import managing, reasons
from app.networks.addresses import check_address
from app.networks.forms import (
    NetworkForm,
    NewAddressForm,
    NewMemberForm,
    NewNetworkForm,
    ProfileForm,
    WhyForm,
)
from app.networks.models import Member, Membership, Network
from app.networks.profiles import profile_of
from app.networks.timeline import timeline
from app.preferences import changing
from app.staff import audit
from app.staff.access import network_or_404, networks_of
from app.staff.models import Role

blueprint = Blueprint("networks", __name__)
NETWORK_FIELDS = (
    *("name", "sector", "language", "timezone", "from_name", "from_address", "reply_to"),
    *("postal_address", "about", "joining_open", "approval_needed"),
)


@blueprint.get("/networks/")
@web.staff_only(*web.EDITORS)
def index() -> ResponseReturnValue:
    networks = networks_of(web.session(), web.current_staff())
    sizes = managing.sizes(web.session())
    return render_template("networks/index.html", networks=networks, sizes=sizes)


@blueprint.route("/networks/new", methods=["GET", "POST"])
@web.staff_only()
def new() -> ResponseReturnValue:
    form = NewNetworkForm(joining_open=True, timezone=web.services().settings.default_timezone)
    if form.validate_on_submit():
        network = managing.add_network(
            web.session(), now(), code=form.code.data, **_network_values(form)
        )
        audit.record(web.session(), "network.added", network, web.current_staff())
        flash(_("The network is there. Now add its members."), "ok")
        return redirect(url_for("networks.show", code=network.code))
    return render_template("networks/new.html", form=form), form.http_status


@blueprint.route("/networks/<code>/edit", methods=["GET", "POST"])
@web.staff_only(*web.EDITORS)
def edit(code: str) -> ResponseReturnValue:
    network = _network(code)
    form = NetworkForm(obj=network)
    if form.validate_on_submit():
        for name, value in _network_values(form).items():
            setattr(network, name, value)
        audit.record(web.session(), "network.changed", network, web.current_staff())
        flash(_("Saved."), "ok")
        return redirect(url_for("networks.show", code=network.code))
    return render_template("networks/edit.html", form=form, network=network), form.http_status


@blueprint.get("/networks/<code>")
@web.staff_only(*web.EDITORS)
def show(code: str) -> ResponseReturnValue:
    """The members of a network, a page at a time."""
    network = _network(code)
    text = request.args.get("text", "").strip()[:200]
    asked = request.args.get("standing")
    standing = asked if asked in managing.STANDINGS else "current"
    page = web.page_number()
    members, total = managing.find_members(web.session(), network, text, standing, page)
    return render_template(
        "networks/show.html",
        network=network,
        memberships=members,
        total=total,
        size=managing.sizes(web.session()).get(network.id, 0),
        suppressed=managing.count_suppressed(web.session(), network),
        gone=reasons.count_left(web.session(), network),
        why=reasons.count(web.session(), network),
        reasons=reasons.REASONS,
        text=text,
        standing=standing,
        page=page,
        pages=max(1, -(-total // managing.PAGE)),
    )


@blueprint.route("/networks/<code>/members/new", methods=["GET", "POST"])
@web.staff_only(*web.EDITORS)
def add_member(code: str) -> ResponseReturnValue:
    network = _network(code)
    form = NewMemberForm(sector=network.sector)
    membership = _enrolled(form, network) if form.validate_on_submit() else None
    if membership:
        audit.record(web.session(), "membership.added", membership, web.current_staff())
        flash(_("Added."), "ok")
        return redirect(url_for("networks.show", code=code))
    return render_template("networks/add_member.html", form=form, network=network), form.http_status


@blueprint.route("/networks/<code>/members/<int:member_id>", methods=["GET", "POST"])
@web.staff_only(*web.EDITORS)
def member(code: str, member_id: int) -> ResponseReturnValue:
    network = _network(code)
    person = managing.member_of_network(web.session(), network, member_id)
    current = _current(person, network)
    form = ProfileForm(
        data=profile_of(person)
        | {"sector": current.sector if current else network.sector}
        | {"notes": current.notes if current else ""}
    )
    if form.validate_on_submit():
        managing.rewrite_profile(person, _profile(form), now())
        if current:
            current.sector, current.notes = form.sector.data, text_of(form.notes.data)
        audit.record(web.session(), "member.changed", person, web.current_staff())
        flash(_("Saved."), "ok")
        return redirect(url_for("networks.member", code=code, member_id=member_id))
    page = render_template(
        "networks/member.html",
        form=form,
        network=network,
        member=person,
        memberships=[held for held in person.memberships if held.network_id == network.id],
        current=current,
        **_address(person),
    )
    return page, form.http_status


@blueprint.post("/networks/<code>/members/<int:member_id>/end")
@web.staff_only(*web.EDITORS)
def end_membership(code: str, member_id: int) -> ResponseReturnValue:
    network = _network(code)
    person = managing.member_of_network(web.session(), network, member_id)
    current = _current(person, network)
    if current and managing.end(web.session(), current, "staff", now()):
        audit.record(web.session(), "membership.ended", current, web.current_staff())
        flash(_("This membership is ended. No further mail goes out for it."), "ok")
    return redirect(url_for("networks.member", code=code, member_id=member_id))


def _address(person: Member) -> dict[str, object]:
    """What the page of a member says of their address."""
    session, staff = web.session(), web.current_staff()
    theirs = {network.id for network in networks_of(session, staff)}
    return {
        "timeline": timeline(session, person, theirs, now()),
        "is_admin": staff.role == Role.ADMIN,
        "change": changing.open_change(session, person, now()),
        "why": WhyForm(formdata=None).why,
        "new_address": NewAddressForm(formdata=None).new_address,
        "said_why": {held.id: reasons.parted(held.leaving_note) for held in person.memberships},
        "reasons": reasons.REASONS,
        "at": now(),
    }


def _network(code: str) -> Network:
    return network_or_404(web.session(), web.current_staff(), code)


def _enrolled(form: NewMemberForm, network: Network) -> Membership | None:
    address, consent = check_address(form.email.data or ""), form.consent_source.data or ""
    try:
        return managing.enrol(web.session(), network, address, _profile(form), consent, now())
    except Refused as error:
        web.abandon()
        form.refused("email", error)
        return None


def _current(person: Member, network: Network) -> Membership | None:
    held = (m for m in person.memberships if m.network_id == network.id and m.ended_at is None)
    return next(held, None)


def _network_values(form: NetworkForm) -> dict[str, object]:
    values = {name: form.data[name] for name in NETWORK_FIELDS}
    values["reply_to"] = values["reply_to"] or None
    values["about"] = text_of(values["about"])
    values["postal_address"] = values["postal_address"] or ""
    values["from_address"] = check_address(values["from_address"]).email
    return values


def _profile(form: ProfileForm) -> dict[str, object]:
    wanted = ("name", "profession", "specialties", "languages", "country", "timezone", "tags")
    return {name: form.data[name] for name in (*wanted, "sector")} | {
        "notes": text_of(form.notes.data)
    }
