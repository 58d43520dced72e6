"""Members and issues by the million, made by statements that know no single one of them."""

from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.clock import now
from app.db import Database
from app.delivery import preparing
from app.issues.models import Block, BlockKind, Issue, Offer
from app.networks.models import Network
from tests import personas

ASKS, NEWS = 5, 6
WHAT_HAPPENED = (
    "Tamsin Arkwell was taken from her office on 3 March and has been held at the **Weir House** "
    "since – nobody has seen her."
)
_NUMBERS = {
    "sqlite": "(WITH RECURSIVE given(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM given "
    "WHERE n < :last) SELECT n FROM given) AS given",
    "postgresql": "generate_series(cast(:first AS bigint), cast(:last AS bigint)) AS given(n)",
}
_MEMBERS = """
INSERT INTO member (id, email, email_key, smtputf8, name, profession, country,
                    created_at, updated_at)
SELECT n, 'member' || n || '@members.example', 'member' || n || '@members.example', {false},
       'Ada Quill ' || n, 'avocate', 'FR', {now}, {now}
FROM {numbers}
"""
_MEMBERSHIPS = """
INSERT INTO membership (member_id, network_id, sector, source, started_at, consent_wording,
                        consent_source, consent_at, notes, leaving_note, least_days)
SELECT id, :network, 'legal', 'import', created_at, 'I agree.', 'sign-up sheet', created_at, '', '',
       0
FROM member WHERE id BETWEEN :first AND :last
"""


def numbers(kind: str) -> str:
    """Rows with one column `n`, from :first to :last."""
    return _NUMBERS[kind]


def sql_now(kind: str) -> str:
    return "strftime('%Y-%m-%d %H:%M:%f000', 'now')" if kind == "sqlite" else "now()"


def members(session: Session, first: int, last: int) -> None:
    kind = session.get_bind().dialect.name
    words = {
        "numbers": numbers(kind),
        "false": "0" if kind == "sqlite" else "false",
        "now": sql_now(kind),
    }
    session.execute(text(_MEMBERS.format_map(words)), {"first": first, "last": last})


def network(session: Session, code: str, first: int, last: int) -> Network:
    """A network of the members with these numbers."""
    made = personas.network(session, code, postal_address="2 Rope Walk, Gull’s End")
    span = {"first": first, "last": last, "network": made.id}
    session.execute(text(_MEMBERSHIPS), span)
    return made


def settle_down(database: Database) -> None:
    """Fresh statistics and nothing left to write, as where nothing was filled a moment ago."""
    if database.engine.dialect.name == "sqlite":
        with database.writing() as session:
            session.execute(text("ANALYZE"))
        return
    alone = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    with alone.connect() as connection:
        for statement in ("VACUUM ANALYZE", "CHECKPOINT"):
            connection.execute(text(statement))


def issue(session: Session, network: Network, *, small: bool = False) -> Issue:
    """Five asks and some news: about 54 KB of HTML and 3 KB of text; `small`: one ask alone."""
    asked = [_case(session, number) for number in range(1 if small else ASKS)]
    asks = [_ask(session, case) for case in asked]
    news = [] if small else [_news(session) for _ in range(NEWS)]
    made = personas.issue(
        session,
        network,
        asks,
        title="Five letters before the rains",
        subject="{{name|Colleague}}, two letters before the 16th – Vardania",
        preview="Tamsin Arkwell has not seen a lawyer since March.",
        introduction="Last month *forty-one* of you wrote. Here is what is needed now.",
        closing="With thanks and warm regards,",
        sender_name="Perpetua Vane",
    )
    made.every_block += [
        Block(kind=BlockKind.CASE, case=case, position=ASKS + n) for n, case in enumerate(news)
    ]
    session.flush()  # the offers' ids are the keys of the asks
    return made


def another(session: Session, issue: Issue, network: Network | None = None) -> Issue:
    """The next issue, or another network's: the same words once more."""
    made = Issue(network=network or issue.network, created_at=now(), updated_at=now())
    for name in ("title", "subject", "preview", "greeting", "introduction", "closing"):
        setattr(made, name, getattr(issue, name))
    made.sender_name, made.language = issue.sender_name, issue.language
    made.every_block = [
        Block(kind=BlockKind.CASE, case=one.case, position=one.position) for one in issue.blocks
    ]
    made.offers = [Offer(ask=one.ask, position=one.position) for one in issue.offers]
    session.add(made)
    session.flush()  # its id is wanted
    return made


def freeze(session: Session, issue: Issue) -> int:
    """As if staff had pressed "send"; how many deliveries."""
    preparing.schedule(session, issue, now(), None, now())
    return preparing.freeze(session, issue.id, now())


def _case(session: Session, number: int) -> personas.Case:
    return personas.case(
        session,
        title="Tamsin Arkwell, kept from her lawyer",
        place="Port Merrow, Vardania",
        summary=WHAT_HAPPENED,
    )


def _news(session: Session) -> personas.Case:
    """A case of which nothing is asked yet."""
    return personas.case(session, title="Ødger Lindqvale-Moor", summary="Free!", place="")


def _ask(session: Session, case: personas.Case) -> personas.Ask:
    return personas.ask(
        session,
        case,
        headline="Write to the Minister of Justice as a {{profession|professional}}.",
        why="The Minister answers to her own profession.",
        instructions="Please be *courteous*.",
        deadline=now().date() + timedelta(days=90),
    )
