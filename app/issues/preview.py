"""An issue as one member sees it, before and after it is sent. Its links record nothing."""

from dataclasses import dataclass, replace
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.delivery.audience import chosen, offer_ids, offers_key, recipients
from app.delivery.filling import masthead
from app.delivery.models import Delivery
from app.errors import NotFound
from app.issues.composing import content_of, merge_fields
from app.issues.models import Issue, Offer
from app.networks.models import Member, Membership
from app.services import Services
from app.translating import into
from newsletters import wire
from newsletters.content import Masthead, Recipient, Tokens
from newsletters.stencil import Stencil

PREVIEW_PATH = "/preview"


@dataclass(frozen=True)
class Preview:
    subject: str
    html: str
    text: str
    eml: bytes
    offers: tuple[Offer, ...]


def preview(
    session: Session, services: Services, issue: Issue, member: Member, now: datetime
) -> Preview:
    """NotFound when the member is not among the issue's recipients.

    newsletters.content.CompositionError when the issue cannot be composed as it stands.
    """
    offers = _offers_of(session, issue, member)
    edition = _edition(session, services, issue, member, offers)
    stencil = Stencil(edition, preview_masthead(services, issue))
    fields = merge_fields(member.name, member.profession, member.country, issue.language)
    recipient = Recipient(member.name, member.email, fields)
    tokens = Tokens(
        answers=tuple(b"" for _ in stencil.asks), copies=tuple(b"" for _ in stencil.copied)
    )
    rendered = stencil.render(recipient, tokens)
    eml = stencil.fill(recipient, tokens, now)
    return Preview(rendered.subject, rendered.html, rendered.text, eml, tuple(offers))


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


def _edition(
    session: Session, services: Services, issue: Issue, member: Member, offers: list[Offer]
) -> wire.Edition:
    if issue.frozen_at:
        return wire.Edition.loads(_delivery(session, issue, member).edition.compiled)
    content = content_of(issue, offers, takes_mail=services.settings.takes_mail)
    return wire.compile(content, into(issue.language))


def _delivery(session: Session, issue: Issue, member: Member) -> Delivery:
    found = session.scalars(
        select(Delivery).where(Delivery.issue_id == issue.id, Delivery.member_id == member.id)
    ).first()
    if found is None:
        raise NotFound(_("This member did not get this issue."))
    return found
