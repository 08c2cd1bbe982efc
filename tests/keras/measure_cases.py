"""Cases of losses and metrics that real Keras has computed: an expression, the data it is given, and the result.

`record_measures.py` runs the expressions with Keras and writes `measures.json`; `tests/test_measure_replay.py`
compares with it, and `tests/test_measure_values.py` checks the gradients of the losses.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

ROWS = 23
CUTS = (0, 9, 16, ROWS)
"""Where the rows are cut into batches."""


def data(kind: str) -> tuple[Any, Any, Any]:
    """Returns targets, predictions and sample weights."""
    rng = np.random.RandomState(7)
    weights = rng.uniform(0.2, 2.0, ROWS).astype(np.float32)

    def scores(*shape: int) -> Any:
        return rng.normal(size=(ROWS, *shape)).astype(np.float32)

    def softmax(x: Any) -> Any:
        powers = np.exp(x.astype(np.float64))
        return (powers / powers.sum(-1, keepdims=True)).astype(np.float32)

    def sigmoid(x: Any) -> Any:
        return (1 / (1 + np.exp(-x.astype(np.float64)))).astype(np.float32)

    hot = np.eye(4, dtype=np.float32)[rng.randint(0, 4, ROWS)]
    bits = rng.randint(0, 2, (ROWS, 3)).astype(np.float32)
    found: dict[str, tuple[Any, Any]] = {
        "binary": (bits[:, :1], sigmoid(scores(1) + 2 * bits[:, :1] - 1)),
        "vector": (bits[:, 0], sigmoid(scores() + 2 * bits[:, 0] - 1)),
        "labels": (bits, sigmoid(scores(3) + bits)),
        "logits": (bits, scores(3) + bits),
        "one_hot": (hot, softmax(scores(4) + hot)),
        "class_logits": (hot, scores(4) + hot),
        "classes": (hot.argmax(-1).astype(np.int32), softmax(scores(4) + hot)),
        "guesses": (hot.argmax(-1).astype(np.int32), np.where(bits[:, 0] > 0, hot.argmax(-1), 1).astype(np.int32)),
        "real": (scores(3), scores(3)),
        "positive": (np.abs(scores(3)), np.abs(scores(3)) + 0.1),
        "places": (rng.randint(0, 3, (ROWS, 4, 5)).astype(np.int32), softmax(scores(4, 5, 3))),
        "first": (rng.randint(0, 3, (ROWS, 4, 5)).astype(np.int32), softmax(scores(4, 5, 3)).transpose(0, 3, 1, 2)),
        "first_hot": (
            np.eye(3, dtype=np.float32)[rng.randint(0, 3, (ROWS, 4))].transpose(0, 2, 1),
            softmax(scores(4, 3)).transpose(0, 2, 1),
        ),
        "mask": (rng.randint(0, 2, (ROWS, 4, 3)).astype(np.float32), sigmoid(scores(4, 3))),
        "embedding": (
            rng.randint(0, 3, ROWS).astype(np.int32),
            (lambda e: (e / np.linalg.norm(e, axis=-1, keepdims=True)).astype(np.float32))(scores(4)),
        ),
        "sequence": (
            np.array([[1 + (i * j) % 3 if j <= i % 4 else 0 for j in range(4)] for i in range(ROWS)], np.int32),
            scores(9, 5),
        ),
    }
    return (*found[kind], weights)


def _metrics() -> list[tuple[str, str]]:
    cases = []
    for name in ("TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives"):
        cases += [(f"{name}()", "binary"), (f"{name}()", "vector"), (f"{name}(thresholds=[0.7, 0.2])", "labels")]
    for name in ("Precision", "Recall"):
        cases += [(f"{name}()", "binary"), (f"{name}(0.3)", "labels"), (f"{name}([0.2, 0.5, 0.9])", "labels")]
        cases += [(f"{name}(thresholds=[0.0, 0.5, 1.0])", "labels"), (f"{name}(class_id=1)", "labels")]
        cases += [(f"{name}(top_k=2)", "one_hot"), (f"{name}(top_k=2, class_id=3)", "one_hot")]
        cases += [(f"{name}(0.4, top_k=1)", "one_hot"), (f"{name}()", "mask"), (f"{name}()", "vector")]
    for curve, method in product(("ROC", "PR", "PRGAIN"), ("interpolation", "minoring", "majoring")):
        arguments = f"curve='{curve}', summation_method='{method}'"
        cases += [(f"AUC({arguments})", "binary"), (f"AUC(7, {arguments}, multi_label=True)", "labels")]
    cases += [("AUC(num_thresholds=3)", "vector"), ("AUC(thresholds=[0.7, 0.3, 0.45])", "binary")]
    cases += [("AUC(from_logits=True)", "logits"), ("AUC(label_weights=[0.2, 1.0, 3.0])", "labels")]
    cases += [("AUC(multi_label=True, num_labels=3, label_weights=[0.2, 1.0, 3.0])", "labels")]
    cases += [("AUC(curve='PR', multi_label=True, label_weights=[0.2, 1.0, 3.0])", "labels")]
    cases += [("AUC(thresholds=[0.25, 0.5, 0.75])", "logits"), ("AUC()", "mask"), ("AUC()", "logits")]
    for name in ("SensitivityAtSpecificity", "SpecificityAtSensitivity", "PrecisionAtRecall", "RecallAtPrecision"):
        cases += [(f"{name}(0.6)", "binary"), (f"{name}(0.8, num_thresholds=11, class_id=2)", "labels")]
        cases += [(f"{name}(0.5, num_thresholds=1)", "vector"), (f"{name}(1.0)", "labels"), (f"{name}(0.0)", "binary")]
    for average in ("None", "'micro'", "'macro'", "'weighted'"):
        cases += [(f"F1Score({average})", "one_hot"), (f"F1Score(average={average}, threshold=0.5)", "labels")]
        cases += [(f"FBetaScore(average={average}, beta=2.0)", "one_hot")]
        cases += [(f"FBetaScore(average={average}, beta=0.5, threshold=0.3)", "labels")]
    for how in ("'uniform_average'", "'variance_weighted_average'", "None"):
        cases += [(f"R2Score(class_aggregation={how})", "real"), (f"R2Score({how}, num_regressors=2)", "positive")]
    cases += [("IoU(4, [0, 2], sparse_y_pred=False)", "classes"), ("IoU(4, [1, 3])", "guesses")]
    cases += [("IoU(3, [0, 2], sparse_y_pred=False)", "places"), ("MeanIoU(4)", "guesses")]
    cases += [("MeanIoU(3, sparse_y_pred=False, axis=1)", "first"), ("MeanIoU(4, ignore_class=1)", "guesses")]
    cases += [("MeanIoU(3, dtype='float32', sparse_y_pred=False)", "places"), ("OneHotMeanIoU(4)", "one_hot")]
    cases += [("OneHotIoU(4, [0, 1])", "one_hot"), ("OneHotMeanIoU(3, axis=1, dtype='float32')", "first_hot")]
    cases += [("BinaryIoU()", "binary"), ("BinaryIoU([1], threshold=0.3, dtype='float32')", "labels")]
    cases += [
        ("Accuracy()", "guesses"),
        ("BinaryAccuracy(threshold=0.3)", "labels"),
        ("RootMeanSquaredError()", "real"),
    ]
    cases += [("TopKCategoricalAccuracy(2)", "one_hot"), ("SparseTopKCategoricalAccuracy(2)", "classes")]
    cases += [("CosineSimilarity()", "real"), ("CosineSimilarity(axis=1)", "first_hot"), ("LogCoshError()", "real")]
    cases += [("PearsonCorrelation()", "real"), ("PearsonCorrelation(axis=1)", "first_hot")]
    cases += [("ConcordanceCorrelation()", "real"), ("ConcordanceCorrelation(axis=1)", "first_hot")]
    cases += [("CategoricalCrossentropy(axis=1)", "first_hot"), ("SparseCategoricalCrossentropy(axis=1)", "first")]
    cases += [("Hinge()", "labels"), ("SquaredHinge()", "labels"), ("CategoricalHinge()", "one_hot")]
    cases += [("KLDivergence()", "one_hot"), ("Poisson()", "positive"), ("BinaryCrossentropy()", "labels")]
    return cases


def _losses() -> list[tuple[str, str]]:
    cases = []
    focal = ("", "apply_class_balancing=True, alpha=0.7", "gamma=0.5", "label_smoothing=0.2", "gamma=0.0")
    cases += [(f"BinaryFocalCrossentropy({arguments})", "labels") for arguments in focal]
    cases += [("BinaryFocalCrossentropy(from_logits=True)", "logits"), ("BinaryFocalCrossentropy(axis=1)", "mask")]
    cases += [("BinaryFocalCrossentropy()", "vector")]
    focal = ("", "alpha=[0.1, 0.9, 0.5, 0.3]", "gamma=0.5", "label_smoothing=0.2", "gamma=3.0, alpha=1.0")
    cases += [(f"CategoricalFocalCrossentropy({arguments})", "one_hot") for arguments in focal]
    cases += [("CategoricalFocalCrossentropy(from_logits=True)", "class_logits")]
    cases += [("CategoricalFocalCrossentropy(axis=1)", "first_hot")]
    cases += [("Dice()", "mask"), ("Dice(axis=(1, 2))", "mask"), ("Dice(axis=-1)", "labels")]
    cases += [("Tversky()", "mask"), ("Tversky(alpha=0.2, beta=0.8, axis=(1, 2))", "mask")]
    cases += [("Tversky(0.9, 0.1, axis=1)", "labels")]
    cases += [("Circle()", "embedding"), ("Circle(gamma=2.0, margin=0.2)", "embedding")]
    cases += [("Circle(gamma=2.0, remove_diagonal=False)", "embedding"), ("CTC()", "sequence")]
    cases += [("CategoricalGeneralizedCrossEntropy()", "classes")]
    cases += [("CategoricalGeneralizedCrossEntropy(q=0.9)", "classes")]
    cases += [("CosineSimilarity(axis=1)", "first_hot"), ("BinaryCrossentropy(axis=1)", "mask")]
    cases += [("CategoricalCrossentropy(axis=1)", "first_hot"), ("SparseCategoricalCrossentropy(axis=1)", "first")]
    return [*cases, ("SparseCategoricalCrossentropy(axis=1, ignore_class=2)", "first")]


METRICS = [(*case, weighted) for case in _metrics() for weighted in (False, True)]
"""Expression, data, and whether sample weights are given."""
LOSSES = [(*case, weighted) for case in _losses() for weighted in (False, True)]
REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none")


def key(case: tuple[str, str, bool]) -> str:
    """Returns the name of a case."""
    expression, kind, weighted = case
    return f"{expression} of {kind}{', weighted' if weighted else ''}"
