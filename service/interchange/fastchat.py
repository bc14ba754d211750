"""FastChat's `llm_judge` results (MT-Bench, KoMT-Bench): single scores and pairs in, as one run.

    question*.jsonl   model_answer/MODEL.jsonl   model_judgment/JUDGE_single.jsonl, JUDGE_pair.jsonl

FastChat stores a judge that could not be read as the score -1 and leaves it out of its means without a word; a model
whose server failed answers "$ERROR$" and is graded for it; a re-run appends every row once more. Here the first two are
failures, and of rows that stand again the last one counts; FastChat's own aggregates are kept as it computes them.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from judge.pairwise import Comparison, Winner
from judge.types import Verdict
from questions.json_lines import read_json_lines, read_json_objects
from questions.readers import mtbench
from questions.source import SourceError, one_line, quote
from questions.types import QuestionSet
from service.interchange.importing import (
    API_ERROR,
    Found,
    checked_files,
    counted,
    digest_of,
    name_of,
    published_rubric,
    store_found,
)
from service.interchange.layout import answer_files, one_judge, question_file
from service.store import Store

_SCALE = (1.0, 10.0)
_Side = Literal["model_1", "model_2", "tie", "error"]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
    question_id: StrictInt | StrictStr
    turn: StrictInt = Field(ge=1)
    judge: tuple[str, str]


class _Single(_Row):
    model: str = Field(min_length=1)
    judgment: str | None = None
    score: float | None


class _Pair(_Row):
    model_1: str = Field(min_length=1)
    model_2: str = Field(min_length=1)
    g1_winner: _Side
    g2_winner: _Side
    g1_judgment: str | None = None
    g2_judgment: str | None = None


class _Choice(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
    turns: list[str | None]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
    question_id: StrictInt | StrictStr
    model_id: str = Field(min_length=1)
    choices: list[_Choice] = Field(min_length=1)


@dataclass
class _Read:
    singles: list[_Single]
    pairs: list[_Pair]


def import_fastchat(
    store: Store, path: Path, name: str | None, questions: Path | None = None, answers: Path | None = None
) -> tuple[str, bool]:
    """Import a bench folder, or one judgment file, as one run; (its name, whether it was new).

    Raises:
        SourceError, UsageError: one line; nothing is written.
    """
    files = checked_files(_judgment_files(path))
    asked = mtbench.read(question_file(files[0], questions, "question*.jsonl"))
    position = {question.id: number for number, question in enumerate(asked.questions)}
    read = _rows(files, asked, position)
    found = _found(read, asked, files)
    for file in checked_files(answer_files(files[0], answers)):
        _read_answers(file, found, position)
    if not found.answers:
        found.notices.append("no model_answer/*.jsonl was found beside the judgments; name the folder with --answers")
    _take_singles(read.singles, found, position)
    _take_pairs(read.pairs, found, position)
    _published(read, found)
    return store_found(store, found, name)


def _judgment_files(path: Path) -> list[Path]:
    if not path.exists():
        raise SourceError.at(path, "no such file or folder")
    if path.is_file():
        return [path]
    folder = path / "model_judgment" if (path / "model_judgment").is_dir() else path
    files = [file for file in sorted(folder.glob("*.jsonl")) if not file.name.startswith("question")]
    if not files:
        raise SourceError.at(path, "holds no model_judgment/*.jsonl; name FastChat's bench folder or a judgment file")
    return files


def _rows(files: list[Path], asked: QuestionSet, position: dict[str, int]) -> _Read:
    read = _Read([], [])
    for file, line, row in counted(files, read_json_objects):
        try:
            if "g1_winner" in row:
                pair = _Pair.model_validate(row)
                read.pairs.append(pair)
                _check_place(file, line, pair, asked, position)
            else:
                single = _Single.model_validate(row)
                read.singles.append(single)
                _check_place(file, line, single, asked, position)
        except ValidationError as error:
            raise SourceError.at(file, one_line(error), line=line) from error
    return read


def _check_place(file: Path, line: int, row: _Row, asked: QuestionSet, position: dict[str, int]) -> None:
    number = position.get(str(row.question_id))
    if number is None:
        problem = f"question {quote(str(row.question_id))} is not in the question file; name another with --questions"
        raise SourceError.at(file, problem, line=line)
    turns = len(asked.questions[number].turns)
    if row.turn > turns:
        raise SourceError.at(file, f"turn {row.turn} of a question of {turns} turns", line=line)
    if isinstance(row, _Pair) and row.model_1 == row.model_2:
        raise SourceError.at(file, f"{quote(row.model_1)} is compared with itself", line=line)


def _found(read: _Read, asked: QuestionSet, files: list[Path]) -> Found:
    rows: list[_Row] = [*read.singles, *read.pairs]
    judge = one_judge(files, {row.judge[0] for row in rows})
    rubric = published_rubric("fastchat", "FastChat's own prompts", _SCALE, (row.judge[1] for row in rows))
    return Found(
        tool="mtbench",
        set_name=asked.set,
        judge=judge,
        rubric=rubric,
        questions=asked.questions,
        models=list(dict.fromkeys(name_of(name) for row in rows for name in _models(row))),
        digest=digest_of(files),
        verdicts={} if read.singles else None,
    )


def _models(row: _Row) -> tuple[str, ...]:
    if isinstance(row, _Pair):
        return (row.model_1, row.model_2)
    return (row.model,) if isinstance(row, _Single) else ()


def _read_answers(file: Path, found: Found, position: dict[str, int]) -> None:
    for _, row in read_json_lines(file, _Answer):
        number = position.get(str(row.question_id))
        if number is None or name_of(row.model_id) not in found.models:
            continue
        model = found.model(name_of(row.model_id))
        planned = len(found.questions[number].turns)
        for turn, text in enumerate(row.choices[0].turns[:planned], 1):
            found.answers[model, number, turn] = None if text is None or text.strip() == API_ERROR else text


def _no_answer(found: Found, models: tuple[int, ...], number: int, turn: int) -> bool:
    """Whether the server of one of the models had failed by this turn."""
    return any(found.answers.get((m, number, t), "") is None for m in models for t in range(1, turn + 1))


def _take_singles(rows: list[_Single], found: Found, position: dict[str, int]) -> None:
    verdicts: dict[tuple[int, int, int], Verdict] = {}
    for row in rows:
        model, number = found.model(name_of(row.model)), position[str(row.question_id)]
        graded_nothing = _no_answer(found, (model,), number, row.turn)
        verdicts[model, number, row.turn] = _verdict(row, graded_nothing=graded_nothing)
    if again := len(rows) - len(verdicts):
        found.notices.append(f"{again} single judgments stand again, as after a second run; the last of each counts")
    if rows:
        found.verdicts = verdicts


def _verdict(row: _Single, *, graded_nothing: bool) -> Verdict:
    if graded_nothing:
        return Verdict("skipped", rationale=row.judgment, error=f"FastChat graded the answer {API_ERROR}")
    if row.score is None or row.score == -1:
        return Verdict(_failure(row.judgment), rationale=row.judgment, error="FastChat could not read a score")
    if not _SCALE[0] <= row.score <= _SCALE[1]:
        error = f"the score {row.score:g} is off FastChat's scale 1-10"
        return Verdict("unparsed", rationale=row.judgment, error=error)
    return Verdict("ok", score=row.score, judge_score=row.score, rationale=row.judgment)


def _failure(judgment: str | None) -> Literal["provider_error", "unparsed"]:
    return "provider_error" if (judgment or "").strip() == API_ERROR else "unparsed"


def _take_pairs(rows: list[_Pair], found: Found, position: dict[str, int]) -> None:
    baseline = _common(rows)
    everything = {(n, t) for n, q in enumerate(found.questions) for t in range(1, len(q.turns) + 1)}
    taken: Counter[tuple[int, int, int, int]] = Counter()
    for row in rows:
        first, second = found.model(name_of(row.model_1)), found.model(name_of(row.model_2))
        swap = row.model_1 == baseline or ((second, first) in found.pairs and row.model_2 != baseline)
        a, b = (second, first) if swap else (first, second)
        place = (position[str(row.question_id)], row.turn)
        taken[a, b, *place] += 1
        pair = found.pair(a, b)
        pair.asked = everything
        graded_nothing = _no_answer(found, (a, b), *place)
        for winner, judgment, swapped in (
            (row.g1_winner, row.g1_judgment, swap),
            (row.g2_winner, row.g2_judgment, not swap),
        ):
            pair.found[place, swapped] = _comparison(winner, judgment, swap=swap, graded_nothing=graded_nothing)
    if again := sum(n - 1 for n in taken.values()):
        found.notices.append(f"{again} pair judgments stand again, as after a second run; the last of each counts")


def _common(rows: list[_Pair]) -> str | None:
    """The model that is in every row; of a single pair the second one, which FastChat takes for its baseline."""
    common = set.intersection(*({row.model_1, row.model_2} for row in rows)) if rows else set()
    return rows[0].model_2 if len(common) > 1 else next(iter(common), None)


def _comparison(winner: _Side, judgment: str | None, *, swap: bool, graded_nothing: bool) -> Comparison:
    if graded_nothing:
        return Comparison("skipped", rationale=judgment, error=f"FastChat compared the answer {API_ERROR}")
    if winner == "error":
        return Comparison(_failure(judgment), rationale=judgment, error="FastChat could not read a winner")
    sides: dict[str, Winner] = {"tie": "tie", "model_1": "b" if swap else "a", "model_2": "a" if swap else "b"}
    return Comparison("ok", winner=sides[winner], judge_winner=sides[winner], rationale=judgment)


def _published(read: _Read, found: Found) -> None:
    from judge.scoring.published import PairGames, SingleScore, fastchat_pairs, fastchat_single

    found.figures += fastchat_single(SingleScore(name_of(r.model), r.turn, r.score) for r in read.singles)
    found.figures += fastchat_pairs(
        PairGames(name_of(r.model_1), name_of(r.model_2), r.g1_winner, r.g2_winner) for r in read.pairs
    )
