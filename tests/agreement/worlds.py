"""States on tick grids: environments for a graph, from a seed.

A world is an instrument's grid (tick, pip, price, lot) with small numbers of ticks between its prices, whole lots and
whole units of money, so that differences, sums and quotients often come out exactly on a boundary. Some slots are
unknown, each for a reason that a slot can have.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ruleengine import units
from ruleengine.facts.base import Fact
from ruleengine.facts.catalogue import ENUMS, FACTS, FRAME_LETTER
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
from ruleengine.functions.catalogue import FUNCTIONS
from ruleengine.graph import Graph
from ruleengine.model.unknown import Reason, Unknown

INJECTED = (
    Reason.MISSING, Reason.STALE, Reason.NOT_WARM, Reason.ORDER_STATE, Reason.SERIES_DEFECT, Reason.DIVERGENT,
)  # fmt: skip
"""Reasons that the outside gives; the others (division, empty, no row) come from evaluation itself."""

NOW = 1_771_200_000_000_000_000
_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class World:
    """Decimal strings, so that every price is exactly on its grid."""

    name: str
    tick: str
    pip: str
    price: str
    lot: str
    rate: str
    contract_size: str = "1"

    def on_grid(self, ticks: int) -> float:
        return float(Decimal(self.price) + ticks * Decimal(self.tick))


WORLDS = (
    World("USD_JPY", "0.01", "0.01", "157", "1", "1"),
    World("USD_JPY", "0.001", "0.01", "157.01", "1000", "1"),
    World("EUR_USD", "0.00001", "0.0001", "1.0835", "1", "157.02"),
    World("BTC_USDT", "0.1", "1", "60000", "0.001", "157", "0.01"),
    World("KRX_005930", "100", "100", "71500", "1", "0.1064"),
    World("PEPE_USDT", "0.0000000001", "0.000000001", "0.0000012345", "1000", "156.98"),
)


class States:
    """Draws environments that suit a graph."""

    def __init__(self, rng: random.Random, graph: Graph, words: dict[str, tuple[str, ...]]) -> None:
        self.rng, self.words = rng, words
        self.series = _types_of(graph, "series")
        self.steps = _types_of(graph, "step")
        self.schedules = len(graph.schedules)
        self.ranked = _types_of(graph, "ranked")
        self.slots = _slots_of(graph)

    def draw(self) -> Env:
        rng, env = self.rng, Env()
        world = rng.choice(WORLDS)
        env.k = TimeFrame(now=NOW, s=[rng.random() < 0.5 for _ in range(self.schedules)])
        env.m = self.market(world)
        others = [env.m, *(self.market(rng.choice(WORLDS)) for _ in range(rng.randrange(2)))]
        env.a = self.account(others)
        env.p = rng.choice([self.position(env.m), *env.a.positions[:1]])
        env.t = self.trade(env.m)
        env.i = IntentFrame(**self.values("intent", world))
        env.i.net_change, env.i.long_change, env.i.short_change = rng.choice(
            ((1.0, 1.0, 0.0), (-1.0, 0.0, 1.0), (1.0, 0.0, -1.0), (-1.0, -1.0, 0.0))
        )
        env.g = SignalFrame(**self.values("signal", world))
        if rng.random() < 0.35:
            self.forget(env)
        return env

    def market(self, world: World) -> MarketFrame:
        rng = self.rng
        bid = rng.randrange(-3, 4)
        frame = MarketFrame(
            **self.values("market", world)
            | {
                "name": world.name,
                "pip": float(world.pip),
                "tick": float(world.tick),
                "lot": float(world.lot),
                "min_units": float(world.lot),
                "contract_size": float(world.contract_size),
                "margin_rate": rng.choice((0.04, 0.05, 1.0, 0.3)),
                "quote_to_home": float(world.rate),
                "bid": world.on_grid(bid),
                "ask": world.on_grid(bid + rng.choice((0, 1, 1, 2, 12))),
            }
        )
        frame.f = [self.feature(type_, world) for type_ in self.series]
        frame.s = [self.feature(type_, world) for type_ in self.steps]
        frame.r = [self.feature(type_, world) for type_ in self.ranked]
        return frame

    def account(self, markets: list[MarketFrame]) -> AccountFrame:
        rng = self.rng
        account = AccountFrame(**self.values("account", WORLDS[0]))
        weights = rng.choice(((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)))
        account.weight_net, account.weight_max_side, account.weight_gross = weights
        account.isolates = account.weight_gross == 1.0 and rng.random() < 0.5
        account.s = [self.feature(type_, WORLDS[0]) for type_ in self.steps]
        account.positions = [self.position(market) for market in markets]
        account.all_trades = [self.trade(rng.choice(markets)) for _ in range(rng.randrange(5))]
        if account.all_trades and rng.random() < 0.3:  # a pair that cancels, whatever it earns
            account.all_trades.append(_opposite(account.all_trades[-1]))
        account.trades = [trade for trade in account.all_trades if rng.random() < 0.8]
        account.closed = [self.closed(rng.choice(markets)) for _ in range(rng.randrange(5))]
        return account

    def position(self, market: MarketFrame) -> PositionFrame:
        frame = PositionFrame(**self.values("position", _world_of(market)))
        frame.m = market
        return frame

    def trade(self, market: MarketFrame) -> TradeFrame:
        frame = TradeFrame(**self.values("trade", _world_of(market)))
        frame.m = market
        frame.instrument = market.name
        frame.sign = 1.0 if frame.side == "long" else -1.0
        return frame

    def closed(self, market: MarketFrame) -> ClosedFrame:
        frame = ClosedFrame(**self.values("closed", _world_of(market)))
        frame.m = market
        frame.instrument = market.name
        frame.sign = 1.0 if frame.side == "long" else -1.0
        return frame

    def values(self, frame: str, world: World) -> dict[str, Any]:
        return {
            fact.slot: self.value(fact, world)
            for fact in FACTS.values()
            if fact.frame == frame and fact.definition is None and frame != "time"
        }

    def value(self, fact: Fact, world: World) -> Any:
        rng, kind = self.rng, fact.type.kind
        match kind:
            case "price":
                return world.on_grid(rng.randrange(-5, 6))
            case "units":
                size = rng.choice((0, 1, 2, 10, 15)) * float(world.lot) * rng.choice((1, 100))
                return float(Decimal(repr(size)).quantize(Decimal("1e-9")).normalize())
            case "money":
                sign = 1 if fact.is_positive or fact.name == "account.balance" else rng.choice((1, 1, -1))
                return sign * rng.choice((0.0, 1000.0, 100_000.0, 1_000_000.0, 999_000.5))
            case "ratio":
                return rng.choice((0.0, 0.0001, -0.0001, 0.05, 0.92))
            case "number":
                return rng.choice((0.0, 0.5, 0.8, 1.0, 90.0))
            case "count":
                return rng.choice((0, 1, 2, 3))
            case "time":
                return NOW - int(rng.choice((0, 1, 1.5, 6, 30, 60, 86_400, 259_200)) * _SECOND)
            case "bool":
                return rng.random() < 0.5
            case "enum":
                return rng.choice(ENUMS[fact.type.arg])
            case "text":
                return rng.choice((*self.words.get(fact.values, ()), "something else"))
        return 1.0

    def feature(self, type_: units.Type, world: World) -> Any:
        rng = self.rng
        if rng.random() < 0.06:
            return Unknown(rng.choice((Reason.NOT_WARM, Reason.SERIES_DEFECT)), "a feature", "needs 3 bars more")
        match type_.kind:
            case "price":
                return world.on_grid(rng.randrange(-5, 6))
            case "distance":
                return float(rng.randrange(-4, 5) * Decimal(world.tick))
            case "enum":
                return rng.choice(self.words[type_.arg])
            case "bool":
                return rng.random() < 0.5
            case "ratio" | "quotient":
                return rng.choice((0.0, 0.05, 0.5, 1.0, -0.25, 0.92))
            case "count":
                return float(rng.randrange(4))
            case "duration":
                return rng.choice((0.0, 1.0, 30.0, 60.0, 1.5))
            case "pips":
                return rng.choice((0.0, 0.5, 1.0, 1.2, 2.0))
        return rng.choice((0.0, 1.0, 30.0, 70.0, 100.0, 0.5, -100.0, 1 / 3))

    def forget(self, env: Env) -> None:
        """Make some of the slots that the graph reads unknown."""
        for letter, slot, name in self.rng.sample(self.slots, min(len(self.slots), self.rng.choice((1, 1, 2, 4)))):
            unknown = Unknown(self.rng.choice(INJECTED), name, "12 s")
            frames: list[Any] = [getattr(env, letter)] if letter not in ("e", "em") else []
            if letter in ("e", "em") and isinstance(env.a.all_trades, list):
                elements = [*env.a.all_trades, *env.a.positions, *env.a.closed]
                chosen = self.rng.sample(elements, min(1, len(elements)))
                frames = [each if letter == "e" else each.m for each in chosen]
            for frame in frames:
                if hasattr(frame, slot):
                    setattr(frame, slot, unknown)
        if self.rng.random() < 0.1:
            env.a.trades = env.a.all_trades = Unknown(Reason.ORDER_STATE, "account.trades")
        if self.rng.random() < 0.1:
            env.k.s = [Unknown(Reason.MISSING, "calendar") for _ in env.k.s]


def _opposite(trade: TradeFrame) -> TradeFrame:
    other = TradeFrame(**{slot: getattr(trade, slot) for slot in TradeFrame.__slots__ if slot != "m"})
    other.m, other.side, other.sign = trade.m, "short" if trade.side == "long" else "long", -trade.sign
    return other


def _world_of(market: MarketFrame) -> World:
    return next(world for world in WORLDS if world.name == market.name and float(world.tick) == market.tick)


def _types_of(graph: Graph, op: str) -> list[units.Type]:
    count = len({"series": graph.series, "step": graph.steps, "ranked": graph.ranked}[op])
    found: list[units.Type] = [units.NUMBER] * count
    for node in graph.nodes:
        if node.op == op:
            found[node.data] = node.type
    return found


def _slots_of(graph: Graph) -> list[tuple[str, str, str]]:
    refs = {node.data for node in graph.nodes if node.op == "fact" and node.data.slot != "pip"}
    return sorted((ref.letter, ref.slot, ref.name) for ref in refs)


__all__ = ["FRAME_LETTER", "FUNCTIONS", "INJECTED", "WORLDS", "States", "World"]
