"""Layer that maps strings to integers by a vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from fastnn.layers.preprocessing.tokens import as_strings
from fastnn.layers.preprocessing.vocabulary_layer import VocabularyLayer


class StringLookup(VocabularyLayer):
    """Layer that maps strings to indices in a vocabulary.

    Index 0 is the mask if `mask_token` is given, then come `num_oov_indices` indices for unknown tokens, then the
    tokens of the vocabulary, which is given or found by `adapt`.

    Shapes: input of any shape, output int64 of the same shape with "int"; with the other modes vectors of the size of
    the vocabulary, as in `CategoryEncoding`, int64 too, and float32 with "tf_idf".

    Args:
        max_tokens: Integer above 1, maximum size of the vocabulary with the special indices; None means no limit.
        num_oov_indices: Non-negative integer, number of indices that unknown tokens share, chosen by hash; 0 makes an
            unknown token an error.
        mask_token: String that stands for padding: index 0 with "int", left out of vectors. None means no such string.
        oov_token: String that `invert` returns for unknown indices.
        vocabulary: Tokens in the order of their indices, or the path of a file with one token a line; None means that
            `adapt` finds them.
        idf_weights: Inverse document frequency of each token of `vocabulary`, with output_mode="tf_idf"; otherwise
            None.
        invert: Whether to map indices to tokens instead.
        output_mode: "int": indices. "one_hot": one vector for each token. "multi_hot": one vector for each sample, with
            1 for each token that occurs in it. "count": the same with the number of occurrences. "tf_idf": the counts
            times the inverse document frequencies.
        pad_to_max_tokens: Whether vectors have `max_tokens` elements whatever the size of the vocabulary.
        sparse: Accepted for Keras compatibility; must be False, arrays are dense.
        encoding: Encoding of inputs that are bytes.
        name: Name of the layer, unique within a model; None derives one from the class name.
        salt: Integer, or pair of integers, that keys the hash of unknown tokens; None means no key.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range, or two arguments exclude each other.

    References:
        - Spärck Jones, "A Statistical Interpretation of Term Specificity and Its Application in Retrieval", 1972
          (tf_idf).

    Example:
        >>> layers.StringLookup(vocabulary=["a", "b"])([["b", "z"]])
        array([[2, 0]])
    """

    __fastnn_keras_newer_arguments__ = {"salt": None}
    __fastnn_reads_texts__ = True
    __fastnn_what__ = "strings"
    encoding: str

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str = "[UNK]",
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        salt: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)

    def _array(self, value: Any, who: str) -> NDArray[Any]:
        return as_strings(value, who, self.encoding)
