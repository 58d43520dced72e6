"""What drafts want looked at is kept once, looked at by a worker when it is due, and forgotten."""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy.orm import Session

from app import scheduler
from app.outside import links as looking
from app.outside import watching
from app.outside.models import DomainLook, LinkLook, Trouble
from app.scheduling import ticking
from app.scheduling.recurring import Recurring
from app.services import Services
from tests import personas
from tests.outward.conftest import DOMAIN, PAGE, SIGNER, content, domains, links
from tests.outward.web import HERE, FakeNames, Web, status, to

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
PATIENCE = 60.0
NEWS = "news.veridia"
RECORDS = {
    DOMAIN: [],
    f"news.{DOMAIN}": ["v=spf1 mx -all"],
    f"_dmarc.{DOMAIN}": ["v=DMARC1; p=none"],
    SIGNER.record_name: [SIGNER.record],
}


def want(services: Services, *addresses: str, at: datetime = NOON) -> None:
    with services.database.writing() as session:
        watching.want(session, addresses, at)


def want_domain(services: Services, domain: str = DOMAIN, at: datetime = NOON) -> None:
    with services.database.writing() as session:
        watching.want_domain(session, f"legal@{domain}", at)


def the_link(services: Services) -> LinkLook:
    with services.database.reading() as session:
        [row] = links(session)
        return row


def the_domain(services: Services) -> DomainLook:
    with services.database.reading() as session:
        [row] = domains(session)
        return row


def look(services: Services, web: Web, at: datetime = NOON, **known: Any) -> FakeNames:
    names = FakeNames({NEWS: [[HERE]]}, **known)
    with time_machine.travel(at, tick=False):
        watching.look_outside(services, web.way(names))
    return names


def test_a_link_is_kept_once_however_often_and_by_whom_it_is_wanted(session: Session) -> None:
    watching.want(session, [PAGE, f"{PAGE}#top", PAGE], NOON)
    watching.want(session, [PAGE], NOON + timedelta(minutes=59))
    [row] = links(session)
    assert (row.address, row.wanted_at, row.next_look_at) == (PAGE, NOON, NOON)
    assert (row.looked_at, row.status, row.trouble, row.tries) == (None, None, "", 0)


def test_that_it_is_still_wanted_is_noted_and_what_was_seen_stays(
    session: Session, seen: Callable[..., LinkLook]
) -> None:
    seen(at=NOON, status=404)
    watching.want(session, [PAGE, "https://news.veridia/other"], NOON + DAY)
    session.expire_all()
    row, other = links(session)
    assert (row.wanted_at, row.looked_at, row.status) == (NOON + DAY, NOON, 404)
    assert other.looked_at is None


def test_what_must_not_be_looked_at_is_not_kept(session: Session) -> None:
    watching.want(
        session, ["mailto:a@b.veridia", "https://a:b@news.veridia/", "https://x.test"], NOON
    )
    watching.want(session, [], NOON)
    watching.want_domain(session, "legal@news.example.org", NOON)
    watching.want_domain(session, "legal@localhost", NOON)
    watching.want_domain(session, "", NOON)
    assert not links(session)
    assert not domains(session)


def test_a_draft_is_read_no_further_than_is_reasonable(session: Session) -> None:
    watching.want(session, [f"{PAGE}/{number}" for number in range(1000)], NOON)
    assert len(links(session)) == watching.MOST_OF_A_DRAFT


def test_two_at_once_want_the_same_and_neither_fails(services: Services) -> None:
    together = threading.Barrier(4, timeout=PATIENCE)
    failed: list[BaseException] = []
    addresses = [f"{PAGE}/{number}" for number in range(50)]

    def work(number: int) -> None:
        together.wait()
        try:
            want(services, *(addresses if number % 2 else reversed(addresses)))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    with services.database.reading() as session:
        assert len(links(session)) == 50


def test_a_draft_wants_its_links_and_its_senders_domain(
    session: Session, services: Services
) -> None:
    network = personas.network(session, from_address="legal@Quill.Veridia")
    draft = content(f"[Read]({PAGE}).", closing="[More](https://news.veridia/more)")
    off = replace(services.settings, link_checks=False)
    watching.want_of(session, off, draft, network, NOON)
    assert not links(session)
    watching.want_of(session, services.settings, draft, network, NOON)
    assert [row.address for row in links(session)] == ["https://news.veridia/more", PAGE]
    assert [row.domain for row in domains(session)] == [DOMAIN]


