"""Another tool's results as a run: what its importer found, and how that is stored, all or nothing."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Connection

from judge.checks.language import check_turn_language
from judge.pairwise import Comparison
from judge.prompt import template_hash
from judge.rubric import LikertRubric
from judge.scale import Scale
from judge.scoring.published_figure import PublishedFigure
from judge.types import Verdict
from questions.source import SourceError, printable
from questions.types import Question
from service.endpoint_plan import EndpointPlan
from service.errors import UsageError
from service.imported_plan import ImportedPlan
from service.pairwise_plan import GivenPair, PairwisePlan
from service.plan import RunPlan
from service.questions_plan import QuestionsPlan, SetPlan
from service.running import code_version
from service.sampling import Judging, Sampling
from service.store import Store, reads
from service.store.comparisons import ComparisonKey, save_comparison
from service.store.writes import TurnKey, VerdictKey, insert_run, save_answer, save_verdict

MAX_FILE_BYTES = 1024 * 2**20
MAX_ROWS = 1_000_000
API_ERROR = "$ERROR$"
"""What FastChat and Arena-Hard write where a model's server failed."""

Place = tuple[int, int]
"""Position of a question, and the turn from 1."""


@dataclass
class Compared:
    """The comparisons of a pair (positions of two models): by place, and by whether b was shown first."""

    a: int
    b: int
    asked: set[Place] = field(default_factory=set)
    found: dict[tuple[Place, bool], Comparison] = field(default_factory=dict)


@dataclass
class Found:
    """What was read.

    `answers` by (model, position, turn), None where the model's server had failed; `verdicts` likewise, None for a run
    without scores. `orders` in which every comparison was asked.
    """

    tool: str
    set_name: str
    judge: str
    rubric: LikertRubric
    questions: Sequence[Question]
    models: list[str]
    digest: str
    answers: dict[tuple[int, int, int], str | None] = field(default_factory=dict)
    verdicts: dict[tuple[int, int, int], Verdict] | None = None
    pairs: dict[tuple[int, int], Compared] = field(default_factory=dict)
    orders: int = 2
    figures: list[PublishedFigure] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def model(self, name: str) -> int:
        """The position of a model, which is added when it is new."""
        if name not in self.models:
            self.models.append(name)
        return self.models.index(name)

    def pair(self, a: int, b: int) -> Compared:
        """The comparisons of two models."""
        return self.pairs.setdefault((a, b), Compared(a, b))


def published_rubric(name: str, title: str, ends: tuple[float, float], prompts: Iterable[str]) -> LikertRubric:
    """A stand-in for a tool's own prompts, of which their names are known."""
    named = ", ".join(sorted(set(prompts))) or "unrecorded"
    low, high = ends
    return LikertRubric(
        id=name,
        version=1,
        title=title,
        language_rule="report",
        instructions=f"As published; prompts: {named}",
        scale=Scale(min=low, max=high, step=None),
    )


def checked_files(files: Iterable[Path]) -> list[Path]:
    """The files, none of them too large to be read. Errors: `SourceError`."""
    found = list(files)
    for file in found:
        if file.is_file() and file.stat().st_size > MAX_FILE_BYTES:
            raise SourceError.at(file, f"is larger than {MAX_FILE_BYTES // 2**20} MiB; split it")
    return found


def counted(
    files: Iterable[Path], read: Callable[[Path], Iterator[tuple[int, Mapping[str, Any]]]]
) -> Iterator[tuple[Path, int, Mapping[str, Any]]]:
    """(file, line, row) of all files, at most `MAX_ROWS`. Errors: `SourceError`."""
    rows = ((file, line, row) for file in files for line, row in read(file))
    for number, (file, line, row) in enumerate(rows, 1):
        if number > MAX_ROWS:
            raise SourceError.at(file, f"more than {MAX_ROWS:,} rows; import fewer files at a time", line=line)
        yield file, line, row


def digest_of(files: Iterable[Path]) -> str:
    """sha256 over the contents of the files."""
    found = hashlib.sha256()
    for file in files:
        with file.open("rb") as content:
            found.update(hashlib.file_digest(content, "sha256").digest())
    return found.hexdigest()


def name_of(value: str) -> str:
    """A model's or a judge's name from a file, safe to print."""
    return printable(value, 300).strip() or "unnamed"


