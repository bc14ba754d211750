"""A part of a run's report: where its data comes from, and how it is shown. A new part is one module and one line in
`service.report.build.PARTS`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy.engine import Connection

from judge.scoring.blocks import Headline
from judge.scoring.jury import Seats, collapse
from judge.scoring.table import ScoreTable
from service.report.document import Grid, Say
from service.report.headline_blocks import headlines
from service.store import ledger, reads
from service.store.leaf_scores import LeafScores, leaf_scores
from service.store.scores import verdict_table

Report = dict[str, Any]


class Slice(NamedTuple):
    """One figure in the long form: whose, which (`overall`, `turn`, ...), of what, and the estimate."""

    whose: str
    kind: str
    value: str
    estimate: dict[str, Any]


class Source:
    """What the parts of one report read, each thing once."""

    def __init__(self, connection: Connection, run: reads.StoredRun, reference: str | None = None) -> None:
        self.connection = connection
        self.run = run
        self.reference = reference
        """The model that the bands of safety are relative to."""

    @cached_property
    def _verdicts(self) -> tuple[ScoreTable, Seats | None]:
        return verdict_table(self.connection, self.run)

    @property
    def verdicts(self) -> ScoreTable:
        """Every verdict, those of a jury's members one by one."""
        return self._verdicts[0]

    @property
    def seats(self) -> Seats | None:
        """Who sits on the jury; None for a run with one judge."""
        return self._verdicts[1]

    @cached_property
    def table(self) -> ScoreTable:
        """The verdicts that count: those of a jury as one a sitting."""
        jury = self.run.plan.jury
        return self.verdicts if self.seats is None or jury is None else collapse(self.verdicts, self.seats, jury)

    @property
    def same_members(self) -> bool:
        """Whether the same judges graded every model."""
        return self.seats is None or len(set(self.run.plan.seats)) == 1

    @cached_property
    def leaves(self) -> dict[str, LeafScores]:
        """The conversations of alignment and of safety, by block; empty for a run that asks none."""
        return leaf_scores(self.connection, self.run, self.verdicts, self.seats)

    @cached_property
    def headlines(self) -> dict[str, list[Headline]]:
        """By block, one of each model."""
        return {block: headlines(found) for block, found in self.leaves.items()}

    @cached_property
    def spent(self) -> dict[tuple[int, str], ledger.Spending]:
        """By (model, role)."""
        return ledger.spending(self.connection, self.run.id)


def _nothing(*_: Any) -> tuple[()]:
    return ()


@dataclass(frozen=True, slots=True)
class Part:
    """`of_run` gives keys of the report, `of_models` keys of each model, in the plan's order.

    The others make the document from the finished report (its models in order of their score): findings are sentences
    on what the figures show, notes what to know before quoting them, methods the ids of its figures in
    `judge/scoring/methods.yaml`.
    """

    of_run: Callable[[Source], Report] | None = None
    of_models: Callable[[Source], list[Report]] | None = None
    lines: Callable[[Report, Say], Iterable[str]] = _nothing
    findings: Callable[[Report, Say], Iterable[str]] = _nothing
    grids: Callable[[Report, Say], Iterable[Grid]] = _nothing
    notes: Callable[[Report, Say], Iterable[str]] = _nothing
    slices: Callable[[Report], Iterable[Slice]] = _nothing
    methods: Callable[[Report], Iterable[str]] = _nothing
