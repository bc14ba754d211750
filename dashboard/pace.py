"""How long and how much somebody has reviewed in this session: the time for an item, and when a break is due."""

import time
from dataclasses import dataclass, field

import streamlit as st

from service.report.document import Say

LONG_S = 30 * 60
MANY = 50


@dataclass(slots=True)
class Pace:
    """`since` and the times in `shown` (by key of an item) are of the monotonic clock, in seconds."""

    since: float = field(default_factory=time.monotonic)
    labelled: int = 0
    shown: dict[str, float] = field(default_factory=dict)

    @staticmethod
    def of_session() -> "Pace":
        """The one of this session."""
        pace: Pace = st.session_state.setdefault("pace", Pace())
        return pace

    def begin(self, key: str) -> None:
        """An item is looked at from now on."""
        if key not in self.shown:
            self.shown = {key: time.monotonic()}

    def seconds(self, key: str) -> float | None:
        """How long it was looked at; None where it was not."""
        return None if key not in self.shown else round(time.monotonic() - self.shown[key], 1)

    def count(self) -> None:
        self.labelled += 1

    def show(self, say: Say) -> None:
        """A word on a break when one is due."""
        if time.monotonic() - self.since < LONG_S and self.labelled < MANY:
            return
        st.info(
            say(
                "Time for a break: judgements grow careless after half an hour, or fifty answers.",
                "쉬어 갈 시간입니다. 30분이나 50건이 넘으면 판정이 무뎌집니다.",
            )
        )
        st.button(say("I had a break", "쉬고 왔습니다"), shortcut="B", on_click=self._rest)

    def _rest(self) -> None:
        self.since, self.labelled = time.monotonic(), 0
