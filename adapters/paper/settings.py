"""What the paper venue was told: the account file's content and the venue's own settings, as typed values.

Reads the normal form that the account schema gives (amounts as decimal strings in account currency, ratios as
fractions, times in seconds). Plain dictionaries with the same keys do as well; what is left out has a default here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, cast

from adapters.paper.margin import MODELS, MarginModel, default_model
from ruleengine.market.exchanges import REGULAR, SpecialDays
from ruleengine.model.fees import Fees, usual_fees
from ruleengine.model.instrument import Instrument, stated_terms
from ruleengine.ports.venue import VenueSetup

NANOS = 1_000_000_000


class SettingsError(ValueError):
    """A setting that the paper venue can't work with: which one, and what to write instead."""


@dataclass(frozen=True, slots=True)
class Terms:
    """One instrument on this account. `margin_rate`: effective, the larger of the instrument's and 1 / leverage.
    `spread`: quote currency, for data without bid and ask. `financing_*`: ratio of value a year, positive earns.
    `maintenance_rate`: share of the value that an isolated position has to keep."""

    spec: Instrument
    margin_rate: Decimal
    fees: Fees
    spread: Decimal | None = None
    financing_long: Decimal = Decimal(0)
    financing_short: Decimal = Decimal(0)
    maintenance_rate: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Slippage:
    """How much worse than the quote a market order or a triggered stop fills.

    none   not at all            ticks   a fixed number of ticks
    spread a share of the spread size    `ticks` for each multiple of the size shown at the top of the book"""

    model: Literal["none", "ticks", "spread", "size"] = "none"
    ticks: Decimal = Decimal(1)
    share: Decimal = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class Faults:
    """Rates are probabilities an order; times nanoseconds; `outages` are (after the first event, length)."""

    reply_lost: float = 0.0
    request_lost: float = 0.0
    reject: float = 0.0
    delay: float = 0.0
    delay_ns: int = 5 * NANOS
    timeout_ns: int = 2 * NANOS
    resolve_ns: int = 5 * NANOS
    outages: tuple[tuple[int, int], ...] = ()

    @property
    def is_any(self) -> bool:
        return bool(self.reply_lost or self.request_lost or self.reject or self.delay or self.outages)


