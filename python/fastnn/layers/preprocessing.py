"""Layers that bring numbers into the form that a network wants; what they learn from data, `adapt` learns here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastnn import _core, initializers
from fastnn.configurable import plain
from fastnn.emission import Emission
from fastnn.layer import Layer, numeric
from fastnn.symbolic import Shape, is_symbolic

CHUNK = 1 << 18
"""How many numbers `adapt` looks at together."""


def _batches(data: Any, who: str) -> Iterator[NDArray[Any]]:
    """The arrays of an array, of a list of numbers, or of an iterable of batches (of which (x, y) means x)."""
    whole = isinstance(data, np.ndarray) or hasattr(data, "to_numpy") or not isinstance(data, Iterable)
    if isinstance(data, (list, tuple)):
        whole = not any(isinstance(one, np.ndarray) and one.ndim > 0 for one in data)
    if whole:
        array = numeric(data, f"{who}: adapt's data")
        if array.shape == (0,):
            raise ValueError(f"{who}: adapt's data is empty")
        yield array
        return
    empty = True
    for batch in data:
        empty = False
        yield numeric(batch[0] if isinstance(batch, tuple) else batch, f"{who}: a batch of adapt's data")
    if empty:
        raise ValueError(f"{who}: adapt's data is empty")


class Rescaling(Layer):
    """x * scale + offset.

    Shapes: the input's.

    Args:
        scale: A number, or an array that goes with the last axes: one for each channel.
        offset: The same, added after.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: An array does not go with the inputs.

    Example:
        >>> Rescaling(1 / 255)
    """

    kind = "Rescaling"
    supports_masking = True

    def __init__(self, scale: float | ArrayLike, offset: float | ArrayLike = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def _node(self) -> tuple[str, dict[str, Any]] | None:
        config = {}
        for name in ("scale", "offset"):
            array = numeric(getattr(self, name), f"{self.who()}: {name}")
            config[name] = np.atleast_1d(array).astype(np.float32)
        return self.kind, config


class Normalization(Layer):
    """(x - mean) / sqrt(variance), with the mean and the variance of each index along `axis`.

    They are given, or `adapt` takes them from data; before that they are 0 and 1.

    Shapes: the input's; the weights `mean` and `variance`, which are not there where they are given, have the sizes of
    `axis`.

    Args:
        axis: The axis, or the axes, that keep statistics of their own: the last as a rule. None: one mean for all.
        mean: A number, or an array that goes with the last of the axes.
        variance: The same; both are given or none.
        invert: Whether to undo it: x * sqrt(variance) + mean.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: Only one of mean and variance is given, or they do not go with the axes.

    Example:
        >>> layer = Normalization()
        >>> layer.adapt(np.array([[0.0, 7.0, 4.0], [2.0, 9.0, 6.0]]))
        >>> layer(np.array([[0.0, 7.0, 4.0]]))
        array([[-1., -1., -1.]], dtype=float32)
    """

    kind = "Normalization"
    supports_masking = True

    def __init__(
        self,
        axis: int | Sequence[int] | None = -1,
        mean: float | ArrayLike | None = None,
        variance: float | ArrayLike | None = None,
        invert: bool = False,
        **kwargs: Any,
    ) -> None:
        self._fixed: tuple[Any, Any] = (self.mean, self.variance)
        self.mean_initializer = self.count_initializer = initializers.get("zeros")
        self.variance_initializer = initializers.get("ones")
        super().__init__(**kwargs)

    def _node(self) -> tuple[str, dict[str, Any]] | None:
        axes = () if self.axis is None else (self.axis,) if isinstance(self.axis, int) else tuple(self.axis)
        config: dict[str, Any] = {"axis": axes, "invert": bool(self.invert)}
        mean, variance = self._fixed
        if (mean is None) != (variance is None):
            raise ValueError(f"{self.who()} expects mean and variance, or none of them, got {mean!r} and {variance!r}")
        if mean is not None:
            config["mean"] = np.atleast_1d(numeric(mean, f"{self.who()}: mean"))
            config["variance"] = np.atleast_1d(numeric(variance, f"{self.who()}: variance"))
        return self.kind, config

    def get_config(self) -> dict[str, Any]:
        mean, variance = self._fixed
        return {**super().get_config(), "mean": plain(mean), "variance": plain(variance)}

    def adapt(self, data: Any) -> None:
        """Takes the mean and the variance from data, in place of any before.

        Args:
            data: An array whose first axis is the batch, or an iterable of such arrays.

        Raises:
            ValueError: The mean was given to the constructor; or the data is empty, is not finite, or is of another
                number of features than the layer was built for.

        Example:
            >>> Normalization(axis=None).adapt(np.arange(10.0))
        """
        if self._fixed[0] is not None:
            raise ValueError(f"{self.who()} was given its mean and variance and learns none; make it without them")
        count, mean, spread = 0, np.zeros(()), np.zeros(())
        sample: Shape = ()
        for batch in _batches(data, self.who()):
            if count == 0:
                sample = batch.shape[1:]
                self._adapt_to((None, *sample))
            if batch.shape[1:] != sample:
                raise ValueError(
                    f"{self.who()}: adapt's data has batches of shape {(None, *sample)} and of {batch.shape}"
                )
            step = max(1, CHUNK // max(1, int(np.prod(batch.shape[1:], dtype=np.int64))))
            for start in range(0, len(batch), step):
                part = batch[start : start + step].astype(np.float64)
                added, of_part, spread_of_part = self._moments(part)
                # Two sets of moments are put together without ever squaring a number that is far from its mean.
                total = count + added
                apart = of_part - mean
                mean = mean + apart * (added / total)
                spread = spread + spread_of_part + apart**2 * (count * added / total)
                count = total
        if count == 0:
            raise ValueError(f"{self.who()}: adapt's data has no rows")
        if not np.isfinite(mean).all():
            raise ValueError(f"{self.who()}: adapt's data holds NaN or infinite numbers")
        self.mean.assign(mean)
        self.variance.assign(spread / count)

    def _kept(self, rank: int) -> list[int]:
        """The axes that keep statistics of their own."""
        given = () if self.axis is None else (self.axis,) if isinstance(self.axis, int) else self.axis
        return sorted(axis % rank for axis in given)

    def _moments(self, part: NDArray[np.float64]) -> tuple[int, NDArray[np.float64], NDArray[np.float64]]:
        """How many numbers each mean is of, the means, and the sums of squared distances from them."""
        kept = self._kept(part.ndim)
        rest = tuple(axis for axis in range(part.ndim) if axis not in kept)
        mean = part.mean(axis=rest, keepdims=True)
        spread = ((part - mean) ** 2).sum(axis=rest)
        return int(np.prod([part.shape[axis] for axis in rest])), mean.reshape(spread.shape), spread

    def _adapt_to(self, shape: Shape) -> None:
        if not self.built:
            if len(shape) == 1 and self.axis is not None:
                raise ValueError(
                    f"{self.who()}: adapt's data has the shape (batch,) and axis {self.axis!r} is no axis of a sample; "
                    "give it as data[:, None], or make the layer with axis=None"
                )
            self.build(shape)
            return
        sizes = tuple(shape[axis] for axis in self._kept(len(shape)))
        if sizes != self.mean.shape:
            raise ValueError(
                f"{self.who()} was built for {self._build_shape} and keeps {self.mean.shape} means; adapt's data "
                f"{shape} has {sizes}"
            )


_ENCODINGS = ("one_hot", "multi_hot", "count")


class _Weighted(tuple[Any, Any]):
    """Tokens and their weights, as one call takes them."""


class _Encoding(Layer):
    """Base of layers that may give vectors of tokens; of a single sample (one axis) they give its single vector."""

    output_mode: str

    def _mode(self, mode: str, *more: str) -> str:
        mode = "multi_hot" if mode == "binary" else mode
        if mode not in (*more, *_ENCODINGS):
            raise ValueError(f"{self.who()} expects output_mode to be one of {(*more, *_ENCODINGS)}, got {mode!r}")
        return mode

    def _dense_only(self, sparse: bool) -> None:
        if sparse:
            raise ValueError(f"{self.who()} gives dense arrays only; leave sparse=False")

    def _on_array(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        if is_symbolic(inputs):
            return super().__call__(inputs, *args, **kwargs)
        alone = not isinstance(inputs, _Weighted) and self.output_mode in ("multi_hot", "count")
        if alone:
            tokens = numeric(inputs, f"{self.who()}: the input")
            if tokens.ndim == 1:
                return super().__call__(tokens[None], *args, **kwargs)[0]
        return super().__call__(inputs, *args, **kwargs)


class CategoryEncoding(_Encoding):
    """Vectors that say which tokens are there, for whole numbers from 0 to num_tokens - 1. Others count for nothing.

    Shapes: "one_hot": (batch, n) -> (batch, n, num_tokens), where an n of 1 is left out; "multi_hot" and "count":
    (batch, n) -> (batch, num_tokens), n being the tokens of one sample.

    Args:
        num_tokens: How many tokens there are.
        output_mode: "one_hot": one vector for each token; "multi_hot": one for each sample, with 1 for each token that
            it has; "count": with the number of times that it has it.
        sparse: False; arrays are dense.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: An argument is missing or out of its range.

    Example:
        >>> CategoryEncoding(4, output_mode="count")(np.array([[0, 1, 1]]))
        array([[1., 2., 0., 0.]], dtype=float32)
    """

    kind = "CategoryEncoding"

    def __init__(
        self, num_tokens: int | None = None, output_mode: str = "multi_hot", sparse: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)

    def _node(self) -> tuple[str, dict[str, Any]] | None:
        self._dense_only(self.sparse)
        if self.num_tokens is None:
            raise ValueError(
                f"{self.who()} expects num_tokens; where it is not known, IntegerLookup finds it in the data"
            )
        self.output_mode = self._mode(self.output_mode)
        return self.kind, {"num_tokens": self.num_tokens, "output_mode": self.output_mode}

    def __call__(self, inputs: Any, *args: Any, count_weights: Any = None, **kwargs: Any) -> Any:
        """The vectors of the tokens.

        Args:
            inputs: Whole numbers of shape (batch, n).
            *args: As in `Layer`.
            count_weights: With "count", how much each token counts, of the same shape; None: 1.
            **kwargs: As in `Layer`.

        Returns:
            A float32 array, or a symbolic tensor.

        Raises:
            ValueError: There are count_weights with another output_mode.

        Example:
            >>> CategoryEncoding(3, output_mode="count")([[0, 2]], count_weights=[[0.5, 2.0]])
            array([[0.5, 0. , 2. ]], dtype=float32)
        """
        if count_weights is None:
            return self._on_array(inputs, *args, **kwargs)
        if self.output_mode != "count":
            raise ValueError(f"{self.who()}: count_weights go with output_mode='count', not {self.output_mode!r}")
        return self._on_array(_Weighted((inputs, count_weights)), *args, **kwargs)

    def _given(self, inputs: Any) -> list[Any]:
        return list(inputs) if isinstance(inputs, _Weighted) else super()._given(inputs)


class Discretization(_Encoding):
    """The number of the bin in which a number falls: how many boundaries are at most as large.

    Shapes: "int": the input's, int32; others as in `CategoryEncoding`, with a vector of as many places as bins.

    Args:
        bin_boundaries: Ascending numbers, one fewer than bins; None: `adapt` finds them.
        num_bins: How many bins `adapt` makes, with about as much data in each.
        epsilon: How exactly `adapt` keeps the data in mind: quantiles are right to about this share.
        output_mode: "int": the bins' numbers; "one_hot", "multi_hot" or "count": vectors of them.
        sparse: False; arrays are dense.
        dtype: "float32" or None.
        name: A name, or None.
        **kwargs: `input_shape`, as in `Layer`.

    Raises:
        ValueError: Neither or both of bin_boundaries and num_bins are given, or one is out of its range.

    Example:
        >>> Discretization([0.0, 1.0])(np.array([[-1.5, 0.0, 3.4]]))
        array([[0, 1, 2]], dtype=int32)
    """

    kind = "Discretization"
    bin_boundaries: tuple[float, ...] | None

    def __init__(
        self,
        bin_boundaries: Sequence[float] | None = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        dtype: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if isinstance(self.bin_boundaries, np.ndarray):
            self.bin_boundaries = tuple(self.bin_boundaries.tolist())
        super().__init__(dtype=dtype, name=name, **kwargs)
        self._dense_only(sparse)
        self.output_mode = self._mode(output_mode, "int")
        if (bin_boundaries is None) == (num_bins is None):
            raise ValueError(
                f"{self.who()} expects bin_boundaries or num_bins, got {bin_boundaries!r} and {num_bins!r}"
            )
        if num_bins is not None and num_bins < 1:
            raise ValueError(f"{self.who()} expects num_bins of at least 1, got {num_bins}")
        if not 0 < epsilon < 1:
            raise ValueError(f"{self.who()} expects epsilon between 0 and 1, got {epsilon!r}")

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Discretization:
        """A new layer with the arguments that `get_config` returned, and the boundaries that were found."""
        config = dict(config)
        found = config.pop("bin_boundaries", None) if config.get("num_bins") is not None else None
        layer = cls(**config)
        if found is not None:
            layer.bin_boundaries = tuple(found)
        return layer

    def _node(self) -> tuple[str, dict[str, Any]] | None:
        if self.bin_boundaries is None:
            return None
        array = numeric(self.bin_boundaries, f"{self.who()}: bin_boundaries").reshape(-1)
        return self.kind, {"bin_boundaries": array.astype(np.float32)}

    def _ready(self) -> dict[str, Any]:
        node = self._node()
        if node is None:
            raise ValueError(f"{self.who()} has no bins yet: call adapt(data), or give it bin_boundaries")
        return node[1]

    def _vectors(self) -> dict[str, Any]:
        return {"num_tokens": len(self.bin_boundaries or ()) + 1, "output_mode": self.output_mode}

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape that comes out for a shape that goes in, the batch included."""
        self._ready()
        (shape,) = self._known_shapes(input_shape)
        if self.output_mode == "int":
            return shape
        outputs, _ = _core.infer("CategoryEncoding", self.name, self._vectors(), [(shape, "int32")])
        return tuple(outputs[0][0])

    def _emit_main(self, emission: Emission, edges: list[int]) -> list[int]:
        edges = emission.add(self, self.kind, self._ready(), edges)
        if self.output_mode == "int":
            return edges
        return emission.graph.add("CategoryEncoding", self.name, self._vectors(), edges)

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """The bins of the numbers: an array, or a symbolic tensor for a symbolic tensor."""
        return self._on_array(inputs, *args, **kwargs)

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Finds boundaries between which there is about as much data each, in place of any before.

        Args:
            data: An array, or an iterable of arrays.
            steps: How many arrays of an iterable are looked at; None: all.

        Raises:
            ValueError: The boundaries were given to the constructor, or there is no data.

        Example:
            >>> layer = Discretization(num_bins=4)
            >>> layer.adapt(np.arange(100.0))
        """
        if self.num_bins is None:
            raise ValueError(f"{self.who()} was given its bin_boundaries and learns none; make it with num_bins")
        known = np.zeros((2, 0), np.float32)
        for step, batch in enumerate(_batches(data, self.who())):
            if steps is not None and step >= steps:
                break
            if not np.isfinite(batch).all():
                raise ValueError(f"{self.who()}: adapt's data holds NaN or infinite numbers")
            both = np.concatenate([_sketch(batch, self.epsilon), known], axis=1)
            known = _condensed(both[:, np.argsort(both[0], kind="stable")], self.epsilon)
        if known.shape[1] == 0:
            raise ValueError(f"{self.who()}: adapt's data is empty")
        self.bin_boundaries = tuple(_condensed(known, 1.0 / self.num_bins)[0, :-1].tolist())
        self._alone = None


# A sketch is a row of ascending values and a row that says for how many of the data each stands: its running sum is the
# data's distribution, read between the values along straight lines.


def _sketch(data: NDArray[Any], epsilon: float) -> NDArray[np.float32]:
    """Every n-th of the sorted data, so that about 1 / epsilon stay."""
    values = np.sort(data.astype(np.float32), axis=None)
    apart = max(values.size * epsilon, 1)
    kept = values[int(apart - 1) :: int(apart)]
    return np.stack([kept, np.full_like(kept, apart)])


def _condensed(sketch: NDArray[np.float32], epsilon: float) -> NDArray[np.float32]:
    """The sketch read at multiples of epsilon; as it is where it has no more values than that."""
    if sketch.shape[1] * epsilon < 1:
        return sketch
    sums = sketch[1].cumsum()
    at = epsilon + np.arange(0.0, 1.0, epsilon)
    values, counts = (np.interp(at, sums / sums[-1], row) for row in (sketch[0], sums))
    return np.stack([values, np.diff(counts, prepend=0)]).astype(np.float32)
