"""Looking at a draft before it goes out: its versions, a test mail, the approval."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from app import web
from app.clock import now
from app.delivery.audience import count_by_edition
from app.forms import lines_of
from app.issues import approving, sending, trying, versions
from app.issues.differences import differences
from app.issues.document import document_of
from app.issues.models import IssueState
from app.issues.preview import PERSONAS, first_members
from app.issues.routes import issue_or_404
from app.staff import audit
from app.staff.models import Staff

blueprint = Blueprint("drafts", __name__)


@blueprint.get("/issues/<int:issue_id>/versions")
@web.staff_only(*web.EDITORS)
def history(issue_id: int) -> ResponseReturnValue:
    session, issue = web.session(), issue_or_404(issue_id)
    return render_template(
        "drafts/versions.html",
        issue=issue,
        versions=versions.versions_of(session, issue),
        names=_names(),
    )


@blueprint.route("/issues/<int:issue_id>/versions/<int:number>", methods=["GET", "POST"])
@web.staff_only(*web.EDITORS)
def version(issue_id: int, number: int) -> ResponseReturnValue:
    """GET shows what it changed and how it differs from now; POST returns to it."""
    session, issue = web.session(), issue_or_404(issue_id)
    wanted = versions.version_or_404(session, issue, number)
    if request.method == "POST":
        staff = web.current_staff()
        versions.return_to(session, issue, wanted, staff.id, now())
        audit.record(session, "issue.version_restored", issue, staff, number=number)
        flash(_("The issue is as it was in version %(number)s.", number=number), "ok")
        return redirect(url_for("desk.edit", issue_id=issue.id))
    earlier = versions.before(session, issue, wanted)
    return render_template(
        "drafts/version.html",
        issue=issue,
        version=wanted,
        earlier=earlier,
        changed=differences(earlier.document, wanted.document) if earlier else [],
        since=differences(wanted.document, document_of(issue, with_ids=True)),
        names=_names(),
        is_draft=issue.state is IssueState.DRAFT,
    )


@blueprint.route("/issues/<int:issue_id>/test", methods=["GET", "POST"])
@web.staff_only(*web.EDITORS)
def test(issue_id: int) -> ResponseReturnValue:
    session, issue = web.session(), issue_or_404(issue_id)
    if request.method == "POST":
        people = trying.people_of(lines_of(request.form.get("people", "")))
        staff = web.current_staff()
        tried = trying.send_test(session, web.services(), issue, people, staff.id, now())
        audit.record(session, "issue.tested", issue, staff, mails=tried.mails)
        text = ngettext(
            "%(num)s test mail is on its way.", "%(num)s test mails are on their way.", tried.mails
        )
        flash(text, "ok")
        return redirect(url_for("drafts.test", issue_id=issue.id))
    editions = len(count_by_edition(session, issue)) or 1
    return render_template(
        "drafts/test.html",
        issue=issue,
        editions=min(editions, trying.MOST_EDITIONS),
        left_out=max(0, editions - trying.MOST_EDITIONS),
        people=issue.network.test_people or [web.current_staff().email],
        most=trying.MOST_PEOPLE,
    )


@blueprint.route("/issues/<int:issue_id>/approval", methods=["GET", "POST"])
@web.staff_only(*web.EDITORS)
def approval(issue_id: int) -> ResponseReturnValue:
    session, issue, staff = web.session(), issue_or_404(issue_id), web.current_staff()
    if request.method == "POST":
        approving.approve(session, issue, request.form.get("seen", ""), staff, now())
        audit.record(session, "issue.approved", issue, staff)
        flash(_("Approved as it is. Any later change asks for it anew."), "ok")
        return redirect(url_for("drafts.approval", issue_id=issue.id))
    stands = approving.standing(session, issue)
    current = document_of(issue, with_ids=True)
    members = first_members(session, issue, limit=1)
    return render_template(
        "drafts/approval.html",
        issue=issue,
        approval=stands,
        changed=differences(stands.last.version.document, current) if stands.last else [],
        over=sending.overview(session, web.services(), issue, now()),
        seen=approving.fingerprint(issue),
        who=str(members[0].id) if members else next(iter(PERSONAS)),
        names=_names(),
        is_own=issue.changed_by == staff.id,
        is_draft=issue.state is IssueState.DRAFT,
    )


def _names() -> dict[int | None, str]:
    return {staff.id: staff.name for staff in web.session().scalars(select(Staff))}
