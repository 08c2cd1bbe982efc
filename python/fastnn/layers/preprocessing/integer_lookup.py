"""Layer that maps integers to indices by a vocabulary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.emission import Emission
from fastnn.engine.layer import Layer
from fastnn.layers.preprocessing.tokens import integers
from fastnn.layers.preprocessing.vocabulary_layer import VocabularyLayer


class IntegerLookup(VocabularyLayer):
    """The numbers of integers in a vocabulary, which is given or learnt by `adapt`.

    0 is the mask where there is one, then come `num_oov_indices` numbers for what is unknown, then the tokens. It may
    stand inside of a model once it has its vocabulary.

    Args:
        max_tokens: How many numbers there may be; None: any.
        num_oov_indices: How many numbers what is unknown is dealt to; 0: it is an error.
        mask_token: The integer that stands for nothing: 0 with "int", left out of vectors. None: no such integer.
        oov_token: What `invert` gives for what is unknown.
        vocabulary: Integers, or the path of a file with one in each line; None: `adapt` finds them.
        vocabulary_dtype: "int64".
        idf_weights: With "tf_idf" and a vocabulary, the weight of each.
        invert: Whether to give tokens for numbers.
        output_mode: "int", "one_hot", "multi_hot", "count" or "tf_idf", as in `StringLookup`.
        sparse: False; arrays are dense.
        pad_to_max_tokens: Whether vectors have max_tokens places whatever the vocabulary's size.
        oov_method: How what is unknown is dealt to several numbers: "floormod", by its remainder, or "farmhash".
        salt: With "farmhash", one or two whole numbers under which to hash, or None.
        name: A name, or None.
        **kwargs: As in `Layer`.

    Raises:
        ValueError: An argument is out of its range, or two of them exclude each other.

    Example:
        >>> IntegerLookup(vocabulary=[12, 36, 1138, 42])([[12, 1138, 42], [42, 1000, 36]])
        array([[1, 3, 4],
               [4, 0, 2]])
    """

    what = "integers"

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int = -1,
        vocabulary: Any = None,
        vocabulary_dtype: str = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: int | Sequence[int] | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if vocabulary_dtype != "int64":
            raise ValueError(f"{self.who()} expects vocabulary_dtype 'int64', got {vocabulary_dtype!r}")
        if oov_method not in ("floormod", "farmhash"):
            raise ValueError(f"{self.who()} expects oov_method 'floormod' or 'farmhash', got {oov_method!r}")
        if salt is not None and oov_method != "farmhash":
            raise ValueError(f"{self.who()}: salt goes with oov_method='farmhash', not {oov_method!r}")

    def _plain(self, tokens: Iterable[Any]) -> list[Any]:
        return [int(token) for token in tokens]

    def _array(self, value: Any, who: str) -> NDArray[Any]:
        return integers(value, who)

    def _from_lines(self, lines: list[str]) -> Any:
        return [int(line) for line in lines if line.strip()]

    def _buckets(self, tokens: list[Any]) -> NDArray[np.int64]:
        if self.oov_method == "floormod":
            return np.asarray(np.mod(np.asarray(tokens, np.int64), self.num_oov_indices))
        return super()._buckets(tokens)

    # Inside of a model.

    def _record(self, args: tuple[Any, ...], kwargs: dict[str, Any], training: bool | None) -> Any:
        self._table()
        return Layer._record(self, args, kwargs, training)

    def _table(self) -> dict[str, Any]:
        """The node's config: what stands for what."""
        if self._tokens is None:
            raise ValueError(f"{self.who()} has no vocabulary yet: call adapt(data), or give it one")
        tokens = self._tokens
        start, unknown = self._token_start(), self._unknown_start()
        pairs = {token: start + i for i, token in enumerate(tokens)}
        if self.mask_token is not None:
            pairs[int(self.mask_token)] = 0 if self.output_mode == "int" else -1
        otherwise, buckets = unknown, max(1, self.num_oov_indices)
        if self.invert:
            pairs, otherwise, buckets = {start + i: token for i, token in enumerate(tokens)}, self.oov_token, 1
            if unknown:
                pairs[0] = int(self.mask_token)
            wide = [token for token in [*pairs.values(), otherwise] if not -(2**31) <= token < 2**31]
            if wide:
                raise ValueError(f"{self.who()} gives int32 inside of a model, which cannot hold {wide[0]}")
        elif self.num_oov_indices == 0:
            raise ValueError(
                f"{self.who()} has num_oov_indices=0, and a model cannot stop at an unknown integer; make it with "
                "num_oov_indices=1, or call it on the data before the model"
            )
        elif buckets > 1 and self.oov_method == "farmhash":
            raise ValueError(
                f"{self.who()}: oov_method='farmhash' does not work inside of a model; call it on the data before"
            )
        keys = sorted(pairs)
        return {
            "keys": tuple(keys),
            "values": tuple(pairs[key] for key in keys),
            "otherwise": otherwise,
            "buckets": buckets,
        }

    def _emit_main(self, emission: Emission, edges: list[int]) -> list[int]:
        edges = emission.add(self, "IntegerLookup", self._table(), edges)
        if self.output_mode == "int":
            return edges
        mode = "count" if self.output_mode == "tf_idf" else self.output_mode
        edges = emission.graph.add(
            "CategoryEncoding", self.name, {"num_tokens": self._depth(), "output_mode": mode}, edges
        )
        if self.output_mode != "tf_idf":
            return edges
        scale = {"scale": self._idf, "offset": np.zeros(1, np.float32)}
        return emission.graph.add("Rescaling", self.name, scale, edges)
