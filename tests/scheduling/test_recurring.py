"""When something is due, through the days on which clocks are changed."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.scheduling.recurring import Daily, Every, Rule

PARIS, NEW_YORK = ZoneInfo("Europe/Paris"), ZoneInfo("America/New_York")
AWKWARD = [
    *("Europe/Paris", "America/New_York", "Australia/Lord_Howe", "America/St_Johns"),
    *("Asia/Kathmandu", "America/Sao_Paulo", "Africa/Casablanca", "Pacific/Chatham"),
]
MOMENTS = st.integers(631_152_000, 2_114_380_800).map(  # 1990 to 2037
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)


def runs(rule: Rule, zone: ZoneInfo, since: datetime, count: int) -> list[datetime]:
    found = []
    for _ in range(count):
        since = rule.next_after(since, zone)
        found.append(since)
    return found


@pytest.mark.parametrize(
    ("zone", "at", "day", "expected"),
    [
        # 29 March 2026, 02:00 becomes 03:00.
        (PARIS, time(2, 30), date(2026, 3, 29), "2026-03-29T03:30+02:00"),
        (PARIS, time(3, 30), date(2026, 3, 29), "2026-03-29T03:30+02:00"),
        # 25 October 2026, 03:00 becomes 02:00: half past two comes twice.
        (PARIS, time(2, 30), date(2026, 10, 25), "2026-10-25T02:30+02:00"),
        (PARIS, time(3, 30), date(2026, 10, 25), "2026-10-25T03:30+01:00"),
        # 8 March and 1 November 2026.
        (NEW_YORK, time(2, 30), date(2026, 3, 8), "2026-03-08T03:30-04:00"),
        (NEW_YORK, time(1, 30), date(2026, 11, 1), "2026-11-01T01:30-04:00"),
        (NEW_YORK, time(2, 30), date(2026, 11, 1), "2026-11-01T02:30-05:00"),
    ],
)
def test_a_day_on_which_clocks_change_has_one_run(
    zone: ZoneInfo, at: time, day: date, expected: str
) -> None:
    eve = datetime.combine(day, time(0, 1), zone)
    first, second = runs(Daily(at), zone, eve, 2)
    assert first == datetime.fromisoformat(expected)
    assert second.astimezone(zone).date() == day + timedelta(days=1)
    assert second.astimezone(zone).time() == at


@given(MOMENTS, st.times(), st.sampled_from(AWKWARD))
def test_daily_is_once_for_each_day_whatever_the_zone_does(
    since: datetime, at: time, name: str
) -> None:
    zone = ZoneInfo(name)
    found = runs(Daily(at.replace(tzinfo=None, microsecond=0)), zone, since, 400)
    assert found[0] > since
    gaps = {later - earlier for earlier, later in pairwise(found)}
    assert gaps <= {timedelta(hours=n / 2) for n in (46, 47, 48, 49, 50)}
    # Where clocks skip midnight, a day's time may come in the first minutes of the next.
    days = [(run - timedelta(hours=1)).astimezone(zone).date() for run in found]
    assert max(days) - min(days) in (timedelta(days=398), timedelta(days=399), timedelta(days=400))


def test_a_day_that_an_island_skipped_has_no_run_of_its_own() -> None:
    apia = ZoneInfo("Pacific/Apia")  # went from 29 to 31 December 2011
    found = runs(Daily(time(3, 30)), apia, datetime(2011, 12, 28, tzinfo=UTC), 4)
    assert [run.astimezone(apia).day for run in found] == [28, 29, 31, 1]


@given(MOMENTS, st.sampled_from([0.5, 1, 2, 7, 30, 3600, 86400]))
def test_every_is_the_same_instants_for_everybody(moment: datetime, seconds: float) -> None:
    due = Every(seconds).next_after(moment, PARIS)
    assert timedelta() < due - moment <= timedelta(seconds=seconds)
    assert due == Every(seconds).next_after(moment, NEW_YORK)
    assert Every(seconds).next_after(due - timedelta(microseconds=1), PARIS) == due
    assert Every(seconds).next_after(due, PARIS) - due == timedelta(seconds=seconds)


def test_an_hour_between_runs_stays_one_when_clocks_change() -> None:
    found = runs(Every(3600), PARIS, datetime(2026, 3, 28, 23, tzinfo=UTC), 6)
    assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(hours=1)}


def test_a_rule_says_in_words_what_it_is() -> None:
    assert Every(30).words(PARIS) == "every 30 s"
    assert Daily(time(3, 30)).words(PARIS) == "daily at 03:30 Europe/Paris"
