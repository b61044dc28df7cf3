"""The limits of the order gate, one function each, and the two orders in which they are asked.

A limit gives a refusal with what it measured, or None; where there is no number (a switch, an unknown) it says what
stands in the way. What cannot be computed refuses what adds risk, and never keeps back what takes it off. Limits in
units are base units.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from ruleengine.diagnostics import Span
from ruleengine.diagnostics.catalogue import contact as hearing
from ruleengine.diagnostics.catalogue import gate as faults
from ruleengine.diagnostics.catalogue import storage
from ruleengine.diagnostics.catalogue import venue as terms
from ruleengine.model.figure import when
from ruleengine.model.order import Refused
from ruleengine.model.side import Side
from ruleengine.model.unknown import Unknown
from ruleengine.runtime.book.holdings import Holdings
from ruleengine.runtime.gate.contact import ACCOUNT, CLOCKS_APART_MAX_NS, DIFFERENCES_MAX, RECORD
from ruleengine.runtime.gate.counters import SECOND
from ruleengine.runtime.gate.draft import Draft, Figure, finite, sound
from ruleengine.runtime.gate.state import REPEAT_NS, GateState, pace_scope, repeat_key, text
from ruleengine.runtime.judging.verdicts import measured, waited
from ruleengine.runtime.markets.conversion import aged_rate
from ruleengine.runtime.orders.orders import Orders

_ZERO = Decimal(0)
_HERE = Span.of_file("gate")

Limit = Callable[[GateState, Draft], Refused | None]


def _decided_once(gate: GateState, draft: Draft) -> Refused | None:
    """One order a decision: an id that is out already is the same order again."""
    if draft.orders.get(draft.intent.id) is None:
        return None
    found = faults.same_again(_HERE, draft.intent.rule, "0", text(Decimal(REPEAT_NS) / SECOND))
    return gate.refused(draft, "repeat", found, measured("orders of this decision", "le", 1, 0, "count", "none"))


def _switched_on(gate: GateState, draft: Draft) -> Refused | None:
    blocking = gate.switches.blocking(draft.intent)
    if blocking is None:
        return None
    scope, switch = blocking
    found = faults.switched_off(_HERE, scope, switch.by, switch.reason)
    return gate.refused(draft, "switches", found, measured(f"switch {scope}", "eq", "off", "on", "", "on"))


def _account_known(gate: GateState, draft: Draft) -> Refused | None:
    if draft.holdings.is_known:
        return None
    return gate.refused(draft, "account", faults.account_not_known(_HERE), unknown="unknown: account not read")


def _account_heard(gate: GateState, draft: Draft) -> Refused | None:
    lost = gate.contact.down.get(ACCOUNT)
    if lost is None:
        return None
    found = hearing.account_unheard(_HERE, when(lost[0]), lost[1])
    return gate.refused(draft, "link", found, unknown="unknown: orders and fills of the account")


def _is_recorded(gate: GateState, draft: Draft) -> Refused | None:
    lost = gate.contact.down.get(RECORD)
    if lost is None:
        return None
    found = storage.record_put_aside(_HERE, lost[1])
    return gate.refused(draft, "record", found, measured("record", "eq", "put aside", "written", "", "written"))


def _books_agree(gate: GateState, draft: Draft) -> Refused | None:
    contact = gate.contact
    if contact.books_agree:
        return None
    most = DIFFERENCES_MAX - 1
    held = measured("reconciliations in a row that differ", "le", contact.differences, most, "count", str(most))
    return gate.refused(draft, "books", hearing.books_differ(_HERE, contact.found), held)


def _clocks_agree(gate: GateState, draft: Draft) -> Refused | None:
    contact = gate.contact
    if contact.clocks_agree:
        return None
    apart, limit = Decimal(abs(contact.apart_ns)) / SECOND, Decimal(CLOCKS_APART_MAX_NS) / SECOND
    held = measured("clocks apart", "le", apart, limit, "duration", f"{text(limit)}s")
    return gate.refused(draft, "clock", hearing.clocks_apart(_HERE, *contact.apart_words()), held)


def _hours_agree(gate: GateState, draft: Draft) -> Refused | None:
    """The venue's own word of its hours is not against our calendar (OPS-07)."""
    name = draft.instrument.name
    word = gate.hours.against(name, draft.now_ns)
    if word is None:
        return None
    ours, theirs = ("closed", "open") if word.is_open else ("open", "closed")
    held = measured(f"hours of {name}", "eq", ours, theirs, "", word.source)
    return gate.refused(draft, "hours", gate.hours.wording(word, name), held)


