"""The snippets' pages, and the ways from a case to a snippet and back."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app import web
from app.cases import editing
from app.cases.models import Addressee, Ask
from app.clock import now
from app.errors import NotFound
from app.networks.models import Network
from app.snippets import keeping
from app.snippets.forms import KINDS, SEVERAL, form_of, said
from app.snippets.models import Snippet, SnippetKind
from app.staff import audit
from app.staff.access import network_or_404, networks_of

blueprint = Blueprint("snippets", __name__)


@blueprint.get("/snippets/")
@web.staff_only(*web.EDITORS)
def index() -> ResponseReturnValue:
    """Those of one network, kind by kind."""
    networks = networks_of(web.session(), web.current_staff())
    network = _chosen() if networks else None
    found = keeping.of_network(web.session(), network) if network else []
    by_kind = {kind: [one for one in found if one.kind == kind] for kind in SnippetKind}
    return render_template(
        "snippets/index.html",
        networks=networks,
        network=network,
        total=len(found),
        by_kind=by_kind,
        several=SEVERAL,
        kinds=KINDS,
    )


@blueprint.route("/snippets/new", methods=["GET", "POST"])
@web.staff_only(*web.EDITORS)
def new() -> ResponseReturnValue:
    network, kind = _chosen(), _kind()
    form = form_of(kind)
    if form.validate_on_submit():
        title, content = said(form)
        staff = web.current_staff()
        snippet = keeping.keep(web.session(), network, kind, title, content, staff, now())
        _noted("snippet.kept", snippet)
        flash(_("Kept."), "ok")
        return redirect(url_for("snippets.index", network=network.code))
    page = render_template("snippets/new.html", form=form, network=network, kind=kind, kinds=KINDS)
    return page, form.http_status


@blueprint.route("/snippets/<int:snippet_id>", methods=["GET", "POST"])
@web.staff_only(*web.EDITORS)
def edit(snippet_id: int) -> ResponseReturnValue:
    snippet = _snippet(snippet_id)
    form = form_of(SnippetKind(snippet.kind), snippet)
    if form.validate_on_submit():
        changed = keeping.change(snippet, *said(form), now())
        _noted("snippet.changed", snippet, fields=changed)
        flash(_("Saved."), "ok")
        return redirect(url_for("snippets.edit", snippet_id=snippet.id))
    page = render_template("snippets/edit.html", form=form, snippet=snippet, kinds=KINDS)
    return page, form.http_status


@blueprint.post("/snippets/<int:snippet_id>/removal")
@web.staff_only(*web.EDITORS)
def remove(snippet_id: int) -> ResponseReturnValue:
    snippet = _snippet(snippet_id)
    network = snippet.network
    _noted("snippet.removed", snippet)
    keeping.remove(web.session(), snippet)
    flash(_("Deleted. What was made of it stays."), "ok")
    return redirect(url_for("snippets.index", network=network.code))


@blueprint.post("/cases/<reference>/<any(asks, addressees):kind>/<int:part_id>/keeping")
@web.staff_only(*web.EDITORS)
def keep_part(reference: str, kind: str, part_id: int) -> ResponseReturnValue:
    """An ask or an addressee of a case, kept for a network of theirs."""
    session, staff = web.session(), web.current_staff()
    case = editing.by_reference(session, reference)
    part = editing.part_of(case, kind, part_id)
    network = network_or_404(session, staff, request.form.get("network", ""))
    if isinstance(part, Ask):
        snippet = keeping.keep_ask(session, network, part, staff, now())
        flash(_("Kept. See that nothing in it speaks of this case alone."), "ok")
    else:
        assert isinstance(part, Addressee)
        snippet = keeping.keep_addressee(session, network, part, staff, now())
        flash(_("Kept."), "ok")
    _noted("snippet.kept", snippet)
    return redirect(url_for("snippets.edit", snippet_id=snippet.id))


@blueprint.post("/cases/<reference>/addressees/from-snippet")
@web.staff_only(*web.EDITORS)
def add_addressee(reference: str) -> ResponseReturnValue:
    session = web.session()
    case = editing.by_reference(session, reference)
    snippet = _snippet(request.form.get("snippet", 0, type=int))
    keeping.addressee_from(session, snippet, case)
    case.updated_at = now()
    audit.record(session, "case.part_written", case, web.current_staff(), kind="addressees")
    flash(_("The addressee stands with the case. Say in its asks what goes there."), "ok")
    return redirect(url_for("cases.show", reference=case.reference, _anchor="addressees"))


def _chosen() -> Network:
    """The network that is asked for, else the first of theirs."""
    session, staff = web.session(), web.current_staff()
    networks = networks_of(session, staff)
    code = request.args.get("network", "") or (networks[0].code if networks else "")
    return network_or_404(session, staff, code)


def _kind() -> SnippetKind:
    try:
        return SnippetKind(request.args.get("kind", SnippetKind.TEXT))
    except ValueError:
        raise NotFound(_("There is no such kind of snippet.")) from None


def _snippet(snippet_id: int) -> Snippet:
    snippet = web.session().get(Snippet, snippet_id)
    if snippet is None or not web.is_theirs(snippet.network_id):
        raise NotFound(_("There is no such snippet, or it belongs to a network that is not yours."))
    return snippet


def _noted(action: str, snippet: Snippet, fields: list[str] | None = None) -> None:
    audit.record(
        web.session(),
        action,
        snippet,
        web.current_staff(),
        kind=snippet.kind,
        network=snippet.network.code,
        fields=fields or [],
    )
