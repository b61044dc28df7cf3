"""The account file: what a policy is run on. Balance, mode, margin, fees, starting trades and venue stand here.

Amounts stand with their currency (`500_000JPY`) or bare, and then mean account currency. Ratios stand as `4%` or as
fractions (`0.04`), times with their unit (`50ms`). `problems` says what no single key can; `content` gives the plain
values that a venue is set up with. The models take what `load` reads as well as plain dictionaries.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import BaseModel

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import measures
from ruleengine.diagnostics.catalogue import shape as faults
from ruleengine.schema.base import AnyOf, Needs, OneOf, Relation, Shape, key, optional
from ruleengine.schema.figures import (
    Amount,
    AnyNumber,
    Clock,
    Currency,
    Day,
    Distance,
    Factor,
    Figure,
    Moment,
    Part,
    Plain,
    Rate,
    Result,
    Size,
    Text,
    Time,
    Yearly,
)
from ruleengine.schema.leaf import Tag


class MarginModel(Shape):
    """How the two sides of an instrument count (FX-01)."""

    model: Literal["net", "max_side", "gross", "hedged_pct", "isolated"] = key(
        "which sides need margin (FX-01); isolated: each trade its value at entry / leverage, and no more can be lost",
        "max_side",
    )
    share: Factor = key("hedged_pct only: |net| + share × min(long, short); 0 net, 1 larger side, 2 gross", "50%",
                        default=1, validate_default=True)  # fmt: skip


class Fees(Shape):
    """Charged on every fill."""

    maker: Yearly = key("share of the value for resting orders", "0.02%", default=0, validate_default=True)
    taker: Yearly = key("share of the value for orders that take", "0.05%", default=0, validate_default=True)
    per_order: Amount = key("fixed, a fill", "0JPY", default=0, validate_default=True)
    minimum: Amount = key("at least this, a fill", "0JPY", default=0, validate_default=True)
    sell_tax: Rate = key("tax, share of the value sold (PY-14)", "0.20%", default=0, validate_default=True)


class InstrumentTerms(Shape):
    """What this account's terms for one instrument differ in from the venue's."""

    margin_rate: Part | None = optional("share of the value that ties up margin", "4%")
    leverage: Plain | None = optional("highest leverage; margin rate is then at least 1 / leverage", 3)
    maintenance_rate: Part | None = optional(
        "isolated only: share of the value at or below which the margin is lost; as the venue states it for the size",
        "0.4%",
    )
    spread: Distance | None = optional("bid-ask spread where the data has none; without it such data fills nothing",
                                       "0.8pips")  # fmt: skip
    fees: Fees | None = optional("in place of the account's", {"taker": "0.05%"})
    pip: Plain | None = optional("quote currency", 0.01)
    tick: Plain | None = optional("price step, quote currency; replaces an exchange's table", 0.001)
    ticks: Literal["fixed", "krx_stock", "krx_etf"] | None = optional(
        "whose table of price steps holds: the instrument's one `tick`, or an exchange's by price (PY-14)", "krx_etf"
    )
    lot: Plain | None = optional("size step", 1)
    min_size: Plain | None = optional("smallest order", 1)
    max_size: Plain | None = optional("largest order", 100000000)
    min_value: Plain | None = optional("smallest value of an order, quote currency (SC-01)", 5)
    contract_size: Plain | None = optional("base units a contract", 0.01)
    base_price: Plain | None = optional(
        "close before the first day, for an exchange's price limits of ±30 %; later days have the close before them",
        71000,
    )
    can_short: bool | None = optional("whether it may be sold short", False)
    sessions: Literal["always", "fx", "krx", "us"] | None = optional("trading hours", "fx")


class FinancingRates(Shape):
    long: Yearly = key("a year, of the value; positive earns", "1.5%", default=0, validate_default=True)
    short: Yearly = key("a year, of the value; positive earns", "-4.2%", default=0, validate_default=True)


class Financing(Shape):
    """Charged at 17:00 New York, Wednesday for three days."""

    rates: dict[Tag, FinancingRates] = key("by instrument", {"USD_JPY": {"long": "1.5%", "short": "-4.2%"}}, default={})


class StartingTrade(Shape):
    """A trade that is open at the start. One without `client_id` is manual: counted, never touched (FX-16)."""

    relations: ClassVar[tuple[Relation, ...]] = (OneOf(("opened", "age"), required=False),)

    id: Text | None = optional("the venue's number; given out where it is left out", "24522")
    instrument: Text = key("as the venue names it", "USD_JPY")
    side: Literal["long", "short"] = key("side", "long")
    units: Size = key("size", "10_000units")
    price: Plain = key("entry price", 154.058)
    opened: Moment | None = optional("when it was opened", "2025-10-31T16:00:00Z")
    age: Time | None = optional("or how long before the first event", "84h")
    strategy: Text | None = optional("tag as the venue carries it, raw", "M1Scalper-trend-long")
    pocket: Text | None = optional("pocket", "micro")
    client_id: Text | None = optional("client id; its prefix says whose it is", "qr-1761926411971")
    stop: Plain | None = optional("attached stop", 153.458)
    target: Plain | None = optional("attached target", 154.68)
    leverage: Plain | None = optional("leverage that its opening named (SC-06)", 3)


class EndedTrade(Shape):
    """A trade of ours that ended before the start: what statistics over closed trades begin with (`closed`)."""

    relations: ClassVar[tuple[Relation, ...]] = (OneOf(("closed", "age")),)

    id: Text | None = optional("the venue's number", "24522")
    instrument: Text = key("as the venue names it", "USD_JPY")
    side: Literal["long", "short"] = key("side", "long")
    units: Size = key("size", "10_000units")
    price: Plain | None = optional("average entry price", 154.058)
    exit_price: Plain | None = optional("average exit price", 154.108)
    pnl: Result | None = optional("realised result before fees; unknown where it is left out", "-500JPY")
    fees: Result = key("fees paid for it; negative where the venue paid", "12JPY", default=0, validate_default=True)
    closed: Moment | None = optional("when it ended", "2025-10-31T16:00:00Z")
    age: Time | None = optional("or how long before the first event", "90min")
    held: Time | None = optional("how long it was open", "15min")
    strategy: Text | None = optional("tag as the venue carries it, raw", "M1Scalper-trend-long")
    pocket: Text | None = optional("pocket", "micro")
    rule: Text | None = optional("what closed it: a rule's id, `stop`, `target` …", "stop")


class Conversion(Shape):
    """How a quote currency becomes account currency."""

    instrument: Text | None = optional("at the middle of this instrument", "USD_JPY")
    rate: Plain | None = optional("fixed, or until that instrument's first quote", 154.2)


class Slippage(Shape):
    """How much worse than the quote market orders and triggered stops fill."""

    model: Literal["none", "ticks", "spread", "size"] = key(
        "none; a number of ticks; a share of the spread; ticks × units / size shown", "ticks"
    )
    ticks: AnyNumber = key("for `ticks` and `size`", 1, default=1, validate_default=True)
    share: Rate = key("for `spread`", "50%", default="50%", validate_default=True)


class Outage(Shape):
    at: Time = key("after the first event", "10min")
    lasts: Time = key("how long", "30s")


class Faults(Shape):
    """Injected on purpose, drawn from the seed."""

    reply_lost: Rate = key("share of orders whose answer is lost", "1%", default=0, validate_default=True)
    request_lost: Rate = key("share of orders that never arrive", "1%", default=0, validate_default=True)
    reject: Rate = key("share of orders refused without a reason", "1%", default=0, validate_default=True)
    delay: Rate = key("share of orders that arrive late", "1%", default=0, validate_default=True)
    delay_by: Time = key("how late", "5s", default="5s", validate_default=True)
    timeout: Time = key("no answer for this long: unknown", "2s", default="2s", validate_default=True)
    resolve_after: Time = key("after the timeout, until a query tells the truth", "5s", default="5s",
                              validate_default=True)  # fmt: skip
    outages: list[Outage] = key("whole connection down", [{"at": "10min", "lasts": "30s"}], default=[])


class PaperSettings(Shape):
    """How the paper venue fills. Every report prints what these come to."""

    latency: Time = key("from us to the venue", "50ms", default="0s", validate_default=True)
    jitter: Time = key("up to this much more, drawn from the seed", "20ms", default="0s", validate_default=True)
    slippage: Slippage = key("beyond the quote", {"model": "ticks", "ticks": 1}, default={"model": "none"},
                             validate_default=True)  # fmt: skip
    participation: Part = key("share of the size shown that one may take", "50%", default="100%", validate_default=True)
    depth: Size | None = optional("size assumed where the data shows none; left out: unlimited", "1_000_000units")
    remainder: Literal["cancel", "kill"] = key(
        "market order larger than the size: fill what is there, or nothing", "cancel", default="cancel"
    )
    ignore_sessions: bool = key("fill outside of trading hours too", False, default=False)
    orders_per_s: AnyNumber = key("message budget; 0: none", 20, default=0, validate_default=True)
    account_every: Time = key("how often the venue states the account; 0s: never", "30s", default="0s",
                              validate_default=True)  # fmt: skip
    seed: int | None = optional("of jitter and faults; left out: the run's", 7)
    faults: Faults = key("injected faults", {"reply_lost": "1%"}, default={}, validate_default=True)


class SpecialHours(Shape):
    """Another beginning or end of one day's session, in the exchange's zone."""

    relations: ClassVar[tuple[Relation, ...]] = (AnyOf(("opens", "closes")),)

    day: Day = key("the day", "2026-11-19")
    opens: Clock | None = optional("begin, quoted", "10:00")
    closes: Clock | None = optional("end, quoted", "16:30")


class Maintenance(Shape):
    """A pause of the venue: nothing fills, and no quote is expected."""

    at: Moment = key("begin", "2026-01-14T06:00:00Z")
    lasts: Time = key("how long", "30min")


class TradingDays(Shape):
    """What the calendar of this account's market gets wrong; it wins over the known holidays (PY-14, OPS-07)."""

    closed: list[Day] = key("closed besides the known holidays", ["2026-06-03"], default=[])
    open: list[Day] = key("trading days that are known as holidays", ["2026-07-17"], default=[])
    hours: list[SpecialHours] = key(
        "days with other hours, for which it is open; KRX: the first trading day of a year and college exam days "
        "are known",
        [{"day": "2026-11-19", "opens": "10:00", "closes": "16:30"}], default=[],
    )  # fmt: skip
    maintenance: list[Maintenance] = key(
        "pauses, announced by the venue", [{"at": "2026-01-14T06:00:00Z", "lasts": "30min"}], default=[]
    )


