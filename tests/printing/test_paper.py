"""Letters on paper, looked at as pictures and asked for their text: nothing that people wrote is
markup, and the square code leads where the link in the mail leads."""

import time
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.printing import press, typesetting
from app.printing.labels import labels
from app.printing.letters import tag
from app.printing.tree import breakable, tree
from newsletters.words import same
from tests.printing import paper

ADDRESS = "https://docket.example.org/r/1f.3.abcdefghijklmnopqrstuvwx"
NASTY = (
    "#panic(1)",
    '#read("/etc/passwd")',
    "$x^2$ $ y $",
    "@ref <label>",
    "\\ \\u{41} \\#",
    "`raw` ```typ #x```",
    "// no comment /* nor this */",
    "= Heading\n== Another",
    "- list\n+ enum\n/ term: x",
    "_a_ *b* ~ -- --- ... 'q' \"q\"",
    "https://a.example/#{x}",
    "[#box] {1 + 1} ](){}",
    '#import "@preview/x:0.1.0": *',
    "\u202eabc\u202c \u0645\u0631\u062d\u0628\u0627",
    "{{name}} %(x)s {page} {pages}",
)
MARKUP = ("math.equation", "raw", "ref", "footnote", "link")
TYPST = st.text(alphabet="#$@\\`*_[]()<>{}=+-/~.\"':;,!&%^|abc01 \n", max_size=80)


def an_ask(text: str, number: int = 1, address: str = ADDRESS) -> dict[str, Any]:
    lines = [line for line in text.splitlines() if line.strip()]
    return {
        "key": "1", "number": number, "headline": text, "over": text, "why": text,
        "deadline": text, "instructions": [{"k": "p", "c": [{"k": "t", "s": text}]}],
        "addressees": [{"lines": lines, "more": [[text, text]]}], "model": lines,
        "address": address, "link": address.removeprefix("https://"),
    }  # fmt: skip


def a_letter(text: str = "Words", number: int = 1, asks: int = 1, **own: Any) -> dict[str, Any]:
    said = [{"k": "p", "c": [{"k": kind, "s": text}]} for kind in ("t", "code")]
    said.append({"k": "pre", "lines": text.splitlines()})
    said.append({"k": "p", "c": [{"k": "link", "s": text, "c": [{"k": "t", "s": text}]}]})
    listed = [an_ask(text, place) for place in range(1, asks + 1)]
    case = {
        "kind": "case", "heading": text, "place": text, "restricted": True, "note": said,
        "body": said, "developments": [{"on": text, "text": text}], "wishes": text,
        "asks": listed,
    }  # fmt: skip
    section = {
        "kind": "section", "divider": True, "heading": text, "picture": None, "alt": text,
        "facts": [[text, text]], "body": said, "link": [text],
    }  # fmt: skip
    return {
        "lang": "en", "region": None, "rtl": False, "words": labels(same), "network": text,
        "return": [text], "day": text, "title": text, "greeting": text, "introduction": said,
        "parts": [case, section, {"kind": "gone", "text": text}], "closing": said,
        "signed": [text], "about": text, "name": text, "number": number,
        "asks": [{"number": ask["number"], "code": "1F-3-9KD2-Q8TV"} for ask in listed],
    } | own  # fmt: skip


def data(*letters: dict[str, Any], both_sides: bool = False) -> dict[str, Any]:
    return {
        "title": "Letters", "both_sides": both_sides, "pictures": {},
        "letters": deepcopy(list(letters)),
    }  # fmt: skip


def plain(text: str) -> str:
    """As it is read: how it is broken into lines is the page's own."""
    return "".join(text.replace("\u200b", "").split())


def is_set_as_it_is(text: str) -> None:
    made = data(a_letter(text))
    headings = [paper.text_of(one["body"]) for one in paper.elements(made, "heading")]
    assert [plain(one) for one in headings[:3]] == [
        plain(text), plain(text), plain(f"1. {text}"),
    ]  # fmt: skip
    for kind in MARKUP:
        assert paper.elements(made, kind) == [], kind
    assert len(paper.elements(made, "heading")) == len(headings) == 6


@pytest.mark.parametrize("text", NASTY)
def test_no_text_is_markup(text: str) -> None:
    is_set_as_it_is(text)


@given(TYPST.filter(lambda text: text.strip()))
@settings(max_examples=60)
def test_no_text_that_looks_like_typst_is_markup(text: str) -> None:
    is_set_as_it_is(text)


@given(TYPST)
@settings(max_examples=30)
def test_markdown_of_any_kind_is_set(text: str) -> None:
    body = tree(text)
    made = data(a_letter(introduction=body, closing=body))
    for kind in MARKUP:
        assert paper.elements(made, kind) == [], kind


def test_no_text_reads_a_file_or_reaches_another(tmp_path: Any) -> None:
    """What is set is text: it has no more of a file than its name."""
    made = data(a_letter('#read("letter.typ") #include "characters.typ"'))
    assert "sys.inputs" not in paper.text_of(paper.elements(made, "heading"))


