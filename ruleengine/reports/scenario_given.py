"""What a scenario gives, as a session takes it: the account's content, parameters, ordered events.

Market events of one instant come before signals of that instant; several series in the order they are written.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from ruleengine.diagnostics import Diagnostic
from ruleengine.load import load_file
from ruleengine.model.event import (
    BarEvent,
    Book,
    Event,
    MarketEvent,
    Quote,
    Reference,
    Signal,
    Timer,
    TradePrint,
)
from ruleengine.model.instrument import Instrument
from ruleengine.model.side import Side
from ruleengine.runtime.markets.terms import price_side_of
from ruleengine.schema.account import Account, content, problems
from ruleengine.schema.figures import Figure, Time
from ruleengine.schema.scenario import Scenario
from ruleengine.schema.scenario_expect import Expected
from ruleengine.schema.scenario_given import Fault, Given, GivenBars, GivenSignal
from ruleengine.schema.scenario_series import Series, expand
from ruleengine.schema.shape import shape_as
from ruleengine.schema.signal import nanoseconds

NANOS = 1_000_000_000
MILLISECOND = 1_000_000
DEFAULT_START = "2026-03-03T01:00:00Z"
"""A Tuesday morning in Tokyo on which every market of the project's calendars trades."""


def start_ns(given: Given) -> int:
    """The scenario's first instant, UTC nanoseconds."""
    found = nanoseconds(DEFAULT_START if given.start is None else given.start.text)
    assert found is not None  # the shape refuses what is no time
    return found


def sets_of(given: Given) -> list[str]:
    """Parameters as `--set` takes them."""
    return [f"{name}={leaf.text}" for name, leaf in given.parameters.items()]


# --- the account -----------------------------------------------------------------------------------------------------


def account_of(given: Given, file: Path) -> tuple[Account | None, list[Diagnostic], dict[str, str]]:
    """The account with what the scenario changes of it: findings and the texts to quote where it is refused.

    Trades that the scenario gives, and its balance, replace those of the account file."""
    sources: dict[str, str] = {}
    found: list[Diagnostic] = []
    if given.account_file is None:
        assert given.account is not None  # the shape asks for one of the two
        own = {name: value for name, value in given.account if value is not None and name != "margin_used_elsewhere"}
        account: Account | None = Account.model_validate(
            {"apiVersion": "ruleengine/v1", "kind": "Account", "name": file.stem, **own}
        )
    else:
        path = file.parent / given.account_file.text
        document, found = load_file(path)
        account = None
        if document is not None:
            sources[document.file] = document.source
            account, more = shape_as(document, Account)
            found = [*found, *more]
    if account is None:
        return None, found, sources
    changes: dict[str, Any] = {"instruments": {**account.instruments, **given.instruments}}
    changes |= {name: getattr(given, name) for name in ("trades", "closed") if name in given.model_fields_set}
    if given.balance is not None:
        changes["balance"] = given.balance
    account = account.model_copy(update=changes)
    return account, [*found, *problems(account, str(file))], sources


def content_of(account: Account) -> dict[str, Any]:
    """The account as a venue is set up with it. The venue's own settings are left out: a scenario's orders arrive at
    once and fill at the quote, so that its figures can be worked out by hand."""
    plain = content(account)
    return {**plain, "venue": {**plain["venue"], "settings": {}}}


# --- events ----------------------------------------------------------------------------------------------------------


def events_of(scenario: Scenario, instruments: Sequence[Instrument], befell: set[int]) -> list[Event]:
    """Everything that comes, in order of time, up to the last expectation: at the end of its instant time alone passes
    once more, so that everything is looked at. `befell` takes in the numbers of the faults that befell a row."""
    given, start = scenario.given, start_ns(scenario.given)
    specs = {spec.name: spec for spec in instruments}
    only = instruments[0].name if len(instruments) == 1 else ""
    events: list[Event] = []
    for series in given.market:
        name = series.instrument.text
        rows = _rows(series, specs[name], start) if name in specs else ()
        events += _disturbed(rows, given.faults, start, befell)
    events += [_signal(signal, number, only, start) for number, signal in enumerate(given.signals, start=1)]
    events.sort(key=lambda event: event.ts)
    last = max((start + time_ns(each.at) for each in scenario.expect), default=start)
    if not events or last + MILLISECOND > events[-1].ts:
        events.append(Timer(last + MILLISECOND - 1))
    return events