class Venue(Shape):
    """Where orders go."""

    name: Text = key("adapter, as `--adapter` names it", "paper", default="paper", validate_default=True)
    paper: PaperSettings | None = optional("settings of the paper venue", {"latency": "50ms"})
    account_id: Text | None = optional("the venue's own number of the account; secrets never stand here",
                                       "101-001-0000001-001")  # fmt: skip
    address: Text | None = optional("in place of the venue's own hosts: a simulator's", "http://127.0.0.1:8410")
    settings: dict[Tag, Text] = key("what an adapter takes besides; its documentation says what",
                                    {"margin_mode": "isolated"}, default={})  # fmt: skip


class AccountDay(Shape):
    """When the account's day begins: what is measured since, and protections until the next one, go by it (SC-10)."""

    timezone: Text = key("IANA name of the zone; the cut follows its daylight saving", "America/New_York")
    cut: Clock = key("time of day at which a day ends and the next begins, quoted", "17:00")


class Limits(Shape):
    """Account-wide limits of the order gate (OPS-01); a policy's own may only be tighter."""

    max_order_value: Amount | None = optional("largest value of one order", "20_000_000JPY")
    max_worst_case_exposure: Amount | None = optional(
        "largest value of one side with working and unknown orders counted in full", "60_000_000JPY"
    )
    orders_per_second: Plain = key("message throttle", 5, default=5, validate_default=True)
    orders_per_minute: Plain = key("message throttle", 60, default=60, validate_default=True)
    price_collar: Part | None = optional("refuse where a price is farther than this from the middle", "50bps")


