"""The prompt, in this process: arguments in, exit code and both streams out; and a small market with a policy whose
figures are worked by hand."""

from __future__ import annotations

import gc
import io
import logging
import signal
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from ruleengine.cli.commands import app
from ruleengine.cli.failure import guarded

COMMAND = Path(sys.executable).with_name("ruleengine")


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str


def ask(*arguments: object) -> Answer:
    """What the command says; no terminal is there."""
    out, err = io.StringIO(), io.StringIO()
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    logs = logging.root.handlers[:], logging.root.level
    code: object = 0
    try:
        with redirect_stdout(out), redirect_stderr(err):
            guarded(lambda: app([str(each) for each in arguments], prog_name="ruleengine"))
    except SystemExit as end:
        code = end.code
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        logging.root.handlers[:], logging.root.level = logs
        logging.captureWarnings(False)
        gc.unfreeze()  # what a command does for its own short life is not for that of the tests
        gc.enable()
    return Answer(code if isinstance(code, int) else 0, out.getvalue(), err.getvalue())


POLICY = """\
apiVersion: ruleengine/v1
kind: Policy
metadata: {name: small, version: 1.0.0}
requires: {account: hedging, currency: JPY, instruments: [USD_JPY]}
strategies: {M1Scalper: {pocket: scalp, has_exits: false}, TrendMA: {pocket: macro, has_exits: false}}
pockets: [scalp, macro]
ownership: [qr-]
parameters:
  dip: {unit: price, default: 156.9, doc: price at which TrendMA buys}
limits:
  max_order_units: 100_000units
  max_position_units: 200_000units
  price_collar: 50bps
  repeated_execution: {orders: 10, within: 60s}
  refusals: {count: 3, within: 60s, pause: 60s}
  quote_age_max: 30s
entries:
  - {id: from-signals, source: signal, when: signal.age <= 30s}
  - {id: buy-dip, source: market, when: mid <= dip, side: long, strategy: TrendMA, size: 10_000units, max_open: 1}
guards:
  - {id: spread, applies_to: {intent: entry}, require: spread <= 1.2pips}
caps:
  - {id: margin, applies_to: {intent: entry}, limit: account.margin_used_of_equity_after <= 30%}
exits:
  - id: take
    for_each: trade
    stages:
      - {when: trade.pnl_pips >= 5pips and trade.age >= 10s, close: 50%}
    on_unknown: {wait: 30s, then: alert}
metrics:
  losers: count(t for t in trades if t.pnl < 0)
"""
ACCOUNT = """\
apiVersion: ruleengine/v1
kind: Account
name: small-paper
currency: JPY
balance: 500_000JPY
mode: hedging
instruments: {USD_JPY: {margin_rate: 4%}}
venue: {name: paper, paper: {latency: 0s, slippage: {model: none}}}
"""
_BEGIN = 1_767_790_800
"""2026-01-07 13:00:00 UTC."""
QUOTES = (  # bid, ask; ten seconds apart
    ("157.000", "157.008"),
    ("156.990", "156.998"),
    ("156.896", "156.904"),  # mid 156.900: buy-dip, filled at 156.904
    ("156.930", "156.950"),  # spread 2.0 pips
    ("156.960", "156.968"),  # 5.6 pips in profit: take closes half
    ("156.955", "156.963"),
    ("156.950", "156.958"),
)
_WANTED = '"instrument": "USD_JPY", "strategy": "M1Scalper", "side": "long"'
SIGNALS = f"""\
{{"id": "s1", "time": "2026-01-07T13:00:31Z", {_WANTED}, "size": 1000}}
{{"id": "s2", "time": "2026-01-07T13:00:51Z", {_WANTED}, "size": 80000}}
"""


def write_world(folder: Path) -> None:
    """Policy, account, signals, and the recording `quotes` made with the import command."""
    (folder / "small.policy.yaml").write_text(POLICY, encoding="utf-8")
    (folder / "small.account.yaml").write_text(ACCOUNT, encoding="utf-8")
    (folder / "signals.jsonl").write_text(SIGNALS, encoding="utf-8")
    rows = [f"{(_BEGIN + 10 * n) * 10**9},{bid},{ask},1000000,1000000" for n, (bid, ask) in enumerate(QUOTES)]
    (folder / "quotes.csv").write_text("\n".join(["ts_event_ns,bid,ask,bid_size,ask_size", *rows]) + "\n")
    found = ask(
        "import", folder / "quotes.csv", "--preset", "quotes-decoded", "--instrument", "USD_JPY", "--venue", "test",
        "--out", folder / "quotes",
    )  # fmt: skip
    assert found.code == 0, found.err
