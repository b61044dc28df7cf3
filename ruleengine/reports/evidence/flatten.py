"""A decision record as rows of the one form: itself, its verdicts, what they compared, and its figures."""

from __future__ import annotations

import math
from typing import Any

from ruleengine.facts.catalogue import FACTS
from ruleengine.model.audit import Decision
from ruleengine.model.comparison import Comparison
from ruleengine.reports.blocker import decisive
from ruleengine.reports.evidence.form import Filler
from ruleengine.reports.record import decision_from_plain
from ruleengine.runtime.judging.verdicts import SIGNS, unit_text

UNKNOWN = "unknown: "
"""How a value that could not be had begins in a record."""


class Flattener:
    """Numbers the decisions it takes, over all sources."""

    def __init__(self, filler: Filler) -> None:
        self._filler = filler
        self.taken = 0

    def take(self, plain: dict[str, Any], source: int, currency: str, tag: str | None, fate: Fate) -> Decision:
        """Rows for one record. `tag`: the raw tag, where the source has it; else the strategy stands for it."""
        decision = decision_from_plain(plain)
        policy = plain.get("policy") or {}
        if isinstance(policy, str):  # a journal's row names it `name@version`, the digest beside it
            policy = {"name": policy.partition("@")[0], "digest": plain.get("policy_digest", "")}
        n = self.taken
        self.taken += 1
        order = decision.order
        self._filler.add(
            "decisions",
            {
                "n": n,
                "source": source,
                "id": decision.id,
                "ts": decision.ts,
                "kind": decision.kind,
                "rule": decision.rule,
                "instrument": decision.instrument,
                "side": decision.side,
                "tag": tag or decision.strategy,
                "strategy": decision.strategy,
                "pocket": decision.pocket,
                "trade": fate.trade or decision.trade_id or None,
                "signal": decision.signal_id or None,
                "outcome": decision.outcome,
                "code": decision.code,
                "blocker": (decision.first_blocker or decision.rule) if decision.outcome == "refused" else None,
                "message": decision.message,
                "units": None if order is None else float(order.units),
                "stop": None if order is None or order.stop is None else float(order.stop),
                "order_id": None if order is None else order.id,
                "fill_price": fate.price,
                "fate": fate.word,
                "venue_code": fate.code,
                "policy": policy.get("name", ""),
                "digest": policy.get("digest", ""),
            },
        )
        self._compared(n, decision)
        for name, value in decision.figures.items():
            full, unit = fact_of_figure(name, currency)
            self._filler.add("figures", {"n": n, "name": full, "unit": unit, **_split(value, "value")})
        return decision

    def _compared(self, n: int, decision: Decision) -> None:
        short = decisive(decision)
        for each in decision.trigger:
            self._comparison(n, decision.rule, "trigger", each, each is short)
        for verdict in decision.verdicts:
            self._filler.add(
                "verdicts",
                {
                    "n": n,
                    "rule": verdict.rule,
                    "section": verdict.section,
                    "enforcement": verdict.enforcement,
                    "outcome": verdict.outcome.value,
                    "code": verdict.code,
                    "unknown": verdict.unknowns[0].removeprefix(UNKNOWN) if verdict.unknowns else None,
                },
            )
            for each in verdict.comparisons:
                self._comparison(n, verdict.rule, verdict.section, each, each is short)

    def _comparison(self, n: int, rule: str, section: str, each: Comparison, is_decisive: bool) -> None:
        left, right = _split(each.left, "measured"), _split(each.right, "limit_value")
        self._filler.add(
            "compared",
            {
                "n": n,
                "rule": rule,
                "section": section,
                "text": each.text,
                "what": left_of(each),
                "operator": each.operator,
                "measured": left.get("measured"),
                "limit_value": right.get("limit_value"),
                "word": left.get("word"),
                "unknown": left.get("unknown"),
                "against": right_of(each),
                "unknown_limit": right.get("unknown"),
                "unit": each.unit,
                "distance": each.distance,
                "is_decisive": is_decisive,
            },
        )


class Fate:
    """What became of a decision at the venue, as far as the source tells."""

    __slots__ = ("code", "price", "trade", "word")

    def __init__(self, word: str | None = None, code: str | None = None, price: float | None = None) -> None:
        self.word, self.code, self.price = word, code, price
        self.trade: str | None = None


def left_of(compared: Comparison) -> str:
    """
    >>> left_of(Comparison("rsi(m1, 14) < 70", "lt", 71.0, 70.0, False, "number"))
    'rsi(m1, 14)'
    """
    return compared.text.rsplit(f" {SIGNS.get(compared.operator, compared.operator)} ", 1)[0]


def right_of(compared: Comparison) -> str:
    """
    >>> right_of(Comparison("spread <= 0.3 * atr_pips", "le", 1.0, 0.9, False, "pips"))
    '0.3 * atr_pips'
    """
    parts = compared.text.rsplit(f" {SIGNS.get(compared.operator, compared.operator)} ", 1)
    return parts[1] if len(parts) > 1 else ""


def fact_of_figure(name: str, currency: str) -> tuple[str, str]:
    """Full name and unit of a figure that every decision carries, from the catalogue of facts; its own name and ""
    where it is none of them.

    >>> fact_of_figure("spread", "JPY"), fact_of_figure("equity", "JPY"), fact_of_figure("balance_of_mood", "JPY")
    (('spread', 'pips'), ('account.equity', 'JPY'), ('balance_of_mood', ''))
    """
    for full in (name, f"account.{name}"):
        if full in FACTS:
            return full, unit_text(FACTS[full].type, currency)
    return name, ""


def _split(value: Any, number: str) -> dict[str, Any]:
    """A recorded value as a number, a word, or the text of an unknown.

    >>> _split(1.5, "value"), _split(True, "value"), _split("long", "value"), _split("unknown: bid missing", "value")
    ({'value': 1.5}, {'word': 'true'}, {'word': 'long'}, {'unknown': 'bid missing'})
    """
    if isinstance(value, bool):
        return {"word": "true" if value else "false"}
    if isinstance(value, int | float):
        return {number: float(value)} if math.isfinite(value) else {"unknown": str(value)}
    text = str(value)
    return {"unknown": text.removeprefix(UNKNOWN)} if text.startswith(UNKNOWN) else {"word": text}
