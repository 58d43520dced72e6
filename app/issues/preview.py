"""An issue as one member sees it, before and after it is sent. Its links record nothing."""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.delivery.audience import chosen, offer_ids, offers_key, recipients
from app.delivery.filling import list_id, recipient_of
from app.delivery.models import Delivery
from app.errors import NotFound
from app.issues.composing import content_of
from app.issues.models import Issue, Offer
from app.networks.models import Member, Membership
from app.services import Services
from app.translating import into
from newsletters import content, wire

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

    newsletters.markup.CompositionError when the issue cannot be composed as it stands.
    """
    offers = _offers_of(session, issue, member)
    edition = _edition(session, services, issue, member, offers)
    recipient, links = recipient_of(member, issue.language), preview_links(services, offers)
    rendered = edition.render(recipient, links)
    eml = edition.fill(recipient, links, _envelope(services, issue, now))
    return Preview(rendered.subject, rendered.html, rendered.text, eml, tuple(offers))


def preview_links(services: Services, offers: list[Offer]) -> content.Links:
    page = services.settings.base_url + PREVIEW_PATH
    return content.Links(
        answers={str(offer.id): page for offer in offers},
        unsubscribe=page,
        unsubscribe_mailto=None,
    )


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
    return wire.compile(content_of(issue, offers), into(issue.language))


def _delivery(session: Session, issue: Issue, member: Member) -> Delivery:
    found = session.scalars(
        select(Delivery).where(Delivery.issue_id == issue.id, Delivery.member_id == member.id)
    ).first()
    if found is None:
        raise NotFound(_("This member did not get this issue."))
    return found


def _envelope(services: Services, issue: Issue, now: datetime) -> content.Envelope:
    network, domain = issue.network, services.settings.mail_domain
    return content.Envelope(
        from_name=network.from_name,
        from_address=network.from_address,
        reply_to=network.reply_to or network.from_address,
        message_id=f"<preview.{issue.id}@{domain}>",
        date=now,
        list_id=list_id(network, domain),
        feedback_id=f"{issue.id}:{network.code}:docket",
    )