def _fates_known(gate: GateState, draft: Draft) -> Refused | None:
    """No order of unknown fate in the same instrument."""
    unknown = draft.orders.unknown(draft.instrument.name)
    if not unknown:
        return None
    found = faults.fate_unknown(_HERE, unknown[0].order.id, draft.instrument.name)
    held = measured("orders of unknown fate", "le", len(unknown), 0, "count", "none")
    return gate.refused(draft, "unknown_orders", found, held)


def _not_refused_lately(gate: GateState, draft: Draft) -> Refused | None:
    """FX-31."""
    opened = gate.breaker.open_for(draft.intent.rule, draft.now_ns)
    if opened is None:
        return None
    code, until = opened
    wait = Decimal(until - draft.now_ns) / SECOND
    found = faults.paused_by_refusals(_HERE, draft.intent.rule, code, str(gate.breaker.count), text(wait))
    pause = Decimal(gate.breaker.pause_ns) / SECOND
    held = waited("time since the venue's refusals", pause, wait, "limits.refusals.pause")
    return gate.refused(draft, "refusals", found, held)


def _prices_known(gate: GateState, draft: Draft) -> Refused | None:
    name, prices = draft.instrument.name, draft.prices
    for what, figure, given in (
        ("bid and ask", draft.mid, (prices.bid, prices.ask)),
        ("rate", sound(prices.quote_to_home), (prices.quote_to_home,)),
    ):
        if figure is None:
            return gate.refused(draft, "quote", faults.price_unknown(_HERE, what, name), unknown=_why(what, *given))
    return _rates_known(gate, draft)


def _rates_known(gate: GateState, draft: Draft) -> Refused | None:
    """Equity, margins and sizes are reckoned with the rates of all that is held or on its way, not of this order
    alone."""
    held = {lot.instrument for lot in draft.holdings.open_lots()}
    moving = {record.order.instrument for record in draft.orders.live()}
    for name in sorted(held | moving | {draft.instrument.name}):
        frame = draft.holdings.markets.get(name)
        aged = None if frame is None else aged_rate(frame)
        if aged is not None:
            return gate.refused(draft, "quote", faults.price_unknown(_HERE, "rate", name), unknown=str(aged))
    return None


def _why(what: str, *given: Figure) -> str:
    """What could not be had, in the words of the unknown itself where there is one."""
    return next((str(each) for each in given if isinstance(each, Unknown)), f"unknown: {what}")


def _quote_fresh(gate: GateState, draft: Draft) -> Refused | None:
    limit, age = gate.limits.get("quote_age_max"), finite(draft.prices.quote_age_s)
    if age is None:
        what = "age of the quote"
        found = faults.price_unknown(_HERE, what, draft.instrument.name)
        return gate.refused(draft, "quote_age_max", found, unknown=_why(what, draft.prices.quote_age_s))
    if limit is None:
        return None
    held = measured("age of the quote", "le", age, limit, "duration", "limits.quote_age_max")
    if held.verdict:
        return None
    return gate.refused(draft, "quote_age_max", faults.quote_too_old(_HERE, text(age), text(limit)), held)


def _prices_usable(gate: GateState, draft: Draft) -> Refused | None:
    """A limit or stop order has a price; what is on the grid is above zero."""
    is_missing = draft.intent.order_type != "market" and draft.price is None
    if is_missing:
        held = measured("price", "eq", "missing", "stated", "", "stated")
        return gate.refused(draft, "price", faults.unusable_price(_HERE, "price", "missing"), held)
    for what, price in (("price", draft.price), ("stop", draft.stop), ("target", draft.target)):
        if price is not None and not (price.is_finite() and price > 0):
            found = faults.unusable_price(_HERE, what, str(price))
            held = (
                measured(what, "gt", price, _ZERO, "price", "0")
                if price.is_finite()
                else measured(what, "eq", str(price), "a price", "", "a price")
            )
            return gate.refused(draft, "price", found, held)
    return None


