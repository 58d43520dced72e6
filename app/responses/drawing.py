"""The answer page as HTML, and the pages that were drawn before.

A page is made of what stands in its `Sight` and of nothing else: one drawn before for the same
sight is the same page, and nothing has to be thrown away when words change. What is one member's
own, or one opening's, is put in last.
"""

import json
import re
import secrets
from datetime import date
from threading import Lock
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from flask import render_template
from flask_babel import gettext as _

from app import web
from app.links import Links, Purpose, mend
from app.responses.answering import NO_DETAILS, Asked, Content, Details, Ids, Said
from app.responses.forms import AnswerForm
from app.responses.judging import Suspicion
from app.responses.models import Answer
from newsletters import markdown
from newsletters.words import act

KEPT = 500  # pages, of about 6 KB each


class Own(NamedTuple):
    """What differs on two pages of the same sight."""

    seal: str
    token: str
    copy: str  # the address for a copy of the letter


GAPS = Own(*(secrets.token_hex(16) for _field in Own._fields))  # no text can hold them
_GAP = re.compile("|".join(GAPS))
Piece = bytes | int  # of a page: as it is, or the number of the gap


class Sight(NamedTuple):
    """All that an answer page shows."""

    language: str  # the reader's
    mode: str  # "" as opened; "fresh", "undone" or "again" (one more tap) after a post
    closed: bool
    content: Content
    answer: Answer | None  # that is held
    recorded_on: date | None  # in the time zone of the service
    noted: bool  # a note is held, which is not shown: a forwarded mail leads here too
    details: Details  # in the fields of a fresh answer
    wanted: Answer | None = None  # what one more tap says


def mode_after(answer: Answer, suspect: Suspicion | None) -> str:
    """Of the page that answers a post."""
    if suspect is not None:
        return "again"
    return "undone" if answer is Answer.UNDONE else "fresh"


def sight(
    asked: Asked,
    held: Said | None,
    mode: str,
    answer: Answer | None = None,
    *,
    language: str,
    timezone: str,
) -> Sight:
    """`answer` is what was posted."""
    shown = (language, mode, asked.closed, asked.content)
    wanted = answer if mode == "again" else None
    if held is None:
        return Sight(*shown, None, None, False, Details(), wanted)
    on = held.recorded_at.astimezone(ZoneInfo(timezone)).date()
    details = held.details._replace(note="") if mode == "fresh" else Details()
    return Sight(*shown, held.answer, on, bool(held.details.note), details, wanted)


def own(links: Links, token: str, ids: Ids, mode: str) -> Own:
    """`token`: one that was read, however it was written."""
    seal = links.seal(token, follows=bool(mode))
    return Own(seal, mend(token), links.address(Purpose.COPY, *ids))


class Pages:
    """Pages by what they show, each in pieces with gaps between. The oldest goes first."""

    def __init__(self) -> None:
        self._pages: dict[Sight, list[Piece]] = {}
        self._lock = Lock()

    def get(self, sight: Sight, own: Own) -> bytes | None:
        pieces = self._pages.get(sight)
        return None if pieces is None else _filled(pieces, own)

    def draw(self, sight: Sight, own: Own) -> bytes:
        """As `get`, and drawn when it was not; needs a request, for its language."""
        pieces = self._pages.get(sight)
        if pieces is None:
            pieces = _pieces(draw(sight, GAPS))
            self._keep(sight, pieces)
        return _filled(pieces, own)

    def _keep(self, sight: Sight, pieces: list[Piece]) -> None:
        with self._lock:
            if len(self._pages) >= KEPT:
                del self._pages[next(iter(self._pages))]
            self._pages[sight] = pieces


def _pieces(page: str) -> list[Piece]:
    pieces: list[Piece] = []
    begin = 0
    for gap in _GAP.finditer(page):
        pieces += [page[begin : gap.start()].encode(), GAPS.index(gap[0])]
        begin = gap.end()
    return [*pieces, page[begin:].encode()]


def _filled(pieces: list[Piece], own: Own) -> bytes:
    values = [value.encode() for value in own]
    return b"".join([values[piece] if isinstance(piece, int) else piece for piece in pieces])


def draw(
    sight: Sight, own: Own, wrong: AnswerForm | None = None, kept: Details = NO_DETAILS
) -> str:
    """The page; `wrong` is the form whose values made no sense, `kept` what one more tap says
    beyond the answer."""
    form = wrong or AnswerForm(formdata=None, obj=sight.details)
    return render_template(
        "responses/answer.html",
        ask=sight.content,
        sight=sight,
        form=form,
        seal=own.seal,
        own=own,
        settings=web.services().settings,
        wrong=wrong is not None,
        kept=[(name, _value(value)) for name, value in kept._asdict().items() if value],
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


def _value(value: object) -> str:
    """As a field of the form says it."""
    return "y" if value is True else str(value)


def _addressees(content: Content) -> list[dict[str, Any]]:
    names = ("position", "title", "name", "post", "email")
    return [dict(zip(names, row, strict=True)) for row in sorted(json.loads(content.addressees))]
