"""The statements of the hot path, built once: to build one costs more than to run it.

They are of the Core, on tables rather than classes; parameters have the names that stand in them.
"""

from typing import Any

from sqlalchemy import Table, bindparam, select, update

from app.delivery.audience import may_be_mailed
from app.delivery.models import Chunk, Delivery, Settlement, WorkerLease
from app.networks.models import Member, Membership

_worker: Any = WorkerLease.__table__
_chunk: Table = Chunk.__table__  # type: ignore[assignment]

BEAT = (
    update(_worker)
    .where(_worker.c.name == bindparam("worker"), _worker.c.gone_at.is_(None))
    .values(
        beat=_worker.c.beat + 1,
        seen_at=bindparam("now"),
        in_flight=bindparam("flying"),
        sent_last_minute=bindparam("lately"),
        answers=bindparam("outcomes"),
    )
)

TAKEN_TO = update(_chunk).where(_chunk.c.id == bindparam("chunk")).values(taken_to=bindparam("to"))

_ids = (
    select(Delivery.id, Delivery.member_id, Delivery.membership_id)
    .where(
        Delivery.id > bindparam("after"),
        Delivery.id <= bindparam("last"),
        Delivery.edition_id == bindparam("edition"),
    )
    .order_by(Delivery.id)
    # The limit tells the planner how few they are, whatever it believes of the whole table.
    .limit(bindparam("most"))
    .subquery()
)

# id, name, address, profession, country, may be mailed, SMTPUTF8, settled, has a membership
TAKE = (
    select(
        _ids.c.id,
        Member.name,
        Member.email,
        Member.profession,
        Member.country,
        may_be_mailed(),
        Member.smtputf8,
        Settlement.delivery_id,
        Membership.id,
    )
    .select_from(_ids)  # from the left, so that no row is missing where another is
    .outerjoin(Member, Member.id == _ids.c.member_id)
    .outerjoin(Membership, Membership.id == _ids.c.membership_id)
    .outerjoin(Settlement, Settlement.delivery_id == _ids.c.id)
    .order_by(_ids.c.id)
)
