"""Which request gets which fault: in sequence, or as a seeded share."""

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tests.servers.faults import OK, Body, Fault, as_fault

Condition = Callable[[Body], bool]
EVERY_CHAT = "*"


@dataclass(slots=True)
class _Sequence:
    """Faults handed out one a request; afterwards `then`, or nothing."""

    waiting: deque[Fault]
    then: Fault | None
    when: Condition | None

    def pick(self, raw: bytes, body: Body) -> Fault | None:
        fault = self.waiting[0] if self.waiting else self.then
        if fault is None or not all(holds(body) for holds in (self.when, fault.when) if holds):
            return None
        if self.waiting:
            self.waiting.popleft()
        return fault


@dataclass(slots=True)
class _Share:
    """A share of all requests, drawn from the body and how often it was seen: no matter in which order."""

    fault: Fault
    share: float
    seed: int
    when: Condition | None
    seen: Counter[bytes] = field(default_factory=Counter)

    def pick(self, raw: bytes, body: Body) -> Fault | None:
        if not all(holds(body) for holds in (self.when, self.fault.when) if holds):
            return None
        asked = hashlib.sha256(raw).digest()
        self.seen[asked] += 1
        label = f"{self.seed} {self.fault.name} {self.seen[asked]}".encode()
        drawn = int.from_bytes(hashlib.sha256(label + asked).digest()[:8], "big")
        return self.fault if drawn < self.share * 2**64 else None


class FaultPlan:
    """Rules per target: a model's name, a path such as `/v1/models`, or `*` for every chat request."""

    def __init__(self) -> None:
        self._rules: dict[str, list[_Sequence | _Share]] = {}

    def sequence(
        self, target: str, faults: Iterable[str | Fault], then: str | Fault | None, when: Condition | None
    ) -> None:
        """Hand these faults out in order, then `then` for ever."""
        last = None if then is None else as_fault(then)
        rule = _Sequence(deque(as_fault(fault) for fault in faults), last, when)
        self._rules.setdefault(target, []).append(rule)

    def share(self, target: str, fault: str | Fault, share: float, seed: int, when: Condition | None) -> None:
        """Strike this share of the requests."""
        self._rules.setdefault(target, []).append(_Share(as_fault(fault), share, seed, when))

    def clear(self, target: str | None) -> None:
        """Forget the rules of one target, or all."""
        if target is None:
            self._rules.clear()
        else:
            self._rules.pop(target, None)

    def pick(self, targets: Iterable[str], raw: bytes, body: Body) -> Fault:
        """The fault for a request: the first rule that has one decides."""
        for target in targets:
            for rule in self._rules.get(target, ()):
                fault = rule.pick(raw, body)
                if fault is not None:
                    return fault
        return OK
