"""General nodes of the core, by kind: values against float64 NumPy, gradients against central differences.

A node's operands are arrays with a batch (fed as inputs) or without (read from a variable, or a constant where they are
not floats). Results without a batch are broadcast to the rows of one, so that they can be read and be given
gradients. A row must not depend on other rows of the batch, nor any result on the threads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from fastnn import _core

ROWS = 5
STEP = 1e-6


@dataclass
class Batched:
    """An operand with a batch: the array's first axis."""

    value: Any


@dataclass
class Fixed:
    """An operand without a batch."""

    value: Any


Operand = Batched | Fixed


@dataclass
class Case:
    name: str
    kind: str
    config: dict[str, Any]
    operands: list[Operand]
    reference: Callable[..., Any]
    rtol: float = 2e-6
    gradients: bool = True
    gradient_rtol: float = 1e-4


@dataclass
class Run:
    values: list[Any]
    gradients: list[Any]  # per operand; None where there is none


def dtype_of(value: Any) -> str:
    return {"f": "float32", "i": "int32", "b": "bool"}[np.asarray(value).dtype.kind]


def laid(graph: Any, operands: list[Operand]) -> tuple[list[int], list[Any], list[Any]]:
    """Returns the operands' edges, the arrays to feed, and for each operand its variable, or None."""
    edges: list[int] = []
    arrays: list[Any] = []
    variables: list[Any] = []
    for i, operand in enumerate(operands):
        value, dtype = np.asarray(operand.value), dtype_of(operand.value)
        if isinstance(operand, Batched):
            edges.append(graph.input((None, *value.shape[1:]), dtype))
            arrays.append(value.astype(dtype))
            variables.append(None)
        elif dtype == "float32":
            variable = _core.Variable(f"v{i}", value.shape, True)
            variable.assign(value.astype(np.float32))
            edges += graph.add("Variable", f"v{i}", {"shape": value.shape}, [], [variable])
            variables.append(variable)
        else:
            constant = {"value": value.reshape(-1).astype(np.float32), "dtype": dtype, "shape": value.shape}
            edges += graph.add("Constant", f"c{i}", constant, [])
            variables.append(None)
    return edges, arrays, variables


def run(kind: str, config: dict[str, Any], operands: list[Operand], cotangents: list[Any] | None = None) -> Run:
    """Runs one node forward and backward. Cotangents have the shapes of the outputs; by default they are ones."""
    graph = _core.Graph()
    rows = next((len(o.value) for o in operands if isinstance(o, Batched)), ROWS)
    edges, arrays, variables = laid(graph, operands)
    outputs = graph.add(kind, "node", config, edges)
    like = graph.input((None,), "float32")
    arrays.append(np.zeros(rows, np.float32))
    specs = [graph.spec(edge) for edge in outputs]
    wanted, given = [], []
    for k, (edge, (shape, _)) in enumerate(zip(outputs, specs, strict=True)):
        batched = shape[:1] == (None,)
        full = (rows, *shape[1:]) if batched else shape
        cotangent = np.ones(full, np.float32) if cotangents is None else np.asarray(cotangents[k], np.float32)
        if not batched:
            (edge,) = graph.add("BroadcastLike", "like", {"shape": shape}, [edge, like])
            cotangent = np.stack([cotangent] + [np.zeros_like(cotangent)] * (rows - 1))
        wanted.append(edge)
        given.append(cotangent)
    values, dxs, dws = _core.vjp(graph, wanted, arrays, given, True)
    for k, (shape, dtype) in enumerate(specs):
        assert values[k].dtype == dtype
        if shape[:1] != (None,):
            np.testing.assert_array_equal(values[k], np.broadcast_to(values[k][:1], values[k].shape))
            values[k] = values[k][0]
    inputs, gradients = iter(dxs), []
    for operand, variable in zip(operands, variables, strict=True):
        if isinstance(operand, Batched):
            gradients.append(next(inputs))
        else:
            gradients.append(next((g for v, g in dws if v is variable), None))
    return Run(values, gradients)


def exactly(operands: list[Operand]) -> list[Any]:
    """Returns the operands as the node reads them, floats as float64."""
    found = []
    for operand in operands:
        value = np.asarray(operand.value)
        found.append(value.astype(np.float32).astype(np.float64) if value.dtype.kind == "f" else value)
    return found


def as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, tuple) else [value]


def assert_close(got: Any, expected: Any, rtol: float, what: str) -> None:
    expected = np.asarray(expected)
    assert got.shape == expected.shape, f"{what}: shape {got.shape}, expected {expected.shape}"
    if expected.dtype.kind != "f":
        np.testing.assert_array_equal(got, expected, err_msg=what)
        return
    np.testing.assert_array_equal(np.isnan(got), np.isnan(expected), err_msg=f"{what}: NaN")
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(got[~finite], expected[~finite].astype(np.float32), err_msg=what)
    largest = np.abs(expected[finite]).max(initial=0.0)
    error = np.abs(got[finite] - expected[finite]).max(initial=0.0)
    assert error <= rtol * max(largest, 1e-3), f"{what}: error {error:.3g}, largest element {largest:.3g}"


def assert_case(case: Case) -> None:
    exact = exactly(case.operands)
    with np.errstate(all="ignore"):
        expected = as_list(case.reference(*exact))
    rng = np.random.default_rng(5)
    cotangents = [rng.normal(size=np.shape(e)).astype(np.float32) for e in expected]
    _core.set_num_threads(1)
    first = run(case.kind, case.config, case.operands, cotangents)
    for k, (got, e) in enumerate(zip(first.values, expected, strict=True)):
        assert_close(got, e, case.rtol, f"{case.name}: output {k}")
    _core.set_num_threads(4)
    again = run(case.kind, case.config, case.operands, cotangents)
    _core.set_num_threads(0)
    for a, b in zip([*first.values, *first.gradients], [*again.values, *again.gradients], strict=True):
        if a is None:
            assert b is None
        else:
            np.testing.assert_array_equal(a, b)
    for i, value in enumerate(exact):
        if value.dtype.kind != "f" or not case.gradients:
            assert first.gradients[i] is None or not np.any(first.gradients[i]), f"{case.name}: gradient of {i}"
            continue
        gradient = first.gradients[i]
        assert gradient is not None, f"{case.name}: no gradient of operand {i}"
        assert gradient.shape == value.shape

        def total(moved: Any, i: int = i) -> float:
            results = as_list(case.reference(*exact[:i], moved, *exact[i + 1 :]))
            pairs = zip(results, cotangents, strict=True)
            return float(sum((r * c).sum() for r, c in pairs if np.asarray(r).dtype.kind == "f"))

        groups = min(value.size, 12)
        group = rng.permutation(value.size).reshape(value.shape) % max(groups, 1)
        signs = rng.choice([-1.0, 1.0], size=value.shape)
        tolerance = (
            case.gradient_rtol * max(np.abs(gradient).max(initial=0.0), 0.1) * np.sqrt(value.size / max(groups, 1))
        )
        for g in range(groups):
            move = np.where(group == g, signs, 0.0)
            numerical = (total(value + STEP * move) - total(value - STEP * move)) / (2 * STEP)
            error = abs(numerical - float((gradient * move).sum()))
            assert error <= tolerance, f"{case.name}: operand {i}, group {g}: {error:.3g} from {numerical:.6g}"


def normal(*shape: int, seed: int = 0, scale: float = 1.0, offset: float = 0.0) -> Any:
    return np.random.default_rng([seed, *shape]).normal(size=shape) * scale + offset


def uniform(*shape: int, low: float = -1.0, high: float = 1.0, seed: int = 0) -> Any:
    return np.random.default_rng([seed, *shape]).uniform(low, high, size=shape)


def whole(*shape: int, low: int = -5, high: int = 6, seed: int = 0) -> Any:
    return np.random.default_rng([seed, *shape]).integers(low, high, size=shape).astype(np.int32)


