"""RE520–RE542, RE547–RE549: what the order gate refuses, and its switches.

One function per fault, declared with its page by `@fault` (see `pages.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from ruleengine.diagnostics.catalogue.pages import Wording, fault, says, word
from ruleengine.diagnostics.diagnostic import Severity
from ruleengine.diagnostics.span import Span

_GATE = "none: needs orders and prices; tests/runtime/gate/test_limits.py"
_OPERATOR = "none: needs an operator's command; tests/runtime/gate/test_switches.py"


@fault(
    "RE520",
    title="order larger than allowed",
    what="The order has more units than `limits.max_order_units`.",
    why="A size that is wrong by a digit is the classic costly error; the gate is the last place to stop it (OPS-01).",
    bad="an order of 1_000_000units under limits: {max_order_units: 100_000units}",
    good="an order of 100_000units under the same limit",
    proof=_GATE,
)
def order_units(span: Span, measured: str, limit: str) -> Wording:
    return says(f"order of {measured} units, at most {limit} are allowed", help="bound the size with a cap or `sizing`")


@fault(
    "RE521",
    title="order worth more than allowed",
    what="The value of the order in account currency is above `limits.max_order_value`.",
    why="Units alone do not bound money: the same size is worth more on another instrument (OPS-01).",
    bad="25_000_000JPY of value under limits: {max_order_value: 20_000_000JPY}",
    good="20_000_000JPY of value under the same limit",
    proof=_GATE,
)
def order_value(span: Span, measured: str, limit: str, currency: str) -> Wording:
    return says(
        f"order worth {measured} {currency}, at most {limit} {currency} is allowed",
        help="bound the size with a cap or `sizing`",
    )


@fault(
    "RE522",
    title="one side would grow beyond its limit",
    what="Open units, the new order, and everything that working and unknown orders could still add are above "
    "`limits.max_position_units`.",
    why="An order whose fate is unknown may have filled; a limit that leaves it out is no limit (OPS-01).",
    bad="150_000 open, 40_000 unknown, 20_000 new under limits: {max_position_units: 200_000units}",
    good="150_000 open, 40_000 unknown, 10_000 new under the same limit",
    proof=_GATE,
)
def position_units(span: Span, side: str, measured: str, limit: str) -> Wording:
    return says(
        f"{side} side would be {measured} units in the worst case, at most {limit} are allowed",
        help="wait until working and unknown orders are settled, or reduce the side",
    )


@fault(
    "RE523",
    title="one side of the account would be worth too much",
    what="The value of one side over all instruments, with working and unknown orders counted in full, is above the "
    "account's `limits.max_worst_case_exposure`.",
    why="It is the account's credit threshold; a policy cannot widen it (OPS-01).",
    bad="61_000_000JPY long in the worst case under limits: {max_worst_case_exposure: 60_000_000JPY}",
    good="60_000_000JPY long in the worst case under the same limit",
    proof=_GATE,
)
def side_value(span: Span, side: str, measured: str, limit: str, currency: str) -> Wording:
    return says(
        f"{side} side of the account would be worth {measured} {currency} in the worst case, "
        f"at most {limit} {currency} is allowed",
        help="reduce another position of that side first",
    )


@fault(
    "RE524",
    title="price outside of the collar",
    what="The limit price, or the price at which the order would fill now, is farther from the middle than "
    "`limits.price_collar`.",
    why="A wrong price or a torn market fills at once and cannot be taken back (OPS-01).",
    bad="a limit 80bps from the middle under limits: {price_collar: 50bps}",
    good="a limit 50bps from the middle under the same limit",
    proof=_GATE,
)
def price_collar(span: Span, measured: str, limit: str) -> Wording:
    return says(
        f"price is {measured} from the middle, at most {limit} is allowed",
        help="wait for a normal spread, or bring the limit price nearer",
    )


@fault(
    "RE525",
    title="quote too old to add risk on",
    what="The last sound quote is older than `limits.quote_age_max`.",
    why="Nobody knows what the market is now; what adds risk waits, what takes it off does not (OPS-01).",
    bad="a quote 12 s old under limits: {quote_age_max: 10s}",
    good="a quote 10 s old under the same limit",
    proof=_GATE,
)
def quote_too_old(span: Span, measured: str, limit: str) -> Wording:
    return says(f"quote is {measured} s old, at most {limit} s is allowed", help="see why the feed is late")


@fault(
    "RE526",
    title="price or rate not known",
    what="Bid, ask, the quote's age or the rate to account currency is unknown, and a limit needs it. A rate is, once "
    "the price that it follows is older than `limits.quote_age_max`; the rates of all that is held count.",
    why="A limit that cannot be computed cannot be kept; unknown refuses what adds risk (SC-17).",
    bad="an entry before the first quote",
    good="an entry after bid and ask arrived",
    proof=_GATE,
)
def price_unknown(span: Span, what: str, instrument: str) -> Wording:
    return says(
        f"{what} of {instrument} is unknown", help="wait for a sound quote, or declare the account's conversion"
    )


@fault(
    "RE527",
    title="the same order again",
    what="The same rule has just sent the same size on the same side of the same instrument.",
    why="A loop that repeats itself is the most frequent way to send an order twice (OPS-01).",
    bad="two entries of 10_000units long USD_JPY by one rule within 2 s",
    good="the second one 2 s later, or with another size",
    proof=_GATE,
)
def same_again(span: Span, rule: str, age: str, limit: str) -> Wording:
    return says(
        f"{word(rule)} sent the same order {age} s ago; {limit} s must lie between", help="give the rule a `cooldown`"
    )


@fault(
    "RE528",
    title="too many messages",
    what="The account's message budget (`orders_per_second`, `orders_per_minute`) is used up.",
    why="Venues punish floods, and a flood is a fault of ours. Exits use the budget but never wait for it (OPS-01).",
    bad="a sixth entry in one second under limits: {orders_per_second: 5}",
    good="the sixth entry a fifth of a second later",
    proof=_GATE,
)
def too_many_messages(span: Span, limit: str, per: str, wait: str) -> Wording:
    return says(f"budget of {limit} orders a {per} is used up; free again in {wait} s", help="spread the orders out")


@fault(
    "RE529",
    title="rule tripped by repeated execution",
    what="The rule sent as many orders within `limits.repeated_execution.within` as it may, and wanted one more. It is "
    "off until a human re-arms it.",
    why="A rule that fires again and again does not do what its author meant; a machine cannot judge that (OPS-01).",
    bad="a sixth order of one rule in 60 s under limits: {repeated_execution: {orders: 5, within: 60s}}",
    good='ruleengine rearm RULE --reason "…"',
    proof=_GATE,
)
def rule_tripped(span: Span, rule: str, limit: str, within: str) -> Wording:
    return says(
        f"{word(rule)} is tripped: it wanted more than {limit} orders within {within} s",
        help=f"find out why, then `ruleengine rearm {rule}` with a reason",
    )


@fault(
    "RE530",
    title="rule paused by the venue's refusals",
    what="The venue refused the rule's orders for one and the same reason `limits.refusals.count` times within "
    "`limits.refusals.within`; its orders wait for `limits.refusals.pause`.",
    why="One order was refused 54 times in a row without back-off (FX-31).",
    bad="a fourth order right after three INSUFFICIENT_MARGIN under limits: {refusals: {count: 3, within: 60s, …}}",
    good="the next order after the pause, or after the cause is gone",
    proof=_GATE,
)
def paused_by_refusals(span: Span, rule: str, code: str, count: str, wait: str) -> Wording:
    return says(
        f"{word(rule)} waits {wait} s more: the venue refused it {count} times with {code}",
        help="see what the venue refuses; exits go on at a slower pace",
    )


@fault(
    "RE531",
    title="switched off by a human",
    what="The kill switch of the rule, strategy, instrument or account is on, or entries are paused.",
    why="Only exits may act until whoever switched it off, or another human, switches it on again (OPS-01).",
    bad="an entry after `ruleengine kill --strategy M1Scalper`",
    good="an exit after it, or an entry after it was lifted",
    proof=_OPERATOR,
)
def switched_off(span: Span, scope: str, by: str, reason: str) -> Wording:
    return says(f"{word(scope)} is switched off by {by}: {reason}", help="exits go on; lift it with a reason")


@fault(
    "RE532",
    title="order smaller than the venue's minimum",
    what="On the lot grid the order is below the venue's smallest size.",
    why="The venue would refuse it; a partial close below the minimum is not done and the position is held (SC-01).",
    bad="0.4 contracts where the smallest order is 1",
    good="1 contract, or an explicit full close of any size",
    proof=_GATE,
)
def below_minimum_size(span: Span, measured: str, limit: str, unit: str) -> Wording:
    return says(
        f"{measured} {unit} is below the smallest order of {limit}",
        help="the position is held; an explicit full close is allowed at any size",
    )


@fault(
    "RE533",
    title="order worth less than the venue's minimum",
    what="Size × contract size × price is below the venue's smallest value of an order.",
    why="The venue would refuse it; a partial close below the minimum is not done and the position is held (SC-01).",
    bad="a partial close worth 4.99 USDT where the smallest order is worth 5",
    good="one worth 5 USDT, or an explicit full close of any value",
    proof=_GATE,
)
def below_minimum_value(span: Span, measured: str, limit: str, currency: str) -> Wording:
    return says(
        f"worth {measured} {currency}, below the smallest order's {limit} {currency}",
        help="the position is held; an explicit full close is allowed at any value",
    )


@fault(
    "RE534",
    title="partial close would be a full one",
    what="The smallest reduction on the lot grid would close everything, and the rule did not ask for that.",
    why="Rounding must never turn a reduction into a full close (SC-01).",
    bad="closing 40% of 1 contract where the lot is 1",
    good="close: 100%",
    proof=_GATE,
)
def would_close_all(span: Span, wanted: str, held: str, unit: str) -> Wording:
    return says(
        f"reducing {held} {unit} by {wanted} would close all of it", help="the position is held; write `close: 100%`"
    )


@fault(
    "RE535",
    title="nothing to reduce",
    what="The trade or side that the order should reduce is not open, or is being closed in full already.",
    why="A reduction of nothing would open the other side (SC-17).",
    bad="an exit of a trade whose closing order is on its way",
    good="an exit of a trade that is open",
    proof=_GATE,
)
def nothing_to_reduce(span: Span, what: str, held: str, closing: str) -> Wording:
    return says(
        f"{what} has {held} units open, of which orders on their way close {closing}",
        help="nothing is sent; the outcome of those orders decides",
    )


@fault(
    "RE536",
    title="an exit of this rule is on its way",
    what="The rule already has an order out that reduces this trade or position.",
    why="One outstanding exit per position and rule; a second one was how positions got flipped (SC-17).",
    bad="an exit re-sent every tick until it fills",
    good="an exit sent again after the first one ended",
    proof=_GATE,
)
def exit_on_its_way(span: Span, rule: str, what: str) -> Wording:
    return says(f"{word(rule)} already has an order out that reduces {what}", help="wait until it ends")


@fault(
    "RE537",
    title="account could not be read",
    what="The last read of the account failed, so what it holds is not known.",
    why='A failed read once counted as "flat" (FX-33); unknown refuses what adds risk.',
    bad="an entry after a failed account read",
    good="an entry after the next good read",
    proof=_GATE,
)
def account_not_known(span: Span) -> Wording:
    return says("the account could not be read", help="entries wait for the next good read; exits go on")


@fault(
    "RE538",
    title="an order's fate is unknown",
    what="An order in the same instrument got no answer, and no query has resolved it yet.",
    why="It may have filled. What adds risk waits for the truth; exits go on, sized by the worst case (OPS-01).",
    bad="an entry in USD_JPY two seconds after another one timed out",
    good="the entry after a query told what became of the first one",
    proof=_GATE,
)
def fate_unknown(span: Span, order: str, instrument: str) -> Wording:
    return says(
        f"order {word(order)} in {instrument} has had no answer; nothing is added until it is resolved",
        help="see the venue's own list of orders",
    )


@fault(
    "RE539",
    title="order without a usable price",
    what="A limit or stop order has no price above zero, or its stop or target is none, once on the tick grid.",
    why="The venue would refuse it, or read it as another order.",
    bad="a limit order whose price is unknown",
    good="a limit order with a price",
    proof=_GATE,
)
def unusable_price(span: Span, what: str, price: str) -> Wording:
    return says(f"{what} of the order is {price}, which is no price", help="check the rule's price expressions")


@fault(
    "RE540",
    title="a command needs who and why",
    what="A kill, pause, re-arm or override came without a name or a reason.",
    why="Whoever reads the journal later must see who decided it and why (OPS-01).",
    bad="ruleengine rearm margin-relief",
    good='ruleengine rearm margin-relief --reason "spread guard was off by one"',
    proof=_OPERATOR,
)
def needs_reason(span: Span, command: str, target: str) -> Wording:
    return says(f"{command} of {word(target)} without who and why is ignored", help="give a name and a reason")


@fault(
    "RE541",
    title="switched by a human",
    what="A human switched something of the order gate on or off.",
    why="It stands in the journal with who and why, so that what was refused later can be understood.",
    bad="entries refused for no visible reason",
    good="entries refused, and a note that says who paused them",
    proof=_OPERATOR,
    severity=Severity.INFO,
)
def switched(span: Span, command: str, target: str, by: str, reason: str) -> Wording:
    return says(f"{command}: {word(target)} by {by}: {reason}")


@fault(
    "RE542",
    title="limit that cannot be lifted",
    what="An override names a limit that no human may lift for a time.",
    why="Limits on size and exposure are the account's safety; they change by a new policy version alone (OPS-01).",
    bad="an override of max_position_units",
    good="an override of price_collar, with a reason and an end",
    proof=_OPERATOR,
)
def not_overridable(span: Span, limit: str, allowed: Sequence[str]) -> Wording:
    return says(f"{word(limit)} cannot be lifted", help=f"these can: {', '.join(allowed)}")
