"""The text part, written from the blocks. Every answer link stands alone on its line."""

import textwrap
from collections.abc import Iterator

from newsletters.content import Addressee, Ask, CaseBlock, Issue, Section
from newsletters.markdown import normalise
from newsletters.slots import Slot, Slots
from newsletters.words import Translate, act, day

WIDTH = 72


def text(issue: Issue, slots: Slots, translate: Translate) -> str:
    """The whole text with its slots marked; lines end with LF."""
    blocks = list(_blocks(issue, slots, translate))
    return "\n\n".join(block for block in blocks if block.strip()) + "\n"


def _blocks(issue: Issue, slots: Slots, t: Translate) -> Iterator[str]:
    yield _wrapped(issue.title.upper() if issue.title.isascii() else issue.title)
    yield _wrapped(issue.greeting)
    yield _wrapped(issue.introduction)
    for block in issue.blocks:
        if isinstance(block, CaseBlock):
            yield from _case(block, issue.language, slots, t)
        else:
            yield from _section(block, t)
    yield "-" * WIDTH
    yield _wrapped(issue.closing)
    yield _wrapped(f"{issue.sender_name}\n{issue.network_name}")
    yield "-- \n" + _footer(issue, slots, t)


def _section(block: Section, t: Translate) -> Iterator[str]:
    if block.kind == "divider":
        yield "-" * WIDTH
    yield _wrapped(f"# {block.heading}") if block.heading else ""
    if block.picture:
        yield _wrapped(f"[{t('Picture')}: {block.picture.alt}]")
    yield "\n".join(_wrapped(f"{fact.label}: {fact.text}") for fact in block.facts)
    yield _wrapped(block.body)
    if block.link:
        label = f"{_wrapped(block.link.label)}:\n" if block.link.label else ""
        yield label + block.link.address


def _case(case: CaseBlock, language: str, slots: Slots, t: Translate) -> Iterator[str]:
    yield "=" * WIDTH + "\n" + _wrapped(f"{case.heading}\n{case.place}")
    if case.restricted:
        yield _wrapped(t("Not for publication."))
    yield _wrapped(case.note)
    yield _wrapped(case.body)
    for development in case.developments:
        yield _wrapped(f"{day(development.on, language)}: {development.text}")
    if case.wishes:
        yield _wrapped(f"{t('What they wish')}: {case.wishes}")
    for ask in case.asks:
        yield from _ask(ask, language, slots, t)


def _ask(ask: Ask, language: str, slots: Slots, t: Translate) -> Iterator[str]:
    yield _wrapped(f"> {t('We ask you')}: {ask.headline}")
    yield _wrapped(f"{t('Why you')}: {ask.why}")
    if ask.deadline:
        yield f"{t('By')}: {day(ask.deadline, language)}"
    label = _wrapped(f"{act(ask.kind, ask.button, t)}:")
    yield f"{label}\n{slots.mark(Slot('answer', ask.key))}"
    yield _wrapped(ask.instructions)
    for addressee in ask.addressees:
        yield _addressee(addressee, t)
    if ask.copied:
        label = t("Put this address in Bcc of your mail, or send us a picture of your letter:")
        yield f"{_wrapped(label)}\n{slots.mark(Slot('copy', ask.key))}"
    if ask.model_text:
        yield f"{t('You may write, better in your own words')}:\n\n" + _indented(ask.model_text)


def _addressee(addressee: Addressee, t: Translate) -> str:
    lines = [t("Write to") + ":", addressee.name, addressee.title, *addressee.post.splitlines()]
    if addressee.fax:
        lines.append(f"{t('Fax')}: {addressee.fax}")
    if addressee.email:
        lines.append(addressee.email)
    if addressee.salutation:
        lines.append(f"{t('Salutation')}: {addressee.salutation}")
    if addressee.copies:
        lines.append(f"{t('Copies to')}: {', '.join(addressee.copies)}")
    return _wrapped("\n".join(line for line in lines if line.strip()))


def _footer(issue: Issue, slots: Slots, t: Translate) -> str:
    about = t("You get this because you are a member of this network:")
    lines = [_wrapped(f"{about} {issue.network_name}.")]
    if issue.postal_address:
        lines.append(_wrapped(issue.postal_address))
    lines += [f"{t('Leave the network')}:", slots.mark(Slot("unsubscribe"))]
    return "\n".join(lines)


def _wrapped(words: str) -> str:
    """Paragraphs and list items at 72 columns; what a coordinator broke stays broken."""
    return "\n".join(_filled(line) for line in normalise(words).strip().split("\n"))


def _filled(line: str) -> str:
    return textwrap.fill(
        line,
        WIDTH,
        subsequent_indent=_hang(line),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _hang(line: str) -> str:
    return "  " if line.startswith(("- ", "* ", "> ")) else ""


def _indented(words: str) -> str:
    return textwrap.indent(_wrapped(words), "    ")
