"""Robots. Those that look only; those that press what they find, at once or as a person would."""

from collections.abc import Callable

from tests.zoo.mail import DAY, HOUR, MINUTE, Form, Mail, forms

Story = Callable[[Mail], object]


def head(mail: Mail) -> None:
    for path in mail.links():
        mail.get(path, mail.between(0, 30), method="HEAD")


def every_link(mail: Mail) -> None:
    """As Proofpoint, Mimecast and Barracuda do at delivery."""
    begun = mail.between(0, 20)
    for number, path in enumerate(mail.links()):
        mail.get(path, begun + number * 0.1)


def prefetch(mail: Mail) -> None:
    after = mail.between(1, DAY)
    for headers in ({"Sec_Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}):
        mail.get(mail.asks[0], after, **headers)


def headless_look(mail: Mail) -> None:
    """As Microsoft's does: HEAD, then a real browser on the page for some seconds."""
    mail.get(mail.asks[0], 21, method="HEAD")
    mail.get(mail.asks[0], 22, Sec_Fetch_Site="none", Sec_Fetch_Mode="navigate")


def ten_fetches(mail: Mail) -> None:
    """By ten machines of one scanner."""
    after = mail.between(0, DAY)
    for number in range(10):
        mail.get(mail.asks[0], after + number / 1000, address=2 + number)


def first_button_at_once(mail: Mail) -> None:
    """At any time: a scanner may open the page when its person clicks."""
    after = mail.between(0, 30 * DAY)
    _press_first(mail, mail.asks[0], mail.get(mail.asks[0], after), after + mail.between(0, 0.9))


def first_button_after_a_look(mail: Mail) -> None:
    """A browser that opens the page after sending and lets it settle."""
    after = mail.between(1, 45)
    _press_first(mail, mail.asks[0], mail.get(mail.asks[0], after), after + mail.between(1, 20))


def every_form(mail: Mail) -> None:
    after = mail.between(0, 30 * DAY)
    _press_all(mail, mail.asks[0], mail.get(mail.asks[0], after), after + 0.2)


def every_form_after_a_look(mail: Mail) -> None:
    after = mail.between(0, 40)
    _press_all(mail, mail.asks[0], mail.get(mail.asks[0], after), after + mail.between(1, 15))


def every_form_of_every_link(mail: Mail) -> None:
    """Opens them all, and comes back to each; its mail may have waited in a queue."""
    begun = mail.between(0, 2 * HOUR)
    pages = [(path, mail.get(path, begun + n * 0.5)) for n, path in enumerate(mail.links())]
    for number, (path, page) in enumerate(pages):
        if path != mail.leaving:
            _press_all(mail, path, page, begun + 12 + number)


def replay_of_what_it_sent(mail: Mail) -> None:
    after = mail.between(2 * MINUTE, HOUR)
    form = _answers(mail.get(mail.asks[0], after))
    for later in (0.1, mail.between(5, 600), DAY):
        mail.post(mail.asks[0], after + later, form.hidden | {"answer": "done"})


def replay_of_a_form_it_kept(mail: Mail) -> None:
    after = mail.between(0, 40)
    form = _answers(mail.get(mail.asks[0], after))
    mail.post(mail.asks[0], after + DAY, form.hidden | {"answer": "done"})


def replay_of_what_a_person_sent(mail: Mail) -> None:
    """Of a person who has changed their mind since."""
    path, after = mail.asks[0], mail.between(HOUR, DAY)
    fields = _answers(mail.get(path, after)).hidden | {"answer": "done"}
    mail.post(path, after + 20, fields)
    later = _answers(mail.get(path, after + 60))
    mail.post(path, after + 90, later.hidden | {"answer": "cannot"})
    mail.meant[path] = "cannot"
    mail.post(path, after + DAY, fields)


def ten_posts(mail: Mail) -> None:
    """Ten fetches, and the first button of each."""
    after = mail.between(0, DAY)
    pages = [mail.get(mail.asks[0], after + n / 1000, address=2 + n) for n in range(10)]
    for number, page in enumerate(pages):
        _press_first(mail, mail.asks[0], page, after + 0.1 + number / 100)


def cross_site(mail: Mail) -> None:
    """A page elsewhere that posts by itself."""
    after = mail.between(HOUR, DAY)
    form = _answers(mail.get(mail.asks[0], after))
    fields = form.hidden | {"answer": "done"}
    mail.post(mail.asks[0], after + 30, fields, Sec_Fetch_Site="cross-site")


def without_the_form(mail: Mail) -> None:
    for fields in ({"answer": "done"}, {"answer": "done", "seal": "a.b.c"}):
        mail.post(mail.asks[0], mail.between(0, DAY), fields)


LOOKING: list[Story] = [head, every_link, prefetch, headless_look, ten_fetches]
SUBMITTING: list[Story] = [
    first_button_at_once,
    first_button_after_a_look,
    every_form,
    every_form_after_a_look,
    every_form_of_every_link,
    replay_of_what_it_sent,
    replay_of_a_form_it_kept,
    replay_of_what_a_person_sent,
    ten_posts,
    cross_site,
    without_the_form,
]


def _answers(page: str) -> Form:
    """The form that holds the five answers."""
    return max(forms(page), key=lambda form: len(form.buttons))


def _press_first(mail: Mail, path: str, page: str, after: float) -> str:
    form = forms(page)[0]
    return mail.post(path, after, form.hidden | {"answer": form.buttons[0]})


def _press_all(mail: Mail, path: str, page: str, after: float) -> None:
    """Every button of every form, with what a script fills into the fields between."""
    for form in forms(page):
        for number, button in enumerate(form.buttons):
            fields = form.hidden | {"answer": button}
            mail.post(path, after + number / 50, fields)
