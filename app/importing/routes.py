"""The pages of an import: upload, columns, what it would do, how it goes."""

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from app import web
from app.downloads import csv_download
from app.errors import NotFound
from app.importing import columns, runs
from app.importing.forms import UploadForm
from app.importing.models import ImportRow, ImportRun, ImportState, Verdict
from app.staff import audit
from app.staff.access import network_or_404

blueprint = Blueprint("imports", __name__)
BUSY = (ImportState.TO_READ, ImportState.READING, ImportState.TO_APPLY)
SHOWN = 100  # rows of the plan on one page


@blueprint.route("/networks/<code>/import", methods=["GET", "POST"])
@web.staff_only(*web.EDITORS)
def upload(code: str) -> ResponseReturnValue:
    network = network_or_404(web.session(), web.current_staff(), code)
    form = UploadForm()
    if form.validate_on_submit():
        consent = (form.consent_source.data or "").strip() if form.how.data == "consent" else None
        web.abandon()  # so that nobody waits for this transaction while the file is opened
        found = runs.look(form.file.data.filename or "", form.file.data.read())
        staff = web.current_staff()
        run = runs.start(web.session(), network, staff.id, found, consent)
        audit.record(web.session(), "import.uploaded", run, staff, bytes=run.size)
        return redirect(url_for("imports.show", run_id=run.id))
    return render_template("imports/upload.html", form=form, network=network), form.http_status


@blueprint.get("/imports/<int:run_id>")
@web.staff_only(*web.EDITORS)
def show(run_id: int) -> ResponseReturnValue:
    """What the import waits for: columns, the worker, or a word."""
    run = _run(run_id)
    if run.state in BUSY:
        return render_template("imports/busy.html", **_progress(run))
    if run.state in (ImportState.MAPPING, ImportState.FAILED):
        return render_template("imports/columns.html", run=run, fields=columns.FIELDS)
    return _plan(run)


@blueprint.post("/imports/<int:run_id>/columns")
@web.staff_only(*web.EDITORS)
def choose_columns(run_id: int) -> ResponseReturnValue:
    run = _run(run_id)
    chosen = {n: request.form.get(f"column-{n}", "") for n in range(len(run.header))}
    runs.choose_columns(run, {n: field for n, field in chosen.items() if field})
    audit.record(web.session(), "import.columns_chosen", run, web.current_staff())
    return redirect(url_for("imports.show", run_id=run.id))


@blueprint.get("/imports/<int:run_id>/columns")
@web.staff_only(*web.EDITORS)
def correct_columns(run_id: int) -> ResponseReturnValue:
    """Back from the plan to the columns."""
    return render_template("imports/columns.html", run=_run(run_id), fields=columns.FIELDS)


@blueprint.post("/imports/<int:run_id>/apply")
@web.staff_only(*web.EDITORS)
def apply(run_id: int) -> ResponseReturnValue:
    run = _run(run_id)
    runs.approve(run)
    audit.record(web.session(), "import.approved", run, web.current_staff(), **run.counts)
    return redirect(url_for("imports.show", run_id=run.id))


@blueprint.get("/imports/<int:run_id>/progress")
@web.staff_only(*web.EDITORS)
def progress(run_id: int) -> ResponseReturnValue:
    """The part that moves; at the end it has the browser load the page anew."""
    run = _run(run_id)
    if run.state not in BUSY:
        return Response(status=204, headers={"HX-Refresh": "true"})
    return render_template("imports/_progress.html", **_progress(run))


@blueprint.get("/imports/<int:run_id>/refused.csv")
@web.staff_only(*web.EDITORS)
def refused(run_id: int) -> ResponseReturnValue:
    """The rows that were not taken, each with its reason: to mend and bring back."""
    run = _run(run_id)
    return csv_download(f"to-mend-{run.id}.csv", runs.refused_rows(web.session(), run))


def _plan(run: ImportRun) -> ResponseReturnValue:
    shown = request.args.get("verdict", "")
    if shown not in list(Verdict):
        shown = next((v.value for v in Verdict if run.counts.get(v.value)), Verdict.NEW.value)
    page = web.page_number()
    rows = web.session().scalars(
        select(ImportRow)
        .where(ImportRow.run_id == run.id, ImportRow.verdict == shown)
        .order_by(ImportRow.line)
        .limit(SHOWN)
        .offset((page - 1) * SHOWN)
    )
    return render_template(
        "imports/plan.html",
        run=run,
        rows=rows.all(),
        shown=shown,
        page=page,
        pages=max(1, -(-run.counts.get(shown, 0) // SHOWN)),
        fields=columns.FIELDS,
    )


def _progress(run: ImportRun) -> dict[str, object]:
    if run.state == ImportState.TO_APPLY:
        total = run.counts.get(Verdict.NEW, 0) + run.counts.get(Verdict.CHANGED, 0)
        done = runs.rows_applied(web.services().settings.data_dir, run)
        return {"run": run, "done": done, "total": total if done else 0, "label": _("Importing")}
    total = max(run.rows_total, run.rows_read)
    return {"run": run, "done": run.rows_read, "total": total, "label": _("Reading the file")}


def _run(run_id: int) -> ImportRun:
    """NotFound for an import into a network that is not theirs, too."""
    run = web.session().get(ImportRun, run_id)
    if run is None or not web.is_theirs(run.network_id):
        raise NotFound(_("This import does not exist, or belongs to a network that is not yours."))
    return run
