"""inspect_ai: `generate()`, then a scorer that asks the grader and reads its score; the log is kept as by default."""

import re

from inspect_ai import Task, eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageSystem, ChatMessageUser, GenerateConfig, Model, get_model
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer
from inspect_ai.solver import TaskState, generate

from bench.peer_drivers.arguments import parse
from bench.work import Work


def model(name: str, url: str, concurrency: int) -> Model:
    config = GenerateConfig(temperature=0.0, max_tokens=2048, max_connections=concurrency)
    return get_model(f"openai-api/bench/{name}", base_url=f"{url}/v1", api_key="unused", config=config)


@scorer(metrics=[mean()])
def verdict(judge: Model) -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        number = int(state.sample_id)
        system, user = Work.verdict_messages(number, 1, [state.output.completion])
        asked = [ChatMessageSystem(content=system["content"]), ChatMessageUser(content=user["content"])]
        said = await judge.generate(asked)
        found = re.search(r"점수: (\d+)", said.completion)
        if found is None:
            return Score.unscored()
        return Score(value=int(found[1]), explanation=said.completion)

    return score


def main() -> None:
    told = parse()
    samples = [Sample(id=n, input=Work.prompt(n, 1)) for n in range(1, told.conversations + 1)]
    task = Task(
        dataset=MemoryDataset(samples), solver=generate(), scorer=verdict(model("judge", told.url, told.concurrency))
    )
    (log,) = eval(
        task,
        model=model("candidate", told.url, told.concurrency),
        max_samples=told.concurrency,
        max_connections=told.concurrency,
        display="none",
        log_dir="logs",
    )
    if log.status != "success":
        raise SystemExit(f"inspect_ai: {log.status}: {log.error}")


if __name__ == "__main__":
    main()
