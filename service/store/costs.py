"""What a run cost and how long it waited, by endpoint and by model."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from service.store.schema import answers, askings, completions, verdicts

_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class EndpointUse:
    """Deliveries of one endpoint in one role; seconds are of its replies. Tokens that were not told count as 0.

    `cost_usd` is the sum of the known prices, `unpriced` the number of deliveries without one.
    """

    endpoint: str
    role: str
    calls: int
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    cost_usd: float
    unpriced: int
    p50_s: float
    p95_s: float


def endpoint_use(connection: Connection, run_id: int) -> list[EndpointUse]:
    """Everything that was delivered for the run."""
    c, a = completions.c, askings.c
    waited: dict[tuple[str, str], list[float]] = defaultdict(list)
    rows = connection.execute(
        sa.select(a.endpoint, a.role, c.latency_s).join_from(completions, askings).where(c.run_id == run_id),
        execution_options={"yield_per": _AT_ONCE},
    )
    for endpoint, role, seconds in rows:
        waited[endpoint, role].append(seconds)
    summed = (
        sa.select(
            a.endpoint,
            a.role,
            sa.func.count().label("calls"),
            *(
                sa.func.coalesce(sa.func.sum(column), 0).label(column.name)
                for column in (c.prompt_tokens, c.cached_tokens, c.completion_tokens, c.reasoning_tokens)
            ),
            sa.func.coalesce(sa.func.sum(c.cost_usd), 0.0).label("cost_usd"),
            (sa.func.count() - sa.func.count(c.cost_usd)).label("unpriced"),
        )
        .join_from(completions, askings)
        .where(c.run_id == run_id)
        .group_by(a.endpoint, a.role)
        .order_by(a.role, a.endpoint)
    )
    found = []
    for row in connection.execute(summed):
        p50, p95 = np.percentile(np.array(waited[row.endpoint, row.role]), [50, 95])
        found.append(EndpointUse(**row._mapping, p50_s=float(p50), p95_s=float(p95)))
    return found


def reused(connection: Connection, run_id: int) -> int:
    """Answers and verdicts of the run that another run had already bought."""
    count = 0
    for table in (answers, verdicts):
        joined = table.join(completions, completions.c.id == table.c.completion_id)
        mine = (table.c.run_id == run_id) & (completions.c.run_id != run_id)
        count += connection.scalar(sa.select(sa.func.count()).select_from(joined).where(mine)) or 0
    return count
