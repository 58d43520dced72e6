"""Cases that may stand in an issue, those that fit the network first, each saying why."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.cases.models import Case, CasePerson
from app.clock import now
from app.issues import arranging
from app.issues.finding_cases import cases_to_offer
from app.issues.models import Issue
from app.networks.models import Network
from tests import personas


@pytest.fixture
def network(session: Session) -> Network:
    return personas.network(session)


@pytest.fixture
def issue(session: Session, network: Network) -> Issue:
    return personas.issue(session, network, [])


def case(session: Session, title: str, **values: Any) -> Case:
    """One that fits nobody in particular."""
    plain = {"title": title, "sectors": [], "keywords": [], "place": "", "people": []}
    return personas.case(session, **plain | values)


def titles(session: Session, issue: Issue, text: str = "", most: int = 8) -> list[str]:
    return [found.case.title for found in cases_to_offer(session, issue, text, most)]


def reasons(session: Session, issue: Issue) -> dict[str, list[str]]:
    return {one.case.title: list(one.reasons) for one in cases_to_offer(session, issue)}


def sent_about(session: Session, network: Network, *keywords: str) -> Issue:
    """An issue that went out, about a case that is closed now."""
    about = case(session, "Past", keywords=list(keywords), status="closed")
    past = personas.issue(session, network, [])
    arranging.add_case(session, past, about, now())
    past.scheduled_for = past.frozen_at = now()
    session.flush()
    return past


def test_each_reason_is_said_and_more_reasons_come_first(
    session: Session, network: Network, issue: Issue
) -> None:
    personas.member(session, network, country="VE")
    sent_about(session, network, "ports", "strikes", "lawyers", "courts")
    case(session, "None")
    case(session, "One", sectors=["legal", "media"])
    all_three = {"sectors": ["legal"], "country": "VE"}
    case(session, "Three", keywords=["ports", "strikes", "lawyers", "courts"], **all_three)
    case(session, "Two", sectors=["legal"], country="VE", keywords=["elsewhere"])
    assert list(reasons(session, issue).items()) == [
        (
            "Three",
            ["for Legal", "members live there", "like your last issues: courts, lawyers, ports"],
        ),
        ("Two", ["for Legal", "members live there"]),
        ("One", ["for Legal"]),
        ("None", []),
    ]


def test_of_equal_ones_the_newest_comes_first(session: Session, issue: Issue) -> None:
    for days, title in ((2, "Older"), (1, "Newer"), (3, "Oldest")):
        case(session, title, updated_at=now() - timedelta(days=days))
    assert titles(session, issue) == ["Newer", "Older", "Oldest"]
    assert titles(session, issue, most=1) == ["Newer"]


def test_only_countries_of_members_who_are_still_here_are_theirs(
    session: Session, network: Network, issue: Issue
) -> None:
    gone = personas.member(session, None, country="VE")
    personas.membership(session, gone, network, ended_at=now())
    personas.member(session, personas.network(session, "medical"), country="VE")
    personas.member(session, network)  # whose country nobody knows
    case(session, "There", country="VE")
    case(session, "Nowhere", country=None)
    assert reasons(session, issue) == {"There": [], "Nowhere": []}


def test_only_what_this_network_sent_says_what_it_works_on(
    session: Session, network: Network, issue: Issue
) -> None:
    sent_about(session, personas.network(session, "medical"), "theirs")
    draft = personas.issue(session, network, [])
    arranging.add_case(session, draft, case(session, "Drafted", keywords=["drafted"]), now())
    past = sent_about(session, network, "kept")
    past.scheduled_for = past.frozen_at = None
    taken = case(session, "Taken", keywords=["taken out"], status="closed")
    arranging.take_out(past, arranging.add_case(session, past, taken, now()), now())
    past.scheduled_for = past.frozen_at = now()
    session.flush()
    case(session, "New", keywords=["theirs", "drafted", "taken out", "kept"])
    assert reasons(session, issue)["New"] == ["like your last issues: kept"]


@pytest.mark.parametrize(
    "hidden",
    [{"sensitivity": "confidential"}, {"status": "closed"}, {"status": "stopped"}],
    ids=str,
)
def test_what_must_not_be_mailed_is_never_found(
    session: Session, issue: Issue, hidden: dict[str, str]
) -> None:
    case(session, "Hidden", sectors=["legal"], **hidden)
    case(session, "Updated", status="updated", sensitivity="restricted")
    assert titles(session, issue) == ["Updated"]
    assert titles(session, issue, "Hidden") == []


def test_what_stands_in_the_issue_is_not_found_and_what_was_taken_out_is(
    session: Session, issue: Issue
) -> None:
    block = arranging.add_case(session, issue, case(session, "Mira"), now())
    assert titles(session, issue) == []
    arranging.take_out(issue, block, now())
    assert titles(session, issue) == ["Mira"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mira", ["Mira Solenne"]),
        ("MIRA port", ["Mira Solenne"]),
        ("solenne mira", ["Mira Solenne"]),
        ("port", ["Mira Solenne", "The harbour trial"]),
        ("wren", ["The harbour trial"]),
        ("harbour wren halden hrb-7", ["The harbour trial"]),
        ("wren mira", []),
        ("  ", ["Mira Solenne", "The harbour trial"]),
        ("%", []),
        ("_", []),
        ("'; --", []),
    ],
)
def test_every_word_is_looked_for_in_title_reference_place_and_people(
    session: Session, issue: Issue, text: str, found: list[str]
) -> None:
    case(session, "Mira Solenne", reference="SOL-1", place="Port Halden")
    people = [CasePerson(name="Tomas Wren"), CasePerson(name="Ines Carrow")]
    case(session, "The harbour trial", reference="HRB-7", place="Port Halden", people=people)
    assert sorted(titles(session, issue, text)) == found
