"""What a case gives → environments, one a row: frames of facts, trades, positions, closed bars, running figures."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from ruleengine.facts.catalogue import COLLECTIONS, FACTS
from ruleengine.facts.frames import (
    AccountFrame,
    ClosedFrame,
    Env,
    IntentFrame,
    MarketFrame,
    PositionFrame,
    SignalFrame,
    TimeFrame,
    TradeFrame,
)
from ruleengine.graph import Graph
from ruleengine.market.bar_builder import Bar
from ruleengine.model.unknown import Reason, Unknown
from ruleengine.runtime.markets.series import Features
from ruleengine.runtime.markets.steps import Steps
from tests.conformance.cases import HERE

EPOCH = 1_771_200_000_000_000_000
MINUTE = 60_000_000_000
_UNKNOWN = re.compile(r"(stale|not_warm|defect|order_state|divergent|missing)(?:\((.*)\))?")
_REASONS = {
    "stale": Reason.STALE,
    "not_warm": Reason.NOT_WARM,
    "defect": Reason.SERIES_DEFECT,
    "order_state": Reason.ORDER_STATE,
    "divergent": Reason.DIVERGENT,
    "missing": Reason.MISSING,
}
_FRAMES: dict[str, type] = {
    "market": MarketFrame,
    "account": AccountFrame,
    "position": PositionFrame,
    "trade": TradeFrame,
    "closed": ClosedFrame,
    "intent": IntentFrame,
    "signal": SignalFrame,
}
_LETTERS = {"market": "m", "account": "a", "position": "p", "trade": "t", "intent": "i", "signal": "g"}


@cache
def _presets() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((HERE / "instruments.yaml").read_text(encoding="utf-8"))
    return loaded


def environments(given: dict[str, Any], graph: Graph, blocks: Mapping[str, Callable[[Env], Any]]) -> list[Env]:
    """One environment a row. `blocks`: of a backend; those that feed running figures see each row as an event."""
    rows = max((len(str(written).split()) for written in given.get("facts", {}).values()), default=1)
    facts = {name: _rows(name, written, rows) for name, written in given.get("facts", {}).items()}
    features = _features(given, graph)
    figures = Figures(graph, blocks)
    found: list[Env] = []
    for row in range(rows):
        env = _environment(given, {name: values[row] for name, values in facts.items()}, graph)
        env.m.f = features
        figures.follow(env)
        found.append(env)
    return found


def _environment(given: dict[str, Any], facts: dict[str, Any], graph: Graph) -> Env:
    env = Env()
    static = _presets()["instruments"][given.get("instrument", "USD_JPY")]
    account = _presets()["accounts"][given.get("account", "max_side")]
    values: dict[str, dict[str, Any]] = {frame: {} for frame in _FRAMES}
    values["market"] = {slot: float(number) for slot, number in static.items()}
    values["market"]["name"] = given.get("instrument", "USD_JPY")
    values["account"] = {slot: each if isinstance(each, bool) else float(each) for slot, each in account.items()}
    for name, value in facts.items():
        if name != "now" and not name.startswith(("schedule ", "watchlist")):
            values[FACTS[name].frame][FACTS[name].slot] = value
    for frame, letter in _LETTERS.items():
        setattr(env, letter, _FRAMES[frame](**values[frame]))
    env.k = TimeFrame(now=facts.get("now", EPOCH), s=[facts.get(f"schedule {name}", False) for name in graph.schedules])
    env.m.r = [facts.get(name if what == "kept" else f"{name}.{what}") for name, what in graph.ranked]
    env.p.m = env.t.m = env.m
    _collections(given, env)
    return env


def _collections(given: dict[str, Any], env: Env) -> None:
    """`trades`, `all_trades` (by default the same), `positions` (by default the one in scope), `closed`."""
    for name, frame in COLLECTIONS.items():
        written = given.get(name, given.get("trades", []) if name == "all_trades" else [])
        if name == "positions" and "positions" not in given:
            setattr(env.a, name, [env.p])
        elif isinstance(written, str):
            setattr(env.a, name, _value("account.balance", written))
        else:
            setattr(env.a, name, [_element(frame, entry, env.m) for entry in written])


def _element(frame: str, entry: dict[str, Any], market: MarketFrame) -> Any:
    entry = dict(entry)
    other = entry.pop("market", None)
    element = _FRAMES[frame](**{slot: _value(f"{frame}.{slot}", value) for slot, value in entry.items()})
    element.m = market if other is None else _other_market(other, market)
    if frame in ("trade", "closed"):
        element.instrument = element.m.name
        element.sign = {"long": 1.0, "short": -1.0}.get(entry.get("side", ""), element.sign)
    return element


def _other_market(written: dict[str, Any], market: MarketFrame) -> MarketFrame:
    """Another instrument's market: its preset, with what is written over it."""
    name = written.get("instrument", market.name)
    static = {slot: float(number) for slot, number in _presets()["instruments"][name].items()}
    own = {slot: _value(f"instrument.{slot}", value) for slot, value in written.items() if slot != "instrument"}
    return MarketFrame(**static | {"name": name} | own)


