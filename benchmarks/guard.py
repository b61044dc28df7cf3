"""The guard of twelve conditions: the scalar step beside hand-written Python and beside other engines.

1. `answers_agree`  every contender on every state gives the answer that the state was made for
2. `unknowns_agree` the scalar step with unknowns against the trace backend (the definition), value by value
3. `figures`        turns of every contender over the same states, ratios within a round
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.guard_peers import PEERS, by_hand
from benchmarks.guard_states import BLOCK, POLICY, State, environment, states
from benchmarks.measure import Figure, microseconds, ratio, take_turns
from ruleengine.backends.scalar import ScalarProgram
from ruleengine.backends.trace import TraceProgram
from ruleengine.facts.frames import Env
from ruleengine.graph.compile import compile_policy
from ruleengine.graph.node import Graph
from ruleengine.model.unknown import known

SEED = 20
CHECKED = 2_400
TIMED = 1_200
ROUNDS = 15
SLOW_PEER_STATES = 120
"""States a round for peers of hundreds of microseconds a call; a ratio is of times a call."""


def figures() -> list[Figure]:
    """Ratios on states of which half hold and half fail, and on states that all hold, where nothing is skipped."""
    graph = compiled_guard()
    step = ScalarProgram(graph).functions[BLOCK]
    made = states(CHECKED, SEED)
    peers = {name: make() for name, make in PEERS.items()}
    answers_agree(step, peers, made)
    unknowns_agree(graph, made["unknown"])

    found: list[Figure] = []
    for kind in ("holding", "mixed"):
        chosen = made[kind][:TIMED]
        environments = [environment(state) for state in chosen]
        turns: dict[str, Callable[[], object]] = {
            "step": over(step, environments),
            "hand": over(by_hand, environments),
        }
        counts = {"step": TIMED, "hand": TIMED}
        for name, (evaluate, convert) in peers.items():
            counts[name] = SLOW_PEER_STATES if _is_slow(name) else TIMED
            turns[name] = over(evaluate, [convert(state) for state in chosen[: counts[name]]])
        taken = take_turns(turns, ROUNDS)
        found += _compared(kind, taken, counts)
    return [*found, _with_unknowns(step, made)]


def compiled_guard() -> Graph:
    """The graph of the policy that holds the guard, by the same stages as any policy's."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "twelve.policy.yaml"
        path.write_text(POLICY, encoding="utf-8")
        result = compile_policy(path)
    if result.compiled is None:
        raise RuntimeError("the benchmark's guard is refused: " + "; ".join(each.message for each in result.found))
    return result.compiled.graph


def over(function: Callable[[Any], Any], inputs: Sequence[Any]) -> Callable[[], None]:
    """One turn: the function on each input."""

    def run() -> None:
        for each in inputs:
            function(each)

    return run


def answers_agree(
    step: Callable[[Env], tuple[Any, ...]],
    peers: dict[str, tuple[Callable[[Any], bool], Callable[[State], Any]]],
    made: dict[str, list[State]],
) -> None:
    """Stops the benchmark where any contender answers otherwise than the state was made to be answered."""
    for kind, is_expected in (("holding", lambda index: True), ("mixed", lambda index: index % 2 == 1)):
        for index, state in enumerate(made[kind]):
            env = environment(state)
            expected = is_expected(index)
            answers = {"the scalar step": step(env)[0], "hand-written": by_hand(env)}
            answers |= {name: evaluate(convert(state)) for name, (evaluate, convert) in peers.items()}
            wrong = [name for name, answer in answers.items() if answer is not expected]
            if wrong:
                raise RuntimeError(f"{', '.join(wrong)}: not {expected} on the {kind} state {state}")


def unknowns_agree(graph: Graph, made: Sequence[State]) -> None:
    """Stops the benchmark where the scalar step and the definition record different values, verdicts or reasons."""
    step, meaning = ScalarProgram(graph).functions[BLOCK], TraceProgram(graph).functions[BLOCK]
    for state in made:
        env = environment(state)
        for ours, defined in zip(step(env), meaning(env), strict=True):
            if not _is_same(ours, defined):
                raise RuntimeError(f"scalar step {ours}, definition {defined} on {state}")


def _is_same(ours: Any, defined: Any) -> bool:
    if not known(ours) or not known(defined):
        return not known(ours) and bool(ours.same_as(defined))
    if isinstance(ours, float) and not isinstance(defined, bool | str):
        return abs(ours - float(defined)) <= 1e-9 * max(abs(ours), 1.0)
    return bool(ours == defined)


def _compared(kind: str, taken: dict[str, list[float]], counts: dict[str, int]) -> list[Figure]:
    a_call = {name: [each / counts[name] for each in seconds] for name, seconds in taken.items()}
    about = "all twelve hold" if kind == "holding" else "half of them fail"
    found = [
        Figure(f"guard, {about}: scalar step / hand-written", ratio(a_call["step"], a_call["hand"]), limit=2.5),
        Figure(f"guard, {about}: scalar step, a call", microseconds(taken["step"], counts["step"]), "µs"),
    ]
    for name in PEERS:
        times = ratio(a_call[name], a_call["step"])
        found.append(Figure(f"guard, {about}: {name} / scalar step", times, "×", LIMITS.get(name), "at least"))
    return found


LIMITS = {
    "zen-engine, compiled expression": 4.0,
    "zen-engine, decision graph with trace": 40.0,
    "cel-python": 1_000.0,
}
"""Peers with a limit, as they run by default; their variants stand beside for comparison."""


def _is_slow(name: str) -> bool:
    return name.startswith("cel") or "graph" in name


def _with_unknowns(step: Callable[[Env], tuple[Any, ...]], made: dict[str, list[State]]) -> Figure:
    """What an unknown costs: the path that carries it through, beside the path on which all is known."""
    turns = {kind: over(step, [environment(state) for state in made[kind][:TIMED]]) for kind in ("mixed", "unknown")}
    taken = take_turns(turns, ROUNDS)
    return Figure("guard, one input unknown: scalar step / with all known", ratio(taken["unknown"], taken["mixed"]))
