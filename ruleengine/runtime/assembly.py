"""The parts of an engine, put together from a plan, instruments and an account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ruleengine.market.exchanges import SpecialDays
from ruleengine.market.interval import Timeframe
from ruleengine.model.instrument import Instrument
from ruleengine.runtime.book.account import AccountTerms
from ruleengine.runtime.book.addition_days import AdditionDays
from ruleengine.runtime.book.holdings import Holdings
from ruleengine.runtime.book.tags import Tags
from ruleengine.runtime.clockwork import Clockwork
from ruleengine.runtime.figures import KEPT, EquityPeaks, Figures
from ruleengine.runtime.gate.gate import Gate, tightest
from ruleengine.runtime.markets.conversion import Converter
from ruleengine.runtime.markets.fee_terms import show_fees
from ruleengine.runtime.markets.hours import Schedules
from ruleengine.runtime.markets.market import InstrumentMarket, Wake
from ruleengine.runtime.markets.steps import Steps
from ruleengine.runtime.markets.terms import on_account, policy_day, spread_of
from ruleengine.runtime.orders.orders import Orders
from ruleengine.runtime.plan.needs import reads_slot
from ruleengine.runtime.plan.plan import Plan
from ruleengine.runtime.roster import Roster
from ruleengine.runtime.rules.additions import Additions
from ruleengine.runtime.rules.alerts import Alerts
from ruleengine.runtime.rules.candidates import Rankings
from ruleengine.runtime.rules.desk import Desk
from ruleengine.runtime.rules.entries import Entries
from ruleengine.runtime.rules.exits import Exits
from ruleengine.runtime.rules.hedges import Hedges
from ruleengine.runtime.rules.metrics import Metrics
from ruleengine.runtime.rules.protections import Protections


@dataclass(frozen=True, slots=True)
class Parts:
    """What an engine drives."""

    specs: Mapping[str, Instrument]
    markets: Mapping[str, InstrumentMarket]
    tags: Tags
    holdings: Holdings
    orders: Orders
    gate: Gate
    desk: Desk
    exits: Exits
    hedges: Hedges
    entries: Entries
    roster: Roster
    figures: Figures
    schedules: Schedules
    steps: Steps | None
    peaks: EquityPeaks
    metrics: Metrics
    additions: Additions
    rankings: Rankings
    addition_days: AdditionDays
    clockwork: Clockwork
    protections: Protections
    alerts: Alerts


def assemble(
    plan: Plan,
    instruments: Sequence[Instrument],
    account: Mapping[str, Any],
    figures: Figures,
    metrics_every_ns: int,
) -> Parts:
    """Every part, wired. Raises  ValueError  where no instrument is given, or the account lacks a rate of exchange or a
    day, or says what it can't."""
    specs = {spec.name: spec for spec in on_account(instruments, account)}
    if not specs:
        raise ValueError("no instrument of the policy has a specification")
    terms, tags, wake = AccountTerms.of(account), Tags.from_policy(plan.policy), Wake()
    markets = _markets(plan, specs, account, terms.currency, wake)
    frames = {name: market.frame for name, market in markets.items()}
    holdings = Holdings(
        specs, currency=terms.currency, mode=terms.mode, weights=terms.weights, isolates=terms.isolates, tags=tags,
        markets=frames,
    )  # fmt: skip
    holdings.closed.given(account.get("closed") or (), tags)
    orders = Orders(specs)
    gate = Gate(
        tightest(plan.limits, terms.limits), specs, currency=terms.currency, places=plan.limit_places,
        days=SpecialDays.of(account),
    )  # fmt: skip
    desk = Desk(plan, specs, markets, holdings, orders, wake, terms.currency)
    schedules = Schedules(plan.graph.schedules, plan.policy.schedules)
    desk.time.s = schedules.truths
    day = _day(plan, specs, account)
    days = holdings.openings.days = AdditionDays(day, holdings.books, is_read=_counts_days(plan))
    additions = Additions(desk, days)
    exits, hedges, entries = Exits(desk), Hedges(desk), Entries(desk, tags, additions)
    protections, alerts = Protections(desk, exits, day), Alerts(desk)
    roster = Roster(desk, exits, hedges, entries, additions, protections, alerts)
    metrics = Metrics(desk, metrics_every_ns)
    rankings = Rankings(desk, plan.candidates)
    steps = _steps(plan, desk)
    peaks = _peaks(plan, day, holdings, figures)
    has_phases = reads_slot(plan.read, "m", "phase")
    clockwork = Clockwork(
        desk, markets, schedules, steps, peaks, metrics, rankings, roster, days, has_phases=has_phases
    )
    return Parts(
        specs, markets, tags, holdings, orders, gate, desk, exits, hedges, entries, roster, figures, schedules, steps,
        peaks, metrics, additions, rankings, days, clockwork, protections, alerts,
    )  # fmt: skip


def _markets(
    plan: Plan, specs: Mapping[str, Instrument], account: Mapping[str, Any], currency: str, wake: Wake
) -> dict[str, InstrumentMarket]:
    days = SpecialDays.of(account)
    markets = {
        name: InstrumentMarket(
            spec,
            plan.graph.series,
            plan.policy.timeframes,
            plan.read,
            spread_of(spec, account),
            wake,
            int(plan.limits["quote_age_max"] * 1e9),
            days,
            plan.limits.get("price_divergence"),
        )
        for name, spec in specs.items()
    }
    frames = {name: market.frame for name, market in markets.items()}
    for name, frame in frames.items():
        show_fees(frame, specs[name], account)
    converter = Converter(currency, account, tuple(specs.values()), frames)
    for market in markets.values():
        market.follow(converter)
    return markets


def _steps(plan: Plan, desk: Desk) -> Steps | None:
    if not plan.steps:
        return None
    steps = Steps(plan.graph, plan.steps)
    steps.join_account(desk.account_env)
    for name in desk.specs:
        steps.join(name, desk.env(name))
    return steps


def _peaks(plan: Plan, day: Timeframe, holdings: Holdings, figures: Figures) -> EquityPeaks:
    is_read = reads_slot(plan.read, "a", *KEPT)
    return EquityPeaks(holdings.account, figures, day, is_read=is_read)


def _day(plan: Plan, specs: Mapping[str, Instrument], account: Mapping[str, Any]) -> Timeframe:
    return Timeframe("d1", policy_day(account, specs.values(), plan.policy))


def _counts_days(plan: Plan) -> bool:
    """Does a rule ask how often an instrument was added to on this day?"""
    if any(rule.details.at("per_day") >= 0 for rule in (*plan.ladders, *plan.pyramids)):
        return True
    return any(reads_slot(plan.read, letter, "additions_today") for letter in ("p", "e"))
