"""Expression text → syntax tree, through an allow-list over Python's own grammar.

What is not listed here can't be written: no attribute of a value, no subscript but a series' constant offset, no string
operation, no power, shift or bit operation, no lambda, walrus, f-string, star or second statement. The text itself
never reaches an evaluator; only our tree does. Limits: 2,048 characters, 256 nodes, depth 24.
"""

from __future__ import annotations

import ast
import re
import warnings
from functools import lru_cache
from itertools import accumulate
from typing import TypeGuard

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import reading
from ruleengine.syntax.literals import Masked, lone_literal, mask_literals
from ruleengine.syntax.tree import (
    Binary,
    Call,
    Choice,
    Compare,
    Comprehension,
    Logic,
    Name,
    Number,
    OneOf,
    Syntax,
    Text,
    Truth,
    Unary,
)

CHARACTERS_MAX, NODES_MAX, DEPTH_MAX = 2048, 256, 24

_BINARY: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


def parse(text: str, span: Span) -> tuple[Syntax | None, list[Diagnostic]]:
    """The tree of one expression, or None with what is wrong; `span` is the text's place in its file."""
    sound = _sound(text)
    return (sound, []) if sound is not None else _parse(text, span)


@lru_cache(maxsize=2048)
def _sound(text: str) -> Syntax | None:
    """The tree of a text without faults. Remembered: a feature is read anew in every scope that uses it, and the
    policies of a folder say many things alike."""
    return _parse(text, Span("", 1, 1, 1, len(text) + 1))[0]


def _parse(text: str, span: Span) -> tuple[Syntax | None, list[Diagnostic]]:
    if len(text) > CHARACTERS_MAX:
        return None, [reading.too_long(span, len(text), CHARACTERS_MAX)]
    if not text.strip():
        return None, [reading.empty_expression(span)]
    number = lone_literal(text, span)
    if number is not None:
        return number, []
    if not (text.isascii() and text.isprintable()):
        at = next(at for at, char in enumerate(text) if not (char.isascii() and char.isprintable()))
        return None, [reading.foreign_character(span.within(at, at + 1), text[at])]
    brackets = _bracket_fault(text, span)
    if brackets:
        return None, [brackets]
    masked, found = mask_literals(text, span)
    if found and not masked.by_name and not masked.by_start:
        return None, found
    stray = _foreign_operator(_QUOTED.sub(lambda quoted: '"' * len(quoted[0]), masked.text), span)
    if stray:
        return None, [*found, stray]
    # leading blanks would be an indentation to Python's grammar; brackets round it keep the columns, shifted by one
    try:
        tree = _python_tree("(" + masked.text + "\n)")
    except SyntaxError as fault:
        return None, [*found, _syntax_fault(fault, masked.text, text, span)]
    except (RecursionError, MemoryError, ValueError):
        return None, [*found, reading.too_deep(span, DEPTH_MAX)]
    reader = _Reader(masked, text, span)
    result = reader.read(tree.body, 1)
    found += reader.found
    return (None if found else result), found


_MAY_WARN = re.compile(r"\\|(?<!\w)\d")
"""Where Python's grammar has only a warning to say: a backslash, or a number that a word follows."""


def _python_tree(text: str) -> ast.Expression:
    if not _MAY_WARN.search(text):
        return ast.parse(text, mode="eval")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text, mode="eval")


