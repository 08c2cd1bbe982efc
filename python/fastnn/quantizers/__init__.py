"""Functions and classes that map numbers to integers of few bits and back.

Example:
    >>> integers, scale = fastnn.quantizers.abs_max_quantize(np.array([0.5, -1.0]), axis=0)
    >>> integers
    array([  63, -127], dtype=int8)
"""

from __future__ import annotations

from fastnn.quantizers.configs import (
    Float8QuantizationConfig,
    Int4QuantizationConfig,
    Int8QuantizationConfig,
    QuantizationConfig,
)
from fastnn.quantizers.packing import pack_int4, unpack_int4
from fastnn.quantizers.quantizer import AbsMaxQuantizer, Quantizer
from fastnn.quantizers.registry import deserialize, get, serialize
from fastnn.quantizers.scaling import (
    abs_max_quantize,
    abs_max_quantize_grouped_with_zero_point,
    compute_float8_amax_history,
    compute_float8_scale,
    fake_quant_with_min_max_vars,
    quantize_and_dequantize,
)

__all__ = [
    "AbsMaxQuantizer",
    "Float8QuantizationConfig",
    "Int4QuantizationConfig",
    "Int8QuantizationConfig",
    "QuantizationConfig",
    "Quantizer",
    "abs_max_quantize",
    "abs_max_quantize_grouped_with_zero_point",
    "compute_float8_amax_history",
    "compute_float8_scale",
    "deserialize",
    "fake_quant_with_min_max_vars",
    "get",
    "pack_int4",
    "quantize_and_dequantize",
    "serialize",
    "unpack_int4",
]


def __dir__() -> list[str]:
    return __all__
