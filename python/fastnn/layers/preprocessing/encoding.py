"""Base of the layers that encode integers as vectors."""

from __future__ import annotations

from typing import Any

from fastnn.engine.arrays import numeric
from fastnn.engine.contract import title
from fastnn.engine.node_layer import NodeLayer
from fastnn.symbolic.tensors import is_symbolic

_ENCODINGS = ("one_hot", "multi_hot", "count")


class Weighted(tuple[Any, Any]):
    """Tokens and their weights, as one call takes them."""


class Encoding(NodeLayer):
    """Base of layers that may give vectors of tokens; of a single sample (one axis) they give its single vector."""

    keras_ignored_arguments = {"sparse": False}
    output_mode: str

    def _mode(self, mode: str, *more: str) -> str:
        mode = "multi_hot" if mode == "binary" else mode
        if mode not in (*more, *_ENCODINGS):
            raise ValueError(f"{title(self)} expects output_mode to be one of {(*more, *_ENCODINGS)}, got {mode!r}")
        return mode

    def _dense_only(self, sparse: bool) -> None:
        if sparse:
            raise ValueError(f"{title(self)} gives dense arrays only; leave sparse=False")

    def _on_array(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        if is_symbolic(inputs):
            return super().__call__(inputs, *args, **kwargs)
        alone = not isinstance(inputs, Weighted) and self.output_mode in ("multi_hot", "count")
        if alone:
            tokens = numeric(inputs, f"{title(self)}: the input")
            if tokens.ndim == 1:
                return super().__call__(tokens[None], *args, **kwargs)[0]
        return super().__call__(inputs, *args, **kwargs)
