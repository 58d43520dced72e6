"""Every page at three widths in both themes: axe finds nothing, nothing is cut off sideways.

With DOCKET_SCREENSHOTS=folder each page is kept as a picture, to be looked at.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from app.delivery.models import Delivery, DeliveryState
from app.importing import runs, staging
from app.importing.models import ImportState
from app.mail.inbox import store
from app.networks.managing import network_by_code
from app.staff.models import SignInLink
from tests.live import Live

WIDTHS = (320, 768, 1280)
THEMES = ("light", "dark")
SHEET = (
    "Name;Mail;Land\nQUILL, Ada;ada@quill.example;Atlantis\nBo;broken;France\nBo;bo@b.example;FR"
)

STAFF_PAGES = {
    "issues": "/issues/",
    "issue-new": "/issues/new",
    "issue-edit": "/issues/2/edit",
    "issue-show": "/issues/1",
    "issue-send": "/issues/2/send",
    "issue-preview": "/issues/2/preview",
    "responses": "/issues/1/responses",
    "response": "/issues/1/responses/1",
    "cases": "/cases/",
    "case": "/cases/VER-2026-014",
    "case-edit": "/cases/VER-2026-014/edit",
    "case-ask": "/cases/VER-2026-014/asks/1",
    "case-addressee": "/cases/VER-2026-014/addressees/1",
    "case-import": "/cases/import",
    "networks": "/networks/",
    "network": "/networks/legal",
    "network-new": "/networks/new",
    "network-edit": "/networks/legal/edit",
    "member": "/networks/legal/members/1",
    "member-new": "/networks/legal/members/new",
    "import": "/networks/legal/import",
    "import-columns": "/imports/1",
    "import-plan": "/imports/2?verdict=refused",
    "reports": "/reports/",
    "report": "/reports/1",
    "inbox": "/inbox/",
    "mail": "/inbox/MAIL",
    "staff": "/staff/",
    "staff-new": "/staff/new",
    "staff-show": "/staff/2",
    "account": "/account",
    "audit": "/audit",
    "not-found": "/issues/999",
}
PUBLIC_PAGES = {
    "sign-in": "/sign-in",
    "sign-in-link": "/sign-in/LINK",
    "sign-in-spent": "/sign-in/nothing",
    "join": "/join/legal",
    "confirm-broken": "/confirm/nothing",
    "answer": "/r/ANSWER",
    "answer-broken": "/r/nothing",
    "answer-forged": "/r/1.1.aaaaaaaaaaaaaaaaaaaaaaaa",
    "unsubscribe": "/u/LEAVE",
    "preview-link": "/preview",
}


@pytest.fixture(scope="module")
def addresses(example: Live) -> dict[str, str]:
    """What stands for the words in capitals of the lists above."""
    services = example.services
    with services.database.writing() as session:
        delivery = session.scalars(
            select(Delivery).where(Delivery.state == DeliveryState.SENT).order_by(Delivery.id)
        ).first()
        assert delivery is not None
        offer = delivery.edition.offers[0]
        network = network_by_code(session, "legal")
        found = runs.look("list.csv", SHEET.encode())
        runs.start(session, network, None, found, "a sheet")
        second = runs.start(session, network, None, found, "a sheet")
        second.state = ImportState.READING
        run_id = second.id
    staging.read(services.database, run_id)
    letter = b"From: a@b.example\r\nTo: c@d.example\r\nSubject: Hello\r\n\r\nText\r\n"
    services.settings.inbox_dir.mkdir(exist_ok=True)
    mail_id = store(services.settings.inbox_dir, "a@b.example", ["c@d.example"], letter)
    link = example.sign_in_link("reviewer@docket.example").rpartition("/")[2]
    with services.database.reading() as session:
        assert session.scalars(select(SignInLink)).first() is not None
    return {
        "ANSWER": services.links.answer_url(delivery.id, offer.id).rpartition("/")[2],
        "LEAVE": services.links.unsubscribe_url(delivery.id).rpartition("/")[2],
        "MAIL": mail_id,
        "LINK": link,
    }


@pytest.fixture(params=[(width, theme) for width in WIDTHS for theme in THEMES], ids=str)
def look(request: pytest.FixtureRequest) -> tuple[int, str]:
    width, theme = request.param
    return width, theme


@pytest.mark.parametrize("kind", ["staff", "public"])
def test_pages(
    browser: Browser,
    example: Live,
    signed_in: dict[str, object],
    addresses: dict[str, str],
    look: tuple[int, str],
    kind: str,
) -> None:
    width, theme = look
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme=theme,  # type: ignore[arg-type]
        storage_state=signed_in if kind == "staff" else None,  # type: ignore[arg-type]
    )
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    found: list[str] = []
    for name, path in (STAFF_PAGES if kind == "staff" else PUBLIC_PAGES).items():
        for word, value in addresses.items():
            path = path.replace(word, value)
        page.goto(example.url + path)
        _keep(page, f"{name}-{width}-{theme}")
        found += [f"{name}: {problem}" for problem in _problems(page)]
    context.close()
    found += [text for text in said if "Content Security Policy" in text]
    assert not found, "\n".join(found)


def _problems(page: Page) -> Iterator[str]:
    for violation in Axe().run(page).response["violations"]:
        nodes = "; ".join(node["html"][:150] for node in violation["nodes"][:3])
        yield f"{violation['id']}: {violation['help']}: {nodes}"
    wider = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    if wider > 0:
        yield f"{wider} px are cut off sideways"
    if not re.search(r"\S", page.title()):
        yield "the page has no title"


def _keep(page: Page, name: str) -> None:
    if folder := os.environ.get("DOCKET_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
