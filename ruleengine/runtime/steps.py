"""Running figures: fed on every market event of their instrument, read into the market frame's `s`.

Their state is explicit and plain, so it stands in the snapshot. Where a policy has none, nothing of this runs.
"""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

from ruleengine.facts.frames import Env
from ruleengine.functions.catalogue import FUNCTIONS
from ruleengine.graph.node import Graph
from ruleengine.model.unknown import Reason, Unknown
from ruleengine.runtime.rules import Part


class Steps:
    """The running figures of all instruments; each has its own state."""

    def __init__(self, graph: Graph, inputs: Part) -> None:
        self._run = inputs.run
        self._calls = [(call, FUNCTIONS[call.function]) for call, _ in graph.steps]
        self._states: dict[str, list[Any]] = {}

    def join(self, instrument: str, env: Env) -> None:
        """An instrument begins, with nothing seen."""
        states = []
        for call, function in self._calls:
            assert function.start is not None
            states.append(function.start(*call.constants))
        self._states[instrument] = states
        env.m.s = [Unknown(Reason.NOT_WARM, call.function, "no market event yet") for call, _ in self._calls]

    def push(self, instrument: str, env: Env) -> None:
        """A market event: every input counts from now on."""
        now = env.k.now / 1e9
        inputs = self._run(env)
        values, states = env.m.s, self._states[instrument]
        for index, (_, function) in enumerate(self._calls):
            assert function.push is not None
            assert function.read is not None
            function.push(states[index], now, _in_float(inputs[index]))
            values[index] = function.read(states[index], now)

    def read(self, instrument: str, env: Env) -> None:
        """Time alone has passed: figures move, nothing new counts."""
        now = env.k.now / 1e9
        for index, (_, function) in enumerate(self._calls):
            assert function.read is not None
            env.m.s[index] = function.read(self._states[instrument][index], now)

    def state(self) -> dict[str, Any]:
        return copy.deepcopy(self._states)

    def restore(self, state: dict[str, Any]) -> None:
        for instrument, states in state.items():
            if instrument in self._states:
                self._states[instrument] = copy.deepcopy(states)


def _in_float(value: Any) -> Any:
    """Running figures count in floats, whichever backend gave the input; unknowns and truths as they are."""
    return float(value) if isinstance(value, Decimal) else value
