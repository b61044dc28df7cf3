"""A decision of a run → a scenario in which it is made again: the account as it was, the market just before, the
signal, and what was decided.

What a reader has to see stands in the scenario's text. What the engine alone had kept (cooldowns, peaks, running
figures) stands beside it as bars to look back at, or, where that is not all that the decision came from, as the file of
state that a restart would have found.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby, pairwise
from typing import Any

from ruleengine.model.audit import Decision
from ruleengine.model.event import BarEvent, Event, Quote, Reference, Signal, TradePrint
from ruleengine.model.figure import figure
from ruleengine.model.order import Order
from ruleengine.reports.blocker import verdict_of
from ruleengine.runtime.book.lots import lot_from_json
from ruleengine.runtime.engine import Engine
from ruleengine.runtime.gate.limits import LIMIT_NAMES

_NANOS = 1_000_000_000
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+%/-]*")
_NUMBER = re.compile(r"[-+]?[0-9][0-9_]*(\.[0-9]+)?")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "none"})
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_OUTCOMES = {"sent": "order", "refused": "refusal", "merged": "refusal", "shadow": "shadow"}


@dataclass(frozen=True, slots=True)
class Files:
    """Paths as the scenario writes them, from its own place."""

    policy: str
    account: str
    overlays: tuple[str, ...]
    sets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """What led to a decision: the engine before `start_ns`, every event of the market and signal from then on, up to
    the decision, and all that was decided in that time."""

    start_ns: int
    engine: Engine
    events: tuple[Event, ...]
    decisions: tuple[Decision, ...]
    target: Decision


def written(moment: Moment, files: Files, kept: str | None) -> str:
    """The scenario's text. `kept`: name of the file of state that it begins with; None: with bars to look back at."""
    target, start = moment.target, moment.start_ns
    lines = [
        "apiVersion: ruleengine/v1",
        "kind: Scenario",
        f"about: {_quoted(f'{target.kind} by {target.rule} at {_stamp(target.ts)}, as it was decided')}",
        "cites: [captured]",
        f"policy: {_text(files.policy)}",
    ]
    if files.overlays:
        lines.append(f"overlays: [{', '.join(map(_text, files.overlays))}]")
    state = moment.engine.holdings.state()
    lines += ["given:", f'  start: "{_stamp(start)}"', f"  account_file: {_text(files.account)}"]
    if state["balance"] is not None:
        lines.append(f"  balance: {state['balance']}")
    if kept is not None:
        lines.append(f"  kept: {_text(kept)}")
    if files.sets:
        values = (each.partition("=") for each in files.sets)
        lines.append(f"  parameters: {_map({name: _text(value) for name, _, value in values})}")
    lines += _section("trades", _trades(state["lots"], start))
    if kept is None:
        lines += _section("bars", _bars(moment.engine, start))
    lines += _section("market", _market(moment.events, start), is_empty_left_out=True)
    signals = [each for each in moment.events if isinstance(each, Signal)]
    lines += _section("signals", (_signal(each, start) for each in signals), is_empty_left_out=True)
    lines.append("expect:")
    lines += [f"  - {_map(each)}" for each in _expected(moment)]
    return "\n".join(lines) + "\n"


def _section(name: str, rows: Iterable[dict[str, str]], *, is_empty_left_out: bool = False) -> list[str]:
    told = [f"    - {_map(row)}" for row in rows]
    if not told:
        return [] if is_empty_left_out or name == "bars" else [f"  {name}: []"]
    return [f"  {name}:", *told]


# --- what there was --------------------------------------------------------------------------------------------------


def _trades(lots: Sequence[dict[str, Any]], start: int) -> Iterator[dict[str, str]]:
    for lot in map(lot_from_json, lots):
        if lot.units <= 0:
            continue
        row = {
            "id": _text(lot.id),
            "instrument": _text(lot.instrument),
            "side": lot.side.value,
            "units": f"{lot.units:f}",
            "price": f"{lot.price:f}",
            "age": _time(start - lot.opened_ns),
        }
        who = lot.identity
        tag, pocket = ("", "") if who is None else (who.raw_tag, who.pocket)
        words = {"strategy": tag, "pocket": pocket, "client_id": lot.client_id}
        row |= {name: _text(word) for name, word in words.items() if word}
        row |= {name: f"{price:f}" for name, price in (("stop", lot.stop), ("target", lot.target)) if price is not None}
        yield row


