"""Layer that maps integers to indices by a vocabulary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.contract import title
from fastnn.engine.emission import Emission
from fastnn.layers.preprocessing.tokens import as_integers
from fastnn.layers.preprocessing.vocabulary_layer import VocabularyLayer
from fastnn.precision import floatx


class IntegerLookup(VocabularyLayer):
    """Layer that maps integers to indices in a vocabulary.

    Index 0 is the mask if `mask_token` is given, then come `num_oov_indices` indices for unknown tokens, then the
    tokens of the vocabulary, which is given or found by `adapt`. With a vocabulary, the layer may stand in a model.

    Shapes: input of any shape, output int64 of the same shape with "int"; with the other modes vectors of the size of
    the vocabulary, as in `CategoryEncoding`, int64 too, and float32 with "tf_idf".

    Args:
        max_tokens: Integer above 1, maximum size of the vocabulary with the special indices; None means no limit.
        num_oov_indices: Non-negative integer, number of indices that unknown tokens share; 0 makes an unknown token an
            error.
        mask_token: Integer that stands for padding: index 0 with "int", left out of vectors. None means no such
            integer.
        oov_token: Integer that `invert` returns for unknown indices.
        vocabulary: Tokens in the order of their indices, or the path of a file with one token a line; None means that
            `adapt` finds them.
        vocabulary_dtype: Type of the tokens, "int64".
        idf_weights: Inverse document frequency of each token of `vocabulary`, with output_mode="tf_idf"; otherwise
            None.
        invert: Whether to map indices to tokens instead.
        output_mode: "int": indices. "one_hot": one vector for each token. "multi_hot": one vector for each sample, with
            1 for each token that occurs in it. "count": the same with the number of occurrences. "tf_idf": the counts
            times the inverse document frequencies.
        sparse: Accepted for Keras compatibility; must be False, arrays are dense.
        pad_to_max_tokens: Whether vectors have `max_tokens` elements whatever the size of the vocabulary.
        oov_method: Choice of the index of an unknown token: "floormod", its remainder, or "farmhash", its hash.
        salt: With "farmhash", integer, or pair of integers, that keys the hash; None means no key.
        name: Name of the layer, unique within a model; None derives one from the class name.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range, or two arguments exclude each other.

    References:
        - Spärck Jones, "A Statistical Interpretation of Term Specificity and Its Application in Retrieval", 1972
          (tf_idf).

    Example:
        >>> layers.IntegerLookup(vocabulary=[12, 36, 1138, 42])([[12, 1138, 42], [42, 1000, 36]])
        array([[1, 3, 4],
               [4, 0, 2]])
    """

    __fastnn_keras_newer_arguments__ = {"oov_method": "floormod", "salt": None}
    __fastnn_what__ = "integers"
    vocabulary_dtype: str
    oov_method: str

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
            raise ValueError(f"{title(self)} expects vocabulary_dtype 'int64', got {vocabulary_dtype!r}")
        if oov_method not in ("floormod", "farmhash"):
            raise ValueError(f"{title(self)} expects oov_method 'floormod' or 'farmhash', got {oov_method!r}")
        if salt is not None and oov_method != "farmhash":
            raise ValueError(f"{title(self)}: salt requires oov_method='farmhash', got {oov_method!r}")

    def _plain(self, tokens: Iterable[Any]) -> list[Any]:
        return [int(token) for token in tokens]

    def _array(self, value: Any, who: str) -> NDArray[Any]:
        return as_integers(value, who)

    def _from_lines(self, lines: list[str]) -> Any:
        return [int(line) for line in lines if line.strip()]

    def _buckets(self, tokens: list[Any]) -> NDArray[np.int64]:
        if self.oov_method == "floormod":
            return np.asarray(np.mod(np.asarray(tokens, np.int64), self.num_oov_indices))
        return super()._buckets(tokens)

    # As a node of a model.

    def __fastnn_check_symbolic_call__(self) -> None:
        """Raises where the layer cannot be part of a model."""
        self._table()

    def _table(self) -> dict[str, Any]:
        """Returns the config of the node: keys, their values, and the treatment of other integers."""
        if self._tokens is None:
            raise ValueError(f"{title(self)} has no vocabulary yet; call adapt(data) or set_vocabulary(tokens)")
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
                raise ValueError(f"{title(self)} returns int32 within a model, which cannot represent {wide[0]}")
        elif self.num_oov_indices == 0:
            raise ValueError(
                f"{title(self)} has num_oov_indices=0, and a model cannot reject unknown integers; create it "
                "with num_oov_indices=1, or call it on the data before the model"
            )
        elif buckets > 1 and self.oov_method == "farmhash":
            raise ValueError(
                f"{title(self)}: oov_method='farmhash' is not supported within a model; call it on the data before"
            )
        keys = sorted(pairs)
        return {
            "keys": tuple(keys),
            "values": tuple(pairs[key] for key in keys),
            "otherwise": otherwise,
            "buckets": buckets,
        }

    def __fastnn_add_core_node__(self, emission: Emission, edges: list[int]) -> list[int]:
        """Adds the node to a graph; returns its output edges."""
        edges = emission.add(self, "IntegerLookup", self._table(), edges)
        if self.output_mode == "int":
            return edges
        mode = "count" if self.output_mode == "tf_idf" else self.output_mode
        edges = emission.graph.add(
            "CategoryEncoding", self.name, {"num_tokens": self._depth(), "output_mode": mode}, edges
        )
        if self.output_mode != "tf_idf":
            return edges
        scale = {"scale": self._idf, "offset": np.zeros(1, dtype=floatx())}
        return emission.graph.add("Rescaling", self.name, scale, edges)
