"""The desk in a real browser: it saves itself, shows what it is, and loses nobody's words."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from app.issues.models import BlockKind
from tests.browser.composing import Room, furnish
from tests.live import live

WEIGHT = 150_000  # bytes that the page may load, without the mail that it shows
MOST_INTERACTIONS = 12
KINDS = ".block .kind"


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Room]:
    with live(tmp_path_factory.mktemp("desk")) as running:
        furnished = furnish(running, browser)
        yield furnished
        for person in furnished.people:
            person.close()


def saved(page: Page) -> None:
    expect(page.locator("#state")).to_contain_text("Saved")


def mail(page: Page) -> Locator:
    return page.frame_locator(".mail-frame").locator("body")


def test_words_save_themselves_and_the_preview_follows(room: Room) -> None:
    page = room.page(path=room.draft())
    problems: list[str] = []
    page.on("console", lambda told: problems.append(told.text) if told.type == "error" else None)
    page.get_by_label("Introduction").fill("This month **one** request.")
    expect(mail(page)).to_contain_text("This month one request.")
    page.get_by_label("Subject", exact=True).fill("A new subject")
    expect(page.locator("[data-subject]")).to_have_text("A new subject")
    saved(page)
    page.reload()
    expect(page.get_by_label("Introduction")).to_have_value("This month **one** request.")
    assert problems == []
    page.close()


def test_what_two_people_write_in_different_lines_is_kept_from_both(room: Room) -> None:
    path = room.draft()
    ilse, anselm = room.page(0, path), room.page(1, path)
    ilse.get_by_label("Introduction").fill("One line, said Ilse.\n\nAnother line.")
    saved(ilse)
    anselm.get_by_label("Introduction").fill("One line.\n\nAnother line, said Anselm.")
    both = "One line, said Ilse.\n\nAnother line, said Anselm."
    expect(anselm.get_by_label("Introduction")).to_have_value(both)
    saved(anselm)
    ilse.close()
    anselm.close()


def test_where_both_changed_the_same_line_both_are_shown(room: Room) -> None:
    path = room.draft()
    ilse, anselm = room.page(0, path), room.page(1, path)
    ilse.get_by_label("Subject", exact=True).fill("What Ilse says")
    saved(ilse)
    anselm.get_by_label("Subject", exact=True).fill("What Anselm says")
    expect(anselm.locator(".clash")).to_contain_text("What Ilse says")
    expect(anselm.get_by_label("Subject", exact=True)).to_have_value("What Anselm says")
    expect(anselm.locator("#state")).to_contain_text("Not saved yet")
    anselm.get_by_label("Subject", exact=True).fill("What both say")
    saved(anselm)
    expect(anselm.locator(".clash")).to_have_count(0)
    ilse.reload()
    expect(ilse.get_by_label("Subject", exact=True)).to_have_value("What both say")
    ilse.close()
    anselm.close()


def test_blocks_are_moved_by_keys_by_buttons_and_by_dragging(room: Room) -> None:
    page = room.page(path=room.draft([BlockKind.TEXT, BlockKind.EVENT, BlockKind.THANKS]))
    page.get_by_role("button", name="Move Text").focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator(KINDS)).to_have_text(["Event", "Text", "Thanks"])
    expect(page.get_by_role("button", name="Move Text")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.locator(KINDS)).to_have_text(["Text", "Event", "Thanks"])
    page.get_by_role("button", name="Up Thanks").click()
    expect(page.locator(KINDS)).to_have_text(["Text", "Thanks", "Event"])
    for summary in page.locator(".block details[data-fold] > summary").all():
        summary.click()  # folded, all of them fit on the screen
    page.get_by_role("button", name="Move Event").drag_to(page.locator(".block .kind").first)
    expect(page.locator(KINDS)).to_have_text(["Event", "Text", "Thanks"])
    page.reload()
    expect(page.locator(KINDS)).to_have_text(["Event", "Text", "Thanks"])
    page.close()


def test_a_block_that_was_taken_out_is_put_back_with_its_words(room: Room) -> None:
    page = room.page(path=room.draft([BlockKind.TEXT]))
    page.get_by_label("Heading").fill("Kept words")
    page.get_by_role("button", name="Take out Text").click()
    expect(page.locator(".block")).to_have_count(0)
    page.get_by_role("button", name="Put it back").click()
    expect(page.get_by_label("Heading")).to_have_value("Kept words")
    page.close()


def test_what_is_typed_just_before_a_button_is_not_lost(room: Room) -> None:
    page = room.page(path=room.draft())
    page.get_by_label("Introduction").fill("Typed at the last moment.")
    page.get_by_role("button", name="Good news").click()
    expect(page.locator(".block")).to_have_count(1)
    page.reload()
    expect(page.get_by_label("Introduction")).to_have_value("Typed at the last moment.")
    page.close()


def test_what_is_typed_while_a_button_works_is_not_lost(room: Room) -> None:
    page = room.page(path=room.draft([BlockKind.TEXT]))
    held: list[Route] = []
    page.route("**/edit", lambda route: held.append(route), times=1)
    with page.expect_request("**/edit"):
        page.get_by_role("button", name="Thanks", exact=True).click()
    page.get_by_label("Heading").fill("Typed meanwhile")
    held[0].continue_()
    expect(page.locator(".block")).to_have_count(2)
    expect(page.get_by_label("Heading").first).to_have_value("Typed meanwhile")
    saved(page)
    page.reload()
    expect(page.get_by_label("Heading").first).to_have_value("Typed meanwhile")
    page.close()


def test_buttons_that_are_pressed_in_a_hurry_are_all_heeded(room: Room) -> None:
    page = room.page(path=room.draft())
    page.evaluate(
        """() => ["add:text", "add:event", "add:thanks"].forEach(
            (value) => document.querySelector(`button[value="${value}"]`).click())"""
    )
    expect(page.locator(KINDS)).to_have_text(["Text", "Event", "Thanks"])
    page.close()


def test_the_toolbar_and_its_keys_write_markdown(room: Room) -> None:
    page = room.page(path=room.draft())
    text = page.get_by_label("Introduction")
    text.fill("word")
    text.select_text()
    page.keyboard.press("Control+b")
    expect(text).to_have_value("**word**")
    text.fill("one\ntwo")
    text.select_text()
    bar = page.get_by_role("toolbar").first
    bar.get_by_role("button", name="List").click()
    expect(text).to_have_value("- one\n- two")
    page.close()


def test_text_from_a_word_processor_becomes_plain_markdown(room: Room) -> None:
    page = room.page(path=room.draft())
    text = page.get_by_label("Introduction")
    text.fill("")
    text.evaluate(
        """(area) => {
            const data = new DataTransfer();
            data.setData("text/html", `<html><head><style>p { color: red }</style></head><body>
              <b style="font-weight:normal"><p class="MsoNormal">Some <b>bold</b> and
              <i>slanted </i>words, <a href="https://a.example/">a link</a>
              <a href="javascript:1">none</a></p><h1>Title</h1>
              <ul><li>one</li><li>two</li></ul><script>alert(1)</script></b></body></html>`);
            area.focus();
            area.dispatchEvent(new ClipboardEvent("paste",
              { clipboardData: data, bubbles: true, cancelable: true }));
        }"""
    )
    expect(text).to_have_value(
        "Some **bold** and *slanted* words, [a link](https://a.example/) none\n\n"
        "### Title\n\n- one\n- two"
    )
    page.close()


def test_it_is_a_plain_form_without_script(room: Room, browser: Browser) -> None:
    state = room.people[0].storage_state()
    context = browser.new_context(storage_state=state, java_script_enabled=False)
    page = context.new_page()
    page.goto(room.live.url + room.draft([BlockKind.TEXT]))
    page.get_by_label("Heading").fill("By hand")
    page.get_by_role("button", name="Thanks", exact=True).click()
    expect(page.locator(KINDS)).to_have_text(["Text", "Thanks"])
    page.get_by_role("button", name="Up Thanks").click()
    expect(page.locator(KINDS)).to_have_text(["Thanks", "Text"])
    page.get_by_label("Find a case").fill("quay")
    page.get_by_role("button", name="Find", exact=True).click()
    page.get_by_role("button", name="Add Ada of the Quay").click()
    expect(page.locator(KINDS)).to_have_text(["Thanks", "Text", "Case"])
    page.get_by_role("button", name="Fill 3 empty places").click()
    expect(page.get_by_text("3 asks were taken")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Heading").last).to_have_value("By hand")
    context.close()


def test_the_page_is_light_and_asks_nobody_else(room: Room) -> None:
    page = room.people[0].new_page()
    sizes: dict[str, int] = {}
    page.on("response", lambda answer: sizes.update({answer.url: len(answer.body())}))
    page.goto(room.live.url + room.draft([BlockKind.TEXT] * 6))
    page.wait_for_load_state("networkidle")
    assert all(address.startswith(room.live.url) for address in sizes)
    page_itself = [size for address, size in sizes.items() if "/preview/" not in address]
    assert sum(page_itself) < WEIGHT, sorted(sizes.items(), key=lambda item: -item[1])[:3]
    page.close()


class Hand:
    """A person's clicks and filled fields, counted."""

    def __init__(self, page: Page) -> None:
        self.page, self.count = page, 0

    def press(self, role: str, name: str) -> None:
        self.count += 1
        self.page.get_by_role(role, name=name).first.click()  # type: ignore[arg-type]

    def fill(self, label: str, text: str) -> None:
        self.count += 1
        self.page.get_by_label(label).first.fill(text)


def test_from_nothing_to_scheduled_takes_a_handful_of_steps(room: Room) -> None:
    hand = Hand(room.page(path="/issues/"))
    hand.press("link", "Write a new issue")
    hand.press("button", "Start the issue")
    hand.fill("Subject", "Two people, one letter each")
    hand.fill("Preview line", "Ten minutes for each.")
    for case in ("Bo of the Mill", "Cleo of the Bridge"):
        hand.press("button", f"Add {case}")
        expect(hand.page.locator(".block").filter(has_text=case)).to_be_visible()
    hand.press("button", "Fill 6 empty places")
    expect(hand.page.get_by_text("6 asks were taken")).to_be_visible()
    hand.fill("Introduction", "This month two people need a letter.")
    expect(hand.page.locator("#meaning")).to_contain_text("Every member gets one")
    hand.press("link", "Review and send")
    hand.fill("When", "2099-01-01T08:00")
    hand.press("button", "Send to 12 members")
    expect(hand.page.get_by_text("Scheduled")).to_be_visible()
    assert hand.count <= MOST_INTERACTIONS
    hand.page.close()
