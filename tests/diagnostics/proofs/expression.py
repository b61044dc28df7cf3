"""One expression, checked in the scope of an entry guard of a small policy."""

from __future__ import annotations

from ruleengine.functions.catalogue import FUNCTIONS
from ruleengine.load import MapNode, ScalarNode, load_bytes
from ruleengine.schema.leaf import Expression
from ruleengine.schema.shape import shape
from ruleengine.typecheck.expression import Checker
from ruleengine.typecheck.names import INTENT, Names

POLICY = """
apiVersion: ruleengine/v1
kind: Policy
metadata: {name: page, version: 1.0.0}
requires: {account: hedging, currency: JPY, instruments: [USD_JPY]}
strategies: {M1Scalper: {}}
limits:
  max_order_units: 100_000units
  max_position_units: 200_000units
  price_collar: 50bps
  repeated_execution: {orders: 5, within: 60s}
  refusals: {count: 3, within: 60s, pause: 300s}
  quote_age_max: 10s
"""


def codes(text: str) -> list[str]:
    """Codes of what the checker finds in the expression."""
    document, found = load_bytes(POLICY.encode(), "page.yaml")
    assert document is not None, found
    policy, found = shape(document)
    assert policy is not None, found
    quoted = "'" + text.replace("'", "''") + "'"
    written, _ = load_bytes(f"when: {quoted}\n".encode(), "page.yaml")
    assert written is not None
    assert isinstance(written.root, MapNode)
    node = written.root.entries[0].value
    assert isinstance(node, ScalarNode)
    names = Names(policy, FUNCTIONS, "JPY")
    Checker(names, INTENT).condition(Expression(node.text, node))
    return [each.code for each in names.found]
