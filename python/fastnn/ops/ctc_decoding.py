"""Decoding of the outputs of connectionist temporal classification."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops import conversion, logic, ordering, reduction, shaping, slicing
from fastnn.ops.keras_functions import as_in_keras
from fastnn.precision import floatx
from fastnn.symbolic.tensors import is_traced


@as_in_keras(module="nn", class_name="CTCDecode")
def ctc_decode(
    inputs: Any, sequence_lengths: Any, strategy: str = "greedy", beam_width: int = 100, top_paths: int = 1,
    merge_repeated: bool = True, mask_index: int | None = 0,
) -> tuple[Any, Any]:  # fmt: skip
    """Returns the most probable labels of sequences.

    Reference: Graves et al., 2006, "Connectionist temporal classification: labelling unsegmented sequence data".

    Args:
        inputs: Logits, of shape `(batch, steps, classes)`.
        sequence_lengths: Number of steps of each sequence.
        strategy: "greedy" takes the most probable class of each step; "beam_search", on arrays alone, adds up the
            probabilities of all ways to spell the same labels.
        beam_width: Number of label sequences that the beam search keeps.
        top_paths: Number of label sequences that the beam search returns.
        merge_repeated: Merges equal neighbors of the greedy strategy.
        mask_index: Class that stands for "no label"; None: the last.

    Returns:
        Pair: labels of shape `(paths, batch, steps)`, int32, filled up with -1; and scores of shape `(batch, paths)`:
        the logarithms of the probabilities of the beam search, or the negative sum of the greedy strategy's logits.

    Raises:
        TypeError: A beam search is asked for within a model.
        ValueError: `strategy` is unknown.

    Example:
        >>> labels, scores = ops.ctc_decode(np.eye(3)[np.newaxis, [1, 1, 0, 2]], [4])
        >>> labels, scores
        (array([[[ 1,  2, -1, -1]]], dtype=int32), array([[-4.]], dtype=float32))
    """
    if strategy not in ("greedy", "beam_search"):
        raise ValueError(f"ops.ctc_decode expects strategy 'greedy' or 'beam_search', got {strategy!r}")
    inputs, lengths = conversion.cast(inputs, floatx()), conversion.cast(sequence_lengths, "int32")
    blank = inputs.shape[-1] - 1 if mask_index is None else mask_index
    if strategy == "greedy":
        return _greedy(inputs, lengths, merge_repeated, blank)
    if is_traced([inputs, lengths]):
        raise TypeError(
            "ops.ctc_decode expects arrays for a beam search, got a symbolic tensor: which label sequences are kept "
            "depends on values; decode the predictions of the model"
        )
    found = [
        _beam_search(one[: max(int(count), 1)], beam_width, top_paths, blank)
        for one, count in zip(inputs, lengths, strict=True)
    ]
    labels = np.full((top_paths, len(found), inputs.shape[1]), -1, np.int32)
    scores = np.full((len(found), top_paths), -np.inf, dtype=floatx())
    for row, paths in enumerate(found):
        for i, (path, score) in enumerate(paths):
            labels[i, row, : len(path)] = path
            scores[row, i] = score
    return labels, scores


def _greedy(inputs: Any, lengths: Any, merge_repeated: bool, blank: int) -> tuple[Any, Any]:
    steps = inputs.shape[1]
    if steps is None:
        raise ValueError(f"ops.ctc_decode expects a known number of steps, got {tuple(inputs.shape)}")
    past = logic.less_equal(shaping.expand_dims(lengths, -1), np.arange(steps, dtype=np.int32))
    best = logic.where(past, blank, reduction.argmax(inputs, -1))
    scores = logic.where(past, 0.0, reduction.max(inputs, -1))
    kept = best
    if merge_repeated:
        repeated = logic.equal(best[:, 1:], best[:, :-1])
        kept = logic.where(shaping.pad(conversion.cast(repeated, "int32"), [(0, 0), (1, 0)]), blank, best)
    places = logic.where(logic.equal(kept, blank), steps, np.arange(steps, dtype=np.int32))
    labels = slicing.take_along_axis(logic.where(logic.equal(kept, blank), -1, kept), ordering.argsort(places, -1), -1)
    return shaping.expand_dims(labels, 0), -reduction.sum(scores, 1, True)


def _beam_search(logits: Any, width: int, count: int, blank: int) -> list[tuple[tuple[int, ...], float]]:
    """Returns the most probable label sequences of one sequence with the logarithms of their probabilities."""
    largest = logits.max(-1, keepdims=True)
    scores = (logits - largest - np.log(np.exp(logits - largest).sum(-1, keepdims=True))).astype(np.float64)
    none = -np.inf
    # For each sequence of labels the scores of the spellings that end with a blank, and with its last label.
    beam: dict[tuple[int, ...], tuple[float, float]] = {(): (0.0, none)}
    for step in scores:
        found: dict[tuple[int, ...], list[float]] = {}
        for path, (with_blank, with_label) in beam.items():
            both = float(np.logaddexp(with_blank, with_label))
            _add(found, path, 0, both + float(step[blank]))
            for label, score in enumerate(step.tolist()):
                if label == blank:
                    continue
                if path and path[-1] == label:
                    _add(found, path, 1, with_label + score)
                    _add(found, (*path, label), 1, with_blank + score)
                else:
                    _add(found, (*path, label), 1, both + score)
        kept = sorted(found.items(), key=_by_score)[:width]
        beam = {path: (pair[0], pair[1]) for path, pair in kept}
    return [(path, float(np.logaddexp(*pair))) for path, pair in sorted(beam.items(), key=_by_score)[:count]]


def _add(found: dict[tuple[int, ...], list[float]], path: tuple[int, ...], ends_with_label: int, score: float) -> None:
    pair = found.setdefault(path, [-np.inf, -np.inf])
    pair[ends_with_label] = float(np.logaddexp(pair[ends_with_label], score))


def _by_score(item: tuple[tuple[int, ...], Any]) -> tuple[float, tuple[int, ...]]:
    return -float(np.logaddexp(*item[1])), item[0]
