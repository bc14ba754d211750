"""What statuses and stages are called: (English, Korean)."""

STAGES = {
    "answers": ("answers", "답변"),
    "verdicts": ("verdicts", "판정"),
    "comparisons": ("comparisons", "비교"),
}
STATUSES = {
    "ok": ("ok", "정상"),
    "truncated": ("cut off at the token limit", "길이 제한에 걸려 잘림"),
    "unparsed": ("reply without a readable verdict", "판정을 읽을 수 없음"),
    "refused": ("refused", "거절"),
    "filtered": ("filtered by the provider", "제공자 필터에 걸림"),
    "provider_error": ("provider error", "제공자 오류"),
    "skipped": ("skipped, the answer is missing", "답변이 없어 건너뜀"),
    "empty": ("empty answer", "빈 답변"),
}
