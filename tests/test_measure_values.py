"""Losses and metrics: gradients, counts, masks, classes of a user's own, references by hand, wrong arguments."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import layers

sys.path.insert(0, str(Path(__file__).with_name("keras")))
from measure_cases import LOSSES, data, key

Case = tuple[str, str, bool]


def made(expression: str, family: Any) -> Any:
    return eval(expression, vars(family))


def identity(shape: tuple[int, ...]) -> Any:
    """Returns a model whose output is its input."""
    return fastnn.Sequential([layers.Input(shape), layers.Activation("linear")])


@pytest.mark.parametrize("case", [pytest.param(case, id=key(case)) for case in LOSSES if not case[2]])
def test_loss_gradient(case: Case) -> None:
    """The gradient of the predictions against differences of the loss."""
    y, p, _ = data(case[1])
    y, p = y[:6], p[:6].astype(np.float64)
    loss = made(case[0], fastnn.losses)
    if "Circle" in case[0]:
        p = p * 0.9  # Away from the edge at which a distance is 0.
    model = fastnn.Sequential([layers.Input(p.shape[1:]), Shift(p.shape[1:])])
    model.compile("sgd", loss)
    (gradient,) = model.gradients(p.astype(np.float32), y).values()
    rng = np.random.RandomState(3)
    for _ in range(4):
        way = rng.normal(size=p.shape[1:])
        step = 2e-3 / np.abs(way).max() * min(1.0, float(np.abs(p).min() * 20 + 0.2))
        above, below = (loss(y, (p + sign * step * way).astype(np.float32)) for sign in (1, -1))
        assert float((gradient * way).sum()) == pytest.approx((above - below) / (2 * step), rel=2e-2, abs=4e-3)


class Shift(layers.Layer):
    """Layer that adds a weight of the shape of a sample."""

    def __init__(self, shape: Any) -> None:
        super().__init__()
        self.shift = self.add_weight(shape=shape, initializer="zeros")

    def call(self, x: Any) -> Any:
        return x + self.shift


def test_counts_are_exact_beyond_float32() -> None:
    count = fastnn.metrics.TruePositives()
    count.accumulator.assign([2.0**24])
    model = identity((1,))
    model.compile(metrics=[count])
    for _ in range(3):
        count.update_state([1], [1.0])
    assert count.result() == 2**24 + 3
    variables = count.stateless_update_state([np.array([5.0])], [1, 1], [0.9, 0.9])
    assert variables[0] == [7.0] and count.result() == 2**24 + 3


def test_top_k_of_predictions_with_nan() -> None:
    """keras.ops.in_top_k of the same rows, Keras 3.15.1."""
    nan, inf = np.nan, np.inf
    p = np.array([[nan, 0.2, 0.3], [0.1, nan, 0.3], [0.1, 0.2, 0.3], [inf, 0.2, 0.3], [-inf, 0.2, 0.1], [nan] * 3])
    expected = {
        (1, 0): [0, 0, 0, 1, 0, 1],
        (1, 1): [0, 0, 0, 0, 1, 1],
        (1, 2): [1, 1, 1, 0, 0, 1],
        (2, 0): [0, 1, 0, 1, 0, 1],
        (2, 1): [1, 0, 1, 0, 1, 1],
        (3, 0): [1] * 6,
    }
    for (k, label), hits in expected.items():
        found = fastnn.metrics.sparse_top_k_categorical_accuracy(np.full(6, label), p.astype(np.float32), k)
        np.testing.assert_array_equal(found, hits)


def test_masked_places_do_not_count() -> None:
    ids = np.array([[1, 2, 0], [3, 0, 0]])
    y = np.array([[1, 0, 1], [1, 1, 1]], np.float32)[..., None]
    embedding = layers.Embedding(4, 1, mask_zero=True)
    model = fastnn.Sequential([layers.Input((3,)), embedding])
    embedding.set_weights([np.array([[0.9], [0.8], [0.7], [0.1]])])
    metrics = [fastnn.metrics.TruePositives(), fastnn.metrics.FalseNegatives(), fastnn.metrics.FalsePositives()]
    model.compile(metrics=metrics)
    assert model.evaluate(ids, y, verbose=0)[1:] == [1.0, 1.0, 1.0]


class MyMean(fastnn.metrics.Mean):
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        super().update_state(fastnn.ops.abs(y_true - y_pred), sample_weight)


class MySum(fastnn.metrics.Sum):
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        super().update_state(fastnn.ops.abs(y_true - y_pred), sample_weight)


class MyWrapper(fastnn.metrics.MeanMetricWrapper):
    def __init__(self, name: str = "wrapped", **kwargs: Any) -> None:
        super().__init__(lambda y, p: fastnn.ops.mean(fastnn.ops.abs(y - p), -1), name=name, **kwargs)


class MyPrecision(fastnn.metrics.Precision):
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        super().update_state(1 - y_true, y_pred, sample_weight)


@pytest.mark.parametrize("weighted", [False, True])
def test_subclasses_in_compile(weighted: bool) -> None:
    y, p, w = data("labels")
    found: list[Any] = [MyMean(name="mean"), MySum(name="sum"), MyWrapper(), MyPrecision(name="precision")]
    model = identity((3,))
    model.compile(**{"weighted_metrics" if weighted else "metrics": found})
    sample_weight = w if weighted else None
    logs = model.evaluate(p, y, batch_size=7, sample_weight=sample_weight, verbose=0, return_dict=True)
    errors = np.abs(y.astype(np.float64) - p)
    factors = (w if weighted else np.ones(len(w))).astype(np.float64)[:, None]
    mean = (errors * factors).sum() / (3 * factors.sum())
    right, wrong = ((p > 0.5) * (y == 0) * factors).sum(), ((p > 0.5) * (y == 1) * factors).sum()
    assert logs["mean"] == pytest.approx(mean, rel=1e-5)
    assert logs["sum"] == pytest.approx((errors * factors).sum(), rel=1e-5)
    assert logs["wrapped"] == pytest.approx(mean, rel=1e-5)
    assert logs["precision"] == pytest.approx(right / (right + wrong), rel=1e-5)


# Keras' own attributes, which a user's subclass may expect, and those of its documentation.
METRIC_NAMES = {
    "name", "dtype", "variables", "add_variable", "add_weight", "get_config", "from_config", "reset_state", "result",
    "stateless_reset_state", "stateless_result", "stateless_update_state", "update_state", "_direction",
}  # fmt: skip
LOSS_NAMES = {"name", "dtype", "reduction", "call", "get_config", "from_config"}


def test_no_names_of_ours_on_base_classes() -> None:
    class OwnMetric(fastnn.metrics.Metric):
        pass

    class OwnLoss(fastnn.losses.Loss):
        pass

    for made_by_user, public in ((OwnMetric(), METRIC_NAMES), (OwnLoss(), LOSS_NAMES)):
        names = {n for n in dir(made_by_user) if not n.startswith("_fastnn_") and not n.startswith("__")}
        assert names - public == set()


def test_attributes_that_users_choose() -> None:
    class Loss(fastnn.losses.Loss):
        def __init__(self) -> None:
            super().__init__()
            self.kind, self.labels, self.node, self.mask = "x", 3, None, True
            self.emit = self.values = self.counterpart = self.elementwise = self.is_custom = 1

        def call(self, y_true: Any, y_pred: Any) -> Any:
            return fastnn.ops.mean(fastnn.ops.square(y_true - y_pred), axis=-1)

    class Metric(fastnn.metrics.Metric):
        def __init__(self) -> None:
            super().__init__(name="mine")
            self.kind, self.labels, self.values, self.mask, self._variables = "x", 3, [1], True, {}
            self.emit = self.takes_weights = self.aliases = self.direction = self.is_custom = 1
            self.total = self.add_variable((), name="total")

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            self.total.assign_add(fastnn.ops.sum(y_pred))

        def result(self) -> Any:
            return self.total

    y, p, _ = data("real")
    model = identity((3,))
    model.compile(loss=Loss(), metrics=[Metric()])
    loss, total = model.evaluate(p, y, batch_size=7, verbose=0)
    assert loss == pytest.approx(np.mean((y - p) ** 2), rel=1e-5)
    assert total == pytest.approx(p.sum(), rel=1e-5, abs=1e-5)


def test_nested_metrics() -> None:
    class Both(fastnn.metrics.Metric):
        def __init__(self) -> None:
            super().__init__(name="both")
            self.parts = [fastnn.metrics.Precision(), fastnn.metrics.Recall()]

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            for part in self.parts:
                part.update_state(y_true, y_pred, sample_weight)

        def result(self) -> Any:
            return sum(part.result() for part in self.parts)

    y, p, _ = data("labels")
    model = identity((3,))
    model.compile(metrics=[Both(), "precision", "recall", "auc"])
    logs = model.evaluate(p, y, batch_size=7, verbose=0, return_dict=True)
    assert logs["both"] == logs["precision"] + logs["recall"]


@pytest.mark.parametrize(("word", "meant"), [("precision_score", "precision"), ("f1", "f1_score"), ("recal", "recall")])
def test_unknown_names_propose_metrics(word: str, meant: str) -> None:
    with pytest.raises(ValueError, match=f"metric.*{word}.*{meant}"):
        fastnn.metrics.get(word)


def ctc_by_enumeration(scores: Any, labels: list[int]) -> float:
    """Sums the probabilities of all paths whose labels, with repetitions and blanks removed, are those given."""
    steps, classes = scores.shape
    p = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    total = 0.0
    for path in np.ndindex(*[classes] * steps):
        kept = [c for t, c in enumerate(path) if c != 0 and (t == 0 or path[t - 1] != c)]
        if kept == labels:
            total += float(np.prod([p[t, c] for t, c in enumerate(path)]))
    return -float(np.log(total))


@pytest.mark.parametrize("labels", [[1, 2], [1, 1], [2], [], [2, 1, 2]])
def test_ctc_is_the_sum_over_alignments(labels: list[int]) -> None:
    scores = np.random.RandomState(4).normal(size=(5, 3))
    y = np.array([labels + [0] * (4 - len(labels))])
    found = fastnn.losses.ctc(y, scores[None].astype(np.float32))
    assert found[0] == pytest.approx(ctc_by_enumeration(scores, labels), rel=1e-5)


def test_ctc_in_training() -> None:
    y, x, _ = data("sequence")
    model = fastnn.Sequential([layers.Input((9, 5)), layers.LSTM(8, return_sequences=True), layers.Dense(5)])
    model.compile(fastnn.optimizers.Adam(0.02), "ctc")
    losses = model.fit(x, y, batch_size=8, epochs=15, verbose=0).history["loss"]
    assert losses[-1] < 0.6 * losses[0]


def test_auc_against_pairs() -> None:
    """With a threshold between any two scores the area is the fraction of pairs in the right order."""
    y, p, w = data("vector")
    cuts = np.sort(p)
    thresholds = ((cuts[1:] + cuts[:-1]) / 2).tolist()
    found = fastnn.metrics.AUC(thresholds=thresholds)(y, p, w)
    positive, negative = y > 0, y == 0
    order = (p[positive][:, None] > p[negative][None, :]) + 0.5 * (p[positive][:, None] == p[negative][None, :])
    pairs = w[positive].astype(np.float64)[:, None] * w[negative][None, :]
    assert found == pytest.approx((order * pairs).sum() / pairs.sum(), rel=1e-6)


def test_bad_arguments() -> None:
    metrics, losses = fastnn.metrics, fastnn.losses
    for make, words in (
        (lambda: metrics.Precision(thresholds=1.5), r"thresholds expects numbers in \[0, 1\], got \[1.5\]"),
        (lambda: metrics.AUC(num_thresholds=1), "num_thresholds expects an integer from 2 to"),
        (lambda: metrics.AUC(curve="x"), "curve expects one of 'ROC', 'PR', 'PRGAIN', got 'x'"),
        (lambda: metrics.AUC(num_labels=3), "num_labels is for multi_label=True"),
        (lambda: metrics.F1Score(average="x"), "average expects None, 'micro'"),
        (lambda: metrics.FBetaScore(beta=1), "beta expects a float above 0, got 1"),
        (lambda: metrics.IoU(2, [2]), "target_class_ids expects classes below 2, got 2"),
        (lambda: metrics.R2Score(num_regressors=-1), "num_regressors expects an integer of at least 0"),
        (lambda: metrics.PrecisionAtRecall(1.5), r"recall expects a number in \[0, 1\], got 1.5"),
        (lambda: losses.CategoricalGeneralizedCrossEntropy(q=1.0), "q between 0 and 1, got 1.0"),
        (lambda: losses.BinaryFocalCrossentropy(label_smoothing=2.0), "label_smoothing from 0 to 1, got 2.0"),
        (lambda: losses.ctc([1], np.zeros((1, 2, 3))), r"ctc expects y_true of shape \(batch, most labels\)"),
        (lambda: losses.cosine_similarity([[1.0]], [[1.0]], axis=3), "axis expects an integer from -2 to 1, got 3"),
        (lambda: metrics.Precision(class_id=1)([1, 0], [0.5, 0.5]), "class_id expects y_pred of shape"),
        (lambda: metrics.Recall()([[1, 0]], [[0.1, 0.2, 0.3]]), "expected to have one shape"),
    ):
        with pytest.raises(ValueError, match=words), warnings.catch_warnings():
            warnings.simplefilter("error")
            make()


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_metrics_of_several_outputs_after_loading(name: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    metrics = fastnn.metrics
    x = layers.Input((4,))
    outputs = {
        "a": layers.Dense(3, "softmax", name="a")(x),
        "b": layers.Dense(1, "sigmoid", name="b")(x),
        "c": layers.Dense(2, name="c")(x),
    }
    model = fastnn.Model(x, outputs)
    model.compile(
        "adam",
        {"a": "categorical_crossentropy", "b": "binary_crossentropy", "c": "mse"},
        metrics={
            "a": ["accuracy", metrics.F1Score("macro"), metrics.TopKCategoricalAccuracy(2), metrics.OneHotMeanIoU(3)],
            "b": [metrics.AUC(curve="PR"), metrics.Precision([0.3, 0.5]), metrics.PrecisionAtRecall(0.5)],
            "c": [metrics.R2Score(None), metrics.PearsonCorrelation()],
        },
        weighted_metrics={"b": [metrics.Recall(class_id=0), metrics.AUC(name="of_weighted")]},
        loss_weights={"a": 2.0, "b": 1.0, "c": 0.5},
    )
    data_ = rng.normal(size=(50, 4)).astype(np.float32)
    targets = {"a": np.eye(3)[rng.integers(0, 3, 50)], "b": (data_[:, :1] > 0) * 1.0, "c": data_[:, :2]}
    weights = {output: rng.random(50) for output in outputs}
    model.fit(data_, targets, sample_weight=weights, epochs=2, verbose=0)
    model.save(tmp_path / name)
    found, again = (
        one.evaluate(data_, targets, sample_weight=weights, verbose=0, return_dict=True)
        for one in (model, fastnn.models.load_model(tmp_path / name))
    )
    assert len(found) == 15 and set(found) == set(again)
    for key_, value in found.items():
        np.testing.assert_array_equal(again[key_], value, err_msg=key_)
    alone = metrics.AUC(curve="PR")
    alone.update_state(targets["b"], model.predict(data_, verbose=0)["b"])
    assert found["b_auc"] == pytest.approx(alone.result())
