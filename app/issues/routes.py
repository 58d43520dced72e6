"""The issue pages: list, write, preview, send, and how a sending goes."""

from collections.abc import Mapping

from flask import (
    Blueprint,
    Response,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import func, select

from app import web
from app.clock import now
from app.delivery.models import Chunk
from app.errors import NotFound
from app.forms import options, text_of
from app.issues import course, editing, sending, steering
from app.issues.forms import NewIssueForm, PauseForm, SearchForm, SendForm, WordsForm, pace_of
from app.issues.models import Issue
from app.issues.preview import PREVIEW_PATH, first_members, preview
from app.networks.models import Member
from app.staff import audit
from app.staff.access import networks_of
from newsletters.content import CompositionError

blueprint = Blueprint("issues", __name__)


@blueprint.get("/issues/")
@web.staff_only(*web.EDITORS)
def index() -> ResponseReturnValue:
    session, staff = web.session(), web.current_staff()
    networks = networks_of(session, staff)
    chosen = request.args.get("network", "")
    ids = [network.id for network in networks if chosen in ("", network.code)]
    issues = session.scalars(
        select(Issue).where(Issue.network_id.in_(ids)).order_by(Issue.id.desc())
    ).all()
    sent = dict(
        session.execute(
            select(Chunk.issue_id, func.sum(Chunk.size))
            .where(Chunk.issue_id.in_([issue.id for issue in issues]))
            .group_by(Chunk.issue_id)
        ).all()
    )
    return render_template(
        "issues/index.html",
        issues=issues,
        networks=networks,
        chosen=chosen,
        sent=sent,
        phase=course.phase,
    )


@blueprint.route("/issues/new", methods=["GET", "POST"])
@web.staff_only(*web.EDITORS)
def new() -> ResponseReturnValue:
    session, staff = web.session(), web.current_staff()
    networks = networks_of(session, staff)
    form = NewIssueForm(network=request.args.get("network"))
    form.network.choices = options((network.code, network.name) for network in networks)
    if form.validate_on_submit():
        network = next(n for n in networks if n.code == form.network.data)
        issue = editing.create(session, network, staff.id, now(), title=form.title.data or "")
        audit.record(session, "issue.created", issue, staff)
        return redirect(url_for("issues.edit", issue_id=issue.id))
    return render_template("issues/new.html", form=form, networks=networks), form.http_status


@blueprint.get("/issues/<int:issue_id>")
@web.staff_only(*web.EDITORS)
def show(issue_id: int) -> ResponseReturnValue:
    """A draft is edited; anything later is looked at."""
    issue = issue_or_404(issue_id)
    if issue.scheduled_for is None:
        return redirect(url_for("issues.edit", issue_id=issue.id))
    shown = _progress(issue)
    # While numbers move, who was not reached has a page of its own.
    at_rest = shown["phase"] not in ("scheduled", "sending", "stopping")
    return render_template(
        "issues/show.html",
        halt=course.halt(web.session(), issue),
        missed=course.missed(web.session(), issue) if at_rest else [],
        still="still" in request.args,
        pause=PauseForm(formdata=None),
        **shown,
    )


@blueprint.get("/issues/<int:issue_id>/progress")
@web.staff_only(*web.EDITORS)
def progress(issue_id: int) -> ResponseReturnValue:
    """The part that moves while an issue goes out; once its phase is another, the page is loaded
    anew, since other things can be done then."""
    issue = issue_or_404(issue_id)
    if course.phase(issue) != request.args.get("was", course.phase(issue)):
        return Response(status=204, headers={"HX-Refresh": "true"})
    return render_template("issues/_progress.html", **_progress(issue))


@blueprint.route("/issues/<int:issue_id>/edit", methods=["GET", "POST"])
@web.staff_only(*web.EDITORS)
def edit(issue_id: int) -> ResponseReturnValue:
    session, issue = web.session(), issue_or_404(issue_id)
    if issue.scheduled_for is not None:
        return redirect(url_for("issues.show", issue_id=issue.id))
    form = WordsForm(obj=issue)
    if form.validate_on_submit():
        changed = editing.rewrite(issue, _words(form.data), now())
        audit.record(session, "issue.rewritten", issue, web.current_staff(), fields=changed)
        flash(_("Saved."), "ok")
        return redirect(url_for("issues.edit", issue_id=issue.id))
    search = SearchForm(request.args)
    found = editing.cases_to_offer(session, issue, search.text.data or "")
    overview = sending.overview(session, web.services(), issue, now())
    return render_template(
        "issues/edit.html", issue=issue, form=form, search=search, found=found[:10], over=overview
    ), form.http_status


@blueprint.post("/issues/<int:issue_id>/cases")
@web.staff_only(*web.EDITORS)
def add_case(issue_id: int) -> ResponseReturnValue:
    session, issue = web.session(), issue_or_404(issue_id)
    case = editing.case_or_404(session, request.form.get("case", 0, type=int))
    editing.add_case(session, issue, case, now())
    audit.record(session, "issue.case_added", issue, web.current_staff(), case=case.reference)
    return redirect(url_for("issues.edit", issue_id=issue.id, _anchor="cases"))


@blueprint.post("/issues/<int:issue_id>/cases/<int:case_id>")
@web.staff_only(*web.EDITORS)
def change_case(issue_id: int, case_id: int) -> ResponseReturnValue:
    """Offer exactly the ticked asks, or move or remove the case, by the button that was pressed."""
    session, issue = web.session(), issue_or_404(issue_id)
    match request.form.get("do"):
        case "up":
            editing.move_case(issue, case_id, -1, now())
        case "down":
            editing.move_case(issue, case_id, 1, now())
        case "remove":
            editing.remove_case(issue, case_id, now())
        case _:
            asks = request.form.getlist("ask", type=int)
            place = editing.case_or_404(session, case_id)
            editing.offer_asks(session, issue, place, asks, now())
    audit.record(session, "issue.cases_changed", issue, web.current_staff())
    return redirect(url_for("issues.edit", issue_id=issue.id, _anchor="cases"))


@blueprint.get("/issues/<int:issue_id>/preview")
@web.staff_only(*web.EDITORS)
def show_preview(issue_id: int) -> ResponseReturnValue:
    session, issue = web.session(), issue_or_404(issue_id)
    members = first_members(session, issue)
    member = _member(members)
    shown, problem = None, ""
    if member is not None:
        try:
            shown = preview(session, web.services(), issue, member, now())
        except CompositionError as error:
            problem = str(error)
    return render_template(
        "issues/preview.html",
        issue=issue,
        members=members,
        member=member,
        preview=shown,
        problem=problem,
    )


@blueprint.get("/issues/<int:issue_id>/preview/<int:member_id>.<form>")
@web.staff_only(*web.EDITORS)
def preview_file(issue_id: int, member_id: int, form: str) -> ResponseReturnValue:
    """The mail itself: `html` for the frame on the preview page, `eml` to keep."""
    session, issue = web.session(), issue_or_404(issue_id)
    member = session.get(Member, member_id)
    if member is None or form not in ("html", "eml"):
        raise NotFound(_("This preview does not exist."))
    shown = preview(session, web.services(), issue, member, now())
    if form == "html":
        return web.framed_mail(shown.html)
    response = make_response(shown.eml)
    response.content_type = "message/rfc822"
    response.headers["Content-Disposition"] = f"attachment; filename=issue-{issue.id}.eml"
    return response


@blueprint.route("/issues/<int:issue_id>/send", methods=["GET", "POST"])
@web.staff_only(*web.EDITORS)
def send(issue_id: int) -> ResponseReturnValue:
    session, issue, staff = web.session(), issue_or_404(issue_id), web.current_staff()
    if issue.scheduled_for is not None:
        return redirect(url_for("issues.show", issue_id=issue.id))
    form = SendForm(obj=issue)
    if form.validate_on_submit():
        at = sending.moment_in(form.at.data, issue.network.timezone) if form.at.data else now()
        steering.set_pace(session, issue, staff, **pace_of(form))
        if sending.send(session, web.services(), issue, at, staff.id, now()):
            audit.record(session, "issue.scheduled", issue, staff, at=at.isoformat())
        return redirect(url_for("issues.show", issue_id=issue.id))
    overview = sending.overview(session, web.services(), issue, now())
    page = render_template("issues/send.html", issue=issue, form=form, over=overview)
    return page, form.http_status


@blueprint.post("/issues/<int:issue_id>/unschedule")
@web.staff_only(*web.EDITORS)
def unschedule(issue_id: int) -> ResponseReturnValue:
    session, issue = web.session(), issue_or_404(issue_id)
    sending.unschedule(session, issue)
    audit.record(session, "issue.unscheduled", issue, web.current_staff())
    flash(_("The issue is a draft again. Nothing was sent."), "ok")
    return redirect(url_for("issues.edit", issue_id=issue.id))


@blueprint.get(PREVIEW_PATH)
@web.public
def preview_link() -> ResponseReturnValue:
    """Where the links of a preview lead."""
    return render_template("issues/preview_link.html")


def issue_or_404(issue_id: int) -> Issue:
    """NotFound for an issue of a network that is not theirs, too."""
    issue = web.session().get(Issue, issue_id)
    if issue is None or not web.is_theirs(issue.network_id):
        raise NotFound(_("This issue does not exist, or belongs to a network that is not yours."))
    return issue


def _progress(issue: Issue) -> dict[str, object]:
    at = now()
    seen = course.course(web.session(), issue, at)
    return {"issue": issue, "course": seen, "phase": course.phase(issue), "at": at}


def _member(members: list[Member]) -> Member | None:
    wanted = request.args.get("member", type=int)
    return next((m for m in members if m.id == wanted), members[0] if members else None)


def _words(data: Mapping[str, str | None]) -> dict[str, str]:
    return {name: text_of(data.get(name)) for name in editing.WORDS}
