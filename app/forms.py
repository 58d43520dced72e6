"""Fields and validators that the forms of several capabilities share."""

from collections.abc import Iterable
from typing import Any
from zoneinfo import available_timezones

from babel import Locale
from email_validator import EmailNotValidError
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Regexp

from app.errors import DocketError
from app.networks.addresses import check_address
from app.sectors import SECTORS
from app.vocabulary import NO_COUNTRIES

# Whatever Python's own mail library takes for the end of a line.
ONE_LINE = Regexp(
    r"^[^\r\n\0\x0b\x0c\x1c-\x1e\x85\u2028\u2029]*$", message=_l("This must be a single line.")
)


PARTS_OF_EARTH = frozenset(
    "Africa America Antarctica Arctic Asia Atlantic Australia Europe Indian Pacific".split()
)


class Form(FlaskForm):  # type: ignore[misc]
    leading: tuple[str, ...] = ()  # fields that come before those of the parent class

    @property
    def http_status(self) -> int:
        """422 once something was found wrong."""
        return 422 if self.errors else 200

    def refused(self, name: str, error: DocketError) -> None:
        """Say at a field what the use case said of it."""
        self[name].errors = [str(error)]

    def shown(self) -> list[Any]:
        """The fields in the order of the page, without the hidden ones."""
        rest = [f for f in self if f.name not in self.leading and f.type != "CSRFTokenField"]
        return [*(self[name] for name in self.leading), *rest]


class ListField(StringField):
    """Values with commas between them; `data` is a list of strings."""

    def _value(self) -> str:
        return ", ".join(self.data or [])

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist:
            parts = (part.strip() for part in valuelist[0].split(","))
            self.data = list(dict.fromkeys(part for part in parts if part))  # type: ignore[assignment]


class LinesField(TextAreaField):
    """One value a line; `data` is a list of strings."""

    def _value(self) -> str:
        return "\n".join(self.data or [])

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist:
            self.data = lines_of(valuelist[0])  # type: ignore[assignment]


def reachable_address(_form: Any, field: StringField) -> None:
    """The address is one that mail can reach."""
    try:
        check_address(field.data or "")
    except EmailNotValidError as error:
        raise ValidationError(_("This is not an address that mail can reach.")) from error


def lines_of(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def text_of(value: str | None) -> str:
    """A text area's words: browsers send CRLF, the words themselves hold plain line ends."""
    return (value or "").replace("\r\n", "\n").strip()


def options(pairs: Iterable[tuple[Any, Any]]) -> list[SelectChoice]:
    """Choices of a select from (value, label) pairs."""
    return [SelectChoice(value, label) for value, label in pairs]


def country_choices() -> list[SelectChoice]:
    names = _locale().territories
    codes = (c for c in map(str, names) if len(c) == 2 and c.isalpha() and c not in NO_COUNTRIES)
    return [SelectChoice("", "–"), *_by_name((code, names[code]) for code in codes)]


def language_choices() -> list[SelectChoice]:
    names = _locale().languages
    return _by_name((code, names[code]) for code in map(str, names) if len(code) == 2)


def timezone_choices() -> list[SelectChoice]:
    names = sorted(name for name in available_timezones() if name.split("/")[0] in PARTS_OF_EARTH)
    return options([("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names)])


def sector_choices() -> list[SelectChoice]:
    return options(SECTORS.items())


def _by_name(pairs: Iterable[tuple[str, str]]) -> list[SelectChoice]:
    return options(sorted(pairs, key=lambda pair: pair[1].casefold()))


def _locale() -> Locale:
    return get_locale() or Locale("en")
