"""The account's fees, as facts of each instrument: what closing by a market order would cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ruleengine.facts.frames import MarketFrame
from ruleengine.model.fees import fees_of
from ruleengine.model.instrument import Instrument


def show_fees(frame: MarketFrame, spec: Instrument, account: Mapping[str, Any]) -> None:
    """Fill the frame's slots from the account file, or from what is usual for the kind of instrument."""
    fees = fees_of(spec, account)
    frame.taker_fee, frame.sell_tax = float(fees.taker), float(fees.sell_tax)
    frame.order_fee, frame.least_fee = float(fees.per_order), float(fees.minimum)