def flags(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng([seed, *shape]).integers(0, 2, size=shape).astype(bool)


def refused(kind: str, config: dict[str, Any], specs: list[Any], match: str) -> None:
    with pytest.raises((ValueError, TypeError), match=match):
        _core.infer(kind, "node", config, specs)


def needs_rows(kind: str, config: dict[str, Any], specs: list[Any]) -> None:
    """Checks that a node is made for each number of rows; `test_batch_axis.py` compares what such nodes compute."""
    with pytest.raises(_core.RowsNeeded):
        _core.infer(kind, "node", config, specs)


# Unary ----------------------------------------------------------------------------------------------------------------


def erf(x: Any) -> Any:
    """Computes the error function by its series, which is accurate for |x| < 4."""
    x = np.asarray(x, np.float64)
    term, total = x.copy(), x.copy()
    for n in range(1, 120):
        term = term * -x * x / n
        total = total + term / (2 * n + 1)
    return total * 2 / np.sqrt(np.pi)


def erfinv(y: Any) -> Any:
    """Computes the inverse error function by bisection."""
    y = np.asarray(y, np.float64)
    low, high = np.full_like(y, -4.0), np.full_like(y, 4.0)
    for _ in range(70):
        middle = (low + high) / 2
        below = erf(middle) < y
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2


UNARY: dict[str, tuple[Callable[..., Any], float, float]] = {
    "negative": (np.negative, -3, 3),
    "abs": (np.abs, -3, 3),
    "exp": (np.exp, -8, 8),
    "exp2": (np.exp2, -8, 8),
    "expm1": (np.expm1, -4, 4),
    "log": (np.log, 0.01, 50),
    "log1p": (np.log1p, -0.9, 20),
    "log2": (np.log2, 0.01, 50),
    "log10": (np.log10, 0.01, 50),
    "sqrt": (np.sqrt, 0.01, 50),
    "rsqrt": (lambda x: 1 / np.sqrt(x), 0.05, 50),
    "square": (np.square, -4, 4),
    "reciprocal": (lambda x: 1 / x, 0.1, 5),
    "sin": (np.sin, -20, 20),
    "cos": (np.cos, -20, 20),
    "tan": (np.tan, -1.4, 1.4),
    "arcsin": (np.arcsin, -0.95, 0.95),
    "arccos": (np.arccos, -0.95, 0.95),
    "arctan": (np.arctan, -8, 8),
    "sinh": (np.sinh, -5, 5),
    "cosh": (np.cosh, -5, 5),
    "tanh": (np.tanh, -4, 4),
    "arcsinh": (np.arcsinh, -20, 20),
    "arccosh": (np.arccosh, 1.05, 20),
    "arctanh": (np.arctanh, -0.95, 0.95),
    "erf": (erf, -2.5, 2.5),
    "erfinv": (erfinv, -0.97, 0.97),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), -8, 8),
    "sign": (np.sign, -3, 3),
    "floor": (np.floor, -9, 9),
    "ceil": (np.ceil, -9, 9),
    "round": (np.round, -9, 9),
    "trunc": (np.trunc, -9, 9),
}
FLAT = {"sign", "floor", "ceil", "round", "trunc"}


@pytest.mark.parametrize("op", UNARY)
@pytest.mark.parametrize("shape", [(), (7,), (3, 33)], ids=str)
def test_unary(op: str, shape: tuple[int, ...]) -> None:
    function, low, high = UNARY[op]
    operands: list[Operand] = [Batched(uniform(ROWS, *shape, low=low, high=high))]
    assert_case(Case(op, "Unary", {"op": op}, operands, function, gradients=op not in FLAT))
    operands = [Fixed(uniform(*shape, low=low, high=high))]
    assert_case(Case(op, "Unary", {"op": op}, operands, function, gradients=op not in FLAT))


def ulps(got: Any, expected: Any) -> float:
    expected = np.asarray(expected, np.float64)
    spacing = np.spacing(np.abs(expected).astype(np.float32)).astype(np.float64)
    return float((np.abs(got - expected) / spacing).max())


@pytest.mark.parametrize(
    ("op", "low", "high", "most"),
    [
        ("sin", -1e4, 1e4, 1), ("cos", -1e4, 1e4, 1), ("tan", -1e4, 1e4, 1), ("sin", -1e6, 1e6, 1),
        ("sin", -1e-3, 1e-3, 1), ("arcsin", -1, 1, 1), ("arccos", -1, 1, 1), ("arctan", -100, 100, 1),
        ("sinh", -80, 80, 1), ("sinh", -0.02, 0.02, 1), ("cosh", -80, 80, 1), ("arcsinh", -1e6, 1e6, 1),
        ("arcsinh", -0.02, 0.02, 1), ("arccosh", 1, 1e6, 1), ("arctanh", -1, 1, 1), ("arctanh", -0.02, 0.02, 1),
        ("exp2", -120, 120, 1), ("log2", 1e-30, 1e30, 1), ("log10", 1e-30, 1e30, 1), ("erfinv", -0.999, 0.999, 1),
        ("log1p", -0.5, 0.5, 3), ("expm1", -1, 1, 3),
    ],
)  # fmt: skip
def test_unary_is_exact_to_the_last_places(op: str, low: float, high: float, most: float) -> None:
    x = uniform(20001, low=low, high=high).astype(np.float32)
    (y,) = run("Unary", {"op": op}, [Batched(x)]).values
    assert ulps(y, UNARY[op][0](x.astype(np.float64))) <= most


def test_unary_at_the_edges() -> None:
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 1e-40, -1e-40, 2.5, -2.5, 3.5, -0.5, 0.5, 8388609.0])
    x = x.astype(np.float32)
    for op, (function, _, _) in UNARY.items():
        if op in {"erf", "erfinv"}:
            continue
        (y,) = run("Unary", {"op": op}, [Batched(x)]).values
        with np.errstate(all="ignore"):
            expected = function(x.astype(np.float64)).astype(np.float32)
        ordinary = np.abs(x) != np.float32(1e-40)  # such numbers count as zero in a run
        np.testing.assert_allclose(y[ordinary], expected[ordinary], rtol=1e-6, err_msg=op)
        if op in FLAT | {"negative", "sin", "arcsin", "tanh"}:
            np.testing.assert_array_equal(np.signbit(y[:2]), np.signbit(expected[:2]), err_msg=op)
    (y,) = run("Unary", {"op": "erfinv"}, [Batched(np.array([1.0, -1.0, 0.0, 2.0, np.nan]))]).values
    np.testing.assert_array_equal(y, [np.inf, -np.inf, 0, np.nan, np.nan])
    for op, function in {"isnan": np.isnan, "isinf": np.isinf, "isfinite": np.isfinite}.items():
        (y,) = run("Unary", {"op": op}, [Batched(x)]).values
        np.testing.assert_array_equal(y, function(x), err_msg=op)


def test_unary_of_whole_numbers_and_bools() -> None:
    for op, function in {"negative": np.negative, "abs": np.abs, "sign": np.sign, "square": np.square}.items():
        assert_case(Case(op, "Unary", {"op": op}, [Batched(whole(ROWS, 7))], function))
        assert_case(Case(op, "Unary", {"op": op}, [Fixed(whole(3, 5))], function))
    assert_case(Case("not", "Unary", {"op": "logical_not"}, [Batched(flags(ROWS, 9))], np.logical_not))
    refused(
        "Unary", {"op": "exp"}, [((None, 3), "int32")], 'Unary "node": exp expects float32, got int32; cast it first'
    )
    refused("Unary", {"op": "logical_not"}, [((None, 3), "float32")], "expects bool, got float32")
    refused("Unary", {"op": "expo"}, [((None, 3), "float32")], 'one argument, got "expo"')


# Binary ---------------------------------------------------------------------------------------------------------------

BINARY: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "power": np.power,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "arctan2": np.arctan2,
    "mod": np.mod,
    "floor_divide": np.floor_divide,
}
PAIRS: dict[str, tuple[Any, Any]] = {
    "same": (Batched((ROWS, 7)), Batched((ROWS, 7))),
    "rank-1": (Batched((ROWS,)), Batched((ROWS,))),
    "scalar-right": (Batched((ROWS, 3, 5)), Fixed(())),
    "scalar-left": (Fixed(()), Batched((ROWS, 3, 5))),
    "bias": (Batched((ROWS, 4, 9)), Fixed((9,))),
    "bias-left": (Fixed((33,)), Batched((ROWS, 33))),
    "channel-1": (Batched((ROWS, 4, 1)), Batched((ROWS, 1, 6))),
    "sample": (Batched((ROWS, 4, 6)), Fixed((1, 4, 1))),
    "middle": (Batched((ROWS, 3, 1, 5)), Fixed((3, 4, 1))),
    "per-row": (Batched((ROWS, 1)), Fixed((1, 11))),
    "fixed": (Fixed((4, 1, 3)), Fixed((5, 1))),
    "fixed-scalars": (Fixed(()), Fixed(())),
    "larger-fixed": (Batched((ROWS, 1, 1)), Fixed((4, 3))),
}


