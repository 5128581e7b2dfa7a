"""The tool that calculates: exact where numbers are whole, to 30 digits where they are not.

Nothing is evaluated by Python: the expression's tree is walked, and only what is named here is
done. Every operation is bounded before it is carried out, so that no expression takes long or
grows large.
"""

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from decimal import Context, Decimal, DecimalException, localcontext
from typing import Any

from handlers.ports.chat import ToolSpec
from handlers.tools.tool import Tool, ToolOutput
from handlers.turn import Turn

MAX_CHARACTERS = 1_000
MAX_DIGITS = 4_000
"""Of a whole number: what Python writes out without complaint."""
MAX_BITS = int(MAX_DIGITS * math.log2(10))
MAX_FACTORIAL = 1_400
"""It has 3,790 digits or so."""
DIGITS = 30
FLOAT_ERROR = 1e-15
"""sin(pi) gives about a tenth of it."""
_CONTEXT = Context(prec=DIGITS + 6, Emax=MAX_DIGITS, Emin=-MAX_DIGITS)

Number = int | Decimal

_SIGNS = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "^": "@", "√": " sqrt "})
_PERCENT = re.compile(r"%(?=\s*(?:[-+*/@),%]|of\b|$))")
_OF = re.compile(r"\bof\b")
_FACTORIAL = re.compile(r"\b(\d+)\s*!")
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:[  ']\d{3})+(?![\d])")


class CalculationError(Exception):
    """The message is for the model."""


class Calculator(Tool):
    spec = ToolSpec(
        "calculator",
        "Calculates an expression exactly: + - * / // % ** ( ), decimals, percentages (20% is "
        "0.2; '15% of 80'), pi, e, tau and the functions sqrt, cbrt, exp, ln, log(x, base), log10, "
        "log2, sin, cos, tan, asin, acos, atan (radians), degrees, radians, abs, round(x, digits), "
        "floor, ceil, factorial, comb, perm, gcd, lcm, min, max, sum, mean, median. Use it for any "
        "arithmetic that is more than trivial.",
        {
            "type": "object",
            "properties": {
                "expression": {"type": "string", "description": "Such as (12.5 + 7) * 3 ** 2"}
            },
            "required": ["expression"],
            "additionalProperties": False,
        },
    )
    summary = "arithmetic without mistakes"

    async def call(self, turn: Turn, arguments: Mapping[str, Any]) -> ToolOutput:  # noqa: ARG002
        expression = arguments["expression"]
        try:
            result = calculate(expression)
        except CalculationError as wrong:
            return ToolOutput(f"Error: {wrong}", is_failed=True)
        shown = result if len(result) <= DIGITS else f"{result[:DIGITS]}…"
        return ToolOutput(result, title=f"calculator: {expression[:40]} = {shown}")


def calculate(expression: str) -> str:
    """The result, written out. CalculationError, in words for the model."""
    if len(expression) > MAX_CHARACTERS:
        raise CalculationError(f"more than {MAX_CHARACTERS} characters are too many.")
    source = _python(expression)
    try:
        tree = ast.parse(source, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as exc:
        raise CalculationError("this is no expression that I can read.") from exc
    try:
        with localcontext(_CONTEXT):
            return _written(_Walk(source).value(tree.body))
    except ZeroDivisionError as exc:
        raise CalculationError("it divides by zero.") from exc
    except (DecimalException, OverflowError) as exc:
        raise CalculationError("a number in it is too large, too small or undefined.") from exc
    except (ValueError, ArithmeticError) as exc:
        raise CalculationError("a function in it is not defined there.") from exc
    except RecursionError as exc:
        raise CalculationError("it is nested too deeply.") from exc


def _python(expression: str) -> str:
    """As Python would write it; percentages are hundredths, and ^ is a power, as people mean it."""
    text = _GROUPED.sub(lambda found: re.sub(r"\D", "", found[0]), expression.strip())
    text = _PERCENT.sub("*(1/100)", text.translate(_SIGNS)).replace("@", "**")
    return _FACTORIAL.sub(r"factorial(\1)", _OF.sub("*", text)).strip().rstrip("= ")


class _Walk:
    def __init__(self, source: str) -> None:
        self._source = source

    def value(self, node: ast.AST) -> Number:
        match node:
            case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
                return self._number(node)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.value(operand)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.value(operand)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
                return _bounded(_OPERATIONS[type(op)](self.value(left), self.value(right)))
            case ast.Name(id=name) if name.lower() in _CONSTANTS:
                return _CONSTANTS[name.lower()]
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                return self._call(name.lower(), args)
        raise CalculationError(f"{self._words(node)!r} is nothing that I can calculate.")

    def _number(self, node: ast.Constant) -> Number:
        if isinstance(node.value, int):
            return _bounded(node.value)
        # As it is written: as a float it would have lost digits.
        return _bounded(Decimal(self._words(node).replace("_", "")))

    def _words(self, node: ast.AST) -> str:
        return (ast.get_source_segment(self._source, node) or "?")[:60]

    def _call(self, name: str, args: list[ast.expr]) -> Number:
        function = _FUNCTIONS.get(name)
        if function is None:
            raise CalculationError(f"there is no function {name!r}; there are {_NAMES}.")
        values = [
            self.value(one)
            for arg in args
            for one in (arg.elts if isinstance(arg, ast.List | ast.Tuple) else [arg])
        ]
        try:
            return _bounded(function(*values))
        except TypeError as exc:
            raise CalculationError(f"{name} takes other numbers than these.") from exc


def _bounded(value: Number) -> Number:
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise OverflowError
    return value


def _decimal(value: Number) -> Decimal:
    return Decimal(value) if isinstance(value, int) else value


def _both(operation: Callable[[Any, Any], Any]) -> Callable[[Number, Number], Number]:
    """Exact for whole numbers."""

    def carry_out(one: Number, other: Number) -> Number:
        if isinstance(one, int) and isinstance(other, int):
            return int(operation(one, other))
        result: Decimal = operation(_decimal(one), _decimal(other))
        return result

    return carry_out


def _divide(one: Number, other: Number) -> Number:
    if isinstance(one, int) and isinstance(other, int) and other and one % other == 0:
        return one // other
    return _decimal(one) / _decimal(other)


def _floor_divide(one: Number, other: Number) -> Number:
    if isinstance(one, int) and isinstance(other, int):
        return one // other
    return _floor(_decimal(one) / _decimal(other))


def _modulo(one: Number, other: Number) -> Number:
    if isinstance(one, int) and isinstance(other, int):
        return one % other
    return _decimal(one) - _decimal(other) * _floor(_decimal(one) / _decimal(other))


def _power(base: Number, exponent: Number) -> Number:
    if isinstance(base, int) and isinstance(exponent, int) and exponent >= 0:
        if abs(base) > 1 and base.bit_length() * exponent > MAX_BITS + base.bit_length():
            raise OverflowError
        return int(base**exponent)
    return _decimal(base) ** _decimal(exponent)


def _whole(value: Number) -> int:
    """A whole number, given as one. TypeError."""
    if isinstance(value, Decimal):
        if value != value.to_integral_value():
            raise TypeError
        value = int(value)
    return value


def _floor(value: Number) -> int:
    return math.floor(value)


def _round(value: Number, digits: Number = 0) -> Number:
    """As people round: halves away from zero."""
    places = _whole(digits)
    if abs(places) > DIGITS:
        raise OverflowError
    if isinstance(value, int) and places >= 0:
        return value
    rounded = _decimal(value).quantize(Decimal(1).scaleb(-places), rounding="ROUND_HALF_UP")
    return int(rounded) if places <= 0 else rounded


def _factorial(value: Number) -> int:
    whole = _whole(value)
    if whole > MAX_FACTORIAL:
        raise OverflowError
    return math.factorial(whole)


def _choices(count: Callable[[int, int], int]) -> Callable[[Number, Number], int]:
    def carry_out(one: Number, other: Number) -> int:
        n, k = _whole(one), _whole(other)
        if n > 10 * MAX_FACTORIAL or min(k, n) > MAX_FACTORIAL:
            raise OverflowError
        return count(n, k)

    return carry_out


def _of_float(function: Callable[[float], float]) -> Callable[[Number], Decimal]:
    """To the 15 digits of a float; what is nothing but its error is nothing."""

    def carry_out(value: Number) -> Decimal:
        result = function(float(value))
        exact = Context(prec=15).create_decimal_from_float(result)
        return exact if abs(result) >= FLOAT_ERROR else Decimal(0)

    return carry_out


def _log(value: Number, base: Number | None = None) -> Decimal:
    natural = _decimal(value).ln()
    return natural if base is None else natural / _decimal(base).ln()


def _cbrt(value: Number) -> Decimal:
    root = abs(_decimal(value)) ** (Decimal(1) / 3)
    return root if value >= 0 else -root


def _mean(*values: Number) -> Number:
    return _divide(_sum(*values), len(values))


def _sum(*values: Number) -> Number:
    total: Number = 0
    for value in values:
        total = _OPERATIONS[ast.Add](total, value)
    return total


def _median(*values: Number) -> Number:
    ordered, middle = sorted(values), len(values) // 2
    if not values:
        raise TypeError
    return ordered[middle] if len(values) % 2 else _mean(*ordered[middle - 1 : middle + 1])


_OPERATIONS: Mapping[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: _both(operator.add),
    ast.Sub: _both(operator.sub),
    ast.Mult: _both(operator.mul),
    ast.Div: _divide,
    ast.FloorDiv: _floor_divide,
    ast.Mod: _modulo,
    ast.Pow: _power,
}
_CONSTANTS: Mapping[str, Number] = {
    "pi": Decimal("3.14159265358979323846264338327950288"),
    "π": Decimal("3.14159265358979323846264338327950288"),
    "tau": Decimal("6.28318530717958647692528676655900577"),
    "e": Decimal("2.71828182845904523536028747135266250"),
}
_FUNCTIONS: Mapping[str, Callable[..., Number]] = {
    "abs": abs,
    "round": _round,
    "floor": _floor,
    "ceil": math.ceil,
    "sqrt": lambda value: _decimal(value).sqrt(),
    "cbrt": _cbrt,
    "exp": lambda value: _decimal(value).exp(),
    "ln": _log,
    "log": _log,
    "log10": lambda value: _decimal(value).log10(),
    "log2": lambda value: _log(value, 2),
    **{name: _of_float(getattr(math, name)) for name in ("sin", "cos", "tan")},
    **{name: _of_float(getattr(math, name)) for name in ("asin", "acos", "atan")},
    **{name: _of_float(getattr(math, name)) for name in ("degrees", "radians")},
    "factorial": _factorial,
    "comb": _choices(math.comb),
    "perm": _choices(math.perm),
    "gcd": lambda *values: math.gcd(*map(_whole, values)),
    "lcm": lambda *values: math.lcm(*map(_whole, values)),
    "min": lambda *values: min(values),
    "max": lambda *values: max(values),
    "sum": _sum,
    "mean": _mean,
    "median": _median,
}
_NAMES = ", ".join(_FUNCTIONS)


def _written(value: Number) -> str:
    if isinstance(value, int):
        return str(value)
    rounded = Context(prec=DIGITS).plus(value)
    if rounded == rounded.to_integral_value() and rounded.adjusted() < DIGITS:
        return str(int(rounded))
    plain = rounded.normalize()
    is_plain = -10 < plain.adjusted() < DIGITS
    return f"{plain:f}" if is_plain else str(plain)
