"""Training where hooks, metrics, losses and refusals are those of Keras 3.15; the numbers were computed with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import Input, Model, callbacks, layers, metrics, optimizers


class Seen(callbacks.Callback):
    """Notes each hook of a batch with its number, and what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Any] = []

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.seen.append(("begin", batch))

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.seen.append(("end", batch, round(float(logs["loss"]), 4)))

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.seen.append(("begin", batch))

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self.seen.append(("end", batch))

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.seen.append(("begin", batch))

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        self.seen.append(("end", batch, logs["outputs"].shape))


def test_hooks_of_batches_once_for_several_steps() -> None:
    model = fastnn.Sequential([Input((1,)), layers.Dense(1, kernel_initializer="ones")])
    model.compile(optimizers.SGD(0.01), "mse", steps_per_execution=3)
    x, hooks = np.ones((14, 1)), [Seen(), Seen(), Seen()]
    model.fit(x, x * 3, batch_size=2, callbacks=[hooks[0]], verbose=0)
    model.evaluate(x, x, batch_size=2, callbacks=[hooks[1]], verbose=0)
    predicted = model.predict(x, batch_size=2, callbacks=[hooks[2]], verbose=0)
    begins = [("begin", 0), ("begin", 3), ("begin", 6)]
    ends: list[list[Any]] = [
        [("end", 2, 3.6946), ("end", 5, 3.2933), ("end", 8, 3.1729)],
        [("end", 2), ("end", 5), ("end", 8)],
        [("end", 2, (6, 1)), ("end", 5, (6, 1)), ("end", 8, (2, 1))],
    ]
    for hook, of_pass in zip(hooks, ends, strict=True):
        assert hook.seen == [one for pair in zip(begins, of_pass, strict=True) for one in pair]
    assert predicted.shape == (14, 1)


@pytest.mark.parametrize("steps", [0, 2.5, "auto"])
def test_a_number_of_steps_that_is_none(steps: Any) -> None:
    model = fastnn.Sequential([Input((1,)), layers.Dense(1)])
    with pytest.raises(ValueError, match="steps_per_execution expects an integer of at least 1"):
        model.compile("sgd", "mse", steps_per_execution=steps)


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_several_steps_at_once_train_alike(steps: int) -> None:
    def batches() -> Any:
        for i in range(7):
            x = np.full((2, 1), i / 7)
            yield x, 2 * x

    found = []
    for count in (1, steps):
        model = fastnn.Sequential([Input((1,)), layers.Dense(1, kernel_initializer="ones")])
        model.compile(optimizers.SGD(0.1), "mse", steps_per_execution=count)
        seen = Seen()
        history = model.fit(batches(), epochs=1, callbacks=[seen], verbose=0).history
        assert len(seen.seen) == 2 * -(-7 // count)
        found.append((history, [weight.tolist() for weight in model.get_weights()]))
    assert found[0] == found[1]


def test_a_metric_that_is_not_reset() -> None:
    class Running(metrics.MeanSquaredError):
        def reset_state(self) -> None:
            pass

    class OfValues(metrics.MeanMetricWrapper):
        def reset_state(self) -> None:
            pass

    def squares(y: Any, p: Any) -> Any:
        return fastnn.ops.mean((y - p) ** 2, axis=-1)

    model = fastnn.Sequential([Input((1,)), layers.Dense(1, kernel_initializer="ones")])
    model.compile(optimizers.SGD(0.1), "mse", metrics=[Running(name="running"), OfValues(squares, name="values")])
    y = np.array([[2.0], [3.0], [4.0], [5.0]])
    history = model.fit(np.ones((4, 1)), y, batch_size=2, epochs=3, verbose=0, shuffle=False).history
    np.testing.assert_allclose(history["loss"], [5.58, 1.98397, 1.72067], rtol=1e-5)
    np.testing.assert_allclose(history["running"], [5.58, 3.78198, 3.09488], rtol=1e-5)
    np.testing.assert_allclose(history["values"], history["running"], rtol=1e-6)


class OwnLoss(Model):
    """A model of an older script: its `compute_loss` has no argument `training`."""

    def __init__(self) -> None:
        super().__init__()
        self.custom = metrics.Mean(name="custom")
        self.dense = layers.Dense(2, kernel_initializer="ones", activity_regularizer="l2")

    def call(self, inputs: Any) -> Any:
        return self.dense(inputs)

    def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None) -> Any:  # type: ignore[override]
        loss = super().compute_loss(x, y, y_pred, sample_weight)
        self.custom.update_state(loss * 4)
        return loss


def test_penalties_of_outputs_and_metrics_in_a_loss_of_ones_own() -> None:
    model = OwnLoss()
    model.compile(optimizers.SGD(0.1), "mse")
    x, y = np.arange(32.0).reshape(8, 4) / 32, np.full((8, 2), 2.0)
    measured = model.evaluate(x, y, batch_size=4, return_dict=True, verbose=0)
    assert measured == pytest.approx({"custom": 5.670937538, "loss": 1.417734385}, rel=1e-5)
    history = model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0).history
    np.testing.assert_allclose(history["loss"], [1.587787509, 1.403011799], rtol=1e-5)
    np.testing.assert_allclose(history["custom"], [6.351150036, 5.612047195], rtol=1e-5)
    assert [metric.name for metric in model.metrics] == ["loss", "custom"]
    assert len(model.metrics_variables) == 4