def test_what_is_due_is_looked_at_and_written_down(office: Services) -> None:
    with Web() as web:
        web.pages["/there"] = status(200)
        want(office, web.address("/there", NEWS))
        look(office, web)
        row = the_link(office)
        assert (row.status, row.trouble, row.tries) == (200, "", 0)
        assert (row.looked_at, row.next_look_at) == (NOON, NOON + DAY)
        look(office, web, NOON + DAY - timedelta(seconds=1))
        assert len(web.asked) == 1
        web.pages["/there"] = status(410)
        look(office, web, NOON + DAY)
        row = the_link(office)
        assert (row.status, row.next_look_at) == (410, NOON + DAY + timedelta(hours=1))


@pytest.mark.parametrize("trouble", ["error", "silence"])
def test_one_that_does_not_answer_is_tried_again_later_and_later(
    office: Services, trouble: str
) -> None:
    with Web() as web:
        web.pages["/"] = status(503)
        want(office, web.address("/", NEWS), at=NOON + DAY)
        known = {"silent": (NEWS,) if trouble == "silence" else ()}
        at, waits = NOON + DAY, []
        for tries in range(1, 6):
            look(office, web, at, **known)
            row = the_link(office)
            assert (row.looked_at, row.tries) == (at, tries)
            waits.append(row.next_look_at - at)
            at = row.next_look_at
        hour = timedelta(hours=1)
        assert waits == [timedelta(minutes=10), hour, DAY, DAY, DAY]
        web.pages["/"] = status(200)
        look(office, web, at)
        assert the_link(office).tries == 0


def test_a_link_that_leads_inside_is_written_down_as_such(office: Services) -> None:
    with Web() as web:
        web.pages["/"] = to(f"http://127.0.0.2:{web.port}/")
        want(office, web.address("/", NEWS))
        look(office, web)
        assert the_link(office).trouble == Trouble.PRIVATE
        assert the_link(office).status is None


def test_no_more_than_so_many_are_looked_at_in_one_run(office: Services) -> None:
    with Web() as web:
        want(office, *(web.address(f"/{number}", NEWS) for number in range(60)))
        look(office, web)
        assert len({asked.path for asked in web.asked}) == watching.MOST_LINKS
        look(office, web)
        assert len({asked.path for asked in web.asked}) == 60


def test_a_run_that_takes_too_long_leaves_the_rest_to_the_next(
    office: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "ROUND_SECONDS", 0)
    with Web() as web:
        want(office, web.address("/", NEWS))
        look(office, web)
        assert not web.asked


