"""The shape of the order gate's limits."""

# annotations are not postponed here, as in `policy`
from ruleengine.schema.base import Shape, key, optional
from ruleengine.schema.figures import Count, Money, Period, Share, Units


class RepeatedExecution(Shape):
    orders: Count = key("orders of one rule …", 5)
    within: Period = key("… within this time trip the rule until a human re-arms it", "60s")


class Refusals(Shape):
    count: Count = key("refusals of one kind by the venue …", 3)
    within: Period = key("… within this time stop the rule …", "60s")
    pause: Period = key("… for this long", "300s")


class Limits(Shape):
    max_order_units: Units = key("largest single order", "100_000units")
    max_order_value: Money | None = optional("largest value of a single order, account currency", "20_000_000JPY")
    max_position_units: Units = key("largest one side with working and unknown orders counted in full", "200_000units")
    price_collar: Share = key("refuse where a limit or expected price is farther than this from the middle", "50bps")
    orders_per_second: Count = key("message throttle", 5, default=None)
    orders_per_minute: Count = key("message throttle", 60, default=None)
    repeated_execution: RepeatedExecution = key("latch on repeated execution", {"orders": 5, "within": "60s"})
    refusals: Refusals = key("breaker on repeated refusals (FX-31)", {"count": 3, "within": "60s", "pause": "300s"})
    quote_age_max: Period = key("older quotes admit nothing that adds risk", "10s")
    price_divergence: Share | None = optional(
        "sources of one price (quote, last trade, reference) farther apart than this make it unknown (SC-17)", "1%"
    )
