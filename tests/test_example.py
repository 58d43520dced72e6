"""The example that a new data folder starts with."""

from sqlalchemy import func, select

from app.cases.models import Case
from app.clock import now
from app.example import load
from app.issues.models import Issue, IssueState
from app.issues.sending import overview
from app.networks.models import Member, Network
from app.reports.counting import issue_report
from app.services import Services


def test_the_example_is_whole_and_plainly_invented(services: Services) -> None:
    load(services)
    with services.database.reading() as session:
        assert session.scalar(select(func.count(Network.id))) == 3
        assert 55 <= (session.scalar(select(func.count(Member.id))) or 0) <= 65
        assert session.scalar(select(func.count(Case.id))) == 4
        assert all(e.endswith(".example") for e in session.scalars(select(Member.email)))
        for case in session.scalars(select(Case)):
            assert case.addressees
            assert case.asks
        sent, draft = session.scalars(select(Issue).order_by(Issue.id)).all()
        assert (sent.state, draft.state) == (IssueState.SENT, IssueState.DRAFT)
        assert not overview(session, services, draft, now()).problems
        report = issue_report(session, sent, now())
        assert report.deliveries["sent"] > report.deliveries["failed"] > 0
        for ask in report.asks:
            assert ask.tally.delivered
        assert 0.1 < (report.total.action_rate.value or 0) < 0.6
        assert report.total.evidenced
        assert report.total.will_do