def _bars(engine: Engine, start: int) -> Iterator[dict[str, str]]:
    for name, market in engine.markets.items():
        for timeframe, kept in market.features.state().items():
            if not kept["close"]:
                continue
            row = {"instrument": _text(name), "timeframe": timeframe, "closed": _time(start - kept["closed_ns"][-1])}
            row |= {
                column: f"[{', '.join(cells(kept[column]))}]"
                for column in ("open", "high", "low", "close", "volume")
                if any(each is not None for each in kept[column])
            }
            yield row


# --- what came -------------------------------------------------------------------------------------------------------


def _market(events: Sequence[Event], start: int) -> Iterator[dict[str, str]]:
    """Series of what came, one for each instrument and kind."""
    kinds = (Quote, TradePrint, BarEvent, Reference)
    rows = [each for each in events if isinstance(each, kinds)]
    keys = dict.fromkeys((each.instrument, each.kind, getattr(each, "interval_ns", 0)) for each in rows)
    for instrument, kind, interval in keys:
        own = [each for each in rows if (each.instrument, each.kind, getattr(each, "interval_ns", 0)) ==
               (instrument, kind, interval)]  # fmt: skip
        stamps = [each.ts - start for each in own]
        row = {"instrument": _text(instrument), **_when(stamps)}
        if interval:
            row["interval"] = _time(interval)
        columns = [_columns(each) for each in own]
        for name in columns[0]:
            values = [each[name] for each in columns]
            if any(value is not None for value in values):
                row[name] = f"[{', '.join(cells(values))}]"
        first = own[0]
        if isinstance(first, BarEvent) and first.ask_ohlc is None:
            row["of"] = first.price
        yield row


def _columns(event: Quote | TradePrint | BarEvent | Reference) -> dict[str, float | None]:
    if isinstance(event, Quote):
        return {"bid": event.bid, "ask": event.ask, "bid_size": event.bid_size, "ask_size": event.ask_size}
    if isinstance(event, TradePrint):
        return {"price": event.price, "size": event.size}
    if isinstance(event, Reference):
        return {"reference": event.price}
    bar = {"open": event.open, "high": event.high, "low": event.low, "close": event.close, "volume": event.volume}
    asks = ("ask_open", "ask_high", "ask_low", "ask_close")
    return {**bar, **dict(zip(asks, event.ask_ohlc or (None,) * 4, strict=True))}


def _when(stamps: list[int]) -> dict[str, str]:
    steps = {later - earlier for earlier, later in pairwise(stamps)}
    if len(stamps) > 2 and len(steps) == 1 and min(steps) > 0:
        return {"begins": _time(stamps[0]), "every": _time(min(steps))}
    return {"at": f"[{', '.join(map(_time, stamps))}]"}


def _signal(signal: Signal, start: int) -> dict[str, str]:
    row = {"at": _time(signal.ts - start), "id": _text(signal.id), "instrument": _text(signal.instrument)}
    if signal.ts > signal.ts_event:
        row["age"] = _time(signal.ts - signal.ts_event)
    row |= {"strategy": _text(signal.strategy), "side": signal.side.value}
    for name in ("size", "confidence", "leverage", "stop", "target"):
        value = getattr(signal, name)
        if value is not None:
            row[name] = _plain(value)
    row |= {name: _text(value) for name in ("pocket", "regime") if (value := getattr(signal, name))}
    return row


# --- what was decided ------------------------------------------------------------------------------------------------


def _expected(moment: Moment) -> list[dict[str, str]]:
    """Every order of that time, and the decision itself, in order."""
    told = [each for each in moment.decisions if each.outcome == "sent" or each is moment.target]
    rules = _rules(moment.engine)
    return [_decision(each, moment.start_ns, rules, moment.engine) for each in told]


def _rules(engine: Engine) -> frozenset[str]:
    """What `rule` may name."""
    policy = engine.plan.policy
    sections = ("guards", "sizing", "caps", "entries", "hedges", "exits", "ladders", "pyramids", "protections")
    rules = [rule.id.text for name in sections for rule in getattr(policy, name, ())]
    return frozenset([*rules, *(f"limits.{name}" for name in LIMIT_NAMES)])


