"""What a text most likely was meant to be, where its place expects a map.

For the stage that knows what a place expects: the text alone is good YAML.
"""

from __future__ import annotations

import re

from ruleengine.diagnostics import Diagnostic
from ruleengine.diagnostics.catalogue import syntax as faults
from ruleengine.load.document import ScalarNode

_TIGHT = re.compile(r"(?P<key>[A-Za-z_][\w-]{0,99}):(?P<value>[^\s:/].{0,400})", re.ASCII)


def map_meant(node: ScalarNode) -> Diagnostic | None:
    """The finding for `key:value` written without a space, or for a line without a colon; nothing for other texts.

    A map with a single entry is the case that the parser cannot notice: `gap:abs(mid)` is a text to it.
    """
    if not node.is_plain or node.is_missing:
        return None
    match = _TIGHT.match(node.text)
    if match:
        span = node.span_at(match.start("key"), match.end("key") + 1)
        return faults.no_space_after_colon(span, match["key"], match["value"].rstrip())
    if ":" not in node.text:
        return faults.key_without_colon(node.span, node.text)
    return None
