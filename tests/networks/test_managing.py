"""Networks and single members, kept by hand on the pages."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import now
from app.networks.models import Member, Membership, Network, Suppression
from app.staff.models import Staff
from tests import personas
from tests.office import Office

PERSON = {
    "email": "Ada@example.org",
    "consent_source": "a talk",
    "name": "Ada Quill",
    "profession": "judge",
    "specialties": "asylum, prisons",
    "languages": ["fr"],
    "country": "FR",
    "timezone": "Europe/Paris",
    "sector": "legal",
    "notes": "met in May",
}


@pytest.fixture
def editor(client: FlaskClient, sign_in: Callable[..., Staff]) -> FlaskClient:
    sign_in(client)
    return client


def test_a_network_is_added_and_changed(editor: FlaskClient, session: Session) -> None:
    form = {
        "code": "legal-fr",
        "name": "Avocats",
        "sector": "legal",
        "language": "fr",
        "timezone": "Europe/Paris",
        "from_name": "Avocats",
        "from_address": "a@d.example",
    }
    assert editor.post("/networks/new", data=form).status_code == 302
    assert editor.post("/networks/new", data=form).status_code == 409
    assert editor.post("/networks/new", data=form | {"code": "Two words"}).status_code == 422
    editor.post("/networks/legal-fr/edit", data=form | {"name": "Avocates et avocats"})
    network = session.scalars(select(Network)).one()
    assert (network.name, network.language) == ("Avocates et avocats", "fr")
    assert not network.joining_open  # the box was not ticked


def test_a_member_is_added_changed_and_let_go(
    editor: FlaskClient, office: Office, session: Session
) -> None:
    assert editor.post("/networks/legal/members/new", data=PERSON).status_code == 302
    member = session.scalars(select(Member)).one()
    assert [trait.value for trait in member.traits if trait.kind == "specialty"] == [
        "asylum",
        "prisons",
    ]
    session.commit()
    page = f"/networks/legal/members/{member.id}"
    assert "met in May" in editor.get(page).text
    editor.post(page, data={**PERSON, "specialties": "", "country": "", "notes": "moved"})
    session.expire_all()
    held = session.scalars(select(Membership)).one()
    assert (held.member.country, held.notes) == (None, "moved")
    assert [trait.kind for trait in held.member.traits] == ["language"]
    session.commit()
    assert "Ada Quill" in editor.get("/networks/legal?text=quill").text
    editor.post(f"{page}/end")
    assert "Nobody found" in editor.get("/networks/legal?text=quill").text
    assert "Ada Quill" in editor.get("/networks/legal?standing=left").text


@pytest.mark.parametrize("why", ["member", "left", "suppressed"])
def test_who_must_not_be_brought_in_is_not_and_leaves_no_trace(
    editor: FlaskClient, office: Office, session: Session, why: str
) -> None:
    if why == "suppressed":
        session.add(Suppression(email_key="ada@example.org", reason="staff", created_at=now()))
    else:
        member = personas.member(session, office.network, email="ada@example.org")
        if why == "left":
            member.memberships[0].ended_at = now()
    session.commit()
    before = len(office.all_of(Member))
    answer = editor.post("/networks/legal/members/new", data=PERSON)
    assert answer.status_code == 422
    assert "This person" in answer.text or "This address is suppressed" in answer.text
    assert len(office.all_of(Member)) == before