def _disturbed(
    rows: Iterable[MarketEvent], given: Sequence[Fault], start: int, befell: set[int]
) -> Iterator[MarketEvent]:
    """A series without what a gap swallows; the own time of what comes while a feed is stale stands still, and a
    divergent source speaks before each quote. When that is over it agrees once: its silence would be no agreement."""
    last_ns: dict[str, int] = {}
    is_apart = False
    for event in rows:
        numbers = [number for number, fault in enumerate(given) if _befalls(fault, event, start)]
        faults = [given[number] for number in numbers]
        befell.update(numbers)
        if any(fault.gap is not None for fault in faults):
            continue
        if isinstance(event, Quote):
            away = [float(each.by.number) for each in faults if each.divergent is not None and each.by is not None]
            for share in away or [0.0] * is_apart:
                middle = event.bid + (event.ask - event.bid) / 2
                yield Reference(event.ts, event.ts, event.instrument, middle * (1 + share))
            is_apart = bool(away)
        if any(fault.stale is not None for fault in faults):
            event.ts_event = last_ns.get(event.instrument, event.ts_event)
        last_ns[event.instrument] = event.ts_event
        yield event


def _befalls(fault: Fault, event: MarketEvent, start: int) -> bool:
    is_tick = isinstance(event, Quote | Book | TradePrint)
    lasts = fault.gap or (fault.divergent if isinstance(event, Quote) else None) or (fault.stale if is_tick else None)
    if lasts is None or (fault.instrument is not None and fault.instrument.text != event.instrument):
        return False
    begins = start + time_ns(fault.at)
    return begins <= event.ts < begins + time_ns(lasts)


def bars_of(bars: GivenBars, interval_ns: int, start: int) -> dict[str, Any]:
    """Closed bars as a series keeps them (`market.series_store.Series`): oldest first, one after the other."""
    cells = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
    columns = {name: expand(values) for name, values in cells.items() if values is not None}
    rows = len(columns["close"])
    before: Decimal | None = None
    kept: dict[str, list[float | None]] = {name: [] for name in cells}
    for number in range(rows):
        row = {name: values[number] for name, values in columns.items()}
        close = row["close"]
        assert close is not None  # the shape refuses gaps in what has none
        opened = row.get("open") or before or close
        values = (opened, row.get("high") or max(opened, close), row.get("low") or min(opened, close), close)
        for name, value in zip(("open", "high", "low", "close"), values, strict=True):
            kept[name].append(float(value))
        kept["volume"].append(_float(row.get("volume")))
        before = close
    last = start - time_ns(bars.closed)
    closed = [last - (rows - 1 - number) * interval_ns for number in range(rows)]
    opened_ns = [each - interval_ns for each in closed]
    stamps = {"opened_ns": opened_ns, "closed_ns": closed, "session_start_ns": opened_ns}
    return {"count": rows, "last_defect": -1, **kept, **stamps}


def time_ns(leaf: Time | None) -> int:
    return 0 if leaf is None else int(leaf.number * NANOS)


def at_ns(expected: Expected, given: Given) -> int:
    """The instant an expectation speaks of."""
    return start_ns(given) + time_ns(expected.at)


def is_at(ts: int, instant: int) -> bool:
    """Is this within the expectation's millisecond? What time alone brings about comes when a comparison has become
    true beyond the tolerance of numbers: at an age of 72 h, a quarter of a millisecond later."""
    return 0 <= ts - instant < MILLISECOND


_COLUMNS = (
    "mid", "bid", "ask", "bid_size", "ask_size", "bid_units", "ask_units", "price", "size", "open", "high", "low",
    "close", "volume", "ask_open", "ask_high", "ask_low", "ask_close", "reference",
)  # fmt: skip


