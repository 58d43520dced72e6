"""A network of four sectors, two open cases, and coordinators of it, in a running service."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy.orm import Session

from app.catalogue import seeding
from app.clock import now
from app.issues import arranging, editing
from app.issues.models import BlockKind
from app.networks.models import Network
from app.staff.models import Role, Staff
from tests import personas
from tests.live import Live

SECTORS = ("legal", "medical", "media", "academic")
PEOPLE = ("ilse@desk.example", "anselm@desk.example")


@dataclass(frozen=True)
class Room:
    """A network's desk, and who works there: one browser for each."""

    live: Live
    people: Sequence[BrowserContext]

    def page(self, person: int = 0, path: str = "") -> Page:
        page = self.people[person].new_page()
        page.goto(self.live.url + path)
        return page

    def draft(self, blocks: Sequence[BlockKind] = ()) -> str:
        """A new draft with these blocks: where it is written."""
        with self.live.services.database.writing() as session:
            network = session.query(Network).filter_by(code="desk").one()
            issue = editing.create(session, network, None, now(), title="November")
            issue.every_block.clear()
            issue.introduction = "One line.\n\nAnother line."
            issue.subject = "Two letters"
            for kind in blocks:
                arranging.add(session, issue, kind, now())
            return f"/issues/{issue.id}/edit"


def furnish(live: Live, browser: Browser) -> Room:
    with live.services.database.writing() as session:
        _people_it(session, now())
    return Room(live, [_signed_in(live, browser, person) for person in PEOPLE])


def _people_it(session: Session, at: datetime) -> None:
    seeding.seed(session, at)
    network = personas.network(session, "desk", name="Desk Network")
    for sector in SECTORS:
        for number in range(3):
            person = f"{sector.title()} {number}"
            member = personas.member(session, network, person)
            member.memberships[0].sector = sector
    for title in ("Ada of the Quay", "Bo of the Mill", "Cleo of the Bridge"):
        case = personas.case(session, title=title)
        personas.ask(session, case, sectors=["legal"], headline=f"Write for {title}.")
    for email in PEOPLE:
        name = email.partition("@")[0].title()
        session.add(
            Staff(
                email=email,
                email_key=email,
                name=name,
                role=Role.COORDINATOR,
                networks=[network],
                created_at=at,
            )
        )


def _signed_in(live: Live, browser: Browser, person: str) -> BrowserContext:
    context = browser.new_context()
    page = context.new_page()
    page.goto(live.sign_in_link(person))
    page.get_by_role("button", name="Sign me in").click()
    page.wait_for_url(f"{live.url}/account")
    page.close()
    return context
