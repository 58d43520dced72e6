"""The bytes of one delivery: its edition filled with its member's name, links and addresses."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.delivery.ledger import Begun
from app.delivery.models import Edition
from app.issues.composing import merge_fields
from app.issues.models import Issue
from app.links import Links
from app.networks.models import Member, Network
from newsletters import content, wire


@dataclass(frozen=True)
class Letter:
    """A message ready for a relay: envelope and bytes."""

    sender: str  # the return path, which says which delivery came back
    recipient: str
    message: bytes


class Filler:
    """Fills deliveries; an edition is loaded once and kept while the worker runs."""

    def __init__(self, links: Links) -> None:
        self._links = links
        self._editions: dict[int, _Loaded] = {}

    def fill(self, session: Session, begun: Begun, now: datetime) -> Letter:
        loaded = self._load(session, begun.edition_id)
        member = session.get_one(Member, begun.member_id)
        sender = self._links.return_path(begun.delivery_id)
        message = loaded.edition.fill(
            recipient_of(member, loaded.edition.language),
            links_of(self._links, begun.delivery_id, loaded.offer_ids),
            content.Envelope(
                from_name=loaded.network.from_name,
                from_address=loaded.network.from_address,
                reply_to=loaded.network.reply_to or loaded.network.from_address,
                message_id=self._links.message_id(begun.delivery_id),
                date=now,
                list_id=list_id(loaded.network, self._links.mail_domain),
                feedback_id=f"{loaded.issue_id}:{loaded.network.code}:docket",
            ),
        )
        return Letter(sender, member.email, message)

    def _load(self, session: Session, edition_id: int) -> "_Loaded":
        if edition_id not in self._editions:
            self._editions[edition_id] = _load(session, edition_id)
        return self._editions[edition_id]


@dataclass(frozen=True)
class _Loaded:
    issue_id: int
    network: Network
    edition: wire.Edition
    offer_ids: tuple[int, ...]


def _load(session: Session, edition_id: int) -> _Loaded:
    row = session.get_one(Edition, edition_id)
    issue = session.get_one(Issue, row.issue_id)
    return _Loaded(
        issue.id,
        issue.network,
        wire.Edition.loads(row.compiled),
        tuple(offer.id for offer in row.offers),
    )


def recipient_of(member: Member, language: str) -> content.Recipient:
    fields = merge_fields(member, language)
    return content.Recipient(name=member.name, address=member.email, fields=fields)


def links_of(links: Links, delivery_id: int, offer_ids: tuple[int, ...]) -> content.Links:
    answers: Mapping[str, str] = {
        str(offer_id): links.answer_url(delivery_id, offer_id) for offer_id in offer_ids
    }
    return content.Links(
        answers=answers,
        unsubscribe=links.unsubscribe_url(delivery_id),
        unsubscribe_mailto=None,
    )


def list_id(network: Network, mail_domain: str) -> str:
    """RFC 2919."""
    return f"{network.name} <{network.code}.{mail_domain}>"
