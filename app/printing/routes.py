"""Letters for members whom no mail reaches, and the slips that come back from them."""

from datetime import timedelta

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app import web
from app.archive import keeping
from app.archive.document import to_document
from app.clock import now
from app.delivery.models import Delivery
from app.issues.composing import House
from app.issues.models import Issue
from app.issues.routes import issue_or_404
from app.links import Forged, Mangled
from app.printing import choosing, codes, letters, press
from app.printing.forms import PrintForm, SlipForm
from app.printing.letters import Values
from app.staff import audit

blueprint = Blueprint("printing", __name__)


@blueprint.get("/issues/<int:issue_id>/print")
@web.staff_only(*web.EDITORS)
def show(issue_id: int) -> ResponseReturnValue:
    return _page(_printable(issue_id), SlipForm(formdata=None))


@blueprint.post("/issues/<int:issue_id>/print")
@web.staff_only(*web.EDITORS)
def print_letters(issue_id: int) -> ResponseReturnValue:
    """A PDF of the letters of those chosen; or which characters would be missing in it."""
    ids, form = request.form.getlist("delivery", type=int), PrintForm()
    _printable(issue_id)
    web.abandon()  # it takes its time: nobody waits for this transaction meanwhile
    values = _values(issue_id, ids, both_sides=bool(form.both_sides.data))
    try:
        made = press.pdf(values, anyway="anyway" in request.form)
    except press.Lacking as lacking:
        return _lacking(issue_id, ids, form, lacking)
    issue = issue_or_404(issue_id)
    audit.record(web.session(), "issue.printed", issue, web.current_staff(), letters=len(ids))
    answer = Response(made, content_type="application/pdf")
    answer.headers["Content-Disposition"] = f"attachment; filename=letters-{issue_id}.pdf"
    return answer


@blueprint.post("/issues/<int:issue_id>/slips")
@web.staff_only(*web.EDITORS)
def slip(issue_id: int) -> ResponseReturnValue:
    """A slip of any issue that is theirs: what it says goes on, as it is, to the member's page,
    where answers that came another way are entered."""
    issue, form = _printable(issue_id), SlipForm()
    if not form.validate():
        return _page(issue, form), form.http_status
    try:
        delivery_id, offer_id = codes.read(web.services().links, form.code.data or "")
    except (Mangled, Forged):
        return _wrong(issue, form, _("This is no code of ours. Look at each letter of it."))
    delivery = web.session().get(Delivery, delivery_id)
    if delivery is None or not web.is_theirs(delivery.issue.network_id):
        return _wrong(issue, form, _("This slip is of a network that is not yours."))
    where = url_for(
        "reviewing.add", issue_id=delivery.issue_id, delivery_id=delivery_id, offer_id=offer_id
    )
    return redirect(where, 307)  # the form goes along


def _printable(issue_id: int) -> Issue:
    issue = issue_or_404(issue_id)
    lifetime = timedelta(days=web.services().settings.link_lifetime_days)
    choosing.require_young(issue, lifetime, now())
    return issue


def _values(issue_id: int, ids: list[int], *, both_sides: bool) -> Values:
    """Read in a transaction that holds up nobody, and that ends here."""
    services = web.services()
    with services.database.reading() as session:
        issue = session.get_one(Issue, issue_id)
        chosen = choosing.chosen(session, issue, ids)
        house = House.of(services.settings)
        return letters.letters(
            session, services.links, issue, chosen, house, now(), both_sides=both_sides
        )


def _page(issue: Issue, slip: SlipForm) -> str:
    session, text = web.session(), request.args.get("text", "").strip()[:200]
    page = web.page_number()
    if text:
        found = choosing.search(session, issue, text, page)
    else:
        found = choosing.unreached(session, issue, page, now())
    return render_template(
        "printing/show.html",
        issue=issue,
        found=found,
        text=text,
        page=page,
        pages=max(1, -(-found.total // choosing.MOST)),
        suppressed=choosing.suppressed(session, found.deliveries),
        without_row=choosing.without_row(session, issue),
        most=choosing.MOST,
        lacking=press.lacking(to_document(keeping.words_of(session, issue))),
        form=PrintForm(formdata=None),
        slip=slip,
    )


def _wrong(issue: Issue, form: SlipForm, why: str) -> ResponseReturnValue:
    form.code.errors = [why]
    return _page(issue, form), 422


def _lacking(
    issue_id: int, ids: list[int], form: PrintForm, lacking: press.Lacking
) -> ResponseReturnValue:
    page = render_template(
        "printing/lacking.html",
        issue=issue_or_404(issue_id),
        ids=ids,
        both_sides=form.both_sides.data,
        characters=lacking.characters,
    )
    return page, 422
