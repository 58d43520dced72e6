"""People. Each says what they mean, and taps once more where the page asks for it."""

from collections.abc import Callable
from random import Random

from tests.zoo.mail import ANSWERS, DAY, HOUR, MINUTE, ONE_MORE_TAP, Mail, forms
from tests.zoo.robots import every_form, every_link

Story = Callable[[Mail], object]
PATIENCE = 3  # pages that ask for one more tap, after which a person gives up


def plainly(mail: Mail) -> None:
    """No script, no cookie: nothing here has either."""
    _answer(mail, mail.asks[0], mail.between(2 * MINUTE, 10 * DAY), reading=mail.between(2, 120))


def from_another_network(mail: Mail) -> None:
    path, after = mail.asks[0], mail.between(2 * MINUTE, 10 * DAY)
    page = mail.get(path, after)
    _tap(mail, path, page, mail.chance.choice(ANSWERS), after + mail.between(5, 600), address=77)


def behind_a_link_checker(mail: Mail) -> None:
    """It fetches twice what the person clicked, just before the person comes."""
    path, after = mail.asks[0], mail.between(2 * MINUTE, 10 * DAY)
    for before in (1.5, 0.2):
        mail.get(path, after - before, address=3)
    _answer(mail, path, after, reading=mail.between(2, 60))


def after_a_scanner_at_delivery(mail: Mail) -> None:
    every_link(mail)
    _answer(mail, mail.asks[0], mail.between(2 * MINUTE, DAY), reading=mail.between(2, 60))


def beside_a_robot(mail: Mail) -> None:
    """Whose answers are kept, and stand in nobody's way."""
    every_form(mail)
    _answer(mail, mail.asks[0], 40 * DAY, reading=mail.between(2, 60))


def with_a_double_tap(mail: Mail) -> None:
    path, after = mail.asks[0], mail.between(2 * MINUTE, 10 * DAY)
    answer, form = mail.chance.choice(ANSWERS), forms(mail.get(path, after))[0]
    fields, tapped = form.hidden | {"answer": answer}, after + mail.between(1.5, 60)
    mail.post(path, tapped, fields)
    _follow(mail, path, mail.post(path, tapped + 0.15, fields), answer, tapped)


def by_keyboard(mail: Mail) -> None:
    """Enter presses the first button."""
    path, after = mail.asks[0], mail.between(2 * MINUTE, 10 * DAY)
    _tap(mail, path, mail.get(path, after), "done", after + mail.between(4, 120))


def a_month_later(mail: Mail) -> None:
    _answer(mail, mail.asks[0], mail.between(29 * DAY, 40 * DAY), reading=mail.between(2, 60))


def on_a_page_left_open_for_a_month(mail: Mail) -> None:
    _answer(mail, mail.asks[0], mail.between(2 * MINUTE, 10 * DAY), reading=30 * DAY)


def one_ask_after_the_other(mail: Mail) -> None:
    after = mail.between(2 * MINUTE, 10 * DAY)
    for path in mail.asks:
        after = _answer(mail, path, after, reading=mail.between(3, 10)) + mail.between(7, 20)


def quickly(mail: Mail) -> None:
    """A minute after sending, and knowing what to tap."""
    _answer(mail, mail.asks[0], mail.between(61, 180), reading=mail.between(1.2, 4))


def with_a_changed_mind(mail: Mail) -> None:
    path, after = mail.asks[0], mail.between(2 * MINUTE, 10 * DAY)
    _tap(mail, path, mail.get(path, after), "will_do", after + 5)
    after += mail.between(10, 10 * DAY)
    _tap(mail, path, mail.get(path, after), "done", after + 5)


def taking_it_back(mail: Mail) -> None:
    path, after = mail.asks[0], mail.between(2 * MINUTE, 10 * DAY)
    page = _tap(mail, path, mail.get(path, after), "done", after + 5)
    _tap(mail, path, page, "undone", after + 5 + mail.between(1.5, 60))


def with_the_back_button(mail: Mail) -> None:
    """To the form that was sent before, and another of its buttons."""
    path, after = mail.asks[0], mail.between(2 * MINUTE, 10 * DAY)
    page = mail.get(path, after)
    _tap(mail, path, page, "will_do", after + 5)
    _tap(mail, path, page, "cannot", after + 5 + mail.between(2, HOUR / 2))


def in_the_first_minute(mail: Mail) -> None:
    """Nobody can tell them from a scanner: they are asked for one more tap."""
    _answer(mail, mail.asks[0], mail.between(15, 59), reading=mail.between(2, 20))


def with_many_tabs(mail: Mail) -> None:
    """Opened at once, and answered one after the other: they are asked for one more tap."""
    after = mail.between(2 * MINUTE, 10 * DAY)
    pages = [(path, mail.get(path, after + n)) for n, path in enumerate(mail.asks)]
    for number, (path, page) in enumerate(pages):
        _tap(mail, path, page, "done", after + 20 + 30 * number)


PEOPLE: list[Story] = [
    plainly,
    from_another_network,
    behind_a_link_checker,
    after_a_scanner_at_delivery,
    beside_a_robot,
    with_a_double_tap,
    by_keyboard,
    a_month_later,
    on_a_page_left_open_for_a_month,
    one_ask_after_the_other,
    quickly,
    with_a_changed_mind,
    taking_it_back,
    with_the_back_button,
]
HASTY: list[Story] = [in_the_first_minute, with_many_tabs]
HASTY_SHARE = 1 / 500  # a newsletter is opened over days


def somebody(number: int, chance: Random) -> Story:
    """The story of the so-manieth of many."""
    people = HASTY if chance.random() < HASTY_SHARE else PEOPLE
    return people[number % len(people)]


def _answer(mail: Mail, path: str, after: float, *, reading: float) -> float:
    """Open, read, tap; when that was."""
    page = mail.get(path, after)
    _tap(mail, path, page, mail.chance.choice(ANSWERS), after + reading)
    return after + reading


def _tap(mail: Mail, path: str, page: str, answer: str, after: float, address: int = 1) -> str:
    form = next(form for form in forms(page) if answer in form.buttons)
    came = mail.post(path, after, form.hidden | {"answer": answer}, address=address)
    return _follow(mail, path, came, answer, after)


def _follow(mail: Mail, path: str, page: str, answer: str, after: float) -> str:
    """Tap once more as long as the page asks for it, which it should do once at most."""
    mail.meant[path] = answer
    for _time in range(PATIENCE):
        if ONE_MORE_TAP not in page:
            break
        mail.asked_again = True
        after += mail.between(2, 6)
        form = forms(page)[0]
        page = mail.post(path, after, form.hidden | {"answer": form.buttons[0]})
    return page
