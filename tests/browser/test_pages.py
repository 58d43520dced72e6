"""Every page at three widths in both themes: axe finds nothing, nothing is cut off sideways.

With DOCKET_SCREENSHOTS=folder each page is kept as a picture, to be looked at.
"""

import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases.editing import by_reference
from app.catalogue import editing, seeding
from app.catalogue.taking import for_sector
from app.clock import now
from app.delivery import pacing
from app.delivery.models import Delivery, DeliveryState, Settlement
from app.importing import runs, staging
from app.importing.models import ImportState
from app.inbound.models import InboundMail, MailState
from app.inbound.receiving import SEALED_AS
from app.issues import approving, arranging, notes, versions
from app.issues import editing as drafting
from app.issues.desk_routes import ADDED
from app.issues.models import Archived
from app.letters import files, keeping, verifying
from app.letters.models import LetterKind
from app.mail.inbox import store
from app.media import keeping as library
from app.networks.managing import network_by_code
from app.responses.models import Channel, Response
from app.snippets.keeping import keep as keep_words
from app.snippets.keeping import keep_addressee, keep_ask
from app.snippets.models import SnippetKind
from app.staff.models import SignInLink, Staff
from tests import under_way
from tests.browser import preferring
from tests.browser.conftest import ADMIN
from tests.live import Live
from tests.media.conftest import mark, photograph

WIDTHS = (320, 768, 1280)
THEMES = ("light", "dark")
SHEET = (
    "Name;Mail;Land\nQUILL, Ada;ada@quill.example;Atlantis\nBo;broken;France\nBo;bo@b.example;FR"
)

STAFF_PAGES = {
    "issues": "/issues/",
    "issue-new": "/issues/new",
    "issue-edit": "/issues/2/edit",
    "issue-desk": "/issues/FULLDESK/edit?gone=TAKENOUT",
    "issue-versions": "/issues/2/versions",
    "issue-version": "/issues/FULLDESK/versions/2",
    "issue-test": "/issues/2/test",
    "issue-approval": "/issues/FULLDESK/approval",
    "issue-without-ask": "/issues/FULLDESK/without-ask",
    "issue-show": "/issues/1",
    "issue-send": "/issues/2/send",
    "issue-preview": "/issues/2/preview",
    "issue-sending": "/issues/ONITSWAY?still=1",
    "issue-stop": "/issues/ONITSWAY/stop",
    "issue-pace": "/issues/ONITSWAY/pace",
    "issue-undelivered": "/issues/ONITSWAY/undelivered",
    "issue-paused": "/issues/REFUSED?still=1",
    "issue-ended": "/issues/ENDED",
    "issue-report": "/reports/ENDED",
    "issue-print": "/issues/1/print",
    "issue-print-found": "/issues/1/print?text=a",
    "sending": "/sending/?still=1",
    "responses": "/issues/1/responses",
    "response": "/issues/1/responses/1",
    "suspects": "/issues/1/suspects",
    "replies": "/replies/",
    "reply-suggested": "/replies/1",
    "reply": "/replies/2",
    "replies-unsorted": "/replies/unsorted",
    "cases": "/cases/",
    "case": "/cases/VER-2026-014",
    "case-edit": "/cases/VER-2026-014/edit",
    "case-ask": "/cases/VER-2026-014/asks/1",
    "case-addressee": "/cases/VER-2026-014/addressees/1",
    "case-import": "/cases/import",
    "catalogue": "/catalogue/?sector=legal&hid=HIDDENENTRY",
    "catalogue-entry": "/catalogue/CHANGEDENTRY",
    "catalogue-new": "/catalogue/new?sector=medical",
    "snippets": "/snippets/?network=legal",
    "snippets-none": "/snippets/?network=media",
    "snippet": "/snippets/SNIPPET",
    "snippet-new": "/snippets/new?network=legal&kind=addressee",
    "letters": "/letters/",
    "letters-none": "/letters/?network=media",
    "letter": "/letters/LETTER",
    "letter-rejected": "/letters/REPLY",
    "pictures": "/pictures/?network=legal",
    "pictures-none": "/pictures/?network=media",
    "picture": "/pictures/PICTURE",
    "picture-undescribed": "/pictures/UNTOLD",
    "networks": "/networks/",
    "network": "/networks/legal",
    "network-new": "/networks/new",
    "network-edit": "/networks/legal/edit",
    "member": "/networks/legal/members/1",
    "member-history": "/networks/legal/members/TOLD",
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
    "letter-giving": "/letter/ANSWER",
    "answer-forged": "/r/1.1.aaaaaaaaaaaaaaaaaaaaaaaa",
    "unsubscribe": "/u/LEAVE",
    "preview-link": "/preview",
    "preferences-ask": "/preferences",
    "preferences": "/preferences/PREFERENCES",
    "preferences-broken": "/preferences/nothing",
    "address-new": "/address/new/CHANGENEW",
    "address-old": "/address/old/CHANGEOLD",
    "archive": "/archive/legal/1",
    "archive-list": "/archive/legal/",
    "archive-link": "/a/ARCHIVE",
    "archive-broken": "/a/nothing",
}