def test_one_target_for_the_one_output_with_a_loss() -> None:
    x = Input((2,))
    made = layers.Dense(3, kernel_initializer="ones")(x)
    some, every = Model(x, [made, made, made]), Model(x, [made, made, made])
    some.compile(loss=["mse", None, None])
    every.compile(loss=["mse"] * 3)
    data, y = np.ones((4, 2)), np.ones((4, 3))
    loss = some.evaluate(data, y, return_dict=True, verbose=0)["loss"]
    assert loss * 3 == pytest.approx(every.evaluate(data, [y] * 3, return_dict=True, verbose=0)["loss"])


def test_weights_of_an_optimizer_from_another() -> None:
    variable = fastnn.Variable(np.array([[1.0, 2.0], [3.0, 4.0]]))
    first, second = optimizers.Adam(), optimizers.Adam()
    first.apply_gradients([(np.array([[1.0, 2.0], [3.0, 4.0]]), variable)])
    with pytest.raises(ValueError, match="build"):
        second.set_weights(first.variables)
    second.build([variable])
    second.set_weights(first.variables)
    for one, other in zip(first.variables, second.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
        assert np.asarray(one).dtype != object and np.asarray(one).shape == one.shape
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


def test_a_data_set_without_a_length_is_iterated_over() -> None:
    class Endless(fastnn.utils.PyDataset):
        def __getitem__(self, index: int) -> Any:
            return index

    batches = iter(Endless())
    assert [next(batches) for _ in range(12)] == list(range(12))


def test_a_bare_model() -> None:
    model = Model(name="bare")
    assert type(model) is Model and model.name == "bare" and model.layers == []
    with pytest.raises(NotImplementedError, match="call"):
        model(np.ones((1, 2)))
    with pytest.raises(AttributeError, match="layers"):
        model.layers = [layers.Dense(1)]  # type: ignore[misc]


def test_config_of_a_dense_layer_holds_a_penalty_where_there_is_one() -> None:
    assert "activity_regularizer" not in layers.Dense(2).get_config()
    config = layers.Dense(2, activity_regularizer="l2").get_config()
    assert type(layers.Dense.from_config(config).activity_regularizer).__name__ == "L2"

    class Own(layers.Dense):
        def __init__(self, units: int, **kwargs: Any) -> None:
            super().__init__(units, **kwargs)

    assert Own.from_config(Own(3, name="own").get_config()).units == 3


class TestRefused:
    """What Keras refuses, at the same place."""

    def test_flash_attention(self) -> None:
        with pytest.raises(ValueError, match="no dropout"):
            layers.MultiHeadAttention(2, 2, flash_attention=True, dropout=0.1)
        layer, x = layers.MultiHeadAttention(2, 2, flash_attention=True), np.ones((2, 4, 8))
        assert layer(x, x).shape == (2, 4, 8)
        with pytest.raises(ValueError, match="no scores"):
            layer(x, x, return_attention_scores=True)

    @pytest.mark.parametrize("layer", [layers.Concatenate(axis=1), layers.Add()], ids=["Concatenate", "Add"])
    def test_masks_that_are_no_lists(self, layer: Any) -> None:
        inputs = [Input((4, 5)), Input((4, 5))]
        assert layer.compute_mask(inputs, [None, None]) is None
        for given, mask in ((inputs, np.ones((2, 4))), (inputs[0], [None, None]), (inputs, [None] * 3)):
            with pytest.raises(ValueError, match="a list of"):
                layer.compute_mask(given, mask)

    def test_layers_of_a_chain_that_need_more_than_their_input(self) -> None:
        class Two(layers.Layer):
            def call(self, inputs: Any, training: bool) -> Any:
                return inputs

        chain = fastnn.Sequential([Two(name="two")])
        with pytest.raises(ValueError, match="needs inputs, training; give training a default"):
            chain.build((None, 2))
        with pytest.raises(ValueError, match="needs inputs, training"):
            fastnn.Sequential([Input((2,)), Two()])

    @pytest.mark.parametrize(
        "make", [lambda: layers.Dense(1, name="a/b"), lambda: Model(name="a/b")], ids=["layer", "model"]
    )
    def test_slashes_in_names(self, make: Any) -> None:
        with pytest.raises(ValueError, match="without '/'"):
            make()

    def test_policies_and_modes(self) -> None:
        with pytest.raises(ValueError, match="None"):
            fastnn.config.set_dtype_policy(None)
        with pytest.raises(ValueError, match="invalid"):
            fastnn.RematScope(mode="invalid")

    @pytest.mark.parametrize("name", ["model.keras", "model.pkl", "model.h5"])
    def test_files_that_are_not_there(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(ValueError, match="there is no file") as refused:
            fastnn.models.load_model(tmp_path / name)
        assert isinstance(refused.value, FileNotFoundError)


def test_tokens_of_a_splitter_of_tensorflow() -> None:
    from fastnn.stand_in import strings

    layer = layers.TextVectorization(
        standardize=None, split=lambda texts: strings.split(texts, sep="|"), vocabulary=["foo", "bar", "foobar"]
    )
    np.testing.assert_array_equal(layer(["foo|bar"]), [[2, 3]])
    np.testing.assert_array_equal(layer(["foobar"]), [[4]])
