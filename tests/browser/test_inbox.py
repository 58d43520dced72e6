"""The local inbox: a newcomer reads a mail there, and its links lead on."""

from playwright.sync_api import BrowserContext, expect
from sqlalchemy import select

from app.delivery.models import Delivery
from app.mail.inbox import store
from tests.live import Live


def test_every_link_of_a_mail_opens_in_a_window_of_its_own(
    example: Live, staff_context: BrowserContext
) -> None:
    services = example.services
    with services.database.reading() as session:
        delivery = session.scalars(select(Delivery).order_by(Delivery.id.desc())).first()
        assert delivery is not None
    leave = services.links.unsubscribe_url(delivery.id)
    mail = (
        "From: a@b.example\r\nTo: c@d.example\r\nSubject: Links\r\nContent-Type: text/html\r\n\r\n"
        f'<html><head></head><body><a href="{leave}">Leave</a></body></html>\r\n'
    )
    services.settings.inbox_dir.mkdir(exist_ok=True)
    mail_id = store(services.settings.inbox_dir, "a@b.example", ["c@d.example"], mail.encode())
    page = staff_context.new_page()
    page.goto(f"{example.url}/inbox/{mail_id}")
    with staff_context.expect_page() as opened:
        page.frame_locator("iframe").get_by_role("link", name="Leave").click()
    expect(opened.value.get_by_role("heading", name="Leave this newsletter?")).to_be_visible()
    opened.value.get_by_role("button", name="Leave the newsletter").click()
    expect(opened.value.get_by_role("heading", name="You have left")).to_be_visible()
