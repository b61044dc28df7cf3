"""Account currency for one unit of a quote currency, from the account file: fixed, or at an instrument's middle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ruleengine.facts.frames import MarketFrame
from ruleengine.model.instrument import Instrument
from ruleengine.model.unknown import Reason, Unknown


@dataclass(frozen=True, slots=True)
class Conversion:
    """`instrument` "": the rate is fixed. `is_inverse`: divide by the middle. `rate`: until the first quote, if any."""

    instrument: str
    is_inverse: bool
    rate: float | None


def conversion_of(
    quote: str, currency: str, account: Mapping[str, Any], instruments: Sequence[Instrument]
) -> Conversion:
    """How a quote currency becomes account currency: as the account file says, else by an instrument at hand.

    Raises  ValueError  where neither is there."""
    if quote == currency:
        return Conversion("", False, 1.0)
    declared = (account.get("conversion") or {}).get(quote)
    by_name = {spec.name: spec for spec in instruments}
    if declared is not None:
        given: Mapping[str, Any] = declared if isinstance(declared, Mapping) else {"rate": declared}
        name = str(given.get("instrument") or "")
        if name and name not in by_name:
            raise ValueError(f"conversion.{quote}: instrument `{name}` is not among the instruments in use")
        rate = given.get("rate")
        return Conversion(
            name, bool(name) and by_name[name].base == currency, None if rate is None else float(Decimal(str(rate)))
        )
    for spec in instruments:
        if spec.kind == "fx" and {spec.base, spec.quote} == {quote, currency}:
            return Conversion(spec.name, spec.base == currency, None)
    raise ValueError(
        f"no conversion from {quote} to the account's {currency}: write `conversion: {{{quote}: {{instrument: …}}}}` "
        f"or `{{rate: …}}` into the account file"
    )


def aged_rate(frame: MarketFrame) -> Unknown | None:
    """Why the rate of a market's quote currency is one of before: the price that it follows was heard and is not known
    any more. Nothing is added by it; what is there goes on being valued by it, as a position by its last price."""
    source = frame.rate_source
    if source is None or source.bid.__class__ is not Unknown or source.quoted_at.__class__ is Unknown:
        return None
    return Unknown(source.bid.reason, "instrument.quote_to_home", f"{source.name}: {source.bid.detail}")


class Converter:
    """Keeps `quote_to_home` of the market frames: each instrument that is a rate's source moves those that follow
    it."""

    __slots__ = ("_followers", "_rates")

    def __init__(
        self,
        currency: str,
        account: Mapping[str, Any],
        instruments: Sequence[Instrument],
        frames: Mapping[str, MarketFrame],
    ) -> None:
        self._followers: dict[str, list[tuple[MarketFrame, bool]]] = {}
        self._rates: dict[str, Any] = {}
        for spec in instruments:
            how = conversion_of(spec.quote, currency, account, instruments)
            frame = frames[spec.name]
            missing = Unknown(Reason.MISSING, "instrument.quote_to_home", f"no price of {how.instrument} yet")
            frame.quote_to_home = self._rates[spec.name] = missing if how.rate is None else how.rate
            if how.instrument:
                frame.rate_source = frames[how.instrument]
                self._followers.setdefault(how.instrument, []).append((frame, how.is_inverse))

    def is_source(self, instrument: str) -> bool:
        return instrument in self._followers

    def forget(self, instrument: str) -> None:
        """A source's price is not known: its rate is what it was before the first one."""
        for frame, _ in self._followers[instrument]:
            frame.quote_to_home = self._rates[frame.name]

    def move(self, instrument: str, middle: float) -> None:
        """A source's new middle."""
        for frame, is_inverse in self._followers[instrument]:
            frame.quote_to_home = 1.0 / middle if is_inverse else middle
