"""Which part of an answer is the program."""

import pytest

from judge.checks.program import code_blocks, find_program

P = "n = int(input())\nprint(n * 2)"


def fenced(text: str, info: str = "python", fence: str = "```") -> str:
    return f"{fence}{info}\n{text}\n{fence}"


@pytest.mark.parametrize(
    "answer",
    [
        fenced(P),
        fenced(P, "py"),
        fenced(P, "Python"),
        fenced(P, "python3"),
        fenced(P, "python title=sol.py"),
        fenced(P, " python "),
        fenced(P, "{.python}"),
        fenced(P, ""),
        fenced(P, fence="~~~"),
        fenced(P, fence="````"),
        f"풀이입니다.\n\n{fenced(P)}\n\n두 배를 출력합니다.",
        f"```python\n{P}",
        fenced(P).replace("\n", "\r\n"),
        fenced(P).replace("\n", "\r"),
        P,
        f"\n\n{P}\n",
        f"처음 생각:\n{fenced('n = 1')}\n고친 것:\n{fenced(P)}",
        f"{fenced(P)}\n쓰는 법:\n{fenced('print(solve(3))')}",
        f"{fenced(P)}\n실행:\n{fenced('python3 a.py < in.txt', 'bash')}",
        f"{fenced(P)}\n입력\n{fenced('3', '')}\n출력\n{fenced('6', '')}",
        f"{fenced('3', '')}\n{fenced(P, '')}\n{fenced('6', '')}",
        f"{fenced('print(input())', 'text')}\n{fenced(P)}",
        f"{fenced('int main() { return 0; }', 'c')}\n{fenced(P)}",
        f"코드에는 `input()`을 씁니다. ```줄 안```\n{fenced(P)}",
        f"1. 프로그램\n   {fenced(P)}".replace("\nn", "\n   n")
        .replace("\nprint", "\n   print")
        .replace("\n```", "\n   ```"),
    ],
)
def test_the_program_is_found(answer):
    found = find_program(answer)
    assert found is not None, answer
    assert "\n".join(found.split()) == "\n".join(P.split()), answer


def test_indented_lines_stay_indented():
    assert find_program("  ```python\n  if 1:\n      print(1)\n  ```") == "if 1:\n    print(1)"
    assert find_program("```python\nif 1:\n    print('''\n```\n") == "if 1:\n    print('''"


def test_a_separator_inside_a_literal_does_not_break_the_line():
    assert find_program(fenced("print(ascii('a\u2028b\x0cc'))")) == "print(ascii('a\u2028b\x0cc'))"


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "죄송하지만 그 프로그램은 만들 수 없습니다.",
        "print 함수를 쓰면 됩니다.",
        fenced("System.out.println(1);", "java"),
        fenced("3\n6", ""),
        fenced("", "python"),
        f"설명만 있습니다.\n{fenced('ls -l', 'bash')}",
        "답은 6입니다. import 문은 필요 없습니다.",
    ],
)
def test_there_is_no_program(answer):
    assert find_program(answer) is None


def test_blocks_have_their_language_and_text():
    blocks = code_blocks(f"{fenced('가', 'text')}\n사이\n{fenced('나', '')}\n```py\n다")
    assert [(b.info, b.text) for b in blocks] == [("text", "가"), ("", "나"), ("py", "다")]


@pytest.mark.parametrize(
    "unit", ["```", "``` ", "~~~\n```\n", "a,", "a ", "for :", "for : #", "if ", " \n", "= ", "a:a", "\r", "#", "a.a("]
)
def test_hostile_text_is_read_within_the_tests_time(unit):
    for text in (unit * 100_000, f"```\n{unit * 100_000}\n```"):
        assert find_program(text) in (None, text, text[4:-4])
