"""The base classes of initializers.

An object is called with a shape and returns a float32 array, made by the core's counter-based generator. Without a seed
it draws one when it is constructed; with the same seed it always returns the same values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.configurable import Configurable
from fastnn.seeds import generated_seed, is_generator, next_seed

Values = NDArray[np.float32]


class Initializer(Configurable):
    """Base class of all initializers: called with a shape, it returns the initial values of a weight.

    Example:
        >>> class Ramp(fastnn.initializers.Initializer):
        ...     def __call__(self, shape, dtype=None):
        ...         return np.arange(np.prod(shape), dtype="float32").reshape(shape)
        >>> layers.Dense(2, kernel_initializer=Ramp())(np.ones((1, 2)))
        array([[2., 4.]], dtype=float32)
    """

    __fastnn_keras_module__ = "keras.initializers"
    __fastnn_keras_ignored_arguments__ = {"dtype": ...}

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        """Returns the initial values of a weight.

        Args:
            shape: Shape of the weight.
            dtype: Accepted for Keras compatibility; the values are float32.

        Returns:
            Array of that shape, float32.
        """
        raise NotImplementedError

    def clone(self) -> Initializer:
        """Returns a new initializer with the same arguments."""
        return type(self).from_config(self.get_config())


class RandomInitializer(Initializer):
    """Initializer with a seed."""

    seed: Any

    def __fastnn_store_arguments__(self, arguments: dict[str, Any]) -> None:
        """Stores the arguments as attributes, and settles the seed."""
        super().__fastnn_store_arguments__(arguments)
        seed = self.seed
        whole = isinstance(seed, (int, np.integer)) and not isinstance(seed, bool) and seed >= 0
        if seed is not None and not whole and not is_generator(seed):
            raise ValueError(
                f"{type(self).__name__} expects a seed that is an integer of at least 0 or a SeedGenerator, "
                f"got {seed!r}"
            )
        self._fixed_seed = int(seed) if whole else next_seed() if seed is None else None

    @property
    def draw_seed(self) -> int:
        """The seed of the next draw: always the same, but for a `SeedGenerator`, which moves on."""
        return generated_seed(self.seed) if self._fixed_seed is None else self._fixed_seed
