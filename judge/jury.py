"""How the verdicts of several judges on one answer become one."""

from typing import Literal

Jury = Literal["mean", "median", "majority"]
