"""The calm live display: one screen that changes in place, and the same as plain lines where there is no terminal."""

from __future__ import annotations

import sys
from collections import deque
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table as RichTable
from rich.text import Text

from ruleengine.cli.accounts import TRADE_HEADS
from ruleengine.model.audit import Audit, Decision
from ruleengine.reports.tables import Table, figure, money, quantity, when
from ruleengine.reports.tally import Tally

RECENT = 8
_STYLES = {"sent": "green", "refused": "yellow", "merged": "dim", "shadow": "dim"}


class Display:
    """Shows a run. `show(...)` as often as one likes: the terminal is drawn at most four times a second."""

    def __init__(self, title: str, currency: str, is_live: bool) -> None:
        self.console = Console(stderr=True)
        self._title, self._currency = title, currency
        self._recent: deque[Decision] = deque(maxlen=RECENT)
        self._alerts: deque[str] = deque(maxlen=3)
        self._is_drawn = is_live and self.console.is_terminal
        self._live = Live(console=self.console, refresh_per_second=4, transient=True) if self._is_drawn else None

    def __enter__(self) -> Display:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def take(self, audit: Audit) -> None:
        """What happened, for the lines that show the last few."""
        self._recent.extend(audit.decisions)
        for note in audit.notes:
            if note.level == "alert":
                self._alerts.append(f"{when(note.ts)}  {note.code} {note.message}")

    def show(self, now_ns: int, tally: Tally, figures: dict[str, Any], holdings: list[list[str]]) -> None:
        """Draw the state of things."""
        if self._live is not None:
            self._live.update(self._screen(now_ns, tally, figures, holdings))

    def _screen(self, now_ns: int, tally: Tally, figures: dict[str, Any], holdings: list[list[str]]) -> Group:
        head = Text(f"{self._title}   {when(now_ns)}   {tally.events:,} events", style="bold")
        sent, refused = tally.count("sent"), tally.count("refused")
        line = Text(f"orders {sent:,}   refused {refused:,}   unknown inputs {sum(tally.unknowns.values()):,}")
        parts: list[Any] = [head, line, Text(_account_line(figures, self._currency))]
        if holdings:
            table = RichTable(box=None, pad_edge=False, header_style="dim")
            for name in TRADE_HEADS:
                table.add_column(name)
            for row in holdings[:10]:
                table.add_row(*row)
            parts.append(table)
        parts += [Text(decision_line(each), style=_STYLES[each.outcome]) for each in self._recent]
        parts += [Text(f"! {alert}", style="red") for alert in self._alerts]
        parts.append(Text("Ctrl-C stops and prints the summary", style="dim"))
        return Group(*parts)


def _account_line(figures: dict[str, Any], currency: str) -> str:
    parts = []
    for name in ("equity", "unrealised", "margin_used"):
        value = figures.get(name)
        parts.append(f"{name.replace('_', ' ')} {money(value, currency) if isinstance(value, float) else value or '–'}")
    for name in ("margin_used_of_equity", "margin_used_of_available", "free_margin_ratio"):
        value = figures.get(name)
        parts.append(f"{name.replace('_', ' ')} {figure(value, 'ratio') if isinstance(value, float) else '–'}")
    return "   ".join(parts)


def decision_line(decision: Decision) -> str:
    """One decision in a line."""
    size = decision.order.units if decision.order is not None else decision.wanted
    what = f"{decision.kind} {decision.side} {quantity(size)} {decision.instrument}"
    why = (
        f"{decision.first_blocker} {decision.code}: {decision.message}"
        if decision.outcome == "refused"
        else decision.rule
    )
    return f"{when(decision.ts)[11:23]}  {decision.outcome:8} {what:38} {decision.strategy:14} {why}"


def print_tables(tables: list[Table]) -> None:
    """Tables on stdout: drawn on a terminal, aligned text elsewhere."""
    if not sys.stdout.isatty():
        from ruleengine.reports.tables import text_of

        print(text_of(tables))
        return
    console = Console()
    for table in tables:
        if not table.rows:
            continue
        drawn = RichTable(title=table.title, title_justify="left", title_style="bold", caption=table.note or None)
        for index, head in enumerate(table.heads):
            drawn.add_column(head, justify="right" if index in table.right else "left", overflow="fold")
        for row in table.rows:
            drawn.add_row(*map(Text, row))
        console.print(drawn)
