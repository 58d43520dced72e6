"""Signing in and out, one's own account, the staff, and the audit trail."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import refresh
from flask_login import current_user, login_user, logout_user

from app import web
from app.clock import now
from app.errors import Refused
from app.extensions import limiter
from app.networks.addresses import check_address
from app.networks.models import Network
from app.staff import audit, managing, signin
from app.staff.access import networks_of
from app.staff.forms import (
    ROLES,
    AccountForm,
    NewStaffForm,
    PasswordForm,
    SignInForm,
    StaffForm,
)
from app.staff.models import Role, Staff

blueprint = Blueprint("staff", __name__)
attempts = limiter.limit(lambda: web.services().settings.sign_in_limit, methods=["POST"])


@blueprint.route("/sign-in", methods=["GET", "POST"])
@web.public
@attempts
def sign_in() -> ResponseReturnValue:
    if current_user.is_authenticated and request.method == "GET":
        return redirect(url_for("shell.home"))
    form, wrong = SignInForm(), False
    if form.validate_on_submit():
        somebody = signin.by_password(
            web.session(), form.email.data or "", form.password.data or ""
        )
        if somebody:
            return _enter(somebody, "password")
        wrong = True
    status = 401 if wrong else form.http_status
    return render_template("staff/sign_in.html", form=form, wrong=wrong), status


@blueprint.route("/sign-in/<token:token>", methods=["GET", "POST"])
@web.public
@attempts
def sign_in_by_link(token: str) -> ResponseReturnValue:
    """A GET shows a button, since whatever shows previews of links opens them; the POST spends."""
    links = web.services().links
    if request.method == "POST":
        somebody = signin.spend_link(web.session(), links, token, now())
        if somebody:
            return _enter(somebody, "link")
    elif signin.works(web.session(), links, token, now()):
        return render_template("staff/link.html")
    return render_template("staff/link_spent.html"), 410


@blueprint.post("/sign-out")
@web.staff_only(*web.READERS)
def sign_out() -> ResponseReturnValue:
    """Everywhere: a cookie that was copied must not live on."""
    signin.end_sessions(web.current_staff())
    logout_user()
    return redirect(url_for("staff.sign_in"))


@blueprint.route("/account", methods=["GET", "POST"])
@web.staff_only(*web.READERS)
def account() -> ResponseReturnValue:
    somebody = web.current_staff()
    form = AccountForm(obj=somebody)
    if form.validate_on_submit():
        somebody.name = form.name.data or ""
        somebody.timezone = form.timezone.data or None
        somebody.language = form.language.data or None
        refresh()
        flash(_("Saved."), "ok")
        return redirect(url_for("staff.account"))
    return _account_page(form, PasswordForm.of(somebody), form.http_status)


@blueprint.post("/account/password")
@web.staff_only(*web.READERS)
@attempts
def change_password() -> ResponseReturnValue:
    """Ends every session of theirs but this one."""
    somebody = web.current_staff()
    form = PasswordForm.of(somebody)
    known = not somebody.password_hash or signin.by_password(
        web.session(), somebody.email, form.data.get("current") or ""
    )
    if form.validate_on_submit() and known:
        signin.set_password(somebody, form.new.data or "")
        audit.record(web.session(), "staff.password_changed", somebody, somebody)
        login_user(somebody)
        flash(_("The password is set. All other sessions are ended."), "ok")
        return redirect(url_for("staff.account"))
    if not known:
        form.current.errors = [_("This is not your current password.")]
    return _account_page(AccountForm(formdata=None, obj=somebody), form, 422)


@blueprint.post("/account/end-sessions")
@web.staff_only(*web.READERS)
def end_sessions() -> ResponseReturnValue:
    somebody = web.current_staff()
    signin.end_sessions(somebody)
    audit.record(web.session(), "staff.sessions_ended", somebody, somebody)
    login_user(somebody)
    flash(_("All other sessions are ended."), "ok")
    return redirect(url_for("staff.account"))


@blueprint.get("/staff/")
@web.staff_only()
def index() -> ResponseReturnValue:
    return render_template(
        "staff/index.html", everybody=managing.everybody(web.session()), roles=ROLES
    )


@blueprint.route("/staff/new", methods=["GET", "POST"])
@web.staff_only()
def new() -> ResponseReturnValue:
    form = NewStaffForm(networks=_networks())
    somebody = _added(form) if form.validate_on_submit() else None
    if somebody:
        audit.record(
            web.session(), "staff.added", somebody, web.current_staff(), role=somebody.role
        )
        return _show_link(somebody)
    return render_template("staff/new.html", form=form), form.http_status


@blueprint.route("/staff/<int:staff_id>", methods=["GET", "POST"])
@web.staff_only()
def show(staff_id: int) -> ResponseReturnValue:
    somebody = managing.get(web.session(), staff_id)
    held = {"name": somebody.name, "role": somebody.role}
    form = StaffForm(
        networks=_networks(), data=held | {"networks": [n.code for n in somebody.networks]}
    )
    if form.validate_on_submit():
        role = Role(form.role.data)
        managing.change(web.session(), somebody, form.name.data or "", role, _chosen(form))
        audit.record(web.session(), "staff.changed", somebody, web.current_staff(), role=role)
        flash(_("Saved."), "ok")
        return redirect(url_for("staff.index"))
    return render_template("staff/show.html", form=form, somebody=somebody), form.http_status


@blueprint.post("/staff/<int:staff_id>/link")
@web.staff_only()
def make_link(staff_id: int) -> ResponseReturnValue:
    somebody = managing.get(web.session(), staff_id)
    audit.record(web.session(), "staff.link_made", somebody, web.current_staff())
    return _show_link(somebody)


@blueprint.post("/staff/<int:staff_id>/close")
@web.staff_only()
def close(staff_id: int) -> ResponseReturnValue:
    somebody = managing.get(web.session(), staff_id)
    managing.close(web.session(), somebody, now())
    audit.record(web.session(), "staff.closed", somebody, web.current_staff())
    flash(_("They can no longer sign in."), "ok")
    return redirect(url_for("staff.index"))


@blueprint.get("/audit")
@web.staff_only()
def audit_trail() -> ResponseReturnValue:
    page = web.page_number()
    entries, total = managing.audit_page(web.session(), page)
    pages = max(1, -(-total // managing.PAGE))
    return render_template("staff/audit.html", entries=entries, total=total, page=page, pages=pages)


def _added(form: NewStaffForm) -> Staff | None:
    address, role = check_address(form.email.data or ""), Role(form.role.data)
    try:
        return managing.add(
            web.session(), address, form.name.data or "", role, _chosen(form), now()
        )
    except Refused as error:
        web.abandon()
        form.refused("networks" if role is Role.COORDINATOR else "email", error)
        return None


def _enter(somebody: Staff, how: str) -> ResponseReturnValue:
    login_user(somebody)
    audit.record(web.session(), "staff.signed_in", somebody, somebody, by=how)
    if not somebody.password_hash:
        flash(_("Set a password below, to sign in without a link next time."), "wait")
        return redirect(url_for("staff.account"))
    return redirect(_safe(request.args.get("next", "")) or url_for("shell.home"))


def _safe(path: str) -> str:
    """The path when it stays on this service, else nothing."""
    plain = all("!" <= char <= "~" and char != "\\" for char in path)
    return path if plain and path.startswith("/") and not path.startswith("//") else ""


def _show_link(somebody: Staff) -> ResponseReturnValue:
    link = signin.new_link(web.session(), web.services().links, somebody, now())
    return render_template("staff/new_link.html", somebody=somebody, link=link)


def _account_page(form: AccountForm, password: PasswordForm, status: int) -> ResponseReturnValue:
    somebody = web.current_staff()
    page = render_template(
        "staff/account.html", form=form, password=password, somebody=somebody, roles=ROLES
    )
    return page, status


def _networks() -> list[Network]:
    return networks_of(web.session(), web.current_staff())


def _chosen(form: StaffForm) -> list[Network]:
    return [network for network in _networks() if network.code in (form.networks.data or [])]
