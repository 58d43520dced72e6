"""The main job in a real browser: a list comes in, a mail goes out, a member answers, it counts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select

from app import scheduler
from app.delivery.worker import Worker
from app.responses.models import Response
from app.services import Services
from tests.browser.conftest import take_a_look
from tests.live import Live, live
from tests.nasty import BAD, DOUBLES, ROWS, nasty_list
from tests.outside import Outside, outside
from tests.people import some_time_after_sending

CASES = Path(__file__).parents[2] / "docs/examples/cases.json"
PEOPLE = ROWS - BAD - DOUBLES


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Outside]:
    with outside() as server:
        yield server


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, elsewhere: Outside) -> Iterator[Live]:
    with live(tmp_path_factory.mktemp("main-job"), SMTP_URL=elsewhere.url) as running:
        yield running


def work(services: Services) -> None:
    """Be the worker until nothing waits."""
    worker = Worker(services)
    try:
        scheduler.run_all_once(services)
        worker.work_through()
    finally:
        worker.close()


def answers(services: Services) -> list[tuple[str, str | None]]:
    with services.database.reading() as session:
        rows = session.scalars(select(Response).order_by(Response.id))
        return [(row.answer, row.suspect) for row in rows]


@pytest.fixture(scope="module")
def coordinator(service: Live, browser: Browser) -> Iterator[BrowserContext]:
    added = ("staff", "add", "ilse@docket.example", "--name", "Ilse", "--role", "admin")
    link = service.docket(*added).split()[-1]
    context = browser.new_context()
    page = context.new_page()
    page.goto(link)
    page.get_by_role("button", name="Sign me in").click()
    page.get_by_label("New password").fill("a sentence nobody guesses")
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_text("The password is set")).to_be_visible()
    page.get_by_role("link", name="Issues").click()
    expect(page.get_by_role("heading", name="No network yet")).to_be_visible()
    yield context
    context.close()


@pytest.fixture(scope="module")
def mails(
    service: Live,
    coordinator: BrowserContext,
    elsewhere: Outside,
    tmp_path_factory: pytest.TempPathFactory,
) -> Outside:
    """A coordinator adds a network, imports a nasty list and cases, composes and sends."""
    page = coordinator.new_page()
    _add_network(page, service)
    sheet = tmp_path_factory.mktemp("sheet") / "Mitglieder.csv"
    sheet.write_bytes(nasty_list().content)
    _import_members(page, service, sheet)
    _import_cases(page, service)
    _compose_and_send(page, service)
    some_time_after_sending(service.services.database)
    page.close()
    return elsewhere


def _add_network(page: Page, service: Live) -> None:
    page.goto(f"{service.url}/networks/new")
    page.get_by_label("Code").fill("legal")
    page.get_by_label("Name", exact=True).fill("Lawyers' Network")
    page.get_by_label("Sender’s name").fill("Lawyers' Network")
    page.get_by_label("Sender’s address").fill("legal@docket.example")
    page.get_by_role("button", name="Add the network").click()
    expect(page.get_by_role("heading", name="No member yet")).to_be_visible()


def _import_members(page: Page, service: Live, sheet: Path) -> None:
    page.get_by_role("link", name="Import members").click()
    page.get_by_label("The list").set_input_files(sheet)
    page.get_by_label("Where the consent was given").fill("sign-up sheet")
    page.get_by_role("button", name="Read the list").click()
    expect(page.get_by_label("Métier")).to_have_value("profession")
    page.get_by_role("button", name="Show what it would do").click()
    expect(page.get_by_text("Reading the file").first).to_be_visible()
    scheduler.read_imports(service.services)
    expect(page.get_by_role("heading", name="What the import would do")).to_be_visible()
    expect(page.get_by_role("link", name=f"New {PEOPLE}")).to_be_visible()
    expect(page.get_by_role("link", name=f"Refused {BAD}")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Rows to mend").click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 1 + BAD + DOUBLES
    page.get_by_role("button", name=f"Import {PEOPLE} people").click()
    scheduler.read_imports(service.services)
    expect(page.get_by_role("heading", name="Imported")).to_be_visible()


def _import_cases(page: Page, service: Live) -> None:
    page.goto(f"{service.url}/cases/import")
    page.get_by_label("A JSON file").set_input_files(CASES)
    page.get_by_role("button", name="Import the cases").click()
    expect(page.get_by_text("2 cases read")).to_be_visible()


def _compose_and_send(page: Page, service: Live) -> None:
    page.goto(f"{service.url}/issues/new")
    page.get_by_label("Title").fill("November")
    page.get_by_role("button", name="Start the issue").click()
    page.get_by_label("Subject", exact=True).fill("A colleague without a lawyer")
    page.get_by_label("Introduction").fill("This month **two requests**.")
    for name in ("Ines Carrow", "The Lantern printing house"):
        page.get_by_role("button", name=f"Add {name}").click()
        expect(page.locator(".block").filter(has_text=name)).to_be_visible()
    page.get_by_role("link", name="Review and send").click()
    page.get_by_role("button", name=f"Send to {PEOPLE} members").click()
    work(service.services)
    expect(page.get_by_role("link", name="Open the report")).to_be_visible()
    expect(page.get_by_text(f"{PEOPLE} of {PEOPLE}")).to_be_visible()


def _mail(context: BrowserContext, mails: Outside, number: int) -> Page:
    """The HTML of somebody's mail, as their mail program shows it."""
    messages = mails.messages()
    part = messages[sorted(messages)[number]].get_body(("html",))
    assert part is not None
    page = context.new_page()
    page.set_content(part.get_content())
    return page


