"""Values that try to break out of the place they are put into."""

import unicodedata

from hypothesis import strategies as st

from newsletters.content import Recipient

NASTY = (
    *("", " ", '"', "'", "=3D", "=", "==\t==", "=\r\n", "&amp;", "\\", "%s", "{token}"),
    *(".", "..", "." * 80, ".\n.", "\r\n.\r\n", ". " * 100, "..é", "From me", "F", "From é"),
    *("a\r\nBcc: all@members.example", "\r\n\r\n<p>", "\0", "a\0b\x07\x1b[2J\x7f", "\x85"),
    *("\ud800", "a\udfffb", "\U0010ffff", "\ufeff", "nb\u00a0sp", "tab\there", "two  blanks"),
    *("\u200fمرحبا\u202e", "\u2066left", "👩‍🚀" * 30, "é" * 500, "e\u0301" * 40, "ﬁ ß ǅ"),
    *("x" * 75, "x" * 76, "x" * 77, "x" * 998, "x" * 5_000, "w " * 600, "=" * 75),
    *("é" * 25, "é" * 26, " a ", "\u2028", "\\u{e000}", "{{name}}", "a\\", "(comment)", "--"),
    *("=?utf-8?q?a?=", "=?utf-8?b?", "?=", "a,b;c:d<e@f>", "]]>", "javascript:x", "<!--"),
    *("--=_docket_alternative--", "\r\n--=_docket_alternative--\r\n", "</html>"),
    *("<script>alert(1)</script>", '" onload="boo()'),
)
values = st.sampled_from(NASTY) | st.text(st.characters(exclude_categories=[]), max_size=300)
in_headers = values.filter(lambda value: not {"\r", "\n", "\0"} & set(value))
members = st.builds(
    Recipient,
    name=in_headers,
    address=st.sampled_from(["zoe@members.example", "žoë@münster.example", "o'h+x/y@a-b.example"]),
    fields=st.fixed_dictionaries(
        {}, optional={"name": values, "profession": values, "country": values}
    ),
)


def arrives_as(value: str) -> str:
    """A value as its reader sees it: no controls, one line, halves of characters as "?"."""
    shown = "".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in value)
    return " ".join(shown.split()).encode("utf-8", "replace").decode()
