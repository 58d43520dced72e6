"""The DNS is asked over its own protocol, and answers in time or not at all."""

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import dns.message
import dns.rcode
import dns.rrset
import pytest
from dns.resolver import NoResolverConfiguration, Resolver

from app.outside import resolving
from app.outside.names import NoSuchName, Unanswered
from app.outside.resolving import Dns

Records = dict[tuple[str, str], list[str]]
LONG = ("ab" * 120, "cd" * 120)
KNOWN: Records = {
    ("quill.veridia.", "A"): ["8.8.8.8", "9.9.9.9"],
    ("quill.veridia.", "AAAA"): ["2001:67c::1"],
    ("quill.veridia.", "TXT"): ['"v=spf1 -all"', f'"{LONG[0]}" "{LONG[1]}"', '"caf\\195\\169"'],
    ("quill.veridia.", "MX"): ["10 mx.quill.veridia.", "20 two.quill.veridia."],
    ("silent.veridia.", "MX"): ["0 ."],
    ("named.veridia.", "TXT"): ['"one"'],
}


@contextmanager
def served(change: Callable[[Any], Any] = lambda answer: answer) -> Iterator[Dns]:
    """By a name server on loopback that knows what is KNOWN; `change` is given each answer."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            query, sock = dns.message.from_wire(self.request[0]), self.request[1]
            answer = change(_answer(query))
            if answer is not None:
                sock.sendto(answer.to_wire(), self.client_address)

    with socketserver.UDPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        resolver = Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], server.server_address[1]
        try:
            yield Dns(resolver)
        finally:
            server.shutdown()
            thread.join()


def _answer(query: Any) -> Any:
    answer, [question] = dns.message.make_response(query), query.question
    name, kind = question.name.to_text(), question.rdtype.name
    if records := KNOWN.get((name, kind)):
        answer.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *records))
    elif not any(known == name for known, _kind in KNOWN):
        answer.set_rcode(dns.rcode.NXDOMAIN)
    return answer


def failing(answer: Any) -> Any:
    answer.set_rcode(dns.rcode.SERVFAIL)
    return answer


def test_the_addresses_of_a_name_come_with_ipv4_first() -> None:
    with served() as names:
        found = names.addresses("quill.veridia", 5)
        assert (sorted(found[:2]), found[2:]) == (["8.8.8.8", "9.9.9.9"], ["2001:67c::1"])
        assert names.addresses("named.veridia", 5) == []


def test_the_strings_of_a_text_are_put_together() -> None:
    with served() as names:
        found = names.texts("quill.veridia")
        assert sorted(found) == sorted(["v=spf1 -all", "".join(LONG), "caf\u00e9"])


def test_mail_servers_are_named_and_none_is_an_empty_name() -> None:
    with served() as names:
        found = names.mail_servers("quill.veridia")
        assert sorted(found) == ["mx.quill.veridia", "two.quill.veridia"]
        assert names.mail_servers("silent.veridia") == [""]
        assert names.mail_servers("named.veridia") == []


def test_a_name_that_nobody_has_is_no_such_name() -> None:
    with served() as names:
        for ask in (names.texts, names.mail_servers, lambda name: names.addresses(name, 5)):
            with pytest.raises(NoSuchName):
                ask("nobody.veridia")


@pytest.mark.parametrize("change", [failing, lambda _answer: None], ids=["fails", "is silent"])
def test_a_server_that_does_not_know_gives_no_answer_in_time(
    change: Callable[[Any], Any],
) -> None:
    with served(change) as names, pytest.raises(Unanswered):
        names.addresses("quill.veridia", 0.2)


@pytest.mark.parametrize("name", ["a" * 64 + ".veridia", "a..veridia", ".".join(["ab" * 20] * 9)])
def test_what_is_no_name_is_not_asked_for(name: str) -> None:
    with served() as names, pytest.raises(Unanswered):
        names.texts(name)


def test_where_no_resolver_is_set_nothing_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Resolver:
        raise NoResolverConfiguration

    monkeypatch.setattr(resolving, "Resolver", none)
    with pytest.raises(Unanswered):
        Dns().texts("quill.veridia")
