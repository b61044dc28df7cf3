"""The finding that the README shows is the one that its own policy gives."""

from __future__ import annotations

import re
from pathlib import Path

from ruleengine.diagnostics.render import render_text
from ruleengine.graph.compile import compile_policy

README = Path(__file__).resolve().parents[2] / "README.md"
REST = """\
apiVersion: ruleengine/v1
kind: Policy
metadata: {name: readme, version: 1.0.0}
requires: {instruments: [USD_JPY]}
strategies: {M1Scalper: {}}
parameters:
  max_margin_usage: {unit: ratio, default: 92%, doc: FX-02}
  safety_factor: {unit: ratio, default: 90%, doc: FX-02}
limits:
  max_order_units: 100_000units
  max_position_units: 200_000units
  price_collar: 50bps
  repeated_execution: {orders: 5, within: 60s}
  refusals: {count: 3, within: 60s, pause: 300s}
  quote_age_max: 10s
"""


def blocks() -> tuple[str, str]:
    """The policy and the finding below it."""
    found = re.search(
        r"A policy looks like this:\n\n```yaml\n(.*?)```\n\nand a mistake like this:\n\n```\n(.*?)```",
        README.read_text(encoding="utf-8"),
        re.DOTALL,
    )
    assert found is not None
    return found[1], found[2]


def test_the_policy_of_the_readme_has_no_finding(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(blocks()[0] + REST, encoding="utf-8")
    assert compile_policy(file).found == []


def test_the_finding_of_the_readme_is_what_is_printed(tmp_path: Path) -> None:
    policy, shown = blocks()
    file = tmp_path / "policy.yaml"
    file.write_text(policy.replace("spread <= 1.2pips", "spread <= 2%") + REST, encoding="utf-8")
    (finding,) = (each for each in compile_policy(file).found if each.code == "RE330")
    printed = render_text([finding], {str(file): file.read_text(encoding="utf-8")})
    assert printed.replace(str(file), "policy.yaml").startswith(shown)