class _Reader:
    """Python's tree → ours. A fault gives a stand-in (`Truth`), so that one fault does not hide the next."""

    def __init__(self, masked: Masked, text: str, span: Span) -> None:
        self.masked, self.text, self.span = masked, text, span
        self.found: list[Diagnostic] = []
        self.nodes = 0
        # Python counts bytes; placeholders are three bytes long, and nothing else is longer than one
        widths = [1 if char < "\x80" else 3 for char in masked.text]
        self.offsets = dict(zip(accumulate(widths, initial=0), range(len(widths) + 1), strict=True))

    def where(self, node: ast.expr | ast.keyword) -> tuple[int, int]:
        first, last = self.offsets.get(node.col_offset - 1, 0), len(self.text)
        if node.end_lineno == 1 and node.end_col_offset is not None:
            last = self.offsets.get(node.end_col_offset - 1, last)
        return first, last

    def fail(self, diagnostic: Diagnostic, start: int, end: int) -> Syntax:
        self.found.append(diagnostic)
        return Truth(True, start, end)

    def read(self, node: ast.expr, depth: int) -> Syntax:
        start, end = self.where(node)
        self.nodes += 1
        if depth > DEPTH_MAX:
            return self.fail(reading.too_deep(self.span.within(start, end), DEPTH_MAX), start, end)
        if self.nodes == NODES_MAX + 1:
            return self.fail(reading.too_many_nodes(self.span, NODES_MAX), start, end)
        if self.nodes > NODES_MAX:
            return Truth(True, start, end)
        match node:
            case ast.Constant():
                return self.constant(node, start, end)
            case ast.Name() | ast.Attribute() | ast.Subscript():
                return self.name(node, start, end)
            case ast.BoolOp(op=op, values=values):
                operands = tuple([self.read(value, depth + 1) for value in values])
                return Logic("and" if isinstance(op, ast.And) else "or", operands, start, end)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Unary("not", self.read(operand, depth + 1), start, end)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return Unary("-", self.read(operand, depth + 1), start, end)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.read(operand, depth + 1)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                sign = _BINARY[type(op)]
                return Binary(sign, self.read(left, depth + 1), self.read(right, depth + 1), start, end)  # type: ignore[arg-type]
            case ast.Compare():
                return self.compare(node, depth, start, end)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                condition, then, otherwise = (self.read(part, depth + 1) for part in (test, body, orelse))
                return Choice(condition, then, otherwise, start, end)
            case ast.Call():
                return self.call(node, depth, start, end)
        return self.fail(reading.not_allowed(self.span.within(start, end), _spoken(node)), start, end)

    def constant(self, node: ast.Constant, start: int, end: int) -> Syntax:
        number = self.masked.by_start.get(start)
        if number is not None:
            return Number(number.value, None, number.text, start, end)
        if isinstance(node.value, str) and self.text[start + 1 : end - 1] == node.value:
            return Text(node.value, start, end)  # one pair of quotes: no prefix, no escape, no joining of two
        if isinstance(node.value, bool):
            return self.fail(reading.python_truth(self.span.within(start, end), str(node.value)), start, end)
        return self.fail(reading.not_allowed(self.span.within(start, end), _spoken(node)), start, end)

    def name(self, node: ast.expr, start: int, end: int) -> Syntax:
        if isinstance(node, ast.Name) and node.id in self.masked.by_name:
            return self.masked.by_name[node.id]
        if isinstance(node, ast.Name) and node.id in ("true", "false"):
            return Truth(node.id == "true", start, end)
        back: int | None = None
        inner = node
        if isinstance(node, ast.Subscript):
            inner = node.value
            index = node.slice
            place = self.span.within(*self.where(index))
            if not (isinstance(index, ast.Constant) and type(index.value) is int and 0 <= index.value <= 10_000):
                return self.fail(reading.subscript(place), start, end)
            back = index.value
        parts: list[str] = []
        while isinstance(inner, ast.Attribute):
            parts.append(inner.attr)
            inner = inner.value
        if not isinstance(inner, ast.Name) or inner.id in self.masked.by_name:
            return self.fail(
                reading.not_allowed(self.span.within(start, end), "taking an attribute of a value"), start, end
            )
        parts.append(inner.id)
        if any(part.startswith("_") for part in parts):
            return self.fail(
                reading.not_allowed(self.span.within(start, end), "a name that begins with `_`"), start, end
            )
        return Name(".".join(reversed(parts)), start, end, back)

    def compare(self, node: ast.Compare, depth: int, start: int, end: int) -> Syntax:
        operands = [node.left, *node.comparators]
        parts: list[Syntax] = []
        for index, op in enumerate(node.ops):
            left, right = operands[index], operands[index + 1]
            first, last = self.where(left)[0], self.where(right)[1]
            if isinstance(op, ast.In | ast.NotIn):
                inside = self.membership(left, right, depth, first, last)
                parts.append(Unary("not", inside, first, last) if isinstance(op, ast.NotIn) else inside)
            elif type(op) in _COMPARE:
                sides = (self.read(left, depth + 1), self.read(right, depth + 1))
                parts.append(Compare(_COMPARE[type(op)], *sides, first, last))  # type: ignore[arg-type]
            else:
                return self.fail(reading.not_allowed(self.span.within(first, last), "`is`; write `==`"), start, end)
        return parts[0] if len(parts) == 1 else Logic("and", tuple(parts), start, end)

    def membership(self, left: ast.expr, right: ast.expr, depth: int, start: int, end: int) -> Syntax:
        if not isinstance(right, ast.Tuple | ast.List) or not right.elts:
            return self.fail(reading.membership(self.span.within(*self.where(right))), start, end)
        choices = tuple(self.read(item, depth + 2) for item in right.elts)
        return OneOf(self.read(left, depth + 1), choices, start, end)

    def call(self, node: ast.Call, depth: int, start: int, end: int) -> Syntax:
        if not self.is_word(node.func):
            return self.fail(
                reading.not_allowed(self.span.within(start, end), "calling anything but a function by its name"),
                start,
                end,
            )
        name_end = self.where(node.func)[1]
        arguments: list[Syntax] = [
            self.comprehension(argument, depth + 1)
            if isinstance(argument, ast.GeneratorExp) and argument is node.args[0]
            else self.read(argument, depth + 1)
            for argument in node.args
        ]
        keywords: list[tuple[str, Syntax, int]] = []
        for keyword in node.keywords:
            if keyword.arg is None:
                return self.fail(reading.not_allowed(self.span.within(start, end), "`**`"), start, end)
            if keyword.arg in self.masked.by_name:
                where = self.span.within(*self.where(keyword))
                return self.fail(reading.not_allowed(where, "a number as the name of an argument"), start, end)
            keywords.append((keyword.arg, self.read(keyword.value, depth + 1), self.where(keyword)[0]))
        return Call(node.func.id, tuple(arguments), tuple(keywords), start, end, name_end)

    def is_word(self, node: ast.expr) -> TypeGuard[ast.Name]:
        """Is it one name of the author's, and no number?"""
        return isinstance(node, ast.Name) and node.id not in self.masked.by_name

    def comprehension(self, node: ast.GeneratorExp, depth: int) -> Syntax:
        start, end = self.where(node)
        place = self.span.within(start, end)
        if len(node.generators) != 1 or node.generators[0].is_async:
            return self.fail(reading.comprehension(place), start, end)
        loop = node.generators[0]
        if not self.is_word(loop.target) or not self.is_word(loop.iter) or len(loop.ifs) > 1:
            return self.fail(reading.comprehension(place), start, end)
        condition = self.read(loop.ifs[0], depth + 1) if loop.ifs else None
        where = self.where(loop.iter)
        return Comprehension(
            self.read(node.elt, depth + 1), loop.target.id, loop.iter.id, condition, start, end, where[0], where[1]
        )


