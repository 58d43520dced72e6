"""What is found of a draft: what stops it, what is worth a look, what is fine."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import now
from app.delivery.audience import count_by_sector
from app.issues import arranging
from app.issues.checks import Finding, Kind, Reach, findings
from app.issues.composing import House
from app.issues.editing import offer_asks
from app.issues.models import BlockKind, Issue
from app.networks.models import Membership
from tests import personas
from tests.issues.conftest import Draft, add_block, add_picture, write_draft
from tests.issues.desk import Desk

HOUSE = House("https://docket.example.org", takes_mail=True)


def found(session: Session, issue: Issue) -> list[Finding]:
    session.flush()
    return findings(session, issue, Reach(count_by_sector(session, issue)), HOUSE, now())


def texts(session: Session, issue: Issue, kind: Kind) -> list[str]:
    return [f"{one.where}: {one.what}" for one in found(session, issue) if one.kind == kind]


def spoil(session: Session, issue: Issue) -> None:
    """Everything that can be found of a draft."""
    case, personal = issue.cases[0], issue.cases[0].asks
    issue.subject, issue.preview = "", ""
    issue.greeting = "Dear {{name}}, {{nmae}}"
    issue.introduction = (
        "![](https://x.example/y.png) [a](https://a.example) [b](https://a.example)"
    )
    issue.closing = "> " * 20 + "deep\n\n{{country}}"
    personal[0].why, personal[0].instructions = " ", "![](https://x.example/z.png)"
    personal[0].deadline = (now() - timedelta(days=2)).date()
    personal[1].withdrawn_at = now()
    case.summary = "![](https://x.example/case.png)"
    case.status = "closed"
    for number in range(4):
        personas.ask(session, case, f"more-{number}", sectors=["legal"], headline=f"Ask {number}.")
    personas.ask(session, case, "nobody", sectors=["youth"], headline="Nobody's.")
    offer_asks(session, issue, case, [ask.id for ask in case.asks], now())
    add_block(session, issue, "case", note="![](https://x.example/n.png)")
    issue.every_block[-1].case = personas.case(session, sensitivity="confidential", title="Hidden")
    for kind in BlockKind:
        if kind is not BlockKind.CASE:
            arranging.add(session, issue, kind, now())
    for block in issue.blocks:
        if block.kind in ("news", "thanks", "colleagues", "event", "text"):
            block.words = {"en": {"body": ""}}
    add_block(session, issue, "event", body="x", address="javascript:x()")
    block = arranging.add(session, issue, BlockKind.PICTURE, now())
    block.picture = add_picture(session, issue.network_id, alts={})
    add_block(session, issue, "text", body="![](https://x.example/t.png)")


def test_what_is_found_of_a_good_draft_is_fine(session: Session, issue: Issue) -> None:
    kinds = {one.kind for one in found(session, issue)}
    assert kinds == {Kind.FINE}
    fine = texts(session, issue, Kind.FINE)
    assert fine[:3] == [
        "Cases: are all open, and no deadline is past.",
        "Asks: Every member gets one.",
        "Recipients: 3 members.",
    ]
    assert "Leaving: Every mail has its link for it." in fine


def test_each_thing_is_found_once_the_worst_first(session: Session, issue: Issue) -> None:
    spoil(session, issue)
    all_of_them = found(session, issue)
    order = [list(Kind).index(one.kind) for one in all_of_them]
    assert order == sorted(order)
    assert len(all_of_them) == len(set(all_of_them))
    assert {Kind.STOPS, Kind.WARNS} <= {one.kind for one in all_of_them}


def test_every_finding_leads_to_a_place_on_the_page(desk: Desk, draft: Draft) -> None:
    draft.change(spoil)
    desk.open()
    links = [str(a["href"]) for a in desk.page.select("#meaning .findings a")]
    assert len(links) > 20
    ids = {f"#{one['id']}" for one in desk.page.find_all(id=True)}
    assert {link for link in links if link not in ids} == set()


STOPPING: dict[str, Callable[[Session, Issue], object]] = {
    "Subject: is empty": lambda _s, issue: setattr(issue, "subject", " "),
    "Closing: holds a picture without alt": lambda _s, i: setattr(i, "closing", "![](http://x)"),
    "Introduction: is nested too deeply": lambda _s, i: setattr(i, "introduction", "> " * 20 + "x"),
    "{{nmae}}: is not a merge field": lambda _s, i: setattr(i, "greeting", "{{nmae}}"),
    "Mira Solenne: This case is closed": lambda _s, i: setattr(i.cases[0], "status", "stopped"),
    "Visit him.: has no reason": lambda _s, i: setattr(i.cases[0].asks[1], "why", ""),
    "Visit him.: This ask was withdrawn": lambda _s, i: setattr(
        i.cases[0].asks[1], "withdrawn_at", now()
    ),
    "Visit him.: Its deadline is past": lambda _s, i: setattr(
        i.cases[0].asks[1], "deadline", (now() - timedelta(days=2)).date()
    ),
    "Asks: There is none": lambda _s, i: arranging.take_out(i, i.blocks[0], now()),
    "Heading: has no words yet": lambda _s, i: setattr(
        i.blocks[1], "words", {"en": {"heading": "Heading"}}
    ),
    "Picture: has no picture yet": lambda s, i: arranging.add(s, i, BlockKind.PICTURE, now()),
    "Event: has an address that is no link": lambda s, i: add_block(
        s, i, "event", body="x", address="javascript:alert(1)"
    ),
    "Mira Solenne: holds a picture without alt": lambda _s, i: setattr(
        i.cases[0], "summary", "![](http://x)"
    ),
}


@pytest.mark.parametrize("what", STOPPING)
def test_what_stops_the_sending_is_named(session: Session, issue: Issue, what: str) -> None:
    STOPPING[what](session, issue)
    stops = texts(session, issue, Kind.STOPS)
    assert len(stops) == 1
    assert stops[0].startswith(what)


def test_without_members_nothing_goes_out(session: Session) -> None:
    asked = personas.ask(session, personas.case(session))
    issue = personas.issue(session, personas.network(session), [asked])
    assert texts(session, issue, Kind.STOPS) == [
        "Recipients: This network has no member who may be mailed."
    ]


WARNING: dict[str, Callable[[Session, Issue], object]] = {
    "Subject: has 61 characters": lambda _s, i: setattr(i, "subject", "x" * 61),
    "Preview line: is empty": lambda _s, i: setattr(i, "preview", ""),
    "Asks: 1 member gets none.": lambda s, i: offer_asks(
        s, i, i.cases[0], [i.cases[0].asks[0].id], now()
    ),
    "https://a.example: stands there 2 times.": lambda s, i: (
        setattr(i, "closing", "[a](https://a.example)"),
        add_block(s, i, "event", body="x", address="https://a.example"),
    ),
}


@pytest.mark.parametrize("what", WARNING)
def test_what_is_worth_a_look_is_named(session: Session, issue: Issue, what: str) -> None:
    WARNING[what](session, issue)
    warnings = texts(session, issue, Kind.WARNS)
    assert len(warnings) == 1
    assert warnings[0].startswith(what)
    assert texts(session, issue, Kind.STOPS) == []


def test_an_ask_that_fits_nobody_is_worth_a_look(session: Session, issue: Issue) -> None:
    case = issue.cases[0]
    personas.ask(session, case, "youth", sectors=["youth"], headline="For the young.")
    offer_asks(session, issue, case, [ask.id for ask in case.asks], now())
    assert texts(session, issue, Kind.WARNS) == ["For the young.: fits no member of this network."]


def test_more_asks_than_a_member_can_do_are_counted(session: Session, issue: Issue) -> None:
    case = issue.cases[0]
    for number in range(3):
        personas.ask(session, case, f"more-{number}", sectors=["legal"])
    offer_asks(session, issue, case, [ask.id for ask in case.asks], now())
    assert texts(session, issue, Kind.WARNS) == ["Asks: 2 members get more than 3."]


def test_members_for_whom_a_merge_field_stays_empty_are_counted(
    session: Session, issue: Issue
) -> None:
    personas.member(session, issue.network, "", country="FR")
    personas.member(session, issue.network, "Di", profession="judge", country="")
    personas.member(session, personas.network(session, "medical"), "")
    issue.greeting = "Dear {{name}}, {{ profession | colleague }}, {{name|colleague}}"
    issue.blocks[1].words = {"en": {"body": "In {{country}} and {{COUNTRY}}"}}
    warnings = texts(session, issue, Kind.WARNS)
    counted = [text for text in warnings if "stays empty" in text]
    assert counted == [
        "{{name}}: stays empty for 1 member; write {{name|…}} for them.",
        "{{country}}: stays empty for 4 members; write {{country|…}} for them.",
    ]
    issue.greeting = "Dear {{name|}},"
    assert "{{name}}" not in " ".join(texts(session, issue, Kind.WARNS))


def sent(session: Session, issue: Issue, ago: timedelta = timedelta(days=2), **values: Any) -> None:
    """One more issue of the same network went out."""
    network = values.pop("network", issue.network)
    asked = personas.ask(session, personas.case(session))
    personas.delivered(session, personas.issue(session, network, [asked]), at=now() - ago)


def test_members_who_got_four_issues_lately_are_counted(session: Session, issue: Issue) -> None:
    other = personas.network(session, "medical")
    both = personas.member(session, other, "Both Here")
    for _number in range(3):
        sent(session, issue)
    assert not [t for t in texts(session, issue, Kind.WARNS) if t.startswith("Often")]
    sent(session, issue, network=other)
    assert not [t for t in texts(session, issue, Kind.WARNS) if t.startswith("Often")]
    sent(session, issue, timedelta(days=31))
    assert not [t for t in texts(session, issue, Kind.WARNS) if t.startswith("Often")]
    sent(session, issue)
    personas.membership(session, both, issue.network)
    assert "Often: 3 members got four issues or more in the last 30 days." in texts(
        session, issue, Kind.WARNS
    )


def test_members_of_two_networks_are_counted_by_what_both_sent(
    session: Session, issue: Issue
) -> None:
    other = personas.network(session, "medical")
    both = personas.member(session, other, "Both Here")
    for _number in range(2):
        sent(session, issue, network=other)
    personas.membership(session, both, issue.network)
    for _number in range(2):
        sent(session, issue)
    assert "Often: 1 member got four issues or more in the last 30 days." in texts(
        session, issue, Kind.WARNS
    )


@pytest.mark.parametrize(("members", "kind"), [(10, Kind.FINE), (11, Kind.WARNS)])
def test_many_more_recipients_than_the_last_time_are_worth_a_look(
    session: Session, issue: Issue, members: int, kind: Kind
) -> None:
    sent(session, issue)
    for _number in range(members):
        personas.member(session, issue.network)
    assert f"Recipients: {members + 3}; the last issue went to 3." in texts(session, issue, kind)


@pytest.mark.parametrize(("left", "kind"), [(12, Kind.FINE), (13, Kind.WARNS)])
def test_many_fewer_recipients_are_worth_a_look_by_their_share(
    session: Session, left: int, kind: Kind
) -> None:
    network = personas.network(session)
    for _number in range(57):
        personas.member(session, network)
    issue = write_draft(session, network)  # with three more
    sent(session, issue)
    for membership in memberships(session, issue)[:left]:
        membership.ended_at = now()
    assert f"Recipients: {60 - left}; the last issue went to 60." in texts(session, issue, kind)


def memberships(session: Session, issue: Issue) -> list[Membership]:
    theirs = select(Membership).where(Membership.network_id == issue.network_id)
    return list(session.scalars(theirs))


def test_those_who_rest_are_counted(session: Session, issue: Issue) -> None:
    for _number in range(2):
        resting = personas.member(session, None)
        until = {"paused_until": now() + timedelta(days=3)}
        personas.membership(session, resting, issue.network, **until)
    assert "Paused: 2 members are on a pause." in texts(session, issue, Kind.FINE)


def test_a_mail_that_would_be_cut_off_is_worth_a_look(session: Session, issue: Issue) -> None:
    fine = next(t for t in texts(session, issue, Kind.FINE) if t.startswith("The mail"))
    assert 5 < int(fine.split()[3]) < 40
    issue.introduction = "word " * 10_000
    warned = next(t for t in texts(session, issue, Kind.WARNS) if t.startswith("The mail"))
    assert int(warned.split()[3]) > 100
    assert "Gmail cuts it off" in warned


def test_an_ask_that_nobody_gets_is_checked_for_links_and_merge_fields_too(
    session: Session, issue: Issue
) -> None:
    case = issue.cases[0]
    link = "[x](https://a.example) [x](https://a.example) {{country}}"
    personas.ask(session, case, "youth", sectors=["youth"], instructions=link)
    offer_asks(session, issue, case, [ask.id for ask in case.asks], now())
    warnings = texts(session, issue, Kind.WARNS)
    assert "https://a.example: stands there 2 times." in warnings
    assert [text for text in warnings if text.startswith("{{country}}: stays empty for 3")]


def test_what_is_found_is_shown_without_acting(desk: Desk, draft: Draft) -> None:
    sly = "<script>x()</script>%s%(num)s"
    heading = f"block{draft.blocks[1].id}-heading"
    body = heading.replace("heading", "body")
    desk.press(changes={heading: sly, body: "", "greeting": "{{nmae}} %(x)s"})
    assert f"{sly} has no words yet" in desk.text
    assert not desk.page.select("#meaning script")
    part = desk.client.get(f"/issues/{desk.issue_id}/checks").text
    assert not BeautifulSoup(part, "html.parser").find("script")
