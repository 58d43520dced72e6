"""How people answer: a while after the mail was sent, and not the moment that its page is there."""

from datetime import timedelta

from bs4 import BeautifulSoup
from sqlalchemy import select

from app.clock import now
from app.db import Database
from app.delivery.models import Settlement
from app.links import Links

READING = timedelta(seconds=20)


def hidden(page: str) -> dict[str, str]:
    """What the page's form for answers hides."""
    soup = BeautifulSoup(page, "html.parser")
    form = soup.find("form", class_="answers") or soup.find("form")
    assert form is not None
    return {str(f["name"]): str(f["value"]) for f in form.find_all("input", type="hidden")}


def after_reading(links: Links, token: str, page: str) -> dict[str, str]:
    """As `hidden`, as if the page had been opened a while ago."""
    fields = hidden(page)
    form = links.read_seal(token, fields["seal"])
    assert form is not None
    opened_at = form.opened_at - READING
    return fields | {"seal": links.seal(token, opened_at, follows=form.follows)}


def seal_of_a_reader(links: Links, path: str) -> str:
    """Of a page that was opened a while ago."""
    return links.seal(path.rpartition("/")[2], now() - READING)


def some_time_after_sending(database: Database) -> None:
    """As if all that was sent had been sent an hour earlier."""
    with database.writing() as session:
        for row in session.scalars(select(Settlement).where(Settlement.settled_at <= now())):
            row.settled_at -= timedelta(hours=1)
