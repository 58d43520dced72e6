"""The page on which a draft is written, used as a browser without script does: it is opened, its
one form is filled in, and a button sends all of it."""

from collections.abc import Mapping
from typing import Any

from bs4 import BeautifulSoup, Tag
from flask.testing import FlaskClient

WAS = "was:"
Answer = Any  # of Flask's client


class Desk:
    def __init__(self, client: FlaskClient, issue_id: int) -> None:
        self.client, self.issue_id = client, issue_id
        self.address = f"/issues/{issue_id}/edit"

    def open(self, **asked: str) -> "Desk":
        self.show(self.client.get(self.address, query_string=asked))
        return self

    def show(self, answer: Answer) -> None:
        """Look at the page that came, whatever became of it."""
        self.page = BeautifulSoup(answer.text, "html.parser")

    @property
    def form(self) -> Tag:
        form = self.page.find("form", id="desk")
        assert isinstance(form, Tag), self.page.text
        return form

    @property
    def text(self) -> str:
        return " ".join(self.page.get_text(" ").split())

    def fields(self) -> dict[str, str]:
        """What the form holds."""
        named = self.form.find_all(["input", "textarea", "select"])
        return {str(one["name"]): value_of(one) for one in named if one.get("name")}

    def buttons(self) -> list[str]:
        """What the buttons of the form that can be pressed would send."""
        found = self.form.find_all("button", attrs={"name": "do"})
        return [str(one["value"]) for one in found if not one.has_attr("disabled")]

    def press(self, do: str = "", changes: Mapping[str, str] | None = None) -> Answer:
        """A button that is there, or "Save"; then look at what comes."""
        assert not do or do in self.buttons(), do
        return self.send(do, changes)

    def send(self, do: str = "", changes: Mapping[str, str] | None = None) -> Answer:
        """`do` need not be a button: a script sends some."""
        data = as_sent(self.fields() | dict(changes or {}))
        if do:
            data["do"] = do
        answer = self.client.post(self.address, data=data)
        came = answer
        if answer.status_code == 303:
            came = self.client.get(answer.headers["Location"].partition("#")[0])
        self.show(came)
        return answer

    def save_by_itself(self, changes: Mapping[str, str], **more: str) -> Answer:
        """As its script does: only what changed, and JSON comes back."""
        shown = self.fields()
        data = dict(changes) | {WAS + name: shown.get(WAS + name, "") for name in changes}
        return self.client.post(
            self.address, data=as_sent(data | more), headers={"Accept": "application/json"}
        )


def as_sent(fields: Mapping[str, str]) -> dict[str, str]:
    """Browsers end lines with CRLF."""
    return {name: text.replace("\n", "\r\n") for name, text in fields.items()}


def value_of(field: Tag) -> str:
    if field.name == "textarea":
        return field.get_text().removeprefix("\n")  # the first line end is no part of it
    if field.name == "select":
        options = field.find_all("option")
        chosen = field.find("option", selected=True) or options[0]
        assert isinstance(chosen, Tag)
        return str(chosen.get("value", ""))
    return str(field.get("value", ""))
