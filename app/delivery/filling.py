"""The bytes of one delivery: its edition filled with its member's name, links and addresses."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from app.delivery.models import Edition
from app.issues.composing import merge_fields
from app.issues.models import Issue
from app.links import Links, Purpose, base36
from app.mail.letter import Letter
from app.networks.models import Network
from newsletters import wire
from newsletters.content import TOKEN, Masthead, Recipient, Tokens
from newsletters.dkim import Signer
from newsletters.stencil import Stencil

KEPT = 64  # editions, of some 200 KB each


class Addressed(NamedTuple):
    """To whom a delivery goes, as it was on the day it was frozen."""

    delivery_id: int
    name: str
    address: str
    profession: str | None
    country: str | None  # ISO 3166-1 alpha-2


@dataclass(frozen=True)
class Loaded:
    """An edition ready to be filled; it needs no session any more."""

    stencil: Stencil
    language: str
    asked: tuple[bytes, ...]  # for each ask, the end of its ids: a dot and its offer's
    copied: tuple[bytes, ...]  # the same, of those of which a copy can be sent to us


class Filler:
    """Fills deliveries. An edition is loaded once and kept while others are not more in use.

    Members' own values are not kept: a million letters take no more memory than one.
    """

    def __init__(
        self, links: Links, dkim: Signer | None = None, *, takes_mail: bool = False
    ) -> None:
        self._links = links
        self._dkim = dkim
        self._takes_mail = takes_mail
        self._kept: OrderedDict[int, Loaded] = OrderedDict()
        self._before, _, self._behind = links.return_path_form.partition(TOKEN)
        self._return_path = links.stamp(Purpose.RETURN_PATH)
        self._message_id = links.stamp(Purpose.MESSAGE_ID)
        self._unsubscribe = links.stamp(Purpose.UNSUBSCRIBE)
        self._answer = links.stamp(Purpose.ANSWER)
        self._copy = links.stamp(Purpose.COPY)
        self._reply = links.stamp(Purpose.REPLY) if takes_mail else _nothing
        self._leave = links.stamp(Purpose.LEAVE) if takes_mail else _nothing

    @property
    def is_slow(self) -> bool:
        """Whether a letter takes longer than handing it over: it is signed."""
        return self._dkim is not None

    def load(self, session: Session, edition_id: int) -> Loaded:
        """NoResultFound when there is no such edition; ValueError when it cannot be filled."""
        if edition_id not in self._kept:
            self._kept[edition_id] = self._load(session, edition_id)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(edition_id)
        return self._kept[edition_id]

    def letter(self, loaded: Loaded, to: Addressed, at: datetime) -> Letter:
        """ValueError (CompositionError) for a member to whom nothing can be written."""
        ids = base36(to.delivery_id)
        fields = merge_fields(to.name, to.profession, to.country, loaded.language)
        message = loaded.stencil.fill(
            Recipient(to.name, to.address, fields), self._tokens(ids, loaded), at
        )
        sender = f"{self._before}{self._return_path(ids).decode()}{self._behind}"
        return Letter(sender, to.address, message, dotless=True, seven_bit=True)

    def ready(self, edition: wire.Edition, masthead: Masthead) -> Loaded:
        stencil = Stencil(edition, masthead, self._dkim)
        asked, copied = (
            tuple(b"." + base36(int(key)) for key in keys)
            for keys in (stencil.asks, stencil.copied)
        )
        return Loaded(stencil, edition.language, asked, copied)

    def _load(self, session: Session, edition_id: int) -> Loaded:
        row = session.get_one(Edition, edition_id)
        issue = session.get_one(Issue, row.issue_id)
        written = masthead(self._links, issue, takes_mail=self._takes_mail)
        return self.ready(wire.Edition.loads(row.compiled), written)

    def _tokens(self, ids: bytes, loaded: Loaded) -> Tokens:
        answer, copy = self._answer, self._copy
        return Tokens(
            self._message_id(ids),
            self._reply(ids),
            self._unsubscribe(ids),
            self._leave(ids),
            tuple([answer(ids + offer) for offer in loaded.asked]),
            tuple([copy(ids + offer) for offer in loaded.copied]),
        )


def _nothing(_ids: bytes) -> bytes:
    """The token of an address that stands in no mail."""
    return b""


def masthead(links: Links, issue: Issue, *, takes_mail: bool = False) -> Masthead:
    """`takes_mail`: what members answer comes back here, unless the network names an address."""
    network = issue.network
    ours = links.reply_form if takes_mail else network.from_address
    return Masthead(
        from_name=network.from_name,
        from_address=network.from_address,
        reply_to=network.reply_to or ours,
        message_id=links.message_id_form,
        list_id=list_id(network, links.mail_domain),
        feedback_id=f"{issue.id}:{network.code}:docket",
        answer=links.answer_form,
        unsubscribe=links.unsubscribe_form,
        unsubscribe_mailto=links.leave_form if takes_mail else None,
        copy=links.copy_form,
    )


def list_id(network: Network, mail_domain: str) -> str:
    """RFC 2919."""
    return f"{network.name} <{network.code}.{mail_domain}>"
