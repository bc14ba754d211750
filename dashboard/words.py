"""What statuses and stages are called: (English, Korean)."""

STAGES = {
    "answers": ("answers", "답변"),
    "verdicts": ("verdicts", "판정"),
    "comparisons": ("comparisons", "비교"),
}
ROLES = {
    "candidate": ("answers", "답변 생성"),
    "judge": ("judging", "판정"),
    "pairwise": ("comparisons", "비교"),
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

KINDS = {
    "wrong_language": ("Not in the language asked for", "요구된 언어 아님"),
    "foreign_script": ("Foreign script", "다른 문자"),
    "leaked_tokens": ("Leaked template tokens", "새어 나온 표지"),
    "empty": ("Empty answer", "빈 답변"),
    "repetition": ("Repetition", "반복"),
    "register": ("Mixed speech levels", "말끝이 섞임"),
    "refusal": ("Refusal", "거절"),
    "partial_refusal": ("Partial refusal", "일부 거절"),
    "personal_data": ("Personal data", "개인정보"),
    "addressing": ("Speaks to the judge", "심판에게 하는 말"),
    "canary": ("Secret word shown", "비밀 말 드러남"),
    "failed_check": ("Failed condition", "어긋난 조건"),
}
"""What rules find in an answer."""

AVATARS = {"user": ":material/person:", "assistant": ":material/smart_toy:"}
"""Of those who speak in a conversation."""
