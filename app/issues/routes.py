"""The issue pages: list, start, send, and how a sending goes."""

from datetime import datetime, timedelta

from flask import (
    Blueprint,
    Response,
    flash,
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
from app.forms import options
from app.issues import clocks, course, editing, sending, steering
from app.issues.forms import NewIssueForm, PauseForm, SendForm, pace_of
from app.issues.models import Issue
from app.staff import audit
from app.staff.access import networks_of

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
        return redirect(url_for("desk.edit", issue_id=issue.id))
    return render_template("issues/new.html", form=form, networks=networks), form.http_status


@blueprint.get("/issues/<int:issue_id>")
@web.staff_only(*web.EDITORS)
def show(issue_id: int) -> ResponseReturnValue:
    """A draft is edited; anything later is looked at."""
    issue = issue_or_404(issue_id)
    if issue.scheduled_for is None:
        return redirect(url_for("desk.edit", issue_id=issue.id))
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


@blueprint.route("/issues/<int:issue_id>/send", methods=["GET", "POST"])
@web.staff_only(*web.EDITORS)
def send(issue_id: int) -> ResponseReturnValue:
    session, issue, staff = web.session(), issue_or_404(issue_id), web.current_staff()
    if issue.scheduled_for is not None:
        return redirect(url_for("issues.show", issue_id=issue.id))
    form = SendForm(obj=issue)
    if form.validate_on_submit():
        at = _chosen_moment(form, issue)
        steering.set_pace(session, issue, staff, **pace_of(form))
        if sending.send(session, web.services(), issue, at, staff.id, now()):
            audit.record(session, "issue.scheduled", issue, staff, at=at.isoformat())
        return redirect(url_for("issues.show", issue_id=issue.id))
    overview = sending.overview(session, web.services(), issue, now())
    page = render_template("issues/send.html", issue=issue, form=form, over=overview)
    return page, form.http_status


def _chosen_moment(form: SendForm, issue: Issue) -> datetime:
    """Now is a little later: who pressed by mistake can take it back."""
    if form.at.data:
        return sending.moment_in(form.at.data, issue.network.timezone)
    return now() + timedelta(seconds=web.services().settings.send_delay)


@blueprint.post("/issues/<int:issue_id>/unschedule")
@web.staff_only(*web.EDITORS)
def unschedule(issue_id: int) -> ResponseReturnValue:
    session, issue = web.session(), issue_or_404(issue_id)
    sending.unschedule(session, issue)
    audit.record(session, "issue.unscheduled", issue, web.current_staff())
    flash(_("The issue is a draft again. Nothing was sent."), "ok")
    return redirect(url_for("desk.edit", issue_id=issue.id))


def issue_or_404(issue_id: int) -> Issue:
    """NotFound for an issue of a network that is not theirs, too."""
    issue = web.session().get(Issue, issue_id)
    if issue is None or not web.is_theirs(issue.network_id):
        raise NotFound(_("This issue does not exist, or belongs to a network that is not yours."))
    return issue


def _progress(issue: Issue) -> dict[str, object]:
    at = now()
    seen = course.course(web.session(), issue, at)
    return {
        "issue": issue,
        "course": seen,
        "phase": course.phase(issue),
        "at": at,
        "clocks": clocks.clocks(web.session(), issue, web.current_staff()),
    }
