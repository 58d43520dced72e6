"""Between a worker's hand and the database: one transaction settles, renews the lease and claims.

Nothing here speaks SMTP, and nothing in app.delivery.hand speaks SQL.
"""

import logging
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from app.clock import now
from app.delivery import leasing, pacing, recovering, settling
from app.delivery.clocks import boot_seconds
from app.delivery.filling import Filler
from app.delivery.hand import Hand
from app.delivery.intake import PATIENT, Intake, Taken
from app.delivery.leasing import Due
from app.delivery.models import Cause, Chunk, DeliveryState, Settlement
from app.delivery.news import News, Parked
from app.issues.models import Issue
from app.mail.relay import Relay
from app.services import Services

log = logging.getLogger("docket.worker")

BULK = 500  # answers that are written down together
SOON_SECONDS = 0.2  # or those that came within so long
LOOK_SECONDS = 1.0  # between two looks at what staff and others decided
STALE_SECONDS = 30.0  # not begun for so long, and it goes back: its member may have left since


@dataclass
class Did:
    anything: bool = False
    beaten: bool = False
    lost: bool = False


class Desk:
    def __init__(
        self,
        services: Services,
        name: str,
        relays: Sequence[Relay],
        hand: Hand,
        filler: Filler,
    ) -> None:
        self._database, self._name, self._hand = services.database, name, hand
        self._intake = Intake(name, relays, services.settings.domain_limits, hand, filler)
        self._relays = relays
        self._looked = self._settled_at = -1e9  # by boot_seconds()
        self._may_be_due = True
        self._unsure = False  # a transaction failed, and may be through all the same
        self._minute: deque[tuple[float, int]] = deque(maxlen=1000)  # when, how many answers
        self.settled = 0

    @property
    def patience(self) -> float:
        """Seconds until the news should be written down."""
        return max(0.0, SOON_SECONDS - (boot_seconds() - self._settled_at))

    def look_soon(self) -> None:
        self._looked = -1e9

    def tend(self, *, beat: bool) -> Did:
        """Whatever is due of looking, settling, beating and claiming."""
        gave_back = self._look() if boot_seconds() - self._looked >= LOOK_SECONDS else False
        wanted = self._may_be_due and self._intake.wants_more()
        claims = (wanted or self._intake.grants.are_wanted()) and not self.shut
        if not (beat or claims or gave_back or self._must_settle()):
            return Did()
        return self._transact(claims=claims)

    def settle_last(self) -> None:
        """What is known, and nothing new; also when the lease is over, since it is the truth."""
        if self._hand.news:
            self._transact(claims=False, late=True)

    def leave(self) -> bool:
        """Give back what is held and was not begun; False while something is not written down."""
        self._give_back(lambda _due: True)
        self._transact(claims=False, late=True)
        with self._database.writing() as session:
            if leasing.beat(session, self._name, self._pulse(), now()):
                leasing.release_others(session, self._name, (), self._hand.started, now())
                self._intake.grants.give_back(session)
                leasing.say_goodbye(session, self._name, now())
                settling.finish_issues(session, now())
        return not self._hand.started

    def _pulse(self, answers: int = 0) -> leasing.Pulse:
        """`answers` are being written down just now."""
        minute = boot_seconds() - 60
        lately = answers + sum(count for at, count in self._minute if at >= minute)
        return leasing.Pulse(len(self._hand.started), lately, self._hand.outcomes)

    # One transaction ---------------------------------------------------------------------------

    def _transact(self, *, claims: bool, late: bool = False) -> Did:
        news, done, taken = self._hand.take_news(), list[int](), Taken()
        try:
            with self._database.writing() as session:
                pulse = self._pulse(len(news.answers))
                did = Did(beaten=leasing.beat(session, self._name, pulse, now()))
                if did.beaten:
                    self._write(session, news)
                    self._tidy(session)
                    done = self._finish_chunks(session, news)
                    taken = self._intake.take(session) if claims else taken
                    if not taken.dues and self._may_be_over(news, done):
                        settling.finish_issues(session, now())
                elif late:
                    self._write_late(session, news)
        except BaseException:
            self._hand.give_news_back(news)
            self._unsure = True
            raise
        if did.beaten or late:
            self._wrote(news, done)
            self._took(taken, claims=claims)
        else:
            self._hand.give_news_back(news)
            did.lost = True
        did.anything = bool(news or taken)
        return did

    def _write(self, session: Session, news: News) -> None:
        at = now()
        for key, why in sorted(news.holds.items()):
            self._hold(session, key, why, at)
        for key in sorted(news.works_again):
            pacing.let_go(session, key)
            log.info("%s works again", key)
        for issue_id, why in news.refused_senders.items():
            self._pause(session, issue_id, why, at)
        settling.settle(session, self._name, self._put_off(news), at)
        for due in news.left:
            place = due.to.delivery_id, due.issue_id, due.fresh
            settling.fail(session, self._name, place, Cause.LEFT, at)
        self._park(session, news.parked, at)
        again = [due.to.delivery_id for due in news.given_back if not due.fresh]
        if again:
            leasing.release_retries(session, again, self._name, at)

    def _write_late(self, session: Session, news: News) -> None:
        """The lease is over: what came back is the truth all the same, and what did not begin is
        anybody's."""
        answers = {one.delivery_id: one.answer for one in news.answers}
        recovering.settle_late(session, self._name, answers, now())
        unbegun = [due.to.delivery_id for due in news.given_back]
        leasing.release_retries(session, unbegun, self._name, now())
        settling.finish_issues(session, now())

    def _put_off(self, news: News) -> list[settling.Settled]:
        """A delivery that its domain put off is tried again when the domain is."""
        if not news.throttled:
            return news.answers
        until = {
            delivery_id: self._intake.domains.holds.get(pacing.domain_key(domain))
            for delivery_id, domain in news.throttled.items()
        }
        return [one._replace(not_before=until.get(one.delivery_id)) for one in news.answers]

    def _park(self, session: Session, parked: Sequence[Parked], at: datetime) -> None:
        if not parked:
            return
        unplaced = [one.due for one in parked if one.until is None]
        slots = self._intake.domains.slots(session, unplaced, at)
        later = at + PATIENT
        for due, until, is_slot in parked:
            reserved = slots.get(due.to.delivery_id)
            place = due.to.delivery_id, due.issue_id, due.fresh
            has_slot = is_slot or (until is None and reserved is not None)
            when = until or reserved or later
            settling.park(session, self._name, place, when, at, has_slot=has_slot)

    def _hold(self, session: Session, key: str, why: str, at: datetime) -> None:
        until = pacing.hold(session, key, why, at)
        if self._intake.domains.holds.get(key) != until:
            log.warning("%s is left alone until %s: %s", key, f"{until:%H:%M:%S} UTC", why)
        self._intake.domains.holds[key] = self._hand.held_until[key] = until

    def _pause(self, session: Session, issue_id: int, why: str, at: datetime) -> None:
        # Not waited for: whoever holds it may wait for a row of ours. The relay says it again.
        free = select(Issue).where(Issue.id == issue_id).with_for_update(skip_locked=True)
        issue = session.scalar(free)
        if issue is not None and issue.paused_at is None:
            issue.paused_at, issue.paused_why = at, why[:500]
            log.error("issue %s is paused: its sender is refused: %s", issue_id, why)
        self._looked = -1e9

    def _finish_chunks(self, session: Session, news: News) -> list[int]:
        """Chunks of which everything is written down; those given back are anybody's again."""
        chunk_of = self._hand.chunk_of
        written = Counter(chunk_of[key] for key in _ids(news) if key in chunk_of)
        ended = [
            chunk_id
            for chunk_id, held in self._hand.chunks.items()
            if held.exhausted and held.outstanding == written[chunk_id]
        ]
        back = [chunk_id for chunk_id in ended if self._hand.chunks[chunk_id].given_back]
        if ended:
            if back:
                leasing.release_chunks(session, self._name, back)
            done = [key for key in ended if key not in back]
            leasing.finish_chunks(session, self._name, done, now())
        return ended

    def _may_be_over(self, news: News, done: Sequence[int]) -> bool:
        """Whether what was written may have been the last of an issue."""
        again = any(not one.fresh for one in news.answers) or any(not d.fresh for d in news.left)
        return bool(done) or again

    def _tidy(self, session: Session) -> None:
        """After a transaction whose end was not seen: what is leased and not in hand goes back."""
        if self._unsure:
            known = self._hand.known()  # without the news, which is written by now
            leasing.release_others(session, self._name, self._hand.chunks, known, now())

    def _wrote(self, news: News, done: Sequence[int]) -> None:
        """The transaction is through: forget what it wrote."""
        for delivery_id in _ids(news):
            chunk_id = self._hand.chunk_of.pop(delivery_id, None)
            if chunk_id in self._hand.chunks:
                self._hand.chunks[chunk_id].outstanding -= 1
        for chunk_id in done:
            del self._hand.chunks[chunk_id]
        self._unsure = False
        self.settled += len(news.answers)
        self._settled_at = boot_seconds()
        self._minute.append((self._settled_at, len(news.answers)))
        self._hand.settled()

    def _took(self, taken: Taken, *, claims: bool) -> None:
        self._intake.put_in_hand(taken)
        if claims and not taken:  # until the next look
            self._may_be_due = False

    # When to do something ----------------------------------------------------------------------

    def _must_settle(self) -> bool:
        news = self._hand.news
        if not news:
            return False
        return len(news) >= BULK or self.patience <= 0 or not self._hand.size or news.is_urgent

    @property
    def shut(self) -> bool:
        """No relay may be used for a while: all are held, or have had what they take."""
        return all(map(self._hand.shut_until, self._relays))

    def _look(self) -> bool:
        """See what staff and other workers decided; whether anything goes back for it."""
        self._looked = boot_seconds()
        with self._database.reading() as session:
            self._intake.read_rules(session)
            holds = {key: hold.until for key, hold in pacing.holds(session, now()).items()}
            self._may_be_due = self._intake.has_rest() or _anything_due(session)
        self._intake.domains.holds = holds
        self._intake.look_again()
        self._hand.hold(holds)
        self._hand.park_what_is_shut_out()
        stale = boot_seconds() - STALE_SECONDS
        held = {issue_id for issue_id, rule in self._intake.rules.items() if not rule.goes_out}
        return self._give_back(lambda due: due.issue_id in held or due.taken_at < stale)

    def _give_back(self, wanted: Callable[[Due], bool]) -> bool:
        """Take nothing more of the chunks in question, and let go of what was not begun."""
        dropped = self._hand.lines.drop(wanted)
        self._hand.news.given_back += dropped
        issues = {issue_id for issue_id, rule in self._intake.rules.items() if not rule.goes_out}
        touched = {self._hand.chunk_of.get(due.to.delivery_id) for due in dropped}
        for chunk_id, held in self._hand.chunks.items():
            if chunk_id in touched or held.lease.issue_id in issues:
                held.exhausted = held.given_back = True
        return bool(dropped)


def _ids(news: News) -> Iterator[int]:
    yield from (one.delivery_id for one in news.answers)
    yield from (due.to.delivery_id for due in news.left)
    yield from (one.due.to.delivery_id for one in news.parked)
    yield from (due.to.delivery_id for due in news.given_back)


def _anything_due(session: Session) -> bool:
    free = (
        exists()
        .where(Chunk.done_at.is_(None), Chunk.claimed_by.is_(None))
        .where(Issue.id == Chunk.issue_id, leasing.may_go_out())
    )
    due = exists().where(Settlement.state == DeliveryState.RETRY, leasing.is_due(now()))
    return bool(session.scalar(select(or_(free, due))))
