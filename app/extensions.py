"""The Flask extensions that routes decorate with; the factory ties them to an application."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf.csrf import CSRFProtect

from app import limiting  # noqa: F401 - it is a storage by being there

View = TypeVar("View", bound=Callable[..., Any])

csrf = CSRFProtect()
limiter = Limiter(get_remote_address, storage_uri="counts://", headers_enabled=True)


def without_csrf(view: View) -> View:
    """For the doors that carry a token of their own: a signed link, RFC 8058's one-click POST."""
    csrf.exempt(view)
    return view