@pytest.mark.parametrize("op", BINARY)
@pytest.mark.parametrize("pair", PAIRS)
def test_binary(op: str, pair: str) -> None:
    operands: list[Operand] = []
    for i, operand in enumerate(PAIRS[pair]):
        value = uniform(*operand.value, low=0.3, high=3.0, seed=i)
        if op not in {"power", "divide"}:
            value = value * np.random.default_rng(i).choice([-1.0, 1.0], size=operand.value)
        operands.append(type(operand)(value))
    smooth = op != "floor_divide"
    assert_case(Case(f"{op}-{pair}", "Binary", {"op": op}, operands, BINARY[op], gradients=smooth))


COMPARISONS: dict[str, Callable[..., Any]] = {
    "equal": np.equal,
    "not_equal": np.not_equal,
    "less": np.less,
    "less_equal": np.less_equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
}


@pytest.mark.parametrize("pair", PAIRS)
def test_binary_of_whole_numbers_comparisons_and_logic(pair: str) -> None:
    def made(make: Callable[..., Any]) -> list[Operand]:
        return [type(o)(make(*o.value, seed=i)) for i, o in enumerate(PAIRS[pair])]

    numbers = made(whole)
    for op in ("add", "subtract", "multiply", "maximum", "minimum"):
        assert_case(Case(op, "Binary", {"op": op}, numbers, BINARY[op]))
    divided = [numbers[0], type(numbers[1])(np.where(numbers[1].value == 0, 3, numbers[1].value).astype(np.int32))]
    for op in ("floor_divide", "mod"):
        assert_case(Case(op, "Binary", {"op": op}, divided, BINARY[op]))
    powers = [numbers[0], type(numbers[1])(np.abs(numbers[1].value).astype(np.int32))]
    assert_case(Case("power", "Binary", {"op": "power"}, powers, np.power))
    floats = made(lambda *shape, seed: whole(*shape, seed=seed, low=-1, high=2).astype(np.float32))
    for op, function in COMPARISONS.items():
        assert_case(Case(op, "Binary", {"op": op}, numbers, function))
        assert_case(Case(op, "Binary", {"op": op}, floats, function, gradients=False))
    for op, function in {
        "logical_and": np.logical_and,
        "logical_or": np.logical_or,
        "logical_xor": np.not_equal,
    }.items():
        assert_case(Case(op, "Binary", {"op": op}, made(flags), function))


def test_ties_share_the_gradient() -> None:
    for op in ("maximum", "minimum"):
        found = run("Binary", {"op": op}, [Batched(np.ones((3, 5))), Batched(np.ones((3, 5)))])
        np.testing.assert_array_equal(found.gradients[0], np.full((3, 5), 0.5))
        np.testing.assert_array_equal(found.gradients[1], np.full((3, 5), 0.5))


def test_binary_at_the_edges() -> None:
    special = np.array([0.0, -0.0, 1.0, -1.0, 2.0, -3.0, 0.5, -2.5, np.inf, -np.inf, np.nan], np.float32)
    a, b = (v.reshape(-1).astype(np.float32) for v in np.meshgrid(special, special))
    for op, function in BINARY.items():
        (y,) = run("Binary", {"op": op}, [Batched(a), Batched(b)]).values
        with np.errstate(all="ignore"):
            expected = function(a, b)
        np.testing.assert_allclose(y, expected, rtol=1e-6, err_msg=op)
    for op, function in COMPARISONS.items():
        (y,) = run("Binary", {"op": op}, [Batched(a), Batched(b)]).values
        np.testing.assert_array_equal(y, function(a, b), err_msg=op)


def test_power_has_gradients_at_zero() -> None:
    found = run("Binary", {"op": "power"}, [Batched(np.zeros(3)), Fixed(np.array(2.0))])
    np.testing.assert_array_equal(found.gradients[0], [0, 0, 0])
    np.testing.assert_array_equal(found.gradients[1], 0)
    found = run("Binary", {"op": "power"}, [Batched(np.array([0.0, 2.0, -3.0])), Fixed(np.array(0.0))])
    np.testing.assert_array_equal(found.gradients[0], [0, 0, 0])


def test_power_is_exact_to_the_last_place() -> None:
    a, b = (
        uniform(20000, low=0.01, high=30, seed=1).astype(np.float32),
        uniform(20000, low=-20, high=20).astype(np.float32),
    )
    (y,) = run("Binary", {"op": "power"}, [Batched(a), Batched(b)]).values
    expected = a.astype(np.float64) ** b
    normal_range = (expected > 1e-37) & (expected < 3e38)
    assert ulps(y[normal_range], expected[normal_range]) <= 1


@pytest.mark.parametrize(
    ("shape", "other"),
    [((9000, 17), (17,)), ((300, 40, 10), (40, 1)), ((20000, 3), ()), ((7, 5000), (5000,)), ((2000, 1, 9), (5, 1))],
    ids=str,
)
def test_large_arrays_broadcast(shape: tuple[int, ...], other: tuple[int, ...]) -> None:
    for op in ("add", "subtract", "multiply"):
        operands = [Batched(normal(*shape)), Fixed(normal(*other))]
        assert_case(Case(op, "Binary", {"op": op}, operands, BINARY[op], gradient_rtol=1e-3))


def test_binary_refuses() -> None:
    f, batch = "float32", None
    refused("Binary", {"op": "add"}, [((batch, 3), f), ((5, 3), f)], "the batch matches no fixed size but 1")
    refused("Binary", {"op": "add"}, [((batch, 3), f), ((batch, 4), f)], r"expects shapes that broadcast.*\(batch, 4\)")
    needs_rows("Binary", {"op": "add"}, [((batch, 3), f), ((batch,), f)])
    needs_rows("Binary", {"op": "add"}, [((batch, 3), f), ((2, 1, 3), f)])
    refused("Binary", {"op": "add"}, [((batch, 3), f), ((batch, 3), "int32")], "of the same dtype.*cast one of them")
    refused("Binary", {"op": "divide"}, [((batch, 3), "int32")] * 2, "divide expects float32, got int32; cast")
    refused("Binary", {"op": "logical_and"}, [((batch, 3), f)] * 2, "logical_and expects bool")
    refused("Binary", {"op": "plus"}, [((batch, 3), f)] * 2, 'got "plus"')


# Where, Clip, Cast ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shapes",
    [
        (Batched((ROWS, 7)), Batched((ROWS, 7)), Batched((ROWS, 7))),
        (Batched((ROWS, 4, 1)), Batched((ROWS, 4, 6)), Fixed(())),
        (Batched((ROWS,)), Fixed((1,)), Batched((ROWS,))),
        (Fixed((6,)), Fixed((4, 1)), Fixed((3, 1, 1))),
        (Fixed((4, 1)), Fixed(()), Batched((ROWS, 1, 5))),
    ],
    ids=["same", "mask", "rank-1", "fixed", "mixed"],
)
def test_where(shapes: Any) -> None:
    condition = type(shapes[0])(flags(*shapes[0].value))
    values = [type(s)(normal(*s.value, seed=i)) for i, s in enumerate(shapes[1:])]
    assert_case(Case("where", "Where", {}, [condition, *values], np.where))
    numbers = [type(s)(whole(*s.value, seed=i)) for i, s in enumerate(shapes[1:])]
    assert_case(Case("where", "Where", {}, [condition, *numbers], np.where))


def test_clip_and_cast() -> None:
    x = normal(ROWS, 9, scale=2)
    assert_case(Case("clip", "Clip", {"low": -1.0, "high": 1.5}, [Batched(x)], lambda v: np.clip(v, -1, 1.5)))
    assert_case(Case("clip", "Clip", {"low": 0}, [Fixed(x)], lambda v: np.clip(v, 0, None)))
    assert_case(Case("clip", "Clip", {"high": 2}, [Batched(whole(ROWS, 9))], lambda v: np.clip(v, None, 2)))
    (y,) = run("Clip", {"low": -1.0, "high": 1.0}, [Batched(np.array([np.nan, np.inf, -np.inf]))]).values
    np.testing.assert_array_equal(y, [np.nan, 1, -1])
    given = {"float32": np.array([2.7, -2.7, 0.0, 0.3, 3e9, -3e9, np.nan]), "int32": whole(7), "bool": flags(7)}
    for source, value in given.items():
        for target in given:
            (y,) = run("Cast", {"dtype": target}, [Batched(value)]).values
            expected = (
                np.nan_to_num(value, nan=np.nan if target == "float32" else 0.0) if source == "float32" else value
            )
            if source == "float32" and target == "int32":
                expected = np.trunc(np.clip(expected, -(2.0**31), 2.0**31 - 1))
            if source == "float32" and target == "bool":
                expected = value != 0
            np.testing.assert_array_equal(y, expected.astype(target), err_msg=f"{source} to {target}")
    found = run("Cast", {"dtype": "float32"}, [Batched(x)])
    np.testing.assert_array_equal(found.gradients[0], np.ones_like(x))
    refused("Cast", {"dtype": "float16"}, [((None,), "float32")], '"float32", "int32" or "bool", got "float16"')