class Account(Shape):
    """An account file."""

    relations: ClassVar[tuple[Relation, ...]] = (
        Needs((("environment", "live"),), ("limits",)),
        AnyOf(("balance", "venue")),
    )

    apiVersion: Literal["ruleengine/v1"] = key("version of the language", "ruleengine/v1")  # noqa: N815
    kind: Literal["Account"] = key("what this file is", "Account")
    name: Text = key("name of the account; live trading asks for it again", "fx-hedge-paper")
    currency: Currency = key("account currency", "JPY")
    balance: Amount | None = optional("cash at the start; a venue over a network states its own", "500_000JPY")
    mode: Literal["netting", "hedging"] = key("whether both sides of one instrument may stand side by side", "hedging")
    margin_model: MarginModel | None = optional("netting counts net, hedging the larger side where left out (FX-01)",
                                                {"model": "max_side"})  # fmt: skip
    margin_closeout: Rate | Literal["none"] = key(
        "equity at or below this share of the margin used closes everything leveraged", "100%", default="100%",
        validate_default=True,
    )  # fmt: skip
    leverage: Plain | None = optional("highest leverage of the account", 25)
    instruments: dict[Tag, InstrumentTerms] = key("terms that differ", {"USD_JPY": {"margin_rate": "4%"}}, default={})
    fees: Fees | None = optional("of every instrument that has none of its own", {"maker": "0.02%", "taker": "0.05%"})
    financing: Financing | None = optional("daily financing", {"rates": {"USD_JPY": {"long": "1.5%"}}})
    trades: list[StartingTrade] = key(
        "open at the start",
        [{"instrument": "USD_JPY", "side": "long", "units": "10_000units", "price": 154.058, "age": "84h"}],
        default=[],
    )
    closed: list[EndedTrade] = key(
        "trades of ours that ended before the start",
        [{"instrument": "USD_JPY", "side": "long", "units": "10_000units", "pnl": "-500JPY", "age": "90min"}],
        default=[],
    )
    conversion: dict[Tag, Conversion] = key("by quote currency", {"USD": {"instrument": "USD_JPY"}}, default={})
    day: AccountDay | None = optional(
        "when its day begins (SC-10); left out: with the day of its instruments, which then must be one",
        {"timezone": "America/New_York", "cut": "17:00"},
    )
    calendar: TradingDays | None = optional(
        "days and hours on which the market differs from its calendar", {"closed": ["2026-06-03"]}
    )
    environment: Literal["practice", "live"] = key("live needs `--live` and the name again", "practice",
                                                   default="practice")  # fmt: skip
    venue: Venue = key("where orders go", {"name": "paper"}, default={}, validate_default=True)
    limits: Limits | None = optional(
        "account-wide limits of the order gate",
        {"max_order_value": "20_000_000JPY", "max_worst_case_exposure": "60_000_000JPY"},
    )


