"""Examples of the larger keys of a policy, each complete and valid; editors and the published schemas show them."""

from __future__ import annotations

from typing import Any

TABLES: dict[str, Any] = {
    "gates": {
        "by": ["strategy"],
        "columns": {"min_align": {"unit": "count"}},
        "rows": [{"when": {"strategy": "M1Scalper"}, "values": {"min_align": 1}}],
    }
}

MODES: dict[str, Any] = {
    "margin_pressure": {"enter": "account.free_margin_ratio <= 5%", "leave": "account.free_margin_ratio >= 8%"}
}

PATTERNS: dict[str, Any] = {
    "pullbacks": {"of": "mid", "count": {"retrace": "2pips", "after_run": "5pips"}, "within": "120s"}
}

LIMITS: dict[str, Any] = {
    "max_order_units": "100_000units",
    "max_position_units": "200_000units",
    "price_collar": "50bps",
    "repeated_execution": {"orders": 5, "within": "60s"},
    "refusals": {"count": 3, "within": "60s", "pause": "300s"},
    "quote_age_max": "10s",
}

CANDIDATES: list[Any] = [
    {
        "id": "watchlist",
        "eligible": "last >= 1_000 and spread_ratio <= 0.4%",
        "score": "day.volume / 1_000units",
        "keep": 30,
        "every": "60s",
    }
]

GUARDS: list[Any] = [{"id": "spread", "applies_to": {"intent": "entry"}, "require": "spread <= 1.2pips"}]

CAPS: list[Any] = [
    {"id": "margin", "applies_to": {"intent": "entry"}, "limit": "account.margin_used_of_equity_after <= 92%"}
]

SIZING: list[Any] = [{"id": "base-size", "applies_to": {"intent": "entry"}, "size": "10_000units"}]

ENTRIES: list[Any] = [{"id": "from-signals", "source": "signal", "when": "signal.age <= 6000ms"}]

CHOICES: list[Any] = [
    {"when": "account.equity <= 1_500USD", "coefficients": ["100%", "60%", "40%"]},
    {"otherwise": True, "coefficients": ["100%", "70%", "50%", "30%", "20%"]},
]

LADDERS: list[Any] = [
    {
        "id": "scale-in",
        "source": "signal",
        "when": "position.pnl_of_margin >= -2%",
        "steps": ["100%", "70%", "50%"],
        "interval": "60s",
    }
]

PYRAMIDS: list[Any] = [
    {
        "id": "add-to-winner",
        "source": "market",
        "when": "position.gain_over_first >= 2%",
        "size": "50% of position.initial_units",
        "most": "1",
        "per_day": "1",
    }
]

HEDGES: list[Any] = [
    {
        "id": "margin-relief",
        "when": "account.margin_used_of_available >= 88%",
        "reduce": {"until": "account.margin_used_of_available <= 82%"},
        "on_unknown": {"wait": "10s", "then": "alert"},
    }
]

EXITS: list[Any] = [
    {
        "id": "left-behind",
        "for_each": "trade",
        "when": "trade.age > 72h and trade.pnl < 0",
        "close": "100%",
        "on_unknown": {"wait": "30s", "then": "close"},
    }
]

PROTECTIONS: list[Any] = [{"id": "daily-loss", "when": "account.day_pnl_ratio <= -3%", "until": "next_day"}]

ALERTS: list[Any] = [
    {"id": "fate-unknown", "when": "account.unknown_orders > 0", "message": "the fate of an order is not known"}
]
