"""The exposure report (FX-17): what is open at one instant and what it has gained or lost so far, manual trades left
out; for the account, each strategy and each pocket; with the free-margin ratio and both usages (FX-34).

A trade without a price has no result: it is counted, never taken for zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ruleengine.model.figure import figure, money, quantity, when
from ruleengine.reports.charts import columns
from ruleengine.reports.document import Report, Section
from ruleengine.reports.tables import Table, quantile

OF_ACCOUNT = (
    ("equity", "money"),
    ("balance", "money"),
    ("unrealised", "money"),
    ("margin_used", "money"),
    ("free_margin", "money"),
    ("free_margin_ratio", "ratio"),
    ("margin_used_of_equity", "ratio"),
    ("margin_used_of_available", "ratio"),
)
WORST_MAX = 10
HEADS = ("open n", "losing n", "sum", "losing: sum", "winning: sum", "age: p95", "not marked n")
Trade = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Exposure:
    """Open trades of one group. `neg_sum` is not above zero; `age_p95_s` None of no trades; `unmarked`: no price."""

    n: int
    neg_count: int
    neg_sum: float
    pos_sum: float
    age_p95_s: float | None
    unmarked: int

    @classmethod
    def of(cls, trades: Sequence[Trade]) -> Exposure:
        results = [float(each["result"]) for each in trades if each["result"] is not None]
        ages = [float(each["age_s"]) for each in trades if each["age_s"] is not None]
        return cls(
            n=len(trades),
            neg_count=sum(1 for each in results if each < 0),
            neg_sum=math.fsum(each for each in results if each < 0),
            pos_sum=math.fsum(each for each in results if each > 0),
            age_p95_s=quantile(ages, 0.95) if ages else None,
            unmarked=len(trades) - len(results),
        )

    @property
    def total(self) -> float:
        return self.neg_sum + self.pos_sum

    def cells(self, currency: str) -> list[str]:
        amounts = [money(each, currency) for each in (self.total, self.neg_sum, self.pos_sum)]
        age = "–" if self.age_p95_s is None else figure(self.age_p95_s, "duration")
        return [f"{self.n:,}", f"{self.neg_count:,}", *amounts, age, f"{self.unmarked:,}"]

    def as_json(self) -> dict[str, Any]:
        return {
            "open_trades": self.n,
            "open_trades_neg_count": self.neg_count,
            "sum": self.total,
            "neg_sum": self.neg_sum,
            "pos_sum": self.pos_sum,
            "age_p95_s": self.age_p95_s,
            "not_marked": self.unmarked,
        }


def exposure_report(
    trades: Iterable[Trade], figures: Mapping[str, float], currency: str, at_ns: int, place: str
) -> Report:
    """`trades`: every open one, as `Source.open_trades`; `figures` of the account, unknown ones left out."""
    everything = list(trades)
    own = [each for each in everything if not each["is_manual"]]
    manual = len(everything) - len(own)
    whole = Exposure.of(own)
    account = Table("Account", ["figure", "value"], right=(1,))
    for name, unit in OF_ACCOUNT:
        value = figures.get(name)
        shown = "unknown" if value is None else figure(value, currency if unit == "money" else unit)
        account.rows.append([name.replace("_", " "), shown])
    sums = Table("Open trades", ["of", *HEADS], right=tuple(range(1, 8)))
    sums.rows = [["all of ours", *whole.cells(currency)]]
    groups = {name: _grouped(own, name, currency) for name in ("strategy", "pocket", "instrument")}
    sections = [Section(account), Section(sums), *(Section(table) for table, _ in groups.values())]
    sections[2].chart = _chart(groups["strategy"][1], currency)
    sections.append(Section(_worst(own, currency)))
    lead = [
        f"{whole.n:,} open trades of ours, {whole.neg_count:,} losing: {money(whole.neg_sum, currency)} lost and "
        f"{money(whole.pos_sum, currency)} gained so far",
        f"{when(at_ns)}, {place}; manual trades left out: {manual:,}",
    ]
    data = {
        "at_ns": at_ns,
        "currency": currency,
        "place": place,
        "account": {name: figures.get(name) for name, _ in OF_ACCOUNT},
        "all": whole.as_json(),
        "manual_left_out": manual,
        **{f"by_{name}": rows for name, (_, rows) in groups.items()},
    }
    return Report("exposure", "Exposure report", lead, sections, data)


def _grouped(trades: Sequence[Trade], name: str, currency: str) -> tuple[Table, list[dict[str, Any]]]:
    """The group with the lowest sum first."""
    key: Callable[[Trade], str] = lambda each: str(each[name] or "")  # noqa: E731
    found = {
        word: Exposure.of([each for each in trades if key(each) == word]) for word in {key(each) for each in trades}
    }
    ordered = sorted(found.items(), key=lambda item: (item[1].total, item[0]))
    table = Table(f"By {name}", [name, *HEADS], right=tuple(range(1, 8)))
    table.rows = [[word or "(none)", *each.cells(currency)] for word, each in ordered]
    return table, [{name: word, **each.as_json()} for word, each in ordered]


def _worst(trades: Sequence[Trade], currency: str) -> Table:
    losing = [each for each in trades if each["result"] is not None and each["result"] < 0]
    heads = ["trade", "strategy", "pocket", "instrument", "side", "units", "age", "pips", "result"]
    table = Table("Largest losses", heads, right=(5, 6, 7, 8))
    for each in sorted(losing, key=lambda one: (one["result"], str(one["id"])))[:WORST_MAX]:
        age = "–" if each["age_s"] is None else figure(each["age_s"], "duration")
        pips = "–" if each["pips"] is None else figure(each["pips"], "pips")
        table.rows.append(
            [str(each["id"]), each["strategy"] or "(none)", each["pocket"] or "(none)", each["instrument"],
             each["side"], quantity(each["units"]), age, pips, money(each["result"], currency)]
        )  # fmt: skip
    table.note = f"{len(losing) - WORST_MAX:,} more" if len(losing) > WORST_MAX else ""
    return table


def _chart(rows: Sequence[Mapping[str, Any]], currency: str) -> str:
    if len(rows) < 2:
        return ""
    names = [f"{row['strategy'] or '(none)'} (n = {row['open_trades']})" for row in rows]
    return columns(f"Sum of open results by strategy, {currency}", names, [row["sum"] for row in rows])