def _rows(name: str, written: Any, rows: int) -> list[Any]:
    words = str(written).split()
    assert len(words) in (1, rows), f"{name}: {len(words)} values for {rows} rows"
    return [_value(name, word) for word in (words * rows if len(words) == 1 else words)]


def _value(name: str, word: Any) -> Any:
    """A fact's value as a frame holds it."""
    if name.startswith("schedule "):
        return {"true": True, "false": False}.get(str(word).lower(), Unknown(Reason.MISSING, "calendar"))
    text = str(word)
    if text == "_":
        return Unknown(Reason.MISSING, name)
    unknown = _UNKNOWN.fullmatch(text)
    if unknown:
        return Unknown(_REASONS[unknown[1]], name, unknown[2] or "")
    if name == "watchlist":
        return text == "true"
    kind = FACTS[name].type.kind if name in FACTS else "price"
    match kind:
        case "time":
            return EPOCH + round(float(text) * 1e9)
        case "bool":
            return text.lower() == "true"
        case "enum" | "text":
            return text
        case "count":
            return int(text)
    return float(text.replace("_", ""))


# --- bars ------------------------------------------------------------------------------------------------------------


def columns(written: dict[str, Any]) -> dict[str, np.ndarray]:
    """Columns of one timeframe; what is left out equals `close`, volume is missing unless given."""
    found = {name: np.array(numbers(text)) for name, text in written.items() if name in _COLUMNS}
    if "walk" in written:
        found |= walk(int(written["walk"]))
    first = found.get("close", next(iter(found.values())))
    for name in _COLUMNS:
        found.setdefault(name, np.full(len(first), math.nan) if name == "volume" else first)
    return found


_COLUMNS = ("open", "high", "low", "close", "volume")


def numbers(text: Any) -> list[float]:
    """`1 2 3`, `1..300`, `7x300`, mixed; `_` is missing."""
    found: list[float] = []
    for word in str(text).split():
        if ".." in word:
            first, last = (int(part) for part in word.split(".."))
            found += [
                float(value) for value in range(first, last + (1 if last >= first else -1), 1 if last >= first else -1)
            ]
        elif "x" in word:
            value, times = word.split("x")
            found += [math.nan if value == "_" else float(value)] * int(times)
        else:
            found.append(math.nan if word == "_" else float(word))
    return found


@cache
def walk(rows: int) -> dict[str, np.ndarray]:
    """Bars on a grid of 0.001 near 150, from a fixed congruential sequence: the same wherever it is computed."""
    state, price = 12345, 150_000
    made: dict[str, list[float]] = {name: [] for name in _COLUMNS}
    for row in range(rows):
        ticks = [price]
        for _ in range(4):
            state = (1_103_515_245 * state + 12_345) % 2**31
            price += (state >> 16) % (41 if row // 100 % 2 else 13) - (20 if row // 100 % 2 else 6)
            ticks.append(price)
        for name, value in zip(
            _COLUMNS, (ticks[0], max(ticks), min(ticks), price, 10 + (state >> 8) % 90), strict=True
        ):
            made[name].append(value / 1000 if name != "volume" else float(value))
    return {name: np.array(values) for name, values in made.items()}


def _features(given: dict[str, Any], graph: Graph) -> list[Any]:
    """The graph's features after all bars of the case have closed."""
    if not graph.series:
        return []
    sides = dict.fromkeys((call.timeframe for call in graph.series), "mid")
    features = Features("USD_JPY", graph.series, sides)
    for timeframe in sides:
        written = given.get("bars", {}).get(timeframe)
        if written is None:
            continue
        by_name = columns(written)
        session = int(written.get("session", 10**6))
        defects = {int(word) for word in str(written.get("defects", "")).split()}
        for row in range(len(by_name["close"])):
            opened = row * MINUTE
            prices: dict[str, Any] = {name: float(by_name[name][row]) for name in _COLUMNS}
            start = row // session * session * MINUTE
            closed = opened + MINUTE
            features.on_close(
                Bar(timeframe, opened, closed, session_start_ns=start, is_defective=row in defects, **prices)
            )
    return features.values


# --- running figures -------------------------------------------------------------------------------------------------


class Figures:
    """The graph's running figures, fed row by row as the engine feeds them."""

    def __init__(self, graph: Graph, blocks: Mapping[str, Callable[[Env], Any]]) -> None:
        self.steps = Steps(graph, blocks)
        self.env: Env | None = None

    def follow(self, env: Env) -> None:
        """A row is an event at which everything may have changed."""
        if self.env is None:
            self.env = Env()
            self.env.k, self.env.m, self.env.a, self.env.p = env.k, env.m, env.a, env.p
            self.steps.join_account(self.env)
            self.steps.join("it", self.env)
        env.a.s, env.m.s = list(self.env.a.s), list(self.env.m.s)
        self.env.k, self.env.m, self.env.a, self.env.p = env.k, env.m, env.a, env.p
        self.steps.push("it")


__all__ = ["EPOCH", "Path", "columns", "environments", "walk"]