_PAPER = "paper"
"""The venue that has no statement of its own to begin with."""


def problems(account: Account, file: str = "account") -> list[Diagnostic]:
    """What is wrong with values that each read well: units, bounds, currencies, and limits that live trading needs.

    `file` names a plain dictionary, whose values have no place.
    """
    found: list[Diagnostic] = []
    for path, leaf in _leaves(account, ()):
        span = _span(leaf, file)
        reason = leaf.reason()
        if reason is not None:
            found.append(faults.out_of_place(span, f"{'.'.join(path)}: {reason}"))
        elif isinstance(leaf, Amount) and leaf.currency not in ("", account.currency.text):
            found.append(
                measures.cannot_compare(span, f"money in {leaf.currency}", f"money in {account.currency.text}")
            )
    if account.venue.name.text == _PAPER and account.balance is None:
        found.append(faults.needs_key(_span(account.name, file), ["balance"], "venue: paper", "500_000JPY"))
    if account.day is not None:
        found += _zone(account.day.timezone, file)
    if account.environment == "live" and account.limits is not None:
        found += _live_limits(account, account.limits, file)
    return sorted(found)


def _live_limits(account: Account, limits: Limits, file: str) -> list[Diagnostic]:
    """What real money needs, told at a limit that is there."""
    figures = {"max_order_value": "20_000_000", "max_worst_case_exposure": "60_000_000"}
    missing = [name for name in figures if getattr(limits, name) is None]
    if not missing:
        return []
    written = (leaf for _, leaf in _leaves(limits, ()) if getattr(leaf.node, "span", None) is not None)
    example = figures[missing[0]] + account.currency.text
    called = [f"limits.{name}" for name in missing]
    return [faults.needs_key(_span(next(written, account.name), file), called, "environment: live", example)]


