"""{people} and {place} in the words of an ask: put in, found, and taken out again.

Merge fields ({{name}}) have two braces and stay as they are.
"""

import re
from collections.abc import Mapping

from babel import Locale
from babel.lists import format_list
from flask_babel import get_locale
from flask_babel import gettext as _

from app.cases.models import Case

KNOWN = ("people", "place")
MOST_NAMED = 3  # of more people the case's title speaks
_FIELD = re.compile(r"(?<!\{)\{([A-Za-z_]+)\}(?!\})")


def values_of(case: Case) -> dict[str, str]:
    """What stands for each in this case."""
    locale = get_locale() or Locale("en")
    names = [person.name for person in case.people]
    named = format_list(names, locale=locale) if 0 < len(names) <= MOST_NAMED else case.title
    place = case.place or (locale.territories.get(case.country, "") if case.country else "")
    return {"people": named, "place": place or str(_("their country"))}


def fill(text: str, values: Mapping[str, str]) -> str:
    return _FIELD.sub(lambda match: values.get(match[1], match[0]), text)


def unknown(text: str) -> list[str]:
    """What stands in single braces and is neither."""
    return [name for name in dict.fromkeys(_FIELD.findall(text)) if name not in KNOWN]


def loosen(text: str, case: Case) -> str:
    """The other way round: where the case's people and place are written out, what stands for
    them."""
    values = values_of(case)
    for name, value in (*values.items(), ("people", case.title)):
        if value.strip():
            text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", f"{{{name}}}", text)
    return text
