"""create_app: the Flask application, made of the capabilities' blueprints."""

import secrets
import traceback
from pathlib import Path

import js_lib_htmx
from flask import Flask, current_app, render_template, request, send_from_directory
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import LoginManager
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.middleware.proxy_fix import ProxyFix

from app import PRODUCT_NAME, speaking, web
from app.config import Settings, load, with_embedded_defaults
from app.errors import DocketError
from app.extensions import csrf, limiter
from app.services import Services

HTMX = Path(js_lib_htmx.__file__).parent / "static" / "htmx"


def create_app(settings: Settings | None = None) -> Flask:
    """The service on these settings, or on the environment's. SettingsError when they are wrong."""
    settings = with_embedded_defaults(load()) if settings is None else settings
    app = Flask("app")
    app.config.update(_flask_config(settings))
    app.extensions["docket"] = Services.of(settings)
    _set_up_answer_page(app)
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
    web.set_up(app)
    csrf.init_app(app)
    limiter.init_app(app)
    speaking.set_up(app)
    _set_up_login(app)
    _set_up_templates(app)
    _register_blueprints(app)
    _register_errors(app)
    if unmarked := list(web.unmarked_endpoints(app)):
        raise RuntimeError(f"routes that do not say who may call them: {unmarked}")
    return app


def _flask_config(settings: Settings) -> dict[str, object]:
    return {
        "SECRET_KEY": settings.secret_keys[-1],
        "SECRET_KEY_FALLBACKS": list(settings.secret_keys[-2::-1]),
        "SESSION_COOKIE_NAME": "docket",
        "SESSION_COOKIE_SECURE": settings.secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "MAX_CONTENT_LENGTH": settings.upload_limit_mb * 1024 * 1024,
        "WTF_CSRF_TIME_LIMIT": None,  # a form left open over lunch still works
        "WTF_CSRF_SSL_STRICT": False,  # pages send no referrer at all
        "BABEL_DEFAULT_LOCALE": "en",
        "BABEL_DEFAULT_TIMEZONE": settings.default_timezone,
    }


def _set_up_answer_page(app: Flask) -> None:
    """In front of Flask: the page that a mail brings hundreds to at the same moment (ADR 12)."""
    from app.responses.wsgi_routes import AnswerPage

    app.wsgi_app = AnswerPage(app)  # type: ignore[method-assign]


def _set_up_login(app: Flask) -> None:
    from app.staff.signin import load_signed_in

    manager = LoginManager()
    manager.init_app(app)
    manager.session_protection = None  # a phone changes its address between two stations
    manager.user_loader(lambda token: load_signed_in(web.session(), token))


def _set_up_templates(app: Flask) -> None:
    from app.shell import set_up_shell

    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals["product"] = PRODUCT_NAME
    app.add_url_rule("/static/htmx.min.js", "htmx", _htmx_file)
    set_up_shell(app)


def _htmx_file() -> ResponseReturnValue:
    return send_from_directory(HTMX, "htmx.min.js", max_age=86400)


def _register_blueprints(app: Flask) -> None:
    from app.archive.routes import blueprint as archive
    from app.cases.routes import blueprint as cases
    from app.catalogue.routes import blueprint as catalogue
    from app.conversations.acting_routes import blueprint as conversing
    from app.conversations.routes import blueprint as conversations
    from app.conversations.unsorted_routes import blueprint as unsorted
    from app.delivery.routes import blueprint as delivery
    from app.delivery.status_routes import blueprint as status
    from app.importing.routes import blueprint as imports
    from app.inbound.door_routes import blueprint as doors
    from app.inbound.routes import blueprint as inbound
    from app.issues.desk_routes import blueprint as desk
    from app.issues.preview_routes import blueprint as previews
    from app.issues.reviewing_routes import blueprint as drafts
    from app.issues.routes import blueprint as issues
    from app.issues.sending_routes import blueprint as steering
    from app.letters.routes import blueprint as giving
    from app.letters.staff_routes import blueprint as letters
    from app.media.routes import blueprint as media
    from app.networks.address_routes import blueprint as addressing
    from app.networks.join_routes import blueprint as joining
    from app.networks.routes import blueprint as networks
    from app.preferences.address_routes import blueprint as addresses
    from app.preferences.routes import blueprint as preferences
    from app.printing.routes import blueprint as printing
    from app.reports.routes import blueprint as reports
    from app.responses.routes import blueprint as responses
    from app.responses.staff_routes import blueprint as reviewing
    from app.shell import blueprint as shell
    from app.snippets.routes import blueprint as snippets
    from app.staff.routes import blueprint as staff
    from app.watching.routes import blueprint as watching

    for blueprint in (
        shell,
        staff,
        networks,
        addressing,
        joining,
        imports,
        cases,
        catalogue,
        snippets,
        issues,
        desk,
        previews,
        drafts,
        steering,
        delivery,
        status,
        responses,
        reviewing,
        archive,
        printing,
        conversations,
        conversing,
        unsorted,
        giving,
        letters,
        media,
        inbound,
        doors,
        preferences,
        addresses,
        reports,
        watching,
    ):
        app.register_blueprint(blueprint)


def _register_errors(app: Flask) -> None:
    app.register_error_handler(DocketError, _show_refusal)
    app.register_error_handler(web.BrokenLink, _show_broken_link)
    app.register_error_handler(CSRFError, _show_csrf)
    app.register_error_handler(HTTPException, _show_http_error)
    app.register_error_handler(OverflowError, lambda _error: _show_http_error(NotFound()))
    app.register_error_handler(Exception, _show_crash)


def _show_refusal(error: DocketError) -> ResponseReturnValue:
    web.abandon()
    problems = getattr(error, "problems", [])
    text = str(error.args[0]) if error.args else ""
    return render_template("errors/refused.html", text=text, problems=problems), error.status


def _show_broken_link(error: web.BrokenLink) -> ResponseReturnValue:
    web.abandon()
    return render_template(error.page, why=error.why), error.status


def _show_csrf(_error: CSRFError) -> ResponseReturnValue:
    web.abandon()
    text = _(
        "This form was opened before you signed in or out. Nothing was changed. "
        "Go back, reload the page and send it again."
    )
    return render_template("errors/refused.html", text=text, problems=[]), 400


def _show_http_error(error: HTTPException) -> ResponseReturnValue:
    web.abandon()
    if error.code is not None and 300 <= error.code < 400:
        return error.get_response()
    return render_template("errors/http.html", code=error.code), error.code or 500


def _show_crash(error: Exception) -> ResponseReturnValue:
    web.abandon()
    reference = secrets.token_hex(4)
    # The path may hold a token and the message a row's values: only the endpoint is logged.
    # The same holds for the error's own words: PostgreSQL repeats the row.
    stack = "".join(traceback.format_tb(error.__traceback__))
    current_app.logger.error(
        "error %s in %s: %s\n%s", reference, request.endpoint, type(error).__name__, stack
    )
    return render_template("errors/crash.html", reference=reference), 500