def _may_be_short(gate: GateState, draft: Draft) -> Refused | None:
    """A cash account sells what it holds (PY-14); what it has on its way out is sold already."""
    instrument = draft.instrument
    if instrument.can_short or draft.intent.side is Side.LONG:
        return None
    held = measured("short side", "eq", "sold", "closed", "", "no short sales")
    return gate.refused(draft, "can_short", terms.no_short_sales(_HERE, instrument.name), held)


def _within_daily_limits(gate: GateState, draft: Draft) -> Refused | None:
    """The exchange's prices of the day. Where they are not known the venue says so itself: no risk comes of asking."""
    price = draft.price
    if price is None:
        return None
    for which, figure, op in (("highest", draft.prices.limit_up, "le"), ("lowest", draft.prices.limit_down, "ge")):
        limit = sound(figure)
        if limit is None:
            continue
        held = measured("price", op, price, limit, draft.instrument.quote, f"the day's {which} price")
        if not held.verdict:
            found = terms.outside_daily_limits(_HERE, text(price), which, text(limit), draft.instrument.quote)
            return gate.refused(draft, "price_limit", found, held)
    return None


def _exit_alone(gate: GateState, draft: Draft) -> Refused | None:
    """One outstanding exit per position and rule (SC-17)."""
    if not draft.orders.outstanding_exit(draft.intent.rule, draft.exit_key):
        return None
    found = faults.exit_on_its_way(_HERE, draft.intent.rule, draft.exit_key)
    held = measured("orders on their way that reduce it", "le", 1, 0, "count", "none")
    return gate.refused(draft, "outstanding_exit", found, held)


def _something_to_reduce(gate: GateState, draft: Draft) -> Refused | None:
    """What is held and not being closed already; and a part of it only, where a part is asked for."""
    free, unit = draft.held - draft.closing, draft.instrument.size_unit
    if free <= 0:
        found = faults.nothing_to_reduce(_HERE, draft.exit_key, text(draft.held), text(draft.closing))
        held = measured("what is held and not on its way out", "ge", free, draft.instrument.lot, unit, "one lot")
        return gate.refused(draft, "reduce_only", found, held)
    if draft.units <= 0 < draft.wanted:
        found = faults.would_close_all(_HERE, text(draft.wanted), text(free), unit)
        held = measured("what is held", "gt", free, draft.instrument.lot, unit, "one lot")
        return gate.refused(draft, "full_close", found, held)
    return None


def _paced(gate: GateState, draft: Draft) -> Refused | None:
    """A reduction that the venue keeps refusing goes on, but not on every quote."""
    wait_ns = gate.breaker.paced_ns(pace_scope(draft.intent.rule, draft.exit_key), draft.now_ns)
    if not wait_ns:
        return None
    wait = Decimal(wait_ns) / SECOND
    found = faults.paused_by_refusals(_HERE, draft.intent.rule, "the same refusal", str(gate.breaker.count), text(wait))
    pace = Decimal(gate.breaker.pace_ns) / SECOND
    held = waited("time since it was last tried", pace, wait, "the pace of what the venue keeps refusing")
    return gate.refused(draft, "refusals", found, held)


def _venue_minimum_size(gate: GateState, draft: Draft) -> Refused | None:
    """SC-01: a full close is allowed at any size."""
    smallest, unit = draft.instrument.min_size, draft.instrument.size_unit
    if (draft.reduces and draft.intent.is_full_close) or (draft.units > 0 and draft.units >= smallest):
        return None
    found = faults.below_minimum_size(_HERE, text(draft.units), text(smallest), unit)
    held = measured("size", "ge", draft.units, smallest, unit, "the venue's smallest order")
    return gate.refused(draft, "min_size", found, held)


def _venue_minimum_value(gate: GateState, draft: Draft) -> Refused | None:
    """SC-01: a full close is allowed at any value. Size × contract size × price, in quote currency."""
    smallest = draft.instrument.min_value
    if smallest <= 0 or (draft.reduces and draft.intent.is_full_close):
        return None
    price = draft.price or draft.mid
    if price is None:
        return None  # unknown prices refuse openings elsewhere, and never keep a reduction back
    value, currency = draft.base_units * price, draft.instrument.quote
    held = measured("value", "ge", value, smallest, currency, "the venue's smallest value", _ZERO)
    if held.verdict:
        return None
    found = faults.below_minimum_value(_HERE, text(value), text(smallest), currency)
    return gate.refused(draft, "min_value", found, held)


