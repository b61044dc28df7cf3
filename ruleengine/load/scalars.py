"""A single text read as what its place expects.

A plain scalar means what its place says; what YAML readers would make of it differently is refused with the spelling
that all of them read alike, so that the editor's view and the engine's are the same by construction.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias, overload

from ruleengine.diagnostics import Diagnostic
from ruleengine.diagnostics.catalogue import scalar as faults
from ruleengine.diagnostics.catalogue.syntax import stray_quote
from ruleengine.diagnostics.catalogue.yaml import quote
from ruleengine.load.document import ScalarNode
from ruleengine.load.limits import DIGITS_MAX
from ruleengine.load.plain import Reading, boolean_of, plain_spelling, what_yaml_reads

Expects: TypeAlias = Literal["expression", "quantity", "version", "text", "id", "boolean", "number", "integer"]
Findings: TypeAlias = list[Diagnostic]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with the unit attached to it, `None` for a bare number; what the unit means is not known here."""

    number: Decimal
    unit: str | None
    text: str


_NUMBER: Final = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_QUANTITY: Final = re.compile(
    r"(?P<number>[-+]?(?:[0-9][0-9_]*(?:\.[0-9][0-9_]*)?|\.[0-9][0-9_]*))(?P<unit>%|[A-Za-z][A-Za-z_]*)?"
)
_MISSPELT_QUANTITY: Final = re.compile(
    r"(?P<number>[-+]?[0-9][0-9_ ]*(?:[.,][0-9]+)?)\s*(?P<unit>%|[A-Za-z][A-Za-z_]*)?", re.ASCII
)
_EXPONENT_UNIT: Final = re.compile(r"[-+]?[0-9._]+[eE][-+]?[0-9]")
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_VERSION: Final = re.compile(
    r"(?:0|[1-9][0-9]{0,8})\.(?:0|[1-9][0-9]{0,8})\.(?:0|[1-9][0-9]{0,8})(?:-[0-9A-Za-z.-]{1,64})?(?:\+[0-9A-Za-z.-]{1,64})?"
)


@overload
def read(node: ScalarNode, expects: Literal["expression", "version", "text", "id"]) -> tuple[str | None, Findings]: ...
@overload
def read(node: ScalarNode, expects: Literal["quantity"]) -> tuple[Quantity | None, Findings]: ...
@overload
def read(node: ScalarNode, expects: Literal["boolean"]) -> tuple[bool | None, Findings]: ...
@overload
def read(node: ScalarNode, expects: Literal["number"]) -> tuple[Decimal | None, Findings]: ...
@overload
def read(node: ScalarNode, expects: Literal["integer"]) -> tuple[int | None, Findings]: ...
@overload
def read(node: ScalarNode, expects: Expects) -> tuple[Any, Findings]: ...
def read(node: ScalarNode, expects: Expects) -> tuple[Any, Findings]:
    """The value of a text at a place that expects `expects`, or none and the findings that say why not."""
    if node.is_missing:
        return None, [faults.value_missing(node.span, expects)]
    return _READERS[expects](node)


def _expression(node: ScalarNode) -> tuple[str | None, Findings]:
    """Any text; only an explicit null is none. What it means is for the expression's own grammar."""
    if not node.text.strip():
        return None, [faults.value_missing(node.span, "expression")]
    if node.is_plain and node.text in ("null", "Null", "NULL", "~"):
        return None, [faults.null_word(node.span, node.text, "expression")]
    return node.text, []


def _text(node: ScalarNode) -> tuple[str | None, Findings]:
    finding = _not_text_for_all(node, "text")
    if finding is None and node.is_plain and node.text.count('"') % 2:
        at = node.text.rindex('"')
        finding = stray_quote(node.span_at(at, at + 1), node.text)
    return (None, [finding]) if finding else (node.text, [])


def _id(node: ScalarNode) -> tuple[str | None, Findings]:
    finding = _not_text_for_all(node, "id")
    if finding:
        return None, [finding]
    if not _ID.fullmatch(node.text):
        mended = re.sub(r"[^A-Za-z0-9_]+", "-", node.text[:80]).strip("-")
        return None, [faults.not_an_id(node.span, node.text, mended if _ID.fullmatch(mended) else None)]
    return node.text, []


def _version(node: ScalarNode) -> tuple[str | None, Findings]:
    if _VERSION.fullmatch(node.text):
        return node.text, []
    digits = re.fullmatch(r"v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?", node.text, re.ASCII)
    fix = ".".join(str(int(part or 0)) for part in digits.groups()) if digits else None
    return None, [faults.not_a_version(node.span, node.text, fix)]


def _boolean(node: ScalarNode) -> tuple[bool | None, Findings]:
    if node.text in ("true", "false"):
        if node.is_plain:
            return node.text == "true", []
        return None, [faults.needless_quotes(node.span, node.text, "boolean")]
    meant = boolean_of(node.text) if node.is_plain else None
    if meant is not None:
        return None, [faults.boolean_word(node.span, node.text, "true" if meant else "false")]
    return None, [faults.not_boolean(node.span, node.text)]


