"""Who gets an issue, and which of its asks."""

import pytest
from sqlalchemy.orm import Session

from app.clock import now
from app.delivery.audience import count_by_edition
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


def test_other_networks_members_stay_out(session: Session) -> None:
    legal, media = personas.network(session, "legal"), personas.network(session, "media")
    personas.member(session, legal)
    personas.member(session, media)
    issue = personas.issue(session, legal, [personas.ask(session, personas.case(session))])
    assert sum(count_by_edition(session, issue).values()) == 1


def _suppression(key: str, **values: object) -> Suppression:
    return Suppression(email_key=key, reason="bounced", created_at=now(), **values)
