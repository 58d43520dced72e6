"""A copy of a letter from a telephone to those who check it: no script, from the keyboard."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from app.delivery.models import Delivery
from tests.letters.conftest import MAIL, picture
from tests.live import Live
from tests.people import seal_of_a_reader


@pytest.fixture
def path(example: Live, mails_of_the_silent: Iterator[int]) -> str:
    """Of an answer page that nobody else's test opens."""
    with example.services.database.reading() as session:
        delivery = session.get_one(Delivery, next(mails_of_the_silent))
        url = example.services.links.answer_url(delivery.id, delivery.edition.offers[0].id)
    return url.removeprefix(example.services.links.base_url)


def give(page: Page, example: Live, path: str, name: str, content: bytes) -> None:
    """As who has read for a while."""
    seal = seal_of_a_reader(example.services.links, path)
    form = page.locator("form[enctype]")
    form.locator("input[name=seal]").evaluate("(field, seal) => { field.value = seal }", seal)
    file = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    form.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    button = form.get_by_role("button", name="Send the copy")
    button.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")


def keep(page: Page, name: str) -> None:
    if folder := os.environ.get("DOCKET_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_a_copy_comes_in_without_script_and_is_read_by_staff(
    browser: Browser, example: Live, staff_context: BrowserContext, path: str
) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 700})
    page = context.new_page()
    page.goto(example.url + path)
    summary = page.get_by_text("Give us a copy, or the reply that came")
    assert not page.get_by_role("button", name="Send the copy").is_visible()
    summary.focus()
    page.keyboard.press("Enter")
    assert page.get_by_role("button", name="Send the copy").is_visible()
    keep(page, "answer-giving-320")
    give(page, example, path, "drawing.svg", b"<svg><script>x()</script></svg>")
    assert page.get_by_role("alert").get_by_text("Nothing was kept yet").is_visible()
    keep(page, "letter-refused-320")
    for name, content in (("IMG_1.JPG", picture()), ("letter.eml", MAIL)):
        give(page, example, path, name, content)
        assert page.get_by_role("status").get_by_text("We have your copy").is_visible()
        keep(page, "letter-kept-320")
        page.get_by_text("Send another file").click()
    assert context.cookies() == []
    page.get_by_role("link", name="Back to what we asked").click()
    assert page.get_by_text("Recorded: you did it").is_visible()
    context.close()
    read(staff_context.new_page(), example)


def read(page: Page, example: Live) -> None:
    """The newest is the mail, the one before it the picture."""
    page.goto(f"{example.url}/letters/?state=unchecked")
    page.get_by_role("link", name="Copy of a letter").first.click()
    page.get_by_role("button", name="Read the letter").click()
    assert page.get_by_text("please release her.").is_visible()
    keep(page, "letter-read")
    page.locator("html").evaluate("page => { page.dir = 'rtl' }")
    keep(page, "letter-read-rtl")
    page.get_by_label("Remark").fill("It went to the minister.")
    page.get_by_role("button", name="Verify this letter").click()
    assert page.get_by_text("It went to the minister.").first.is_visible()
    keep(page, "letter-verified")
    page.goto(f"{example.url}/letters/?state=unchecked")
    page.get_by_role("link", name="Copy of a letter").first.click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download the file").click()
    assert waiting.value.suggested_filename.startswith("letter-")
    assert waiting.value.suggested_filename.endswith(".jpg")
    page.get_by_role("link", name="What the member said").click()
    page.get_by_text("Add to this").first.click()
    keep(page, "response-adding")
