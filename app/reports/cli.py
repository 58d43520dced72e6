"""`docket report`."""

import click
from flask_babel import gettext as _

from app.cli_support import Failure, emit, pass_services
from app.clock import now
from app.errors import NotFound
from app.issues.models import Issue
from app.reports import shapes
from app.reports.arithmetic import Proportion
from app.reports.counting import IssueReport, issue_report
from app.services import Services
from app.spreadsheets import csv_lines


@click.command("report", help="Who acted on issue ID: counts and rates, each with its interval.")
@click.argument("issue_id", metavar="ID", type=int)
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV: each ask, and each group in it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_services
def report(services: Services, issue_id: int, as_csv: bool, as_json: bool) -> None:
    if as_csv and as_json:
        raise Failure("Give either --csv or --json.")
    with services.database.reading() as session:
        issue = session.get(Issue, issue_id)
        if issue is None:
            raise NotFound(f"There is no issue {issue_id}.")
        found = issue_report(session, issue, now())
        if as_csv:
            for line in csv_lines(shapes.rows(found)):
                click.echo(line, nl=False)
            return
        emit(shapes.as_json(found), _words(found), as_json)


def _words(found: IssueReport) -> str:
    lines = [f"{found.issue.title} ({found.issue.network.name})"]
    lines.append("  " + ", ".join(f"{count} {name}" for name, count in found.deliveries.items()))
    if found.perhaps_twice or found.perhaps_not:
        lines.append(
            f"  uncertain: {found.perhaps_twice} may have got it twice, "
            f"{found.perhaps_not} perhaps not at all"
        )
    for why, fates in found.suspects.items():
        ends = (f"{count} {fate}" for fate, count in fates.items() if count)
        lines.append(f"  suspect ({why}): {', '.join(ends)}")
    for ask in found.asks:
        lines += ["", f"{shapes.name_of(ask)}: {ask.offer.ask.headline}"]
        counts = (f"{getattr(ask.tally, name)} {name}" for name in shapes.LADDER)
        lines.append("  " + ", ".join(counts))
        for rate in shapes.RATES:
            lines.append(f"  {rate}: {_share(getattr(ask.tally, rate))}")
    return "\n".join(lines)


def _share(share: Proportion) -> str:
    of = f"{share.numerator} of {share.denominator}"
    if share.too_few or share.value is None or share.low is None or share.high is None:
        return f"{of}, {_('too few for a rate')}"
    return f"{of}, {share.value:.0%} ({share.low:.0%} to {share.high:.0%})"
