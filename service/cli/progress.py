"""Progress of a run on stderr: bars on a terminal, a line now and then elsewhere."""

import time
from abc import ABC, abstractmethod
from collections import Counter
from types import TracebackType
from typing import Protocol, Self

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from providers.errors import ProviderError
from service.cli.terminal import err
from service.report.cells import safe

_LINE_EVERY_S = 10.0
_FEWEST_FOR_REST = 10
"""With fewer units ended the time left is not told: the start is most of their time."""


class Totals:
    """What has ended so far; units that were there before the start count as done, not as rate."""

    def __init__(
        self,
        answers: int,
        verdicts: int,
        done_answers: int,
        done_verdicts: int,
        comparisons: int = 0,
        done_comparisons: int = 0,
    ) -> None:
        self.answers, self.verdicts = answers, verdicts
        self.done_answers, self.done_verdicts = done_answers, done_verdicts
        self.comparisons, self.done_comparisons = comparisons, done_comparisons
        self.calls = 0
        self.failed: Counter[str] = Counter()
        self.retries: Counter[str] = Counter()
        self.cost = 0.0
        self.unpriced = 0
        self.start = time.monotonic()

    def count(self, status: str, cost: float | None) -> None:
        self.calls += 1
        if status not in ("ok", "truncated"):
            self.failed[status] += 1
        if cost is None:
            self.unpriced += 1
        else:
            self.cost += cost

    def rate(self) -> float:
        """Units per second since the start."""
        return self.calls / max(time.monotonic() - self.start, 1e-9)

    def notes(self) -> str:
        parts = [f"{self.rate():.1f}/s"]
        if self.failed:
            parts.append("failed " + ", ".join(f"{n} {kind}" for kind, n in sorted(self.failed.items())))
        if self.retries:
            parts.append(f"{sum(self.retries.values())} retries")
        if self.cost:
            parts.append(f"${self.cost:.4f}" + ("+" if self.unpriced else ""))
        return " · ".join(parts)


class RunProgress(Protocol):
    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def answered(self, status: str, cost: float | None) -> None: ...

    def judged(self, status: str, cost: float | None) -> None: ...

    def compared(self, status: str, cost: float | None) -> None: ...

    def retrying(self, error: ProviderError) -> None: ...

    def say(self, line: str) -> None: ...

    def pulling(self, model: str, status: str, done: int | None, total: int | None) -> None: ...


class _Counting(ABC):
    def __init__(self, totals: Totals) -> None:
        self.totals = totals

    def answered(self, status: str, cost: float | None) -> None:
        self.totals.done_answers = min(self.totals.done_answers + 1, self.totals.answers)
        self.totals.count(status, cost)
        self.changed()

    def judged(self, status: str, cost: float | None) -> None:
        self.totals.done_verdicts = min(self.totals.done_verdicts + 1, self.totals.verdicts)
        self.totals.count(status, cost)
        self.changed()

    def compared(self, status: str, cost: float | None) -> None:
        self.totals.done_comparisons = min(self.totals.done_comparisons + 1, self.totals.comparisons)
        self.totals.count(status, cost)
        self.changed()

    def retrying(self, error: ProviderError) -> None:
        self.totals.retries[error.kind] += 1

    @abstractmethod
    def pulling(self, model: str, status: str, done: int | None, total: int | None) -> None:
        """Show how far a model's download is (bytes, None where the server does not say)."""

    @abstractmethod
    def say(self, line: str) -> None:
        """Print a line now."""

    @abstractmethod
    def changed(self) -> None:
        """Show the new state, if it is time to."""


class Bars(_Counting):
    """A bar each: answers, verdicts, and comparisons where there are any."""

    def __init__(self, totals: Totals) -> None:
        super().__init__(totals)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[notes]}", markup=False),
            console=err(),
            refresh_per_second=4,
        )
        self._answers: TaskID = self._progress.add_task("answers ", total=totals.answers, notes="")
        self._verdicts: TaskID = self._progress.add_task("verdicts", total=totals.verdicts, notes="")
        self._comparisons: TaskID | None = None
        if totals.comparisons:
            self._comparisons = self._progress.add_task("compared", total=totals.comparisons, notes="")
        self._pull: TaskID | None = None
        self._last = 0.0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._refresh()
        self._progress.stop()

    def changed(self) -> None:
        if time.monotonic() - self._last > 0.2:
            self._refresh()

    def pulling(self, model: str, status: str, done: int | None, total: int | None) -> None:
        if self._pull is None:
            self._pull = self._progress.add_task("pulling ", total=None, notes="")
        share = f" {done / 1e6:.0f} of {total / 1e6:.0f} MB" if done is not None and total else ""
        note = safe(f"{model}: {status}")[:60] + share
        self._progress.update(self._pull, completed=done or 0, total=total, notes=note)
        if status == "success":
            self._progress.remove_task(self._pull)
            self._pull = None

    def say(self, line: str) -> None:
        self._progress.console.print(Text(safe(line)), soft_wrap=True)

    def _refresh(self) -> None:
        self._last = time.monotonic()
        self._progress.update(self._answers, completed=self.totals.done_answers)
        self._progress.update(self._verdicts, completed=self.totals.done_verdicts, notes=self.totals.notes())
        if self._comparisons is not None:
            self._progress.update(self._comparisons, completed=self.totals.done_comparisons)


class Lines(_Counting):
    """A plain line every few seconds, for logs and pipes."""

    def __enter__(self) -> Self:
        self._last = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.totals.calls:
            self._print()

    def changed(self) -> None:
        if time.monotonic() - self._last >= _LINE_EVERY_S:
            self._last = time.monotonic()
            self._print()

    def pulling(self, model: str, status: str, done: int | None, total: int | None) -> None:
        if time.monotonic() - self._last >= _LINE_EVERY_S or status == "success":
            self._last = time.monotonic()
            share = f" {100 * done / total:.0f} %" if done is not None and total else ""
            self.say(f"pulling {model}: {status}{share}")

    def say(self, line: str) -> None:
        err().print(Text(safe(line)), soft_wrap=True)

    def _print(self) -> None:
        t = self.totals
        left = (t.answers - t.done_answers) + (t.verdicts - t.done_verdicts) + (t.comparisons - t.done_comparisons)
        compared = f"comparisons {t.done_comparisons}/{t.comparisons} · " if t.comparisons else ""
        eta = f" · about {left / t.rate():.0f} s left" if left and t.calls >= _FEWEST_FOR_REST else ""
        err().print(
            f"answers {t.done_answers}/{t.answers} · verdicts {t.done_verdicts}/{t.verdicts} · {compared}"
            f"{t.notes()}{eta}",
            markup=False,
            soft_wrap=True,
        )


def run_progress(totals: Totals) -> RunProgress:
    """Bars on a terminal, lines elsewhere."""
    return Bars(totals) if err().is_terminal else Lines(totals)