def _order_units(gate: GateState, draft: Draft) -> Refused | None:
    """The policy's largest order, and the venue's."""
    own, venues = gate.limits.get("max_order_units"), draft.instrument.max_size
    bounds = [own] if own is not None else []
    if venues is not None:
        bounds.append(venues * draft.instrument.contract_size)
    limit = min(bounds, default=None)
    if limit is None:
        return None
    called = "limits.max_order_units" if limit == own else "the venue's largest order"
    held = measured("size", "le", draft.base_units, limit, "units", called)
    if held.verdict:
        return None
    found = faults.order_units(_HERE, text(draft.base_units), text(limit))
    return gate.refused(draft, "max_order_units", found, held)


def _order_value(gate: GateState, draft: Draft) -> Refused | None:
    limit = gate.limits.get("max_order_value")
    if limit is None:
        return None
    value = draft.value(draft.base_units)
    if value is None:
        return None
    held = measured("value", "le", value, limit, gate.currency, "limits.max_order_value")
    if held.verdict:
        return None
    found = faults.order_value(_HERE, text(value), text(limit), gate.currency)
    return gate.refused(draft, "max_order_value", found, held)


def _collar(gate: GateState, draft: Draft) -> Refused | None:
    """How far the price, or the expected fill, is from the middle."""
    limit, mid, expected = gate.limits.get("price_collar"), draft.mid, draft.expected
    if limit is None or mid is None or expected is None:
        return None
    away = abs(expected - mid) / mid
    held = measured("distance from the middle", "le", away, limit, "ratio", "limits.price_collar")
    if held.verdict:
        return None
    found = faults.price_collar(_HERE, f"{text(away * 100)}%", f"{text(limit * 100)}%")
    return gate.refused(draft, "price_collar", found, held)


def _position_units(gate: GateState, draft: Draft) -> Refused | None:
    """The order's side of the instrument with everything that may still fill on it."""
    limit = gate.limits.get("max_position_units")
    if limit is None:
        return None
    side, name = draft.intent.side, draft.instrument.name
    units = worst_side_units(draft.holdings, draft.orders, name, side, draft.base_units)
    held = measured(f"{side.value} units at worst", "le", units, limit, "units", "limits.max_position_units")
    if held.verdict:
        return None
    found = faults.position_units(_HERE, side.value, text(units), text(limit))
    return gate.refused(draft, "max_position_units", found, held)


def _side_value(gate: GateState, draft: Draft) -> Refused | None:
    """The order's side over all instruments, in account currency, with everything that may still fill."""
    limit = gate.limits.get("max_worst_case_exposure")
    if limit is None:
        return None
    side, total = draft.intent.side, _ZERO
    for name, position in draft.holdings.positions.items():
        is_this = name == draft.instrument.name
        units = worst_side_units(draft.holdings, draft.orders, name, side, draft.base_units if is_this else _ZERO)
        if units == 0:
            continue
        frame = position.m
        value = draft.value(units) if is_this else _value(units, frame.bid, frame.ask, frame.quote_to_home)
        if value is None:
            unknown = _why(f"value of {name}", frame.bid, frame.ask, frame.quote_to_home)
            found = faults.price_unknown(_HERE, "value", name)
            return gate.refused(draft, "max_worst_case_exposure", found, unknown=unknown)
        total += value
    called = "limits.max_worst_case_exposure"
    held = measured(f"{side.value} value at worst", "le", total, limit, gate.currency, called)
    if held.verdict:
        return None
    found = faults.side_value(_HERE, side.value, text(total), text(limit), gate.currency)
    return gate.refused(draft, "max_worst_case_exposure", found, held)


def _no_repeat(gate: GateState, draft: Draft) -> Refused | None:
    sent = gate.recent.get(repeat_key(draft))
    if sent is None or draft.now_ns - sent >= REPEAT_NS:
        return None
    age, limit = Decimal(draft.now_ns - sent) / SECOND, Decimal(REPEAT_NS) / SECOND
    found = faults.same_again(_HERE, draft.intent.rule, text(age), text(limit))
    held = waited("time since the same order", limit, limit - age, f"{text(limit)}s")
    return gate.refused(draft, "repeat", found, held)


