"""CloudWatch's metric math, as far as this target computes it ("Using math expressions with CloudWatch metrics").

Numbers, metrics by their id, + - * / and comparisons, AND and OR, IF, FILL with a number, and of several metrics MAX, MIN,
SUM and AVG. A metric is a list of data points, None where there is none; an expression has a data point where all of its
metrics have one. Everything else is refused by name.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence

Points = Sequence[float | None]

_OPERATORS: dict[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Gt: lambda left, right: float(left > right),
    ast.GtE: lambda left, right: float(left >= right),
    ast.Lt: lambda left, right: float(left < right),
    ast.LtE: lambda left, right: float(left <= right),
    ast.Eq: lambda left, right: float(left == right),
    ast.NotEq: lambda left, right: float(left != right),
}
_OF_SEVERAL: dict[str, Callable[[Sequence[float]], float]] = {
    "MAX": max,
    "MIN": min,
    "SUM": sum,
    "AVG": lambda values: sum(values) / len(values),
}


class UnknownExpression(Exception):
    """An expression that this target does not compute; the message names the part."""


def parse(expression: str) -> ast.expr:
    """The tree of an expression.

    Raises:
        UnknownExpression
    """
    text = re.sub(r"\bAND\b|&&", " and ", re.sub(r"\bOR\b|\|\|", " or ", expression)).strip()
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise UnknownExpression(f"the expression {expression!r}") from error
    _evaluate(tree, lambda _name: 1.0)  # every part is looked at once, so that what is unknown is known now
    return tree


def compute(expression: str, metrics: Mapping[str, Points]) -> list[float | None]:
    """The expression's data points; all metrics have the same number of them.

    Raises:
        UnknownExpression: also for a metric that is not among `metrics`.
    """
    tree = parse(expression)
    length = max((len(points) for points in metrics.values()), default=0)

    def at(position: int) -> float | None:
        def value(name: str) -> float | None:
            if name not in metrics:
                raise UnknownExpression(f"the metric {name!r} of {expression!r}, which is none of {', '.join(sorted(metrics))}")
            return metrics[name][position]

        return _evaluate(tree, value)

    return [at(position) for position in range(length)]


def _evaluate(node: ast.expr, value: Callable[[str], float | None]) -> float | None:
    found: float | None
    match node:
        case ast.Constant(value=int() | float() as number):
            found = float(number)
        case ast.Name(id=name):
            found = value(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            found = _binary(ast.Sub(), 0.0, _evaluate(operand, value))
        case ast.BinOp(left=left, op=op, right=right):
            found = _binary(op, _evaluate(left, value), _evaluate(right, value))
        case ast.Compare(left=left, ops=[comparison], comparators=[right]):
            found = _binary(comparison, _evaluate(left, value), _evaluate(right, value))
        case ast.BoolOp(op=join, values=parts):
            known = [part for part in (_evaluate(part, value) for part in parts) if part is not None]
            found = float((all if isinstance(join, ast.And) else any)(known)) if len(known) == len(parts) else None
        case ast.Call(func=ast.Name(id=name), args=arguments):
            found = _call(name, arguments, value)
        case _:
            raise UnknownExpression(f"{ast.unparse(node)!r} in a metric math expression")
    return found


def _binary(op: ast.AST, left: float | None, right: float | None) -> float | None:
    if not isinstance(op, ast.Div) and type(op) not in _OPERATORS:
        raise UnknownExpression(f"the operator {type(op).__name__} in a metric math expression")
    if left is None or right is None:
        return None
    if isinstance(op, ast.Div):
        return left / right if right else None
    return _OPERATORS[type(op)](left, right)


def _call(name: str, arguments: Sequence[ast.expr], value: Callable[[str], float | None]) -> float | None:
    if name == "IF" and len(arguments) == 3:
        condition, then, otherwise = (_evaluate(argument, value) for argument in arguments)
        return None if condition is None else then if condition else otherwise
    if name == "FILL" and len(arguments) == 2 and isinstance(arguments[1], ast.Constant):
        found = _evaluate(arguments[0], value)
        return _evaluate(arguments[1], value) if found is None else found
    if name in _OF_SEVERAL:
        parts = arguments[0].elts if len(arguments) == 1 and isinstance(arguments[0], ast.List) else arguments
        known = [found for part in parts if (found := _evaluate(part, value)) is not None]
        return _OF_SEVERAL[name](known) if known else None
    raise UnknownExpression(f"the function {name} with {len(arguments)} arguments in a metric math expression")