@pytest.mark.parametrize("unit", ["word ", "x", "\u0645\u0631\u062d\u0628\u0627 ", "漢", "#$@ "])
def test_a_text_of_a_megabyte_becomes_pages(unit: str) -> None:
    text = breakable(unit * (1_000_000 // len(unit.encode())))
    letter = a_letter(introduction=[{"k": "p", "c": [{"k": "t", "s": text}]}])
    began = time.monotonic()
    made = press.pdf(data(letter), anyway=True)
    assert made.startswith(b"%PDF-")
    assert len(made) > 100_000
    assert time.monotonic() - began < press.PATIENCE


def test_the_deepest_markdown_is_set() -> None:
    nested = tree("> " * 11 + "a\n\n" + "".join(f"{'  ' * n}- a\n" for n in range(6)))
    assert press.pdf(data(a_letter(introduction=nested))).startswith(b"%PDF-")


def test_square_codes_lead_where_the_links_lead() -> None:
    asks = [an_ask("Words", n, ADDRESS.replace("1f.", f"1{'fgh'[n]}.")) for n in range(3)]
    letter = a_letter()
    letter["parts"][0]["asks"] = asks
    seen = [said for page in paper.pages(data(letter)) for said in paper.squares(page)]
    assert seen == [ask["address"] for ask in asks]


def test_a_square_code_is_large_enough_for_any_telephone() -> None:
    """Its 33 modules, of 41 with the quiet zone, are 24 mm wide where 20 would do."""
    (page, *_rest) = paper.pages(data(a_letter("W")))
    (_x, _y, width), *_ = paper._corners(
        page.convert("L").point(lambda value: 0 if value > 128 else 1)
    )
    assert width * paper.SIDE / paper.PPI * 25.4 > 20


def test_pages_are_of_a4() -> None:
    page = paper.pages(data(a_letter()), ppi=72)[0]
    assert page.size == (595, 842)


@pytest.mark.parametrize(("both_sides", "pages"), [(False, 2), (True, 3)])
def test_a_sheet_that_is_printed_on_both_sides_holds_one_members_letter(
    both_sides: bool, pages: int
) -> None:
    short = {"parts": [], "asks": 0}
    letters = [a_letter("Words", number, **short) for number in (1, 2)]
    made = paper.pages(data(*letters, both_sides=both_sides), ppi=30)
    assert len(made) == pages


def test_a_slip_of_many_asks_is_broken_over_pages() -> None:
    assert len(paper.pages(data(a_letter(asks=40)), ppi=30)) > 10


@pytest.mark.parametrize("rtl", [False, True])
def test_letters_of_both_directions_are_set(rtl: bool) -> None:
    letter = a_letter("\u0645\u0631\u062d\u0628\u0627", rtl=rtl, lang="ar" if rtl else "en")
    assert press.pdf(data(letter), anyway=True).startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ("en", None)),
        ("pt-BR", ("pt", "BR")),
        ("zh-Hant-tw", ("zh", "TW")),
        ("und", ("und", None)),
        ("x-klingon", ("en", None)),
        ("", ("en", None)),
    ],
)
def test_a_letter_of_any_language_is_set(language: str, expected: tuple[str, str | None]) -> None:
    assert tag(language) == expected
    lang, region = expected
    assert press.pdf(data(a_letter(lang=lang, region=region))).startswith(b"%PDF-")


def test_characters_that_no_font_has_are_told_and_can_be_printed_all_the_same() -> None:
    letter = a_letter("Na \U000f1234")
    with pytest.raises(press.Lacking) as lacking:
        press.pdf(data(letter))
    assert lacking.value.characters == ["\U000f1234"]
    assert press.pdf(data(letter), anyway=True).startswith(b"%PDF-")


def test_what_a_bare_machine_can_set_and_what_it_cannot() -> None:
    """typst brings fonts along: Latin, Greek, Cyrillic, Hebrew and plain Arabic are in them, what
    Urdu writes beyond that and Chinese are not."""
    import typst

    fonts = typst.Fonts(include_system_fonts=False)
    known = "éœ Δθ Жя של مرحبا “—€\u200b\u2068\u2069"
    assert list(typesetting.missing(known, fonts)) == []
    assert list(typesetting.missing("a\u06c1\u6f22b", fonts)) == ["\u06c1", "\u6f22"]


def test_accessible_pdf_is_what_is_made_where_it_can_be() -> None:
    made = press.pdf(data(a_letter()))
    assert b"pdfuaid" in made


def test_the_process_knows_nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEYS", "secret")
    seen: dict[str, Any] = {}
    run = press.subprocess.run

    def noted(command: list[str], **how: Any) -> Any:
        seen.update(how["env"])
        return run(command, **how)

    monkeypatch.setattr(press.subprocess, "run", noted)
    press.pdf(data(a_letter()))
    assert set(seen) <= set(press.KEPT)


def test_a_process_that_fails_or_hangs_prints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RuntimeError) as failed:
        press.pdf({"letters": [{"parts": [], "secret": "Ada"}]})
    assert "Ada" not in str(failed.value)
    monkeypatch.setattr(press, "PATIENCE", 0.001)
    with pytest.raises(press.Refused):
        press.pdf(data(a_letter()))
