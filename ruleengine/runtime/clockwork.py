"""What time alone moves: named hours, phases of the market, the account's day, running figures, peaks, the cadence of
metrics; and when a timer is wanted next."""

from __future__ import annotations

from collections.abc import Mapping

from ruleengine.market.phase import NEVER
from ruleengine.runtime.book.addition_days import AdditionDays
from ruleengine.runtime.figures import EquityPeaks
from ruleengine.runtime.markets.hours import Schedules
from ruleengine.runtime.markets.market import InstrumentMarket
from ruleengine.runtime.markets.steps import Steps
from ruleengine.runtime.roster import Roster
from ruleengine.runtime.rules.candidates import Rankings
from ruleengine.runtime.rules.desk import Desk
from ruleengine.runtime.rules.metrics import Metrics


class Clockwork:
    """`due`: no named hour, phase, ranking or metric turns before. `is_lean`: a quote moves nothing of this."""

    def __init__(
        self,
        desk: Desk,
        markets: Mapping[str, InstrumentMarket],
        schedules: Schedules,
        steps: Steps | None,
        peaks: EquityPeaks,
        metrics: Metrics,
        rankings: Rankings,
        roster: Roster,
        days: AdditionDays,
        *,
        has_phases: bool,
    ) -> None:
        self._desk, self._markets, self._schedules = desk, markets, schedules
        self._steps, self._peaks, self._metrics, self._roster = steps, peaks, metrics, roster
        self._has_phases, self._days, self._rankings = has_phases, days, rankings
        self.due = -NEVER
        self.is_lean = steps is None and not peaks.is_read

    def turn(self) -> None:
        """Hours, phases, rankings and metrics that turn by now; to be called when it is not before `due`."""
        desk, now = self._desk, self._desk.ts
        self._turn_hours(now)
        if now >= self._metrics.due:
            desk.audit.metrics.update(self._metrics.turn(now))
        self.due = min(self.due, self._metrics.due, self._rankings.turn(now))
        desk.wake.no_later_than(self.due)

    def _turn_hours(self, now: int) -> None:
        if now >= self._schedules.due:
            self._schedules.turn(now)
        self.due = min(self._schedules.due, self._days.turn(now), self._peaks.turn(now))
        if self._has_phases:
            self.due = min([self.due, *(market.turn_phase(now) for market in self._markets.values())])

    def follow(self, now: int) -> None:
        """Hours and phases alone, at an instant before the run begins."""
        if now >= self.due:
            self._turn_hours(now)

    def market_event(self, instrument: str) -> None:
        """Running figures take the event in, and equity is looked at where rules read its peak."""
        env = self._desk.env(instrument)
        if self._steps is not None:
            self._steps.push(instrument)
        if self._peaks.is_read:
            self._peaks.observe(self._desk.ts, env)

    def other_event(self) -> None:
        """An event that is none of the market: hours turn, and running figures are read anew as of now."""
        if self._desk.ts >= self.due:
            self.turn()
        if self._steps is not None:
            self._steps.go_on()

    def age(self, now: int, *, has_account: bool = True) -> None:
        """Bars whose time is over close. Prices that became too old to be known count as unknown in running figures
        from now on: a feed that died tells nothing by itself."""
        for name, market in self._markets.items():
            has_forgotten = market.on_timer(now)
            if has_forgotten and self._steps is not None:
                self._steps.push(name, has_account=has_account)

    def timer(self, now: int) -> None:
        """The markets are a timer older; cooldowns that are over are forgotten."""
        self.age(now)
        cooldowns = self._desk.cooldowns
        for key in [key for key, until in cooldowns.items() if until <= now]:
            del cooldowns[key]

    def next_timer_ns(self) -> int | None:
        """When a timer is wanted, by what is known now; None where nothing waits. Sets `wake`.

        Asked whenever a price would have gone stale had no quote come since: then nothing but ages is read anew."""
        wake, now = self._desk.wake, self._desk.ts
        if now < 0:
            return None  # before the first event there is no time
        if wake.lasting <= now:
            wake.lasting = self._lasting_due(now)
        due = wake.lasting
        for market in self._markets.values():
            expiry = market.expiry_ns()
            if expiry < due:
                due = max(expiry, now + 1)
        wake.due = due
        return None if due >= NEVER else due

    def _lasting_due(self, now: int) -> int:
        """What is due next but for the age of prices. What became due with the event in hand is due still: a source's
        bar goes before timers of its time, and nothing but a timer serves these."""
        dues = [max(market.bar_due_ns(), now) for market in self._markets.values()]
        dues += [max(until, now) for until in self._desk.cooldowns.values()]
        if self.due > now:
            dues.append(self.due)
        dues.append(self._roster.next_due_ns())
        return min(dues)

    def go_on_from(self, ts: int) -> None:
        """Hours as they were at an instant of the past; for `restore`."""
        if ts >= 0:
            self._turn_hours(ts)
            self.due = min(self.due, self._metrics.due)