@dataclass(frozen=True, slots=True)
class Conversion:
    """How an amount of a quote currency becomes account currency: at an instrument's middle (`inverse`: divide), or by
    a fixed rate; with both, the rate holds until the instrument's first quote."""

    instrument: str = ""
    is_inverse: bool = False
    rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the venue knows before its first event."""

    name: str
    currency: str
    balance: Decimal
    mode: Literal["netting", "hedging"]
    margin_model: MarginModel
    margin_share: Decimal
    margin_closeout: Decimal | None
    terms: dict[str, Terms]
    conversion: dict[str, Conversion]
    trades: tuple[dict[str, Any], ...] = ()
    latency_ns: int = 0
    jitter_ns: int = 0
    slippage: Slippage = field(default_factory=Slippage)
    participation: Decimal = Decimal(1)
    depth: Decimal | None = None
    remainder: Literal["cancel", "kill"] = "cancel"
    ignores_sessions: bool = False
    days: SpecialDays = REGULAR
    orders_per_s: float = 0.0
    account_every_ns: int = 0
    faults: Faults = field(default_factory=Faults)
    seed: int = 0
    start_ns: int = 0

    @classmethod
    def from_setup(cls, setup: VenueSetup) -> Settings:
        """Settings of an account file's content; a value that can't be read names its key."""
        account, venue = setup.account, {**_paper_settings(setup.account), **setup.settings}
        currency = str(account.get("currency", "JPY"))
        mode = _choice("mode", account.get("mode", "netting"), ("netting", "hedging"))
        model = account.get("margin_model") or {}
        model = {"model": model} if isinstance(model, str) else model
        slippage = venue.get("slippage") or {}
        slippage = {"model": slippage} if isinstance(slippage, str) else slippage
        closeout = account.get("margin_closeout", "1")
        return cls(
            name=str(account.get("name", "paper")),
            currency=currency,
            balance=_decimal("balance", account.get("balance", 0)),
            mode=cast(Literal["netting", "hedging"], mode),
            margin_model=cast(
                MarginModel, _choice("margin_model.model", model.get("model") or default_model(mode), MODELS)
            ),
            margin_share=_decimal("margin_model.share", model.get("share", 1)),
            margin_closeout=None if closeout in (None, "none") else _decimal("margin_closeout", closeout),
            terms={spec.name: _terms(spec, account) for spec in setup.instruments},
            conversion=_conversions(account, setup.instruments, currency),
            trades=tuple(account.get("trades") or ()),
            latency_ns=_nanos("latency_s", venue, 0),
            jitter_ns=_nanos("jitter_s", venue, 0),
            slippage=Slippage(
                model=cast(
                    Literal["none", "ticks", "spread", "size"],
                    _choice("slippage.model", slippage.get("model", "none"), ("none", "ticks", "spread", "size")),
                ),
                ticks=_decimal("slippage.ticks", slippage.get("ticks", 1)),
                share=_decimal("slippage.share", slippage.get("share", "0.5")),
            ),
            participation=_decimal("participation", venue.get("participation", 1)),
            depth=_optional("depth", venue.get("depth")),
            remainder=cast(
                Literal["cancel", "kill"],
                _choice("remainder", venue.get("remainder", "cancel"), ("cancel", "kill")),
            ),
            ignores_sessions=bool(venue.get("ignore_sessions", False)),
            days=SpecialDays.of(account),
            orders_per_s=float(venue.get("orders_per_s", 0) or 0),
            account_every_ns=_nanos("account_every_s", venue, 0),
            faults=_faults(venue.get("faults") or {}),
            seed=int(venue.get("seed", setup.seed) if venue.get("seed") is not None else setup.seed),
            start_ns=setup.start_ns,
        )


def _paper_settings(account: Mapping[str, Any]) -> dict[str, Any]:
    venue = account.get("venue") or {}
    return dict(venue.get("settings") or {}) if isinstance(venue, Mapping) else {}


def on_account(spec: Instrument, account: Mapping[str, Any]) -> Instrument:
    """The instrument with what the account file states otherwise."""
    return _terms(spec, account).spec


def _terms(spec: Instrument, account: Mapping[str, Any]) -> Terms:
    own: Mapping[str, Any] = (account.get("instruments") or {}).get(spec.name) or {}
    changes: dict[str, Any] = {
        key: _decimal(f"instruments.{spec.name}.{key}", own[key])
        for key in ("pip", "tick", "lot", "min_size", "max_size", "min_value", "margin_rate", "contract_size")
        if own.get(key) is not None
    }
    if own.get("base_price") is not None:
        changes["base_price"] = _decimal(f"instruments.{spec.name}.base_price", own["base_price"])
    changes |= stated_terms(own)
    spec = replace(spec, **changes)
    leverage = own.get("leverage") or account.get("leverage")
    rate = spec.margin_rate
    if leverage is not None:
        rate = max(rate, 1 / _decimal("leverage", leverage))
    rates = ((account.get("financing") or {}).get("rates") or {}).get(spec.name) or {}
    return Terms(
        spec=spec,
        margin_rate=rate,
        fees=_fees(spec, own.get("fees") or account.get("fees")),
        spread=_spread(spec, own.get("spread")),
        financing_long=_decimal("financing.rates.long", rates.get("long", 0)),
        financing_short=_decimal("financing.rates.short", rates.get("short", 0)),
        maintenance_rate=_decimal(f"instruments.{spec.name}.maintenance_rate", own.get("maintenance_rate") or 0),
    )


def _spread(spec: Instrument, given: Any) -> Decimal | None:
    """A declared spread in quote currency; `0.8pips` counts pips of the instrument."""
    text = str(given)
    if text.endswith("pips"):
        return _decimal(f"instruments.{spec.name}.spread", text.removesuffix("pips")) * spec.pip
    return _optional(f"instruments.{spec.name}.spread", given)


def _fees(spec: Instrument, given: Mapping[str, Any] | None) -> Fees:
    """The account's fees, or what is usual for the kind of instrument; the report says which."""
    if given is not None:
        return Fees(
            maker=_decimal("fees.maker", given.get("maker") or 0),
            taker=_decimal("fees.taker", given.get("taker") or 0),
            per_order=_decimal("fees.per_order", given.get("per_order") or 0),
            minimum=_decimal("fees.minimum", given.get("minimum") or 0),
            sell_tax=_decimal("fees.sell_tax", given.get("sell_tax") or 0),
        )
    return usual_fees(spec)


