"""LogicKor's result folders: in as runs whose failures are failures again, out as files its tools can read.

LogicKor stores a judge that failed as the score 0 with a fixed message. On the way in such a verdict becomes
`unparsed`; the number that was published is kept beside it, so the published overall can still be told.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import Connection

from judge.checks.language import check_turn_language
from judge.prompt import template_hash
from judge.rubric import load_rubric
from judge.types import Verdict
from questions.readers.logickor import LogicKorRow, LogicKorVerdict, read_rows
from questions.source import SourceError, printable
from questions.types import Question
from service.endpoint_plan import EndpointPlan
from service.interchange.importing import store_import
from service.plan import DEFAULT_RUBRIC, RunPlan
from service.questions_plan import QuestionsPlan, SetPlan
from service.sampling import Judging, Sampling
from service.store import Store
from service.store.writes import TurnKey, VerdictKey, save_answer, save_verdict

FAILURE_PREFIX = "Impossible to judge"
JUDGE = "logickor:unrecorded"
_SCALE = (0.0, 10.0)


@dataclass(frozen=True, slots=True)
class EvaluatedFile:
    label: str
    rows: dict[int, LogicKorRow]
    digest: str


def import_logickor(store: Store, path: Path, name: str | None) -> tuple[str, bool]:
    """Import a folder of `evaluated/**.jsonl` (or one file) as one run; (its name, whether it was new).

    The files do not say which judge or parameters made them; the run says so.

    Raises:
        SourceError, UsageError: one line; nothing is written.
    """
    files = list(_read_files(path))
    questions, positions = _common_questions(files)

    def write(connection: Connection, run_id: int) -> None:
        for model, file in enumerate(files):
            for row in file.rows.values():
                position = positions[row.id]
                _write_row(connection, run_id, model, position, questions[position], row)

    return store_import(store, "logickor", _plan(files, questions), questions, name, write)


def _read_files(path: Path) -> Iterator[EvaluatedFile]:
    shown = printable(path, 200)
    if not path.exists():
        raise SourceError(f"{shown} does not exist")
    if (path / "evaluated").is_dir():
        path /= "evaluated"  # LogicKor's own folder: what is beside it was only generated
    paths = sorted(path.rglob("*.jsonl")) if path.is_dir() else [path]
    if not paths:
        raise SourceError(f"{shown} holds no .jsonl file; name LogicKor's `evaluated` folder")
    for file in paths:
        rows: dict[int, LogicKorRow] = {}
        for number, row in read_rows(file):
            where = f"{printable(file, 200)}:{number}"
            if row.id in rows:
                raise SourceError(f"{where}: id {row.id} is there twice")
            _check_evaluated(row, where)
            rows[row.id] = row
        if not rows:
            raise SourceError(f"{printable(file, 200)} holds no row")
        yield EvaluatedFile(_label(file, path), rows, hashlib.sha256(file.read_bytes()).hexdigest())


def _check_evaluated(row: LogicKorRow, where: str) -> None:
    if row.outputs is None or row.query_single is None:
        raise SourceError(f"{where}: not an evaluated row (no outputs or query_single); was it only generated?")
    for verdict in (row.query_single, row.query_multi):
        if verdict is not None and not _is_failure(verdict) and not _SCALE[0] <= verdict.judge_score <= _SCALE[1]:
            raise SourceError(f"{where}: judge_score {verdict.judge_score:g} is off LogicKor's scale 0-10")


def _label(file: Path, root: Path) -> str:
    """VENDOR/MODEL/STRATEGY from the path; upper and lower case stay apart."""
    below = file.relative_to(root) if file != root else Path(*file.absolute().parts[-3:])
    return printable(below.with_suffix("").as_posix(), 300)


def _common_questions(files: list[EvaluatedFile]) -> tuple[tuple[Question, ...], dict[int, int]]:
    found: dict[int, Question] = {}
    for file in files:
        for row_id, row in file.rows.items():
            question = row.question()
            if found.setdefault(row_id, question).digest() != question.digest():
                raise SourceError(f"{file.label}: question {row_id} differs from that of the files before it")
    ids = sorted(found)
    return tuple(found[i] for i in ids), {row_id: position for position, row_id in enumerate(ids)}


def _plan(files: list[EvaluatedFile], questions: tuple[Question, ...]) -> RunPlan:
    digests = tuple(q.digest() for q in questions)
    rubric = load_rubric(DEFAULT_RUBRIC).model_copy(
        update={"id": "logickor", "title": "LogicKor's own prompt, as published", "language_rule": "report"}
    )
    return RunPlan(
        models=tuple(EndpointPlan(label=f.label, provider="imported", model=f.label, digest=f.digest) for f in files),
        judges=(EndpointPlan(label=JUDGE, provider="imported", model="unrecorded"),),
        sets=(SetPlan(name="logickor", version="1", digest=hashlib.sha256("".join(digests).encode()).hexdigest()),),
        questions=QuestionsPlan.of(questions),
        rubrics={"logickor": rubric},
        default_rubric="logickor",
        prompt_hashes={"logickor": template_hash(rubric)},
        samples=1,
        judge_repeats=1,
        generation=Sampling(temperature=None, max_output_tokens=None),
        judging=Judging(temperature=None, max_output_tokens=None),
    )


def _is_failure(verdict: LogicKorVerdict) -> bool:
    return verdict.judge_message.startswith(FAILURE_PREFIX)


def _write_row(
    connection: Connection, run_id: int, model: int, position: int, question: Question, row: LogicKorRow
) -> None:
    outputs = row.outputs or []
    stored = (row.query_single, row.query_multi)
    for number in range(1, len(question.turns) + 1):
        key = TurnKey(run_id, model, position, 0, number)
        text = outputs[number - 1] if number <= len(outputs) else None
        language = check_turn_language(question, number, text) if text else None
        status = "skipped" if text is None else "ok" if text.strip() else "empty"
        save_answer(key, status, text=text, language=language)(connection)
        published = stored[number - 1]
        verdict = _verdict(published)
        score = published.judge_score if published is not None else None
        save_verdict(VerdictKey(key, 0, 0), verdict, published_score=score)(connection)


def _verdict(published: LogicKorVerdict | None) -> Verdict:
    if published is None:
        return Verdict("skipped", error="LogicKor stored no verdict")
    if _is_failure(published):
        return Verdict("unparsed", rationale=published.judge_message, error="LogicKor's judge failed")
    score = published.judge_score
    return Verdict("ok", score=score, judge_score=score, rationale=published.judge_message)
