"""At the desk: what is saved is wanted, what was seen is shown, and no page looks by itself."""

import socket
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.clock import now
from app.db import Database
from app.networks.models import Network
from app.outside.models import LinkLook
from app.staff.models import Staff
from tests import personas
from tests.issues.desk import Desk
from tests.outward.conftest import DOMAIN, PAGE, domains, links


@pytest.fixture
def desk(client: FlaskClient, database: Database, sign_in: Callable[..., Staff]) -> Desk:
    with database.writing() as session:
        network: Network = personas.network(session, from_address=f"legal@{DOMAIN}")
        personas.member(session, network)
        case = personas.case(session, summary="See [the court](https://court.veridia/list).")
        issue = personas.issue(session, network, [personas.ask(session, case)])
    sign_in(client, "coordinator", [network])
    return Desk(client, issue.id).open()


def kept(database: Database) -> tuple[list[str], list[str]]:
    with database.reading() as session:
        return [row.address for row in links(session)], [row.domain for row in domains(session)]


def show_broken(session: Session, address: str = PAGE) -> None:
    at = now()
    values = {"wanted_at": at, "looked_at": at, "next_look_at": at}
    session.add(LinkLook(address=address, status=404, **values))


def test_opening_it_wants_nothing(desk: Desk, database: Database) -> None:
    assert kept(database) == ([], [])


def test_what_is_saved_by_itself_is_wanted(desk: Desk, database: Database) -> None:
    answer = desk.save_by_itself({"introduction": f"Please [read]({PAGE})."})
    assert answer.status_code == 200
    assert kept(database) == (["https://court.veridia/list", PAGE], [DOMAIN])


def test_what_is_saved_by_a_button_is_wanted(desk: Desk, database: Database) -> None:
    desk.press(changes={"closing": f"[Read]({PAGE})."})
    assert kept(database) == (["https://court.veridia/list", PAGE], [DOMAIN])


def test_what_was_seen_is_shown_with_its_place_and_stops_nothing(
    desk: Desk, database: Database
) -> None:
    with database.writing() as session:
        show_broken(session)
    desk.press(changes={"introduction": f"Please [read]({PAGE})."})
    [shown] = [item for item in desk.page.select(".findings li") if PAGE in item.text]
    assert "is not there (404)." in shown.text
    link = shown.find("a")
    assert link is not None and link["href"] == "#introduction"  # type: ignore[index]
    assert "Nothing stands in the way" in desk.text


def test_no_page_looks_by_itself(
    desk: Desk, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    reach: Callable[..., object] = lambda *_arguments, **_more: pytest.fail("it called out")  # noqa: E731
    for name in ("create_connection", "getaddrinfo", "gethostbyname"):
        monkeypatch.setattr(socket, name, reach)
    with database.writing() as session:
        show_broken(session)
    desk.press(changes={"introduction": f"Please [read]({PAGE})."})
    checks = desk.client.get(f"/issues/{desk.issue_id}/checks")
    assert "is not there (404)." in checks.text
