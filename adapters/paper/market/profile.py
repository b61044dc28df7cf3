"""How the simulated market behaves: one `Behaviour` an instrument, the strategies that signal, the starting book.

The defaults by kind are of the size that recordings show: USD/JPY spread 0.8 pips at the median, 3 and more in spikes
(OANDA fact sheet §14), one to three quotes a second; OKX funding at 00, 08 and 16 UTC (OKX fact sheet §9). They are a
stage for policies to act on, no forecast and no model of any market.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

from adapters.paper.settings import SettingsError, moment_ns
from ruleengine.model.instrument import Instrument

T = TypeVar("T")

_START = {"fx": "2026-01-07T13:00:00Z", "us": "2026-01-07T14:30:00Z", "krx": "2026-01-07T00:00:00Z"}
_PRICES = {
    "USD_JPY": 157.0, "EUR_USD": 1.17, "GBP_USD": 1.34, "AUD_USD": 0.66, "NZD_USD": 0.58, "USD_CHF": 0.8,
    "USD_CAD": 1.39,
    "EUR_GBP": 0.87, "EUR_CHF": 0.93, "AUD_NZD": 1.14, "EUR_JPY": 183.7, "GBP_JPY": 210.4, "AUD_JPY": 103.6,
    "NZD_JPY": 91.1, "CAD_JPY": 112.9, "CHF_JPY": 196.2, "BTC-USDT-SWAP": 91_000.0, "ETH-USDT-SWAP": 3_100.0,
    "SOL-USDT-SWAP": 138.0, "XRP-USDT-SWAP": 2.1, "DOGE-USDT-SWAP": 0.15, "005930": 107_000.0, "000660": 580_000.0,
    "SPY": 680.0, "AAPL": 270.0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One instrument. `volatility_day`: relative, a day of 86,400 s; `spread`: in ticks; rates a second or an hour.

    Regimes switch as a Markov chain (`regime_s`: mean length). trend: drift of `trend` standard deviations a √second;
    range and choppy: pulled back to their middle with the time constants `range_s`, `choppy_s`, at more noise when
    choppy. Variance clusters as GARCH(1, 1) with `shock` and `memory` and a long-run factor of 1."""

    price: float = 100.0
    volatility_day: float = 0.006
    quotes_per_s: float = 2.0
    spread_ticks: float = 8.0
    spread_noise: float = 0.15
    spikes_per_h: float = 2.0
    spike_ticks: float = 25.0
    spike_s: float = 20.0
    jumps_per_h: float = 0.5
    jump_s: float = 240.0
    gap_share: float = 0.3
    size: float = 1_000_000.0
    prints_per_quote: float = 0.0
    book_every: int = 0
    book_levels: int = 5
    regime_s: float = 1_200.0
    trend: float = 0.03
    range_s: float = 300.0
    choppy_s: float = 30.0
    choppy_noise: float = 1.4
    shock: float = 0.06
    memory: float = 0.92
    funding: float = 0.0
    feed_delay_ms: float = 40.0


@dataclass(frozen=True, slots=True)
class Strategy:
    """Signals: Poisson, `per_h` an hour over its instruments. `with_trend`: chance that the side is the recent move's.
    Stops and targets in ticks from the price; 0: none."""

    tag: str
    pocket: str = ""
    per_h: float = 12.0
    sides: tuple[str, ...] = ("long", "short")
    instruments: tuple[str, ...] = ()
    size: float | None = None
    confidence: tuple[float, float] = (50.0, 95.0)
    with_trend: float = 0.6
    stop_ticks: float = 0.0
    target_ticks: float = 0.0
    leverage: float | None = None
    delay_ms: float = 150.0
    states_regime: bool = False


@dataclass(frozen=True, slots=True)
class Defects:
    """What a bad feed does, as chances a quote: repeat it, state an older time, cross it, scale it by 100; and how
    often an hour an instrument freezes, for how long."""

    repeat: float = 0.0
    disorder: float = 0.0
    crossed: float = 0.0
    scaled: float = 0.0
    freezes_per_h: float = 0.0
    freeze_s: float = 30.0

    @property
    def is_any(self) -> bool:
        return any(getattr(self, each.name) for each in fields(self) if each.name != "freeze_s")


