"""Layer that standardizes features by means and variances of the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastnn import initializers, ops
from fastnn.configurable import plain
from fastnn.engine.arrays import numeric
from fastnn.engine.contract import state_of, title
from fastnn.engine.eager_array import with_mask
from fastnn.engine.node_layer import NodeLayer
from fastnn.layers.preprocessing.adapt_data import batches
from fastnn.precision import floatx
from fastnn.symbolic.tensors import Shape, Trace
from fastnn.symbolic.variable import Variable

CHUNK = 1 << 18
"""Number of elements that `adapt` reads at once."""


class _Moments(NamedTuple):
    """Moments of what was read.

    Attributes:
        elements: The number of elements of each mean.
        mean: The means.
        spread: The sums of squared deviations from them.
        sample: The shape of a sample; None before the first.
    """

    elements: int
    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    sample: Shape | None


class Normalization(NodeLayer):
    """Layer that standardizes features with the mean and the variance of the data.

    Computes (x - mean) / sqrt(variance), with one mean and variance for each index along `axis`. They are given, or
    `adapt` computes them; before that they are 0 and 1.

    Shapes: input (batch, ...), output of the same shape. Weights, where they are not given: `mean` and `variance` of
    the sizes of `axis`, and `count`.

    Args:
        axis: Integer or tuple of integers, axes whose indices have statistics of their own, usually the last. None
            means one mean and variance for all elements.
        mean: Number, or array that is broadcast over these axes; None means that `adapt` computes it.
        variance: The same for the variance; both are given or neither.
        invert: Whether to undo it: x * sqrt(variance) + mean.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: Only one of `mean` and `variance` is given, or they do not fit the axes.

    References:
        - Chan, Golub, LeVeque, "Algorithms for Computing the Sample Variance: Analysis and Recommendations", 1983
          (`adapt`).

    Example:
        >>> layer = layers.Normalization()
        >>> layer.adapt(np.array([[0.0, 7.0, 4.0], [2.0, 9.0, 6.0]]))
        >>> layer(np.array([[0.0, 7.0, 4.0]]))
        array([[-1., -1., -1.]], dtype=float32)
    """

    __fastnn_kind__ = "Normalization"
    __fastnn_understood__ = {"axis": (-1,)}
    supports_masking = True
    axis: tuple[int, ...]
    _given: dict[str, Any]
    adapt_mean: Variable
    adapt_variance: Variable
    count: Variable
    invert: bool

    def __init__(
        self,
        axis: int | Sequence[int] | None = -1,
        mean: float | ArrayLike | None = None,
        variance: float | ArrayLike | None = None,
        invert: bool = False,
        **kwargs: Any,
    ) -> None:
        self.axis = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        self.reset_state()
        self.mean_initializer = self.count_initializer = initializers.get("zeros")
        self.variance_initializer = initializers.get("ones")
        super().__init__(**kwargs)

    @property
    def mean(self) -> Any:
        """The means, with axes of size 1 in the place of those that have none of their own; None before `build`."""
        return self._broadcast("mean")

    @mean.setter
    def mean(self, value: Any) -> None:
        self._keep("mean", value)

    @property
    def variance(self) -> Any:
        """The variances, in the shape of `mean`; None before `build`."""
        return self._broadcast("variance")

    @variance.setter
    def variance(self, value: Any) -> None:
        self._keep("variance", value)

    @property
    def input_mean(self) -> Any:
        """The argument `mean`."""
        return self._fixed[0]

    @property
    def input_variance(self) -> Any:
        """The argument `variance`."""
        return self._fixed[1]

    @property
    def _fixed(self) -> tuple[Any, Any]:
        """The arguments `mean` and `variance`."""
        return self._given["mean"], self._given["variance"]

    def _keep(self, name: str, value: Any) -> None:
        """Keeps an argument, or the weight that `build` makes."""
        if isinstance(value, Variable):
            setattr(self, f"adapt_{name}", value)
        else:
            self.__dict__.setdefault("_given", {})[name] = value

    def _broadcast(self, name: str) -> Any:
        shape = state_of(self).build_shape
        if shape is None:
            return None
        kept = self._kept(len(shape))
        sizes = [shape[axis] if axis in kept else 1 for axis in range(len(shape))]
        if self._given[name] is None and Trace.current() is not None:
            return ops.reshape(getattr(self, f"adapt_{name}"), sizes)
        if self._given[name] is None:
            return with_mask(getattr(self, f"adapt_{name}").numpy().reshape(sizes))
        values = np.asarray(self._given[name], dtype=floatx())
        expanded = [1] * len(shape)
        for axis, size in zip(reversed(kept), reversed(values.shape), strict=False):
            expanded[axis] = size
        return with_mask(np.broadcast_to(values.reshape(expanded), sizes).copy())

    def __fastnn_core_node__(self) -> tuple[str, dict[str, Any]] | None:
        """Returns the kind and the config of the node; None for a layer that passes its input on."""
        config: dict[str, Any] = {"axis": self.axis, "invert": bool(self.invert)}
        mean, variance = self._fixed
        if (mean is None) != (variance is None):
            raise ValueError(f"{title(self)} expects mean and variance, or none of them, got {mean!r} and {variance!r}")
        if mean is not None:
            config["mean"] = np.atleast_1d(numeric(mean, f"{title(self)}: mean"))
            config["variance"] = np.atleast_1d(numeric(variance, f"{title(self)}: variance"))
        return self.__fastnn_kind__, config

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments as plain values, from which `from_config` creates an equal layer without weights."""
        given = {name: _as_list(value) for name, value in zip(("mean", "variance"), self._fixed, strict=True)}
        return {**super().get_config(), "axis": self.axis, **given}

    def adapt(self, data: Any) -> None:
        """Computes the mean and the variance of data, and replaces earlier ones.

        Args:
            data: Array whose first axis is the batch, or an iterable of such arrays.

        Raises:
            ValueError: The mean was given to the constructor, or the data is empty, not finite, or has another number
                of features than the layer was built for.

        Example:
            >>> layer = layers.Normalization(axis=None)
            >>> layer.adapt(np.array([1.0, 3.0]))
            >>> layer(np.array([5.0]))
            array([3.], dtype=float32)
        """
        if self._fixed[0] is not None:
            raise ValueError(f"{title(self)} was given its mean and variance and cannot adapt; create it without them")
        self.reset_state()
        for batch in batches(data, title(self)):
            self.update_state(batch)
        self.finalize_state()

    def reset_state(self) -> None:
        """Forgets what `update_state` read; a mean that was given stays."""
        self._read = _Moments(0, np.zeros(()), np.zeros(()), None)

    def update_state(self, data: Any) -> None:
        """Reads a batch; `adapt` does so for all batches.

        Args:
            data: Array whose first axis is the batch.

        Raises:
            ValueError: The mean was given to the constructor, or the samples have another shape than those before.
        """
        if self._fixed[0] is not None:
            raise ValueError(f"{title(self)} was given its mean and variance and cannot adapt; create it without them")
        batch = numeric(data, f"{title(self)}: adapt's data")
        count, mean, spread, sample = self._read
        if count == 0 or sample is None:
            sample = batch.shape[1:]
            self._adapt_to((None, *sample))
        if batch.shape[1:] != sample:
            raise ValueError(
                f"{title(self)}: adapt expects batches of one shape, got {(None, *sample)} and {batch.shape}"
            )
        step = max(1, CHUNK // max(1, int(np.prod(batch.shape[1:], dtype=np.int64))))
        for start in range(0, len(batch), step):
            part = batch[start : start + step].astype(np.float64)
            added, of_part, spread_of_part = self._moments(part)
            # Moments are merged as deviations from the mean: squares of large numbers would cancel.
            total = count + added
            apart = of_part - mean
            mean = mean + apart * (added / total)
            spread = spread + spread_of_part + apart**2 * (count * added / total)
            count = total
        self._read = _Moments(count, mean, spread, sample)

    def finalize_state(self) -> None:
        """Sets the mean and the variance to those of what was read.

        Raises:
            ValueError: Nothing was read, or it is not finite.
        """
        if self._fixed[0] is not None:
            return
        count, mean, spread, _ = self._read
        if count == 0:
            raise ValueError(f"{title(self)}: adapt's data has no rows")
        if not np.isfinite(mean).all():
            raise ValueError(f"{title(self)}: adapt's data holds NaN or infinite numbers")
        self.adapt_mean.assign(mean)
        self.adapt_variance.assign(spread / count)

    def _kept(self, rank: int) -> list[int]:
        """Returns the axes whose indices have statistics of their own."""
        return sorted(axis % rank for axis in self.axis)

    def _moments(self, part: NDArray[np.float64]) -> tuple[int, NDArray[np.float64], NDArray[np.float64]]:
        """Returns the number of elements of each mean, the means, and the sums of squared deviations from them."""
        kept = self._kept(part.ndim)
        rest = tuple(axis for axis in range(part.ndim) if axis not in kept)
        mean = part.mean(axis=rest, keepdims=True)
        spread = ((part - mean) ** 2).sum(axis=rest)
        return int(np.prod([part.shape[axis] for axis in rest])), mean.reshape(spread.shape), spread

    def _adapt_to(self, shape: Shape) -> None:
        if not self.built:
            if len(shape) == 1 and self.axis:
                raise ValueError(
                    f"{title(self)}: adapt's data has the shape (batch,) and no axis "
                    f"{', '.join(map(str, self.axis))} in a sample; "
                    "pass data[:, None], or create the layer with axis=None"
                )
            self.build(shape)
            return
        sizes = tuple(shape[axis] for axis in self._kept(len(shape)))
        if sizes != self.adapt_mean.shape:
            raise ValueError(
                f"{title(self)} was built for {state_of(self).build_shape} with {self.adapt_mean.shape} means; adapt's "
                f"data {shape} has {sizes}"
            )


def _as_list(value: Any) -> Any:
    """Returns an argument for a config: a sequence or an array as a list."""
    return np.asarray(value).tolist() if isinstance(value, (Sequence, np.ndarray)) else plain(value)