# Reduce ---------------------------------------------------------------------------------------------------------------


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))


REDUCTIONS: dict[str, Callable[..., Any]] = {
    "sum": np.sum,
    "mean": np.mean,
    "max": np.max,
    "min": np.min,
    "prod": np.prod,
    "logsumexp": logsumexp,
}
REDUCED: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
    ((9,), (1,)),
    ((9,), (0,)),
    ((9,), ()),
    ((), (0,)),
    ((4, 5), (1,)),
    ((4, 5), (-1,)),
    ((4, 5), (0, 1)),
    ((4, 5), (0, 2)),
    ((4, 5), (1, 2)),
    ((1, 33), (0,)),
    ((3, 4, 5), (1, 3)),
    ((3, 4, 5), (0, 2)),
    ((3, 4, 5), (2,)),
    ((3, 4, 5), (0, 1, 2)),
    ((2, 1, 3, 2), (2, 4)),
]


@pytest.mark.parametrize("op", REDUCTIONS)
@pytest.mark.parametrize("keepdims", [False, True], ids=["drop", "keep"])
@pytest.mark.parametrize(("shape", "axes"), REDUCED, ids=str)
def test_reduce(op: str, keepdims: bool, shape: tuple[int, ...], axes: tuple[int, ...]) -> None:
    def reference(x: Any) -> Any:
        return REDUCTIONS[op](x, axis=axes or None, keepdims=keepdims)

    config = {"op": op, "axes": axes, "keepdims": keepdims}
    x = uniform(ROWS, *shape, low=0.5, high=1.5)
    assert_case(Case(op, "Reduce", config, [Batched(x)], reference))
    assert_case(Case(op, "Reduce", config, [Fixed(x)], reference))


def test_reduce_of_a_single_number() -> None:
    for op, function in REDUCTIONS.items():
        for keepdims in (False, True):
            config = {"op": op, "axes": (), "keepdims": keepdims}
            assert_case(Case(op, "Reduce", config, [Fixed(np.array(1.5))], lambda x, f=function: np.asarray(f(x))))


@pytest.mark.parametrize(("rows", "columns"), [(3, 5000), (2100, 17), (20000, 3), (70001, 1), (1, 40000)], ids=str)
def test_reduce_large(rows: int, columns: int) -> None:
    x = normal(rows, columns)
    for op in ("sum", "mean", "max"):
        for axes in ((0,), (1,), (0, 1)):

            def reference(v: Any, op: str = op, axes: Any = axes) -> Any:
                return REDUCTIONS[op](v, axis=axes)

            assert_case(
                Case(op, "Reduce", {"op": op, "axes": axes}, [Batched(x)], reference, rtol=1e-5, gradient_rtol=1e-3)
            )


@pytest.mark.parametrize(("shape", "axes"), REDUCED, ids=str)
def test_reduce_whole_numbers_and_bools(shape: tuple[int, ...], axes: tuple[int, ...]) -> None:
    for make in (Batched, Fixed):
        numbers, bools = make(whole(ROWS, *shape)), make(flags(ROWS, *shape))
        for op, function in {"sum": np.sum, "max": np.max, "min": np.min, "prod": np.prod}.items():

            def reference(x: Any, function: Any = function) -> Any:
                return np.asarray(function(x, axis=axes or None)).astype(np.int32)

            assert_case(Case(op, "Reduce", {"op": op, "axes": axes}, [numbers], reference))
        for op, function in {"any": np.any, "all": np.all}.items():

            def truth(x: Any, function: Any = function) -> Any:
                return np.asarray(function(x, axis=axes or None))

            assert_case(Case(op, "Reduce", {"op": op, "axes": axes}, [bools], truth))


@pytest.mark.parametrize("op", ["argmax", "argmin"])
@pytest.mark.parametrize(("shape", "axis"), [((9,), 1), ((9,), 0), ((4, 5), 1), ((4, 5), -1), ((4, 5), 0), ((), 0)])
def test_places(op: str, shape: tuple[int, ...], axis: int) -> None:
    function = {"argmax": np.argmax, "argmin": np.argmin}[op]
    for value in (normal(ROWS, *shape), whole(ROWS, *shape, low=0, high=3)):
        for make in (Batched, Fixed):
            for keepdims in (False, True):

                def reference(x: Any, keepdims: bool = keepdims) -> Any:
                    return np.asarray(function(x, axis=axis, keepdims=keepdims)).astype(np.int32)

                config = {"op": op, "axes": [axis], "keepdims": keepdims}
                assert_case(Case(op, "Reduce", config, [make(value)], reference, gradients=False))
    with_nan = np.array([[1.0, np.nan, 7.0, np.nan]])
    (y,) = run("Reduce", {"op": op, "axes": [1]}, [Batched(with_nan)]).values
    np.testing.assert_array_equal(y, [1])


def test_reduce_at_the_edges() -> None:
    ties = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
    found = run("Reduce", {"op": "max", "axes": [1]}, [Batched(ties)])
    np.testing.assert_allclose(found.gradients[0], [[0, 0.5, 0.5], [1 / 3, 1 / 3, 1 / 3]], rtol=1e-6)
    zeros = np.array([[2.0, 0.0, 3.0], [0.0, 0.0, 5.0], [1.0, 2.0, 4.0]])
    found = run("Reduce", {"op": "prod", "axes": [1]}, [Batched(zeros)])
    np.testing.assert_array_equal(found.gradients[0], [[0, 6, 0], [0, 0, 0], [8, 4, 2]])
    far = np.array([[1000.0, 1000.0], [-np.inf, -np.inf], [np.inf, 1.0], [np.nan, 1.0]])
    (y,) = run("Reduce", {"op": "logsumexp", "axes": [1]}, [Batched(far)]).values
    np.testing.assert_allclose(y, [1000 + np.log(2), -np.inf, np.inf, np.nan], rtol=1e-6)
    for op in ("sum", "mean", "max", "min", "prod"):
        for axes in ((0,), (1,), (0, 1)):
            x = normal(4, 70)
            x[2, 33] = np.nan
            (y,) = run("Reduce", {"op": op, "axes": axes}, [Batched(x)]).values
            np.testing.assert_array_equal(np.isnan(y), np.isnan(np.sum(x, axis=axes)))
    refused("Reduce", {"op": "any"}, [((None, 3), "float32")], "any expects bool, got float32; cast it first")
    refused("Reduce", {"op": "mean"}, [((None, 3), "int32")], "mean expects float32, got int32")
    refused("Reduce", {"op": "sum", "axes": [2]}, [((None, 3), "float32")], "axes from -2 to 1")
    refused("Reduce", {"op": "sum", "axes": [1, -1]}, [((None, 3), "float32")], "each axis once")
    refused("Reduce", {"op": "median"}, [((None, 3), "float32")], 'got "median"')
    refused("Reduce", {"op": "max", "axes": [1]}, [((None, 0), "float32")], "the max of an empty axis")


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize(("shape", "axis"), [((9,), 1), ((4, 5), 1), ((4, 5), -1), ((2, 33, 3), 2)])
def test_cumulative(shape: tuple[int, ...], axis: int, reverse: bool) -> None:
    for op, function in {"sum": np.cumsum, "prod": np.cumprod}.items():

        def reference(x: Any, function: Any = function) -> Any:
            turned = np.flip(x, axis) if reverse else x
            done = function(turned, axis=axis)
            return (np.flip(done, axis) if reverse else done).astype(np.int32 if x.dtype.kind == "i" else np.float64)

        config = {"op": op, "axis": axis, "reverse": reverse}
        value = uniform(ROWS, *shape, low=0.5, high=1.5)
        value[(2, *(0 for _ in shape))] = 0.0
        assert_case(Case(op, "Cumulative", config, [Batched(value)], reference))
        assert_case(Case(op, "Cumulative", config, [Fixed(value)], reference))
        assert_case(Case(op, "Cumulative", config, [Batched(whole(ROWS, *shape, low=-2, high=3))], reference))
    needs_rows("Cumulative", {"axis": 0}, [((None, 3), "float32")])


# Matmul ---------------------------------------------------------------------------------------------------------------

