"""A real Chromium on a running service with the example in it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from sqlalchemy import select

from app.delivery.models import DeliveryState, Settlement
from app.example import load as load_example
from app.responses.models import Response
from tests.live import Live, live

ADMIN = "admin@docket.example"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


def take_a_look(page: Page) -> None:
    """As a person does before they tap: for longer than a script needs."""
    page.wait_for_timeout(1100)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("DOCKET_CHROMIUM") or shutil.which("chromium")
    if not path:
        if os.environ.get("CI") == "true":
            pytest.fail("no Chromium: set DOCKET_CHROMIUM")
        pytest.skip("no Chromium: set DOCKET_CHROMIUM, or run bin/test, which looks for one")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tmp_path_factory.mktemp("example")) as running:
        load_example(running.services)
        yield running


@pytest.fixture(scope="session")
def mails_of_the_silent(example: Live) -> Iterator[int]:
    """Deliveries of members who said nothing, each handed out once: pages that another test opened
    a moment ago would make a person's tap look like a scanner's. The first and the last are opened
    by tests that look at pages."""
    with example.services.database.reading() as session:
        sent = select(Settlement.delivery_id).where(Settlement.state == DeliveryState.SENT)
        ids = list(session.scalars(sent.order_by(Settlement.delivery_id)))[1:-1]
        said = set(session.scalars(select(Response.delivery_id)))
    return iter([delivery_id for delivery_id in ids if delivery_id not in said])


@pytest.fixture(scope="session")
def signed_in(example: Live, browser: Browser) -> dict[str, object]:
    """The state of a browser in which the example's admin is signed in."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(example.sign_in_link(ADMIN))
    page.get_by_role("button", name="Sign me in").click()
    page.wait_for_url(f"{example.url}/account")
    state = context.storage_state()
    context.close()
    return dict(state)


@pytest.fixture
def staff_context(browser: Browser, signed_in: dict[str, object]) -> Iterator[BrowserContext]:
    context = browser.new_context(storage_state=signed_in)  # type: ignore[arg-type]
    yield context
    context.close()
