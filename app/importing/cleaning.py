"""One row of a table of members, cleaned: what people write into cells, made of one kind."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from email_validator import EmailNotValidError
from flask_babel import gettext as _

from app.importing.names import tidy_name
from app.importing.reading import Row
from app.networks.addresses import Address, check_address
from app.spreadsheets import RUNS
from app.vocabulary import country_code, language_code, sector_code, timezone_name

LIMITS = {"name": 200, "profession": 200, "notes": 5000}
_EMPTY = frozenset(["-", "–", "—", "?", "n/a", "na", "none", "null", "#n/a", "#ref!", "#value!"])
_CUTS = re.compile(r"[,;/|\n\r•·]+|\s+(?:and|et|und|y|e)\s+|\s+&\s+")
_MAILTO = re.compile("^mailto:", re.IGNORECASE)
_WITH_NAME = re.compile(r"^\s*(?P<name>[^<>]*?)\s*<\s*(?P<address>[^<>]+?)\s*>[\s,;.]*$", re.DOTALL)


@dataclass(frozen=True)
class Problem:
    """A fatal one refuses the row; any other leaves the value out and says so."""

    line: int
    column: str
    value: str
    reason: str
    fatal: bool


@dataclass(frozen=True)
class Candidate:
    """A person as the file describes them; empty values say nothing."""

    email: str
    email_key: str
    smtputf8: bool
    name: str
    profession: str
    country: str
    timezone: str
    sector: str
    notes: str
    specialties: tuple[str, ...]
    languages: tuple[str, ...]
    tags: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }


def clean(
    row: Row, header: Sequence[str], mapping: Mapping[int, str]
) -> tuple[Candidate | None, list[Problem]]:
    """The row's person, or None when a problem is fatal; and every problem with it."""
    cells = _Cells(row, header, mapping)
    address, named = _address(cells)
    values = {
        "name": _name(cells) or named,
        "profession": cells.text("profession"),
        "notes": cells.text("notes"),
        "country": cells.one("country", country_code, _("This country is not known.")),
        "timezone": cells.one("timezone", timezone_name, _("This is not a time zone.")),
        "sector": cells.one("sector", sector_code, _("This sector is not known.")),
    }
    for field, limit in LIMITS.items():
        if len(values[field]) > limit:
            cells.trouble(field, _("Longer than %(most)s characters.", most=limit), fatal=True)
    lists = {
        "specialties": cells.many("specialties", lambda text: text, ""),
        "languages": cells.many("languages", language_code, _("This language is not known.")),
        "tags": cells.many("tags", lambda text: text, ""),
    }
    if address is None or any(problem.fatal for problem in cells.problems):
        return None, cells.problems
    who: dict[str, Any] = {"email": address.email, "email_key": address.key}
    everything = who | {"smtputf8": address.smtputf8} | values | lists
    return Candidate(**everything), cells.problems


class _Cells:
    """The cells of one row by field, and the problems met on the way."""

    def __init__(self, row: Row, header: Sequence[str], mapping: Mapping[int, str]) -> None:
        self.problems: list[Problem] = []
        self._line = row.line
        self._held: dict[str, list[tuple[str, str]]] = {}
        for column, field in mapping.items():
            if field and column < len(row.cells):
                title = header[column] if column < len(header) else str(column + 1)
                self._held.setdefault(field, []).append((title, _tidy(row.cells[column], field)))

    def text(self, field: str) -> str:
        said = [text for _title, text in self._held.get(field, []) if text]
        return "\n".join(said)

    def one(self, field: str, read: Callable[[str], str | None], reason: str) -> str:
        text = self.text(field)
        value = read(text) if text else ""
        if value is None:
            self.trouble(field, reason + " " + _("It was left out."), fatal=False)
        return value or ""

    def many(self, field: str, read: Callable[[str], str | None], reason: str) -> tuple[str, ...]:
        found: dict[str, str] = {}
        for part in (part.strip() for part in _CUTS.split(self.text(field))):
            value = read(part) if part else None
            if value:
                found.setdefault(value.casefold(), value[:100])
            elif part:
                self.trouble(field, reason + " " + _("It was left out."), fatal=False, value=part)
        return tuple(found.values())

    def trouble(self, field: str, reason: str, *, fatal: bool, value: str | None = None) -> None:
        title = next((title for title, _text in self._held.get(field, [])), field)
        shown = self.text(field) if value is None else value
        self.problems.append(Problem(self._line, title, shown[:200], reason, fatal))


def _address(cells: _Cells) -> tuple[Address | None, str]:
    """The address, and the name that stands before it in a `Name <address>` cell."""
    text = cells.text("email")
    if not text:
        cells.trouble("email", _("There is no address."), fatal=True)
        return None, ""
    named = ""
    if match := _WITH_NAME.match(text):
        text, name = match["address"], match["name"].strip("\"' ")
        named = "" if "@" in name else tidy_name(name)  # some write the address twice
    text = _MAILTO.sub("", text.strip(" \t\"'<>,;."))
    if text.count("@") > 1 and "@@" not in text:
        cells.trouble("email", _("More than one address. Give each person a row."), fatal=True)
        return None, named
    try:
        return check_address(text), named
    except EmailNotValidError as error:
        reason = _("Mail cannot reach this address: %(why)s", why=str(error))
        cells.trouble("email", reason, fatal=True)
        return None, named


def _name(cells: _Cells) -> str:
    whole = tidy_name(cells.text("name"))
    first = tidy_name(cells.text("first_name"))
    last = tidy_name(cells.text("last_name"), after=bool(first))
    return whole or f"{first} {last}".strip()


def _tidy(cell: str, field: str) -> str:
    """One kind of space, no control characters; line breaks only where a list or note has them."""
    text = unicodedata.normalize("NFC", cell).replace("\r\n", "\n").replace("\r", "\n")
    keep = "\n" if field in ("notes", "specialties", "languages", "tags") else ""
    text = "".join(
        char if char in keep else " " if unicodedata.category(char) in ("Cc", "Zs", "Zl") else char
        for char in text
        if unicodedata.category(char) not in ("Cf", "Cs", "Co", "Cn") or char in "\u200c\u200d"
    )
    text = re.sub(r"[ \t]+", " ", text).strip()
    if text[:1] == "'" and text[1:2] in RUNS:  # as our own files of refused rows protect a cell
        text = text[1:]
    nothing = text.casefold() in _EMPTY and not (field == "country" and text == "NA")  # Namibia
    return "" if nothing else text
