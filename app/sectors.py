"""The sectors that members belong to and asks are meant for, with their names."""

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from newsletters.words import same

ENGLISH = {
    "legal": same("Legal"),
    "medical": same("Medical"),
    "media": same("Media"),
    "trade_union": same("Trade unions"),
    "military_police": same("Military and police"),
    "religious": same("Religious"),
    "business": same("Business"),
    "youth": same("Youth"),
    "women": same("Women"),
    "academic": same("Academic"),
    "arts": same("Arts"),
    "other": same("Other"),
}
SECTORS = {code: _l(name) for code, name in ENGLISH.items()}


def sector_name(code: str | None) -> str:
    """Its name in the reader's language; a code nobody knows stands for itself."""
    if not code:
        return str(gettext("Unknown"))
    return str(SECTORS.get(code, code))
