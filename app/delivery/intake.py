"""What a worker takes up next, and when each of it may go out.

Everything is read and leased within the desk's transaction; the hand gets it after the commit, so
that nothing is ever in hand whose lease is not on record.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session

from app.clock import now
from app.delivery import leasing, pacing
from app.delivery.clocks import boot_seconds
from app.delivery.domains import DomainPaces
from app.delivery.filling import Filler
from app.delivery.grants import Grants
from app.delivery.hand import Hand
from app.delivery.leasing import CHUNK_SIZE, HORIZON, Due, Lease
from app.delivery.news import Grant, Held, Parked
from app.issues.models import Issue, WhenUncertain
from app.mail.rates import Rate
from app.mail.relay import Relay

RETRIES = 200  # claimed at a time
RETRY_SECONDS = 1.0  # between two looks for what is due again
MOST_CHUNKS = 4  # leased at once
FIRST_APPETITE, LEAST_APPETITE = 64, 16
QUICK_SECONDS, SLOW_SECONDS = 0.5, 2.0
AHEAD = timedelta(seconds=1)  # an issue with a rate of its own is taken up so far ahead
PATIENT = timedelta(seconds=10)  # a place further off than this is waited for in the ledger
MOST_EDITIONS = 64


@dataclass(frozen=True)
class Rule:
    """What staff said of an issue."""

    goes_out: bool
    rate: Rate | None
    holds_uncertain: bool


@dataclass
class Taken:
    """What was leased in one transaction, to be put in hand after it."""

    lease: Lease | None = None
    cursor: int = 0
    dues: list[tuple[Due, datetime | None]] = field(default_factory=list)
    retries: list[tuple[Due, datetime | None]] = field(default_factory=list)
    grants: dict[str, Grant] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.lease is not None or bool(self.retries)


class Appetite:
    """How many deliveries to take at a time: what goes out in about a second, so that who leaves
    meanwhile is not mailed, and an urgent issue need not wait."""

    def __init__(self) -> None:
        self.size = FIRST_APPETITE
        self._at = boot_seconds()

    def ate(self) -> None:
        took, self._at = boot_seconds() - self._at, boot_seconds()
        if took < QUICK_SECONDS:
            self.size = min(CHUNK_SIZE, self.size * 2)
        elif took > SLOW_SECONDS:
            self.size = max(LEAST_APPETITE, self.size // 2)


class Intake:
    def __init__(
        self,
        name: str,
        relays: Sequence[Relay],
        limits: Mapping[str, Rate],
        hand: Hand,
        filler: Filler,
    ) -> None:
        self._name, self._hand, self._filler = name, hand, filler
        self.domains = DomainPaces(limits)
        self.grants = Grants(relays, hand)
        self.rules: dict[int, Rule] = {}
        self.appetite = Appetite()
        self._full: dict[int, datetime] = {}  # issues whose rate leaves no place until then
        self._retried = -1e9

    def wants_more(self) -> bool:
        # A transaction keeps all connections waiting, so it should be worth it.
        low = self._hand.lines.waiting <= self.appetite.size // 16
        return low and self._hand.size < CHUNK_SIZE * 2

    def has_rest(self) -> bool:
        """Of a chunk in hand there is something left to take."""
        return any(not held.exhausted for held in self._hand.chunks.values())

    def take(self, session: Session) -> Taken:
        taken = Taken(grants=self.grants.ask(session))
        self._take_retries(session, taken)
        held = self._open_chunk(session)
        if held is not None:
            self._take_of(session, held, taken)
        return taken

    def put_in_hand(self, taken: Taken) -> None:
        """The transaction is through."""
        hand = self._hand
        hand.grants |= taken.grants
        if taken.lease is not None:
            self.appetite.ate()
            held = hand.chunks.setdefault(taken.lease.chunk_id, Held(taken.lease, taken.cursor))
            held.cursor = taken.cursor
            held.exhausted |= taken.cursor >= taken.lease.last_id
            held.outstanding += len(taken.dues)
            for due, _at in taken.dues:
                hand.chunk_of[due.to.delivery_id] = taken.lease.chunk_id
        for due, at in (*taken.retries, *taken.dues):
            self._place(due, at)

    def look_again(self) -> None:
        """Staff may have changed the pace of an issue since."""
        self._full.clear()

    def read_rules(self, session: Session) -> None:
        """What staff decided since, of the issues in hand."""
        ids = {held.lease.issue_id for held in self._hand.chunks.values()}
        ids |= self._hand.issues_in_hand()
        self.rules = _rules(session, ids) if ids else {}
        self._hand.holds_uncertain = {k for k, rule in self.rules.items() if rule.holds_uncertain}

    # Inside ------------------------------------------------------------------------------------

    def _place(self, due: Due, at: datetime | None) -> None:
        if not due.fits:
            self._hand.news.left.append(due)
        elif at is not None and at > now() + PATIENT:
            self._hand.news.parked.append(Parked(due, at, is_slot=True))
        else:
            self._hand.admit(due, at)

    def _open_chunk(self, session: Session) -> Held | None:
        """One in hand with something left in it, unless an urgent one waits to be claimed."""
        blocked = {issue_id for issue_id, until in self._full.items() if until > now()}
        held = min(
            (
                held
                for held in self._hand.chunks.values()
                if not held.exhausted and held.lease.issue_id not in blocked
            ),
            key=lambda held: held.lease.rank,
            default=None,
        )
        if held is not None and held.lease.rank == 0:
            return held
        at_work = (h for h in self._hand.chunks.values() if h.lease.issue_id not in blocked)
        room = sum(1 for _ in at_work) < MOST_CHUNKS
        most_rank = None if held is None else 0
        claimed = leasing.claim(session, self._name, blocked, most_rank) if room else None
        return held if claimed is None else Held(claimed, claimed.first_id - 1)

    def _take_of(self, session: Session, held: Held, taken: Taken) -> None:
        lease, at = held.lease, now()
        limit, start = self.appetite.size, None
        rate = self._rule(session, lease.issue_id).rate
        if rate is not None:
            limit, start = self._slots_of_issue(session, lease.issue_id, rate, at)
        taken.lease, taken.cursor = lease, held.cursor
        if not limit:
            return
        self._load(session, lease.edition_id)
        dues, taken.cursor = leasing.take(session, lease, held.cursor, limit)
        slow = self.domains.slots(session, dues, at)
        step = pacing.spacing(rate) if rate is not None else timedelta(0)
        for number, due in enumerate(dues):
            slot = slow.get(due.to.delivery_id)
            if start is not None:
                slot = max(slot or start, start + step * number)
            taken.dues.append((due, slot if slot is not None and slot > at else None))

    def _slots_of_issue(
        self, session: Session, issue_id: int, rate: Rate, at: datetime
    ) -> tuple[int, datetime | None]:
        """How many of an issue with a rate of its own may be taken up now, from when on."""
        key = pacing.issue_key(issue_id)
        following = pacing.next_slot(session, key)
        spacing = pacing.spacing(rate)
        # Further off than any place is ever reserved: the clock was set back.
        absurd = at + HORIZON + AHEAD
        if following is not None and at + AHEAD < following <= absurd:
            self._full[issue_id] = following - AHEAD
            return 0, None
        count = max(1, int(AHEAD / spacing))
        return count, pacing.reserve(session, key, rate, count, at, latest=absurd)

    def _take_retries(self, session: Session, taken: Taken) -> None:
        if boot_seconds() - self._retried < RETRY_SECONDS:
            return
        self._retried = boot_seconds()
        dues = leasing.claim_retries(session, self._name, now(), RETRIES)
        for edition_id in {due.edition_id for due in dues}:
            self._load(session, edition_id)
        slots = self.domains.slots(session, dues, now())
        for due in dues:
            rate = self._rule(session, due.issue_id).rate
            if rate is not None and not due.has_slot:
                key = pacing.issue_key(due.issue_id)
                slot = pacing.reserve(session, key, rate, 1, now(), now() + HORIZON)
                slots[due.to.delivery_id] = max(slot, slots.get(due.to.delivery_id, slot))
        taken.retries = [(due, slots.get(due.to.delivery_id)) for due in dues]

    def _load(self, session: Session, edition_id: int) -> None:
        editions = self._hand.editions
        if edition_id in editions:
            return
        if len(editions) >= MOST_EDITIONS:
            needed = {held.lease.edition_id for held in self._hand.chunks.values()}
            needed |= self._hand.editions_in_hand()
            for spare in [key for key in editions if key not in needed]:
                del editions[spare]
        try:
            editions[edition_id] = self._filler.load(session, edition_id)
        except (ValueError, NoResultFound) as error:  # its members are told of, others go on
            editions[edition_id] = str(error)

    def _rule(self, session: Session, issue_id: int) -> Rule:
        if issue_id not in self.rules:
            self.rules |= _rules(session, {issue_id})
            if self.rules[issue_id].holds_uncertain:
                self._hand.holds_uncertain.add(issue_id)
        return self.rules[issue_id]


def _rules(session: Session, ids: Collection[int]) -> dict[int, Rule]:
    rows = session.execute(
        select(
            Issue.id,
            Issue.paused_at,
            Issue.cancelled_at,
            Issue.rate_per_minute,
            Issue.when_uncertain,
        ).where(Issue.id.in_(ids))
    )
    return {
        issue_id: Rule(
            goes_out=paused is None and cancelled is None,
            rate=Rate(rate, 60) if rate else None,
            holds_uncertain=uncertain == WhenUncertain.HOLD,
        )
        for issue_id, paused, cancelled, rate, uncertain in rows
    }