@dataclass(frozen=True, slots=True)
class Profile:
    """A whole simulated market. `book`: trades open at the start, priced `offset_ticks` against the start price (a
    positive offset is a trade in profit)."""

    behaviours: dict[str, Behaviour]
    strategies: tuple[Strategy, ...]
    start_ns: int
    seed: int
    duration_s: float | None = None
    speed: float = 1.0
    defects: Defects = field(default_factory=Defects)
    book: tuple[dict[str, Any], ...] = ()


def profile_from(given: Mapping[str, Any], instruments: Sequence[Instrument], seed: int, start_ns: int) -> Profile:
    """The profile that a dictionary describes, over the defaults of each instrument's kind.

    Keys     instruments (names, or name → changes of Behaviour), start, seed, speed, duration_s, signals, book,
             regimes (changes of every Behaviour), defects. Unknown keys are refused.
    """
    allowed = {"instruments", "start", "seed", "speed", "duration_s", "signals", "book", "regimes", "defects"}
    strangers = sorted(set(given) - allowed)
    if strangers:
        raise SettingsError(f"market profile: unknown key `{strangers[0]}`; known are {', '.join(sorted(allowed))}")
    wanted: Any = given.get("instruments")
    changes: Mapping[str, Any] = wanted if isinstance(wanted, Mapping) else {name: {} for name in wanted or ()}
    by_name = {spec.name: spec for spec in instruments}
    missing = [name for name in changes if name not in by_name]
    if missing:
        raise SettingsError(f"market profile: instrument `{missing[0]}` is not among the instruments in use")
    chosen = [by_name[name] for name in changes] or list(instruments)
    common = dict(given.get("regimes") or {})
    behaviours = {
        spec.name: _changed("instruments", behaviour_of(spec), {**common, **dict(changes.get(spec.name) or {})})
        for spec in chosen
    }
    signals = given.get("signals")
    strategies = default_strategies(chosen) if signals is None else tuple(_strategy(row) for row in signals)
    book = given.get("book")
    start = given.get("start")
    return Profile(
        behaviours=behaviours,
        strategies=strategies,
        start_ns=moment_ns(start) if start is not None else start_ns or _default_start(chosen),
        seed=int(given.get("seed", seed)),
        duration_s=None if given.get("duration_s") is None else float(given["duration_s"]),
        speed=float(given.get("speed", 1)),
        defects=_changed("defects", Defects(), given.get("defects") or {}),
        book=default_book(chosen) if book is None else tuple(dict(row) for row in book),
    )


def behaviour_of(spec: Instrument) -> Behaviour:
    """What is usual for an instrument of its kind; one whose price is not known here begins at its base price."""
    price = _PRICES.get(spec.name, float(spec.base_price or 100))
    if spec.kind == "fx":
        return Behaviour(price=price, funding=0.0)
    if spec.kind == "perpetual":
        return Behaviour(
            price=price, volatility_day=0.03, quotes_per_s=4.0, spread_ticks=1.2, spike_ticks=12.0, jumps_per_h=1.0,
            size=120.0, prints_per_quote=0.4, book_every=4, funding=0.0001, feed_delay_ms=25.0,
        )  # fmt: skip
    return Behaviour(
        price=price, volatility_day=0.02, quotes_per_s=3.0, spread_ticks=1.1, spike_ticks=3.0, jumps_per_h=0.5,
        size=2_500.0, prints_per_quote=0.5, book_every=3, gap_share=0.15, feed_delay_ms=30.0,
    )  # fmt: skip


def default_strategies(instruments: Sequence[Instrument]) -> tuple[Strategy, ...]:
    """Strategies that signal where a profile names none: a handful for each kind of instrument in use."""
    found: list[Strategy] = []
    for kind, strategies in _STRATEGIES.items():
        names = tuple(spec.name for spec in instruments if spec.kind == kind)
        if names:
            found += [replace(strategy, instruments=names) for strategy in strategies]
    return tuple(found)


