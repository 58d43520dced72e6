"""An issue on its way in a real browser: numbers move by themselves, and staff steer."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.clock import now
from app.delivery.models import Delivery
from app.issues.models import Issue
from app.networks.managing import network_by_code
from tests import under_way
from tests.live import Live

ZERO, ONE = "0 of 16", "1 of 16"


@dataclass(frozen=True)
class Sending:
    example: Live
    issue_id: int
    rows: list[Delivery]

    @property
    def url(self) -> str:
        return f"{self.example.url}/issues/{self.issue_id}"

    def settle(self, row: Delivery, state: str = "sent", **values: str) -> None:
        with self.example.services.database.writing() as session:
            under_way.settle(session, row, state, **values)

    def pause(self) -> None:
        with self.example.services.database.writing() as session:
            session.get_one(Issue, self.issue_id).paused_at = now()

    def is_paused(self) -> bool:
        with self.example.services.database.reading() as session:
            return session.get_one(Issue, self.issue_id).paused_at is not None


@pytest.fixture
def sending(example: Live) -> Iterator[Sending]:
    """An issue to the 16 members of the example's third network."""
    with example.services.database.writing() as session:
        network = network_by_code(session, "media")
        issue, rows = under_way.begun(session, network, 0)
    yield Sending(example, issue.id, rows)
    with example.services.database.writing() as session:
        under_way.finish(session, session.get_one(Issue, issue.id))


@pytest.fixture
def page(staff_context: BrowserContext) -> Page:
    return staff_context.new_page()


def test_the_numbers_move_and_what_is_typed_beside_them_stays(page: Page, sending: Sending) -> None:
    page.goto(sending.url)
    expect(page.get_by_text(ZERO)).to_be_visible()
    reason = page.get_by_label("Why")
    reason.fill("a wrong date")
    sending.settle(sending.rows[0])
    expect(page.get_by_text(ONE)).to_be_visible()
    expect(reason).to_have_value("a wrong date")
    expect(reason).to_be_focused()


def test_a_keyboard_pauses_and_resumes(page: Page, sending: Sending) -> None:
    page.goto(sending.url)
    page.get_by_label("Why").focus()
    page.keyboard.type("a wrong date")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Why: a wrong date")).to_be_visible()
    assert sending.is_paused()
    page.get_by_role("button", name="Resume the sending").press("Enter")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    assert not sending.is_paused()


def test_the_page_follows_when_somebody_else_pauses(page: Page, sending: Sending) -> None:
    page.goto(sending.url)
    sending.pause()
    expect(page.get_by_role("button", name="Resume the sending")).to_be_visible()


def test_the_rest_is_stopped_and_sent_after_all_without_any_script(
    browser: Browser, signed_in: dict[str, object], sending: Sending
) -> None:
    context = browser.new_context(java_script_enabled=False, storage_state=signed_in)  # type: ignore[arg-type]
    page = context.new_page()
    sending.settle(sending.rows[0])
    page.goto(f"{sending.url}?still=1")
    page.get_by_role("link", name="Stop the rest").click()
    page.get_by_role("button", name="Stop it for 15 members").click()
    expect(page.get_by_text("Stopped. 15 members had not got it")).to_be_visible()
    page.get_by_role("button", name="Send to those 15 after all").click()
    expect(page.get_by_text("It is sent once more to 15 members.")).to_be_visible()
    context.close()


def test_the_status_page_moves_and_can_be_held_still(page: Page, sending: Sending) -> None:
    page.goto(f"{sending.example.url}/sending/")
    mine = page.get_by_role("article").filter(
        has=page.locator(f"a[href='/issues/{sending.issue_id}']")
    )
    expect(mine.get_by_text(ZERO)).to_be_visible()
    sending.settle(sending.rows[0])
    expect(mine.get_by_text(ONE)).to_be_visible()
    page.get_by_role("link", name="Hold the numbers still").click()
    expect(page.locator("[hx-get]")).to_have_count(0)


@pytest.mark.parametrize("path", ["/sending/?still=1", "", "/undelivered", "/stop", "/pace"])
def test_nothing_is_cut_off_when_read_from_the_right(
    page: Page, sending: Sending, path: str
) -> None:
    sending.settle(sending.rows[0], "failed", cause="refused", answer="5.7.1 no")
    page.set_viewport_size({"width": 320, "height": 800})
    page.goto(sending.example.url + path if path.startswith("/sending") else sending.url + path)
    page.evaluate("document.documentElement.dir = 'rtl'")
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    assert page.evaluate("document.querySelector('main').getBoundingClientRect().left") >= 0