def _conversions(
    account: Mapping[str, Any], instruments: tuple[Instrument, ...], currency: str
) -> dict[str, Conversion]:
    """A conversion for every quote currency that is not the account's: declared, or by an instrument at hand."""
    declared: Mapping[str, Any] = account.get("conversion") or {}
    by_pair = {(spec.base, spec.quote): spec.name for spec in instruments if spec.kind == "fx"}
    by_name = {spec.name: spec for spec in instruments}
    result: dict[str, Conversion] = {}
    for quote in dict.fromkeys(spec.quote for spec in instruments):
        if quote == currency:
            continue
        given = declared.get(quote)
        given = {"rate": given} if given is not None and not isinstance(given, Mapping) else given
        direct, inverse = by_pair.get((quote, currency), ""), by_pair.get((currency, quote), "")
        if given is not None:
            name = str(given.get("instrument") or "")
            if name and name not in by_name:
                raise SettingsError(f"conversion.{quote}: instrument `{name}` is not among the instruments in use")
            is_inverse = bool(name) and by_name[name].base == currency
            result[quote] = Conversion(name, is_inverse, _optional(f"conversion.{quote}.rate", given.get("rate")))
        elif direct or inverse:
            result[quote] = Conversion(direct or inverse, not direct)
        else:
            raise SettingsError(
                f"no conversion from {quote} to the account's {currency}: write `conversion: {{{quote}: "
                f"{{instrument: …}}}}` or `{{rate: …}}` into the account file"
            )
    return result


def _faults(given: Mapping[str, Any]) -> Faults:
    return Faults(
        reply_lost=float(given.get("reply_lost", 0)),
        request_lost=float(given.get("request_lost", 0)),
        reject=float(given.get("reject", 0)),
        delay=float(given.get("delay", 0)),
        delay_ns=_nanos("delay_s", given, 5),
        timeout_ns=_nanos("timeout_s", given, 2),
        resolve_ns=_nanos("resolve_s", given, 5),
        outages=tuple(
            (_nanos("at_s", outage, 0), _nanos("for_s", outage, 10)) for outage in given.get("outages") or ()
        ),
    )


def moment_ns(value: Any) -> int:
    """A time given as nanoseconds or RFC 3339 text.

    >>> moment_ns("1970-01-01T00:00:01Z"), moment_ns(5)
    (1000000000, 5)
    """
    if isinstance(value, int):
        return value
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    if moment.tzinfo is None:
        raise SettingsError(f"time `{value}` has no zone: write `Z` or an offset after it")
    delta = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * NANOS + delta.microseconds * 1_000


def _decimal(key: str, value: Any) -> Decimal:
    try:
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(str(value).replace("_", ""))
    except InvalidOperation:
        raise SettingsError(f"{key}: `{value}` is no number") from None
    if not number.is_finite():
        raise SettingsError(f"{key}: `{value}` is not finite")
    return number


def _optional(key: str, value: Any) -> Decimal | None:
    return None if value is None else _decimal(key, value)


def _nanos(key: str, given: Mapping[str, Any], default_s: int) -> int:
    return int(_decimal(key, given.get(key, default_s)) * NANOS)


def _choice(key: str, value: Any, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise SettingsError(f"{key}: `{value}` is none of {', '.join(allowed)}")
    return str(value)
