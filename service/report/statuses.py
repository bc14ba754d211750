"""Why a verdict has no score, in words; docs/judging.md explains each."""

from collections import Counter
from collections.abc import Iterable, Mapping

from service.report.document import Say

_KOREAN = {
    "unparsed": "점수를 읽지 못함",
    "refused": "심판이 거절함",
    "truncated": "판정이 잘림",
    "filtered": "필터에 막힘",
    "provider_error": "서버 오류",
    "skipped": "채점할 답변 없음",
    "incomplete": "심판단 판정 미완",
    "pending": "아직 안 함",
}


def failure_list(counts: Mapping[str, int], say: Say) -> str:
    """`2 unparsed, 1 refused`."""
    return ", ".join(
        say(f"{n} {status.replace('_', ' ')}", f"{_KOREAN.get(status, status)} {n}건") for status, n in counts.items()
    )


def together(models: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """The failures of several models, the commonest first."""
    total: Counter[str] = Counter()
    for failures in models:
        total.update(failures)
    return dict(total.most_common())
