"""Layer that encodes integer categories as vectors."""

from __future__ import annotations

from typing import Any

from fastnn.layers.preprocessing.encoding import Encoding, Weighted


class CategoryEncoding(Encoding):
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
        return self._on_array(Weighted((inputs, count_weights)), *args, **kwargs)

    def _given(self, inputs: Any) -> list[Any]:
        return list(inputs) if isinstance(inputs, Weighted) else super()._given(inputs)
