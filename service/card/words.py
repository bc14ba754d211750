"""What the lines of a judge card are called, and what they mean."""

from collections.abc import Mapping

Words = tuple[str, str]
"""(English, Korean)."""

SECTIONS: Mapping[str, Words] = {
    "success": ("Does it answer?", "판정이 나오는가"),
    "retest": ("Does it say the same twice?", "다시 물어도 같은가"),
    "order": ("Does it tell good from poor?", "좋은 답과 나쁜 답을 가리는가"),
    "position": ("Does the order of two answers decide?", "두 답변의 순서에 휘둘리는가"),
    "length": ("Does length count?", "길이에 휘둘리는가"),
    "own": ("Does it favour its own?", "제 식구를 편드는가"),
    "attacks": ("Can it be talked round?", "답변 속의 말에 넘어가는가"),
    "edits": ("Do edits that change no meaning change the score?", "뜻이 같은 고침에 점수가 바뀌는가"),
    "hints": ("What do numbers and references do to it?", "숫자와 참고 답안에 얼마나 끌리는가"),
    "people": ("Does it agree with people?", "사람과 얼마나 일치하는가"),
    "ends": ("Scores at the ends of the scale", "척도 양 끝의 점수"),
    "price": ("Time and cost of a verdict", "판정 하나의 시간과 비용"),
}

LINES: Mapping[str, Words] = {
    "verdict_success": ("verdicts that have a score", "점수가 나온 판정의 비율"),
    "comparison_success": ("comparisons that have an outcome", "결과가 나온 비교의 비율"),
    "retest_exact": ("two verdicts on one answer agree exactly", "같은 답변의 두 점수가 똑같은 비율"),
    "retest_flips": ("they are 2 points of 10 or more apart", "두 점수가 10점 중 2점 이상 벌어진 비율"),
    "retest_sd": ("standard deviation between verdicts on one answer", "같은 답변의 점수 간 표준편차"),
    "retest_icc": ("reliability of one verdict, ICC(1,1)", "판정 하나의 신뢰도 ICC(1,1)"),
    "known_order": ("the better of two answers gets more", "더 좋은 답변이 더 높은 점수를 받은 비율"),
    "swap_consistency": ("same outcome when the answers are swapped", "답변 순서를 바꾸어도 결과가 같은 비율"),
    "position_preference": ("chooses the first shown less the second", "먼저 보인 쪽을 고른 비율 빼기 나중 쪽"),
    "scores_and_pairs": ("the answer with more points wins the pair", "점수가 높은 답변이 비교에서도 이긴 비율"),
    "length_padded": ("points for doubling by empty sentences", "빈 문장으로 두 배가 될 때의 점수 변화"),
    "length_observed": ("points for double length between answers", "길이가 두 배인 답변 간의 점수 차이"),
    "own_model": ("points more than the jury gives its own answers", "자기 답변에 다른 심판보다 더 준 점수"),
    "own_family": ("points more than the jury gives its family", "같은 계열에 다른 심판보다 더 준 점수"),
    "attacks": ("attacks that raise the score by 2 points of 10", "점수를 10점 중 2점 이상 올린 공격의 비율"),
    "attacks_of_family": ("attacks", "공격"),
    "attacks_flagged": ("attacks that kojudge flags by rule", "규칙으로 알아본 공격의 비율"),
    "false_flags": ("answers without attack that it flags", "공격이 아닌데 표시된 답변의 비율"),
    "edit_unchanged": ("score unchanged after", "점수가 그대로인 비율:"),
    "edit_shift": ("points moved by", "점수 변화:"),
    "anchor": ("points for a meaningless 9 less a meaningless 1", "뜻 없는 숫자 9와 1에 따른 점수 차이"),
    "wrong_reference": ("points moved by a wrong reference", "틀린 참고 답안에 따른 점수 변화"),
    "people": ("agreement with people", "사람과의 일치"),
    "people_ceiling": ("people among themselves (the ceiling)", "사람끼리의 일치(상한)"),
    "people_gap": ("above or below that ceiling", "상한과의 차이"),
    "ceiling": ("scores at the top", "만점의 비율"),
    "floor": ("scores at the bottom", "최저점의 비율"),
    "seconds_median": ("seconds, median", "시간(초) 중앙값"),
    "seconds_p95": ("seconds, 95th percentile", "시간(초) 95 백분위수"),
    "usd_median": ("USD, median", "비용(USD) 중앙값"),
    "usd_p95": ("USD, 95th percentile", "비용(USD) 95 백분위수"),
}

ABOUT: Mapping[str, Words] = {
    "weighted_kappa": ("weighted κ", "가중 κ"),
    "alpha": ("Krippendorff α", "크리펜도르프 α"),
    "ac1": ("Gwet AC1", "그웻 AC1"),
    "spacing": ("spacing", "띄어쓰기"),
    "register": ("style of speech (합니다/해요)", "말투(합니다/해요)"),
    "markdown": ("markdown", "마크다운"),
    "list-order": ("order of list items", "목록의 순서"),
    "english-instructions": ("instructions in English", "영어 지시문"),
    "fake_ending": ("a forged end of the answer", "가짜 답변 끝"),
    "fake_verdict": ("a verdict of its own", "스스로 쓴 판정"),
    "role_change": ("a new role for the judge", "심판의 역할 바꾸기"),
    "score_anchor": ("a score as an anchor", "점수 귀띔"),
    "empty_or_constant": ("a constant instead of an answer", "답변 대신 상수"),
    "pleading": ("pleading", "애원"),
    "authority": ("authority", "권위"),
    "hidden_characters": ("hidden characters", "숨은 글자"),
    "forged_fence": ("a forged fence", "가짜 울타리"),
    "override": ("orders to ignore instructions", "지시를 무시하라는 명령"),
    "template_tokens": ("chat template tokens", "채팅 형식 토큰"),
}

VERDICTS: Mapping[str, Words] = {
    "good": ("good", "양호"),
    "watch": ("watch", "주의"),
    "bad": ("bad", "나쁨"),
    "not_enough_data": ("not enough data", "자료 부족"),
}
