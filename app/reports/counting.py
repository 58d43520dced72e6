"""From the ledger and the responses to tallies: by ask, sector, profession, country, network.

Only deliveries that a relay took are counted of. Answers that came through any other delivery
(bounced, unknown) stand beside, as `outside`: they are true, and in no rate.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.delivery import tallies
from app.delivery.models import (
    DELIVERED,
    WAITING,
    Delivery,
    DeliveryState,
    EditionOffer,
    Settlement,
)
from app.issues.models import Issue, Offer
from app.networks.models import Network
from app.reports.arithmetic import EVIDENCE, Said, Standing, Tally, Window, standing, tally
from app.responses import suspects
from app.responses.judging import Suspicion
from app.responses.models import Answer, Evidence, Response, Visit
from app.responses.statements import sound
from app.responses.suspects import Fate, Suspect

Pair = tuple[int, int]  # delivery, offer: one member and one ask
GROUPS: Mapping[str, Any] = {
    "sector": Delivery.sector,
    "profession": Delivery.profession,
    "country": Delivery.country,
}


@dataclass(frozen=True)
class AskReport:
    """One ask of an issue. `groups`: dimension -> group -> tally; the group may be unknown.
    `acted` and, of these, `evidenced`: deliveries whose members did it."""

    offer: Offer
    window: Window
    tally: Tally
    outside: int
    groups: Mapping[str, Mapping[str | None, Tally]]
    acted: frozenset[int] = frozenset()
    evidenced: frozenset[int] = frozenset()


@dataclass(frozen=True)
class IssueReport:
    issue: Issue
    counted_at: datetime
    deliveries: Mapping[str, int]  # queued, sent, failed, bounced, unknown
    asks: Sequence[AskReport]
    days: Sequence[tuple[datetime, int]]  # when answers came
    sent_pairs: int  # members and asks whose mail went out, delivered or not
    perhaps_twice: int  # members who were sent it again, since nobody could say if the first came
    suspects: Mapping[Suspicion, Mapping[Fate, int]]  # answers that may be a robot's, and their end

    @property
    def perhaps_not(self) -> int:
        """Members of whom nobody can say whether they got it at all."""
        return self.deliveries[DeliveryState.UNKNOWN]

    @property
    def total(self) -> Tally:
        return sum((ask.tally for ask in self.asks), Tally())

    @property
    def groups(self) -> dict[str, dict[str | None, Tally]]:
        """Member-and-ask pairs of the whole issue, by each dimension."""
        return {name: _merged(ask.groups[name] for ask in self.asks) for name in GROUPS}


def issue_report(session: Session, issue: Issue, now: datetime) -> IssueReport:
    doubted = suspects.of_issue(session, issue.id)
    histories = _histories(session, issue, doubted)
    return IssueReport(
        issue=issue,
        counted_at=now,
        deliveries=delivery_counts(session, issue),
        asks=[_ask_report(session, offer, issue, histories) for offer in issue.offers],
        days=_days(session, issue),
        sent_pairs=_sent_pairs(session, issue),
        perhaps_twice=tallies.uncertain(session, issue.id),
        suspects=_fates(doubted),
    )


def delivery_counts(session: Session, issue: Issue) -> dict[str, int]:
    """Every row of the ledger in one of five words; waiting rows of any kind are `queued`."""
    counts = dict.fromkeys(("queued", "sent", "failed", "bounced", "unknown"), 0)
    for state, count in tallies.counts(session, issue.id).items():
        counts["queued" if state in WAITING else DeliveryState(state).value] += count
    return counts


def by_network(reports: Iterable[IssueReport]) -> dict[Network, Tally]:
    totals: dict[Network, Tally] = {}
    for report in reports:
        network = report.issue.network
        totals[network] = totals.get(network, Tally()) + report.total
    return totals


def _ask_report(
    session: Session, offer: Offer, issue: Issue, histories: Mapping[Pair, list[Said]]
) -> AskReport:
    opens = issue.frozen_at or issue.created_at
    window = Window.of(opens, offer.closes_at)
    reached = _reached(session, offer)
    visited = _visited(session, offer)
    standings = {
        delivery_id: standing(history, window)
        for (delivery_id, offer_id), history in histories.items()
        if offer_id == offer.id
    }
    inside = {pair: stands for pair, stands in standings.items() if pair in reached}
    return AskReport(
        offer=offer,
        window=window,
        tally=tally(inside.values(), delivered=len(reached), visited=len(visited & set(reached))),
        outside=sum(
            stands.counts_as != "silent" for pair, stands in standings.items() - inside.items()
        ),
        groups={
            name: _grouped(reached, visited, inside, position)
            for position, name in enumerate(GROUPS)
        },
        acted=frozenset(d for d, stands in inside.items() if stands.acted),
        evidenced=frozenset(d for d, stands in inside.items() if stands.counts_as in EVIDENCE[1:]),
    )


def _grouped(
    reached: Mapping[int, tuple[str | None, ...]],
    visited: set[int],
    standings: Mapping[int, Standing],
    position: int,
) -> dict[str | None, Tally]:
    members: dict[str | None, list[int]] = defaultdict(list)
    for delivery_id, values in reached.items():
        members[values[position]].append(delivery_id)
    return {
        group: tally(
            (standings[delivery_id] for delivery_id in ids if delivery_id in standings),
            delivered=len(ids),
            visited=sum(delivery_id in visited for delivery_id in ids),
        )
        for group, ids in sorted(members.items(), key=lambda item: (item[0] is None, item[0]))
    }


def _reached(session: Session, offer: Offer) -> dict[int, tuple[str | None, ...]]:
    """The deliveries that carried the ask and were taken by a relay -> their groups."""
    rows = session.execute(
        select(Delivery.id, *GROUPS.values())
        .join(EditionOffer, EditionOffer.edition_id == Delivery.edition_id)
        .join(Settlement, Settlement.delivery_id == Delivery.id)
        .where(
            Delivery.issue_id == offer.issue_id,
            EditionOffer.offer_id == offer.id,
            Settlement.state.in_(DELIVERED),
        )
    )
    return {row[0]: tuple(row[1:]) for row in rows}


def _visited(session: Session, offer: Offer) -> set[int]:
    return set(session.scalars(select(Visit.delivery_id).where(Visit.offer_id == offer.id)))


def _fates(doubted: Iterable[Suspect]) -> dict[Suspicion, dict[Fate, int]]:
    counts = Counter((one.why, one.fate) for one in doubted)
    found = sorted({why for why, _fate in counts})
    return {why: {fate: counts[why, fate] for fate in Fate} for why in found}


def _histories(
    session: Session, issue: Issue, doubted: Iterable[Suspect]
) -> dict[Pair, list[Said]]:
    """What each member said of each ask, oldest first, with the strongest evidence for it."""
    histories: dict[Pair, list[Said]] = defaultdict(list)
    fates = {one.response.id: one.fate for one in doubted}
    offers = [offer.id for offer in issue.offers]
    for said in session.scalars(
        select(Response).where(Response.offer_id.in_(offers)).order_by(Response.id)
    ):
        fate = fates.get(said.id)
        if fate is Fate.SET_ASIDE or (fate is Fate.EVIDENCED and said.answer != Answer.DONE):
            continue
        held = fate is not None and fate is not Fate.ACCEPTED
        histories[said.delivery_id, said.offer_id].append(
            Said(said.answer, said.recorded_at, held, letters=said.letters)
        )
    rows = session.scalars(
        select(Evidence).where(Evidence.offer_id.in_(offers), Evidence.withdrawn_at.is_(None))
    )
    for pair, evidence in _strongest(rows.all()).items():
        histories[pair] = _with_evidence(histories[pair], evidence)
    return histories


def _strongest(rows: Iterable[Evidence]) -> dict[Pair, Evidence]:
    best: dict[Pair, Evidence] = {}
    for evidence in rows:
        pair = evidence.delivery_id, evidence.offer_id
        held = best.get(pair)
        if held is None or EVIDENCE.index(evidence.grade) > EVIDENCE.index(held.grade):
            best[pair] = evidence
    return best


def _with_evidence(history: list[Said], evidence: Evidence) -> list[Said]:
    """Evidence raises the newest "done"; without one, it is itself the word that it was done."""
    for position in reversed(range(len(history))):
        if history[position].answer == Answer.DONE:
            raised = replace(history[position], evidence=evidence.grade)
            return [*history[:position], raised, *history[position + 1 :]]
    return [*history, Said(Answer.DONE, evidence.recorded_at, evidence=evidence.grade)]


def _sent_pairs(session: Session, issue: Issue) -> int:
    went_out = (DeliveryState.SENT, DeliveryState.BOUNCED, DeliveryState.UNKNOWN)
    pairs = (
        select(func.count())
        .select_from(Delivery)
        .join(EditionOffer, EditionOffer.edition_id == Delivery.edition_id)
        .join(Settlement, Settlement.delivery_id == Delivery.id)
        .where(Delivery.issue_id == issue.id, Settlement.state.in_(went_out))
    )
    return session.scalar(pairs) or 0


def _days(session: Session, issue: Issue) -> list[tuple[datetime, int]]:
    """When the answers came that stand now: one for each member and ask."""
    said = session.scalars(
        select(Response)
        .join(Offer, Offer.id == Response.offer_id)
        .where(Offer.issue_id == issue.id, sound())
        .order_by(Response.id)
    )
    newest = {(one.delivery_id, one.offer_id): one for one in said}
    return [(one.recorded_at, 1) for one in newest.values() if one.answer != Answer.UNDONE]


def _merged(
    parts: Iterable[Mapping[str | None, Tally]],
) -> dict[str | None, Tally]:
    merged: dict[str | None, Tally] = {}
    for part in parts:
        for group, counts in part.items():
            merged[group] = merged.get(group, Tally()) + counts
    return merged
