"""A folder of policies, as an operator has them: written by each test, composed from there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from ruleengine.diagnostics import Diagnostic
from ruleengine.resolve import Composed, compose

BASE = """\
apiVersion: ruleengine/v1
kind: Policy
metadata: {name: base, version: 1.0.0}
requires: {account: hedging, currency: JPY, instruments: [USD_JPY]}
pockets: [scalp]
parameters:
  usage_max: {unit: ratio, default: 92%, min: 10%, max: 92%, doc: FX-02}
  spread_max: {unit: pips, default: 1.2pips, doc: FX-28}
  patience: {unit: duration, default: 24h, doc: FX-13}
features:
  gap: mid - bid
limits:
  max_order_units: 100_000units
  max_position_units: 200_000units
  price_collar: 50bps
  repeated_execution: {orders: 5, within: 60s}
  refusals: {count: 3, within: 60s, pause: 300s}
  quote_age_max: 10s
guards:
  - id: spread
    doc: FX-28
    applies_to: {intent: entry}
    require: spread <= spread_max
  - id: fresh
    applies_to: {intent: entry}
    require: quote_age <= 5s
exits:
  - id: old
    for_each: trade
    when: trade.age > patience
    close: 100%
    on_unknown: {wait: 30s, then: close}
"""

CHILD = """\
apiVersion: ruleengine/v1
kind: Policy
metadata: {name: desk, version: 2.0.0}
extends: ../common/base.policy.yaml
"""


class Desk:
    """Two folders of one set: `common` with the base, `desk` with what a test writes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("common/base.policy.yaml", BASE)

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def compose(
        self, text: str, overlays: Sequence[str] = (), sets: Sequence[str] = ()
    ) -> tuple[Composed | None, list[Diagnostic]]:
        """The policy of a text in `desk`, with overlays given as texts."""
        path = self.write("desk/desk.policy.yaml", text)
        files = [self.write(f"desk/overlay{number}.yaml", each) for number, each in enumerate(overlays)]
        return compose(path, files, sets)

    def good(self, text: str, overlays: Sequence[str] = (), sets: Sequence[str] = ()) -> Composed:
        composed, found = self.compose(text, overlays, sets)
        assert found == []
        assert composed is not None
        return composed

    def faults(
        self, text: str, overlays: Sequence[str] = (), sets: Sequence[str] = ()
    ) -> list[tuple[str, str, int, int]]:
        """Code, file name, line and column of each finding."""
        composed, found = self.compose(text, overlays, sets)
        assert composed is None
        return [(each.code, Path(each.span.file).name, each.span.line, each.span.col) for each in found]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "policies")
