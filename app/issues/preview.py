"""An issue as one member sees it, before and after it is sent. Its links record nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.delivery.audience import (
    chosen,
    is_for_everybody,
    offer_ids,
    offers_key,
    recipients,
)
from app.delivery.filling import masthead
from app.delivery.models import Delivery
from app.errors import NotFound
from app.issues.composing import House, content_of, merge_fields
from app.issues.models import Issue, Offer
from app.networks.models import Member, Membership
from app.services import Services
from app.translating import into
from newsletters import wire
from newsletters.content import Issue as Content
from newsletters.content import Masthead, Recipient, Tokens
from newsletters.stencil import Stencil

PREVIEW_PATH = "/preview"
RIGHT_TO_LEFT = "ar"


# Those whom a mail fits badly first.
PERSONAS: Mapping[str, LazyString] = {
    "everything": _l("Everything that is asked of anybody"),
    "nameless": _l("Somebody without a name"),
    "sectorless": _l("Somebody of no sector"),
    "longest": _l("The longest name"),
    "rtl": _l("Written from right to left"),
}


@dataclass(frozen=True)
class Preview:
    subject: str
    html: str
    text: str
    eml: bytes
    offers: tuple[Offer, ...]


@dataclass(frozen=True)
class Reader:
    """Whom a preview is for."""

    recipient: Recipient
    offers: tuple[Offer, ...]
    language: str = ""


def preview(
    session: Session, services: Services, issue: Issue, member: Member, now: datetime
) -> Preview:
    """NotFound when the member is not among the issue's recipients.

    newsletters.content.CompositionError when the issue cannot be composed as it stands.
    """
    edition = _sent_edition(session, issue, member) if issue.frozen_at else None
    return _shown(services, issue, _as_member(session, issue, member), edition, now)


def preview_as(
    session: Session, services: Services, issue: Issue, who: str, now: datetime
) -> Preview:
    """`who`: the id of a member, or one of PERSONAS, of a draft. Errors as of preview()."""
    if who.isdecimal():
        member = session.get(Member, int(who[:9]))
        if member is None:
            raise NotFound(_("This preview does not exist."))
        return preview(session, services, issue, member, now)
    if who not in PERSONAS:
        raise NotFound(_("This preview does not exist."))
    return _shown(services, issue, _as_persona(session, issue, who), None, now)


def _shown(
    services: Services, issue: Issue, reader: Reader, edition: wire.Edition | None, now: datetime
) -> Preview:
    if edition is None:
        house = House.of(services.settings)
        content = content_of(issue, reader.offers, house, reader.language)
        edition = wire.compile(content, into(content.language), is_draft=True)
    stencil = Stencil(edition, preview_masthead(services, issue))
    tokens = _no_tokens(stencil)
    rendered = stencil.render(reader.recipient, tokens)
    eml = stencil.fill(reader.recipient, tokens, now)
    return Preview(rendered.subject, rendered.html, rendered.text, eml, reader.offers)


def as_test(
    services: Services,
    issue: Issue,
    content: Content,
    address: str,
    message_id: str,
    now: datetime,
) -> bytes:
    """A whole mail to somebody who is no member. CompositionError as of preview()."""
    edition = wire.compile(content, into(content.language))
    stencil = Stencil(edition, replace(preview_masthead(services, issue), message_id=message_id))
    return stencil.fill(Recipient("", address), _no_tokens(stencil), now)


def _no_tokens(stencil: Stencil) -> Tokens:
    return Tokens(
        answers=tuple(b"" for _ in stencil.asks), copies=tuple(b"" for _ in stencil.copied)
    )


def _as_member(session: Session, issue: Issue, member: Member) -> Reader:
    fields = merge_fields(member.name, member.profession, member.country, issue.language)
    recipient = Recipient(member.name, member.email, fields)
    return Reader(recipient, tuple(_offers_of(session, issue, member)))


def _as_persona(session: Session, issue: Issue, who: str) -> Reader:
    everything = tuple(issue.offers)
    for_all = tuple(offer for offer in everything if is_for_everybody(offer.ask))
    name = _longest_name(session, issue) if who == "longest" else ""
    fields = merge_fields(name, None, None, issue.language)
    recipient = Recipient(name, "member@example.org", fields)
    return Reader(
        recipient,
        for_all if who == "sectorless" else everything,
        RIGHT_TO_LEFT if who == "rtl" else "",
    )


def _longest_name(session: Session, issue: Issue) -> str:
    names = recipients(issue).with_only_columns(Member.name)
    longest = names.order_by(func.length(Member.name).desc(), Member.id).limit(1)
    return session.scalar(longest) or "Maximiliana-Theodora von Hohenlangenfels-Wittelsbruck"


def preview_masthead(services: Services, issue: Issue) -> Masthead:
    """As it is sent, but its links lead where nothing is recorded."""
    page = services.settings.base_url + PREVIEW_PATH
    message_id = f"<preview.{issue.id}@{services.settings.mail_domain}>"
    copy = f"copy@{services.settings.mail_domain}"
    sent = masthead(services.links, issue)  # without the addresses to which mail may come back
    return replace(sent, message_id=message_id, answer=page, unsubscribe=page, copy=copy)


def first_members(session: Session, issue: Issue, limit: int = 50) -> list[Member]:
    """Some of the issue's recipients by name, to choose from."""
    ids = recipients(issue).with_only_columns(Member.id)
    statement = select(Member).where(Member.id.in_(ids)).order_by(Member.name, Member.id)
    return list(session.scalars(statement.limit(limit)))


def member_by_address(session: Session, address: str) -> Member:
    member = session.scalars(
        select(Member).where(Member.email_key == address.strip().casefold())
    ).first()
    if member is None:
        raise NotFound(_("No member has this address."))
    return member


def _offers_of(session: Session, issue: Issue, member: Member) -> list[Offer]:
    if issue.frozen_at:
        delivery = _delivery(session, issue, member)
        return list(delivery.edition.offers)
    key = session.scalar(
        recipients(issue)
        .where(Membership.member_id == member.id)
        .with_only_columns(offers_key(issue))
    )
    if key is None:
        raise NotFound(_("This member does not get this issue."))
    return chosen(issue, offer_ids(key))


def _sent_edition(session: Session, issue: Issue, member: Member) -> wire.Edition:
    return wire.Edition.loads(_delivery(session, issue, member).edition.compiled)


def _delivery(session: Session, issue: Issue, member: Member) -> Delivery:
    found = session.scalars(
        select(Delivery).where(Delivery.issue_id == issue.id, Delivery.member_id == member.id)
    ).first()
    if found is None:
        raise NotFound(_("This member did not get this issue."))
    return found
