"""Links are looked at as a stranger would, and nowhere but where everybody may."""

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.outside.connecting import AGENT
from app.outside.links import MOST_REDIRECTS, Seen, Way, look
from app.outside.models import Trouble
from tests.mail.certificates import certificate, server_context
from tests.outward.web import HERE, FakeNames, Handler, Web, by_method, status, to

SOON = 0.5  # seconds: what a server is given that will not answer
LONG = 60.0
REFUSED = Seen(trouble=Trouble.PRIVATE)


@pytest.fixture
def web() -> Iterator[Web]:
    with Web() as web:
        yield web


@pytest.mark.parametrize("code", [200, 204, 206, 304])
def test_a_page_that_is_there_is_asked_for_by_its_head_alone(web: Web, code: int) -> None:
    web.pages["/a?b=1"] = status(code)
    assert look(web.address("/a?b=1#top"), web.way()) == Seen(code)
    [asked] = web.asked
    assert (asked.method, asked.path) == ("HEAD", "/a?b=1")
    assert asked.headers["host"] == f"{HERE}:{web.port}"
    assert asked.headers["user-agent"] == AGENT == "Docket link check"


def test_nothing_is_told_of_whoever_asks(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    web.pages["/"] = status(302, Location="/next", **{"Set-Cookie": "seen=1"})
    web.pages["/next"] = status(200)
    with Web() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.address())
        assert look(web.address(), web.way()) == Seen(200)
        assert not proxy.asked
    for asked in web.asked:
        assert set(asked.headers) == {
            *("host", "user-agent", "accept", "accept-encoding", "connection")
        }


@pytest.mark.parametrize("code", [403, 404, 405, 500, 501])
def test_where_a_head_is_refused_the_page_is_asked_for(web: Web, code: int) -> None:
    web.pages["/"] = by_method(HEAD=status(code), GET=status(206))
    assert look(web.address(), web.way()) == Seen(206)
    assert web.methods == ["HEAD", "GET"]
    assert web.asked[1].headers["range"] == "bytes=0-0"


def test_where_a_head_is_hung_up_on_the_page_is_asked_for(web: Web) -> None:
    web.pages["/"] = by_method(HEAD=lambda _handler: None, GET=status(200))
    assert look(web.address(), web.way()) == Seen(200)


@pytest.mark.parametrize("code", [401, 403, 404, 410, 500, 503])
def test_what_the_page_answers_is_what_counts(web: Web, code: int) -> None:
    web.pages["/"] = status(code)
    assert look(web.address(), web.way()) == Seen(code)


def test_who_says_that_it_is_too_much_is_not_asked_twice(web: Web) -> None:
    web.pages["/"] = status(429)
    assert look(web.address(), web.way()) == Seen(429)
    assert web.methods == ["HEAD"]


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirects_are_followed(web: Web, code: int) -> None:
    web.pages["/"] = to("next", code)
    web.pages["/next"] = to(web.address("/caf\u00e9"), code)
    web.pages["/caf%C3%A9"] = status(200)
    assert look(web.address(), web.way()) == Seen(200)
    assert [asked.path for asked in web.asked] == ["/", "/next", "/caf%C3%A9"]


def test_a_redirect_to_nowhere_is_an_answer(web: Web) -> None:
    web.pages["/"] = status(302)
    assert look(web.address(), web.way()) == Seen(302)


def test_redirects_come_to_an_end(web: Web) -> None:
    web.pages["/"] = to("/")
    assert look(web.address(), web.way()) == Seen(trouble=Trouble.CIRCLES)
    assert len(web.asked) == MOST_REDIRECTS + 1


def test_as_many_redirects_as_are_allowed_are_followed(web: Web) -> None:
    for number in range(MOST_REDIRECTS):
        web.pages[f"/{number}"] = to(f"/{number + 1}")
    web.pages[f"/{MOST_REDIRECTS}"] = status(200)
    assert look(web.address("/0"), web.way()) == Seen(200)


