"""Requests that bring a letter: no larger than it may be, and on no disk before it is sealed."""

from io import BytesIO
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from app import web
from app.letters import files
from app.letters.files import File
from app.letters.models import LetterKind

BESIDE = 100_000  # bytes of a form beside its file


def bound(blueprint: Blueprint) -> None:
    """What is posted to this blueprint is bounded before it is read."""
    blueprint.url_value_preprocessor(_bound)
    blueprint.register_error_handler(RequestEntityTooLarge, _too_large)


def upload() -> bytes:
    """Empty where none was sent."""
    file = request.files.get("file")
    return b"" if file is None else file.read()


def checked(content: bytes) -> File:
    """InvalidInput, as `files.check` says it."""
    return files.check(content, web.services().settings.letter_limit_mb)


def kind(default: LetterKind) -> LetterKind:
    """What the form says that it is."""
    said = request.form.get("kind", "")
    return LetterKind(said) if said in list(LetterKind) else default


def _bound(endpoint: str | None, values: dict[str, Any] | None) -> None:
    limit = web.services().settings.letter_limit_mb
    request.max_content_length = limit * 1024 * 1024 + BESIDE
    request._get_file_stream = _in_memory  # type: ignore[method-assign]


def _in_memory(*args: object, **kwargs: object) -> BytesIO:
    return BytesIO()


def _too_large(_error: RequestEntityTooLarge) -> ResponseReturnValue:
    web.abandon()
    text = str(files.too_large(web.services().settings.letter_limit_mb))
    return render_template("errors/refused.html", text=text, problems=[]), 413
