"""What users of Keras rely on beside the numbers: forms of results and configs, what is tracked, what is refused."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import layers, losses, metrics


class TestMeasures:
    """Losses and metrics."""

    @pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "none"])
    def test_values_answer_as_tensors(self, reduction: str) -> None:
        value = losses.MeanSquaredError(reduction=reduction)([[1.0], [0.0]], [[3.0], [0.0]])
        assert value.dtype == np.float32 and value.shape == np.shape(value)
        np.testing.assert_array_equal(value.numpy(), np.asarray(value, np.float32))
        copied = pickle.loads(pickle.dumps(value))
        assert type(copied) in (float, np.ndarray)

    def test_results_answer_as_tensors(self) -> None:
        metric = metrics.Mean()
        metric.update_state([1.0, 3.0])
        assert metric.result().numpy() == 2.0 and metric.result().shape == () and str(metric.result()) == "2.0"

    @pytest.mark.parametrize(
        ("units", "y", "expected"),
        [
            (1, [[1], [0], [1]], "binary_crossentropy"),
            (3, [2, 0, 1], "sparse_categorical_crossentropy"),
            (3, [[2], [0], [1]], "sparse_categorical_crossentropy"),
            (3, [[0, 0, 1], [1, 0, 0], [0, 1, 0]], "categorical_crossentropy"),
        ],
        ids=["one output", "indices", "columns of indices", "rows"],
    )
    @pytest.mark.parametrize("word", ["crossentropy", "ce"])
    def test_the_crossentropy_that_fits(self, units: int, y: Any, expected: str, word: str) -> None:
        x, y = np.linspace(-1, 1, 6, dtype=np.float32).reshape(3, 2), np.array(y)
        found = []
        for loss in (word, expected):
            fastnn.utils.set_random_seed(1)
            activation = "sigmoid" if units == 1 else "softmax"
            model = fastnn.Sequential([fastnn.Input((2,)), layers.Dense(units, activation=activation)])
            model.compile(fastnn.optimizers.SGD(1.0), loss)
            model.fit(x, y, epochs=2, verbose=0)
            found.append(model.evaluate(x, y, verbose=0))
        assert found[0] == pytest.approx(found[1], rel=1e-5)

    def test_indices_of_the_best_classes(self) -> None:
        y, best = np.array([2, 1]), np.array([[1, 0, 3], [1, 2, 3]])
        for k, expected in ((1, 0.5), (3, 0.5)):
            metric = metrics.SparseTopKCategoricalAccuracy(k, from_sorted_ids=True)
            assert metric(y, best) == expected
        assert metric(y, best, sample_weight=[0.7, 0.3]) == pytest.approx((1 + 0.3) / (2 + 1.0))
        assert metrics.SparseTopKCategoricalAccuracy.from_config(metric.get_config()).from_sorted_ids

    def test_indices_of_the_best_classes_in_training(self) -> None:
        model = fastnn.Sequential([fastnn.Input((3,)), layers.Activation("linear")])
        model.compile(
            None, lambda y, p: p[:, 0], metrics=[metrics.SparseTopKCategoricalAccuracy(1, from_sorted_ids=True)]
        )
        y, best = np.array([[1], [3], [0]]), np.array([[1, 0, 3], [1, 2, 3], [0, 1, 2]], np.float32)
        assert model.evaluate(best, y, verbose=0)[1] == pytest.approx(2 / 3)

    def test_configs_of_metrics_hold_the_type(self) -> None:
        assert metrics.ConcordanceCorrelation().get_config() == {
            "name": "concordance_correlation", "dtype": "float32", "axis": -1,
        }  # fmt: skip
        assert repr(metrics.Mean()) == "Mean()"
        assert metrics.MeanIoU(2).get_config()["dtype"] == "int32"

    def test_variables_of_attributes(self) -> None:
        class Own(metrics.Metric):
            def __init__(self, name: str = "own", **kwargs: Any) -> None:
                super().__init__(name=name, **kwargs)
                self.total = self.add_variable(shape=(), initializer="zeros", name="total")

        def variables(**attributes: Any) -> int:
            metric = Own()
            for name, value in attributes.items():
                setattr(metric, name, value)
            return len(metric.variables)

        inner = Own()
        inner.further = {"deep": [Own()]}
        assert variables() == 1
        assert variables(one=fastnn.Variable(0.0), many={"a": [fastnn.Variable(1.0)], "b": (Own(), Own())}) == 5
        assert variables(one=[inner]) == 3
        metric = Own()
        metric.more = [fastnn.Variable(3.0)]
        metric.total.assign(2.0)
        metric.reset_state()
        assert [float(variable.numpy()) for variable in metric.variables] == [0.0, 0.0]
