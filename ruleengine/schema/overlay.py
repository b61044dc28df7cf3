"""The shape of an overlay: values for one environment or account, laid over a policy without touching its text."""

from __future__ import annotations

from typing import Literal

from ruleengine.schema.base import AnyOf, Shape, Some, key, optional
from ruleengine.schema.declarations import Metadata
from ruleengine.schema.figures import Count, Money, Period, Share, Units
from ruleengine.schema.leaf import Expression, Id, Name, Tag
from ruleengine.schema.limits import Refusals, RepeatedExecution
from ruleengine.schema.rule import Enforcement


class LimitsChange(Shape):
    """Keys of `limits` that change; the others stay as the policy has them."""

    max_order_units: Units | None = optional("largest single order", "20_000units")
    max_order_value: Money | None = optional("largest value of a single order, account currency", "30_000USD")
    max_position_units: Units | None = optional("largest one side", "40_000units")
    price_collar: Share | None = optional("farthest price from the middle", "30bps")
    orders_per_second: Count | None = optional("message throttle", 2)
    orders_per_minute: Count | None = optional("message throttle", 30)
    repeated_execution: RepeatedExecution | None = optional(
        "latch on repeated execution", {"orders": 3, "within": "60s"}
    )
    refusals: Refusals | None = optional(
        "breaker on repeated refusals (FX-31)", {"count": 3, "within": "60s", "pause": "300s"}
    )
    quote_age_max: Period | None = optional("older quotes admit nothing that adds risk", "5s")
    price_divergence: Share | None = optional("sources of one price farther apart make it unknown", "0.5%")


class RequiresChange(Shape):
    """Keys of `requires` that change. What the venue must be able to do stays the policy's."""

    account: Literal["hedging", "netting", "any"] | None = optional("account mode the rules rely on", "netting")
    currency: Id | None = optional("account currency", "USD")
    instruments: Some[Id] | None = optional("instruments the rules act on here", ["NZD_USD"])


class Overlay(Shape):
    """An overlay."""

    relations = (AnyOf(("parameters", "enforcement", "limits", "requires")),)

    apiVersion: Literal["ruleengine/v1"] = key("version of the language", "ruleengine/v1")  # noqa: N815 - the key
    kind: Literal["Overlay"] = key("what this file is", "Overlay")
    metadata: Metadata = key("name and version", {"name": "paper", "version": "1.0.0"})
    policy: Some[Id] | Id | None = optional("policies it may be laid over; any, if left out", "fx-hedge")
    parameters: dict[Name, Expression] = key(
        "values of parameters, within their bounds", {"max_margin_usage": "80%"}, default={}
    )
    enforcement: dict[Tag, Enforcement] = key("enforcement by rule", {"spread": "shadow"}, default={})
    limits: LimitsChange | None = optional("limits of the order gate that differ", {"max_order_units": "20_000units"})
    requires: RequiresChange | None = optional(
        "what is needed here instead", {"currency": "USD", "instruments": ["NZD_USD"]}
    )
