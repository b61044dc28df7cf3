"""What may be asked of a resting order's change, the same at every venue: checked before anything leaves."""

from __future__ import annotations

from decimal import Decimal

from ruleengine.model.instrument import Instrument
from ruleengine.model.order import Order


def check_change(order: Order | None, spec: Instrument | None, units: Decimal | None, price: Decimal | None) -> None:
    """`order`: as it rests, None where none of ours does: what is no change of any order is an error all the same.
    `spec`: None where nothing is known of the instrument's grid. Raises  ValueError."""
    if units is None and price is None:
        raise ValueError("there is nothing to change: give units or a price")
    for what, figure in (("units", units), ("price", price)):
        if figure is not None and not (figure.is_finite() and figure > 0):
            raise ValueError(f"{figure} as {what}: it is above 0, and an order of no units is a cancel")
    if order is None:
        return
    if units is not None and units > order.units:
        raise ValueError(f"{units:f} units are more than the {order.units:f} of order {order.id}: an order of its own")
    if spec is None:
        return
    if units is not None and units % spec.lot:
        raise ValueError(f"{units:f} units are no multiple of the lot {spec.lot:f} of {order.instrument}")
    if price is not None and price % (tick := spec.tick_at(price)):
        raise ValueError(f"{price:f} is no multiple of the tick {tick:f} of {order.instrument}")
