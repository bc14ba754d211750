"""EvalScope: `general_qa` on our questions, its own judge contract for the verdicts."""

import json
from pathlib import Path

from evalscope import TaskConfig, run_task

from bench.peer_drivers.arguments import parse
from bench.replies import VERDICT_MARK
from bench.work import Work

_PROMPT = (
    "당신은 한국어 대화 모델의 답변을 채점하는 심판입니다. "
    + "사실과 계산, 결론이 맞는지 확인합니다. " * 20
    + f"\n\n[질문]\n{{question}}\n\n[답변]\n{{pred}}\n\n{VERDICT_MARK}: JSON"
)


def main() -> None:
    told = parse()
    data = Path("data")
    data.mkdir()
    rows = [{"query": Work.prompt(n, 1), "response": ""} for n in range(1, told.conversations + 1)]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (data / "bench.jsonl").write_text(lines, encoding="utf-8")
    address = {"api_url": f"{told.url}/v1", "api_key": "unused"}
    config = TaskConfig(
        model="candidate",
        eval_type="openai_api",
        **address,
        datasets=["general_qa"],
        dataset_args={
            "general_qa": {"local_path": str(data), "subset_list": ["bench"], "prompt_template": "{question}"}
        },
        generation_config={"temperature": 0.0, "max_tokens": 2048},
        eval_batch_size=told.concurrency,
        judge={
            "strategy": "llm",
            "models": [{"model_id": "judge", **address, "generation_config": {"temperature": 0.0}}],
            "contract": {"score_type": "numeric", "prompt_template": _PROMPT},
        },
        work_dir="out",
    )
    run_task(task_cfg=config)


if __name__ == "__main__":
    main()
