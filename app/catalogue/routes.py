"""The catalogue's pages: what each sector can be asked, read and written."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app import web
from app.cases.forms import KINDS
from app.catalogue import editing
from app.catalogue.comparing import Piece, compare
from app.catalogue.forms import EntryForm, NewEntryForm
from app.catalogue.models import CatalogueAsk
from app.clock import now
from app.sectors import SECTORS
from app.staff import audit
from app.staff.access import networks_of

blueprint = Blueprint("catalogue", __name__)


@blueprint.get("/catalogue/")
@web.staff_only(*web.EDITORS)
def index() -> ResponseReturnValue:
    """Of one sector: what is offered, then what is hidden."""
    sector = _sector()
    entries = editing.of_sector(web.session(), sector)
    hid = request.args.get("hid", type=int)
    return render_template(
        "catalogue/index.html",
        sector=sector,
        sectors=SECTORS,
        counts=editing.counts(web.session()),
        entries=[entry for entry in entries if entry.hidden_at is None],
        hidden=[entry for entry in entries if entry.hidden_at is not None],
        just_hidden=next((e for e in entries if e.id == hid and e.hidden_at is not None), None),
        kinds=KINDS,
    )


@blueprint.route("/catalogue/new", methods=["GET", "POST"])
@web.staff_only(*web.EDITORS)
def new() -> ResponseReturnValue:
    form = NewEntryForm(sector=_sector())
    if form.validate_on_submit():
        entry = editing.add(web.session(), form.sector.data, form.words(), now())
        audit.record(
            web.session(), "catalogue.added", entry, web.current_staff(), sector=entry.sector
        )
        flash(_("The ask is in the catalogue."), "ok")
        return redirect(url_for("catalogue.index", sector=entry.sector))
    return render_template("catalogue/new.html", form=form, sector=_sector()), form.http_status


@blueprint.route("/catalogue/<int:entry_id>", methods=["GET", "POST"])
@web.staff_only(*web.EDITORS)
def edit(entry_id: int) -> ResponseReturnValue:
    entry = _entry(entry_id)
    form = EntryForm(obj=entry)
    if form.validate_on_submit():
        changed = editing.rewrite(entry, form.words(), now())
        _noted("catalogue.changed", entry, changed)
        flash(_("Saved. Asks that were made of it before keep their words."), "ok")
        return redirect(url_for("catalogue.edit", entry_id=entry.id))
    page = render_template(
        "catalogue/edit.html", form=form, entry=entry, differences=_differences(entry)
    )
    return page, form.http_status


@blueprint.post("/catalogue/<int:entry_id>/hiding")
@web.staff_only(*web.EDITORS)
def hide(entry_id: int) -> ResponseReturnValue:
    entry = _entry(entry_id)
    editing.hide(entry, now())
    _noted("catalogue.hidden", entry)
    return redirect(url_for("catalogue.index", sector=entry.sector, hid=entry.id))


@blueprint.post("/catalogue/<int:entry_id>/showing")
@web.staff_only(*web.EDITORS)
def show(entry_id: int) -> ResponseReturnValue:
    entry = _entry(entry_id)
    editing.show(entry)
    _noted("catalogue.shown", entry)
    flash(_("It is in the catalogue again."), "ok")
    return redirect(url_for("catalogue.index", sector=entry.sector))


@blueprint.post("/catalogue/<int:entry_id>/original")
@web.staff_only(*web.EDITORS)
def restore(entry_id: int) -> ResponseReturnValue:
    entry = _entry(entry_id)
    changed = editing.restore(entry, now())
    _noted("catalogue.restored", entry, changed)
    flash(_("It has its original words again."), "ok")
    return redirect(url_for("catalogue.edit", entry_id=entry.id))


def _entry(entry_id: int) -> CatalogueAsk:
    return editing.entry_or_404(web.session(), entry_id)


def _sector() -> str:
    """The one that is asked for, else that of the first of their networks."""
    asked = request.args.get("sector", "")
    if asked in SECTORS:
        return asked
    networks = networks_of(web.session(), web.current_staff())
    return next((n.sector for n in networks if n.sector in SECTORS), "legal")


def _differences(entry: CatalogueAsk) -> dict[str, list[Piece]]:
    """Field -> the pieces of its original words and of those of now."""
    found = editing.differences(entry)
    if "kind" in found:
        before, after = found["kind"]
        found["kind"] = str(KINDS.get(before, before)), str(KINDS.get(after, after))
    return {name: list(compare(*words)) for name, words in found.items()}


def _noted(action: str, entry: CatalogueAsk, fields: list[str] | None = None) -> None:
    audit.record(
        web.session(), action, entry, web.current_staff(), sector=entry.sector, fields=fields or []
    )
