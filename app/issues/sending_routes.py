"""What staff do to an issue on its way: pause, resume, stop the rest, try again, set its pace."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app import web
from app.clock import now
from app.errors import InvalidInput, NotFound
from app.forms import text_of
from app.issues import course, steering
from app.issues.forms import PaceForm, PauseForm, pace_of
from app.issues.models import Issue
from app.issues.routes import issue_or_404
from app.shell import number

blueprint = Blueprint("steering", __name__)


@blueprint.post("/issues/<int:issue_id>/pause")
@web.staff_only(*web.EDITORS)
def pause(issue_id: int) -> ResponseReturnValue:
    issue, form = issue_or_404(issue_id), PauseForm()
    if not form.validate():
        problems = [(_("Why"), " ".join(map(str, form.why.errors)))]
        raise InvalidInput(
            _("The issue was not paused. Mend this, and press Pause again:"), problems
        )
    if steering.pause(web.session(), issue, text_of(form.why.data), web.current_staff(), now()):
        flash(_("Paused. Mail that is in a worker's hands at this moment may still go out."), "ok")
    return _to(issue)


@blueprint.post("/issues/<int:issue_id>/resume")
@web.staff_only(*web.EDITORS)
def resume(issue_id: int) -> ResponseReturnValue:
    issue = issue_or_404(issue_id)
    if steering.resume(web.session(), issue, web.current_staff(), now()):
        flash(_("It goes on."), "ok")
    return _to(issue)


@blueprint.route("/issues/<int:issue_id>/stop", methods=["GET", "POST"])
@web.staff_only(*web.EDITORS)
def stop(issue_id: int) -> ResponseReturnValue:
    """GET says what will be lost, and how it can be had back."""
    session, issue = web.session(), issue_or_404(issue_id)
    if request.method == "GET":
        if course.phase(issue) not in ("sending", "paused") or issue.frozen_at is None:
            return _to(issue)
        seen = course.course(session, issue, now())
        return render_template("issues/stop.html", issue=issue, course=seen)
    count = steering.stop(session, issue, web.current_staff(), now())
    flash(
        ngettext(
            "Stopped. %(members)s member had not got it; you can send to them after all.",
            "Stopped. %(members)s members had not got it; you can send to them after all.",
            count,
            members=number(count),
        ),
        "ok",
    )
    return _to(issue)


@blueprint.get("/issues/<int:issue_id>/undelivered")
@web.staff_only(*web.EDITORS)
def undelivered(issue_id: int) -> ResponseReturnValue:
    """Whom it did not reach, and why; numbers stand still here while the issue goes out."""
    session, issue = web.session(), issue_or_404(issue_id)
    if issue.frozen_at is None:
        raise NotFound(_("Nothing of this issue has gone out yet."))
    seen, lost = course.course(session, issue, now()), course.missed(session, issue)
    return render_template(
        "issues/undelivered.html",
        issue=issue,
        course=seen,
        missed=lost,
        phase=course.phase(issue),
        at=now(),
    )


@blueprint.post("/issues/<int:issue_id>/again")
@web.staff_only(*web.EDITORS)
def again(issue_id: int) -> ResponseReturnValue:
    """Send to those who failed for the causes named, or for any."""
    issue, causes = issue_or_404(issue_id), request.form.getlist("cause")
    count = steering.try_again(web.session(), issue, web.current_staff(), now(), causes)
    _say_again(issue, count)
    return _to(issue)


@blueprint.post("/issues/<int:issue_id>/unknown")
@web.staff_only(*web.EDITORS)
def unknown(issue_id: int) -> ResponseReturnValue:
    """Decide on mail of which nobody knows whether it arrived, by the button that was pressed."""
    session, issue, staff = web.session(), issue_or_404(issue_id), web.current_staff()
    match request.form.get("do"):
        case "resend":
            _say_again(issue, steering.resend_unknown(session, issue, staff, now()))
        case "sent":
            count = steering.count_unknown_as_sent(session, issue, staff, now())
            text = ngettext(
                "%(members)s member counts as reached now.",
                "%(members)s members count as reached now.",
                count,
                members=number(count),
            )
            flash(text, "ok")
        case _:
            raise InvalidInput(_("Nothing was changed: say what is to become of them."))
    return _to(issue)


@blueprint.route("/issues/<int:issue_id>/pace", methods=["GET", "POST"])
@web.staff_only(*web.EDITORS)
def pace(issue_id: int) -> ResponseReturnValue:
    session, issue = web.session(), issue_or_404(issue_id)
    form = PaceForm(obj=issue)
    if form.validate_on_submit():
        steering.set_pace(session, issue, web.current_staff(), **pace_of(form))
        flash(_("The pace is set. Workers keep to it within a second."), "ok")
        return _to(issue)
    return render_template("issues/pace.html", issue=issue, form=form), form.http_status


def _say_again(issue: Issue, count: int) -> None:
    if not count:
        flash(_("There was nobody left to send to."), "info")
        return
    text = ngettext(
        "It is sent once more to %(members)s member.",
        "It is sent once more to %(members)s members.",
        count,
        members=number(count),
    )
    if issue.paused_at is not None:
        text += " " + _("The issue is paused, though: that waits until you resume it.")
    flash(text, "ok")


def _to(issue: Issue) -> ResponseReturnValue:
    return redirect(url_for("issues.show", issue_id=issue.id))
