"""Layer that maps strings to integers by a vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from fastnn.layers.preprocessing.tokens import strings
from fastnn.layers.preprocessing.vocabulary_layer import VocabularyLayer


class StringLookup(VocabularyLayer):
    """The numbers of strings in a vocabulary, which is given or learnt by `adapt`.

    0 is the mask where there is one, then come `num_oov_indices` numbers for what is unknown, then the tokens.

    Args:
        max_tokens: How many numbers there may be; None: any.
        num_oov_indices: How many numbers what is unknown is dealt to, by its hash; 0: it is an error.
        mask_token: The string that stands for nothing: 0 with "int", left out of vectors. None: no such string.
        oov_token: What `invert` gives for what is unknown.
        vocabulary: Strings, or the path of a file with one in each line; None: `adapt` finds them.
        idf_weights: With "tf_idf" and a vocabulary, the weight of each.
        invert: Whether to give strings for numbers.
        output_mode: "int": numbers; "one_hot": a vector for each; "multi_hot": one for each sample, with 1 for what it
            has; "count": with how often; "tf_idf": that, times weights that are large for what few samples have.
        pad_to_max_tokens: Whether vectors have max_tokens places whatever the vocabulary's size.
        sparse: False; arrays are dense.
        encoding: Of bytes.
        name: A name, or None.
        salt: One or two whole numbers under which what is unknown is hashed, or None.
        **kwargs: As in `Layer`.

    Raises:
        ValueError: An argument is out of its range, or two of them exclude each other.

    Example:
        >>> StringLookup(vocabulary=["a", "b"])([["b", "z"]])
        array([[2, 0]])
    """

    what = "strings"

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
        return strings(value, who, self.encoding)
