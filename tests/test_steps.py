"""Steps of training as Keras 3.15.1 has them: the values beside the calls are what it gives."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import fastnn
from fastnn import Model, Sequential, layers, ops, regularizers
from fastnn.callbacks import Callback
from fastnn.optimizers import SGD

X = np.arange(10, dtype=np.float32)[:, None]
ONES, ZEROS = np.ones((10, 1), np.float32), np.zeros((10, 1), np.float32)


def line(**kwargs):
    return Sequential([layers.Input((1,)), layers.Dense(1, kernel_initializer="ones", **kwargs)])


class Counter(Callback):
    def __init__(self):
        super().__init__()
        self.batches = []

    def on_train_batch_end(self, batch, logs=None):
        self.batches.append(batch)

    def on_test_batch_end(self, batch, logs=None):
        self.batches.append(-batch)


class Squared(layers.Layer):
    def build(self, input_shape):
        self.w = self.add_weight(shape=(1,), initializer="ones")

    def call(self, x):
        self.add_loss(ops.sum(self.w**2))
        return x * self.w


class TestBatches:
    def test_values_are_those_of_one_batch(self):
        model = line()
        model.compile("sgd", "mse", metrics=["mae"])
        assert model.test_on_batch(ONES, ZEROS) == [1.0, 1.0]
        assert model.test_on_batch(3 * ONES, ZEROS) == [9.0, 3.0]
        assert model.train_on_batch(2 * ONES, ZEROS) == [4.0, 2.0]
        assert model.train_on_batch(ONES, ZEROS) == pytest.approx([0.7744, 0.88], rel=1e-6)
        assert model.evaluate(ONES, ZEROS, verbose=0) == pytest.approx([0.713687, 0.8448], rel=1e-6)


class TestEndOfData:
    @pytest.mark.parametrize(
        ("steps", "epochs", "losses", "batches", "warned"),
        [
            (5, 2, [28.5, 28.5], [0, 1, 2, 0, 1, 2], 2),
            (2, 3, [17.5, 72.5, 17.5], [0, 1, 0, 0, 1], 1),
            (3, 2, [28.5, 28.5], [0, 1, 2, 0, 1, 2], 0),
        ],
    )
    def test_an_epoch_ends_with_the_rows(self, steps, epochs, losses, batches, warned):
        model, seen = line(), Counter()
        model.compile(SGD(0.0), "mse")
        arguments = {"batch_size": 4, "steps_per_epoch": steps, "epochs": epochs, "shuffle": False, "verbose": 0}
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            history = model.fit(X, ZEROS, callbacks=[seen], **arguments)
        assert history.history["loss"] == losses
        assert seen.batches == batches and seen.params["steps"] == steps
        assert len(told) == warned and all("ran out of data" in str(one.message) for one in told)

    def test_validation_begins_anew_and_ends_with_its_rows(self):
        model, seen = line(), Counter()
        model.compile(SGD(0.0), "mse")
        arguments = {"batch_size": 4, "shuffle": False, "verbose": 0, "validation_data": (X, ZEROS)}
        assert model.fit(X, ZEROS, epochs=2, validation_steps=2, **arguments).history["val_loss"] == [17.5, 17.5]
        with pytest.warns(UserWarning, match="ran out of data after 3 of 9 steps.*validation_steps"):
            history = model.fit(X, ZEROS, validation_steps=9, callbacks=[seen], **arguments)
        assert history.history["val_loss"] == [28.5]
        assert seen.batches == [0, 1, 2, 0, -1, -2]

    def test_evaluate_and_predict(self):
        model = line()
        model.compile("sgd", "mse")
        assert model.evaluate(X, ZEROS, batch_size=4, steps=2, verbose=0) == 17.5
        assert model.predict(X, batch_size=4, steps=2, verbose=0).shape == (8, 1)
        with pytest.warns(UserWarning, match="after 3 of 9 steps"):
            assert model.evaluate(X, ZEROS, batch_size=4, steps=9, verbose=0) == 28.5
        with pytest.warns(UserWarning, match="after 3 of 9 steps"):
            assert model.predict(X, batch_size=4, steps=9, verbose=0).shape == (10, 1)


class TestLosses:
    @pytest.mark.parametrize("y", [None, ZEROS])
    def test_a_model_whose_loss_is_added_in_call(self, y):
        model = Sequential([layers.Input((1,)), Squared()])
        model.compile(SGD(0.1))
        assert model.fit(ONES, y, epochs=2, batch_size=10, verbose=0).history["loss"] == pytest.approx([1.0, 0.64])
        assert model.get_weights()[0] == pytest.approx([0.64])
        assert model.evaluate(ONES, y, verbose=0) == pytest.approx(0.4096)
        assert model.metrics_names == ["loss"]

    def test_with_validation_split_and_on_batches(self):
        model = Sequential([layers.Input((1,)), Squared()])
        model.compile(SGD(0.0))
        assert model.fit(ONES, validation_split=0.2, verbose=0).history == {"loss": [1.0], "val_loss": [1.0]}
        assert model.train_on_batch(ONES) == model.test_on_batch(ONES) == 1.0

    def test_a_penalty_on_an_output_trains(self):
        model = line(activity_regularizer=regularizers.L2(1.0))
        model.compile(SGD(0.0))
        assert model.fit(ONES, verbose=0).history["loss"] == [1.0]

    def test_metrics_without_a_loss(self):
        model = line()
        model.compile("sgd", metrics=["mae"])
        assert model.evaluate(ONES, ZEROS, verbose=0, return_dict=True) == {"loss": 0.0, "mae": 1.0}

    def test_nothing_to_train_on(self):
        model = line()
        model.compile("sgd")
        with pytest.raises(ValueError, match="compiled without a loss, and no layer adds one"):
            model.fit(ONES, ZEROS, verbose=0)

    def test_targets_that_a_loss_needs(self):
        model = line()
        model.compile("sgd", "mse")
        with pytest.raises(ValueError, match="y is missing"):
            model.fit(ONES, verbose=0)

    def test_add_loss_outside_of_call(self):
        x = layers.Input((1,))
        dense = layers.Dense(1)
        model = Model(x, dense(x))
        with pytest.raises(NotImplementedError, match=r"a model made of layers takes no add_loss\(\)"):
            model.add_loss(ops.sum(model.output))
        for part in (dense, line()):
            with pytest.raises(ValueError, match=r"add_loss\(\) counts within call\(\) only"):
                part.add_loss(3.0)

    @pytest.mark.parametrize(("frozen", "loss"), [("nothing", 8.5), ("layer", 2.5), ("model", 0.5)])
    def test_penalties_of_frozen_weights_do_not_count(self, frozen, loss):
        model = Sequential(
            [
                layers.Input((1,)),
                layers.Dense(1, kernel_initializer="ones", kernel_regularizer=regularizers.L2(6.0)),
                layers.Dense(
                    1,
                    kernel_initializer="ones",
                    kernel_regularizer=regularizers.L1(2.0),
                    activity_regularizer=regularizers.L1(0.5),
                ),
            ]
        )
        if frozen != "nothing":
            (model if frozen == "model" else model.layers[0]).trainable = False
        model.compile(SGD(0.0), "mse")
        history = model.fit(ONES, ONES, validation_data=(ONES, ONES), verbose=0).history
        assert history == {"loss": [loss], "val_loss": [loss]}
        assert model.evaluate(ONES, ONES, verbose=0) == loss

    def test_penalties_of_ones_own_on_frozen_weights_do_not_count(self):
        class Own(regularizers.Regularizer):
            def __call__(self, x):
                return 6.0 * ops.sum(ops.square(x))

        model = line(kernel_regularizer=Own())
        model.compile(SGD(0.0), "mse")
        assert model.evaluate(ONES, ONES, verbose=0) == 6.0
        model.trainable = False
        model.compile(SGD(0.0), "mse")
        assert model.evaluate(ONES, ONES, verbose=0) == 0.0

    def test_a_layer_frozen_in_one_model_and_trained_in_another(self):
        shared = layers.Dense(1, kernel_initializer="ones", kernel_regularizer=regularizers.L2(6.0))
        x = layers.Input((1,))
        trained = Model(x, shared(x))
        trained.compile(SGD(0.0), "mse")
        shared.trainable = False
        frozen = Model(x, shared(x))
        frozen.compile(SGD(0.0), "mse")
        with pytest.warns(UserWarning, match="trainable was changed"):
            assert trained.fit(ONES, ONES, verbose=0).history["loss"] == [6.0]
        assert frozen.fit(ONES, ONES, verbose=0).history["loss"] == [0.0]
        assert trained.evaluate(ONES, ONES, verbose=0) == 6.0


class TestWithoutAnOptimizer:
    def test_it_evaluates_and_does_not_train(self, tmp_path):
        model = line()
        model.compile(optimizer=None, loss="mse", metrics=["mae"])
        assert model.evaluate(ONES, ZEROS, verbose=0) == [1.0, 1.0] and model.optimizer is None
        for call in (model.fit, model.train_on_batch):
            with pytest.raises(ValueError, match="compiled with optimizer=None and can be evaluated, not trained"):
                call(ONES, ZEROS)
        model.save(tmp_path / "m.keras")
        loaded = fastnn.saving.load_model(tmp_path / "m.keras")
        assert loaded.optimizer is None and loaded.evaluate(ONES, ZEROS, verbose=0) == [1.0, 1.0]


class TestFurtherEntries:
    @pytest.mark.parametrize("many", [list, dict])
    def test_of_several_inputs(self, many):
        a, b = layers.Input((1,), name="a"), layers.Input((1,), name="b")
        model = Model({"a": a, "b": b} if many is dict else [a, b], layers.Add()([a, b]))
        data = {"a": ONES, "b": ONES, "c": ONES}
        model.compile("sgd", "mse")
        with pytest.warns(UserWarning, match="x has 'c', which no input of the model reads"):
            assert (model.predict(data, verbose=0) == 2).all()
        with pytest.warns(UserWarning, match="x has 'c'"):
            assert model.fit(data, ZEROS, verbose=0).history["loss"] == [4.0]
        with pytest.raises(ValueError, match="x names 'c', which is no input"):
            model.predict({"a": ONES, "c": ONES}, verbose=0)

    def test_of_one_input(self):
        x = layers.Input((1,), name="a")
        model = Model(x, layers.Dense(1, kernel_initializer="ones")(x))
        with pytest.warns(UserWarning, match="x has 'c'"):
            assert (model.predict({"a": ONES, "c": ONES}, verbose=0) == 1).all()
        with pytest.raises(ValueError, match="x names 'b', which is no input"):
            model.predict({"b": ONES}, verbose=0)


class Ends(Model):
    def __init__(self, units=2, **kwargs):
        x = layers.Input((1,))
        super().__init__(inputs=x, outputs=layers.Dense(units, kernel_initializer="ones")(x), **kwargs)
        self.units = units


class EndsAndCall(Model):
    def __init__(self, **kwargs):
        x = layers.Input((1,))
        super().__init__(inputs=x, outputs=layers.Dense(2, kernel_initializer="ones")(x), **kwargs)
        self.head = layers.Dense(1, kernel_initializer="ones")

    def call(self, x):
        return 7 * self.head(super().call(x))


class TestClassesThatGiveTheirEnds:
    def test_they_are_functional(self):
        model = Ends(name="mine")
        assert isinstance(model, Ends) and isinstance(model, fastnn.models.Functional) and model.name == "mine"
        assert model(ONES[:1]).tolist() == [[1.0, 1.0]]
        assert [type(layer).__name__ for layer in model.layers] == ["InputLayer", "Dense"]
        assert model.output_shape == (None, 2) and Ends(3).output_shape == (None, 3)

    def test_a_call_may_use_that_of_the_base(self):
        model = EndsAndCall()
        assert model(ONES[:1]).tolist() == [[14.0]]
        assert model.predict(ONES[:1], verbose=0).tolist() == [[14.0]]
        model.compile("sgd", "mse")
        model.fit(ONES, ONES, verbose=0)
        assert len(model.trainable_weights) == 4

    @pytest.mark.parametrize("cls", [Ends, EndsAndCall])
    def test_they_are_saved_and_trained(self, cls, tmp_path):
        model = cls()
        model.compile("adam", "mse")
        model.fit(ONES, model.predict(ONES, verbose=0) + 1, verbose=0)
        model.save(tmp_path / "m.keras")
        loaded = fastnn.saving.load_model(tmp_path / "m.keras", custom_objects={cls.__name__: cls})
        assert type(loaded) is cls
        assert loaded.predict(ONES, verbose=0).tobytes() == model.predict(ONES, verbose=0).tobytes()
        assert type(cls.from_config(model.get_config())) is cls

    def test_other_arguments(self):
        with pytest.raises((TypeError, ValueError), match="has no argument 'layers'"):
            type("Wrong", (Model,), {"__init__": lambda self: Model.__init__(self, layers=1)})()


class TestMasksOfModels:
    @pytest.mark.parametrize("kind", [Sequential, Model])
    def test_on_arrays(self, kind):
        x = layers.Input((3, 1))
        lstm = layers.LSTM(1, kernel_initializer="ones", recurrent_initializer="zeros")
        model = Sequential([x, lstm]) if kind is Sequential else Model(x, lstm(x))
        data = np.ones((1, 3, 1), np.float32)
        for mask, value in ([True, True, True], 0.6589047), ([True, True, False], 0.5707406), ([1, 0, 0], 0.36960638):
            assert model(data, mask=np.array([mask])) == pytest.approx(value, rel=1e-6)
        assert model(data, mask=[[True, True, False]], training=True) == pytest.approx(0.5707406, rel=1e-6)
        with pytest.raises(ValueError, match=r"expects a (bool )?mask .*got (bool )?\(batch, 2\)"):
            model(data, mask=np.ones((1, 2)))

    def test_on_tensors(self, tmp_path):
        inner = Sequential(
            [layers.Input((3, 1)), layers.LSTM(1, kernel_initializer="ones", recurrent_initializer="zeros")]
        )
        x, mask = layers.Input((3, 1)), layers.Input((3,), dtype="bool")
        model = Model([x, mask], inner(x, mask=mask))
        data = [np.ones((1, 3, 1)), np.array([[True, False, False]])]
        assert model.predict(data, verbose=0) == pytest.approx(0.36960638, rel=1e-6)
        model.save(tmp_path / "m.keras")
        assert fastnn.saving.load_model(tmp_path / "m.keras").predict(data, verbose=0) == pytest.approx(0.36960638)


class TestVariables:
    def test_from_an_initializer(self):
        assert fastnn.Variable("ones", shape=(2,)).numpy().tolist() == [1, 1]
        assert fastnn.Variable(fastnn.initializers.Constant(3), (2,), "int32").numpy().dtype == np.int32
        with pytest.raises(ValueError, match="expects a shape, since its initializer is 'ones'"):
            fastnn.Variable("ones")
        with pytest.raises(ValueError, match=r"expects a value of shape \(3,\), got \(2,\)"):
            fastnn.Variable([1.0, 2.0], shape=(3,))

    @pytest.mark.parametrize(
        ("value", "dtype", "found"),
        [
            ([1, 2], None, "int32"),
            (np.array([1.0]), None, "float32"),
            (True, None, "bool"),
            ([1, 2], "float32", "float32"),
            (np.array([1], np.uint8), None, "uint8"),
        ],
    )
    def test_types(self, value, dtype, found):
        variable = fastnn.Variable(value, dtype=dtype)
        assert variable.dtype == found and variable.numpy().dtype == found
        assert variable.numpy().tolist() == np.asarray(value).tolist()

    def test_attributes(self):
        variable = fastnn.Variable([1.0, 2.0], None, None, False, name="v")
        assert (variable.name, variable.path, variable.trainable, variable.ndim) == ("v", "v", False, 1)
        assert variable.regularizer is None and variable.constraint is None
        assert (variable.aggregation, variable.synchronization) == ("none", "auto")
        assert repr(variable) == "<Variable path=v, shape=(2,), dtype=float32, value=[1. 2.]>"

    def test_weights_of_integers_begin_with_zeros(self):
        layer = layers.Layer()
        for dtype in ("int32", "uint8", "bool"):
            weight = layer.add_weight((3,), dtype=dtype)
            assert not weight.numpy().any() and weight.numpy().dtype.kind == np.dtype(weight.dtype).kind
        assert layer.add_weight((3,)).numpy().any()


def test_symbolic_tensors_of_ones_own():
    tensor = fastnn.KerasTensor((None, 3))
    assert (tensor.shape, tensor.dtype, tensor.ndim, tensor.sparse, tensor.ragged) == (
        (None, 3), "float32", 2, False, False,
    )  # fmt: skip
    assert tensor.name.startswith("keras_tensor")
    assert fastnn.KerasTensor((2, 1), "int32", name="x").squeeze(1).shape == (2,)
    assert layers.Dense(2)(fastnn.KerasTensor((None, 3))).shape == (None, 2)
    with pytest.raises(ValueError, match="all tensors of fastnn are dense"):
        fastnn.KerasTensor((2, 1), sparse=True)
