"""Scaled dot-product attention."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastnn.ops import activation_functions, contraction, joining
from fastnn.ops.arithmetic import add, divide, multiply
from fastnn.ops.conversion import cast
from fastnn.ops.logic import where
from fastnn.ops.trigonometry import tanh
from fastnn.precision import floatx


def dot_product_attention(
    query: Any, key: Any, value: Any, bias: Any = None, mask: Any = None, scale: float | None = None,
    is_causal: bool = False, flash_attention: Any = None, attn_logits_soft_cap: float | None = None,
) -> Any:  # fmt: skip
    """Returns softmax(query key^T * scale) value, for each head.

    Reference: Vaswani et al., 2017, "Attention is all you need".

    Args:
        query: Tensor or array of shape `(batch, targets, heads, size)`.
        key: Tensor or array of shape `(batch, sources, heads, size)`; one head may serve several of the query's.
        value: Tensor or array of the shape of `key`.
        bias: Added to the scores, of shape `(batch, heads, targets, sources)`; or None.
        mask: True where a target attends to a source, of the shape of `bias`; or None.
        scale: Factor of the scores; None: 1 / sqrt(size).
        is_causal: Lets a target attend to sources up to its own position only.
        flash_attention: Accepted for Keras compatibility; ignored.
        attn_logits_soft_cap: Limit c of the scores s, which become c * tanh(s / c); None: no limit.

    Returns:
        Tensor or array of the shape of `query`, float32.

    Raises:
        ValueError: An argument does not have rank 4.

    Example:
        >>> x = np.ones((1, 2, 1, 4))
        >>> ops.dot_product_attention(x, x, x).shape
        (1, 2, 1, 4)
    """
    query, key, value = (cast(x, floatx()) for x in (query, key, value))
    if any(len(x.shape) != 4 for x in (query, key, value)):
        got = [tuple(x.shape) for x in (query, key, value)]
        raise ValueError(f"ops.dot_product_attention expects (batch, targets, heads, size), got {got}")
    shared = query.shape[2] // key.shape[2]
    if shared > 1:
        key, value = joining.repeat(key, shared, 2), joining.repeat(value, shared, 2)
    factor = 1.0 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = multiply(contraction.einsum("btnh,bsnh->bnts", query, key), factor)
    if attn_logits_soft_cap is not None:
        scores = multiply(tanh(divide(scores, attn_logits_soft_cap)), attn_logits_soft_cap)
    scores = scores if bias is None else add(scores, bias)
    least = float(np.finfo(floatx()).min) * 0.7
    if is_causal:
        scores = where(np.tril(np.ones((query.shape[1], key.shape[1]), bool)), scores, least)
    scores = scores if mask is None else where(mask, scores, least)
    return contraction.einsum("bnts,bsnh->btnh", activation_functions.softmax(scores), value)
