"""Running figures, modes and patterns: fed by events, read into the `s` of market frames and of the account's frame.

1. `join_account`, `join`   the account and each instrument begin, with nothing seen
2. `push`                   a market event: its instrument's figures, and those that the prices of any one move
3. `go_on`                  any other event: what time, fills and account reads move; the rest is read as of now
4. `silence`                prices were forgotten: what was fed with them is unknown until they are heard, and goes on

A figure that reads another one is fed after it in the same event (`graph.steps`), so nothing lags. Their state is
explicit and plain, and stands in the snapshot by what each figure means. Where a policy has none, nothing of this runs.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from ruleengine.facts.frames import Env
from ruleengine.functions.catalogue import STEPS
from ruleengine.graph.meaning import of_step
from ruleengine.graph.node import Batch, Graph
from ruleengine.model.unknown import Reason, Unknown
from ruleengine.runtime.plan.rules import Result

ACCOUNT = ""
"""Whose figures: an instrument's name, or this."""


class _Step(NamedTuple):
    """One figure: its place among all, where its inputs begin and end in the batch's result, and its functions."""

    place: int
    begin: int
    end: int
    push: Callable[..., None]
    read: Callable[..., Any]


class _Fed(NamedTuple):
    batch: Batch
    inputs: Callable[[Env], Result]
    steps: tuple[_Step, ...]


