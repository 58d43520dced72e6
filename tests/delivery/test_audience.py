"""Who gets an issue, and which of its asks."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import now
from app.delivery import preparing
from app.delivery.audience import Resting, count_by_edition, offer_sets, resting
from app.delivery.models import Delivery
from app.networks.models import Suppression
from tests import personas


def test_an_ask_without_an_audience_is_for_everybody(session: Session) -> None:
    network = personas.network(session)
    for _ in range(3):
        personas.member(session, network)
    issue = personas.issue(session, network, [personas.ask(session, personas.case(session))])
    assert count_by_edition(session, issue) == {(issue.offers[0].id,): 3}


def test_each_audience_list_narrows(session: Session) -> None:
    network = personas.network(session, "legal")
    personas.member(session, network, country="FR", specialties=("Labour Law",))
    personas.member(session, network, country="FR")
    personas.member(session, network, country="DE", specialties=("labour law",))
    case = personas.case(session)
    ask = personas.ask(session, case, countries=["FR"], specialties=["labour law"])
    issue = personas.issue(session, network, [ask])
    assert count_by_edition(session, issue) == {(issue.offers[0].id,): 1, (): 2}


def test_the_sector_is_that_of_the_membership(session: Session) -> None:
    network = personas.network(session, "mixed", sector="legal")
    lawyer, doctor = personas.member(session), personas.member(session)
    personas.membership(session, lawyer, network)
    personas.membership(session, doctor, network, sector="medical")
    case = personas.case(session)
    asks = [personas.ask(session, case, sectors=[s]) for s in ("legal", "medical")]
    issue = personas.issue(session, network, asks)
    first, second = (offer.id for offer in issue.offers)
    assert count_by_edition(session, issue) == {(first,): 1, (second,): 1}


@pytest.mark.parametrize(("spoken", "gets"), [((), True), (("fr",), False), (("fr", "en"), True)])
def test_who_states_no_language_reads_the_networks_own(
    session: Session, spoken: tuple[str, ...], gets: bool
) -> None:
    network = personas.network(session, language="en")
    personas.member(session, network, languages=spoken)
    ask = personas.ask(session, personas.case(session), languages=["en"])
    issue = personas.issue(session, network, [ask])
    expected = (issue.offers[0].id,) if gets else ()
    assert count_by_edition(session, issue) == {expected: 1}


def test_who_left_or_is_suppressed_is_not_in_the_audience(session: Session) -> None:
    network = personas.network(session)
    stays, left, bounced, lifted = (personas.member(session, network) for _ in range(4))
    left.memberships[0].ended_at = now()
    session.add(_suppression(bounced.email_key))
    session.add(_suppression(lifted.email_key, lifted_at=now()))
    issue = personas.issue(session, network, [personas.ask(session, personas.case(session))])
    assert sum(count_by_edition(session, issue).values()) == 2
    assert stays.email_key


def test_who_pauses_is_not_in_the_audience_and_is_counted(session: Session) -> None:
    network, at = personas.network(session), now()
    for until in (None, at - timedelta(days=1), at + timedelta(days=1)):
        personas.membership(session, personas.member(session), network, paused_until=until)
    gone = {"paused_until": at + timedelta(days=1), "ended_at": at}
    personas.membership(session, personas.member(session), network, **gone)
    for urgent in (False, True):
        issue = personas.issue(session, network, [], urgent=urgent)
        assert sum(count_by_edition(session, issue).values()) == 2
        assert resting(session, issue) == Resting(paused=1, had_enough=0)


@pytest.mark.parametrize(
    ("least_days", "days_ago", "gets"),
    [
        (0, 0.01, True),
        (7, 0.01, False),
        (7, 6, False),
        (7, 6.9, True),  # what comes each Monday, an hour early
        (7, 8, True),
        (30, 6.9, False),
        (30, 26, False),
        (30, 28, True),  # from the first of February to the first of March
        (14, 20, False),  # chosen by nobody today: the longer step
    ],
)
def test_who_wants_one_now_and_then_gets_no_more(
    session: Session, least_days: int, days_ago: float, gets: bool
) -> None:
    network = personas.network(session)
    personas.membership(session, personas.member(session), network, least_days=least_days)
    personas.delivered(
        session, personas.issue(session, network, []), at=now() - timedelta(days=days_ago)
    )
    issue = personas.issue(session, network, [])
    assert sum(count_by_edition(session, issue).values()) == gets
    assert resting(session, issue) == Resting(paused=0, had_enough=not gets)


def test_an_urgent_issue_goes_to_who_has_had_enough(session: Session) -> None:
    network = personas.network(session)
    personas.membership(session, personas.member(session), network, least_days=30)
    personas.delivered(session, personas.issue(session, network, []))
    issue = personas.issue(session, network, [], urgent=True)
    assert sum(count_by_edition(session, issue).values()) == 1
    assert resting(session, issue) == Resting(paused=0, had_enough=0)


@pytest.mark.parametrize(
    ("state", "gets"),
    [
        *(("sent", False), ("unknown", False), ("queued", False), ("retry", False)),
        *(("failed", True), ("bounced", True)),
    ],
)
def test_what_never_came_is_not_counted_as_enough(session: Session, state: str, gets: bool) -> None:
    network = personas.network(session)
    personas.membership(session, personas.member(session), network, least_days=7)
    personas.delivered(session, personas.issue(session, network, []), state=state)
    issue = personas.issue(session, network, [])
    assert sum(count_by_edition(session, issue).values()) == gets


def test_another_networks_issue_and_somebody_elses_are_not_counted_as_enough(
    session: Session,
) -> None:
    legal, media = personas.network(session, "legal"), personas.network(session, "media")
    seldom = personas.member(session)
    personas.membership(session, seldom, media)
    personas.delivered(session, personas.issue(session, media, []))
    personas.member(session, legal)
    personas.delivered(session, personas.issue(session, legal, []))
    personas.membership(session, seldom, legal, least_days=30)
    issue = personas.issue(session, legal, [])
    assert sum(count_by_edition(session, issue).values()) == 2


def test_the_freeze_leaves_out_who_rests(session: Session) -> None:
    network, at = personas.network(session), now()
    reads, pauses, seldom = (personas.member(session) for _ in range(3))
    personas.membership(session, reads, network)
    personas.membership(session, pauses, network, paused_until=at + timedelta(days=1))
    personas.membership(session, seldom, network, least_days=7)
    asked = [personas.ask(session, personas.case(session))]
    personas.delivered(session, personas.issue(session, network, asked), at=at)
    issue = personas.issue(session, network, asked, scheduled_for=at)
    assert preparing.freeze(session, issue.id, at) == 1
    ledger = session.scalars(select(Delivery.member_id).where(Delivery.issue_id == issue.id))
    assert list(ledger) == [reads.id]


def test_other_networks_members_stay_out(session: Session) -> None:
    legal, media = personas.network(session, "legal"), personas.network(session, "media")
    personas.member(session, legal)
    personas.member(session, media)
    issue = personas.issue(session, legal, [personas.ask(session, personas.case(session))])
    assert sum(count_by_edition(session, issue).values()) == 1


def _suppression(key: str, **values: object) -> Suppression:
    return Suppression(email_key=key, reason="bounced", created_at=now(), **values)


@pytest.mark.parametrize("places", [(0,), (1,), (2,), (0, 2), (0, 1, 2), ()])
def test_editions_are_those_of_members_one_by_one(
    session: Session, places: tuple[int, ...]
) -> None:
    """`places`: which of three asks are for some only."""
    network = personas.network(session)
    for country in ("FR", "DE"):
        personas.member(session, network, country=country)
    case = personas.case(session)
    asks = [
        personas.ask(session, case, countries=["FR"] if place in places else [])
        for place in range(3)
    ]
    issue = personas.issue(session, network, asks)
    ids = [offer.id for offer in issue.offers]
    german = tuple(key for place, key in enumerate(ids) if place not in places)
    assert set(offer_sets(session, issue)) == {tuple(ids), german}
    assert set(count_by_edition(session, issue)) == {tuple(ids), german}


def test_nobody_gets_no_edition(session: Session) -> None:
    network = personas.network(session)
    issue = personas.issue(session, network, [personas.ask(session, personas.case(session))])
    assert offer_sets(session, issue) == []
