"""The sectors that members belong to and asks are meant for, with their names."""

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

SECTORS = {
    "legal": _l("Legal"),
    "medical": _l("Medical"),
    "media": _l("Media"),
    "trade_union": _l("Trade unions"),
    "military_police": _l("Military and police"),
    "religious": _l("Religious"),
    "business": _l("Business"),
    "youth": _l("Youth"),
    "women": _l("Women"),
    "academic": _l("Academic"),
    "arts": _l("Arts"),
    "other": _l("Other"),
}


def sector_name(code: str | None) -> str:
    """Its name in the reader's language; a code nobody knows stands for itself."""
    if not code:
        return str(gettext("Unknown"))
    return str(SECTORS.get(code, code))
