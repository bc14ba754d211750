"""The answer that a turn's reference and checks ask for, as far as they say.

Several answers are made (the reference, what the checks name in one or another shape) and the checks choose the best.
Where nothing is known of the right answer, a few sentences without content stand in, and get the score that they get.
"""

import itertools
import json
from collections.abc import Iterator

from judge.checks.answer import run_check
from judge.checks.choice import settle
from judge.checks.choice_outcome import choice_check
from judge.checks.language import check_turn_language
from questions.types import (
    ChoiceCheck,
    CodeCheck,
    ContainsCheck,
    CountCheck,
    FormatCheck,
    LengthCheck,
    LineStartsCheck,
    NumberCheck,
    Question,
    RegisterCheck,
    Turn,
)

_ENDINGS = {"하십시오체": "입니다.", "해요체": "이에요.", "해체": "이야.", "한다체": "이다."}
_FILLERS = {
    "하십시오체": "이렇게 답합니다.",
    "해요체": "이렇게 답해요.",
    "해체": "이렇게 답해.",
    "한다체": "이렇게 답한다.",
}
_PLAIN = "하십시오체"
_ENGLISH_FILLER = "This is the answer."
_NOTHING_KNOWN = (
    "물으신 것을 처음부터 끝까지 찬찬히 읽었습니다. 무엇이 먼저이고 무엇이 나중인지 차례를 정해 두고, 확실한 것과 "
    "그렇지 않은 것을 나누어 말씀드리겠습니다. 제가 모르는 것은 모른다고 하고, 도움이 될 만한 것은 빠뜨리지 "
    "않겠습니다. 더 궁금한 것이 있으면 언제든지 다시 물어 주세요."
)
_NOTHING_KNOWN_IN_ENGLISH = (
    "I have read your question from beginning to end. I will say first what is certain and then what is not, and where "
    "I do not know something I will say so. Please ask again whenever there is more that you would like to know."
)
_MOST_UNITS = 500


def perfect_answer(question: Question, turn: int) -> str:
    """The first of the answers that pass the most checks, in the language that is asked for."""
    asked = question.turns[turn - 1]
    check = choice_check(asked)
    if check is not None and check.answer in check.options:
        return chosen(check, check.options.index(check.answer))
    best, most = "", (False, -1)
    for answer in _answers(asked):
        in_language = check_turn_language(question, turn, answer).passed is not False
        worth = (in_language, sum(run_check(check, answer).passed is True for check in asked.checks))
        if worth > most:
            best, most = answer, worth
        if worth == (True, len(asked.checks)):
            break
    return best


def chosen(check: ChoiceCheck, option: int) -> str:
    """An answer that settles on an option: its own words, else its number."""
    ways = [check.options[option], f"정답: {check.options[option]}", f"정답: {option + 1}번"]
    return next((way for way in ways if settle(check.options, way).option == option), ways[0])


def _answers(turn: Turn) -> Iterator[str]:
    code = "".join(_program(check) for check in turn.checks if isinstance(check, CodeCheck))
    if turn.reference:
        yield turn.reference + code
    elif not turn.checks:
        yield _NOTHING_KNOWN_IN_ENGLISH if turn.expected_language == "en" else _NOTHING_KNOWN
    for answer in _composed(turn):
        yield answer + code
        if turn.reference:
            yield f"{turn.reference}\n\n{answer}{code}"


def _program(check: CodeCheck) -> str:
    """A program that knows what each test wants to read."""
    known = {test.stdin.strip(): test.stdout for test in check.tests}
    return f"\n\n```python\nimport sys\n\nKNOWN = {known!r}\nprint(KNOWN[sys.stdin.read().strip()])\n```"


def _composed(turn: Turn) -> Iterator[str]:
    """What the checks name, said in sentences, lines or paragraphs, as many as they ask for."""
    style = next((check.style for check in turn.checks if isinstance(check, RegisterCheck)), _PLAIN)
    english = turn.expected_language == "en"
    filler = _ENGLISH_FILLER if english else _FILLERS[style]
    words = _named(turn)
    for starts in (check.starts for check in turn.checks if isinstance(check, LineStartsCheck)):
        yield "\n".join(
            f"{start} {word}".rstrip() for start, word in itertools.zip_longest(starts, words, fillvalue="")
        )
        yield "\n".join(f"{start}, {filler}" for start in starts)
    yield from _shaped(turn, words, filler)
    said = [f"It is {word}." if english else f"{word}{_ENDINGS[style]}" for word in words]
    units = [*said, *[filler] * max(1 - len(said), _fewest(turn) - len(said))]
    for between in (" ", "\n", "\n\n"):
        yield _long_enough(turn, between.join(units), filler)
        yield _long_enough(turn, between.join([" ".join(said), *units[len(said) :]]).strip(), filler)
    yield " ".join(words) or filler


def _named(turn: Turn) -> list[str]:
    """The words and numbers that must stand in the answer."""
    words: list[str] = []
    for check in turn.checks:
        if isinstance(check, ContainsCheck):
            words += [*check.all_of, *check.any_of[:1]]
        elif isinstance(check, NumberCheck):
            words.append(f"{check.value:.15g}")
    return list(dict.fromkeys(words))


def _shaped(turn: Turn, words: list[str], filler: str) -> Iterator[str]:
    said = " ".join(words) or filler
    for check in turn.checks:
        if not isinstance(check, FormatCheck):
            continue
        if check.shape == "json":
            yield f"```json\n{json.dumps({'answer': said}, ensure_ascii=False)}\n```"
        elif check.shape == "code":
            yield f"```\n{said}\n```"
        else:
            items = words or [filler]
            count = min(check.items or len(items), _MOST_UNITS)
            items = [*items[: count - 1], " ".join(items[count - 1 :]) or filler, *[filler] * (count - len(items))]
            yield "\n".join(f"{number}. {item}" for number, item in enumerate(items[:count], 1))


def _fewest(turn: Turn) -> int:
    """How many sentences, lines or paragraphs the answer needs."""
    fewest = [check.min for check in turn.checks if isinstance(check, CountCheck)]
    return min(max([1, *fewest]), _MOST_UNITS)


def _long_enough(turn: Turn, answer: str, filler: str) -> str:
    shortest = max([0, *(check.min_chars for check in turn.checks if isinstance(check, LengthCheck))])
    missing = shortest - len(answer)
    return answer + f" {filler}" * -(-missing // (len(filler) + 1)) if missing > 0 else answer