PRODUCTS: list[tuple[Any, Any, bool, bool]] = [
    (Batched((ROWS, 7)), Fixed((7, 5)), False, False),
    (Batched((ROWS, 7)), Fixed((5, 7)), False, True),
    (Batched((ROWS, 7)), Fixed((7,)), False, False),
    (Batched((ROWS, 4, 7)), Fixed((7, 33)), False, False),
    (Batched((ROWS, 4, 7)), Fixed((33, 7)), False, True),
    (Batched((ROWS, 2, 4, 7)), Fixed((7, 3)), False, False),
    (Batched((ROWS, 4, 7)), Fixed((7,)), False, False),
    (Batched((ROWS, 7, 4)), Fixed((7, 3)), True, False),
    (Batched((ROWS, 7, 4)), Fixed((3, 7)), True, True),
    (Batched((ROWS, 7)), Batched((ROWS, 4)), True, False),
    (Batched((5000, 3)), Batched((5000, 2)), True, False),
    (Batched((ROWS, 4, 7)), Batched((ROWS, 7, 3)), False, False),
    (Batched((ROWS, 4, 7)), Batched((ROWS, 3, 7)), False, True),
    (Batched((ROWS, 7, 4)), Batched((ROWS, 7, 3)), True, False),
    (Batched((ROWS, 7, 4)), Batched((ROWS, 3, 7)), True, True),
    (Batched((ROWS, 2, 4, 7)), Batched((ROWS, 2, 7, 3)), False, False),
    (Batched((ROWS, 2, 4, 7)), Batched((ROWS, 1, 7, 3)), False, False),
    (Batched((ROWS, 1, 4, 7)), Fixed((3, 7, 2)), False, False),
    (Fixed((4, 7)), Batched((ROWS, 7, 3)), False, False),
    (Fixed((7,)), Batched((ROWS, 7, 3)), False, False),
    (Fixed((4, 7)), Fixed((7, 3)), False, False),
    (Fixed((7, 4)), Fixed((7, 3)), True, False),
    (Fixed((7, 4)), Fixed((3, 7)), True, True),
    (Fixed((7,)), Fixed((7, 3)), False, False),
    (Fixed((4, 7)), Fixed((7,)), False, False),
    (Fixed((7,)), Fixed((7,)), False, False),
    (Fixed((3, 1, 4, 7)), Fixed((2, 7, 5)), False, False),
    (Batched((ROWS, 1, 1)), Batched((ROWS, 1, 1)), True, True),
    (Batched((ROWS, 17, 40)), Batched((ROWS, 40, 19)), False, False),
    (Batched((ROWS, 300)), Fixed((300, 130)), False, False),
]


@pytest.mark.parametrize(("a", "b", "transpose_a", "transpose_b"), PRODUCTS, ids=str)
def test_matmul(a: Any, b: Any, transpose_a: bool, transpose_b: bool) -> None:
    def reference(x: Any, y: Any) -> Any:
        x = np.swapaxes(x, -1, -2) if transpose_a else x
        y = np.swapaxes(y, -1, -2) if transpose_b else y
        return np.asarray(np.matmul(x, y))

    config = {"transpose_a": transpose_a, "transpose_b": transpose_b}
    operands = [type(a)(normal(*a.value)), type(b)(normal(*b.value, seed=1))]
    assert_case(Case("matmul", "Matmul", config, operands, reference, rtol=1e-5))


def test_matmul_refuses() -> None:
    f, batch = "float32", None
    needs_rows("Matmul", {}, [((batch, 3), f), ((3, batch), f)][:1] * 2)
    needs_rows("Matmul", {"transpose_b": True}, [((batch, 3), f)] * 2)
    needs_rows("Matmul", {"transpose_a": True}, [((batch, 3), f), ((3, 4), f)])
    needs_rows("Matmul", {"transpose_a": True, "transpose_b": True}, [((batch, 3), f)] * 2)
    refused("Matmul", {}, [((batch, 3), f), ((4, 5), f)], r"the size of the last but one.*\(batch, 3\) and \(4, 5\)")
    needs_rows("Matmul", {}, [((batch,), f), ((4, 5), f)])
    needs_rows("Matmul", {}, [((batch, 3), f), ((2, 3, 5), f)])
    refused("Matmul", {}, [((), f), ((3, 5), f)], "at least one dimension")
    refused("Matmul", {}, [((batch, 3), "int32"), ((3, 5), "int32")], "expects float32, got int32; cast it first")


# Rearranging ----------------------------------------------------------------------------------------------------------

WHOLE = 2**31
BOTH = pytest.mark.parametrize("make", [Batched, Fixed])


def of_all_types(kind: str, config: dict[str, Any], make: Any, shape: tuple[int, ...], reference: Any) -> None:
    for value in (normal(ROWS, *shape), whole(ROWS, *shape), flags(ROWS, *shape)):
        assert_case(Case(kind, kind, config, [make(value)], reference))


@BOTH
@pytest.mark.parametrize("order", [(0, 1), (0, 2, 1), (0, 3, 1, 2), (0, -1, -2, 1), (0, 1, 3, 2, 4), (0,)], ids=str)
def test_transpose(make: Any, order: tuple[int, ...]) -> None:
    shape = (3, 4, 5, 2)[: len(order) - 1]
    of_all_types("Transpose", {"permutation": order}, make, shape, lambda x: np.transpose(x, order))
    if make is Fixed and len(order) == 3:
        of_all_types("Transpose", {"permutation": (2, 0, 1)}, make, (33, 70), lambda x: np.transpose(x, (2, 0, 1)))


SLICES: list[tuple[tuple[int, ...], tuple[slice, ...]]] = [
    ((9,), (slice(2, 7),)),
    ((9,), (slice(None, None, -1),)),
    ((9,), (slice(7, 1, -2),)),
    ((9,), (slice(-3, None),)),
    ((9,), (slice(-100, 100, 4),)),
    ((9,), (slice(5, 5),)),
    ((4, 6), (slice(1, 3), slice(None, None, 2))),
    ((4, 6), (slice(None), slice(5, None, -3))),
    ((4, 6), (slice(-1, -5, -1), slice(3, 4))),
    ((3, 4, 5), (slice(None), slice(None), slice(0, 2))),
    ((3, 4, 5), (slice(1, 2), slice(None), slice(None))),
]


@BOTH
@pytest.mark.parametrize(("shape", "cuts"), SLICES, ids=str)
def test_slice(make: Any, shape: tuple[int, ...], cuts: tuple[slice, ...]) -> None:
    every = (slice(None), *cuts)
    config = {
        "begin": [WHOLE if c.start is None and (c.step or 1) < 0 else c.start or 0 for c in every],
        "end": [WHOLE if c.stop is None else c.stop for c in every],
        "strides": [c.step or 1 for c in every],
    }
    of_all_types("Slice", config, make, shape, lambda x: x[every])


@BOTH
@pytest.mark.parametrize("mode", ["constant", "reflect", "symmetric", "edge"])
@pytest.mark.parametrize(
    ("shape", "low", "high"), [((5,), (2,), (3,)), ((4, 3), (1, 0), (2, 2)), ((1, 4, 3), (0, 3, 0), (0, 0, 1))], ids=str
)
def test_pad(make: Any, mode: str, shape: tuple[int, ...], low: tuple[int, ...], high: tuple[int, ...]) -> None:
    widths = [(0, 0), *zip(low, high, strict=True)]
    config = {"low": (0, *low), "high": (0, *high), "mode": mode, "value": 1.0}
    extra = {"constant_values": 1} if mode == "constant" else {}
    of_all_types("Pad", config, make, shape, lambda x: np.pad(x, widths, mode=mode, **extra))


@BOTH
def test_flip_tile_and_repeat(make: Any) -> None:
    of_all_types("Flip", {"axes": [1]}, make, (7,), lambda x: np.flip(x, 1))
    of_all_types("Flip", {"axes": [-1, 1]}, make, (3, 4, 2), lambda x: np.flip(x, (-1, 1)))
    of_all_types("Tile", {"repeats": (1, 3)}, make, (4,), lambda x: np.tile(x, (1, 3)))
    of_all_types("Tile", {"repeats": (1, 2, 1, 3)}, make, (3, 1, 5), lambda x: np.tile(x, (1, 2, 1, 3)))
    of_all_types("Repeat", {"repeats": 3, "axis": 1}, make, (4,), lambda x: np.repeat(x, 3, 1))
    of_all_types("Repeat", {"repeats": 2, "axis": -2}, make, (3, 4, 5), lambda x: np.repeat(x, 2, -2))
    if make is Fixed:
        of_all_types("Flip", {"axes": [0]}, make, (3,), lambda x: np.flip(x, 0))
        of_all_types("Tile", {"repeats": (2, 3)}, make, (4,), lambda x: np.tile(x, (2, 3)))
        of_all_types("Repeat", {"repeats": 2, "axis": 0}, make, (3,), lambda x: np.repeat(x, 2, 0))