@pytest.mark.parametrize(
    ("location", "trouble"),
    [
        ("ftp://news.veridia/", Trouble.ELSEWHERE),
        ("file:///etc/passwd", Trouble.ELSEWHERE),
        ("http://127.0.0.1:{port}@10.0.0.1/", Trouble.PASSWORD),
        ("http://ada:secret@127.0.0.1:{port}/there", Trouble.PASSWORD),
        ("http://127.0.0.2:{port}/there", Trouble.PRIVATE),
        ("http://169.254.169.254:{port}/latest/meta-data/", Trouble.PRIVATE),
        ("http://[::1]:{port}/", Trouble.PRIVATE),
        ("http://[::ffff:127.0.0.1]:{port}/", Trouble.PRIVATE),
        ("http://localhost:{port}/", Trouble.PRIVATE),
        ("http://intranet:{port}/", Trouble.PRIVATE),
        ("http://127.0.0.1/", Trouble.ELSEWHERE),
        ("http://127.0.0.1:22/", Trouble.ELSEWHERE),
        ("http://2130706433:{port}/", Trouble.MALFORMED),
        ("http://[::1", Trouble.MALFORMED),
    ],
)
def test_a_redirect_is_no_way_to_where_a_link_may_not_lead(
    web: Web, location: str, trouble: Trouble
) -> None:
    web.pages["/"] = to(location.format(port=web.port))
    web.pages["/there"] = status(200)
    assert look(web.address(), web.way()) == Seen(trouble=trouble)
    assert [asked.path for asked in web.asked] == ["/"]


def test_without_a_tests_leave_loopback_is_never_reached(web: Web) -> None:
    names = FakeNames({"news.veridia": [[HERE]], "both.veridia": [["8.8.8.8", HERE]]})
    closed = Way(names, ports=(web.port,))
    assert look(web.address(), closed) == REFUSED
    assert look(web.address(host="news.veridia"), closed) == REFUSED
    assert look(web.address(host="both.veridia"), closed) == REFUSED
    assert not web.asked


def test_without_a_tests_leave_only_the_ports_of_the_web_are_asked(web: Web) -> None:
    closed = Way(FakeNames(), allowed=(HERE,))
    assert look(web.address(), closed) == Seen(trouble=Trouble.ELSEWHERE)
    assert not web.asked


def test_who_names_another_server_a_moment_later_has_no_second_chance() -> None:
    """DNS rebinding: the address that was checked is the one that is asked, HEAD and GET alike."""
    with Web() as web, Web("127.0.0.2") as inside:
        inside.pages["/"] = status(200)
        web.pages["/"] = by_method(HEAD=status(405), GET=status(206))
        names = FakeNames({"news.veridia": [[HERE], ["127.0.0.2"]]})
        way = web.way(names)
        assert look(web.address(host="news.veridia"), way) == Seen(206)
        assert names.asked == [("addresses", "news.veridia")]
        assert web.methods == ["HEAD", "GET"]
        assert web.asked[0].headers["host"] == f"news.veridia:{web.port}"
        assert not inside.asked


def test_after_a_redirect_to_itself_a_name_is_checked_anew(web: Web) -> None:
    web.pages["/"] = to("/there")
    web.pages["/there"] = status(200)
    names = FakeNames({"news.veridia": [[HERE], ["127.0.0.2"]]})
    assert look(web.address(host="news.veridia"), web.way(names)) == REFUSED
    assert [asked.path for asked in web.asked] == ["/"]


def test_a_server_that_is_away_leaves_time_for_the_next(web: Web) -> None:
    web.pages["/"] = status(200)
    names = FakeNames({"news.veridia": [["127.0.0.2", HERE]]})
    way = Way(names, allowed=(HERE, "127.0.0.2"), ports=(web.port,))
    assert look(web.address(host="news.veridia"), way) == Seen(200)


@pytest.mark.parametrize(
    ("names", "trouble"),
    [
        (FakeNames(), Trouble.NO_NAME),
        (FakeNames({"news.veridia": [[]]}), Trouble.NO_NAME),
        (FakeNames(silent=("news.veridia",)), Trouble.NO_ANSWER),
    ],
)
def test_a_name_that_is_unknown_is_not_one_that_was_not_answered(
    web: Web, names: FakeNames, trouble: Trouble
) -> None:
    assert look(web.address(host="news.veridia"), web.way(names)) == Seen(trouble=trouble)


def test_nobody_at_the_port_is_no_answer() -> None:
    with Web() as web:
        way, address = web.way(), web.address()
    assert look(address, way) == Seen(trouble=Trouble.NO_ANSWER)


def wait(handler: Handler) -> None:
    handler.server.web.ended.wait(LONG)