def store_found(store: Store, found: Found, name: str | None) -> tuple[str, bool]:
    """As `store_import`."""

    def write(connection: Connection, run_id: int) -> None:
        _write_answers(connection, run_id, found)
        if found.verdicts is not None:
            _write_verdicts(connection, run_id, found, found.verdicts)
        for pair in found.pairs.values():
            _write_comparisons(connection, run_id, found, pair)

    return store_import(store, found.tool, _plan(found), found.questions, name, write)


def store_import(
    store: Store,
    tool: str,
    plan: RunPlan,
    questions: Sequence[Question],
    name: str | None,
    write: Callable[[Connection, int], None],
) -> tuple[str, bool]:
    """(the run's name, whether it is new); nothing is written where this raises.

    Raises:
        UsageError: the name stands for something else.
    """
    name = name or f"{tool}-{plan.hash()[:8]}"
    with store.read() as connection:
        stored = reads.find_run(connection, name)
    if stored is not None:
        if stored.plan.hash() == plan.hash():
            return name, False
        raise UsageError(f"run {name!r} already stands for something else; give this import another --name")
    with store.transaction() as connection:
        run_id = insert_run(
            connection, name=name, kind="import", plan=plan, questions=questions, code_version=code_version()
        )
        write(connection, run_id)
    return name, True


def _plan(found: Found) -> RunPlan:
    questions = QuestionsPlan.of(found.questions)
    hashes = {found.rubric.id: template_hash(found.rubric)}
    pairs = tuple(GivenPair(a=p.a, b=p.b, asked=len(p.asked)) for p in found.pairs.values())
    baseline = _baseline(found)
    return RunPlan(
        models=tuple(EndpointPlan(label=m, provider="imported", model=m, digest=found.digest) for m in found.models),
        judges=(EndpointPlan(label=found.judge, provider="imported", model=found.judge),),
        sets=(SetPlan(name=found.set_name, version="1", digest=questions.digest),),
        questions=questions,
        rubrics={found.rubric.id: found.rubric},
        default_rubric=found.rubric.id,
        prompt_hashes=hashes,
        samples=1,
        judge_repeats=0 if found.verdicts is None else 1,
        generation=Sampling(temperature=None, max_output_tokens=None),
        judging=Judging(temperature=None, max_output_tokens=None),
        pairwise=PairwisePlan(
            baseline=None if baseline is None else found.models[baseline],
            prompt_hashes=hashes,
            given=pairs,
            orders=1 if found.orders == 1 else 2,
        )
        if pairs
        else None,
        imported=ImportedPlan(tool=found.tool, figures=tuple(found.figures), notices=tuple(found.notices)),
    )


def _baseline(found: Found) -> int | None:
    """The second model of every pair, if it is always the same."""
    seconds = {pair.b for pair in found.pairs.values()}
    return seconds.pop() if len(seconds) == 1 else None


def _write_answers(connection: Connection, run_id: int, found: Found) -> None:
    for (model, position, turn), text in found.answers.items():
        key = TurnKey(run_id, model, position, 0, turn)
        if text is None:
            save_answer(key, "provider_error", error=f"{found.tool} stored no answer")(connection)
            continue
        language = check_turn_language(found.questions[position], turn, text) if text else None
        save_answer(key, "ok" if text.strip() else "empty", text=text, language=language)(connection)


def _write_verdicts(
    connection: Connection, run_id: int, found: Found, verdicts: dict[tuple[int, int, int], Verdict]
) -> None:
    missing = Verdict("skipped", error=f"{found.tool} stored no judgment")
    for position, question in enumerate(found.questions):
        for model in range(len(found.models)):
            for turn in range(1, len(question.turns) + 1):
                key = VerdictKey(TurnKey(run_id, model, position, 0, turn), 0, 0)
                save_verdict(key, verdicts.get((model, position, turn), missing))(connection)


def _write_comparisons(connection: Connection, run_id: int, found: Found, pair: Compared) -> None:
    missing = Comparison("skipped", error=f"{found.tool} stored no judgment")
    for place in sorted(pair.asked):
        for swapped in (False, True)[: found.orders]:
            position, turn = place
            key = ComparisonKey(run_id, position, 0, turn, pair.a, pair.b, 0, 0, swapped)
            save_comparison(key, pair.found.get((place, swapped), missing))(connection)
