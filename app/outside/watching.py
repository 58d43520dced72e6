"""What drafts want looked at, and the job that looks: pages write and read rows, a worker goes out.

No transaction is open while it does. What it is told is written link by link, so that a worker
that is killed has lost one look.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import takewhile
from time import monotonic
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, delete, or_, select, update
from sqlalchemy.orm import Session

from app.clock import now
from app.config import Settings
from app.db import insert_ignoring
from app.networks.models import Network
from app.outside import domains, judging
from app.outside.addresses import ascii_name, is_at_home, is_made_up, page_of
from app.outside.domains import Said, Sender
from app.outside.judging import Standing
from app.outside.links import Seen, Way, look
from app.outside.models import DomainLook, LinkLook, Trouble
from app.outside.names import Names
from app.services import Services
from newsletters.content import Issue as Content
from newsletters.links import addresses

MOST_LINKS, MOST_DOMAINS = 50, 20  # of one run
MOST_OF_A_DRAFT = 200
ROUND_SECONDS = 240.0  # less than the job's lease
NOTED = timedelta(hours=1)  # how often it is noted that a row is still wanted
LATELY = timedelta(days=7)  # what nobody wrote on for so long is not looked at
FORGOTTEN = timedelta(days=30)
KEPT, TROUBLE_KEPT = timedelta(days=1), timedelta(minutes=10)  # what was seen of a domain

Row = LinkLook | DomainLook
TABLES: tuple[type[Row], ...] = (LinkLook, DomainLook)
T = TypeVar("T")
log = logging.getLogger(__name__)


def want_of(
    session: Session, settings: Settings, content: Content, network: Network, at: datetime
) -> None:
    """What a draft leads to, and the domain that it comes from, unless nothing may call out."""
    if settings.link_checks:
        want(session, addresses(content), at)
        want_domain(session, network.from_address, at)


def want(session: Session, wanted: Iterable[str], at: datetime) -> None:
    """Have these addresses looked at, soon and now and then; but for those that must not be."""
    pages = sorted({page for address in wanted if (page := page_of(address))})
    _want(session, LinkLook, "address", pages[:MOST_OF_A_DRAFT], at)


def want_domain(session: Session, from_address: str, at: datetime) -> None:
    if domain := domain_of(from_address):
        _want(session, DomainLook, "domain", [domain], at)


def domain_of(address: str) -> str | None:
    """The domain of an address as the DNS has it; None for one that it must not be asked for."""
    domain = ascii_name(address.rpartition("@")[2])
    return None if domain is None or is_made_up(domain) or is_at_home(domain) else domain


def forget_old(session: Session, at: datetime) -> None:
    """What nobody wanted for a month."""
    for table in TABLES:
        session.execute(delete(table).where(table.wanted_at < at - FORGOTTEN))


def look_outside(services: Services, way: Way | None = None) -> None:
    """The job: look at what is due, or, where nothing may call out, forget what was seen before."""
    if not services.settings.link_checks:
        _forget_all(services)
        return
    with services.database.reading() as session:
        links = session.scalars(_due(LinkLook, now()).limit(MOST_LINKS)).all()
        senders = session.scalars(_due(DomainLook, now()).limit(MOST_DOMAINS)).all()
    if links or senders:
        way, end = way or _usual_way(), monotonic() + ROUND_SECONDS
        _look_at_domains(services, senders, way.names, end)
        _look_at_links(services, links, way, end)


def _want(session: Session, table: type[Row], key: str, names: Sequence[str], at: datetime) -> None:
    if not names:
        return
    rows = [{key: name, "wanted_at": at, "next_look_at": at} for name in names]
    session.execute(insert_ignoring(session, table).values(rows))
    column: ColumnElement[Any] = getattr(table, key)
    session.execute(
        update(table)
        .where(column.in_(names), table.wanted_at < at - NOTED)
        .values(wanted_at=at)
        .execution_options(synchronize_session=False)
    )


def _due(table: type[Row], at: datetime) -> Select[int]:
    """Also those that a clock, which was set back since, put off for longer than is ever done."""
    put_off = table.next_look_at > at + 2 * judging.AGAIN
    return (
        select(table.id)
        .where(or_(table.next_look_at <= at, put_off), table.wanted_at > at - LATELY)
        .order_by(table.next_look_at, table.id)
    )


def _look_at_links(services: Services, ids: Sequence[int], way: Way, end: float) -> None:
    """One after the other, so that no server has two questions of ours at once."""
    count = broken = 0
    for link_id in takewhile(lambda _id: monotonic() < end, ids):
        with services.database.reading() as session:
            address = session.scalar(select(LinkLook.address).where(LinkLook.id == link_id))
        if address is not None:
            seen = _whatever_comes(partial(look, address, way), Seen(trouble=Trouble.NO_ANSWER))
            count, broken = count + 1, broken + _settle_link(services, link_id, seen)
    if ids:
        log.info("links were looked at", extra={"links": count, "broken": broken})


def _settle_link(services: Services, link_id: int, seen: Seen) -> bool:
    """Whether it is broken. What was forgotten meanwhile stays so."""
    with services.database.writing() as session:
        row = session.get(LinkLook, link_id)
        if row is None:
            return False
        judging.settle(row, seen, now())
        return judging.standing(row, now()) is Standing.BROKEN


def _look_at_domains(services: Services, ids: Sequence[int], names: Names, end: float) -> None:
    for domain_id in takewhile(lambda _id: monotonic() < end, ids):
        with services.database.reading() as session:
            domain = session.scalar(select(DomainLook.domain).where(DomainLook.id == domain_id))
        if domain is not None:
            sender = Sender(domain, services.settings.mail_domain, services.dkim)
            _settle_domain(services, domain_id, sender, _said_of(services, sender, names))
    if ids:
        log.info("sender domains were looked at", extra={"domains": len(ids)})


def _said_of(services: Services, sender: Sender, names: Names) -> Said:
    if services.settings.uses_inbox:
        return Said(Trouble.INBOX)
    return _whatever_comes(partial(domains.look, sender, names), Said(Trouble.NO_ANSWER))


def _settle_domain(services: Services, domain_id: int, sender: Sender, said: Said) -> None:
    with services.database.writing() as session:
        row = session.get(DomainLook, domain_id)
        if row is None:
            return
        row.returns_to = sender.returns_to
        row.signs_for = sender.signer.domain if sender.signer else ""
        for name, verdict in vars(said).items():
            setattr(row, name, verdict.value)
        row.tries = row.tries + 1 if said.trouble else 0
        row.looked_at = now()
        row.next_look_at = now() + (TROUBLE_KEPT if said.trouble else KEPT)


def _whatever_comes(find: Callable[[], T], otherwise: T) -> T:
    """One that brings a library to its knees must not keep those behind it from their turn."""
    try:
        return find()
    except Exception:
        log.exception("a look failed")
        return otherwise


def _forget_all(services: Services) -> None:
    with services.database.reading() as session:
        held = [table for table in TABLES if session.scalar(select(table.id).limit(1)) is not None]
    if held:
        with services.database.writing() as session:
            for table in held:
                session.execute(delete(table))


def _usual_way() -> Way:
    from app.outside.resolving import Dns  # its library takes its time: not where nothing is due

    return Way(Dns())
