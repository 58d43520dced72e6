"""The main job from outside: commands, SMTP and HTTP alone, on a spreadsheet nobody prepared."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator
from itertools import count
from math import isclose
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from tests.databases import postgres_url
from tests.live import Live, live
from tests.nasty import BAD, DOUBLES, ROWS, nasty_list
from tests.outside import Outside, links_of, outside
from tests.people import after_reading, hidden, some_time_after_sending

pytestmark = pytest.mark.slow

CASES = Path(__file__).parent.parent / "docs/examples/cases.json"
ISSUES = Path(__file__).parent.parent / "docs/examples/issues.json"
NUMBER = count()  # each test has a database of its own
SAYS = ("done", "will_do", "could_not", "cannot", "already", None)


@pytest.fixture
def elsewhere() -> Iterator[Outside]:
    with outside() as server:
        yield server


@pytest.fixture
def service(database_kind: str, tmp_path: Path, elsewhere: Outside) -> Iterator[Live]:
    url = "" if database_kind == "sqlite" else postgres_url(f"main_job_{next(NUMBER)}")
    with live(tmp_path / "data", url, SMTP_URL=elsewhere.url) as running:
        yield running


def test_from_a_spreadsheet_to_a_response_rate(
    service: Live, elsewhere: Outside, tmp_path: Path
) -> None:
    nasty = nasty_list()
    sheet = tmp_path / "Mitglieder été.csv"
    sheet.write_bytes(nasty.content)
    _set_up(service)

    imported = _import(service, sheet)
    assert imported["counts"]["new"] == ROWS - BAD - DOUBLES
    assert imported["counts"]["refused"] == BAD
    assert imported["counts"]["duplicate"] == DOUBLES
    lines: dict[str, list[int]] = {"refused": [], "duplicate": []}
    for problem in imported["problems"]:
        lines.get(problem["verdict"], []).append(problem["line"])
    assert sorted(set(lines["refused"])) == sorted(nasty.bad_lines)
    assert sorted(set(lines["duplicate"])) == sorted(nasty.double_lines)
    again = _import(service, sheet)
    assert (again["counts"]["new"], again["counts"]["changed"]) == (0, 0)

    issue = _issue(service)
    refused = nasty.addresses[7]
    elsewhere.refuse[refused] = "550 5.1.1 no such mailbox"
    sent = json.loads(service.docket("issues", "send", issue, "--wait", "--json"))
    assert sent["deliveries"]["sent"] == len(nasty.addresses) - 1
    assert sent["deliveries"]["failed"] == 1
    service.docket("issues", "send", issue, "--wait")
    mails = elsewhere.messages()  # fails when anybody got two
    assert set(mails) == set(nasty.addresses) - {refused}

    some_time_after_sending(service.services.database)
    said: Counter[tuple[int, str | None]] = Counter()
    for number, address in enumerate(sorted(mails)[:60]):
        for position, link in enumerate(links_of(mails[address])):
            answer = SAYS[(number + position) % len(SAYS)]
            said[position, answer] += 1
            _answer(service, link, answer, twice=number % 2 == 0)

    report = json.loads(service.docket("report", issue, "--json"))
    delivered = len(mails)
    assert report["deliveries"] == {
        "queued": 0,
        "sent": delivered,
        "failed": 1,
        "bounced": 0,
        "unknown": 0,
    }
    for position, ask in enumerate(report["asks"]):
        assert ask["delivered"] == delivered
        assert ask["reported"] == said[position, "done"]
        for name in ("will_do", "could_not", "cannot"):
            assert ask[name] == said[position, name]
        assert ask["already"] == said[position, "already"]
        assert ask["visited"] == 60
        assert (ask["evidenced"], ask["verified"], ask["suspect"]) == (0, 0, 0)
        rate = ask["action_rate"]
        assert (rate["numerator"], rate["denominator"]) == (ask["reported"], delivered)
        assert isclose(rate["value"], ask["reported"] / delivered)
        assert rate["low"] < rate["value"] < rate["high"]
    assert len(report["asks"]) == 2


def test_who_taps_at_once_is_asked_for_one_more_tap_and_counted_then(
    service: Live, elsewhere: Outside, tmp_path: Path
) -> None:
    sheet = tmp_path / "list.csv"
    sheet.write_text("Name,Email\nAda,ada@members.example\n")
    _set_up(service)
    _import(service, sheet)
    issue = _issue(service)
    service.docket("issues", "send", issue, "--wait")
    link = links_of(elsewhere.messages()["ada@members.example"])[0]
    page = _at_once(link)
    assert "One more tap, please" in page
    report = json.loads(service.docket("report", issue, "--json"))
    assert report["suspects"]["fast"]["open"] == 1
    assert [(ask["reported"], ask["suspect"]) for ask in report["asks"]] == [(0, 1), (0, 0)]
    fields = after_reading(service.services.links, link.rpartition("/")[2], page)
    assert "Recorded" in _post(link, fields | {"answer": "done"})[1]  # no minute has passed
    report = json.loads(service.docket("report", issue, "--json"))
    assert report["suspects"]["fast"]["answered"] == 1
    assert [(ask["reported"], ask["suspect"]) for ask in report["asks"]] == [(1, 0), (0, 0)]


def test_opening_every_link_of_a_mail_records_nothing_and_one_click_leaves(
    service: Live, elsewhere: Outside, tmp_path: Path
) -> None:
    sheet = tmp_path / "list.csv"
    sheet.write_text("Name,Email\nAda,ada@members.example\nBo,bo@members.example\n")
    _set_up(service)
    _import(service, sheet)
    issue = _issue(service)
    service.docket("issues", "send", issue, "--wait")
    mails = elsewhere.messages()

    message = mails["ada@members.example"]
    html = message.get_body(("html",))
    assert html is not None
    page = BeautifulSoup(html.get_content(), "html.parser")
    for link in {anchor["href"] for anchor in page.find_all("a")}:
        if link.startswith(service.url):
            for method in ("HEAD", "GET"):
                with urllib.request.urlopen(urllib.request.Request(link, method=method)):
                    pass
    counts = json.loads(service.docket("report", issue, "--json"))["asks"][0]
    assert sum(counts[n] for n in ("will_do", "reported", "could_not", "cannot", "suspect")) == 0
    assert counts["visited"] == 1

    one_click = str(message["List-Unsubscribe"]).split(">")[0].strip("< ")
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert _post(one_click, {"List-Unsubscribe": "One-Click"})[0] == 200
    refused = _import(service, sheet)
    assert refused["counts"]["refused"] == 1  # who left is not quietly brought back
    assert refused["counts"]["unchanged"] == 1


def _set_up(service: Live) -> None:
    link = service.docket(
        *("staff", "add", "petra@docket.example", "--name", "Petra", "--role", "admin")
    )
    assert f"{service.url}/sign-in/" in link
    service.docket(
        *("networks", "add", "lawyers", "--name", "Lawyers", "--sector", "legal"),
        *("--from-name", "Lawyers", "--from-email", "legal@docket.example"),
    )
    service.docket("cases", "import", CASES)


def _import(service: Live, sheet: Path) -> dict[str, object]:
    arguments = ("members", "import", sheet, "--network", "lawyers", "--consent", "a list")
    return dict(json.loads(service.docket(*arguments, "--json")))


def _issue(service: Live) -> str:
    return service.docket("issues", "import", ISSUES).strip()


def _answer(service: Live, link: str, answer: str | None, *, twice: bool) -> None:
    with urllib.request.urlopen(link) as response:
        page = response.read().decode()
    if answer is None:
        return
    fields = after_reading(service.services.links, link.rpartition("/")[2], page)
    for _time in range(1 + twice):
        status, page = _post(link, fields | {"answer": answer})
        assert status == 200
        assert "Recorded" in page


def _at_once(link: str) -> str:
    """As the first mail's reader does who waits for it with a finger on the button."""
    with urllib.request.urlopen(link) as response:
        fields = hidden(response.read().decode())
    return _post(link, fields | {"answer": "done"})[1]


def _post(url: str, values: dict[str, str]) -> tuple[int, str]:
    data = urllib.parse.urlencode(values).encode()
    try:
        with urllib.request.urlopen(url, data=data) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
