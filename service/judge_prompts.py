"""What a judge is asked: one place for the pipeline that asks and for whoever wants to see it."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from judge.grading.llm import GradingTask, ModelJudge
from judge.types import GradedTurn
from providers.catalogue import provider_info
from providers.types import SchemaMode
from service.endpoint_plan import EndpointPlan
from service.plan import RunPlan
from service.work import WorkKeys


def model_judge(plan: RunPlan, asked: EndpointPlan, mode: SchemaMode) -> ModelJudge:
    """A judge of the run that is a model."""
    return ModelJudge(asked.label, mode, plan.judging.params(), plan.deadline_s, plan.wording)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a judge is asked about: the answers of one conversation up to a turn.

    `model` is a position in the plan, or None for answers that are of none of its models.
    """

    model: int | None
    sample: int
    turn: GradedTurn


def judge_prompts(
    plan: RunPlan, asked: Sequence[Asked], judges: Sequence[int], repeat: int
) -> Iterator[dict[str, Any]]:
    """What these judges (by position) get for these turns, turn by turn.

    Left out are rule judges, turns that the rubric does not grade by themselves, and judges that do not sit on a model.
    """
    for about in asked:
        if about.turn.turn not in plan.graded_turns(about.turn.question):
            continue
        seated = judges if about.model is None else [n for n in judges if n in plan.seats[about.model]]
        for endpoint in (plan.judges[n] for n in seated if not plan.judges[n].is_rule_judge):
            mode = provider_info(endpoint.provider).schema_mode or "text"
            judge = model_judge(plan, endpoint, mode)
            rubric = plan.rubric_for(about.turn.question)
            task = judge.prepare(about.turn, rubric, repeat)
            key = WorkKeys(endpoint).of(task.request, about.sample * plan.judge_repeats + repeat)
            yield {
                "model": None if about.model is None else plan.models[about.model].label,
                "question_id": about.turn.question.id,
                "sample": about.sample,
                "turn": about.turn.turn,
                "judge": endpoint.label,
                "repeat": repeat,
                "rubric": {"id": rubric.id, "version": rubric.version, "digest": rubric.digest()},
                "template_hash": judge.template_hash(rubric),
                "work_key": key,
                "contract": task.contract.name,
                **_request(task, endpoint),
            }


def _request(task: GradingTask, endpoint: EndpointPlan) -> dict[str, Any]:
    schema = task.request.response_schema
    params = {k: v for k, v in asdict(task.request.params).items() if v not in (None, ())}
    return {
        "params": {**params, **endpoint.extra},
        "messages": [{"role": m.role, "content": m.content} for m in task.request.messages],
        "response_schema": {"name": schema.name, "schema": dict(schema.schema)} if schema is not None else None,
    }