def _zone(leaf: Text, file: str) -> list[Diagnostic]:
    # here and not above: most files name no zone, and the database takes a while to load
    from ruleengine.market.zones import is_zone, zone_names

    return [] if is_zone(leaf.text) else [faults.time_zone(_span(leaf, file), leaf.text, zone_names())]


def content(account: Account) -> dict[str, Any]:
    """The account as plain JSON values, as `VenueSetup.account` wants them: amounts in account currency, ratios as
    fractions, times in seconds (`latency` → `latency_s`), what was left out left out. For accounts without `problems`.
    """
    plain: dict[str, Any] = _plain(account)
    if "trades" not in account.model_fields_set:
        del plain["trades"]  # none named, and named to be none, differ: a simulated market may bring some
    for trade in (*plain.get("trades", ()), *plain.get("closed", ())):
        trade["tag"] = trade.pop("strategy", "")
        trade |= {f"{name}_s": trade.pop(name) for name in ("age", "held") if name in trade}
    own = plain["venue"].get("settings") or {}
    plain["venue"] = {"name": account.venue.name.text, "settings": _paper(plain["venue"].get("paper") or own)}
    for name in ("account_id", "address"):
        leaf: Text | None = getattr(account.venue, name)
        if leaf is not None:
            plain["venue"][name] = leaf.text
    return plain


_SECONDS = {
    "latency": "latency_s", "jitter": "jitter_s", "account_every": "account_every_s", "delay_by": "delay_s",
    "timeout": "timeout_s", "resolve_after": "resolve_s", "at": "at_s", "lasts": "for_s",
}  # fmt: skip


def _paper(settings: Any) -> Any:
    """The paper venue's settings with the unit in each time's name."""
    if isinstance(settings, list):
        return [_paper(each) for each in settings]
    if not isinstance(settings, dict):
        return settings
    return {_SECONDS.get(name, name): _paper(value) for name, value in settings.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, (Figure, Text)):
        return value.plain()
    if isinstance(value, BaseModel):
        pairs = ((name, getattr(value, name)) for name in type(value).model_fields)
        return {name: _plain(each) for name, each in pairs if each is not None}
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Figure | Text]]:
    if isinstance(value, (Figure, Text)):
        yield path, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _leaves(getattr(value, name), (*path, name))
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from _leaves(each, (*path, str(name)))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _leaves(each, (*path, str(number)))


def _span(leaf: Figure | Text, file: str) -> Span:
    place: Span | None = getattr(leaf.node, "span", None)
    return Span.of_file(file) if place is None else place
