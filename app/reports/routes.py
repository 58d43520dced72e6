"""The report pages: numbers, drawn and as tables. No member's name, no address."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from app import web
from app.clock import now
from app.downloads import csv_download
from app.errors import NotFound
from app.issues.models import Issue
from app.reports import drawing, shapes
from app.reports.arithmetic import FEWEST
from app.reports.counting import GROUPS, IssueReport, by_network, issue_report
from app.staff.access import networks_of

blueprint = Blueprint("reports", __name__)
NEWEST = 20  # issues that the first page counts


@blueprint.get("/reports/")
@web.staff_only(*web.READERS)
def index() -> ResponseReturnValue:
    session = web.session()
    ids = [network.id for network in networks_of(session, web.current_staff())]
    issues = session.scalars(
        select(Issue)
        .where(Issue.network_id.in_(ids), Issue.frozen_at.is_not(None))
        .order_by(Issue.frozen_at.desc(), Issue.id.desc())
        .limit(NEWEST)
    ).all()
    reports = [issue_report(session, issue, now()) for issue in issues]
    networks = {network.name: tally for network, tally in by_network(reports).items()}
    return render_template(
        "reports/index.html", reports=reports, networks=networks, drawing=drawing
    )


@blueprint.get("/reports/<int:issue_id>")
@web.staff_only(*web.READERS)
def show(issue_id: int) -> ResponseReturnValue:
    return render_template(
        "reports/show.html",
        report=_report(issue_id),
        drawing=drawing,
        dimensions=_dimensions(),
        ladder=_ladder(),
        fewest=FEWEST,
    )


@blueprint.get("/reports/<int:issue_id>.csv")
@web.staff_only(*web.READERS)
def as_csv(issue_id: int) -> ResponseReturnValue:
    return csv_download(f"report-{issue_id}.csv", shapes.rows(_report(issue_id)))


@blueprint.get("/reports/<int:issue_id>.json")
@web.staff_only(*web.READERS)
def as_json(issue_id: int) -> ResponseReturnValue:
    return shapes.as_json(_report(issue_id))


def _report(issue_id: int) -> IssueReport:
    """NotFound for an issue of a network that is not theirs, too."""
    issue = web.session().get(Issue, issue_id)
    if issue is None or not web.is_theirs(issue.network_id) or issue.frozen_at is None:
        raise NotFound(_("There is no report on this issue, or it is not for you."))
    return issue_report(web.session(), issue, now())


def _dimensions() -> dict[str, str]:
    names = {"sector": _("Sector"), "profession": _("Profession"), "country": _("Country")}
    return {name: names[name] for name in GROUPS}


def _ladder() -> dict[str, str]:
    """The columns of a tally, in the order of shapes.LADDER."""
    words = (
        *(_("Delivered"), _("Opened"), _("Will do"), _("Reported"), _("Evidenced")),
        *(_("Verified"), _("In vain"), _("Cannot"), _("Already"), _("Suspect")),
    )
    return dict(zip(shapes.LADDER, words, strict=True))
