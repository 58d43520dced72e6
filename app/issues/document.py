"""An issue's words, blocks and asks as one JSON document: what a version keeps, what is exported.

Its shape is that of an issue in docs/interchange.md. Within this service a block also carries its
id, so that a version that is brought back gives each block what it had.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases.models import Case
from app.issues.editing import (
    WORDS,
    beginning_of,
    offer_asks,
    offered,
    put_in_order,
    require_draft,
    rewrite,
)
from app.issues.models import Block, BlockKind, Issue
from app.media.models import Picture

OF_ITS_OWN = "id"  # names a block within this service


def document_of(issue: Issue, *, with_ids: bool = False) -> dict[str, Any]:
    words = {name: getattr(issue, name) for name in WORDS}
    blocks = [_block(issue, block, with_ids) for block in issue.blocks]
    return {
        "network": issue.network.code,
        "reference": issue.reference or f"issue-{issue.id}",
        **words,
        "language": issue.language,
        "blocks": blocks,
    }


def apply(session: Session, issue: Issue, document: Mapping[str, Any], now: datetime) -> None:
    """Make a draft what the document says. What it names that is no longer here is left out."""
    require_draft(issue)
    rewrite(issue, {name: document[name] for name in WORDS if name in document}, now)
    issue.language = document.get("language", issue.language)
    _apply_blocks(session, issue, blocks_of(document), now)
    issue.updated_at = now


def blocks_of(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Its blocks; `cases` alone is the short way to say that there are no others."""
    if "blocks" in document:
        return list(document["blocks"])
    return [{"kind": BlockKind.CASE.value, **part} for part in document.get("cases", ())]


def _block(issue: Issue, block: Block, with_ids: bool) -> dict[str, Any]:
    said: dict[str, Any] = {"kind": block.kind}
    if with_ids:
        said[OF_ITS_OWN] = block.id
    if block.case is not None:
        said["case"] = block.case.reference
        ids = offered(issue, block.case)
        said["asks"] = [ask.reference for ask in block.case.asks if ask.id in ids]
    if block.picture is not None:
        said["picture"] = block.picture.token
    if words := {language: held for language, held in block.words.items() if held}:
        said["words"] = words
    if block.record:
        said["record"] = block.record
    return said


def _apply_blocks(
    session: Session, issue: Issue, wanted: Sequence[Mapping[str, Any]], now: datetime
) -> None:
    standing = set(issue.blocks)
    order: list[Block | None] = []
    for said in wanted:
        order.append(_held_or_new(session, issue, said, order, now))
    kept = [(block, said) for block, said in zip(order, wanted, strict=True) if block is not None]
    for block in standing - {block for block, _ in kept}:
        block.removed_at = now
    for position, (block, said) in enumerate(kept):
        block.position, block.removed_at = position, None
        block.words = dict(said.get("words", {}))
        block.record = dict(said.get("record", block.record))
        block.picture = _picture(session, issue, said)
    issue.every_block.sort(key=lambda block: (block.position, block.id or 0))
    issue.offers = [offer for offer in issue.offers if offer.ask.case in issue.cases]
    put_in_order(issue)
    session.flush()  # new blocks get their ids, and their cases' asks are looked up
    for block, said in kept:
        if block.case is not None:
            offer_asks(session, issue, block.case, _asks(block.case, said), now)


def _held_or_new(
    session: Session,
    issue: Issue,
    said: Mapping[str, Any],
    taken: Sequence[Block | None],
    now: datetime,
) -> Block | None:
    kind = BlockKind(said["kind"])
    case = _case(session, said) if kind is BlockKind.CASE else None
    if kind is BlockKind.CASE and case is None:
        return None
    for block in issue.every_block:
        if block not in taken and _is_it(block, said, case):
            return block
    made = Block(kind=kind, case=case) if case else beginning_of(session, issue, kind, now)
    issue.every_block.append(made)
    return made


def _is_it(block: Block, said: Mapping[str, Any], case: Case | None) -> bool:
    """By its case, else by its id; where none is said, one of its kind that stands there."""
    if case is not None:
        return block.case_id == case.id
    is_named = block.id == said[OF_ITS_OWN] if OF_ITS_OWN in said else block.removed_at is None
    return block.kind == said["kind"] and is_named


def _asks(case: Case, said: Mapping[str, Any]) -> list[int]:
    names = said.get("asks")
    asks = [ask for ask in case.asks if not ask.withdrawn_at]
    return [ask.id for ask in asks if names is None or ask.reference in names]


def _case(session: Session, said: Mapping[str, Any]) -> Case | None:
    return session.scalars(select(Case).where(Case.reference == said["case"])).first()


def _picture(session: Session, issue: Issue, said: Mapping[str, Any]) -> Picture | None:
    of_ours = select(Picture).where(
        Picture.network_id == issue.network_id, Picture.token == said.get("picture")
    )
    return session.scalars(of_ours).first()
