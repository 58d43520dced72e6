"""What is quoted, and what only looks so."""

from hypothesis import given
from hypothesis import strategies as st

from app.inbound.sorting import html_text, parsing, quoting
from tests.inbound.sorting.came_in import mail, multipart, part


def whole(raw: bytes) -> str:
    return quoting.whole(parsing.parse(raw))


def test_inline_answers_are_kept_without_what_they_answer() -> None:
    text = "On 2 Mar 2026 10:00, X <x@y.example> wrote:\n> First?\nYes.\n> Second?\nNo.\n> -- \n> X"
    assert quoting.written(text) == "Yes.\nNo."


def test_a_person_s_own_colon_is_no_attribution() -> None:
    for text in (
        "On 5 May 2026 I wrote to the minister:\n\nDear Sir",
        "I have two questions:\n\nWho? When?",
        "From: where did you get this?\nIt is good.",
        "From Monday on I am free.\nTo: be honest, I like it.",
        "Sent by registered post from my office today.",
        "At 10:00 the court decides:\n\nwe shall see.",
    ):
        assert quoting.written(text) == text


def test_mailbox_files_escape_a_line_that_begins_with_from() -> None:
    assert quoting.written("Hello\n>From now on I write") == "Hello\nFrom now on I write"


def test_flowed_lines_are_joined() -> None:
    text = "I have sent the \nletter today.\n \n>From here\n-- \nAnna"
    raw = mail(text, content_type='text/plain; charset=utf-8; format="flowed"')
    assert quoting.written(whole(raw)).startswith("I have sent the letter today.")
    assert "Anna" not in quoting.written(whole(raw))


def test_html_is_read_where_no_plain_text_says_anything() -> None:
    html = "<style>p{}</style><script>x</script><p>Je l&#39;ai <b>envoy&eacute;</b>.</p><p>Anna</p>"
    assert whole(mail(html, content_type="text/html")).strip() == "Je l'ai envoyé.\n\nAnna"
    both = multipart("alternative", part("text/plain", "Plain"), part("text/html", html))
    assert whole(mail(both[1], content_type=both[0])).strip() == "Plain"


def test_attachments_and_forwarded_mail_are_not_the_person_s_words() -> None:
    kind, body = multipart(
        "mixed",
        part("text/plain", "See below."),
        part("text/plain", "Done", "Content-Disposition: attachment; filename=a.txt\n"),
        part("message/rfc822", "From: a@b.example\nSubject: x\n\nDone"),
    )
    assert whole(mail(body, content_type=kind)).strip() == "See below."


def test_the_headers_above_an_original_are_read() -> None:
    text = (
        "fyi\n\nVon: Botschaft <INFO@embassy.example.com>\nGesendet: Montag\nAn: a@b.example;"
        " c@d.example\nBetreff: Re: Brief\n\nWir haben"
    )
    (block,) = quoting.blocks(text)
    assert block.sender == ("info@embassy.example.com",)
    assert set(block.recipients) == {"a@b.example", "c@d.example"}
    assert block.subject == "Re: Brief"


@given(st.text(alphabet=st.sampled_from("<>/divp bqra=\"'&;x\n"), max_size=300))
def test_any_markup_becomes_text(markup: str) -> None:
    assert "<p>" not in html_text.to_text(markup)


@given(
    st.lists(
        st.sampled_from(["> a", "b", "", "On 1 Jan 2026 10:00 x@y.z wrote:", "-- ", "From: x"])
    )
)
def test_nothing_is_invented(lines: list[str]) -> None:
    assert set(quoting.written("\n".join(lines)).split("\n")) <= {*lines, ""}
