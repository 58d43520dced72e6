"""The statements of the hot path, built once: to build one costs more than to run it.

They are of the Core, on tables rather than classes; parameters have the names that stand in them.
"""

from typing import Any

from sqlalchemy import Select, Table, bindparam, select, update
from sqlalchemy.orm import aliased

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


def recipients_of(deliveries: Any) -> Select[Any]:
    """(id, name, address, profession, country, may_be_mailed, membership) of each delivery; joined
    from the left, so that none is missing where another row is. Its parameter is `now`."""
    return (
        select(
            deliveries.id,
            Member.name,
            Member.email,
            Member.profession,
            Member.country,
            may_be_mailed(bindparam("now")).label("may_be_mailed"),
            Membership.id.label("membership"),
        )
        .select_from(deliveries)
        .outerjoin(Member, Member.id == deliveries.member_id)
        .outerjoin(Membership, Membership.id == deliveries.membership_id)
    )


TAKE = (
    recipients_of(aliased(Delivery, _ids))
    .outerjoin(Settlement, Settlement.delivery_id == _ids.c.id)
    .add_columns(Settlement.delivery_id.label("settled"))
    .order_by(_ids.c.id)
)