def _within_budget(gate: GateState, draft: Draft) -> Refused | None:
    for bucket, name, per in gate.budgets:
        wait_ns = bucket.wait_ns(draft.now_ns)
        if wait_ns:
            wait = Decimal(wait_ns) / SECOND
            found = faults.too_many_messages(_HERE, str(bucket.count), per, text(wait))
            held = measured("wait for the message budget", "le", wait, _ZERO, "duration", "0s")
            held.verdict = False  # however short the wait
            return gate.refused(draft, name, found, held)
    return None


def _not_tripped(gate: GateState, draft: Draft) -> Refused | None:
    """Asked last: only an order that everything else lets pass may trip the rule."""
    latch, rule = gate.latch, draft.intent.rule
    was_tripped = rule in latch.tripped
    if latch.holds(rule, draft.now_ns):
        return None
    within = text(Decimal(latch.within_ns) / SECOND)
    found = faults.rule_tripped(_HERE, rule, str(latch.orders), within)
    held = (
        measured(f"latch of {rule}", "eq", "tripped", "armed", "", "armed")
        if was_tripped
        else measured(
            f"orders within {within}s with this one", "le", latch.orders + 1, latch.orders, "count",
            "limits.repeated_execution.orders",
        )
    )  # fmt: skip
    return gate.refused(draft, "repeated_execution", found, held)


def worst_side_units(holdings: Holdings, orders: Orders, instrument: str, side: Side, added: Decimal) -> Decimal:
    """Base units of a side if everything that may add to it fills and nothing that takes from it does. On a netting
    account a side begins where the other one ends."""
    size = holdings.instruments[instrument].contract_size
    open_units, pending = holdings.side_units(instrument), orders.pending_units(instrument)
    this, other = (0, 1) if side is Side.LONG else (1, 0)
    units = open_units[this] * size + pending[this] + added
    return max(units - open_units[other] * size, _ZERO) if holdings.nets else units


def _value(units: Decimal, bid: Figure, ask: Figure, rate: Figure) -> Decimal | None:
    low, high, home = sound(bid), sound(ask), sound(rate)
    return None if low is None or high is None or home is None else units * (low + high) / 2 * home


MINIMUMS = frozenset({"limits.min_size", "limits.min_value"})
"""Limits of the venue that a size fails by being too small; both measure what is proportional to it."""

OPENING: tuple[tuple[str, Limit], ...] = (
    ("decision", _decided_once),
    ("switches", _switched_on),
    ("account", _account_known),
    ("link", _account_heard),
    ("record", _is_recorded),
    ("books", _books_agree),
    ("clock", _clocks_agree),
    ("hours", _hours_agree),
    ("unknown_orders", _fates_known),
    ("refusals", _not_refused_lately),
    ("quote", _prices_known),
    ("quote_age_max", _quote_fresh),
    ("price", _prices_usable),
    ("can_short", _may_be_short),
    ("price_limit", _within_daily_limits),
    ("min_size", _venue_minimum_size),
    ("min_value", _venue_minimum_value),
    ("max_order_units", _order_units),
    ("max_order_value", _order_value),
    ("price_collar", _collar),
    ("max_position_units", _position_units),
    ("max_worst_case_exposure", _side_value),
    ("repeat", _no_repeat),
    ("budget", _within_budget),
    ("repeated_execution", _not_tripped),
)

REDUCING: tuple[tuple[str, Limit], ...] = (
    ("decision", _decided_once),
    ("outstanding_exit", _exit_alone),
    ("reduce_only", _something_to_reduce),
    ("price", _prices_usable),
    ("min_size", _venue_minimum_size),
    ("min_value", _venue_minimum_value),
    ("refusals", _paced),
)

_GROUPS = frozenset({"decision", "budget"})
"""Names of this module alone, of limits that refuse by other ones."""

LIMIT_NAMES = tuple(
    sorted({*dict(OPENING + REDUCING), "full_close", "orders_per_second", "orders_per_minute"} - _GROUPS)
)
"""What refusals name, after `limits.`."""