@pytest.fixture(scope="module")
def addresses(example: Live) -> dict[str, str]:
    """What stands for the words in capitals of the lists above."""
    services = example.services
    with services.database.writing() as session:
        delivery = session.scalars(
            select(Delivery)
            .join(Settlement, Settlement.delivery_id == Delivery.id)
            .where(Settlement.state == DeliveryState.SENT)
            .order_by(Delivery.id)
        ).first()
        assert delivery is not None
        offer = delivery.edition.offers[0]
        network = network_by_code(session, "legal")
        for number, why in enumerate(("soon", "soon", "fast", "sweep")):
            session.add(suspect(delivery.id + number // 2, offer.id, why))
        delivery.issue.archive = Archived.PUBLIC.value
        session.add(
            InboundMail(
                fingerprint="strange",
                received_at=now(),
                size=52_000_000,
                raw=services.vault.seal(b"", SEALED_AS),
                state=MailState.QUARANTINED,
                next_try_at=now(),
                why="more than 10,000 parts",
            )
        )
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
        "ARCHIVE": services.links.archive_url(delivery.issue_id).rpartition("/")[2],
        "LEAVE": services.links.unsubscribe_url(delivery.id).rpartition("/")[2],
        "MAIL": mail_id,
        "LINK": link,
        **letters_of(example, delivery.id, offer.id),
        **words_to_use_again(example),
        **desk_in_use(example),
        **pictures_of(example),
        **preferring.addresses(services),
        **issues_on_their_way(example),
    }


def suspect(delivery_id: int, offer_id: int, why: str) -> Response:
    """A scanner's tap."""
    return Response(
        delivery_id=delivery_id,
        offer_id=offer_id,
        answer="done",
        channel=Channel.LINK,
        recorded_at=now(),
        suspect=why,
        seal="nonce",
    )


def letters_of(example: Live, delivery_id: int, offer_id: int) -> dict[str, str]:
    """A copy that nobody has looked at, and a reply that was no evidence."""
    services, ids = example.services, (delivery_id, offer_id)
    mail = "From: a@b.example\nTo: minister@justice.example\nSubject: Her release\n\nDear Minister"
    with services.database.writing() as session:
        officer = session.scalars(select(Staff).where(Staff.email_key == ADMIN)).one()
        kept = [
            keeping.keep_upload(
                session, services.vault, ids, kind, files.check(text.encode(), 10), 365, now()
            )
            for kind, text in ((LetterKind.LETTER, mail), (LetterKind.ADDRESSEE, "Dear Madam"))
        ]
        verifying.reject(session, kept[1], officer, "A receipt, not an answer.", now())
        return {"LETTER": str(kept[0].id), "REPLY": str(kept[1].id)}


def desk_in_use(example: Live) -> dict[str, str]:
    """A draft with a block of every kind, a note, an approval that is void, and an ask that only
    doctors get."""
    with example.services.database.writing() as session:
        network = network_by_code(session, "legal")
        first, second = session.scalars(select(Staff).order_by(Staff.id).limit(2))
        issue = drafting.create(session, network, first.id, now(), title="December")
        issue.subject, issue.introduction = "Two people", "This month **two requests**."
        versions.begin(session, issue, now())
        added = [arranging.add(session, issue, kind, now()) for kind in ADDED]
        case = by_reference(session, "TAL-2026-007")
        arranging.add_case(session, issue, case, now(), after=added[0].id)
        only = [ask.id for ask in case.asks if ask.sectors]
        drafting.offer_asks(session, issue, case, only, now())
        notes.leave(session, issue, added[0].id, "Shorter, please.", second, now())
        approving.approve(session, issue, approving.fingerprint(issue), second, now())
        arranging.take_out(issue, added[-1], now())
        issue.subject = "Two colleagues"
        versions.keep(session, issue, first.id, now())
        return {"FULLDESK": str(issue.id), "TAKENOUT": str(added[-1].id)}


def pictures_of(example: Live) -> dict[str, str]:
    """One that can be used, and one of which nobody has said what it shows."""
    with example.services.database.writing() as session:
        network = network_by_code(session, "legal")
        told, untold = (
            library.add(session, network, None, name, content, now())
            for name, content in (("vigil.jpg", photograph()), ("Candle-mark_2026.png", mark()))
        )
        alts = {"en": "Six people hold candles in front of a court.", "fr": "Six bougies, un soir"}
        library.describe(told, "Vigil at Port Halden", alts, now())
        return {"PICTURE": str(told.id), "UNTOLD": str(untold.id)}


def words_to_use_again(example: Live) -> dict[str, str]:
    """The catalogue, with an entry that was changed and one that was hidden; snippets of each
    kind but text."""
    with example.services.database.writing() as session:
        seeding.seed(session, now())
        changed, hidden = for_sector(session, "legal")[:2]
        better = changed.why.replace("A letterhead of the bar", "Headed paper of a chamber")
        editing.rewrite(changed, {"why": better, "button": "My letter is in the post"}, now())
        editing.hide(hidden, now())
        network = network_by_code(session, "legal")
        case = by_reference(session, "VER-2026-014")
        to_keep = {"body": "Thank you for the time you take for this.\n\nWith warm regards"}
        warm = SnippetKind.CLOSING, "Warm, for the end of a year", to_keep
        keep_words(session, network, *warm, None, now())
        keep_addressee(session, network, case.addressees[0], None, now())
        kept = keep_ask(session, network, case.asks[0], None, now())
        entries = {"HIDDENENTRY": str(hidden.id), "CHANGEDENTRY": str(changed.id)}
        return entries | {"SNIPPET": str(kept.id)}


def issues_on_their_way(example: Live) -> dict[str, str]:
    """One goes out and meets everything; one a worker has paused; one is through, as far as it
    came. A worker lives, one relay is in trouble."""
    with example.services.database.writing() as session:
        network = network_by_code(session, "media")
        begun = [
            under_way.begun(session, network, 0, title=title)
            for title in ("Three newsrooms, one letter", "A printer on trial", "For Lena Ilmari")
        ]
        meet_everything(session, begun[0][1][:-3])
        under_way.settle(session, begun[0][1][-1], "retry", answer="4.7.1 greylisted")
        meet_everything(session, begun[2][1])
        begun[0][0].urgent, begun[0][0].rate_per_minute = True, 1200
        begun[1][0].paused_at, begun[1][0].paused_why = now(), "553 5.1.8 sender address rejected"
        under_way.finish(session, begun[2][0])
        answers = {"sent": 184_302, "retry": 2_110, "give_up": 412, "unknown": 3}
        awake = now() + timedelta(hours=1)
        pulse = {"in_flight": 12, "sent_last_minute": 1180, "answers": answers}
        under_way.worker(session, "sender-1:4711", awake, **pulse)
        under_way.worker(session, "sender-2:815", now() - timedelta(minutes=3))
        later = now() + timedelta(minutes=20)
        for name in ("relay:smtp.docket.example:587", "relay:smtp2.docket.example:587"):
            pacing.hold(session, name, "connect: 421 4.3.2 try later", later)
        pacing.let_go(session, "relay:smtp.docket.example:587")
        pacing.hold(session, "domain:mail.example", "421 4.7.28 unusual rate of mail", later)
        found = zip(("ONITSWAY", "REFUSED", "ENDED"), begun, strict=True)
        return {word: str(issue.id) for word, (issue, _rows) in found}


def meet_everything(session: Session, rows: list[Delivery]) -> None:
    """Some failed for each cause; the others were sent."""
    for number, row in enumerate(rows):
        match number:
            case 0 | 1:
                lost = "the connection was lost after the final dot"
                under_way.settle(session, row, "unknown", uncertain=1, answer=lost)
            case 2 | 3 | 4:
                said = "5.7.1 message refused by policy, see https://postmaster.example/reasons"
                under_way.settle(session, row, "failed", cause="refused", answer=said)
            case 5:
                said = "4.2.2 mailbox full"
                under_way.settle(session, row, "failed", cause="gave up", answer=said)
            case 6:
                under_way.settle(session, row, "failed", cause="stopped", attempts=0)
            case 7:
                under_way.settle(session, row, "bounced")
            case 8:
                under_way.settle(session, row, "failed", cause="left")
            case 9:
                under_way.settle(session, row, uncertain=1, attempts=2)
            case _:
                under_way.settle(session, row)


LOOKS = [(width, theme, "en") for width in WIDTHS for theme in THEMES]
# The one with the longest words, and the one that reads from the right.
LOOKS += [(320, "light", "fr"), (320, "light", "ar"), (1280, "dark", "ar")]


@pytest.fixture(params=LOOKS, ids=str)
def look(request: pytest.FixtureRequest) -> tuple[int, str, str]:
    width, theme, language = request.param
    return width, theme, language


@pytest.mark.parametrize("kind", ["staff", "public"])
def test_pages(
    browser: Browser,
    example: Live,
    signed_in: dict[str, object],
    addresses: dict[str, str],
    look: tuple[int, str, str],
    kind: str,
) -> None:
    width, theme, language = look
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme=theme,  # type: ignore[arg-type]
        locale=language,
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
        _keep(page, f"{name}-{width}-{theme}-{language}")
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