def test_broadcast_and_reshape() -> None:
    of_all_types("BroadcastTo", {"shape": (3, ROWS, 4)}, Fixed, (1,), lambda x: np.broadcast_to(x, (3, ROWS, 4)))
    of_all_types("BroadcastTo", {"shape": (-1, 3, 4)}, Batched, (1, 4), lambda x: np.broadcast_to(x, (ROWS, 3, 4)))
    for shape, to in [((), ()), ((), (3, 2)), ((3,), (2, 3)), ((4, 1), (4, 6))]:

        def reference(x: Any, like: Any, to: Any = to) -> Any:
            return np.broadcast_to(x, (ROWS, *to)) + 0 * like.sum()

        operands: list[Operand] = [Fixed(normal(*shape)), Batched(whole(ROWS, 2))]
        assert_case(Case("like", "BroadcastLike", {"shape": to}, operands, reference))
    of_all_types("ReshapeTo", {"shape": (-1, 3, 4)}, Batched, (2, 6), lambda x: x.reshape(ROWS, 3, 4))
    of_all_types("ReshapeTo", {"shape": (-1, -1, 4)}, Batched, (2, 6), lambda x: x.reshape(ROWS, 3, 4))
    of_all_types("ReshapeTo", {"shape": (6, -1)}, Fixed, (2, 6), lambda x: x.reshape(6, 10))
    assert_case(Case("to-scalar", "ReshapeTo", {"shape": ()}, [Fixed(normal(1, 1))], lambda x: x.reshape(())))


@BOTH
@pytest.mark.parametrize(("shapes", "axis"), [(((3,), (4,)), 1), (((2, 3), (2, 1), (2, 5)), -1), (((1, 3), (4, 3)), 1)])
def test_join(make: Any, shapes: Any, axis: int) -> None:
    for value in (normal, whole, flags):
        operands = [make(value(ROWS, *shape, seed=i)) for i, shape in enumerate(shapes)]
        assert_case(Case("join", "Join", {"axis": axis}, operands, lambda *xs: np.concatenate(xs, axis=axis)))


def test_rearranging_refuses() -> None:
    x, y = ((None, 3, 4), "float32"), ((2, 3), "float32")
    needs_rows("Transpose", {"permutation": (1, 0, 2)}, [x])
    refused("Transpose", {"permutation": (0, 1)}, [x], "an entry for each of the 3 axes")
    refused("Transpose", {"permutation": (0, 1, 1)}, [x], "each axis once, got axis 1 again")
    cut = {"begin": (0, 0, 0), "end": (2, WHOLE, WHOLE), "strides": (1, 1, 1)}
    needs_rows("Slice", cut, [x])
    refused("Slice", {"begin": (0, 0), "end": (1, 1), "strides": (1, 0)}, [y], "numbers other than 0")
    needs_rows("Pad", {"low": (1, 0, 0), "high": (0, 0, 0)}, [x])
    refused("Pad", {"low": (2, 0), "high": (0, 0), "mode": "reflect"}, [y], "at most 1 on each side of axis 0")
    refused("Pad", {"low": (2, 0), "high": (0, 0), "mode": "wrap"}, [y], 'got "wrap"')
    needs_rows("Flip", {"axes": [0]}, [x])
    needs_rows("Tile", {"repeats": (2, 1, 1)}, [x])
    refused("BroadcastTo", {"shape": (4, 3)}, [y], r"cannot broadcast \(2, 3\) to \(4, 3\)")
    refused("BroadcastLike", {"shape": (3,)}, [y, ((), "float32")], "a second input with a first axis")
    refused("ReshapeTo", {"shape": (5, -1)}, [y], r"cannot see the 6 elements of \(2, 3\) as \(5, -1\)")
    needs_rows("ReshapeTo", {"shape": (3, -1)}, [x])
    needs_rows("Join", {"axis": 0}, [x, x])
    refused("Join", {"axis": 1}, [x, ((None, 3, 5), "float32")], "that differ along axis 1 alone")


# Picking and sorting --------------------------------------------------------------------------------------------------


def settled(indices: Any, size: int) -> Any:
    return np.clip(np.where(indices < 0, indices + size, indices), 0, size - 1)


@pytest.mark.parametrize("indices", [(), (6,), (2, 3)], ids=str)
@pytest.mark.parametrize("seed", [0, 1])
def test_take(indices: tuple[int, ...], seed: int) -> None:
    def reference(axis: int) -> Callable[..., Any]:
        return lambda x, i: np.take(x, settled(i, x.shape[axis]), axis=axis)

    picks = whole(*indices, low=-9, high=9, seed=seed)
    by_row = whole(ROWS, *indices, low=-9, high=9, seed=seed)
    for value in (normal, whole, flags):
        for shape, axis in [((7,), 0), ((7, 3), 0), ((4, 7), 1), ((2, 7, 3), -2)]:
            table = value(*shape)
            assert_case(Case("take", "Take", {"axis": axis}, [Fixed(table), Fixed(picks)], reference(axis)))
        for shape in [(7,), (7, 3), (7, 2, 5)]:
            assert_case(Case("take", "Take", {"axis": 0}, [Fixed(value(*shape)), Batched(by_row)], reference(0)))
        for shape, axis in [((7,), 1), ((7, 3), 1), ((4, 7), 2), ((4, 7), -1)]:
            x = value(ROWS, *shape)
            assert_case(Case("take", "Take", {"axis": axis}, [Batched(x), Fixed(picks)], reference(axis)))


def test_take_from_a_large_table_on_any_number_of_threads() -> None:
    table, picks = normal(300, 40), whole(60, 50, low=0, high=300)
    case = Case("take", "Take", {"axis": 0}, [Fixed(table), Batched(picks)], lambda x, i: x[i])
    assert_case(case)


@BOTH
@pytest.mark.parametrize(("shape", "axis", "picks"), [((7,), 1, 3), ((4, 7), 1, 9), ((4, 7), -1, 2), ((2, 3, 5), 2, 3)])
def test_take_along(make: Any, shape: tuple[int, ...], axis: int, picks: int) -> None:
    at = list((ROWS, *shape))
    at[axis] = picks
    indices = whole(*at, low=-2, high=9)

    def reference(x: Any, i: Any) -> Any:
        return np.take_along_axis(x, settled(i, x.shape[axis]), axis=axis)

    for value in (normal, whole, flags):
        operands = [make(value(ROWS, *shape)), make(indices)]
        assert_case(Case("take_along", "TakeAlong", {"axis": axis}, operands, reference))


def test_one_hot() -> None:
    def reference(i: Any) -> Any:
        return (i[..., None] == np.arange(4)).astype(np.float64)

    for shape in [(), (3,), (2, 5)]:
        indices = whole(ROWS, *shape, low=-2, high=6)
        for make in (Batched, Fixed):
            assert_case(Case("one_hot", "OneHot", {"num_classes": 4}, [make(indices)], reference))


@BOTH
@pytest.mark.parametrize("descending", [False, True], ids=["up", "down"])
@pytest.mark.parametrize(("shape", "axis"), [((9,), 1), ((4, 5), 1), ((4, 5), -1), ((300,), 1)])
def test_sort(make: Any, descending: bool, shape: tuple[int, ...], axis: int) -> None:
    def places(x: Any) -> Any:
        return np.argsort(-x if descending else x, axis=axis, kind="stable").astype(np.int32)

    def values(x: Any) -> Any:
        return np.take_along_axis(x, places(x), axis=axis)

    config = {"axis": axis, "descending": descending}
    for value in (normal(ROWS, *shape), whole(ROWS, *shape, low=0, high=4)):
        assert_case(Case("sort", "Sort", config, [make(value)], values))
        assert_case(Case("argsort", "ArgSort", config, [make(value)], places, gradients=False))


@BOTH
@pytest.mark.parametrize(("shape", "k"), [((9,), 1), ((9,), 9), ((4, 5), 2), ((300,), 7)])
def test_top_k(make: Any, shape: tuple[int, ...], k: int) -> None:
    def reference(x: Any) -> Any:
        places = np.argsort(-x, axis=-1, kind="stable")[..., :k].astype(np.int32)
        return np.take_along_axis(x, places, axis=-1), places

    for value in (normal(ROWS, *shape), whole(ROWS, *shape, low=0, high=4)):
        assert_case(Case("top_k", "TopK", {"k": k}, [make(value)], reference))


