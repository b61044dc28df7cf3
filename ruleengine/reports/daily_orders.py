"""PY-11: every entry and exit of a day, with its time, reason, fill, and what was measured at that moment."""

from __future__ import annotations

from typing import Any

from ruleengine.model.figure import figure, quantity, when
from ruleengine.reports.account_days import AccountDay
from ruleengine.reports.evidence.store import Evidence
from ruleengine.reports.outcome_buckets import is_level
from ruleengine.reports.tables import Table, shortened

ORDERS_MAX = 40
"""Orders that are listed; JSON has all."""
_COLUMNS = ("n", "ts", "id", "kind", "rule", "instrument", "strategy", "pocket", "side", "units", "fill_price", "fate",
            "message")  # fmt: skip


def orders_of(evidence: Evidence, day: AccountDay) -> tuple[Table, list[dict[str, Any]]]:
    """Orders that were sent; `measured`: every number and word that was compared or recorded with each."""
    bounds = [day.open_ns, day.close_ns]
    found = evidence.rows(
        f"SELECT {', '.join(_COLUMNS)} FROM decisions WHERE outcome = 'sent' AND ts >= ? AND ts < ? ORDER BY ts, n",
        bounds,
    )
    sent = [dict(zip(_COLUMNS, row, strict=True)) for row in found]
    measured = _measured(evidence, bounds)
    heads = ["sent", "kind", "rule", "strategy", "side", "units", "fill", "because", "measured"]
    table = Table("Orders of the day", heads, right=(5, 6))
    for each in sent:
        each["measured"] = measured.get(each.pop("n"), [])
        if len(table.rows) < ORDERS_MAX:
            table.rows.append(_row(each))
    more = len(sent) - len(table.rows)
    table.note = f"{more:,} more in --format json" if more else ""
    return table, sent


def _row(order: dict[str, Any]) -> list[str]:
    triggers = [each["text"] for each in order["measured"] if each["section"] == "trigger"]
    told = [
        f"{each['name']} {figure(each['value'], each['unit'])}"
        for each in order["measured"]
        if each["value"] is not None and not is_level(each["unit"]) and not each["name"].startswith("account.")
    ]
    return [
        when(order["ts"])[:19],
        order["kind"],
        order["rule"],
        order["strategy"] or "(none)",
        order["side"] or "–",
        "–" if order["units"] is None else quantity(order["units"]),
        "–" if order["fill_price"] is None else f"{order['fill_price']:.8g}",
        shortened(" and ".join(triggers) or order["message"] or "–", 60),
        shortened(", ".join(told) or "–", 80),
    ]


def _measured(evidence: Evidence, bounds: list[int]) -> dict[int, list[dict[str, Any]]]:
    """By decision; each name once, as its trigger measured it where it did."""
    found: dict[int, list[dict[str, Any]]] = {}
    for n, name, text, section, unit, value, word in evidence.rows(
        """
        SELECT n, what, text, section, unit, measured, word FROM compared JOIN decisions USING (n)
        WHERE outcome = 'sent' AND ts >= ? AND ts < ? AND unknown IS NULL
        UNION ALL
        SELECT n, name, name, 'figures', unit, value, word FROM figures JOIN decisions USING (n)
        WHERE outcome = 'sent' AND ts >= ? AND ts < ? AND unknown IS NULL
        ORDER BY n, section = 'trigger' DESC, section, what, text
        """,
        [*bounds, *bounds],
    ):
        held = found.setdefault(n, [])
        if all(each["name"] != name for each in held):
            held.append({"name": name, "text": text, "section": section, "unit": unit, "value": value, "word": word})
    return found