def test_one_that_brings_a_library_down_does_not_hold_up_the_others(
    office: Services, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fall(address: str, way: object) -> looking.Seen:
        if "bad" in address:
            raise RecursionError(address)
        return looking.Seen(200)

    monkeypatch.setattr(watching, "look", fall)
    want(office, "https://news.veridia/bad", "https://news.veridia/good")
    with Web() as web:
        look(office, web)
    with office.database.reading() as session:
        bad, good = links(session)
    assert (bad.trouble, bad.tries, good.status) == (Trouble.NO_ANSWER, 1, 200)


def test_what_nobody_wrote_on_for_a_week_is_left_alone(office: Services) -> None:
    with Web() as web:
        want(office, web.address("/", NEWS), at=NOON - timedelta(days=8))
        want_domain(office, at=NOON - timedelta(days=8))
        assert not look(office, web).asked
        want(office, web.address("/", NEWS))
        look(office, web)
        assert web.asked


def test_what_nobody_wanted_for_a_month_is_forgotten(session: Session, services: Services) -> None:
    watching.want(session, ["https://news.veridia/old"], NOON - timedelta(days=31))
    watching.want(session, [PAGE], NOON - timedelta(days=29))
    watching.want_domain(session, "a@old.veridia", NOON - timedelta(days=31))
    watching.want_domain(session, f"a@{DOMAIN}", NOON)
    session.commit()
    with time_machine.travel(NOON, tick=False):
        scheduler.forget_what_expired(services)
    assert [row.address for row in links(session)] == [PAGE]
    assert [row.domain for row in domains(session)] == [DOMAIN]


def test_a_clock_that_was_set_back_puts_no_look_off(
    office: Services, session: Session, seen: Callable[..., LinkLook]
) -> None:
    with Web() as web:
        seen(web.address("/", NEWS), at=NOON, next_look_at=NOON + 300 * DAY)
        session.commit()
        look(office, web)
        assert web.asked


def test_the_dns_of_a_sender_is_asked_and_what_it_says_kept_for_a_day(office: Services) -> None:
    want_domain(office)
    with Web() as web:
        look(office, web, texts=RECORDS, mail_servers={f"news.{DOMAIN}": ["mx.veridia"]})
        row = the_domain(office)
        assert (row.spf, row.dkim, row.dmarc, row.mx) == ("fine", "fine", "watches", "fine")
        assert (row.returns_to, row.signs_for) == (f"news.{DOMAIN}", DOMAIN)
        assert (row.trouble, row.tries, row.next_look_at) == ("", 0, NOON + DAY)
        assert not look(office, web, NOON + DAY - timedelta(seconds=1)).asked


def test_a_dns_in_trouble_is_asked_again_in_ten_minutes(office: Services) -> None:
    want_domain(office)
    with Web() as web:
        look(office, web, silent=(DOMAIN,))
        row = the_domain(office)
        assert (row.trouble, row.tries) == ("no answer", 1)
        assert row.next_look_at == NOON + timedelta(minutes=10)


def test_while_mail_goes_to_the_local_inbox_no_dns_is_asked(office: Services) -> None:
    want_domain(office)
    inbox = replace(office, settings=replace(office.settings, uses_inbox=True))
    with Web() as web:
        assert not look(inbox, web).asked
        assert the_domain(office).trouble == "local inbox"
        at = NOON + timedelta(minutes=10)
        assert look(office, web, at, texts=RECORDS).asked
        assert the_domain(office).trouble == ""


def test_a_house_that_must_not_call_out_does_not_and_forgets(office: Services) -> None:
    closed = replace(office, settings=replace(office.settings, link_checks=False))
    with Web() as web:
        want(office, web.address("/", NEWS))
        want_domain(office)
        assert not look(closed, web).asked
        assert not web.asked
    with office.database.reading() as session:
        assert not links(session)
        assert not domains(session)
    watching.look_outside(closed)


def test_what_is_forgotten_while_it_is_looked_at_stays_so(office: Services) -> None:
    def forget(_handler: object) -> None:
        with office.database.writing() as session:
            session.delete(links(session)[0])

    with Web() as web:
        web.pages["/"] = forget
        want(office, web.address("/", NEWS))
        look(office, web)
    with office.database.reading() as session:
        assert not links(session)


def test_no_transaction_is_open_while_it_looks(office: Services) -> None:
    """On SQLite another writer would wait in vain."""
    written = threading.Event()

    def write(_handler: object) -> None:
        want(office, "https://news.veridia/meanwhile")
        written.set()

    with Web() as web:
        web.pages["/"] = write
        want(office, web.address("/", NEWS))
        look(office, web)
    assert written.is_set()


def test_nothing_is_told_but_numbers(office: Services, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Web() as web:
        web.pages["/secret-case"] = status(404)
        want(office, web.address("/secret-case", NEWS), web.address("/other", NEWS))
        want_domain(office)
        look(office, web, texts=RECORDS)
    told = [vars(record) for record in caplog.records if record.name.startswith("app.outside")]
    assert [one["msg"] for one in told] == [
        *("sender domains were looked at", "links were looked at")
    ]
    assert (told[0]["domains"], told[1]["links"], told[1]["broken"]) == (1, 2, 2)
    text = " ".join(str(vars(record)) for record in caplog.records)
    assert "secret-case" not in text
    assert "veridia" not in text


def the_job() -> Recurring:
    return next(job for job in scheduler.JOBS if job.name == "look_outside")


def test_of_workers_that_tick_at_once_one_looks(
    office: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = threading.Barrier(3, timeout=PATIENCE)
    with Web() as web:
        web.pages["/"] = status(200)
        monkeypatch.setattr(watching, "_usual_way", lambda: web.way(FakeNames({NEWS: [[HERE]]})))
        want(office, web.address("/", NEWS))

        def work() -> None:
            together.wait()
            ticking.run_if_due(office, the_job())

        threads = [threading.Thread(target=work) for _number in range(3)]
        with time_machine.travel(NOON, tick=False):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert web.methods == ["HEAD"]


def test_a_job_with_nothing_to_do_asks_nobody(
    office: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_usual_way", lambda: pytest.fail("it looked"))
    assert ticking.run_now(office, the_job())


def test_a_job_ends_before_another_worker_may_begin() -> None:
    slowest = 30.0  # one link, or one domain whose DNS is silent, begun at the last moment
    assert watching.ROUND_SECONDS + slowest < the_job().lease.total_seconds()