def test_order_with_nan() -> None:
    x = np.array([[2.0, np.nan, -np.inf, np.inf, 2.0, np.nan]])
    (y,) = run("ArgSort", {"axis": 1}, [Batched(x)]).values
    np.testing.assert_array_equal(y, [[2, 0, 4, 3, 1, 5]])
    _, y = run("TopK", {"k": 4}, [Batched(x)]).values
    np.testing.assert_array_equal(y, [[1, 5, 3, 0]])


def test_picking_refuses() -> None:
    x, i, batch = ((None, 3, 4), "float32"), ((6,), "int32"), ((None, 6), "int32")
    needs_rows("Take", {"axis": 0}, [x, i])
    needs_rows("Take", {"axis": 1}, [x, batch])
    needs_rows("Take", {"axis": 1}, [((3, 4), "float32"), batch])
    refused("Take", {"axis": 1}, [x, ((6,), "float32")], "int32 indices, got float32; cast them first")
    refused("TakeAlong", {"axis": 1}, [x, batch], "differs along axis 1 alone")
    refused("OneHot", {"num_classes": 0}, [i], "a positive integer, got 0")
    needs_rows("Sort", {"axis": 0}, [x])
    refused("TopK", {"k": 5}, [x], "at most the 4 elements of the last axis")


# Values ---------------------------------------------------------------------------------------------------------------


def rows_of(graph: Any, edge: int, like: int) -> int:
    """An edge without a batch, as an edge with one."""
    shape, _ = graph.spec(edge)
    (edge,) = graph.add("BroadcastLike", "like", {"shape": shape}, [edge, like])
    return int(edge)


@pytest.mark.parametrize(("op", "expected"), [("assign", [2.0, 5.0]), ("add", [12.0, 25.0]), ("subtract", [8.0, 15.0])])
def test_assign_commits_with_the_step_and_is_read_at_once(op: str, expected: list[float]) -> None:
    variable = _core.Variable("total", (2,), False)
    variable.assign(np.array([10.0, 20.0], np.float32))
    graph = _core.Graph()
    x = graph.input((None, 2))
    (mean,) = graph.add("Reduce", "sum", {"op": "sum", "axes": [0]}, [x])
    (new,) = graph.add("Assign", "assign", {"op": op}, [mean], [variable])
    wanted = rows_of(graph, new, x)
    value = np.array([[1.0, 2.0], [1.0, 3.0]], np.float32)
    (y,), _, _ = _core.vjp(graph, [wanted], [value], [value], True)
    np.testing.assert_array_equal(y[0], expected)
    np.testing.assert_array_equal(variable.numpy(), expected)
    variable.assign(np.array([10.0, 20.0], np.float32))
    _core.Predictor(graph, [wanted])([value])
    np.testing.assert_array_equal(variable.numpy(), expected, err_msg="a prediction commits as a step does")
    refused("Assign", {"op": "add"}, [((None, 2), "float32")], "reduce it over the batch first")


def test_rows_and_constants() -> None:
    graph = _core.Graph()
    x = graph.input((None, 3))
    (rows,) = graph.add("Rows", "rows", {}, [x])
    assert graph.spec(rows) == ((), "int32")
    (scalar,) = graph.add("Constant", "c", {"value": np.array([2.5]), "shape": ()}, [])
    (array,) = graph.add("Constant", "d", {"value": np.array([[1, 0], [0, 7]]), "dtype": "int32"}, [])
    (truth,) = graph.add("Constant", "e", {"value": np.array([True, False]), "dtype": "bool"}, [])
    wanted = [rows_of(graph, edge, x) for edge in (rows, scalar, array, truth)]
    predict = _core.Predictor(graph, wanted)
    for count in (1, 4):
        found = predict([np.zeros((count, 3), np.float32)])
        np.testing.assert_array_equal(found[0], np.full(count, count, np.int32))
        np.testing.assert_array_equal(found[1], np.full(count, 2.5, np.float32))
        np.testing.assert_array_equal(found[2], np.broadcast_to(np.array([[1, 0], [0, 7]]), (count, 2, 2)))
        np.testing.assert_array_equal(found[3], np.broadcast_to([True, False], (count, 2)))
    refused("Constant", {"value": np.ones(3), "shape": (2,)}, [], "2 numbers for shape")


def test_stop_gradient() -> None:
    found = run("StopGradient", {}, [Batched(normal(ROWS, 3))])
    assert found.gradients[0] is None or not found.gradients[0].any()
    graph = _core.Graph()
    x = graph.input((None, 3))
    (held,) = graph.add("StopGradient", "stop", {}, [x])
    (y,) = graph.add("Binary", "multiply", {"op": "multiply"}, [x, held])
    value = normal(ROWS, 3).astype(np.float32)
    (y,), (dx,), _ = _core.vjp(graph, [y], [value], [np.ones_like(value)], True)
    np.testing.assert_array_equal(dx, value)
    np.testing.assert_array_equal(y, value * value)


def test_an_edge_read_twice_gets_both_gradients() -> None:
    variable = _core.Variable("v", (3,), True)
    variable.assign(np.array([1.0, 2.0, 3.0], np.float32))
    graph = _core.Graph()
    x = graph.input((None, 3))
    (v,) = graph.add("Variable", "v", {"shape": (3,)}, [], [variable])
    (square,) = graph.add("Binary", "multiply", {"op": "multiply"}, [v, v])
    (y,) = graph.add("Binary", "add", {"op": "add"}, [x, square])
    ones = np.ones((4, 3), np.float32)
    _, _, ((_, gradient),) = _core.vjp(graph, [y], [ones], [ones], True)
    np.testing.assert_array_equal(gradient, [8, 16, 24])


def drawn(op: str, a: float, b: float, rows: int = 500, seed: int = 3, count: int = 2) -> list[Any]:
    graph = _core.Graph()
    x = graph.input((None, 1))
    config = {"op": op, "a": a, "b": b, "shape": (40,), "batched": True}
    edges = graph.add("Random", "draw", config, [x], [], _core.Stream(seed))
    predict = _core.Predictor(graph, edges)
    return [predict([np.zeros((rows, 1), np.float32)])[0] for _ in range(count)]


@pytest.mark.parametrize(
    ("op", "a", "b", "mean", "deviation", "low", "high"),
    [
        ("uniform", -1, 3, 1, 4 / np.sqrt(12), -1, 3),
        ("normal", 2, 3, 2, 3, -20, 24),
        ("truncated_normal", 1, 2, 1, 2 * 0.8796, -3, 5),
        ("bernoulli", 0.3, 0, 0.3, np.sqrt(0.21), 0, 1),
        ("randint", -2, 5, 1, 2, -2, 4),
    ],
)
def test_random(op: str, a: float, b: float, mean: float, deviation: float, low: float, high: float) -> None:
    first, second = drawn(op, a, b)
    assert first.dtype == {"bernoulli": np.bool_, "randint": np.int32}.get(op, np.float32)
    assert (first != second).any(), "a second draw is another"
    for y in (first, second):
        y = y.astype(np.float64)
        assert abs(y.mean() - mean) < 5 * deviation / np.sqrt(y.size)
        assert abs(y.std() - deviation) < 0.03 * deviation
        assert y.min() >= low
        assert y.max() <= high
        assert abs(np.corrcoef(y[:, :-1].ravel(), y[:, 1:].ravel())[0, 1]) < 0.03
        assert abs(np.corrcoef(y[:-1].ravel(), y[1:].ravel())[0, 1]) < 0.03
    if op == "randint":
        np.testing.assert_array_equal(np.unique(first), np.arange(-2, 5))
    for threads in (1, 4):
        _core.set_num_threads(threads)
        np.testing.assert_array_equal(drawn(op, a, b)[0], first)
    np.testing.assert_array_equal(drawn(op, a, b, rows=3)[0], first[:3], err_msg="rows are numbered from the first")
    assert (drawn(op, a, b, seed=4)[0] != first).any()


def test_random_without_a_batch() -> None:
    graph = _core.Graph()
    x = graph.input((None, 1))
    edges = graph.add("Random", "draw", {"op": "uniform", "shape": (2, 3)}, [], [], _core.Stream(1))
    (y,) = _core.Predictor(graph, [rows_of(graph, edges[0], x)])([np.zeros((4, 1), np.float32)])
    np.testing.assert_array_equal(y, np.broadcast_to(y[:1], (4, 2, 3)))
    assert len(np.unique(y)) == 6
    refused("Random", {"op": "bernoulli", "a": 1.5, "shape": ()}, [], r"a probability in \[0, 1\], got 1.5")
    refused("Random", {"op": "randint", "a": 3, "b": 3, "shape": ()}, [], "a < b")
    refused("Random", {"op": "beta", "shape": ()}, [], 'got "beta"')
    with pytest.raises(ValueError, match="draws random numbers and needs a stream"):
        graph.add("Random", "draw", {"op": "uniform", "shape": ()}, [])


