"""What the paper venue's fills assume, as lines for a report (OPS-04)."""

from __future__ import annotations

from decimal import Decimal

from adapters.paper.settings import NANOS, Settings, Slippage, Terms
from adapters.paper.view import JUMP


def assumptions(settings: Settings, *, ignored: int, unpriced: int) -> list[tuple[str, str]]:
    """(what, value) lines in a fixed order. `ignored`: defective market events so far; `unpriced`: those without bid
    and ask and no declared spread."""
    lines = [
        ("account", f"{settings.mode}, {settings.currency}, {_margin(settings)}"),
        ("margin close-out", _closeout(settings)),
        ("latency", _latency(settings)),
        ("slippage", _slippage(settings.slippage)),
        ("size taken", _size(settings)),
        (
            "market order's remainder",
            "cancelled" if settings.remainder == "cancel" else "none: filled whole or not at all",
        ),
        ("limits and targets", "fill at their own price when the other side of the quote reaches it; no improvement"),
        ("stops", "fill at the quote that reaches them, a gap included; inside a bar at their own price"),
        ("inside a bar", "open, then the range, then close; a stop and a target in one bar: the stop"),
        ("new inside a bar", "its stop sees the whole bar, its limit or target only the close"),
        ("reduce-only above the position", "cut to the position, the rest cancelled; never turns into an opening"),
        ("trades closed first", "the oldest; one order opens one trade, later fills of it average its price"),
        ("marks", "longs at the bid, shorts at the ask; margin at the middle; conversion at the middle"),
        ("working orders", "tie up no margin"),
        ("unbelievable prices", f"more than {JUMP:g} times off the last: ignored unless the next one confirms them"),
        ("sessions", "ignored: always open" if settings.ignores_sessions else _sessions(settings)),
        ("messages", f"{settings.orders_per_s:g} a second" if settings.orders_per_s else "no limit"),
        ("injected faults", _faults(settings)),
        ("seed", str(settings.seed)),
    ]
    lines += [(f"fees {name}", _fees(terms)) for name, terms in settings.terms.items()]
    lines += [(f"financing {name}", _financing(terms)) for name, terms in settings.terms.items()]
    lines += [
        (f"spread {name}", f"{terms.spread:f} {terms.spec.quote} where the data has no bid and ask")
        for name, terms in settings.terms.items()
        if terms.spread is not None
    ]
    lines += [
        (
            f"price limits {name}",
            f"±{_percent(terms.spec.price_limit)} of the close before; orders priced beyond are refused",
        )
        for name, terms in settings.terms.items()
        if terms.spec.price_limit is not None
    ]
    if ignored:
        lines.append(("defective market events ignored", str(ignored)))
    if unpriced:
        lines.append(("events without bid and ask ignored", f"{unpriced}; declare `spread` to use them"))
    return lines


def _margin(settings: Settings) -> str:
    if settings.margin_model == "isolated":
        return "isolated margin: value at entry / leverage of the order, else of the instrument"
    share = f" {_percent(settings.margin_share)}" if settings.margin_model == "hedged_pct" else ""
    return f"margin {settings.margin_model}{share}"


def _closeout(settings: Settings) -> str:
    if settings.margin_model == "isolated":
        rates = ", ".join(f"{name} {_percent(terms.maintenance_rate)}" for name, terms in settings.terms.items())
        return f"a trade whose margin and open result are at or below its maintenance ({rates}) loses its margin"
    if settings.margin_closeout is None:
        return "none"
    return f"equity at or below {_percent(settings.margin_closeout)} of the leveraged margin used"


def _latency(settings: Settings) -> str:
    if not settings.latency_ns and not settings.jitter_ns:
        return "none: an order meets the last known price"
    jitter = f" + up to {_milliseconds(settings.jitter_ns)}" if settings.jitter_ns else ""
    return f"{_milliseconds(settings.latency_ns)}{jitter}; an order meets the market as of its arrival"


def _milliseconds(nanos: int) -> str:
    return f"{Decimal(nanos) / (NANOS // 1000):f} ms"


def _slippage(slippage: Slippage) -> str:
    if slippage.model == "ticks":
        return f"{slippage.ticks:f} ticks on market orders and triggered stops"
    if slippage.model == "spread":
        return f"{_percent(slippage.share)} of the spread on market orders and triggered stops"
    if slippage.model == "size":
        return f"{slippage.ticks:f} ticks × units / size shown on market orders and triggered stops"
    return "none beyond the quote"


def _size(settings: Settings) -> str:
    unknown = "unlimited" if settings.depth is None else f"{settings.depth:f}"
    return f"at most {_percent(settings.participation)} of what is shown; where no size is shown: {unknown}"


def _sessions(settings: Settings) -> str:
    return ", ".join(f"{name} {terms.spec.sessions}" for name, terms in settings.terms.items())


def _faults(settings: Settings) -> str:
    faults = settings.faults
    named = {
        "reply lost": faults.reply_lost,
        "request lost": faults.request_lost,
        "refused": faults.reject,
        "delayed": faults.delay,
        "outages": len(faults.outages),
    }
    return ", ".join(f"{name} {value:g}" for name, value in named.items() if value) or "none"


def _fees(terms: Terms) -> str:
    fees = terms.fees
    if not (fees.maker or fees.taker or fees.per_order or fees.minimum or fees.sell_tax):
        return "none beyond the spread"
    parts = [f"maker {_percent(fees.maker)}, taker {_percent(fees.taker)}"]
    if fees.per_order:
        parts.append(f"{fees.per_order:f} a fill")
    if fees.minimum:
        parts.append(f"at least {fees.minimum:f}")
    if fees.sell_tax:
        parts.append(f"tax {_percent(fees.sell_tax)} on sales")
    return ", ".join(parts) + (" (assumed: the account file states none)" if fees.is_assumed else "")


def _financing(terms: Terms) -> str:
    if not (terms.financing_long or terms.financing_short):
        return "none stated" if terms.spec.kind != "perpetual" else "funding as the data states it"
    return f"long {_percent(terms.financing_long)}, short {_percent(terms.financing_short)} a year, 17:00 New York"


def _percent(ratio: Decimal) -> str:
    return f"{(ratio * 100).normalize():f} %"
