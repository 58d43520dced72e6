"""Robots and people in a real browser, on the pages behind the links of one mail."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select

from app.delivery.models import Delivery
from app.responses.models import Response
from tests.browser.conftest import take_a_look
from tests.live import Live

EVERY_BUTTON = """() => Promise.all([...document.querySelectorAll("form")].flatMap(form =>
    [...form.querySelectorAll("button")].map(button => fetch(location.href, {
        method: "POST",
        body: new URLSearchParams(new FormData(form, button)),
    }))))"""
PRESS_FIRST = """() => document.querySelector("form button").click()"""


class Silent:
    """A member of the example who has said nothing yet."""

    def __init__(self, service: Live, delivery_id: int) -> None:
        self._service = service
        with service.services.database.reading() as session:
            delivery = session.get_one(Delivery, delivery_id)
            offers = [offer.id for offer in delivery.edition.offers]
        links = service.services.links
        self.id = delivery.id
        self.asks = [links.answer_url(delivery.id, offer) for offer in offers]
        self.links = [*self.asks, links.unsubscribe_url(delivery.id)]

    def said(self) -> list[tuple[str, str | None]]:
        with self._service.services.database.reading() as session:
            rows = session.scalars(
                select(Response).where(Response.delivery_id == self.id).order_by(Response.id)
            )
            return [(row.answer, row.suspect) for row in rows]


@pytest.fixture
def silent(example: Live, mails_of_the_silent: Iterator[int]) -> Silent:
    return Silent(example, next(mails_of_the_silent))


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context: BrowserContext = browser.new_context()
    yield context.new_page()
    assert context.cookies() == []
    context.close()


def test_a_headless_look_at_every_link_says_nothing(page: Page, silent: Silent) -> None:
    for link in silent.links:
        page.goto(link, wait_until="networkidle")
        page.mouse.wheel(0, 4000)
        page.keyboard.press("Tab")
    assert silent.said() == []


def test_a_browser_that_presses_the_first_button_at_once_is_asked_again(
    page: Page, silent: Silent
) -> None:
    page.goto(silent.asks[0])
    page.evaluate(PRESS_FIRST)
    expect(page.get_by_role("heading", name="One more tap, please")).to_be_visible()
    assert silent.said() == [("done", "fast")]


def test_a_script_that_submits_every_form_is_kept_apart(page: Page, silent: Silent) -> None:
    page.goto(silent.asks[0])
    page.evaluate(EVERY_BUTTON)
    said = silent.said()
    assert {answer for answer, _why in said} == {
        "done",
        "will_do",
        "could_not",
        "cannot",
        "already",
    }
    assert {why for _answer, why in said} == {"fast"}


def test_a_person_who_is_asked_taps_once_more_by_keyboard_and_is_counted(
    page: Page, silent: Silent
) -> None:
    page.goto(silent.asks[0])
    page.evaluate(PRESS_FIRST)
    expect(page.get_by_role("heading", name="One more tap, please")).to_be_visible()
    take_a_look(page)
    page.keyboard.press("Tab")
    while page.evaluate("document.activeElement.value") != "done":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Thank you.")).to_be_visible()
    assert silent.said() == [("done", "fast"), ("done", None)]


def test_a_person_who_goes_back_and_taps_another_button_has_changed_their_mind(
    page: Page, silent: Silent
) -> None:
    page.goto(silent.asks[0])
    take_a_look(page)
    page.get_by_role("button", name="I will do it").click()
    expect(page.get_by_role("heading", name="Recorded")).to_be_visible()
    page.go_back()
    take_a_look(page)
    page.get_by_role("button", name="I cannot do this one").click()
    expect(page.get_by_role("heading", name="Recorded: not this one")).to_be_visible()
    assert silent.said() == [("will_do", None), ("cannot", None)]


def test_a_double_click_is_one_answer(page: Page, silent: Silent) -> None:
    page.goto(silent.asks[0])
    take_a_look(page)
    page.get_by_role("button", name="I had done it before").dblclick()
    expect(page.get_by_role("heading", name="Recorded")).to_be_visible()
    assert silent.said() == [("already", None)]
