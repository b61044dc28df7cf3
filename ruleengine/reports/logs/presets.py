"""Built-in mappings of logs."""

from __future__ import annotations

from ruleengine.reports.logs.mapping import Answers, Instant, LogField, LogMapping, Rows, Terms, Trades

_ORDER_ID = ("client_order_id", "attempt")
_THESIS = "request_json.meta.entry_thesis"
_FACTORS = f"{_THESIS}.factors"
_FULL_PRICE = "response_json.orderFillTransaction.fullPrice"
_FX = {"USD_JPY": Terms(pip="0.01", zone="America/New_York", day="17:00")}
_BASE_TAGS = {
    "TrendMA": ("TrendMAbu", "TrendMAbe"),
    "M1Scalper": ("M1Scalper",),
    "BBRSI": ("BBRSIlong", "BBRSIshor"),
    "Donchian55": ("Donchian5",),
    "NewsSpike": ("NewsSpike",),
}
_PATTERNS = {r"[ls][0-9a-f]{6}": "fast_scalp", r"scalp(long|shor)": "scalp"}
_SIDES = {"buy": "long", "sell": "short"}

_ORDER_LOG = LogMapping(
    name="oanda-order-log",
    doc="Order log of an OANDA bot (JSON lines): entry attempts and closes as decisions, with what the venue answered.",
    kind="decisions",
    format="jsonl",
    currency="JPY",
    instruments=_FX,
    base_tags=_BASE_TAGS,
    tag_patterns=_PATTERNS,
    records=(
        Rows(
            where={"status": "submit_attempt"},
            time=Instant(column="ts"),
            key=_ORDER_ID,
            constants={"outcome": "sent", "rule": "entry attempt"},
            fields={
                "id": LogField(column="client_order_id"),
                "kind": LogField(
                    column="request_json.order.positionFill", values={"OPEN_ONLY": "entry", "REDUCE_ONLY": "exit"}
                ),
                "instrument": LogField(column="instrument"),
                "side": LogField(column="side", values=_SIDES),
                "tag": LogField(column="client_order_id", pattern=r"([^-]+)$"),
                "pocket": LogField(column="pocket"),
                "units": LogField(column="units", absolute=True),
                "stop": LogField(column="sl_price"),
            },
            figures={
                "m1.rsi": LogField(column=f"{_FACTORS}.m1.rsi"),
                "m1.adx": LogField(column=f"{_FACTORS}.m1.adx"),
                "h4.adx": LogField(column=f"{_FACTORS}.h4.adx"),
                "m1.atr_pips": LogField(column=f"{_FACTORS}.m1.atr_pips"),
                "spread before": LogField(column=f"{_THESIS}.spread_pips"),
                "momentum": LogField(column=f"{_THESIS}.momentum_pips"),
                "story.macro": LogField(column=f"{_THESIS}.story.macro"),
                "story.volatility": LogField(column=f"{_THESIS}.story.volatility"),
            },
        ),
        Rows(
            where={"status": "close_request"},
            time=Instant(column="ts"),
            key=("ticket_id",),
            constants={"outcome": "sent", "rule": "close request", "kind": "exit", "instrument": "USD_JPY"},
            fields={
                "id": LogField(column="id"),
                # the row's units are those of the trade, not of the closing order
                "side": LogField(column="units", pattern=r"^(-?)", values={"": "short", "-": "long"}),
                "trade": LogField(column="ticket_id"),
                "units": LogField(column="request_json.data.units", absolute=True),
            },
        ),
    ),
    answers=(
        Answers(
            where={"status": "filled"},
            key=_ORDER_ID,
            fate="filled",
            trade="ticket_id",
            price="executed_price",
            figures={
                "spread at fill": LogField(
                    column=f"{_FULL_PRICE}.asks.0.price", minus=f"{_FULL_PRICE}.bids.0.price", unit="pips"
                ),
                "balance": LogField(column="response_json.orderFillTransaction.accountBalance", unit="JPY"),
            },
        ),
        Answers(where={"status": "rejected"}, key=_ORDER_ID, fate="rejected", code=("error_code", "error_message")),
        Answers(where={"status": "close_ok"}, key=("ticket_id",), fate="filled"),
        Answers(
            where={"status": "close_failed"}, key=("ticket_id",), fate="rejected", code=("error_code", "error_message")
        ),
    ),
    assumes=(
        "the raw tag is the last part of the client order id (cut to nine characters by the bot)",
        "the log has no guard decisions: what the bot refused itself is not in it",
        "closes carry no price; what the broker closed by itself is not logged",
    ),
)
_CLOSED_TRADES = LogMapping(
    name="oanda-closed-trades",
    doc="Closed trades of an OANDA bot (CSV): entry, exit, pips and realised result, a row a trade.",
    kind="trades",
    format="csv",
    currency="JPY",
    instruments=_FX,
    base_tags=_BASE_TAGS,
    tag_patterns=_PATTERNS,
    trades=Trades(
        where={"state": "CLOSED"},
        opened=Instant(column="entry_time"),
        closed=Instant(column="close_time"),
        fields={
            "id": LogField(column="ticket_id"),
            "instrument": LogField(column="instrument"),
            "side": LogField(column="units", pattern=r"^(-?)", values={"": "long", "-": "short"}),
            "units": LogField(column="units", absolute=True),
            "pocket": LogField(column="pocket"),
            "entry_price": LogField(column="entry_price"),
            "exit_price": LogField(column="close_price"),
            "pips": LogField(column="pl_pips"),
            "result": LogField(column="realized_pl"),
            "closed_by": LogField(column="close_reason"),
        },
    ),
    assumes=(
        "the side is the sign of `units`",
        "the result is what the broker realised; financing is not in it",
        "strategies come from the order log, by the trade's number, where a report is given both",
    ),
)
LOG_PRESETS: dict[str, LogMapping] = {each.name: each for each in (_ORDER_LOG, _CLOSED_TRADES)}