def _decision(decision: Decision, start: int, rules: frozenset[str], engine: Engine) -> dict[str, str]:
    row = {
        "at": _time(decision.ts - start),
        "outcome": _OUTCOMES[decision.outcome],
        "instrument": _text(decision.instrument),
        "intent": decision.kind,
    }
    is_refusal = decision.outcome in ("refused", "merged")
    named = decision.first_blocker if is_refusal and decision.first_blocker in rules else decision.rule
    if named in rules:
        row["rule"] = _text(named)
    if is_refusal and decision.code:
        row["code"] = decision.code
    if is_refusal and named in rules:
        row |= _figures(decision, named)
    if decision.side in ("long", "short"):
        row["side"] = decision.side
    if decision.trade_id:
        row["trade"] = _text(decision.trade_id)
    if decision.order is not None:
        row |= _order(decision.order)
    if decision.strategy in engine.plan.policy.strategies:
        row["strategy"] = _text(decision.strategy)
    return row


def _order(order: Order) -> dict[str, str]:
    prices = {"price": order.price, "stop": order.stop, "target": order.target}
    row = {"units": f"{order.units:f}", "reduce_only": str(order.is_reduce_only).lower()}
    return row | {name: f"{price:f}" for name, price in prices.items() if price is not None}


_PLAIN_FIGURE = re.compile(r"-?[0-9][0-9_]*(\.[0-9]+)?(%|pips|s|min|h|d|units|[A-Z]{3,5})")


def _figures(decision: Decision, rule: str) -> dict[str, str]:
    """What was measured against which limit, where one comparison stood in the way and both have a unit."""
    verdict = verdict_of(decision, rule)
    failed = [each for each in (() if verdict is None else verdict.comparisons) if each.verdict is False]
    if len(failed) != 1:
        return {}
    texts = [
        figure(each, failed[0].unit).replace(",", "_").replace(" ", "") for each in (failed[0].left, failed[0].right)
    ]
    return dict(zip(("measured", "limit"), texts, strict=True)) if all(map(_PLAIN_FIGURE.fullmatch, texts)) else {}


# --- words -----------------------------------------------------------------------------------------------------------


def cells(values: Sequence[float | None]) -> list[str]:
    """A column in the notation of series: runs of one value, and of even steps, in short.

    >>> cells([1.0, 1.0, 1.0, 1.1, 1.2, 1.3, None, None, 5.0])
    ['1 x 3', '1.1 + 0.1 x 3', '_ x 2', '5']
    """
    found: list[str] = []
    for value, run in groupby(values):
        count = len(list(run))
        shown = "_" if value is None else _plain(value)
        found.append(f"{shown} x {count}" if count > 1 else shown)
    return _stepped(found)


def _stepped(single: list[str]) -> list[str]:
    """Single values that rise or fall by even steps, three or more of them, as one cell."""
    found: list[str] = []
    at = 0
    while at < len(single):
        run = _run_at(single, at)
        if run < 3:
            found.append(single[at])
            at += 1
            continue
        first, second = Decimal(single[at]), Decimal(single[at + 1])
        found.append(f"{first:f} {'+' if second > first else '-'} {abs(second - first):f} x {run}")
        at += run
    return found


def _run_at(single: list[str], at: int) -> int:
    """How many values from here on differ by one step."""
    end = at
    while end < len(single) and _NUMBER.fullmatch(single[end]):
        if end - at >= 2:
            steps = Decimal(single[end]) - Decimal(single[end - 1]), Decimal(single[at + 1]) - Decimal(single[at])
            if steps[0] != steps[1]:
                break
        end += 1
    return end - at


def _map(row: dict[str, str]) -> str:
    return "{" + ", ".join(f"{name}: {value}" for name, value in row.items()) + "}"


def _time(ns: int) -> str:
    """
    >>> _time(3_000_000_000), _time(1_500_000), _time(0)
    ('3s', '0.0015s', '0s')
    """
    text = f"{Decimal(ns) / _NANOS:f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}s"


def _stamp(ns: int) -> str:
    """UTC with all nine digits.

    >>> _stamp(1_359_676_800_000_000_005)
    '2013-02-01T00:00:00.000000005Z'
    """
    whole, rest = divmod(ns, _NANOS)
    text = datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:09d}Z" if rest else f"{text}Z"


def _plain(value: float) -> str:
    return f"{Decimal(repr(float(value))):f}".removesuffix(".0")


def _text(value: object) -> str:
    """A text as YAML takes it for the same one: in quotes where it could be read as anything else."""
    text = str(value)
    is_plain = _SAFE.fullmatch(text) and text.lower() not in _WORDS and not text[0].isdigit()
    return text if is_plain else _quoted(text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
