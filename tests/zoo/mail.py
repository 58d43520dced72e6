"""One mail's pages, and how a visitor of any kind asks for them and sends their forms."""

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
ANSWERS = ("done", "will_do", "could_not", "cannot", "already")
ONE_MORE_TAP = "One more tap"
_FORM = re.compile(r'<form method="post".*?</form>', re.DOTALL)
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)"')
_BUTTON = re.compile(r'<button[^>]*\bname="answer" value="([^"]*)"')


class Request(NamedTuple):
    """`after`: seconds since a relay took the mail. `address`: the last number of the visitor's."""

    method: str
    path: str
    after: float
    fields: Mapping[str, str] | None = None
    headers: Mapping[str, str] = {}
    address: int = 1


Door = Callable[[Request], str]  # the page that comes back


class Form(NamedTuple):
    hidden: dict[str, str]
    buttons: list[str]


def forms(page: str) -> list[Form]:
    return [
        Form(
            {name: html.unescape(value) for name, value in _HIDDEN.findall(form)},
            _BUTTON.findall(form),
        )
        for form in _FORM.findall(page)
    ]


@dataclass
class Mail:
    """What one member got. `meant` is what a person said through it, by path; `asked_again` says
    that a person was asked for one more tap."""

    asks: list[str]  # the paths of its answer pages
    leaving: str
    door: Door
    chance: Random
    meant: dict[str, str] = field(default_factory=dict)
    asked_again: bool = False

    def get(
        self, path: str, after: float, method: str = "GET", address: int = 1, **headers: str
    ) -> str:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.door(Request(method, path, after, None, named, address))

    def post(
        self, path: str, after: float, fields: Mapping[str, str], address: int = 1, **headers: str
    ) -> str:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.door(Request("POST", path, after, fields, named, address))

    def between(self, low: float, high: float) -> float:
        return self.chance.uniform(low, high)

    def links(self) -> list[str]:
        return [*self.asks, self.leaving]