def _rows(series: Series, spec: Instrument, start: int) -> Iterator[MarketEvent]:
    cells = {name: getattr(series, name) for name in _COLUMNS}
    columns = {name: expand(values) for name, values in cells.items() if values is not None}
    begins, step = start + time_ns(series.begins), time_ns(series.every)
    stamps = None if series.at is None else [start + time_ns(each) for each in series.at]
    before: Decimal | None = None
    for number in range(max(map(len, columns.values()))):
        row = {name: values[number] for name, values in columns.items()}
        ts = begins + number * step if stamps is None else stamps[number]
        if "close" in row:
            bar = _bar(series, spec, row, before, ts)
            before = row["close"] if row["close"] is not None else before
            if bar is not None:
                yield bar
        elif "reference" in row:
            if row["reference"] is not None:
                yield Reference(ts, ts, spec.name, float(row["reference"]))
        elif "price" in row:
            if row["price"] is not None:
                yield TradePrint(ts, ts, spec.name, float(row["price"]), float(row.get("size") or 0))
        else:
            quote = _quote(series, spec, row, ts)
            if quote is not None:
                yield quote


def _quote(series: Series, spec: Instrument, row: dict[str, Decimal | None], ts: int) -> Quote | Book | None:
    bid, ask = row.get("bid"), row.get("ask")
    middle = row.get("mid")
    if middle is not None:
        half = _spread(series, spec) / 2
        bid, ask = middle - half, middle + half
    if bid is None or ask is None:
        return None
    bids, asks = row.get("bid_units"), row.get("ask_units")
    if bids is not None and asks is not None:
        return Book(ts, ts, spec.name, ((float(bid), float(bids)),), ((float(ask), float(asks)),))
    return Quote(ts, ts, spec.name, float(bid), float(ask), _float(row.get("bid_size")), _float(row.get("ask_size")))


def _bar(
    series: Series, spec: Instrument, row: dict[str, Decimal | None], before: Decimal | None, ts: int
) -> BarEvent | None:
    """A bar that closes at `ts`. With a spread it is one of bid and ask around the prices given."""
    close = row["close"]
    if close is None:
        return None
    opened = row.get("open") or before or close
    high, low = row.get("high") or max(opened, close), row.get("low") or min(opened, close)
    half = _spread(series, spec) / 2
    asks = [row.get(f"ask_{name}") for name in ("open", "high", "low", "close")]
    has_both = bool(half) or asks[-1] is not None
    side: Any = "bid" if has_both else series.of or price_side_of(spec)
    bar = BarEvent(
        ts,
        ts,
        spec.name,
        time_ns(series.interval),
        side,
        float(opened - half),
        float(high - half),
        float(low - half),
        float(close - half),
        _float(row.get("volume")),
    )
    if half:
        bar.ask_ohlc = (float(opened + half), float(high + half), float(low + half), float(close + half))
    elif asks[-1] is not None:
        bar.ask_ohlc = (_number_of(asks[0]), _number_of(asks[1]), _number_of(asks[2]), _number_of(asks[3]))
    return bar


def _spread(series: Series, spec: Instrument) -> Decimal:
    """In quote currency."""
    if series.spread is None:
        return Decimal(0)
    return series.spread.number * (spec.pip if series.spread.value.unit == "pips" else 1)


def _signal(signal: GivenSignal, number: int, only: str, start: int) -> Signal:
    ts = start + time_ns(signal.at)
    return Signal(
        ts=ts,
        ts_event=ts - time_ns(signal.age),
        id=signal.id.text if signal.id is not None else f"s-{number}",
        instrument=signal.instrument.text if signal.instrument is not None else only,
        strategy=signal.strategy.text,
        side=Side(signal.side),
        size=_number(signal.size),
        confidence=_number(signal.confidence),
        pocket=None if signal.pocket is None else signal.pocket.text,
        regime=None if signal.regime is None else signal.regime.text,
        leverage=_number(signal.leverage),
        stop=_number(signal.stop),
        target=_number(signal.target),
    )


def _number(leaf: Figure | None) -> float | None:
    return None if leaf is None else float(leaf.number)


def _number_of(value: Decimal | None) -> float:
    """Of a column that must be there; the empty cell of a row that has others is no number."""
    return math.nan if value is None else float(value)


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
