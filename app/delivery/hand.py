"""What one worker has in hand: deliveries that wait for a connection, and answers that wait to be
written down. The pool asks it for messages; nothing here touches the database.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from app.clock import now
from app.delivery.ahead import AHEAD, Ahead
from app.delivery.filling import Filler, Loaded
from app.delivery.journal import Fenced, Journal
from app.delivery.leasing import Due
from app.delivery.lines import Lines, domain_of
from app.delivery.news import Grant, Held, News, Parked
from app.delivery.pacing import domain_key, relay_key
from app.delivery.settling import Settled
from app.delivery.shares import Shares
from app.mail.answers import Answer, Outcome, Stage, unsendable
from app.mail.letter import Letter
from app.mail.pool import Parcel
from app.mail.relay import Relay

log = logging.getLogger("docket.worker")

NO_RELAY = "no relay is set up for mail to this domain"
SOON = timedelta(seconds=2)  # a relay that is shut for no longer is waited for
AT_ONCE = timedelta(seconds=30)  # how long a relay in trouble is left alone until all know of it


class Hand:
    """app.mail.pool.Work for deliveries."""

    def __init__(self, relays: Sequence[Relay], filler: Filler, journal: Journal) -> None:
        self._relays, self._filler = relays, filler
        self.journal = journal
        self.lines = Lines(relays)
        self._shares = Shares({relay.name: relay.weight for relay in relays})
        self._out: dict[int, Due] = {}  # handed to the pool
        self.started: set[int] = set()
        self.chunks: dict[int, Held] = {}
        self.chunk_of: dict[int, int] = {}  # delivery -> chunk, until it is written down
        self.editions: dict[int, Loaded | str] = {}  # or why it cannot be filled
        self.news = News()
        self.held_until: dict[str, datetime] = {}
        self.holds_uncertain: set[int] = set()  # issues whose staff decide
        self.grants: dict[str, Grant] = {}
        self._troubled: set[str] = set()  # relays that have not shown since that they work
        self.outcomes: Counter[str] = Counter()
        self.closed = False  # nothing new goes out
        self.may_start: Callable[[], bool] = lambda: True
        self.fenced = False
        self.trouble = ""  # of the journal's disk
        self.wake: Callable[[], None] = lambda: None  # ends a wait of the pool
        self._ahead = Ahead(self._written, self._is_written) if filler.is_slow else None

    # What the pool asks ------------------------------------------------------------------------

    def next(self, relay: Relay) -> Parcel | None:
        if self.closed or not self.may_start() or not self._may_take(relay):
            return None
        while (due := self._pop(relay)) is not None:
            try:
                letter = self._letter(due, relay)
            except ValueError as error:  # it cannot be written: a poisoned row stops nobody else
                self._note(due, unsendable(str(error)))
                continue
            if letter is None:
                self.lines.put_first(due)
                return None
            key = due.to.delivery_id
            self._out[key] = due
            self._spend(relay)
            return Parcel(key, letter)
        return None

    def starting(self, key: int) -> None:
        self.started.add(key)
        self.journal.start(key)

    def answered(self, key: int, answer: Answer) -> None:
        due = self._out.pop(key)
        self.outcomes[answer.outcome.value] += 1
        if answer.outcome is Outcome.RELAY_TROUBLE:
            self._forget_start(key)
            self._blame(due, answer)
            return
        if key in self.started:
            self.started.discard(key)
            self.journal.answer(key, answer)
        self._note(due, answer)

    def returned(self, key: int) -> None:
        self._forget_start(key)
        self.lines.put_first(self._out.pop(key))

    def flush(self) -> bool:
        try:
            if self.fenced or not self.may_start():
                self.journal.flush_answers()
                return False
            self.journal.flush()
        except Fenced:
            self.fenced = self.closed = True
            return False
        except OSError as error:
            if not self.trouble:
                log.error("the journal cannot be written (%s): nothing goes out", error.strerror)
            self.trouble = error.strerror or "error"
            return False
        if self.trouble:
            log.info("the journal can be written again")
            self.trouble = ""
        return True

    # What the worker does ----------------------------------------------------------------------

    @property
    def size(self) -> int:
        """Deliveries in hand that have no answer yet."""
        return self.lines.size + len(self._out)

    def admit(self, due: Due, not_before: datetime | None = None) -> None:
        """Take a delivery in hand. One that no relay could take is answered at once."""
        if not_before is not None:
            self.lines.put_off(due, not_before)
        elif not self.lines.append(due):
            self._note(due, unsendable(NO_RELAY))

    def wake_slots(self, at: datetime) -> None:
        """Deliveries whose slot has come go into the line."""
        for due in self.lines.pop_later(at):
            self.admit(due)

    def take_news(self) -> News:
        news, self.news = self.news, News()
        return news

    def give_news_back(self, news: News) -> None:
        """The database did not take it: older news first."""
        news.add_newer(self.news)
        self.news = news

    def known(self) -> set[int]:
        """Every delivery that is in hand, in any way."""
        others = (*self.news.left, *self.news.given_back, *(one.due for one in self.news.parked))
        known = {due.to.delivery_id for due in (*self._unanswered(), *others)}
        return known | {one.delivery_id for one in self.news.answers}

    def editions_in_hand(self) -> set[int]:
        return {due.edition_id for due in self._unanswered()}

    def issues_in_hand(self) -> set[int]:
        return {due.issue_id for due in self._unanswered()}

    def settled(self) -> None:
        """All that was answered is written down."""
        if self.fenced or self.news.answers:
            return
        self.journal.settled()
        try:
            self.journal.compact(self.started)
        except Fenced:
            self.fenced = self.closed = True
        except OSError as error:  # a full disk: it goes on in the file that it has
            self.trouble = error.strerror or "error"

    def end_turn(self) -> None:
        self._shares.turn()

    def hold(self, holds: Mapping[str, datetime]) -> None:
        """What all workers agreed to leave alone, until when."""
        self.held_until = dict(holds)

    def shut_until(self, relay: Relay) -> datetime | None:
        """When it may be used again, if that is some while off."""
        until = self.held_until.get(relay_key(relay.name))
        grant = self.grants.get(relay.name)
        if until is None and grant is not None and grant.is_refused and not grant.is_over(now()):
            until = grant.until
        return until if until is not None and until > now() + SOON else None

    def park_what_is_shut_out(self) -> None:
        """What no relay takes for a while must not stand in the way of what others take."""
        if not (self.held_until or self.grants) or all(map(self.shut_until, self._relays)):
            return
        shut = {relay.name: until for relay in self._relays if (until := self.shut_until(relay))}
        for due, names in self.lines.drop_all_of(shut.keys()):
            until = min(shut[name] for name in names)
            self.news.parked.append(Parked(due, until))

    # Inside ------------------------------------------------------------------------------------

    def close(self) -> None:
        """Nothing is written any more."""
        if self._ahead is not None:
            self._ahead.close()

    def _letter(self, due: Due, relay: Relay) -> Letter | None:
        """None while it is being written: the pool is woken then. ValueError when it cannot be."""
        if self._ahead is None:
            return self._written(due)
        return self._ahead.take(due, self.lines.coming(relay, AHEAD))

    def _is_written(self) -> None:
        """Called by any thread."""
        self.wake()

    def _written(self, due: Due) -> Letter:
        return self._filler.letter(self._edition(due), due.to, now())

    def _forget_start(self, key: int) -> None:
        """Nothing became of it: it can be sent again, by whomever."""
        if key in self.started:
            self.started.discard(key)
            self.journal.take_back(key)

    def _edition(self, due: Due) -> Loaded:
        """ValueError for one that could not be loaded."""
        loaded = self.editions[due.edition_id]
        if isinstance(loaded, str):
            raise ValueError(loaded)
        return loaded

    def _unanswered(self) -> Iterator[Due]:
        yield from self.lines
        yield from self._out.values()

    def _may_take(self, relay: Relay) -> bool:
        if self.held_until:
            until = self.held_until.get(relay_key(relay.name))
            if until is not None and until > now():
                return False
        grant = self.grants.get(relay.name)
        if grant is not None and (grant.left <= 0 or grant.is_over(now())):
            return False
        if self._shares.alone:
            return True
        return self.lines.have(relay) and self._shares.may_take(relay.name)

    def _spend(self, relay: Relay) -> None:
        self._shares.took(relay.name)
        if grant := self.grants.get(relay.name):
            grant.left -= 1

    def _pop(self, relay: Relay) -> Due | None:
        while (due := self.lines.pop(relay)) is not None and self._is_held_back(due):
            self.news.parked.append(Parked(due))
        return due

    def _is_held_back(self, due: Due) -> bool:
        if not self.held_until:
            return False
        until = self.held_until.get(domain_key(domain_of(due)))
        return until is not None and until > now()

    def _blame(self, due: Due, answer: Answer) -> None:
        """Nobody is lost: the delivery waits for a relay that works."""
        self.lines.put_first(due)
        if _is_about_sender(answer):
            self.news.refused_senders[due.issue_id] = f"{answer.code} {answer.text}"
            return
        key = relay_key(answer.relay)
        self.held_until[key] = max(now() + AT_ONCE, self.held_until.get(key, now()))
        self._troubled.add(answer.relay)
        self.news.holds[key] = f"{answer.stage}: {answer.code or ''} {answer.text}".strip()

    def _note(self, due: Due, answer: Answer) -> None:
        if answer.relay in self._troubled and answer.outcome is not Outcome.UNKNOWN:
            self._troubled.discard(answer.relay)
            self.news.works_again.add(relay_key(answer.relay))
        if answer.outcome is Outcome.RETRY and answer.throttled:
            key = domain_key(domain_of(due))
            self.held_until[key] = now() + AT_ONCE
            self.news.holds[key] = f"{answer.code} {answer.text}"
            self.news.throttled[due.to.delivery_id] = domain_of(due)
        self.news.answers.append(
            Settled(
                due.to.delivery_id,
                due.issue_id,
                answer,
                due.fresh,
                due.attempts,
                due.uncertain,
                due.issue_id in self.holds_uncertain,
            )
        )


def _is_about_sender(answer: Answer) -> bool:
    """The network's own address is refused: another relay may take it, another issue need not
    wait for it."""
    asks_to_sign_in = answer.code in (530, 534, 535, 538)
    refused = answer.code is not None and answer.code >= 500 and not asks_to_sign_in
    return refused and (answer.stage is Stage.MAIL or answer.enhanced in ("5.1.7", "5.1.8"))
