"""Documents that go in and out as JSON: read, and checked against their schema.

docs/interchange.md describes them.
"""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from app.errors import InvalidInput

SCHEMAS = Path(__file__).parent / "schemas"
MOST_PROBLEMS = 50


def parse(text: str | bytes) -> Any:
    """The document. InvalidInput says in which line it is no JSON."""
    try:
        return json.loads(text)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        where = f"{error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        why = getattr(error, "msg", _("it is not UTF-8"))
        raise InvalidInput(_("This is not JSON. Nothing was imported."), [(where, why)]) from None


def check(document: Any, kind: str) -> None:
    """InvalidInput lists where the document does not fit the schema of `kind`, and how."""
    errors = sorted(_validator(kind).iter_errors(document), key=lambda error: list(error.path))
    refuse([(where(error.absolute_path), _words(error)) for error in errors])


def refuse(problems: list[tuple[str, str]]) -> None:
    """InvalidInput when there are problems."""
    if problems:
        text = _("The document does not fit. Nothing was imported.")
        raise InvalidInput(text, problems[:MOST_PROBLEMS])


def where(path: Iterable[str | int]) -> str:
    """A place in a document, as cases[0].asks[1].why."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".") or "document"


def _words(error: ValidationError) -> str:
    said = error.message
    return said if len(said) < 200 else f"{said[:80]} … {said[-100:]}"


@cache
def _validator(kind: str) -> Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{kind}.schema.json").read_text(encoding="utf-8"))
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