def drip(handler: Handler) -> None:
    """A letter now and then, so that no single read takes long."""
    handler.say("HTTP/1.1 200 So\nX-Long: ")
    for _letter in range(300):
        handler.say("a")
        if handler.server.web.ended.wait(0.02):
            return
    handler.say("\n\n")


def early(handler: Handler) -> None:
    """Announces an answer for ever."""
    while True:
        handler.say("HTTP/1.1 100 Continue\n\n")


def endless_line(handler: Handler) -> None:
    while True:
        handler.wfile.write(b"a" * 4096)


def long_head(handler: Handler) -> None:
    """As much as the library would take."""
    handler.say("HTTP/1.1 200 So\n" + f"X-More: {'a' * 60_000}\n" * 90 + "\n")


def nonsense(handler: Handler) -> None:
    handler.wfile.write(b"\x16\x03\x01\x00\xff hello\r\n\r\n")


@pytest.mark.parametrize(
    "page",
    [wait, drip, early, endless_line, long_head, nonsense],
    ids=lambda page: page.__name__,
)
def test_a_server_that_answers_badly_holds_nobody_up(web: Web, page: object) -> None:
    web.pages["/"] = page  # type: ignore[assignment]
    assert look(web.address(), web.way(seconds=SOON)) == Seen(trouble=Trouble.NO_ANSWER)


def test_the_time_is_that_of_all_redirects_together(web: Web) -> None:
    web.pages["/"] = to("/slow")
    web.pages["/slow"] = wait
    assert look(web.address(), web.way(seconds=SOON)) == Seen(trouble=Trouble.NO_ANSWER)


def test_of_a_body_nothing_is_waited_for(web: Web) -> None:
    """It has no end, and who sends it is soon hung up on."""
    hung_up = threading.Event()

    def flood(handler: Handler) -> None:
        handler.say("HTTP/1.1 200 So\n\n")
        try:
            while not handler.server.web.ended.is_set():
                handler.wfile.write(b"a" * 65536)
        except OSError:
            hung_up.set()

    web.pages["/"] = by_method(HEAD=status(405), GET=flood)
    assert look(web.address(), web.way()) == Seen(200)
    assert hung_up.wait(LONG)


class TestTls:
    @pytest.fixture
    def sealed(self, tmp_path: Path) -> Iterator[tuple[Web, ssl.SSLContext, list[str | None]]]:
        """A server with a certificate for 127.0.0.1, who trusts it, and by which names it was asked
        for."""
        path, asked_by = certificate(tmp_path), []
        context = server_context(path)
        context.sni_callback = lambda _socket, name, _context: asked_by.append(name)  # type: ignore[assignment]
        with Web(context=context) as web:
            web.pages["/"] = status(200)
            yield web, ssl.create_default_context(cafile=path), asked_by

    def test_a_certificate_that_is_trusted_and_fits_is_fine(
        self, sealed: tuple[Web, ssl.SSLContext, list[str | None]]
    ) -> None:
        web, trust, _asked_by = sealed
        assert look(web.address(), web.way(context=trust)) == Seen(200)

    def test_one_for_another_name_is_trouble_and_the_name_is_the_links(
        self, sealed: tuple[Web, ssl.SSLContext, list[str | None]]
    ) -> None:
        web, trust, asked_by = sealed
        way = web.way(FakeNames({"news.veridia": [[HERE]]}), context=trust)
        seen = look(web.address(host="news.veridia"), way)
        assert seen == Seen(trouble=Trouble.CERTIFICATE)
        assert asked_by == ["news.veridia"]
        assert not web.asked

    def test_one_that_nobody_vouches_for_is_trouble(
        self, sealed: tuple[Web, ssl.SSLContext, list[str | None]]
    ) -> None:
        web, _trust, _asked_by = sealed
        assert look(web.address(), web.way()) == Seen(trouble=Trouble.CERTIFICATE)

    def test_a_server_without_tls_gives_no_answer(self, web: Web) -> None:
        address = web.address().replace("http://", "https://")
        assert look(address, web.way()) == Seen(trouble=Trouble.NO_ANSWER)

    def test_a_handshake_that_does_not_end_holds_nobody_up(self) -> None:
        with socket.create_server((HERE, 0)) as listening:  # and never looks who is there
            port = listening.getsockname()[1]
            way = Way(FakeNames(), allowed=(HERE,), ports=(port,), seconds=SOON)
            seen = look(f"https://{HERE}:{port}/", way)
        assert seen == Seen(trouble=Trouble.NO_ANSWER)
