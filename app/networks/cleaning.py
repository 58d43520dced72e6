"""One row of a table of members, cleaned: what people write into cells, made of one kind."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import dropwhile
from typing import Any
from zoneinfo import available_timezones

from babel import Locale
from email_validator import EmailNotValidError
from flask_babel import gettext as _

from app.networks.addresses import Address, check_address
from app.networks.reading import Row
from app.sectors import SECTORS
from app.spreadsheets import RUNS

# The languages in which a file may name countries and languages.
SPOKEN = ("en", "fr", "es", "de", "it", "pt", "nl", "ar", "ru", "sv", "pl", "tr")
LIMITS = {"name": 200, "profession": 200, "notes": 5000}
_EMPTY = frozenset(["-", "–", "—", "?", "n/a", "na", "none", "null", "#n/a", "#ref!", "#value!"])
_NO_COUNTRIES = frozenset({"ZZ", "EU", "UN", "EZ", "XA", "XB"})
_COUNTRY_ALIASES = {
    "uk": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "great britain": "GB",
    "usa": "US", "u.s.a.": "US", "us": "US", "united states of america": "US", "holland": "NL",
    "czech republic": "CZ", "ivory coast": "CI", "turkey": "TR", "burma": "MM",
    "drc": "CD", "south korea": "KR", "north korea": "KP", "vatican": "VA",
}  # fmt: skip
_CIVIL_TITLES = frozenset(
    "mr mrs ms miss m mme mlle madame monsieur herr frau sr sra srta señor señora sig sigra".split()
)
_KEPT_TITLES = {"dr": "Dr", "prof": "Prof", "dra": "Dra", "pr": "Pr", "me": "Me", "doctor": "Dr"}
_PARTICLES = frozenset(
    "de da do dos du del della der den van von und y e la le el al bin ibn".split()
)
_CUTS = re.compile(r"[,;/|\n\r•·]+|\s+(?:and|et|und|y|e)\s+|\s*&\s*")
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
        "timezone": cells.one("timezone", _timezone, _("This is not a time zone.")),
        "sector": cells.one("sector", _sector, _("This sector is not known.")),
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
        named = "" if "@" in name else _tidy_name(name)  # some write the address twice
    text = _MAILTO.sub("", text.strip(" \t\"'<>,;."))
    if text.count("@") > 1:
        cells.trouble("email", _("More than one address. Give each person a row."), fatal=True)
        return None, named
    try:
        return check_address(text), named
    except EmailNotValidError as error:
        reason = _("Mail cannot reach this address: %(why)s", why=str(error))
        cells.trouble("email", reason, fatal=True)
        return None, named


def _name(cells: _Cells) -> str:
    whole = _tidy_name(cells.text("name"))
    first = _tidy_name(cells.text("first_name"))
    last = _tidy_name(cells.text("last_name"), after=bool(first))
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
    return "" if text.casefold() in _EMPTY else text


def _tidy_name(text: str, *, after: bool = False) -> str:
    """ "QUILL, dr. ada" becomes "Dr Ada Quill"; a name in mixed case stays as it was written.

    `after` says that more of the name stands before it, so that it may begin with a particle.
    """
    text = " ".join(text.split())
    if text.count(",") == 1:
        last, first = (part.strip() for part in text.split(","))
        text = f"{first} {last}" if first and last else first or last
    words = text.split()
    titles = [word for word in words if _plain_title(word) in _KEPT_TITLES]
    # Further on, "M." is an initial.
    rest = list(
        dropwhile(
            lambda word: _plain_title(word) in _CIVIL_TITLES,
            (word for word in words if word not in titles),
        )
    )
    if not rest:
        return ""
    shout = any(word.isupper() and len(word) > 2 for word in rest)
    whisper = all(word == word.lower() for word in rest)
    if shout or whisper:
        rest = [_cased(word, number) for number, word in enumerate(rest, start=after)]
    kept = list(dict.fromkeys(_KEPT_TITLES[_plain_title(word)] for word in titles))
    return " ".join([*kept, *rest])


def _plain_title(word: str) -> str:
    return word.strip(".").casefold()


def _cased(word: str, number: int) -> str:
    if word.casefold() in _PARTICLES and number > 0:
        return word.lower()
    if not (word.isupper() or word.islower()) or re.fullmatch(r"(?:[A-Z]\.)+", word):
        return word
    return re.sub(r"[^\W\d_]+", lambda part: part[0][:1].upper() + part[0][1:].lower(), word)


def country_code(text: str) -> str | None:
    """ISO 3166-1 alpha-2 for a code or a name in any of the SPOKEN languages."""
    return _countries().get(_key(text))


def language_code(text: str) -> str | None:
    """BCP 47 for a code or a name in any of the SPOKEN languages, or in its own."""
    return _languages().get(_key(text))


@cache
def _countries() -> dict[str, str]:
    found: dict[str, str] = {}
    for spoken in SPOKEN:
        for code, name in Locale(spoken).territories.items():
            if (
                len(code) == 2
                and code.isalpha()
                and code not in ("ZZ", "EU", "UN", "EZ", "XA", "XB")
            ):
                found.setdefault(_key(name), code)
                found.setdefault(code.casefold(), code)
    return found | {_key(name): code for name, code in _COUNTRY_ALIASES.items()}


@cache
def _languages() -> dict[str, str]:
    found: dict[str, str] = {}
    codes = [code for code in map(str, Locale("en").languages) if 2 <= len(code) <= 3]
    for code in codes:
        found[code.casefold()] = code
    for spoken in SPOKEN:
        for code, name in Locale(spoken).languages.items():
            if code in codes:
                found.setdefault(_key(name), code)
    for code in codes:
        own = Locale(code).languages.get(code) if _is_known(code) else None
        if own:
            found.setdefault(_key(own), code)
    for code in ("en", "fr", "es", "de", "pt"):
        for region in ("GB", "US", "CA", "FR", "ES", "MX", "DE", "AT", "CH", "BR", "PT"):
            found.setdefault(f"{code}-{region.casefold()}", code)
            found.setdefault(f"{code}_{region.casefold()}", code)
    return found


def _is_known(code: str) -> bool:
    from babel.localedata import exists

    return bool(exists(code))


@cache
def _timezones() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones() if "/" in name} | {"utc": "UTC"}


def _timezone(text: str) -> str | None:
    return _timezones().get(text.replace(" ", "_").casefold())


def _sector(text: str) -> str | None:
    wanted = _key(text).replace(" ", "_")
    for code, name in SECTORS.items():
        if wanted in (code, _key(str(name)).replace(" ", "_")):
            return code
    return None


def _key(text: str) -> str:
    spread = unicodedata.normalize("NFKD", text.casefold().replace("’", "'"))
    return " ".join("".join(char for char in spread if not unicodedata.combining(char)).split())