# --- faults that Python's own message would not explain --------------------------------------------------------------

_SPOKEN = {
    ast.Lambda: "`lambda`",
    ast.NamedExpr: "`:=`",
    ast.GeneratorExp: "a comprehension outside an aggregate",
    ast.ListComp: "a list comprehension",
    ast.SetComp: "a set comprehension",
    ast.DictComp: "a dict comprehension",
    ast.JoinedStr: "a formatted string",
    ast.Dict: "a dict",
    ast.Set: "a set",
    ast.List: "a list",
    ast.Tuple: "a list of values",
    ast.Await: "`await`",
    ast.Yield: "`yield`",
    ast.YieldFrom: "`yield`",
    ast.Starred: "`*`",
    ast.Slice: "a slice",
}
_SPOKEN_OPERATOR = {
    ast.Pow: "`**`",
    ast.Mod: "`%` (percent is attached to its number; there is no modulo)",
    ast.FloorDiv: "`//`",
    ast.LShift: "`<<`",
    ast.RShift: "`>>`",
    ast.BitAnd: "`&`; write `and`",
    ast.BitOr: "`|`; write `or`",
    ast.BitXor: "`^`",
    ast.MatMult: "`@`",
}


def _spoken(node: ast.expr) -> str:
    if isinstance(node, ast.BinOp):
        return _SPOKEN_OPERATOR.get(type(node.op), "this operator")
    if isinstance(node, ast.UnaryOp):
        return "`~`; write `not`"
    if isinstance(node, ast.Constant):
        return f"`{node.value!r}`"
    return _SPOKEN.get(type(node), type(node).__name__)


_BRACKETS = re.compile(r"['\"()\[\]{}]")


