"""A stored run of any size, written as an import writes one: no model is asked."""

import itertools
import random
import sqlite3
from contextlib import closing
from pathlib import Path

from judge.rubric import load_rubric
from judge.types import Verdict
from questions.types import Question, Turn
from service.endpoint_plan import EndpointPlan
from service.plan import DEFAULT_RUBRIC, RunPlan
from service.questions_plan import QuestionsPlan, SetPlan
from service.running import code_version
from service.sampling import Judging, Sampling
from service.store import Store
from service.store.holder import Holder
from service.store.schema import leases
from service.store.writes import TurnKey, VerdictKey, insert_run, now, save_answer, save_verdict

CATEGORIES = ("추론", "수학", "글쓰기", "코딩", "이해", "문법")
COMMON, RARE, ABSENT = "사람", "은하수", "없는낱말"
"""Words that stand in most of the answers, in one of a thousand, and in none."""
_SYLLABLES = "가나다라마바사자차카타파하고노도로모보소오조초코토포호구누두루무부수우주추쿠투푸후기니디리미비시이지"
_VOCABULARY = 2000


def store_run(database: str, models: int, questions: int, *, name: str = "big", words: int = 40, seed: int = 1) -> int:
    """Store `models` x `questions` conversations of two turns, each with a verdict; how many verdicts there are.

    Answers have half as many words to half as many again, of three characters, some of them far commoner than others.
    """
    draw = random.Random(seed)
    vocabulary = [COMMON, *("".join(draw.choices(_SYLLABLES, k=draw.choice((1, 2, 2, 3)))) for _ in range(_VOCABULARY))]
    frequencies = list(itertools.accumulate(1 / n for n in range(1, len(vocabulary) + 1)))
    asked = tuple(
        Question(
            id=f"q-{n:05}",
            category=CATEGORIES[n % len(CATEGORIES)],
            turns=(Turn(prompt=f"{n}번 질문입니다. 무엇일까요?"), Turn(prompt="왜 그런가요?")),
        )
        for n in range(questions)
    )
    plan = _plan(models, asked)
    store = Store.open(database)
    with store.transaction() as connection:
        run_id = insert_run(
            connection, name=name, kind="import", plan=plan, questions=asked, code_version=code_version()
        )
    hard = [draw.gauss(0, 1.5) for _ in asked]
    for model in range(models):
        with store.transaction() as connection:
            for position in range(questions):
                for turn in (1, 2):
                    key = TurnKey(run_id, model, position, 0, turn)
                    said = draw.choices(vocabulary, cum_weights=frequencies, k=draw.randint(words // 2, 3 * words // 2))
                    text = " ".join([*said, RARE] if draw.random() < 0.001 else said)
                    save_answer(key, "ok", text=text)(connection)
                    score = min(10.0, max(0.0, round(4 + 0.2 * model - hard[position] + draw.gauss(0, 2))))
                    verdict = (
                        Verdict(status="unparsed", error="no score in the reply")
                        if draw.random() < 0.002
                        else Verdict(status="ok", score=score, judge_score=score, rationale=text[:60])
                    )
                    save_verdict(VerdictKey(key, 0, 0), verdict)(connection)
    store.close()
    return models * questions * 2


def buy(database: Path) -> None:
    """Make the runs of a database what a run leaves: every answer and verdict delivered, 100 a second until now."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE runs SET kind = 'evaluation'")
        connection.executescript(_BUY)


def hold(database: str) -> None:
    """Hold the lease of the first run, as a process at work on it does."""
    store = Store.open(database, create=False)
    with store.transaction() as connection:
        mine = {"token": "bench", "holder": Holder.this_process().to_json(), "beats": 0, "taken_at": now()}
        connection.execute(leases.insert().values(run_id=1, **mine))
    store.close()


_BUY = """
INSERT INTO askings (id, endpoint, role, requested_model, sent_params, dropped_params)
VALUES (1, 'local', 'candidate', 'm', '{}', '[]'), (2, 'local', 'judge', 'judge', '{}', '[]');
CREATE TEMP TABLE units AS SELECT * FROM (
    SELECT 1 AS role, rowid AS unit, run_id, model, question, turn, text FROM answers
    UNION ALL SELECT 2, rowid, run_id, model, question, turn, rationale FROM verdicts)
ORDER BY question, model, turn, role;
INSERT INTO completions (id, work_key, run_id, model, asking_id, finish_reason, prompt_tokens, completion_tokens,
    latency_s, created_at, text)
SELECT rowid, randomblob(32), run_id, model, role, 'stop', 500, 300, 1.0, strftime('%Y-%m-%dT%H:%M:%f', 'now',
    ((rowid - (SELECT max(rowid) FROM units)) / 100.0) || ' seconds') || '+00:00', ifnull(text, '') FROM units;
CREATE UNIQUE INDEX temp.by_unit ON units (role, unit);
UPDATE answers SET text = NULL,
    completion_id = (SELECT u.rowid FROM units u WHERE u.role = 1 AND u.unit = answers.rowid);
UPDATE verdicts SET completion_id = (SELECT u.rowid FROM units u WHERE u.role = 2 AND u.unit = verdicts.rowid);
"""


def _plan(models: int, questions: tuple[Question, ...]) -> RunPlan:
    rubric = load_rubric(DEFAULT_RUBRIC)
    return RunPlan(
        models=tuple(EndpointPlan(label=f"model-{n:02}", provider="imported", model=f"m{n}") for n in range(models)),
        judges=(EndpointPlan(label="judge", provider="imported", model="judge"),),
        sets=(SetPlan(name="big", version="1", digest="0" * 64),),
        questions=QuestionsPlan.of(questions),
        rubrics={rubric.id: rubric},
        default_rubric=rubric.id,
        prompt_hashes={rubric.id: "0" * 64},
        samples=1,
        judge_repeats=1,
        generation=Sampling(temperature=None, max_output_tokens=None),
        judging=Judging(temperature=None, max_output_tokens=None),
    )