# Rows and batches -----------------------------------------------------------------------------------------------------

BY_ROW: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    ("Unary", {"op": "sin"}, (13,)),
    ("Unary", {"op": "log2"}, (3, 5)),
    ("Reduce", {"op": "sum", "axes": [1]}, (133,)),
    ("Reduce", {"op": "logsumexp", "axes": [2]}, (3, 37)),
    ("Reduce", {"op": "mean", "axes": [1]}, (21, 5)),
    ("Cumulative", {"op": "sum", "axis": 1}, (9, 3)),
    ("Sort", {"axis": 1}, (11,)),
    ("Pad", {"low": (0, 2), "high": (0, 1), "mode": "reflect"}, (7,)),
]


@pytest.mark.parametrize(("kind", "config", "shape"), BY_ROW, ids=str)
def test_a_row_has_the_same_bits_in_any_batch(kind: str, config: dict[str, Any], shape: tuple[int, ...]) -> None:
    graph = _core.Graph()
    edges = graph.add(kind, "node", config, [graph.input((None, *shape))])
    predict = _core.Predictor(graph, edges)
    x = uniform(65, *shape, low=0.1, high=2.0).astype(np.float32)
    alone = np.concatenate([predict([x[i : i + 1]])[0] for i in range(65)])
    for count in (2, 64, 65):
        np.testing.assert_array_equal(predict([x[:count]])[0], alone[:count])
    x[1] = np.nan
    with_nan = predict([x])[0]
    assert np.isnan(with_nan[1]).all()
    np.testing.assert_array_equal(np.delete(with_nan, 1, axis=0), np.delete(alone, 1, axis=0))


def test_a_batch_is_as_large_as_the_rows_that_came() -> None:
    graph = _core.Graph()
    x = graph.input((None, 7))
    (mean,) = graph.add("Reduce", "mean", {"op": "mean", "axes": [0]}, [x])
    (rows,) = graph.add("Rows", "rows", {}, [x])
    (rows,) = graph.add("Cast", "cast", {"dtype": "float32"}, [rows])
    (y,) = graph.add("Binary", "subtract", {"op": "subtract"}, [x, mean])
    (y,) = graph.add("Binary", "add", {"op": "add"}, [y, rows])
    value = normal(21, 7).astype(np.float32)
    found = np.empty_like(value)
    _core.Predictor(graph, [y]).run([value], 0, 21, 16, [found])
    expected = np.concatenate([part - part.mean(0) + len(part) for part in (value[:16], value[16:])])
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_row_of_a_product_has_the_same_bits_in_any_batch() -> None:
    graph = _core.Graph()
    x = graph.input((None, 17, 33))
    (turned,) = graph.add("Transpose", "t", {"permutation": (0, 2, 1)}, [x])
    predict = _core.Predictor(graph, graph.add("Matmul", "m", {}, [x, turned]))
    value = normal(65, 17, 33).astype(np.float32)
    alone = np.concatenate([predict([value[i : i + 1]])[0] for i in range(65)])
    for count in (2, 64, 65):
        np.testing.assert_array_equal(predict([value[:count]])[0], alone[:count])


# Steps ----------------------------------------------------------------------------------------------------------------


def test_a_graph_of_nodes_trains() -> None:
    """Trains least squares made of general nodes, with a counter of rows, as gradient descent by hand."""
    kernel, bias = _core.Variable("kernel", (4, 2), True), _core.Variable("bias", (2,), True)
    seen = _core.Variable("seen", (), False)
    kernel.assign(normal(4, 2).astype(np.float32))
    graph = _core.Graph()
    x, y = graph.input((None, 4)), graph.input((None, 2))
    (w,) = graph.add("Variable", "kernel", {"shape": (4, 2)}, [], [kernel])
    (b,) = graph.add("Variable", "bias", {"shape": (2,)}, [], [bias])
    (product,) = graph.add("Matmul", "matmul", {}, [x, w])
    (prediction,) = graph.add("Binary", "add", {"op": "add"}, [product, b])
    (error,) = graph.add("Binary", "subtract", {"op": "subtract"}, [prediction, y])
    (square,) = graph.add("Unary", "square", {"op": "square"}, [error])
    (loss,) = graph.add("Reduce", "mean", {"op": "mean", "axes": [1]}, [square])
    (rows,) = graph.add("Rows", "rows", {}, [x])
    (rows,) = graph.add("Cast", "cast", {"dtype": "float32"}, [rows])
    (count,) = graph.add("Assign", "seen", {"op": "add"}, [rows], [seen])
    (zero,) = graph.add("Binary", "none", {"op": "multiply"}, [count, count])
    (zero,) = graph.add("Clip", "none", {"low": 0, "high": 0}, [zero])
    (loss,) = graph.add("Binary", "add", {"op": "add"}, [loss, zero])

    rng = np.random.default_rng(0)
    xs, ys = rng.normal(size=(37, 4)).astype(np.float32), rng.normal(size=(37, 2)).astype(np.float32)
    exact_w, exact_b = kernel.numpy().astype(np.float64), np.zeros(2)
    trainer = _core.Trainer(
        graph, [(loss, 1.0, -1, False, -1)], [], [(_core.Optimizer("sgd", {"learning_rate": 0.1}), None)]
    )
    steps = 5
    assert trainer.run(_core.Columns([xs, ys]), None, 8, 0, steps, 60.0) == steps
    losses = []
    for i in range(steps):
        part, target = xs[8 * i : 8 * i + 8].astype(np.float64), ys[8 * i : 8 * i + 8].astype(np.float64)
        error_by_hand = part @ exact_w + exact_b - target
        losses.append((error_by_hand**2).mean() * len(part))
        exact_w -= 0.1 * part.T @ error_by_hand / len(part)
        exact_b -= 0.1 * error_by_hand.mean(axis=0)
    np.testing.assert_allclose(kernel.numpy(), exact_w, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(bias.numpy(), exact_b, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(trainer.results()[0], (sum(losses), 37), rtol=1e-5)
    assert seen.numpy() == 37


def test_a_step_of_two_phases_is_that_of_two_trainers_in_turn() -> None:
    rng = np.random.default_rng(4)
    xs, ys = rng.normal(size=(40, 3)).astype(np.float32), rng.normal(size=(40, 3)).astype(np.float32)
    start = rng.normal(size=(3, 3)).astype(np.float32)

    def phases() -> tuple[list[Any], list[_core.Variable]]:
        """Two networks: the first learns from the data, the second from the first, which is frozen meanwhile."""
        first, second = _core.Variable("first", (3, 3)), _core.Variable("second", (3, 3))
        for variable in (first, second):
            variable.assign(start)
        found: list[Any] = []
        for trained in (first, second):
            first.trainable, second.trainable = trained is first, trained is second
            graph = _core.Graph()
            x, target = graph.input((None, 3)), graph.input((None, 3))
            (prediction,) = graph.add("Dense", "first", {"units": 3, "use_bias": False}, [x], [first])
            if trained is second:
                target = prediction
                (prediction,) = graph.add("Dense", "second", {"units": 3, "use_bias": False}, [x], [second])
            (loss,) = graph.add("mean_squared_error", "loss", {}, [target, prediction])
            optimizer = _core.Optimizer("adam", {"learning_rate": 0.01})
            found.append((graph, [(loss, 1.0, -1, False, -1)], [], [(optimizer, None)]))
        return found, [first, second]

    columns = _core.Columns([xs, ys])
    together, weights = phases()
    trainer = _core.Trainer(together)
    rates = np.array([[0.1, 0.02]] * 5)
    assert trainer.run(columns, None, 8, 0, 5, 60.0, rates) == 5
    apart, others = phases()
    one, other = _core.Trainer(*apart[0]), _core.Trainer(*apart[1])
    for step in range(5):
        one.run(columns, None, 8, step, step + 1, 60.0, rates[step, :1])
        other.run(columns, None, 8, step, step + 1, 60.0, rates[step, 1:])
    for mine, theirs in zip(weights, others, strict=True):
        assert mine.numpy().tobytes() == theirs.numpy().tobytes()
    assert trainer.results() == [*one.results(), *other.results()]
    with pytest.raises(ValueError, match="one learning rate per step and optimizer"):
        trainer.run(columns, None, 8, 0, 5, 60.0, rates[:, 0])
    with pytest.raises(ValueError, match="at least one phase"):
        _core.Trainer([])
