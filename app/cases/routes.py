"""The case pages: find, read, write a case and its parts."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app import interchange, web
from app.cases import editing
from app.cases.forms import (
    KINDS,
    SENSITIVITIES,
    STATUSES,
    AddresseeForm,
    AskForm,
    CaseForm,
    DevelopmentForm,
    NewCaseForm,
    PersonForm,
)
from app.cases.interchange import export_cases, import_cases
from app.cases.models import Ask, Case
from app.clock import now
from app.errors import InvalidInput
from app.forms import Form, text_of
from app.letters import listing
from app.snippets import keeping
from app.snippets.models import SnippetKind
from app.staff import audit
from app.staff.access import networks_of
from newsletters import markdown

blueprint = Blueprint("cases", __name__)
PART = "<any(people, addressees, developments, asks):kind>"
TEXTS = (
    *("summary", "background", "wishes", "description", "text", "post", "why", "instructions"),
    "model_text",
)


@blueprint.get("/cases/")
@web.staff_only(*web.EDITORS)
def index() -> ResponseReturnValue:
    text = request.args.get("text", "").strip()[:200]
    status = request.args.get("status", "")
    cases = editing.find(web.session(), text, status)
    return render_template(
        "cases/index.html", cases=cases, text=text, status=status, statuses=STATUSES
    )


@blueprint.route("/cases/new", methods=["GET", "POST"])
@web.staff_only(*web.EDITORS)
def new() -> ResponseReturnValue:
    form = NewCaseForm()
    if form.validate_on_submit():
        values = _values(form)
        case = editing.add(web.session(), values.pop("reference"), values, now())
        audit.record(web.session(), "case.added", case, web.current_staff())
        flash(_("The case is there. Now say who, to whom, and what is asked."), "ok")
        return redirect(url_for("cases.show", reference=case.reference))
    return render_template("cases/form.html", form=form, case=None), form.http_status


@blueprint.route("/cases/import", methods=["GET", "POST"])
@web.staff_only(*web.EDITORS)
def import_file() -> ResponseReturnValue:
    """Cases as JSON, pasted or as a file."""
    done, error = None, None
    if request.method == "POST":
        file = request.files.get("file")
        text = file.read() if file and file.filename else request.form.get("text", "")
        try:
            done = import_cases(web.session(), interchange.parse(text), web.current_staff())
        except InvalidInput as wrong:
            web.abandon()
            error = wrong
    page = render_template("cases/import.html", done=done, error=error)
    return page, 422 if error else 200


@blueprint.get("/cases/<reference>")
@web.staff_only(*web.EDITORS)
def show(reference: str) -> ResponseReturnValue:
    case = _case(reference)
    letters = listing.of_case(web.session(), case.id)
    networks = networks_of(web.session(), web.current_staff())
    kept = keeping.of_networks(web.session(), networks, SnippetKind.ADDRESSEE)
    return render_template(
        "cases/show.html",
        case=case,
        letters=letters,
        is_theirs=web.is_theirs,
        kept_addressees=kept,
        **_words(),
    )


@blueprint.get("/cases/<reference>.json")
@web.staff_only(*web.EDITORS)
def export(reference: str) -> ResponseReturnValue:
    return export_cases([_case(reference)])


@blueprint.route("/cases/<reference>/edit", methods=["GET", "POST"])
@web.staff_only(*web.EDITORS)
def edit(reference: str) -> ResponseReturnValue:
    case = _case(reference)
    form = CaseForm(obj=case)
    if form.validate_on_submit():
        changed = editing.rewrite(case, _values(form), now())
        audit.record(web.session(), "case.changed", case, web.current_staff(), fields=changed)
        flash(_("Saved."), "ok")
        return redirect(url_for("cases.show", reference=reference))
    return render_template("cases/form.html", form=form, case=case), form.http_status


@blueprint.route(f"/cases/<reference>/{PART}/new", methods=["GET", "POST"])
@web.staff_only(*web.EDITORS)
def add_part(reference: str, kind: str) -> ResponseReturnValue:
    return _write_part(_case(reference), kind, None)


@blueprint.route(f"/cases/<reference>/{PART}/<int:part_id>", methods=["GET", "POST"])
@web.staff_only(*web.EDITORS)
def edit_part(reference: str, kind: str, part_id: int) -> ResponseReturnValue:
    case = _case(reference)
    return _write_part(case, kind, editing.part_of(case, kind, part_id))


@blueprint.post(f"/cases/<reference>/{PART}/<int:part_id>/remove")
@web.staff_only(*web.EDITORS)
def remove_part(reference: str, kind: str, part_id: int) -> ResponseReturnValue:
    case = _case(reference)
    part = editing.part_of(case, kind, part_id)
    editing.remove_part(web.session(), case, kind, part)
    case.updated_at = now()
    audit.record(web.session(), "case.part_removed", case, web.current_staff(), kind=kind)
    flash(_("Removed."), "ok")
    return redirect(url_for("cases.show", reference=reference))


@blueprint.post("/cases/<reference>/asks/<int:part_id>/withdraw")
@web.staff_only(*web.EDITORS)
def withdraw(reference: str, part_id: int) -> ResponseReturnValue:
    case = _case(reference)
    ask = editing.part_of(case, "asks", part_id)
    if isinstance(ask, Ask):
        editing.withdraw(ask, now())
        audit.record(web.session(), "ask.withdrawn", ask, web.current_staff())
    flash(_("Withdrawn. Its links say so from now on."), "ok")
    return redirect(url_for("cases.show", reference=reference))


def _write_part(case: Case, kind: str, part: editing.Part | None) -> ResponseReturnValue:
    form = _part_form(case, kind, part)
    if form.validate_on_submit():
        part = editing.write_part(web.session(), case, kind, part, _values(form))
        case.updated_at = now()
        audit.record(web.session(), "case.part_written", case, web.current_staff(), kind=kind)
        flash(_("Saved."), "ok")
        return redirect(url_for("cases.show", reference=case.reference, _anchor=kind))
    offered = isinstance(part, Ask) and editing.is_offered(web.session(), part)
    keepable = part is not None and kind in ("asks", "addressees")
    page = render_template(
        "cases/part.html",
        form=form,
        case=case,
        kind=kind,
        part=part,
        offered=offered,
        networks=networks_of(web.session(), web.current_staff()) if keepable else [],
    )
    return page, form.http_status


def _part_form(case: Case, kind: str, part: editing.Part | None) -> Form:
    if kind == "asks":
        data = {}
        if isinstance(part, Ask):
            data = {c.key: getattr(part, c.key) for c in Ask.__table__.columns}
            data["addressees"] = [addressee.id for addressee in part.addressees]
        return AskForm(data=data, addressees=case.addressees)
    forms = {"people": PersonForm, "addressees": AddresseeForm, "developments": DevelopmentForm}
    return forms[kind](obj=part)


def _values(form: Form) -> dict[str, Any]:
    values = {field.name: field.data for field in form.shown()}
    for name in TEXTS:
        if name in values:
            values[name] = text_of(values[name])
    if "country" in values:
        values["country"] = values["country"] or None
    return values


def _case(reference: str) -> Case:
    return editing.by_reference(web.session(), reference)


def _words() -> dict[str, Any]:
    return {
        "kinds": KINDS,
        "statuses": STATUSES,
        "sensitivities": SENSITIVITIES,
        "markdown": markdown.to_html,
    }
