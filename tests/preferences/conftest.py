"""A member of two networks, what is mailed to her, and the page behind her link."""

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.clock import now
from app.db import Database
from app.links import Links, Purpose
from app.networks.models import Member, Membership
from app.notices import posting
from app.notices.models import Notice
from app.services import Services
from tests import personas

ADA = "ada.secret@example.org"


@dataclass(frozen=True)
class Post:
    """What Docket has written to people, and what it keeps of them."""

    services: Services

    @property
    def database(self) -> Database:
        return self.services.database

    def notices(self) -> list[Notice]:
        return cast(list[Notice], self.all_of(Notice))

    def mails(self, to: str | None = None) -> list[EmailMessage]:
        """Those that are to go out, oldest first."""
        with self.database.reading() as session:
            rows = session.scalars(select(Notice).order_by(Notice.id))
            raw = [posting.content(self.services.vault, row) for row in rows]
        mails = [cast(EmailMessage, message_from_bytes(one, policy=default)) for one in raw]
        return [mail for mail in mails if to is None or mail["To"] == to]

    def link(self, to: str, path: str) -> str:
        """The newest link that begins with `path` in a mail to this address."""
        words = self.mails(to)[-1].get_content()
        return re.findall(rf"https://docket\.example\.org({path}[^\s]+)", words)[-1]

    def all_of(self, model: Any) -> list[Any]:
        with self.database.reading() as session:
            return list(session.scalars(select(model).order_by(model.id)))

    def current(self) -> list[str]:
        with self.database.reading() as session:
            held = session.scalars(select(Membership).where(Membership.ended_at.is_(None)))
            return sorted(f"{one.network.code} {one.member.email}" for one in held)

    def member(self, member_id: int) -> Member:
        with self.database.reading() as session:
            return session.get_one(Member, member_id)


@pytest.fixture
def post(services: Services) -> Post:
    return Post(services)


@pytest.fixture
def ada(database: Database) -> int:
    with database.writing() as session:
        network = personas.network(session, timezone="Europe/Paris")
        member = personas.member(session, network, "Ada Secret", ADA, languages=("fr", "en"))
        personas.membership(session, member, personas.network(session, "medical"))
    return int(member.id)


@pytest.fixture
def path(client: FlaskClient, post: Post, ada: int) -> str:
    """Of her page, by a link just mailed."""
    client.post("/preferences", data={"email": ADA})
    return post.link(ADA, "/preferences/")


def seal(client: FlaskClient, path: str) -> str:
    page = BeautifulSoup(client.get(path).text, "html.parser")
    field = page.find("input", attrs={"name": "seal"})
    assert field is not None
    return str(field["value"])


def press(client: FlaskClient, path: str, do: str, **values: str) -> TestResponse:
    return client.post(path, data={"seal": seal(client, path), "do": do, **values})


def fields(client: FlaskClient, path: str) -> dict[str, str]:
    """What the page's large form would post if nothing were touched."""
    page = BeautifulSoup(client.get(path).text, "html.parser")
    form = next(f for f in page.find_all("form") if f.find("button", value="save"))
    found = {}
    for field in form.find_all(["input", "select"]):
        name = str(field["name"])
        if field.name == "select":
            chosen = field.find("option", selected=True) or field.find("option")
            found[name] = str(chosen["value"])
        elif field["type"] != "radio" or field.has_attr("checked"):
            found[name] = str(field.get("value", ""))
    return found


def forged(links: Links, notice_id: int, member_id: int) -> str:
    return f"/preferences/{links.sign(Purpose.PREFERENCES, notice_id, member_id)}"


__all__ = ["ADA", "Post", "fields", "forged", "now", "press", "seal"]
