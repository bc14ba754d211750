"""Arena-Hard's judgments (also the Korean ones in its layout), as a run of comparisons in both orders.

    question.jsonl   model_answer/MODEL.jsonl   model_judgment/JUDGE/MODEL.jsonl

In the first game A is the baseline, in the second the model. The labels are five: A>>B, A>B, A=B, B>A, B>>A; how far an
answer wins is kept with the comparison, and counts only in Arena-Hard's own figure. A null game is a failure.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError, model_validator

from judge.pairwise import Comparison, Winner
from questions.json_lines import read_json_objects
from questions.readers import arena_hard
from questions.source import SourceError, one_line, quote
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

NO_BASELINE = "baseline (unrecorded)"


class _Game(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
    score: str | None
    judgment: Any = None

    def text(self) -> str | None:
        """The judge's words: a text in the first release, later an object."""
        said = self.judgment.get("answer") if isinstance(self.judgment, Mapping) else self.judgment
        return said if isinstance(said, str) else None


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
    uid: StrictInt | StrictStr
    category: str = "all"
    judge: str | None = None
    model: str = Field(min_length=1)
    baseline: str = NO_BASELINE
    games: list[_Game | None]

    @model_validator(mode="before")
    @classmethod
    def _first_release(cls, row: dict[str, Any]) -> dict[str, Any]:
        return {"uid": row.get("question_id"), **row}

    def game(self, number: int) -> _Game | None:
        return self.games[number] if number < len(self.games) else None

    def score(self, number: int) -> str | None:
        game = self.game(number)
        return None if game is None else game.score


def import_arena_hard(
    store: Store, path: Path, name: str | None, questions: Path | None = None, answers: Path | None = None
) -> tuple[str, bool]:
    """Import a bench folder, a judge's folder or one file as one run; (its name, whether it was new).

    Raises:
        SourceError, UsageError: one line; nothing is written.
    """
    files = checked_files(_judgment_files(path))
    asked = arena_hard.read(question_file(files[0], questions, "question*.jsonl"))
    position = {question.id: number for number, question in enumerate(asked.questions)}
    rows = _rows(files, position)
    found = Found(
        tool="arena-hard",
        set_name=asked.set,
        judge=one_judge(files, (row.judge or file.parent.name for file, row in rows)),
        rubric=published_rubric("arena-hard", "Arena-Hard's own prompt", (0.0, 1.0), []),
        questions=asked.questions,
        models=list(dict.fromkeys(name_of(row.model) for _, row in rows)),
        digest=digest_of(files),
    )
    for baseline in dict.fromkeys(name_of(row.baseline) for _, row in rows):
        found.model(baseline)
    for file in checked_files(answer_files(files[0], answers)):
        _read_answers(file, found, position)
    if not found.answers:
        found.notices.append("no model_answer/*.jsonl was found beside the judgments; name the folder with --answers")
    _take([row for _, row in rows], found, position)
    return store_found(store, found, name)


def _judgment_files(path: Path) -> list[Path]:
    if not path.exists():
        raise SourceError.at(path, "no such file or folder")
    if path.is_file():
        return [path]
    folder = path / "model_judgment" if (path / "model_judgment").is_dir() else path
    files = sorted(folder.glob("*.jsonl")) or sorted(folder.glob("*/*.jsonl"))
    if not files:
        raise SourceError.at(path, "holds no model_judgment/JUDGE/*.jsonl; name Arena-Hard's bench or judge folder")
    return files


def _rows(files: list[Path], position: dict[str, int]) -> list[tuple[Path, _Row]]:
    found = []
    for file, line, data in counted(files, read_json_objects):
        try:
            row = _Row.model_validate(data)
        except ValidationError as error:
            raise SourceError.at(file, one_line(error), line=line) from error
        if str(row.uid) not in position:
            problem = f"question {quote(str(row.uid))} is not in the question file; name another with --questions"
            raise SourceError.at(file, problem, line=line)
        if row.model == row.baseline:
            raise SourceError.at(file, f"{quote(row.model)} is compared with itself", line=line)
        found.append((file, row))
    return found


def _read_answers(file: Path, found: Found, position: dict[str, int]) -> None:
    for line, row in read_json_objects(file):
        model, uid = row.get("model", row.get("model_id")), row.get("uid", row.get("question_id"))
        if not isinstance(model, str) or uid is None:
            raise SourceError.at(file, "an answer has a `uid` and a `model`", line=line)
        if str(uid) in position and name_of(model) in found.models:
            text = _answer(row)
            failed = text is None or text.strip() == API_ERROR
            found.answers[found.model(name_of(model)), position[str(uid)], 1] = None if failed else text


def _answer(row: Mapping[str, Any]) -> str | None:
    """The text of an answer: the last message, in the first release the first choice."""
    if isinstance(messages := row.get("messages"), list) and messages and isinstance(messages[-1], Mapping):
        content = messages[-1].get("content")
        content = content.get("answer") if isinstance(content, Mapping) else content
        return content if isinstance(content, str) else None
    try:
        content = row["choices"][0]["turns"][0]["content"]
    except (KeyError, IndexError, TypeError):
        return None
    return content if isinstance(content, str) else None


def _take(rows: list[_Row], found: Found, position: dict[str, int]) -> None:
    from judge.scoring.published import ARENA_HARD, ArenaGames
    from judge.scoring.published import arena_hard as as_published

    asked: dict[str, set[tuple[int, int]]] = {}
    for row in rows:
        asked.setdefault(row.baseline, set()).add((position[str(row.uid)], 1))
    again = 0
    for row in rows:
        a, b = found.model(name_of(row.model)), found.model(name_of(row.baseline))
        place = (position[str(row.uid)], 1)
        pair = found.pair(a, b)
        pair.asked = asked[row.baseline]
        again += (place, True) in pair.found
        failed = any(found.answers.get((m, place[0], 1), "") is None for m in (a, b))
        # The baseline is b, and stands first in the first game.
        pair.found[place, True] = _comparison(row.game(0), {"A": "b", "B": "a"}, failed=failed)
        pair.found[place, False] = _comparison(row.game(1), {"A": "a", "B": "b"}, failed=failed)
    if again:
        found.notices.append(f"{again} judgments stand again, as after a second run; the last of each counts")
    games = [
        ArenaGames(name_of(row.model), position[str(row.uid)], row.category, row.score(0), row.score(1)) for row in rows
    ]
    if unknown := sum(label is not None and label not in ARENA_HARD for g in games for label in (g.first, g.second)):
        found.notices.append(f"{unknown} games have a label at which Arena-Hard's own table stops with an error")
    found.figures += as_published(games)


def _comparison(game: _Game | None, sides: dict[str, Winner], *, failed: bool) -> Comparison:
    from judge.scoring.published import ARENA_HARD

    if failed:
        said = None if game is None else game.text()
        return Comparison("skipped", rationale=said, error=f"Arena-Hard compared the answer {API_ERROR}")
    if game is None:
        return Comparison("provider_error", error="Arena-Hard stored no game")
    worth = ARENA_HARD.get(game.score or "")
    if worth is None:
        error = "Arena-Hard could not read a label" if game.score is None else f"unknown label {quote(game.score)}"
        return Comparison("unparsed", rationale=game.text(), error=error)
    winner: Winner = sides["A"] if worth[0] == 1 else sides["B"] if worth[0] == 0 else "tie"
    label = {"label": game.score}
    return Comparison("ok", winner=winner, judge_winner=winner, rationale=game.text(), criteria=label)
