"""A warm start: the market's past before a run begins, so that features and running figures are known from its first
event on, as if the engine had watched all along.

Nothing of it is captured, decided or counted: there is no account yet. Features are functions of closed bars, and
running figures of their windows, so enough of the past gives the same values to the bit (`is_warm` says whether it was
enough). What has no window (`held_for`, `time_since`) knows only what it was shown, which is a day where there is one.
"""

from __future__ import annotations

from collections.abc import Iterable

from ruleengine.functions.catalogue import STEPS
from ruleengine.graph.lookback import bars_of
from ruleengine.graph.node import Graph
from ruleengine.market.phase import NEVER
from ruleengine.model.event import BarEvent, MarketEvent, Quote
from ruleengine.runtime.engine import TAKERS, Engine
from ruleengine.typecheck.typed import StepCall
from ruleengine.units import DURATION

DAY_NS = 25 * 3_600_000_000_000
"""As long as a trading day can be: a day on which clocks go back."""


def warm_up(engine: Engine, events: Iterable[MarketEvent], until: int) -> int:
    """Show it market events before the run, in order of time; how many there were. To be called before `adopt`.

    `until`: the instant before the run's first event. Time passes up to it, so no timer is left for before the run."""
    rows = 0
    markets = list(engine.markets.values())
    if not _steps_read_features(engine.plan.graph):
        for each in markets:
            each.features.idle()
    for event in events:
        market = engine.markets.get(event.instrument)
        if market is None:
            continue
        _pass_time(engine, event.ts - (event.__class__ is BarEvent))
        _set_time(engine, event.ts)
        if event.__class__ is Quote:
            taken = market.quote(event)
        else:
            taken = TAKERS[event.__class__](market, event)
        if taken and engine.steps is not None:
            engine.steps.push(event.instrument, has_account=False)
        rows += 1
    _pass_time(engine, until)
    _set_time(engine, until)
    for each in markets:
        each.features.wake()
    engine.wake.reset()
    engine.clockwork.due = -NEVER
    return rows


def forget_prices(engine: Engine) -> None:
    """After a warm start from a venue's history: prices are known from the first one on that the run itself hears.
    Bars stay; running figures are unknown until then, and go on with it."""
    for market in engine.markets.values():
        market.forget_prices()
    if engine.steps is not None:
        for name, market in engine.markets.items():
            engine.steps.silence(name, market.life_s)


def history_ns(engine: Engine) -> int:
    """How much of the past features and running figures reach back, were there no closed hours; 0: nothing reads it."""
    graph, intervals = engine.plan.graph, {}
    for market in engine.markets.values():
        intervals.update(market.intervals)
    bars = [(bars_of(call) + 1) * intervals[call.timeframe] for call in graph.series]
    windows = [round(window * 1e9) for call, _ in graph.steps for window in _windows(call)]
    unbounded = [DAY_NS for call, _ in graph.steps if not _windows(call)]
    days = [DAY_NS for market in engine.markets.values() if market.reads_day]
    return max([0, *bars, *windows, *unbounded, *days])


def is_warm(engine: Engine) -> bool:
    """Does every feature of every instrument have all the bars that it reads, and every running figure its window?"""
    steps = engine.steps
    if steps is not None:
        steps.read()
    return all(
        market.features.is_warm and not (steps is not None and steps.is_cold(name))
        for name, market in engine.markets.items()
    )


def _steps_read_features(graph: Graph) -> bool:
    """Is a running figure fed with what bars give? Then features have to be right at each event of the past."""
    todo = [arg for node in graph.nodes if node.op == "step" for arg in node.args]
    seen: set[int] = set()
    while todo:
        node = graph.nodes[todo.pop()]
        if node.op == "series":
            return True
        if node.id not in seen:
            seen.add(node.id)
            todo.extend(node.args)
    return False


def _windows(call: StepCall) -> list[float]:
    """Its windows, in seconds."""
    constants = [param for param in STEPS[call.function].params if param.constant]
    own = call.constants[1:] if call.name else call.constants
    return [value for param, value in zip(constants, own, strict=False) if param.type == DURATION]


def _pass_time(engine: Engine, until: int) -> None:
    """Bars close and prices grow too old on the way, in order of time."""
    while True:
        due = min(min(market.bar_due_ns(), market.expiry_ns()) for market in engine.markets.values())
        if due > until:
            return
        _set_time(engine, due)
        engine.clockwork.age(due, has_account=False)


def _set_time(engine: Engine, ts: int) -> None:
    engine.desk.ts = engine.desk.time.now = ts
    engine.clockwork.follow(ts)
