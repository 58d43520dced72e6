"""Doors for providers' posts: events, and mail as it came. Each has a signature or token.

A provider posts again until it gets a 2xx, so that is answered once a post is stored, or is nothing
to us; never before.
"""

from collections.abc import Callable, Sequence
from functools import wraps

from flask import Blueprint, Response, current_app, request

from app import web
from app.clock import now
from app.extensions import limiter, without_csrf
from app.inbound import events, fetching
from app.inbound.door_settings import InboundDoors
from app.inbound.providers import brevo, mailgun, posted, postmark, sendgrid, ses, sns, tokens
from app.inbound.providers.shapes import Event, Malformed, RawMail, Unsigned, Unverifiable
from app.inbound.receiving import Arrival, receive

blueprint = Blueprint("doors", __name__, url_prefix="/in")

# From one address: a provider tells a large issue's deliveries one by one, and from few addresses.
LIMIT = "6000 per minute"
FETCH = "docket.fetch"  # in the application's extensions: what asks Amazon
CERTIFICATES = "docket.sns-certificates"
TOKENS = "docket.mailgun-tokens"

Door = Callable[[InboundDoors], None]


class Closed(Exception):
    """The operator has not opened this door: it is not there."""


def _door(path: str) -> Callable[[Door], Door]:
    """A POST at /in/<path>, and what its refusals are in HTTP. Nothing of a post is logged."""

    def mark(door: Door) -> Door:
        @blueprint.post(f"/{path}", endpoint=door.__name__)
        @web.public
        @web.takes_bytes
        @without_csrf
        @limiter.limit(lambda: LIMIT)
        @wraps(door)
        def view() -> Response:
            try:
                door(web.services().settings.doors)
            except Closed:
                return _answer(404, "closed")
            except Malformed as error:
                return _refused(path, 400, error)
            except Unsigned as error:
                return _refused(path, 401, error)
            except Unverifiable as error:
                return _refused(path, 503, error)
            return _answer(200, "kept")

        return door

    return mark


@_door("mime")
def mime(doors: InboundDoors) -> None:
    """A mail from whoever has the token: as the body, or in a form as SendGrid's Inbound Parse."""
    _check_token(doors.mime_token)
    _keep("http", posted.raw_mails(request.headers.get("Content-Type", ""), request.get_data()))


@_door("ses")
def ses_posts(doors: InboundDoors) -> None:
    """Events and mail, by SNS."""
    _open(doors.ses_topics)
    fetch: sns.Fetch = current_app.extensions.get(FETCH, fetching.fetch)
    held = current_app.extensions.setdefault(CERTIFICATES, sns.Certificates(fetch))
    notice = sns.verify(request.get_data(), doors.ses_topics, held, now())
    if notice.type == sns.SUBSCRIBE:
        sns.confirm(notice, fetch)
        current_app.logger.info("a subscription of SNS is confirmed")
    elif notice.type == sns.UNSUBSCRIBE:
        current_app.logger.warning("a subscription of SNS has ended")
    else:
        _note(ses.events(notice))
        _keep(ses.PROVIDER, ses.raw_mails(notice))


@_door("sendgrid")
def sendgrid_events(doors: InboundDoors) -> None:
    _open(doors.sendgrid_key)
    header = request.headers.get
    sendgrid.verify(
        request.get_data(),
        header("X-Twilio-Email-Event-Webhook-Signature", ""),
        header("X-Twilio-Email-Event-Webhook-Timestamp", ""),
        doors.sendgrid_key,
        now(),
    )
    _note(sendgrid.events(request.get_data()))


@_door("postmark")
def postmark_posts(doors: InboundDoors) -> None:
    """Events, and mail."""
    _check_token(doors.postmark_token)
    body = request.get_data()
    _note(postmark.events(body))
    _keep(postmark.PROVIDER, postmark.raw_mails(body))


@_door("mailgun")
def mailgun_events(doors: InboundDoors) -> None:
    _open(doors.mailgun_key)
    mailgun.verify_webhook(request.get_data(), doors.mailgun_key, _mailgun_tokens(), now())
    _note(mailgun.events(request.get_data()))


@_door("mailgun/mime")
def mailgun_mime(doors: InboundDoors) -> None:
    """Mail by a route: Mailgun posts it whole where the address ends in `mime`."""
    _open(doors.mailgun_key)
    fields = posted.fields(request.headers.get("Content-Type", ""), request.get_data())
    mailgun.verify_route(fields, doors.mailgun_key, _mailgun_tokens(), now())
    _keep(mailgun.PROVIDER, mailgun.raw_mails(fields))


@_door("brevo")
def brevo_events(doors: InboundDoors) -> None:
    _check_token(doors.brevo_token)
    _note(brevo.events(request.get_data()))


def _open(key: object) -> None:
    if not key:
        raise Closed


def _check_token(token: str) -> None:
    _open(token)
    tokens.verify(request.headers.get("Authorization", ""), token)


def _mailgun_tokens() -> mailgun.Tokens:
    held: mailgun.Tokens = current_app.extensions.setdefault(TOKENS, mailgun.Tokens())
    return held


def _note(found: Sequence[Event]) -> None:
    if found:
        events.note(web.session(), found, web.services().links, now())


def _keep(door: str, mails: Sequence[RawMail]) -> None:
    for mail in mails:
        arrival = Arrival(door, mail.envelope_from, mail.recipients)
        receive(web.session(), web.services().vault, mail.raw, arrival, now())


def _refused(path: str, status: int, error: Exception) -> Response:
    web.abandon()
    current_app.logger.warning("a post to /in/%s was refused: %s", path, error)
    return _answer(status, str(error))


def _answer(status: int, words: str) -> Response:
    answer = Response(f"{words}\n", status, content_type="text/plain; charset=utf-8")
    if status == 401:
        answer.headers["WWW-Authenticate"] = 'Basic realm="inbound"'
    return answer