def test_a_member_answers_without_script_and_takes_it_back(
    browser: Browser, service: Live, mails: Outside
) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 640})
    page = _mail(context, mails, 0)
    with context.expect_page() as opened:
        page.get_by_role("link", name="I have sent my letter").click(modifiers=["Control"])
    answer = opened.value
    before = answers(service.services)
    take_a_look(answer)
    answer.get_by_role("button", name="I have sent my letter").click()
    expect(answer.get_by_role("heading", name="Recorded")).to_be_visible()
    take_a_look(answer)
    answer.get_by_label("How many letters").fill("2")
    answer.get_by_role("button", name="Add this").click()
    take_a_look(answer)
    answer.get_by_role("button", name="Undo").click()
    expect(answer.get_by_role("heading", name="Taken back")).to_be_visible()
    assert context.cookies() == []
    new = answers(service.services)[len(before) :]
    assert new == [("done", None), ("done", None), ("undone", None)]
    context.close()


def test_a_member_answers_by_keyboard_and_the_report_counts_it(
    browser: Browser, service: Live, mails: Outside, coordinator: BrowserContext
) -> None:
    context = browser.new_context()
    page = _mail(context, mails, 1)
    link = page.get_by_role("link", name="I have sent my letter").get_attribute("href")
    assert link is not None
    page.goto(link)
    before = answers(service.services)
    take_a_look(page)
    page.keyboard.press("Tab")
    while "I have sent" not in page.evaluate("document.activeElement.textContent"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Thank you.")).to_be_visible()
    page.reload()  # the browser sends the form again
    assert answers(service.services)[len(before) :] == [("done", None)]
    report = coordinator.new_page()
    report.goto(f"{service.url}/reports/1")
    expect(report.get_by_role("row", name="Write to the Minister").first).to_contain_text(
        f"/ {PEOPLE}"
    )
    context.close()


def test_a_browser_that_only_looks_records_nothing(
    browser: Browser, service: Live, mails: Outside
) -> None:
    before = answers(service.services)
    context = browser.new_context()
    page = _mail(context, mails, 2)
    links = page.get_by_role("link").evaluate_all("all => all.map(a => a.href)")
    for link in links:
        if link.startswith(service.url):
            page.goto(link)
            page.wait_for_timeout(50)
    assert len(links) >= 3
    assert answers(service.services) == before
    context.close()
