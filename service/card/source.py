"""What the card of a judge is made from: the runs in which it judged, and their rows as the card's lines want them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from sqlalchemy.engine import Connection

from judge.probes.cells import Cells
from judge.probes.items import ORIGINAL, ItemName
from judge.scoring.table import Integers
from providers.family import family
from service.card.probe import KIND, VARIANTS, pairs_name
from service.endpoint_plan import EndpointPlan
from service.errors import UsageError
from service.store import reads
from service.store.comparison_scores import comparison_table
from service.store.judged import Deliveries, JudgedRows, answer_texts, deliveries, judged_rows, question_ids


class Judged(NamedTuple):
    """A run, and where the judge stands in its plan."""

    run: reads.StoredRun
    place: int


class Pairs(NamedTuple):
    """Comparisons in both orders: who was preferred with the one and with the other shown first, 1, 0 or -1.

    `names` are (question, model a, model b) of each; `of_probe` where the answers are those of a probe.
    """

    names: list[tuple[str, str, str]]
    forward: Integers
    swapped: Integers
    of_probe: bool


@dataclass(frozen=True, slots=True)
class Subject:
    """What a card is about: the judge, its newest probe (the run of variants and that of pairs), its other runs."""

    judge: EndpointPlan
    probe: Judged | None
    pairs: Judged | None
    runs: tuple[Judged, ...]

    @property
    def every(self) -> tuple[Judged, ...]:
        return tuple(j for j in (self.probe, self.pairs, *self.runs) if j is not None)


def find_subject(connection: Connection, judge: str, names: Sequence[str] = ()) -> Subject:
    """The judge of that spec or label in the database; `names` are the runs to use, all that it judged without any.

    Raises:
        StoreError, UsageError: no such run, a run that it did not judge, or it judged nothing yet.
    """
    runs = reads.all_runs(connection)
    found = [Judged(run, place) for run in runs if (place := _place(run, judge)) is not None]
    probes = [j for j in found if j.run.kind == KIND and j.run.plan.models[0].label == VARIANTS]
    probe = probes[-1] if probes else None
    pairs = next((j for j in found if probe and j.run.name == pairs_name(probe.run.name)), None)
    ordinary = tuple(j for j in found if j.run.kind not in (KIND, "import"))
    if names:
        wanted = [reads.get_run(connection, name).name for name in dict.fromkeys(names)]
        chosen = {j.run.name: j for j in ordinary}
        for name in wanted:
            if name not in chosen:
                raise UsageError(f"{judge} graded nothing in run {name!r}; name runs that it judged, or none for all")
        ordinary = tuple(chosen[name] for name in wanted)
    if probe is None and not ordinary:
        raise UsageError(
            f"nothing that {judge} judged is in the database; try it first: kojudge judge probe -j {judge}"
        )
    newest = probe or ordinary[-1]
    return Subject(newest.run.plan.judges[newest.place], probe, pairs, ordinary)


def _place(run: reads.StoredRun, judge: str) -> int | None:
    names = [(j.label, str(j.spec())) for j in run.plan.judges]
    return next((place for place, known in enumerate(names) if judge in known), None)


class Source:
    """What the lines of one card are made from, each thing read once."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        self.connection = connection
        self.subject = subject
        self._rows: dict[int, JudgedRows] = {}
        self._ids: dict[int, list[str]] = {}
        self._texts: dict[int, dict[tuple[int, int, int, int], str]] = {}

    @property
    def family(self) -> str:
        """The judge's."""
        return family(self.subject.judge.model)

    def rows(self, run: reads.StoredRun) -> JudgedRows:
        if run.id not in self._rows:
            self._rows[run.id] = judged_rows(self.connection, run)
        return self._rows[run.id]

    def ids(self, run: reads.StoredRun) -> list[str]:
        if run.id not in self._ids:
            self._ids[run.id] = question_ids(self.connection, run)
        return self._ids[run.id]

    def texts(self, run: reads.StoredRun) -> dict[tuple[int, int, int, int], str]:
        if run.id not in self._texts:
            self._texts[run.id] = answer_texts(self.connection, run)
        return self._texts[run.id]

    @cached_property
    def deliveries(self) -> Deliveries:
        return deliveries(self.connection, self.subject.every)

    @cached_property
    def cells(self) -> Cells | None:
        """The scores of the probe's items; None without a probe."""
        if self.subject.probe is None:
            return None
        points: dict[ItemName, float] = {}
        texts: dict[ItemName, str] = {}
        for judged in (self.subject.probe, self.subject.pairs):
            if judged is None:
                continue
            ids, rows = self.ids(judged.run), self.rows(judged.run)
            for model, question, score in zip(rows.model, rows.question, rows.points, strict=True):
                if not np.isnan(score):
                    points[_item(judged, ids[question], int(model))] = float(score)
            for (model, question, _, _), text in self.texts(judged.run).items():
                texts[_item(judged, ids[question], model)] = text
        return Cells(points, texts)

    @cached_property
    def pairs(self) -> list[Pairs]:
        """Every comparison that the judge made, of the probe first."""
        found = []
        for judged in (self.subject.pairs, *self.subject.runs):
            if judged is not None and judged.run.plan.comparisons_by(judged.place):
                found.append(self._pairs(judged))
        return found

    def _pairs(self, judged: Judged) -> Pairs:
        table = comparison_table(self.connection, judged.run)
        ids = self.ids(judged.run)
        mine = table.judge == table.judges.index(judged.run.plan.judges[judged.place].label)
        models = [tuple(table.models[m] for m in pair) for pair in table.pairs]
        names = [(ids[q], *models[p]) for q, p in zip(table.question[mine], table.pair[mine], strict=True)]
        return Pairs(names, table.said_forward[mine], table.said_swapped[mine], judged is self.subject.pairs)


def _item(judged: Judged, question_id: str, model: int) -> ItemName:
    label = judged.run.plan.models[model].label
    return ItemName.of(question_id) if label == VARIANTS else ItemName(question_id, label, ORIGINAL)


def codes(names: Iterable[object]) -> Integers:
    """Names as numbers."""
    known: dict[object, int] = {}
    return np.asarray([known.setdefault(name, len(known)) for name in names], dtype=np.int64)