def _number(
    node: ScalarNode, expects: Literal["number", "integer", "quantity"] = "number"
) -> tuple[Decimal | None, Findings]:
    text = node.text
    if node.is_plain and (finding := _ambiguous_number(node, expects)):
        return None, [finding]
    if not _NUMBER.fullmatch(text):
        return None, [faults.not_a_number(node.span, text, expects)]
    if not node.is_plain:
        return None, [faults.needless_quotes(node.span, text, expects)]
    return _bounded(node, text)


def _integer(node: ScalarNode) -> tuple[int | None, Findings]:
    number, found = _number(node, "integer")
    if number is None:
        return None, found
    if "." in node.text:
        return None, [faults.not_whole(node.span, node.text)]
    return int(number), []


def _quantity(node: ScalarNode) -> tuple[Quantity | None, Findings]:
    text = node.text
    if finding := _ambiguous_number(node, "quantity"):
        return None, [finding]
    match = _QUANTITY.fullmatch(text)
    if match is None or _EXPONENT_UNIT.match(text):
        return None, [faults.not_a_quantity(node.span, text, _mended_quantity(text))]
    number, found = _bounded(node, match["number"].replace("_", ""))
    return (None, found) if number is None else (Quantity(number, match["unit"], text), [])


def _bounded(node: ScalarNode, digits: str) -> tuple[Decimal | None, Findings]:
    """The number, if it is short enough to be one; nothing is converted before its length is known."""
    size = sum(char.isdigit() for char in digits)
    if size > DIGITS_MAX:
        return None, [faults.too_many_digits(node.span, size, DIGITS_MAX)]
    return Decimal(digits), []


def _mended_quantity(text: str) -> str | None:
    """`1.2 pips` and `1,2pips` as they should be; nothing where it is unclear what was meant."""
    match = _MISSPELT_QUANTITY.fullmatch(text[:80])
    if match is None or len(text) > 80:
        return None
    mended = match["number"].strip().replace(" ", "_").replace(",", ".") + (match["unit"] or "")
    return mended if _QUANTITY.fullmatch(mended) and not _EXPONENT_UNIT.match(mended) else None


def _not_text_for_all(node: ScalarNode, expects: Literal["text", "id"]) -> Diagnostic | None:
    """The finding for a plain text that some YAML reader takes for something else."""
    ambiguity = what_yaml_reads(node.text) if node.is_plain else None
    if ambiguity is None:
        return None
    span, text = node.span, node.text
    quoted = quote(text)
    match ambiguity.reading:
        case Reading.BOOLEAN:
            return faults.boolean_as_text(span, text, expects)
        case Reading.BOOLEAN_WORD:
            return faults.boolean_word(span, text, quoted)
        case Reading.NULL:
            return faults.null_word(span, text, expects)
        case Reading.DATE:
            return faults.bare_date(span, text)
        case Reading.BASE_SIXTY:
            return faults.base_sixty(span, text)
        case Reading.LEADING_ZEROS:
            return faults.leading_zeros(span, text, quoted)
        case Reading.NOT_FINITE:
            return faults.not_finite(span, text, f"quote it if the text is meant: `{quoted}`")
        case Reading.OTHER_BASE:
            return faults.other_base(span, text, quoted)
        case Reading.EXPONENT:
            return faults.exponent(span, text, quoted)
        case Reading.UNDERSCORE:
            return faults.underscore(span, text, quoted)
        case _:
            return faults.number_as_text(span, text, expects)


def _ambiguous_number(node: ScalarNode, expects: str) -> Diagnostic | None:
    """The finding for what is a number for some reader and none, or another one, for the next."""
    ambiguity = what_yaml_reads(node.text)
    if ambiguity is None or ambiguity.reading is Reading.NUMBER:
        return None
    span, text = node.span, node.text
    fix = plain_spelling(text, ambiguity.reading) or "the number in digits"
    match ambiguity.reading:
        case Reading.LEADING_ZEROS:
            return faults.leading_zeros(span, text, fix)
        case Reading.OTHER_BASE:
            return faults.other_base(span, text, fix)
        case Reading.EXPONENT:
            return faults.exponent(span, text, fix)
        case Reading.UNDERSCORE:
            return faults.underscore(span, text, fix)
        case Reading.NOT_FINITE:
            return faults.not_finite(span, text, "write a finite number, or leave the limit out")
        case Reading.DATE:
            return faults.bare_date(span, text)
        case Reading.BASE_SIXTY:
            return faults.base_sixty(span, text)
        case Reading.NULL:
            return faults.null_word(span, text, expects)
        case Reading.BOOLEAN | Reading.BOOLEAN_WORD:
            return faults.boolean_as_text(span, text, expects)
        case _:
            return None


_READERS: Final[dict[Expects, Callable[[ScalarNode], tuple[Any, Findings]]]] = {
    "expression": _expression,
    "quantity": _quantity,
    "version": _version,
    "text": _text,
    "id": _id,
    "boolean": _boolean,
    "number": _number,
    "integer": _integer,
}
