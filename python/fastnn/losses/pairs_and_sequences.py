"""Losses of pairs of samples, of sequences without an alignment, and of noisy labels: functions and classes."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from fastnn import ops
from fastnn.losses.computation import of_function
from fastnn.losses.loss import Loss
from fastnn.precision import floatx


def categorical_generalized_cross_entropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    q: float = 0.5,
) -> Any:
    """Returns the generalized cross-entropy of integer labels: (1 - p**q) / q, p the probability of the label.

    Reference: Zhang and Sabuncu, 2018, "Generalized cross entropy loss for training deep neural networks with noisy
    labels".

    Args:
        y_true: Class indices, of shape `(...)` or `(..., 1)`.
        y_pred: Predicted probabilities, of shape `(..., classes)`.
        q: Exponent in (0, 1): near 0 the cross-entropy, near 1 the mean absolute error.

    Returns:
        Values, of shape `(...)`.

    Raises:
        ValueError: `q` is not between 0 and 1.

    Example:
        >>> fastnn.losses.categorical_generalized_cross_entropy([1], [[0.75, 0.25]])
        array([1.], dtype=float32)
    """
    if not 0 < q < 1:
        raise ValueError(f"categorical_generalized_cross_entropy expects q between 0 and 1, got {q!r}")
    guess = ops.cast(y_pred, floatx())
    true = ops.cast(y_true, "int32")
    if len(true.shape) == len(guess.shape) and true.shape[-1] == 1:
        true = ops.squeeze(true, -1)
    of_label = ops.sum(guess * ops.one_hot(true, guess.shape[-1]), axis=-1)
    return (1.0 - ops.power(of_label, q)) / q


class CategoricalGeneralizedCrossEntropy(Loss):
    """Generalized cross-entropy of integer labels, which may be wrong: (1 - p**q) / q, p the probability of the label.

    Reference: Zhang and Sabuncu, 2018, "Generalized cross entropy loss for training deep neural networks with noisy
    labels".

    Args:
        q: Exponent in (0, 1): near 0 the cross-entropy, near 1 the mean absolute error.
        reduction: How the values of the samples become one number; see `Loss`.
        name: Name of the loss.
        dtype: Accepted for Keras compatibility; values are computed in float32.

    Raises:
        ValueError: `q` is not between 0 and 1.

    Example:
        >>> fastnn.losses.CategoricalGeneralizedCrossEntropy()([1], [[0.75, 0.25]])
        1.0
    """

    __fastnn_computation__ = of_function(
        "categorical_generalized_cross_entropy", function=categorical_generalized_cross_entropy
    )
    q: float

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ) -> None:
        if not 0 < q < 1:
            raise ValueError(f"CategoricalGeneralizedCrossEntropy expects q between 0 and 1, got {q!r}")


def ctc(
    y_true: ArrayLike,
    y_pred: ArrayLike,
) -> Any:
    """Returns the loss of connectionist temporal classification: -log(probability of the labels under all alignments).

    Reference: Graves et al., 2006, "Connectionist temporal classification: labelling unsegmented sequence data".

    Args:
        y_true: Class indices from 1, of shape `(batch, most labels)`, padded by 0.
        y_pred: Scores before the softmax, of shape `(batch, steps, classes)`.

    Returns:
        Values, of shape `(batch,)`.

    Raises:
        ValueError: The shapes differ from that.

    Example:
        >>> fastnn.losses.ctc([[1, 2]], np.zeros((1, 4, 3)))
        array([1.68639...], dtype=float32)
    """
    true, guess = ops.cast(y_true, "int32"), ops.cast(y_pred, floatx())
    if len(true.shape) != 2 or len(guess.shape) != 3:
        raise ValueError(
            "ctc expects y_true of shape (batch, most labels) and y_pred of shape (batch, steps, classes), got "
            f"{tuple(true.shape)} and {tuple(guess.shape)}"
        )
    labels = ops.sum(ops.cast(ops.not_equal(true, 0), "int32"), axis=-1)
    steps = ops.zeros_like(labels) + guess.shape[1]
    return ops.ctc_loss(true, guess, labels, steps)


class CTC(Loss):
    """Loss of connectionist temporal classification: -log(probability of the labels under all alignments).

    Class 0 stands for "no label": it separates equal labels, and pads sequences of labels at their end.

    Reference: Graves et al., 2006, "Connectionist temporal classification: labelling unsegmented sequence data".

    Args:
        reduction: How the values of the samples become one number; see `Loss`.
        name: Name of the loss.
        dtype: Accepted for Keras compatibility; values are computed in float32.

    Raises:
        ValueError: The shapes differ from that.

    Example:
        >>> fastnn.losses.CTC()([[1, 2]], np.zeros((1, 4, 3)))
        1.68639...
    """

    __fastnn_computation__ = of_function("ctc", function=ctc)

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "ctc",
        dtype: Any = None,
    ) -> None:
        pass


def circle(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    ref_labels: ArrayLike | None = None,
    ref_embeddings: ArrayLike | None = None,
    remove_diagonal: bool = True,
    gamma: float = 80.0,
    margin: float = 0.4,
) -> Any:
    """Returns the circle loss of embeddings: each sample is drawn to those of its class and away from all others.

    log(1 + sum(exp(gamma * a * (s - margin))) * sum(exp(-gamma * b * (t - 1 + margin)))), s the cosine similarities to
    other classes with a = max(s + margin, 0), t those to its own class with b = max(1 + margin - t, 0).

    Reference: Sun et al., 2020, "Circle loss: a unified perspective of pair similarity optimization".

    Args:
        y_true: Class indices, of shape `(batch,)` or `(batch, 1)`.
        y_pred: Embeddings of length 1, of shape `(batch, n)`.
        ref_labels: Class indices of the samples to compare with; None: `y_true`.
        ref_embeddings: Their embeddings; None: `y_pred`.
        remove_diagonal: True where a sample at the same index is the sample itself and does not count.
        gamma: Scale of the similarities.
        margin: Relaxation of the optimum.

    Returns:
        Values, of shape `(batch,)`; 0 for a sample that has no other of its class, or none of another class.

    Example:
        >>> fastnn.losses.circle([0, 0, 1], [[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]], gamma=1.0).round(4)
        array([0.6163, 0.9617, 0.    ], dtype=float32)
    """
    guess, others = ops.cast(y_pred, floatx()), ref_embeddings
    labels = ops.reshape(ops.cast(y_true, "int32"), (-1, 1))
    ref_labels = labels if ref_labels is None else ops.reshape(ops.cast(ref_labels, "int32"), (-1, 1))
    others = guess if others is None else ops.cast(others, floatx())
    distances = ops.maximum(1.0 - ops.matmul(guess, ops.transpose(others)), 0.0)
    same = ops.equal(labels, ops.transpose(ref_labels))
    different = ops.logical_not(same)
    if remove_diagonal:
        rows, columns = ops.cumsum(ops.ones_like(labels), axis=0), ops.cumsum(ops.ones_like(ref_labels), axis=0)
        same = ops.logical_and(same, ops.not_equal(rows, ops.transpose(columns)))
    pull = gamma * ops.maximum(margin + distances, 0.0) * (distances - margin)
    push = gamma * ops.maximum(1.0 + margin - distances, 0.0) * (1.0 - margin - distances)
    return ops.softplus(_log_sum_exp(pull, same) + _log_sum_exp(push, different))


class Circle(Loss):
    """Circle loss of embeddings: each sample is drawn to those of its class in the batch and away from all others.

    Samples whose loss is 0, such as those without another of their class in the batch, do not count in the mean.

    Reference: Sun et al., 2020, "Circle loss: a unified perspective of pair similarity optimization".

    Args:
        gamma: Scale of the similarities.
        margin: Relaxation of the optimum.
        remove_diagonal: True where the similarity of a sample to itself does not count.
        reduction: How the values of the samples become one number; see `Loss`.
        name: Name of the loss.
        dtype: Accepted for Keras compatibility; values are computed in float32.

    Raises:
        ValueError: `reduction` is not known, or at the call the shapes do not fit.

    Example:
        >>> loss = fastnn.losses.Circle(gamma=1.0)
        >>> round(loss([0, 0, 1], [[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]]), 4)
        0.789
    """

    __fastnn_computation__ = of_function("circle", function=circle)
    gamma: float
    margin: float
    remove_diagonal: bool

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str = "circle",
        dtype: Any = None,
    ) -> None:
        pass

    def __fastnn_mask__(self, y_true: Any, values: Any = None) -> Any:
        """Returns which of the values are not 0."""
        return None if values is None else ops.greater(values, 0.0)


def _log_sum_exp(values: Any, counted: Any) -> Any:
    """Returns log(sum(exp(values))) of each row over the values that count; -1e30 where none does."""
    return ops.logsumexp(ops.where(counted, values, -1e30), axis=1)