def default_book(instruments: Sequence[Instrument]) -> tuple[dict[str, Any], ...]:
    """A starting book for the first FX pair: both sides, old and young trades, winners and losers, one manual. Other
    kinds start flat."""
    pair = next((spec.name for spec in instruments if spec.kind == "fx"), None)
    if pair is None:
        return ()
    rows = (
        # side, units, ticks in profit, age in hours, tag, pocket, client id
        ("long", 20_000, -420, 84.4, "VolCompression-long", "micro", "qr-1761600000001"),
        ("long", 12_000, -260, 74.0, "TrendMA-bull", "macro", "qr-1761600000002"),
        ("long", 10_000, -150, 31.5, "M1Scalper-trend-long", "scalp", "qs-1761600000003"),
        ("long", 8_000, 60, 26.0, "Donchian55-breakout-up", "micro", "qr-1761600000004"),
        ("long", 6_000, 35, 2.5, "ImpulseRe", "micro", "qr-1761600000005"),
        ("long", 5_000, -90, 1.2, "", "", ""),
        ("short", 6_000, -80, 28.0, "MomentumBurst-open_short", "micro", "qr-1761600000006"),
        ("short", 6_000, 110, 0.7, "M1Scalper-trend-short", "scalp", "qs-1761600000007"),
    )
    return tuple(
        {
            "instrument": pair,
            "side": side,
            "units": units,
            "offset_ticks": offset,
            "age_s": int(hours * 3600),
            "tag": tag,
            "pocket": pocket,
            "client_id": client_id,
        }
        for side, units, offset, hours, tag, pocket, client_id in rows
    )


_STRATEGIES: dict[str, tuple[Strategy, ...]] = {
    "fx": (
        Strategy("fast_scalp", "scalp_fast", 40.0, size=4_000.0, stop_ticks=60.0, target_ticks=20.0),
        Strategy("M1Scalper-trend", "scalp", 24.0, size=3_000.0, stop_ticks=90.0, target_ticks=60.0, with_trend=0.75),
        Strategy("TrendMA-bull", "macro", 8.0, ("long",), size=6_000.0, stop_ticks=300.0, target_ticks=400.0),
        Strategy("Donchian55-breakout", "micro", 8.0, size=3_000.0, stop_ticks=150.0, with_trend=0.85),
        Strategy("MomentumBurst", "micro", 8.0, size=3_000.0, stop_ticks=120.0, target_ticks=120.0, with_trend=0.9),
        Strategy("ImpulseRe", "micro", 6.0, size=3_000.0, stop_ticks=150.0, with_trend=0.3),
    ),
    "perpetual": (
        Strategy("scalping", "futures", 60.0, leverage=3.0, states_regime=True, with_trend=0.7),
        Strategy("reversal", "futures", 20.0, leverage=3.0, states_regime=True, with_trend=0.2),
    ),
    "stock": (
        Strategy("scalping", "scalp", 30.0, ("long",), with_trend=0.9),
        Strategy("wave", "wave", 10.0, ("long",), with_trend=0.6),
    ),
}


def _strategy(row: Mapping[str, Any]) -> Strategy:
    if "tag" not in row:
        raise SettingsError("market profile: every entry of `signals` has a `tag`")
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    return _changed("signals", Strategy(str(row["tag"])), values)


def _changed(what: str, base: T, changes: Mapping[str, Any]) -> T:
    """A copy of a dataclass with some fields changed; a name it hasn't is refused."""
    known = {each.name for each in fields(base)}  # type: ignore[arg-type]  # only dataclasses come here
    strangers = [key for key in changes if key not in known]
    if strangers:
        raise SettingsError(f"market profile: {what} has no `{strangers[0]}`; known are {', '.join(sorted(known))}")
    changed: T = replace(base, **changes)  # type: ignore[type-var]  # as above
    return changed


def _default_start(instruments: Sequence[Instrument]) -> int:
    """A Wednesday inside trading hours of the first instrument."""
    sessions = instruments[0].sessions if instruments else "fx"
    return moment_ns(_START.get(sessions, _START["fx"]))
