"""What a function's parameters get: by place, by name, by default; type variables, constants, series."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruleengine import units
from ruleengine.diagnostics import Span
from ruleengine.diagnostics.catalogue import measures, naming
from ruleengine.functions.base import Function, Param
from ruleengine.syntax import parse, tree
from ruleengine.typecheck import steps
from ruleengine.typecheck.constants import fold
from ruleengine.typecheck.fitting import alike, fit, homely
from ruleengine.typecheck.remedies import of_value
from ruleengine.typecheck.typed import Expr, SeriesCall, StepCall
from ruleengine.units import ANY, BARS, DISTANCE, PRICE, TIME, Type

if TYPE_CHECKING:
    from ruleengine.typecheck.expression import Checker

Variables = dict[str, Expr]
"""What each type variable of a call stands for: the first argument that said so."""


def apply(checker: Checker, function: Function, node: tree.Call, place: Span) -> Expr:
    """The node of a call of a catalogue function."""
    bound = _bind(checker, function, node)
    lost = Expr("const", ANY, data=True, span=place)
    if bound is None:
        return lost
    read = _with_units(checker, [(param, _read(checker, param, syntax)) for param, syntax in bound])
    args: list[Expr] = []
    constants: list[float] = []
    variables: Variables = {}
    for param, expr in read:
        fitted = _fitted(checker, function, param, expr, variables, place)
        if fitted.type == ANY:
            return lost
        if param.constant:
            constants.append(float(fitted.data))
        else:
            args.append(fitted)
    result = _result_type(function, variables, args)
    if function.kind == "scalar":
        return Expr("call", result, tuple(args), function, place)
    if function.kind == "step":
        return steps.step(checker, StepCall(function.name, tuple(constants)), result, tuple(args), place)
    source: SeriesCall = args[0].data
    call = source._replace(function=function.name, constants=tuple(constants))
    return Expr("series", result, (), call, place)


def signature_of(function: Function) -> str:
    parts = [param.name + (f"={param.default}" if param.default is not None else "") for param in function.params]
    return f"{function.name}({', '.join(parts)}{', …' if function.variadic else ''})"


# --- which argument is which parameter's -----------------------------------------------------------------------------


def _bind(checker: Checker, function: Function, node: tree.Call) -> list[tuple[Param, tree.Syntax]] | None:
    """Arguments by parameter, in the parameters' order; None with a finding."""
    place, given, params = checker.span(node), len(node.arguments) + len(node.keywords), function.params
    wrong_count = naming.argument_count(place, function.name, signature_of(function), given)
    if function.variadic:
        if node.keywords or given < len(params):
            checker.fail(wrong_count)
            return None
        padded = [*params, *[params[-1]] * (given - len(params))]
        return list(zip(padded, node.arguments, strict=True))
    if len(node.arguments) > len(params):
        checker.fail(wrong_count)
        return None
    by_name = {param.name: argument for param, argument in zip(params, node.arguments, strict=False)}
    for name, value, start in node.keywords:
        where = checker.at(start, start + len(name))
        if name not in {param.name for param in params}:
            checker.fail(naming.unknown_parameter(where, function.name, name, [param.name for param in params]))
            return None
        if name in by_name:
            checker.fail(naming.argument_twice(where, function.name, name))
            return None
        by_name[name] = value
    if any(param.name not in by_name and param.default is None for param in params):
        checker.fail(wrong_count)
        return None
    return [(param, by_name[param.name] if param.name in by_name else _default(param)) for param in params]


def _default(param: Param) -> tree.Syntax:
    assert param.default is not None
    syntax, _ = parse(param.default, Span("<default>", 1, 1, 1, len(param.default) + 1))
    assert syntax is not None
    return syntax


# --- types -----------------------------------------------------------------------------------------------------------


def _read(checker: Checker, param: Param, syntax: tree.Syntax) -> Expr:
    takes_bars = isinstance(param.type, Type) and param.type.kind in ("bars", "series")
    return checker.read(syntax, takes_bars)


def _with_units(checker: Checker, read: list[tuple[Param, Expr]]) -> list[tuple[Param, Expr]]:
    """Arguments that share a type variable brought to one type, where that can be: max(0, trade.pnl)."""
    variables = {param.type for param, _ in read if isinstance(param.type, str)}
    for variable in sorted(variables):
        together = [expr for param, expr in read if param.type == variable]
        fitted = None if any(expr.type == ANY for expr in together) else alike(checker, *together)
        if fitted is not None:
            of_it = iter(fitted)
            read = [(param, next(of_it) if param.type == variable else expr) for param, expr in read]
    return read


def _fitted(checker: Checker, function: Function, param: Param, expr: Expr, variables: Variables, place: Span) -> Expr:
    """The argument as its parameter wants it, or a lost node with a finding."""
    if expr.type == ANY:
        return expr
    at = expr.span or place
    wanted = param.type
    if isinstance(wanted, str):
        if expr.type.kind not in units.NUMERIC or expr.type == TIME:
            return checker.fail(measures.argument_type(at, function.name, param.name, "number", str(expr.type)))
        wanted = homely(checker, variables.setdefault(wanted, expr).type)
    if wanted.kind in ("bars", "series"):
        return _series(checker, function, param, wanted, expr, at)
    fitted = fit(checker, expr, wanted)
    if fitted is None:
        remedy = of_value(checker, expr, wanted)
        return checker.fail(measures.argument_type(at, function.name, param.name, str(wanted), str(expr.type), remedy))
    return _constant(checker, function, param, fold(fitted), at) if param.constant else fitted


def _constant(checker: Checker, function: Function, param: Param, expr: Expr, place: Span) -> Expr:
    if expr.op != "const":
        return checker.fail(naming.argument_not_constant(place, function.name, param.name))
    low, high, number = param.least, param.most, float(expr.data)
    if (low is not None and number < low) or (high is not None and number > high):
        bounds = f"at least {low:g}" if high is None else f"at most {high:g}" if low is None else f"{low:g} to {high:g}"
        return checker.fail(naming.argument_bounds(place, function.name, param.name, bounds))
    if expr.type.kind in ("count", "bar_count") and number != int(number):
        return checker.fail(naming.argument_bounds(place, function.name, param.name, "a whole number"))
    return expr


def _series(checker: Checker, function: Function, param: Param, wanted: Type, expr: Expr, place: Span) -> Expr:
    is_source = expr.op == "series" and expr.data.function == ""
    if is_source and (wanted.kind == "bars") == (expr.type == BARS):
        if wanted.kind == "series" and wanted.arg not in ("", "any", expr.type.kind):
            return checker.fail(measures.argument_type(place, function.name, param.name, str(wanted), str(expr.type)))
        return expr
    got = "timeframe" if expr.type == BARS else f"{'series of' if is_source else 'value in'} {expr.type}"
    expected = "timeframe such as `m1`" if wanted.kind == "bars" else "series such as `m1.close`"
    return checker.fail(measures.argument_type(place, function.name, param.name, expected, got))


def _result_type(function: Function, variables: Variables, args: list[Expr]) -> Type:
    returns = function.returns
    if isinstance(returns, Type):
        return returns
    of = returns.removeprefix("spread of ")
    source = args[0].type if of == "element" else variables[of].type
    return DISTANCE if source == PRICE and of != returns else source
