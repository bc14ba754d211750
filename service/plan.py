"""From what the user asked for (a plan file or flags) to a frozen, hashed plan.

`PlanFile` is what a person writes; `RunPlan` is what a run stands for: models and judges resolved to
endpoints, the rubric's full text, and the digests of the questions. Two plans with the same hash
buy the same things.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from judge.checks.choice_outcome import choice_turns
from judge.grading.rules import RULE_JUDGE
from judge.jury import Jury
from judge.prompt import template_hash
from judge.prompt_template import DEFAULT_TEMPLATE, PromptTemplate, load_template
from judge.rubric import Rubric, load_rubric
from providers.registry import parse_spec
from questions.types import Question, Questions
from service.code_execution import code_turns
from service.endpoint_plan import HOW, EndpointPlan, EndpointSettings, means, plan_judges, plan_models
from service.errors import UsageError
from service.imported_plan import ImportedPlan
from service.judge_pack import PackLabel, is_pack, unpacked
from service.pairwise_plan import Pair, PairwisePlan, plan_pairs
from service.questions_plan import QuestionsPlan, SetPlan, load_questions
from service.sampling import Judging, Sampling
from service.seating import Seats, seating_notices, seats

DEFAULT_RUBRIC = "turn-0-10"
_NAME = re.compile(r"^[^\x00-\x1f\x7f]{1,100}$")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PlanFile(_Frozen):
    """A plan file, or the same given as flags. `judges` may be left out where every turn is multiple choice.

    One judge pack may stand there alone instead of models: `unpacked` writes it out.
    """

    name: str | None = None
    models: tuple[str, ...] = Field(min_length=1)
    judges: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    rubric: str = DEFAULT_RUBRIC
    prompt: str | None = None
    samples: int = Field(default=1, ge=1, le=1000)
    judge_repeats: int = Field(default=1, ge=1, le=1000)
    pairwise: str | None = Field(default=None, min_length=1)
    reask: bool = True
    limit: int | None = Field(default=None, ge=1)
    generation: Sampling = Sampling()
    judging: Judging = Judging()
    concurrency: int = Field(default=16, ge=1, le=4096)
    deadline_s: float = Field(default=300.0, gt=0, le=86400)
    wait_s: float = Field(default=0.0, ge=0, le=86400)
    drop_unsupported: bool = False
    allow_code_execution: bool = False
    jury: Jury | None = None
    allow_self_judging: bool = False
    max_cost: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    allow_unpriced: bool = False
    endpoints: dict[str, EndpointSettings] = {}

    @field_validator("models", "judges", "questions", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @field_validator("models", "judges")
    @classmethod
    def _specs_parse(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for text in value:
            if info.field_name == "models" or not is_pack(text):
                parse_spec(text)
        if len(set(value)) < len(value):
            raise ValueError("the same model is named twice")
        return value

    @model_validator(mode="after")
    def _settings_belong_to_an_endpoint(self) -> Self:
        if any(map(is_pack, self.judges)):  # its judges are known when it is written out
            return self
        for text in self.endpoints:
            if not any(means(text, named) for named in (*self.models, *self.judges)):
                raise ValueError(f"endpoints: {text!r} is neither a model nor a judge of this plan")
        return self


class RunPlan(_Frozen):
    """What a run stands for. The fields after `allow_self_judging` say how it is run, not what it is."""

    models: tuple[EndpointPlan, ...]
    judges: tuple[EndpointPlan, ...]
    sets: tuple[SetPlan, ...]
    questions: QuestionsPlan
    rubrics: dict[str, Rubric]
    default_rubric: str
    prompt_hashes: dict[str, str]
    prompt: PromptTemplate | None = Field(default=None, exclude_if=lambda v: v is None)
    samples: int
    judge_repeats: int
    generation: Sampling
    judging: Judging
    pairwise: PairwisePlan | None = Field(default=None, exclude_if=lambda v: v is None)
    reask: bool = Field(default=False, exclude_if=lambda v: not v)
    drop_unsupported: bool = Field(default=False, exclude_if=lambda v: not v)
    allow_code_execution: bool = Field(default=False, exclude_if=lambda v: not v)
    jury: Jury | None = Field(default=None, exclude_if=lambda v: v is None)
    allow_self_judging: bool = Field(default=False, exclude_if=lambda v: not v)
    concurrency: int = 16
    deadline_s: float = 300.0
    wait_s: float = 0.0
    max_cost: float | None = None
    allow_unpriced: bool = False
    pack: PackLabel | None = Field(default=None, exclude_if=lambda v: v is None)
    imported: ImportedPlan | None = Field(default=None, exclude_if=lambda v: v is None)

    def identity(self) -> dict[str, Any]:
        """Everything that decides what is bought."""
        how = dict.fromkeys(("concurrency", "deadline_s", "wait_s", "max_cost", "allow_unpriced", "pack"), True)
        endpoints = {"__all__": HOW}
        derived = {"questions": {"choice_turns", "graded_turns"}}
        idle = {} if self.lets_self_judge else {"allow_self_judging": True}
        left_out: dict[str, Any] = {"models": endpoints, "judges": endpoints, **derived, **how, **idle}
        what = self.model_dump(mode="json", exclude=left_out)
        for dumped, endpoint in zip((*what["models"], *what["judges"]), (*self.models, *self.judges), strict=True):
            if asked := endpoint.asked_extra():
                dumped["extra"] = asked
        return what

    def hash(self) -> str:
        return _digest(self.identity())

    def comparability(self) -> dict[str, str]:
        """What must agree before two scores may stand side by side, part by part."""
        told = (self.allow_code_execution, self.lets_self_judge, self.reask)
        more = [n for n, on in zip(("allow_code_execution", "allow_self_judging", "reask"), told, strict=True) if on]
        more += [self.jury] if self.jury else []
        return {
            "questions": self.questions.digest,
            "rubric": _digest([self.rubrics[r].digest() for r in sorted(self.rubrics)]),
            "judge": _digest(
                sorted(_digest([j.provider, j.model, j.base_url, j.digest, j.asked_extra()]) for j in self.judges)
            ),
            "judge_prompt": _digest(self.prompt_hashes),
            "judging": _digest([self.judging.model_dump(mode="json"), self.judge_repeats, *more]),
            "generation": _digest([self.generation.model_dump(mode="json"), self.samples]),
        }

    def comparability_key(self) -> str:
        return _digest(self.comparability())[:16]

    @property
    def answers(self) -> int:
        """Answers that the whole run asks for."""
        return self.questions.turns * self.samples * len(self.models)

    @cached_property
    def seats(self) -> Seats:
        """Who judges whom."""
        return seats(self.models, self.judges, allow_self=self.allow_self_judging or self.jury is None)

    @cached_property
    def lets_self_judge(self) -> bool:
        """Whether `allow_self_judging` changes who judges whom."""
        return self.allow_self_judging and self.seats != seats(self.models, self.judges, allow_self=False)

    def verdicts_on(self, model: int) -> int:
        """Verdicts on every answer of a model."""
        return len(self.seats[model]) * self.judge_repeats

    def verdicts_by(self, judge: int) -> int:
        """Verdicts that the whole run asks of one judge."""
        seated = sum(judge in mine for mine in self.seats)
        return self.questions.graded * self.samples * seated * self.judge_repeats

    @property
    def verdicts(self) -> int:
        """Verdicts that the whole run asks for."""
        per_answer = sum(self.verdicts_on(model) for model in range(len(self.models)))
        return self.questions.graded * self.samples * per_answer

    @property
    def verdicts_per_turn(self) -> int:
        """Verdicts of all judges on every turn of a model, over all its samples."""
        return self.samples * len(self.judges) * self.judge_repeats

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """Which models are compared, and who compares them; none without `pairwise`."""
        return self.pairwise.pairs(self.models, self.judges, self.seats) if self.pairwise is not None else ()

    def comparisons_of(self, pair: Pair) -> int:
        """How many comparisons each of its judges makes of a pair, both orders counted as one."""
        return self.questions.graded * self.samples * self.judge_repeats if pair.asked is None else pair.asked

    def comparisons_by(self, judge: int) -> int:
        """How often the whole run asks a judge to compare, each order counted."""
        orders = self.pairwise.orders if self.pairwise is not None else 2
        return orders * sum(self.comparisons_of(pair) for pair in self.pairs if judge in pair.judges)

    @property
    def comparisons(self) -> int:
        """How often it asks all of them."""
        return sum(map(self.comparisons_by, range(len(self.judges))))

    @cached_property
    def whole_conversations(self) -> frozenset[str | None]:
        """The rubrics (None: the run's own) that grade a conversation once, at its last turn."""
        names = {name for name, rubric in self.rubrics.items() if rubric.grades == "conversation"}
        return frozenset({*names, None} if self.default_rubric in names else names)

    def graded_turns(self, question: Question) -> range:
        """The turns (from 1) that get a verdict: every one, or the last alone."""
        last = len(question.turns)
        return range(last if question.rubric in self.whole_conversations else 1, last + 1)

    @property
    def wording(self) -> PromptTemplate:
        """That of the judge's prompt."""
        return self.prompt or DEFAULT_TEMPLATE

    def rubric_for(self, question: Question) -> Rubric:
        return self.rubrics[question.rubric or self.default_rubric]

    @property
    def scale(self) -> tuple[float, float]:
        """(min, max) of the run's means: the default rubric's scale, onto which scores on others are mapped."""
        return self.rubrics[self.default_rubric].scale.ends

    @property
    def mixes_scales(self) -> bool:
        """Whether some rubric has another scale than the default one."""
        return any(r.scale.ends != self.scale for r in self.rubrics.values())


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


class FrozenRun(_Frozen):
    """A plan with its name and the questions it stands for, before it is in the store.

    `notices` are those of the questions' files; `code_turns` of them are decided by running a program.
    """

    name: str
    plan: RunPlan
    questions: Questions
    notices: tuple[str, ...] = ()
    code_turns: int = 0


def freeze(request: PlanFile, environ: Mapping[str, str], default_name: str | None = None) -> FrozenRun:
    """Resolve specs, load questions and rubrics.

    Raises:
        UsageError, SpecError, SourceError: one line that says what is wrong.
    """
    request, pack = unpacked(request, request.judges)
    models = plan_models(request.models, request.endpoints, environ)
    sets, questions, notices = load_questions(request.questions, models, request.limit)
    turns, choices, code, earlier = 0, 0, 0, Counter({request.rubric: 0})
    for question in questions:  # once: a packed question is parsed for every look at it
        turns += len(question.turns)
        choices += choice_turns(question)
        code += code_turns(question)
        earlier[question.rubric or request.rubric] += len(question.turns) - 1
    judges = plan_judges(request.judges or _judges_of(turns, choices), request.endpoints, environ)
    if request.jury is not None and len(judges) == 1:
        raise UsageError(
            f"--jury {request.jury} says how the verdicts of several judges become one, and this run has one judge; "
            "name another with -j, or leave it out (jury: in a file)"
        )
    jury = (request.jury or "mean") if len(judges) > 1 else None
    own = pack.rubrics if pack is not None else {}
    rubrics = {r: own.get(r) or load_rubric(r) for r in earlier}
    wording = load_template(request.prompt) if request.prompt is not None else DEFAULT_TEMPLATE
    graded = turns - sum(earlier[r] for r, rubric in rubrics.items() if rubric.grades == "conversation")
    if request.allow_code_execution and code and not any(j.is_rule_judge for j in judges):
        raise UsageError(
            "programs are run for the judge scripted:rules only, and it is not in this plan; "
            "add -j scripted:rules, or leave out --allow-code-execution"
        )
    plan = RunPlan(
        models=tuple(models),
        judges=tuple(judges),
        sets=tuple(sets),
        questions=QuestionsPlan.counted(questions, turns, choices, graded),
        rubrics=rubrics,
        default_rubric=request.rubric,
        prompt_hashes={r: template_hash(rubric, wording) for r, rubric in sorted(rubrics.items())},
        prompt=wording if wording != DEFAULT_TEMPLATE else None,
        samples=request.samples,
        judge_repeats=request.judge_repeats,
        generation=request.generation,
        judging=request.judging,
        pairwise=plan_pairs(request.pairwise, models, judges, rubrics),
        reask=request.reask and not all(j.is_rule_judge for j in judges),
        drop_unsupported=request.drop_unsupported,
        allow_code_execution=request.allow_code_execution and code > 0,
        jury=jury,
        allow_self_judging=request.allow_self_judging and jury is not None,
        concurrency=request.concurrency,
        deadline_s=request.deadline_s,
        wait_s=request.wait_s,
        max_cost=request.max_cost,
        allow_unpriced=request.allow_unpriced,
        pack=pack.label() if pack is not None else None,
    )
    name = request.name or f"{default_name or '+'.join(s.name for s in sets)}-{plan.hash()[:8]}"
    if not _NAME.match(name):
        raise UsageError("a run name is 1 to 100 characters on one line")
    notices = (*notices, *seating_notices(plan.models, plan.judges, plan.seats))
    return FrozenRun(name=name, plan=plan, questions=questions, notices=notices, code_turns=code)


def _judges_of(turns: int, choices: int) -> tuple[str, ...]:
    """Who judges where nobody is named: the rules, if checks alone decide every turn.

    Raises:
        UsageError: they do not.
    """
    if choices == turns:
        return (f"scripted:{RULE_JUDGE}",)
    raise UsageError(
        "name a judge with -j, or under judges: in a plan file: openai:gpt-6-luna, or scripted:rules to try without a "
        "key; only where every turn is multiple choice is scripted:rules taken by itself"
    )


def differing(old: RunPlan, new: RunPlan) -> list[str]:
    """The names of the plan's parts that differ."""
    a, b = old.identity(), new.identity()
    return [key for key in dict.fromkeys((*a, *b)) if a.get(key) != b.get(key)]  # a default is left out
