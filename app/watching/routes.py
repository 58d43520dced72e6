"""The doors of watchers: /healthz, /readyz, /metrics."""

import hmac

from flask import Blueprint, Response, abort, current_app, request
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app import migrating, web
from app.clock import now
from app.mail.hosts import is_loopback
from app.watching import metrics

blueprint = Blueprint("watching", __name__)
READY = "docket.ready"  # in the application's extensions once the schema was seen to be current
# What a proxy adds: behind one, everybody comes from this machine.
FORWARDED = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP")


@blueprint.get("/healthz")
@web.public
def healthz() -> ResponseReturnValue:
    """The process answers."""
    return {"status": "ok"}


@blueprint.get("/readyz")
@web.public
def readyz() -> ResponseReturnValue:
    """The database answers and has this version's schema; 503 with the reason otherwise."""
    trouble = _trouble()
    return {"status": trouble or "ok"}, 503 if trouble else 200


@blueprint.get("/metrics")
@web.public
def prometheus() -> ResponseReturnValue:
    """For METRICS_TOKEN's bearer, or without that setting for this machine; 404 for others, who
    need not learn that it is here."""
    if not _may_measure():
        abort(404)
    accept = request.headers.get("Accept", "")
    body, media_type = metrics.exposition(web.session(), now(), accept)
    return Response(body, content_type=media_type)


def _trouble() -> str | None:
    services = web.services()
    try:
        with services.database.reading() as session:
            session.execute(text("SELECT 1"))
        if not current_app.extensions.get(READY):
            if not migrating.is_current(services.settings.database_url):
                return "the schema is not current: run docket db upgrade"
            current_app.extensions[READY] = True
    except SQLAlchemyError:
        return "the database does not answer"
    return None


def _may_measure() -> bool:
    if token := web.services().settings.metrics_token:
        given = request.headers.get("Authorization", "").encode()
        return hmac.compare_digest(given, f"Bearer {token}".encode())
    proxied = any(name in request.headers for name in FORWARDED)
    return is_loopback(request.remote_addr or "") and not proxied
