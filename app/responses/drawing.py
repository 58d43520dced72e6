"""The answer page as HTML, and the pages that were drawn before.

A page is made of what stands in its `Sight` and of nothing else: one drawn before for the same
sight is the same page, and nothing has to be thrown away when words change. Only the form's seal
differs from one opening to the next, and is put in last.
"""

import json
import secrets
from datetime import date
from threading import Lock
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from flask import render_template
from flask_babel import gettext as _

from app.responses.answering import Asked, Content, Details, Said
from app.responses.forms import AnswerForm
from app.responses.models import Answer
from newsletters import markdown
from newsletters.words import act

KEPT = 500  # pages, of about 6 KB each
SEAL = secrets.token_hex(16)  # stands where the seal goes; no text can hold it


class Sight(NamedTuple):
    """All that an answer page shows."""

    language: str  # the reader's
    mode: str  # "" as opened; "fresh", "undone" or "again" after a post
    closed: bool
    content: Content
    answer: Answer | None  # that is held
    recorded_on: date | None  # in the time zone of the service
    noted: bool  # a note is held, which is not shown: a forwarded mail leads here too
    details: Details  # in the fields of a fresh answer


def sight(asked: Asked, held: Said | None, mode: str, *, language: str, timezone: str) -> Sight:
    shown = (language, mode, asked.closed, asked.content)
    if held is None:
        return Sight(*shown, None, None, False, Details())
    on = held.recorded_at.astimezone(ZoneInfo(timezone)).date()
    details = held.details._replace(note="") if mode == "fresh" else Details()
    return Sight(*shown, held.answer, on, bool(held.details.note), details)


class Pages:
    """Pages by what they show, each in pieces with a gap for the seal. The oldest goes first."""

    def __init__(self) -> None:
        self._pages: dict[Sight, list[bytes]] = {}
        self._lock = Lock()

    def get(self, sight: Sight, seal: str) -> bytes | None:
        pieces = self._pages.get(sight)
        return None if pieces is None else seal.encode().join(pieces)

    def draw(self, sight: Sight, seal: str) -> bytes:
        """As `get`, and drawn when it was not; needs a request, for its language."""
        pieces = self._pages.get(sight)
        if pieces is None:
            pieces = draw(sight, SEAL).encode().split(SEAL.encode())
            self._keep(sight, pieces)
        return seal.encode().join(pieces)

    def _keep(self, sight: Sight, pieces: list[bytes]) -> None:
        with self._lock:
            if len(self._pages) >= KEPT:
                del self._pages[next(iter(self._pages))]
            self._pages[sight] = pieces


def draw(sight: Sight, seal: str, wrong: AnswerForm | None = None) -> str:
    """The page; `wrong` is the form whose values made no sense."""
    form = wrong or AnswerForm(formdata=None, obj=sight.details)
    return render_template(
        "responses/answer.html",
        ask=sight.content,
        sight=sight,
        form=form,
        seal=seal,
        wrong=wrong is not None,
        addressees=_addressees(sight.content),
        choices=choices(sight.content.kind, sight.content.button),
        markdown=markdown.to_html,
    )


def choices(kind: str, button: str) -> list[tuple[str, str]]:
    """(value, words) of the five answers, the ask's own words for the first."""
    return [
        (Answer.DONE, act(kind, button, _)),
        (Answer.WILL_DO, _("I will do it")),
        (Answer.COULD_NOT, _("I tried, and it did not work")),
        (Answer.CANNOT, _("I cannot do this one")),
        (Answer.ALREADY, _("I had done it before you asked")),
    ]


def _addressees(content: Content) -> list[dict[str, Any]]:
    names = ("position", "title", "name", "post", "email")
    return [dict(zip(names, row, strict=True)) for row in sorted(json.loads(content.addressees))]
