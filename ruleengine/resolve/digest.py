"""A policy's content digest: SHA-256 over what it says, however it was written.

    does not matter   comments, order of keys, white space, quotes, in which file it stands, a default written out
    matters           every value, the order of rules and rows, prose (`doc`, `description`), brackets of expressions
    values            by meaning within one dimension: `24h` is `1d`, `92%` is `9200bps`, `1_000units` is `1000units`,
                      `1.20pips` is `1.2pips`; `92%` is not the bare number `0.92`, which is another type

Overlays and `--set` are part of it: two runs with the same digest had the same rules with the same values.
"""

from __future__ import annotations

import hashlib
import json
import re
from decimal import Decimal
from typing import Any, Final

from pydantic import BaseModel

from ruleengine.load import Quantity
from ruleengine.schema.leaf import Expression, Leaf, QuantityLeaf, Words
from ruleengine.schema.policy import Policy
from ruleengine.units import literal_unit

_VERSION: Final = "ruleengine policy digest 1"
_TOKEN: Final = re.compile(
    r"(?P<quoted>'[^']*'|\"[^\"]*\")"
    r"|(?P<word>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)"
    r"|(?P<number>(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*))(?P<unit>%|[A-Za-z]\w*)?"
    r"|(?P<sign>[<>=!]=|[^\s\w])"
)


def digest(policy: Policy) -> str:
    """Hexadecimal digest of a policy as composed."""
    text = json.dumps(canonical(policy), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{_VERSION}\n{text}".encode()).hexdigest()


def canonical(value: Any) -> Any:
    """What a policy or a part of it says, as JSON data in one spelling."""
    if isinstance(value, BaseModel):
        return _model(value)
    if isinstance(value, dict):
        return {str(key): canonical(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [canonical(each) for each in value]
    if isinstance(value, QuantityLeaf) and isinstance(value.value, Quantity):
        return _number(value.value.number, value.value.unit)
    if isinstance(value, Expression):
        return canonical_expression(value.text)
    if isinstance(value, Words):
        return " ".join(value.text.split())
    return value.text if isinstance(value, Leaf) else value


def canonical_expression(text: str) -> str:
    """An expression's words and signs in one spelling.

    >>> canonical_expression("spread<=1.20pips  and age > 24h")
    'spread <= 1.2@pips and age > 86400@duration'
    """
    tokens: list[str] = []
    for match in _TOKEN.finditer(text):
        if match["number"]:
            try:
                tokens.append(_number(Decimal(match["number"].replace("_", "")), match["unit"]))
            except ArithmeticError:
                tokens.append(match.group())
        elif match["quoted"]:
            tokens.append(json.dumps(match["quoted"][1:-1], ensure_ascii=False))
        else:
            tokens.append(match.group())
    return " ".join(tokens)


def _model(model: BaseModel) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if field.is_required() or value != field.get_default(call_default_factory=True):
            said[field.alias or name] = canonical(value)
    return said


def _number(number: Decimal, unit: str | None) -> str:
    """Value and dimension: `92%` is `0.92@ratio`."""
    literal = literal_unit(unit) if unit is not None else None
    if literal is None:
        return _plain(number) + (unit or "")
    kind = f"{literal.type.kind}:{literal.type.arg}" if literal.type.arg else literal.type.kind
    return f"{_plain(number * Decimal(literal.factor))}@{kind}"


def _plain(number: Decimal) -> str:
    """The shortest decimal without an exponent."""
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
