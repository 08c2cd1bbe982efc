"""Rows of the table of layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Weights = Mapping[str, Array]
Forward = Callable[[Any, Weights, bool], Array]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Case:
    """One row of the table of layers.

    Attributes:
        name: Distinguishing feature.
        make: Creates the layer, with the same arguments and seeds each time.
        shape: The shape of one sample; a tuple of shapes for a layer that is called on a list.
        forward: The reference, on an array or a list of arrays.
        state: The reference of the non-trainable weights after a training step, by role.
        scale: Inputs are standard normal values times `scale`,
        offset: plus `offset`.
        rtol: Tolerance of values, relative to the largest element.
        gradient_rtol: The same for gradients.
    """

    name: str
    make: Callable[[], Any]
    shape: Shape | tuple[Shape, ...]
    forward: Forward
    state: Callable[[Array, Weights], dict[str, Array]] | None = None
    scale: float = 1.0
    offset: float = 0.0
    rtol: float = 1e-5
    gradient_rtol: float = 1e-4

    @property
    def several(self) -> bool:
        return bool(self.shape) and isinstance(self.shape[0], tuple)

    @property
    def shapes(self) -> list[Shape]:
        """Returns a value for each input."""
        return list(self.shape) if self.several else [self.shape]  # type: ignore[list-item, arg-type]

    def reference(self, xs: list[Array], weights: Weights, training: bool) -> Array:
        return self.forward(xs if self.several else xs[0], weights, training)