def _bracket_fault(text: str, span: Span) -> Diagnostic | None:
    """Unbalanced brackets and quotes, and nesting past the limit, before Python's parser could recurse."""
    opened: list[tuple[str, int]] = []
    pairs = {")": "(", "]": "["}
    quote = ""
    for match in _BRACKETS.finditer(text):
        at, char = match.start(), match[0]
        if quote:
            quote = "" if char == quote else quote
            continue
        if char in "'\"":
            quote, quoted_at = char, at
        elif char in "([":
            opened.append((char, at))
            if len(opened) > DEPTH_MAX:
                return reading.too_deep(span.within(at, at + 1), DEPTH_MAX)
        elif char in ")]":
            if not opened or opened[-1][0] != pairs[char]:
                return reading.bracket(span.within(at, at + 1), char, is_open=False)
            opened.pop()
        elif char in "{}":
            return reading.bracket(span.within(at, at + 1), char, is_open=char == "{")
    if quote:
        return reading.bracket(span.within(quoted_at, quoted_at + 1), quote, is_open=True)
    if opened:
        char, at = opened[-1]
        return reading.bracket(span.within(at, at + 1), char, is_open=True)
    return None


_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_FOREIGN = (("&&", "and"), ("||", "or"), ("<>", "!="), ("=>", ">="), ("=<", "<="), ("===", "=="))
_FOREIGN_WORDS = re.compile(r"\b(?:AND|OR|NOT|And|Or|Not|IN|In)\b")
_MAY_BE_FOREIGN = re.compile(
    "|".join(
        [*(re.escape(wrong) for wrong, _ in _FOREIGN), r"!(?!=)|[%;#\\]|(?<![<>=!])=(?!=)", _FOREIGN_WORDS.pattern]
    )
)
"""In every text that has a foreign operator, and in few others: a keyword's `=` is no fault."""


_APART = re.compile(r"[<>=!] +=\Z")
"""An operator of two signs with a blank between them."""


def _foreign_operator(text: str, span: Span) -> Diagnostic | None:
    if not _MAY_BE_FOREIGN.search(text):
        return None
    for wrong, right in _FOREIGN:
        at = text.find(wrong)
        if at >= 0:
            return reading.foreign_operator(span.within(at, at + len(wrong)), wrong, right)
    for at, char in enumerate(text):
        before, after = text[at - 1 : at], text[at + 1 : at + 2]
        if char == "!" and after != "=":
            return reading.foreign_operator(span.within(at, at + 1), "!", "not")
        if char == "%":
            return reading.percent_apart(span.within(at, at + 1))
        if char == "=" and _APART.search(text, 0, at + 1):
            sign = text[:at].rstrip()[-1]
            return reading.foreign_operator(span.within(text.rindex(sign, 0, at), at + 1), f"{sign} =", f"{sign}=")
        if char == "=" and before not in ("<", ">", "=", "!") and after != "=" and not _is_keyword(text, at):
            return reading.foreign_operator(span.within(at, at + 1), "=", "==")
        if char in ";#\\":
            return reading.not_allowed(span.within(at, at + 1), f"`{char}`")
    word = _FOREIGN_WORDS.search(text)
    return reading.foreign_operator(span.within(*word.span()), word[0], word[0].lower()) if word else None


def _is_keyword(text: str, at: int) -> bool:
    """Is the `=` at `at` that of `name=value` inside a call's brackets?"""
    depth = 0
    for char in text[:at]:
        depth += (char == "(") - (char == ")")
    return depth > 0 and text[:at].rstrip()[-1:].isidentifier() and _starts_argument(text[:at].rstrip())


def _starts_argument(before: str) -> bool:
    word_start = len(before)
    while word_start and (before[word_start - 1].isalnum() or before[word_start - 1] == "_"):
        word_start -= 1
    return before[:word_start].rstrip()[-1:] in ("(", ",")


_NO_OPERATOR = r"(?!(?:and|or|not|in|if|else|for|is)\b)"
_TWO_OPERANDS = re.compile(rf"(?<![\w.]){_NO_OPERATOR}(?:[\w.]+|[\"'\])]) +{_NO_OPERATOR}(?=[\w(\"'])")
"""A value and a blank before another value."""


def _syntax_fault(fault: SyntaxError, text: str, written: str, span: Span) -> Diagnostic:
    at = min(max((fault.offset or 2) - 2, 0), len(text)) if (fault.lineno or 1) == 1 else len(text)
    beside = _TWO_OPERANDS.search(text, at) if "forgot a comma" in fault.msg else None
    if beside is not None:
        at = beside.end()
    if at >= len(text.rstrip()) or "expected 'else'" in fault.msg:
        return reading.incomplete(span.within(len(text.rstrip()) - 1, len(text.rstrip())))
    end = at + 1
    while end < len(text) and (text[end].isalnum() or text[end] in "_."):
        end += 1
    return reading.unexpected(span.within(at, end), written[at:end])
