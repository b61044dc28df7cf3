"""Lists of candidates: every instrument's score at a cadence of event time, the best of them kept (PY-09).

    due       whole multiples of `every` since midnight UTC, so that a restart keeps the cadence
    ranked    eligible instruments with a known score, the highest first, ties by name
    told      `r` of each market frame; unknown before the first ranking

An instrument whose eligibility or score is unknown is not ranked, and what is told of it is unknown: that nobody
could judge it does not take it off a list. A note says how many and why, whenever that or the kept ones change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ruleengine.market.phase import NEVER
from ruleengine.model.unknown import Reason, Unknown
from ruleengine.runtime import codes
from ruleengine.runtime.judging.verdicts import plain
from ruleengine.runtime.plan.rules import CandidatesRule
from ruleengine.runtime.rules.desk import Desk


class Place(NamedTuple):
    """One instrument's place in one list. `rank` 0: not ranked."""

    kept: bool
    rank: int
    score: float | None


class Rankings:
    """All lists of a policy. `due`: none is ranked anew before."""

    def __init__(self, desk: Desk, rules: Sequence[CandidatesRule]) -> None:
        self._desk, self._rules = desk, rules
        self._columns = desk.plan.graph.ranked
        self._next: dict[str, int] = {}
        self._places: dict[str, dict[str, Place]] = {}
        self._unjudged: dict[str, dict[str, str]] = {}
        """By list and instrument: why it could not be judged."""
        self._told: dict[str, str] = {}
        self.due = -NEVER if rules else NEVER
        for name in desk.specs:
            self._show(name)

    def turn(self, now: int) -> int:
        """Rank what is due by now; gives when the next ranking is."""
        for rule in self._rules:
            due = self._next.get(rule.id)
            if due is not None and now >= due:
                self._rank(rule)
            if due is None or now >= due:
                self._next[rule.id] = (now // rule.every_ns + 1) * rule.every_ns
        self.due = min(self._next.values(), default=NEVER)
        return self.due

    def _rank(self, rule: CandidatesRule) -> None:
        part, desk = rule.part, self._desk
        eligible_at, score_at = part.at("eligible"), part.at("score")
        ranked: list[tuple[float, str]] = []
        unjudged: dict[str, str] = {}
        for name in desk.specs:
            result = part.run(desk.env(name))
            eligible = True if eligible_at < 0 else result[eligible_at]
            score = result[score_at]
            lost = next((each for each in (eligible, score) if isinstance(each, Unknown)), None)
            if eligible is False:
                continue
            if lost is not None:
                unjudged[name] = lost.what
            else:
                ranked.append((-float(score), name))
        places: dict[str, Place] = {}
        for number, (score, name) in enumerate(sorted(ranked), 1):
            places[name] = Place(number <= rule.keep, number, -score)
        self._places[rule.id], self._unjudged[rule.id] = places, unjudged
        for name in desk.specs:
            self._show(name)
        self._tell(rule, places, unjudged)

    def _tell(self, rule: CandidatesRule, places: Mapping[str, Place], unjudged: Mapping[str, str]) -> None:
        kept = [name for name, place in places.items() if place.kept]
        message = f"{rule.id}: {len(kept)} of {len(self._desk.specs)} kept: {', '.join(kept) or 'none'}"
        if len(places) > len(kept):
            message += f"; {len(places) - len(kept)} ranked behind them"
        if unjudged:
            shown = [f"{name} ({why})" for name, why in unjudged.items()][:3]
            message += f"; {len(unjudged)} unknown: {', '.join(shown)}{', …' if len(unjudged) > 3 else ''}"
        state = f"{sorted(kept)} {list(unjudged)}"
        if self._told.get(rule.id) != state:
            self._told[rule.id] = state
            self._desk.note("info", codes.RANKED, message, rule.id)

    def _show(self, instrument: str) -> None:
        self._desk.markets[instrument].frame.r = [self._value(instrument, *column) for column in self._columns]

    def _value(self, instrument: str, name: str, what: str) -> Any:
        places = self._places.get(name)
        fact = name if what == "kept" else f"{name}.{what}"
        if places is None:
            return Unknown(Reason.MISSING, fact, "not ranked yet")
        why = self._unjudged.get(name, {}).get(instrument)
        if why is not None:
            return Unknown(Reason.MISSING, fact, f"could not be judged: {why}")
        place = places.get(instrument)
        if what == "kept":
            return place is not None and place.kept
        if place is None:
            return Unknown(Reason.MISSING, fact, "not among the candidates")
        return place.rank if what == "rank" else place.score

    # --- state -------------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        return {
            "next": dict(self._next),
            "places": {
                name: {each: [place.kept, place.rank, plain(place.score)] for each, place in places.items()}
                for name, places in self._places.items()
            },
            "unjudged": {name: dict(why) for name, why in self._unjudged.items()},
            "told": dict(self._told),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over the lists that there still are, by name."""
        mine = {rule.id for rule in self._rules}
        self._next = {name: due for name, due in state["next"].items() if name in mine}
        self._told = {name: told for name, told in state["told"].items() if name in mine}
        self._places = {
            name: {each: Place(*place) for each, place in places.items()}
            for name, places in state["places"].items()
            if name in mine
        }
        self._unjudged = {name: dict(why) for name, why in state.get("unjudged", {}).items() if name in mine}
        self.due = -NEVER if self._rules else NEVER
        for name in self._desk.specs:
            self._show(name)
