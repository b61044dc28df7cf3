"""What an addition's record says once its size is settled (SC-08)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from ruleengine.facts.frames import Env
from ruleengine.model.addition import Addition
from ruleengine.model.unknown import known
from ruleengine.runtime.judging.sizing import Grid


def valued(addition: Addition, env: Env, grid: Grid, units: Decimal) -> Addition:
    """With the value of what is sent, at the middle; as it was where a price or a rate is not known.

    Units    units: the venue's; the value is in account currency.
    """
    market = env.m
    if not (known(market.bid) and known(market.ask) and known(market.quote_to_home)):
        return addition
    middle = market.bid + (market.ask - market.bid) / 2
    return replace(addition, value=float(units * grid.contract) * middle * market.quote_to_home)
