"""`reasoning_effort` as Ollama's `think`: models differ in what they take, and some servers drop the rest unsaid."""

import json
import re

from providers.errors import InvalidRequestError, UnsupportedParameterError

_REFUSED = re.compile(r"invalid think value|ChatRequest\.think|does not support thinking", re.I)
_LISTED = re.compile(r"supported values: (\[.*?\])")
_QUOTED = re.compile(r'"(low|medium|high|max)"')
_ON_OR_OFF: tuple[bool | str, ...] = (False, True)
_HARMONY: tuple[bool | str, ...] = ("low", "medium", "high")


class Thinking:
    """What one model takes as `think`: unknown at first, then learnt from `/api/show` or from a refusal."""

    def __init__(self, model: str) -> None:
        self._model = model
        self.values: tuple[bool | str, ...] | None = None

    def learn(self, shown: object, family: object) -> None:
        """Take over `thinking.values` of `/api/show`; the gpt-oss family is known to take levels only."""
        values = shown.get("values") if isinstance(shown, dict) else None
        if isinstance(values, list) and values and all(isinstance(value, bool | str) for value in values):
            self.values = tuple(values)
        elif family in ("gptoss", "gpt-oss"):
            self.values = _HARMONY

    def field(self, effort: str | None) -> bool | str | None:
        """The value to send; None: send nothing. A model that only knows on and off gets `True` for any level.

        Raises:
            UnsupportedParameterError: the model is known not to take it.
        """
        if effort is None:
            return None
        wanted: bool | str = False if effort == "none" else effort
        if self.values is None or wanted in self.values:
            return wanted
        if wanted and True in self.values and not any(isinstance(value, str) for value in self.values):
            return True
        raise self._unsupported(effort)

    def refused(self, error: InvalidRequestError, effort: str | None, sent: bool | str | None) -> bool:
        """Whether a call with `sent` may be made again, in the form that this refusal of it taught.

        Raises:
            UnsupportedParameterError: no form would be taken.
        """
        message = str(error)
        if effort is None or not _REFUSED.search(message):
            return False
        if "does not support thinking" in message:
            self.values = (False,)
        elif listed := _LISTED.search(message):
            self.learn({"values": _json_list(listed[1])}, None)
        else:
            self.values = (*_ON_OR_OFF, *_QUOTED.findall(message.partition("must be")[2]))
        if self.field(effort) == sent:
            raise self._unsupported(effort)
        return True

    def _unsupported(self, effort: str) -> UnsupportedParameterError:
        names = ["none" if value is False else "on" if value is True else value for value in self.values or ()]
        if names == ["none"]:
            what = "it does not support thinking; leave reasoning_effort out or set it to none"
        else:
            what = f"it knows: {', '.join(names) or 'nothing that is known'}"
        return UnsupportedParameterError(
            f"{self._model} does not take reasoning_effort {effort!r}: {what}", status=400, param="reasoning_effort"
        )


def _json_list(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None