class Steps:
    """The running figures of the account and of all instruments; each has its own state. `inputs`: the functions of the
    graph's batches, by block."""

    def __init__(self, graph: Graph, inputs: Mapping[str, Callable[[Env], Result]]) -> None:
        self._graph = graph
        self._calls = [(call, STEPS[call.function]) for call, _ in graph.steps]
        self._fed = [_Fed(batch, inputs[batch.block], self._bound(batch)) for batch in graph.batches]
        self._states: dict[str, list[Any]] = {}
        self._silent: dict[str, dict[int, list[float | None]]] = {}
        """Figures that wait for a price, by owner: since when, and until when they go on as if it had held (s)."""
        self._envs: dict[str, Env] = {}
        self.has_wide = any(batch.reads_account for batch in graph.batches)

    def _bound(self, batch: Batch) -> tuple[_Step, ...]:
        found: list[_Step] = []
        begin = 0
        for index in batch.steps:
            end, function = begin + len(self._graph.steps[index][1]), self._calls[index][1]
            assert function.push is not None
            assert function.read is not None
            found.append(_Step(index, begin, end, function.push, function.read))
            begin = end
        return tuple(found)

    # --- beginning ---------------------------------------------------------------------------------------------------

    def join_account(self, env: Env) -> None:
        """The account begins."""
        env.a.s = self._begin(ACCOUNT, env, "no event yet")

    def join(self, instrument: str, env: Env) -> None:
        """An instrument begins."""
        env.m.s = self._begin(instrument, env, "no market event yet")

    def _begin(self, owner: str, env: Env, why: str) -> list[Any]:
        """Places for all figures, whosever they are, so that each has one index everywhere."""
        self._envs[owner] = env
        self._states[owner] = states = [None] * len(self._calls)
        values: list[Any] = [None] * len(self._calls)
        for index, (call, function) in enumerate(self._calls):
            if call.is_of_account is (owner == ACCOUNT):
                assert function.start is not None
                states[index] = function.start(*call.constants)
                values[index] = Unknown(Reason.NOT_WARM, call.name or call.function, why)
        return values

    # --- events ------------------------------------------------------------------------------------------------------

    def push(self, instrument: str, *, has_account: bool = True) -> None:
        """A market event: every input of the instrument counts from now on, and so do the account's. `has_account`:
        false in a warm start, when there is none yet: what reads it waits."""
        for fed in self._fed:
            batch = fed.batch
            if batch.reads_account and not has_account:
                continue
            if batch.is_of_account:
                self._feed(fed, ACCOUNT)
            else:
                self._feed(fed, instrument)
                if batch.reads_account:
                    for other in self._envs:
                        if other not in (instrument, ACCOUNT):
                            self._feed(fed, other)

    def go_on(self) -> None:
        """Something else happened, or time has passed."""
        for fed in self._fed:
            batch = fed.batch
            for owner in self._envs:
                if batch.is_of_account is (owner == ACCOUNT):
                    if batch.reads_account or batch.moves:
                        self._feed(fed, owner)
                    else:
                        self._read(fed, owner)

    def silence(self, instrument: str, lasts_s: float | None) -> None:
        """The instrument's prices were forgotten, and nothing says that they have changed. What can't be fed without
        them is unknown until it can, and then goes on over the gap; where that is longer than `lasts_s` (None: however
        long), the gap is unknown. Modes and patterns say themselves what they are meanwhile."""
        env, silent = self._envs[instrument], dict[int, list[float | None]]()
        for fed in self._fed:
            if fed.batch.is_of_account or fed.batch.reads_account:
                continue
            inputs, now = fed.inputs(env), env.k.now / 1e9
            for index, begin, end, _, _ in fed.steps:
                if not self._calls[index][0].name and _has_unknown(inputs[begin:end]):
                    silent[index] = [now, None if lasts_s is None else now + lasts_s]
                    env.m.s[index] = self._unheard(index)
        if silent:
            self._silent[instrument] = silent

    def _unheard(self, index: int) -> Unknown:
        return Unknown(Reason.STALE, self._calls[index][0].function, "no price was heard since the start")

    def _is_silent(self, owner: str, index: int, inputs: Result) -> bool:
        """Does it still wait for a price? The first one ends that."""
        silent = self._silent.get(owner, {})
        since = silent.get(index)
        if since is None:
            return False
        if _has_unknown(inputs):
            return True
        begin, until = since
        if until is not None and self._envs[owner].k.now / 1e9 > until:
            unknown = self._unheard(index)
            self._calls[index][1].push(self._states[owner][index], begin, *[unknown for _ in inputs])  # type: ignore[misc]
        del silent[index]
        if not silent:
            del self._silent[owner]
        return False

    def _feed(self, fed: _Fed, owner: str) -> None:
        env, states = self._envs[owner], self._states[owner]
        values = env.a.s if owner == ACCOUNT else env.m.s
        now = env.k.now / 1e9
        inputs, may_wait = fed.inputs(env), owner in self._silent
        for index, begin, end, push, read in fed.steps:
            if may_wait and self._is_silent(owner, index, inputs[begin:end]):
                continue
            state = states[index]
            push(state, now, *[_in_float(each) for each in inputs[begin:end]])
            values[index] = read(state, now)

    def _read(self, fed: _Fed, owner: str) -> None:
        env, states = self._envs[owner], self._states[owner]
        values = env.a.s if owner == ACCOUNT else env.m.s
        now, silent = env.k.now / 1e9, self._silent.get(owner, ())
        for step in fed.steps:
            if step.place in silent:
                continue
            values[step.place] = step.read(states[step.place], now)

    def read(self) -> None:
        """All figures as of now; nothing new counts."""
        for fed in self._fed:
            for owner in self._envs:
                if fed.batch.is_of_account is (owner == ACCOUNT):
                    self._read(fed, owner)

    def is_cold(self, instrument: str) -> bool:
        """Does a figure of the instrument lack some of the past? What reads the account is known from the first event
        at the soonest, and does not count."""
        values = self._envs[instrument].m.s
        return any(
            isinstance(values[index], Unknown) and values[index].reason is Reason.NOT_WARM
            for fed in self._fed
            if not fed.batch.is_of_account and not fed.batch.reads_account
            for index in fed.batch.steps
        )

    # --- state -------------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """By owner, each figure under what it means."""
        return {
            owner: [self._kept(owner, index, state) for index, state in enumerate(states) if state is not None]
            for owner, states in self._states.items()
        }

    def _kept(self, owner: str, index: int, state: Any) -> dict[str, Any]:
        name, waits = self._calls[index][0].name, self._silent.get(owner, {}).get(index)
        kept = {"means": of_step(self._graph, index), "name": name, "state": copy.deepcopy(state)}
        return kept if waits is None else {**kept, "silent": list(waits)}

    def restore(self, kept: Mapping[str, Any]) -> list[str]:
        """Take over what means the same; modes also by name, where their states have the same words. Gives the figures
        that begin anew."""
        lost: dict[str, None] = {}
        for owner, states in self._states.items():
            entries = kept.get(owner)
            if entries is None:
                continue  # an instrument that is new to the policy
            by_meaning = {entry["means"]: entry["state"] for entry in entries}
            waits = {entry["means"]: entry["silent"] for entry in entries if "silent" in entry}
            by_name = {entry["name"]: entry["state"] for entry in entries if entry["name"]}
            for index, state in enumerate(states):
                if state is None:
                    continue
                call, function = self._calls[index]
                means, former = of_step(self._graph, index), by_name.get(call.name)
                if means in by_meaning:
                    states[index] = copy.deepcopy(by_meaning[means])
                    if means in waits:
                        self._silent.setdefault(owner, {})[index] = list(waits[means])
                        self._envs[owner].m.s[index] = self._unheard(index)
                elif former is None or function.take_over is None or not function.take_over(state, former):
                    lost[call.name or call.function] = None
        return list(lost)


def _has_unknown(values: Result) -> bool:
    return any(value.__class__ is Unknown for value in values)


def _in_float(value: Any) -> Any:
    """Running figures count in floats, whichever backend gave the input; unknowns and truths as they are."""
    return float(value) if isinstance(value, Decimal) else value
