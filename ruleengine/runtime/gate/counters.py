"""Counters of the order gate over time: message budget, repeated execution, refusals of the venue.

Each counts what it is told, with the time it is told, in whole nanoseconds, and can be saved and continued to the bit.
All are bounded: what lies outside of its window is forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SECOND = 1_000_000_000


class Bucket:
    """A token bucket of `count` orders a `window`: full at first, refilled evenly. Exact in integers: one token is
    `window` credits, one nanosecond refills `count` of them."""

    def __init__(self, count: int, window_ns: int) -> None:
        self.count, self.window_ns = count, window_ns
        self.credit, self.at_ns = count * window_ns, 0

    def wait_ns(self, now_ns: int) -> int:
        """How long until there is a token; 0: there is one now."""
        self._refill(now_ns)
        short = self.window_ns - self.credit
        return 0 if short <= 0 else -(-short // self.count)

    def take(self, now_ns: int) -> None:
        """Use a token, or what is left of one: an exit never waits, and entries wait for what it used."""
        self._refill(now_ns)
        self.credit = max(self.credit - self.window_ns, 0)

    def _refill(self, now_ns: int) -> None:
        passed = max(now_ns - self.at_ns, 0)
        self.credit = min(self.credit + passed * self.count, self.count * self.window_ns)
        self.at_ns = max(now_ns, self.at_ns)

    def state(self) -> list[int]:
        return [self.credit, self.at_ns]

    def restore(self, state: list[int]) -> None:
        self.credit, self.at_ns = min(state[0], self.count * self.window_ns), state[1]


class Latch:
    """At most `orders` of one rule within `within_ns`; wanting one more trips the rule until it is re-armed."""

    def __init__(self, orders: int, within_ns: int) -> None:
        self.orders, self.within_ns = orders, within_ns
        self.tripped: dict[str, int] = {}
        """Rules that are tripped, with the time."""
        self._times: dict[str, list[int]] = {}

    def holds(self, rule: str, now_ns: int) -> bool:
        """May the rule send one more? Trips it where it may not."""
        if rule in self.tripped:
            return False
        times = [ts for ts in self._times.get(rule, ()) if ts > now_ns - self.within_ns]
        self._times[rule] = times
        if len(times) >= self.orders:
            self.tripped[rule] = now_ns
        return rule not in self.tripped

    def add(self, rule: str, now_ns: int) -> None:
        self._times.setdefault(rule, []).append(now_ns)

    def rearm(self, rule: str) -> bool:
        """True where it was tripped. Counting starts anew."""
        self._times.pop(rule, None)
        return self.tripped.pop(rule, None) is not None

    def state(self) -> dict[str, Any]:
        return {"tripped": dict(self.tripped), "times": {rule: list(times) for rule, times in self._times.items()}}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.tripped = dict(state["tripped"])
        self._times = {rule: list(times) for rule, times in state["times"].items()}


class Breaker:
    """`count` refusals of one kind within `within_ns` open it for `pause_ns`; the first one after a pause opens it
    again (FX-31). Kept per scope (a rule, or a rule and what it reduces) and code."""

    def __init__(self, count: int, within_ns: int, pause_ns: int) -> None:
        self.count, self.within_ns, self.pause_ns = count, within_ns, pause_ns
        self._times: dict[str, dict[str, list[int]]] = {}
        self._until: dict[str, dict[str, int]] = {}
        self._tried: dict[str, int] = {}

    @property
    def pace_ns(self) -> int:
        """How far apart reductions are sent while open."""
        return self.within_ns // self.count

    def add(self, scope: str, code: str, ts: int) -> bool:
        """A refusal; true where it opens the breaker."""
        self._forget(ts)
        until = self._until.get(scope, {}).get(code, 0)
        if ts < until:
            return False  # sent before the pause, refused in it
        times = [at for at in self._times.get(scope, {}).get(code, ()) if at > ts - self.within_ns]
        times.append(ts)
        if len(times) < self.count and not until:
            self._times.setdefault(scope, {})[code] = times
            return False
        self._times.get(scope, {}).pop(code, None)
        self._until.setdefault(scope, {})[code] = ts + self.pause_ns
        return True

    def open_for(self, scope: str, now_ns: int) -> tuple[str, int] | None:
        """(code, until when) of the pause the scope is in; None where it may go on."""
        return next(((code, until) for code, until in self._until.get(scope, {}).items() if now_ns < until), None)

    def paced_ns(self, scope: str, now_ns: int) -> int:
        """How long a reduction waits: while open it is spaced by `within / count`, never stopped; 0: it may go."""
        if self.open_for(scope, now_ns) is None:
            return 0
        tried = self._tried.get(scope)
        return 0 if tried is None else max(tried + self.pace_ns - now_ns, 0)

    def tried(self, scope: str, now_ns: int) -> None:
        """A reduction of the scope was sent."""
        if scope in self._until:
            self._tried[scope] = now_ns

    def _forget(self, now_ns: int) -> None:
        """Drop scopes of which nothing counts any more: a pause's memory is as long as the pause."""
        for scope, pauses in list(self._until.items()):
            if all(until + self.pause_ns < now_ns for until in pauses.values()):
                del self._until[scope]
                self._tried.pop(scope, None)
        for scope, codes in list(self._times.items()):
            if all(times[-1] <= now_ns - self.within_ns for times in codes.values()):
                del self._times[scope]

    def state(self) -> dict[str, Any]:
        return {
            "times": {
                scope: {code: list(times) for code, times in codes.items()} for scope, codes in self._times.items()
            },
            "until": {scope: dict(pauses) for scope, pauses in self._until.items()},
            "tried": dict(self._tried),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self._times = {s: {code: list(times) for code, times in codes.items()} for s, codes in state["times"].items()}
        self._until = {scope: dict(pauses) for scope, pauses in state["until"].items()}
        self._tried = dict(state["tried"])
