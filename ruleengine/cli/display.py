"""The calm live display: one screen that changes in place, and the same as plain lines where there is no terminal."""

from __future__ import annotations

import sys
from collections import deque
from contextlib import suppress
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table as RichTable
from rich.text import Text

from ruleengine.cli.accounts import TRADE_FIGURES, TRADE_HEADS
from ruleengine.model.audit import Audit, Decision
from ruleengine.reports.tables import Table, figure, quantity, when
from ruleengine.reports.tally import Tally

RECENT = 6
TRADES_SHOWN = 6
"""A screen of 80 by 24 holds all of it."""
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
            with suppress(OSError):  # the terminal may be gone; the run is not
                self._live.stop()

    def take(self, audit: Audit) -> None:
        """What happened, for the lines that show the last few."""
        self._recent.extend(audit.decisions)
        for note in audit.notes:
            if note.level == "alert":
                self._alerts.append(f"{when(note.ts)}  {note.code} {note.message}")

    def show(self, now_ns: int, tally: Tally, figures: dict[str, float], holdings: list[list[str]]) -> None:
        """Draw the state of things."""
        if self._live is not None:
            with suppress(OSError):
                self._live.update(self._screen(now_ns, tally, figures, holdings))

    def _screen(self, now_ns: int, tally: Tally, figures: dict[str, float], holdings: list[list[str]]) -> Group:
        head = _line(f"{self._title}   {when(now_ns)[:19]}", "bold")
        sent, refused = tally.count("sent"), tally.count("refused")
        counted = f"{tally.events:,} events"
        line = _line(
            f"{counted}   orders {sent:,}   refused {refused:,}   unknown inputs {sum(tally.unknowns.values()):,}"
        )
        parts: list[Any] = [head, line, *map(_line, account_lines(figures, self._currency))]
        if holdings:
            table = RichTable(box=None, pad_edge=False, header_style="dim")
            for name in TRADE_HEADS:
                table.add_column(name, justify="right" if name in TRADE_FIGURES else "left")
            for row in holdings[-TRADES_SHOWN:]:
                table.add_row(*row)
            parts.append(table)
            if len(holdings) > TRADES_SHOWN:
                parts.append(_line(f"… and {len(holdings) - TRADES_SHOWN} older ones", "dim"))
        parts += [_line(decision_line(each), _STYLES[each.outcome]) for each in self._recent]
        parts += [_line(f"! {alert}", "red") for alert in self._alerts]
        parts.append(_line("Ctrl-C stops and prints the summary", "dim"))
        return Group(*parts)


def _line(text: str, style: str = "") -> Text:
    """One line whatever the width: what does not fit is cut off, so that the screen keeps its shape."""
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")


def account_lines(figures: dict[str, float], currency: str) -> list[str]:
    """The account's figures in two lines."""
    shown = {name: _shown(figures, name, currency) for name in ("equity", "unrealised", "margin_used", "free_margin")}
    shares = {
        name: _shown(figures, name, "ratio")
        for name in ("margin_used_of_equity", "margin_used_of_available", "free_margin_ratio")
    }
    used = f"{shares['margin_used_of_equity']} of equity, {shares['margin_used_of_available']} of available"
    return [
        f"equity {shown['equity']}   unrealised {shown['unrealised']}   free margin {shown['free_margin']}",
        f"margin used {shown['margin_used']} = {used}; free {shares['free_margin_ratio']}",
    ]


def _shown(figures: dict[str, float], name: str, unit: str) -> str:
    value = figures.get(name)
    return "–" if value is None else figure(value, unit)


def decision_line(decision: Decision) -> str:
    """One decision in a line."""
    size = decision.order.units if decision.order is not None else decision.wanted
    shown = f" {quantity(size)}" if size else ""
    what = f"{decision.kind} {decision.side}{shown} {decision.instrument}"
    why = (
        f"{decision.first_blocker or decision.rule} {decision.code}: {decision.message}"
        if decision.outcome == "refused"
        else decision.rule
    )
    return f"{when(decision.ts)[11:19]}  {decision.outcome:8} {what:32} {decision.strategy:13} {why}"


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
        drawn = RichTable(box=None, pad_edge=False, header_style="dim", show_header=any(table.heads))
        for index, head in enumerate(table.heads):
            is_figure = index in table.right
            drawn.add_column(head, justify="right" if is_figure else "left", overflow="fold", no_wrap=is_figure)
        for row in table.rows:
            drawn.add_row(*map(Text, row))
        note = [Text(table.note, style="dim")] if table.note else []
        console.print(Text(table.title, style="bold"), drawn, *note, "", sep="\n")
