"""What is done again and again: which function, when, and for how long it may hold its tick."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from app.services import Services

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LOOK_SECONDS = 30.0  # how often a worker looks at a job at least: it comes at most so late


class Rule(Protocol):
    """When something is due. Moments are aware; answers are UTC."""

    @property
    def look_seconds(self) -> float:
        """How far apart a worker's looks at whether it is due are."""

    def next_after(self, moment: datetime, zone: ZoneInfo) -> datetime: ...

    def words(self, zone: ZoneInfo) -> str: ...


@dataclass(frozen=True)
class Every:
    """At each multiple of `seconds` since 1970: the same instants for all workers, whenever they
    started, and whatever the clocks on the walls do."""

    seconds: float

    @property
    def look_seconds(self) -> float:
        return min(self.seconds, LOOK_SECONDS)

    def next_after(self, moment: datetime, zone: ZoneInfo) -> datetime:
        period = timedelta(seconds=self.seconds)
        return EPOCH + period * ((moment - EPOCH) // period + 1)

    def words(self, zone: ZoneInfo) -> str:
        return f"every {self.seconds:g} s"


@dataclass(frozen=True)
class Daily:
    """Once for each day on the wall, at this time in the zone that staff live in.

    A time that the clocks skip comes as much later as they skip; one that they show twice comes
    the first time (PEP 495, fold 0). So each day has exactly one instant.
    """

    at: time

    @property
    def look_seconds(self) -> float:
        return LOOK_SECONDS

    def next_after(self, moment: datetime, zone: ZoneInfo) -> datetime:
        # From the day before: where the clocks skip midnight, a day's time comes the day after.
        today = moment.astimezone(zone).date()
        times = (self._on(today + timedelta(days=ahead), zone) for ahead in range(-1, 3))
        return next(found for found in times if found > moment)

    def words(self, zone: ZoneInfo) -> str:
        return f"daily at {self.at:%H:%M} {zone.key}"

    def _on(self, day: date, zone: ZoneInfo) -> datetime:
        return datetime.combine(day, self.at, zone).astimezone(UTC)


@dataclass(frozen=True)
class Recurring:
    """One line of the table of jobs.

    `shared`: every worker runs it at each of its own looks, without a claim. That is for what
    asks cheaply whether anything waits, and claims by itself, row by row, what it finds. All
    others run once across all workers for each tick.
    """

    name: str
    run: Callable[[Services], object]
    rule: Rule
    purpose: str
    lease: timedelta = timedelta(minutes=5)  # how long a run may take before another may begin
    shared: bool = False
