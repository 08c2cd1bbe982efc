"""Layer that sorts numbers into bins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import _core
from fastnn.engine.arrays import numeric
from fastnn.engine.contract import state_of, title
from fastnn.engine.emission import Emission
from fastnn.engine.shapes import with_batch_of
from fastnn.layers.preprocessing.adapt_data import batches
from fastnn.layers.preprocessing.encoding import Encoding
from fastnn.precision import floatx


class Discretization(Encoding):
    """Layer that maps numbers to the indices of bins.

    The index of a number is the number of boundaries less than or equal to it.

    Shapes: input (batch, ...), output int32 of the same shape with "int"; the other modes as in `CategoryEncoding`,
    with one token for each bin.

    Args:
        bin_boundaries: Ascending numbers, one fewer than there are bins; None means that `adapt` finds them.
        num_bins: Positive integer, number of bins that `adapt` finds, which hold about equally many numbers each.
        epsilon: Number between 0 and 1, relative error of the quantiles that `adapt` finds.
        output_mode: "int": indices. "one_hot": one vector for each token. "multi_hot": one vector for each sample, with
            1 for each token that occurs in it. "count": the same with the number of occurrences.
        sparse: Accepted for Keras compatibility; must be False, arrays are dense.
        dtype: "float32" or None; beside `output_mode="int"` also "int32" or "int64".
        name: Name of the layer, unique within a model; None derives one from the class name.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: Neither or both of `bin_boundaries` and `num_bins` are given, or an argument is out of its range.

    Example:
        >>> layers.Discretization([0.0, 1.0])(np.array([[-1.5, 0.0, 3.4]]))
        array([[0, 1, 2]], dtype=int32)
    """

    __fastnn_kind__ = "Discretization"
    __fastnn_keras_names_type__ = True
    bin_boundaries: tuple[float, ...] | None
    num_bins: int | None
    epsilon: float
    sparse: bool

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
        self.reset_state()
        if isinstance(self.bin_boundaries, np.ndarray):
            self.bin_boundaries = tuple(self.bin_boundaries.tolist())
        # Indices are of int32 whatever type of integers is named.
        name_of_type = str(getattr(dtype, "__name__", dtype))
        self._named_type = name_of_type if output_mode == "int" and name_of_type in ("int32", "int64") else None
        super().__init__(dtype=dtype if self._named_type is None else None, name=name, **kwargs)
        self._dense_only(sparse)
        self.output_mode = self._mode(output_mode, "int")
        if (bin_boundaries is None) == (num_bins is None):
            raise ValueError(
                f"{title(self)} expects bin_boundaries or num_bins, got {bin_boundaries!r} and {num_bins!r}"
            )
        if num_bins is not None and num_bins < 1:
            raise ValueError(f"{title(self)} expects num_bins of at least 1, got {num_bins}")
        if not 0 < epsilon < 1:
            raise ValueError(f"{title(self)} expects epsilon between 0 and 1, got {epsilon!r}")

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments from which `from_config` makes an equal layer, as plain values."""
        config = super().get_config()
        return config if self._named_type is None else {**config, "dtype": self._named_type}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Discretization:
        """Returns a new layer with the arguments that `get_config` returned and the boundaries that `adapt` found."""
        config = dict(config)
        found = config.pop("bin_boundaries", None) if config.get("num_bins") is not None else None
        layer = cls(**config)
        if found is not None:
            layer.bin_boundaries = tuple(found)
        return layer

    def __fastnn_core_node__(self) -> tuple[str, dict[str, Any]] | None:
        """Returns the kind and the config of the node; None for a layer that passes its input on."""
        if self.bin_boundaries is None:
            return None
        array = numeric(self.bin_boundaries, f"{title(self)}: bin_boundaries").reshape(-1)
        return self.__fastnn_kind__, {"bin_boundaries": array.astype(floatx())}

    def _ready(self) -> dict[str, Any]:
        node = self.__fastnn_core_node__()
        if node is None:
            raise ValueError(f"{title(self)} has no bins yet; call adapt(data), or create it with bin_boundaries")
        return node[1]

    def _vectors(self) -> dict[str, Any]:
        bins = (self.num_bins or 0) if self.bin_boundaries is None else len(self.bin_boundaries) + 1
        return {"num_tokens": bins, "output_mode": self.output_mode}

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape of the output.

        Args:
            input_shape: Shape of the input, with the batch.

        Returns:
            A tuple that begins with the size of the batch.
        """
        if self.output_mode == "int":
            return tuple(input_shape)
        if len(input_shape) == 0:
            return (self._vectors()["num_tokens"],)
        (shape,) = self.__fastnn_known_shapes__(input_shape)
        outputs, _ = _core.infer("CategoryEncoding", self.name, self._vectors(), [(self._moved_shape(shape), "int32")])
        return with_batch_of(input_shape, tuple(outputs[0][0]))

    def __fastnn_add_core_node__(self, emission: Emission, edges: list[int]) -> list[int]:
        """Adds the node to a graph; returns its output edges."""
        edges = emission.add(self, self.__fastnn_kind__, self._ready(), edges)
        if self.output_mode == "int":
            return edges
        return emission.graph.add("CategoryEncoding", self.name, self._vectors(), self._moved(emission, edges))

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Returns the bins of an array of numbers, or a symbolic tensor for a symbolic tensor."""
        return self._on_array(inputs, *args, **kwargs)

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Finds boundaries that divide the data into bins of about equal size, and replaces earlier ones.

        Args:
            data: Array, or iterable of arrays.
            steps: Positive integer, number of arrays of an iterable to read; None means all.

        Raises:
            ValueError: The boundaries were given to the constructor, or the data is empty or not finite.

        Example:
            >>> layer = layers.Discretization(num_bins=4)
            >>> layer.adapt(np.arange(100.0))
            >>> layer(np.array([0.0, 30.0, 99.0]))
            array([0, 1, 3], dtype=int32)
        """
        if self.num_bins is None:
            raise ValueError(f"{title(self)} was given its bin_boundaries and cannot adapt; create it with num_bins")
        self.reset_state()
        for step, batch in enumerate(batches(data, title(self))):
            if steps is not None and step >= steps:
                break
            self.update_state(batch)
        self.finalize_state()

    def reset_state(self) -> None:
        """Forgets what `update_state` read; boundaries that were given stay."""
        self._sketch = np.zeros((2, 0), dtype=floatx())

    def update_state(self, data: Any) -> None:
        """Reads a batch; `adapt` does so for all batches.

        Args:
            data: Array of numbers.

        Raises:
            ValueError: The boundaries were given to the constructor, or the data is not finite.
        """
        if self.num_bins is None:
            raise ValueError(f"{title(self)} was given its bin_boundaries and cannot adapt; create it with num_bins")
        batch = numeric(data, f"{title(self)}: adapt's data")
        if not np.isfinite(batch).all():
            raise ValueError(f"{title(self)}: adapt's data holds NaN or infinite numbers")
        both = np.concatenate([_summarize(batch, self.epsilon), self._sketch], axis=1)
        self._sketch = _compress(both[:, np.argsort(both[0], kind="stable")], self.epsilon)

    def finalize_state(self) -> None:
        """Finds the boundaries for what was read.

        Raises:
            ValueError: Nothing was read.
        """
        if self.num_bins is None:
            return
        if self._sketch.shape[1] == 0:
            raise ValueError(f"{title(self)}: adapt's data is empty")
        self.bin_boundaries = tuple(_compress(self._sketch, 1.0 / self.num_bins)[0, :-1].tolist())
        state_of(self).predictor = None


def _summarize(data: NDArray[Any], epsilon: float) -> NDArray[np.float32]:
    """Returns every n-th element of the sorted data and its weight n, about 1 / epsilon elements."""
    values = np.sort(data.astype(floatx()), axis=None)
    apart = max(values.size * epsilon, 1)
    kept = values[int(apart - 1) :: int(apart)]
    return np.stack([kept, np.full_like(kept, apart)])


def _compress(sketch: NDArray[np.float32], epsilon: float) -> NDArray[np.float32]:
    """Returns the sketch interpolated at multiples of epsilon, or unchanged if it is no larger."""
    if sketch.shape[1] * epsilon < 1:
        return sketch
    sums = sketch[1].cumsum()
    at = epsilon + np.arange(0.0, 1.0, epsilon)
    values, counts = (np.interp(at, sums / sums[-1], row) for row in (sketch[0], sums))
    return np.stack([values, np.diff(counts, prepend=0)]).astype(floatx())
