"""Calls of `keras.quantizers` on arrays, run by `record_quantizers.py` with Keras and by `test_quantizers.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

R = np.random.RandomState(4)
MATRIX = R.normal(size=(7, 5)).astype(np.float32)
MATRIX[:, 2] = 0.0
MATRIX[:, 3] = 1.25
CUBE = R.normal(size=(3, 4, 5)).astype(np.float32)
NIBBLES = R.randint(-8, 8, (5, 3, 4)).astype(np.int8)
BYTES = R.randint(0, 16, (3, 5)).astype(np.uint8)
WIDE = np.concatenate([R.normal(size=200) * 10.0 ** R.randint(-10, 6, 200), [0, 448, 1e6, -1e6]]).astype(np.float32)

CASES: dict[str, Callable[[Any], Any]] = {}


def case(name: str, call: Callable[[Any], Any]) -> None:
    """Adds a call of the module `quantizers`."""
    CASES[name] = call


for axis in (0, -1, (0, 1)):
    case(f"abs_max-{axis}", lambda q, axis=axis: q.abs_max_quantize(MATRIX, axis))
case("abs_max-range", lambda q: q.abs_max_quantize(CUBE, (0, 2), (-8, 7), "int8", 1e-3))
case("abs_max-numpy", lambda q: q.abs_max_quantize(CUBE, 1, to_numpy=True))
for size in (2, 3, 7, 10):
    for by_numpy in (False, True):
        case(
            f"grouped-{size}-{by_numpy}",
            lambda q, size=size, n=by_numpy: q.abs_max_quantize_grouped_with_zero_point(MATRIX, size, to_numpy=n),
        )
case("grouped-int8", lambda q: q.abs_max_quantize_grouped_with_zero_point(MATRIX, 4, (-128, 127)))
case("quantizer", lambda q: q.AbsMaxQuantizer(axis=0)(MATRIX))
case("quantizer-range", lambda q: q.AbsMaxQuantizer(value_range=(-8, 7))(MATRIX, axis=(0, 1)))
for bits, narrow in ((8, False), (8, True), (4, False), (2, True)):
    case(
        f"fake-{bits}-{narrow}",
        lambda q, b=bits, n=narrow: q.fake_quant_with_min_max_vars(CUBE, np.float32(-0.7), np.float32(1.3), b, n),
    )
LOW, HIGH = np.float32([-1, -0.5, -2, 0, -1]), np.float32([1, 2, 0.5, 3, 1])
case("fake-axis", lambda q: q.fake_quant_with_min_max_vars(CUBE, LOW, HIGH, 3, axis=-1))
case("fake-columns", lambda q: q.fake_quant_with_min_max_vars(CUBE, LOW[:4, None], HIGH[:4, None], 3, axis=1))
AMAX = np.float32([0.0, 3.0, np.inf, 1e-4])
case("scale", lambda q: q.compute_float8_scale(AMAX, np.float32([2.0, 1.0, 0.5, 1.0]), 448.0))
case("scale-margin", lambda q: q.compute_float8_scale(AMAX, np.float32(2.0), 57344.0, 2))
case("history", lambda q: q.compute_float8_amax_history(CUBE, np.float32([1, 5, 6])))
for kind in ("float8_e4m3fn", "float8_e5m2"):
    case(f"and-back-{kind}", lambda q, k=kind: q.quantize_and_dequantize(WIDE, np.float32(0.75), k, "float32"))
for axis in (0, 1, -1):
    case(f"pack-{axis}", lambda q, axis=axis: q.pack_int4(NIBBLES, axis)[0])
    case(f"unpack-{axis}", lambda q, axis=axis: q.unpack_int4(q.pack_int4(NIBBLES, axis)[0], NIBBLES.shape[axis], axis))
case("pack-uint8", lambda q: q.pack_int4(BYTES, 1, "uint8")[0])
case("unpack-uint8", lambda q: q.unpack_int4(q.pack_int4(BYTES, 0, "uint8")[0], 3, 0, "uint8"))


def results(quantizers: Any) -> dict[str, np.ndarray[Any, Any]]:
    """Returns the arrays of all calls, by name."""
    found = {}
    for name, call in CASES.items():
        made = call(quantizers)
        for i, one in enumerate(made if isinstance(made, tuple) else (made,)):
            found[f"{name}_{i}"] = np.asarray(one)
    return found
