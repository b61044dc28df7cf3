"""Small policies for the checker's tests: sections over a minimal rest, and where findings stand."""

from __future__ import annotations

from ruleengine.load import load_bytes
from ruleengine.schema.shape import shape
from ruleengine.typecheck.check import check
from ruleengine.typecheck.policy import TypedPolicy

MINIMAL = """\
apiVersion: ruleengine/v1
kind: Policy
metadata: {name: small, version: 1.0.0}
requires: {account: any, currency: JPY, instruments: [USD_JPY]}
strategies:
  M1Scalper: {pocket: scalp}
pockets: [scalp]
limits:
  max_order_units: 100_000units
  max_position_units: 200_000units
  price_collar: 50bps
  repeated_execution: {orders: 5, within: 60s}
  refusals: {count: 3, within: 60s, pause: 300s}
  quote_age_max: 10s
"""
IDLE = frozenset({"RE429", "RE430", "RE509"})
"""Warnings of what is declared and nothing asks for, and of both sides on any account, which `MINIMAL` takes."""


def typed(sections: str, minimal: str = MINIMAL) -> tuple[TypedPolicy | None, list[tuple[str, str]]]:
    """The typed policy and its findings: (code, the text under the caret)."""
    text = minimal + sections
    document, found = load_bytes(text.encode(), "policy.yaml")
    assert document is not None, found
    policy, found = shape(document)
    assert policy is not None, [str(each) for each in found]
    result, findings = check(policy)
    lines = text.split("\n")
    return result, [
        (each.code, lines[each.span.line - 1][each.span.col - 1 : each.span.end_col - 1]) for each in findings
    ]


def findings(sections: str, minimal: str = MINIMAL, has_idle: bool = False) -> list[tuple[str, str]]:
    """Small policies declare more than they use: that is left out, unless it is what is tested."""
    return [each for each in typed(sections, minimal)[1] if has_idle or each[0] not in IDLE]


def guard(require: str, more: str = "") -> str:
    return f"guards:\n  - id: g\n    applies_to: {{intent: entry}}\n    require: {require}\n{more}"


def cap(limit: str) -> str:
    return f"caps:\n  - id: c\n    applies_to: {{intent: entry}}\n    limit: {limit}\n"
