"""Symbolic tensors made by hand, with a batch of a fixed size, and layers that are built by their constructors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastnn import KerasTensor, Sequential, layers, models, ops


class TestSketches:
    """A tensor by hand tells the shapes that come out: its first axis is the batch of the layers that need one."""

    @pytest.mark.parametrize(
        ("layer", "shape", "made"),
        [
            (lambda: layers.Conv2D(2, 3), (5, 8, 7, 3), (5, 6, 5, 2)),
            (lambda: layers.AveragePooling1D(2), (4, 9, 3), (4, 4, 3)),
            (lambda: layers.Flatten(), (4, 2, 3), (4, 6)),
            (lambda: layers.LSTM(6), (2, 5, 3), (2, 6)),
            (lambda: layers.BatchNormalization(), (3, 4), (3, 4)),
            (lambda: layers.Bidirectional(layers.GRU(2, return_sequences=True)), (2, 5, 3), (2, 5, 4)),
            (lambda: Sequential([layers.Dense(4), layers.Dropout(0.5)]), (7, 3), (7, 4)),
        ],
    )
    def test_layers(self, layer: Any, shape: Any, made: Any) -> None:
        one = layer()
        assert one(KerasTensor(shape)).shape == made
        assert one(np.zeros(shape)).shape == made  # what it was built for holds for arrays too

    def test_chains_and_several_inputs(self) -> None:
        x = layers.ReLU()(layers.Dense(4)(KerasTensor((6, 3))))
        assert layers.Add()([x, layers.Dense(4)(KerasTensor((6, 2)))]).shape == (6, 4)
        query = KerasTensor((2, 3, 8))
        assert layers.MultiHeadAttention(2, 4)(query, KerasTensor((2, 5, 8))).shape == (2, 3, 8)

    def test_functions(self) -> None:
        x = KerasTensor((3, 6, 6, 2))
        assert ops.conv(x, np.ones((3, 3, 2, 4))).shape == (3, 4, 4, 4)
        assert ops.max_pool(layers.Conv2D(4, 1)(x), 2).shape == (3, 3, 3, 4)
        # Functions of plain arrays have no batch.
        assert ops.reshape(KerasTensor((2, 3)), (3, 2)).shape == (3, 2)
        assert ops.sum(KerasTensor((2, 3)), axis=0).shape == (3,)

    def test_types(self) -> None:
        tensor = KerasTensor((2, 3), np.dtype("int32"))
        assert tensor.dtype == "int32"
        assert layers.Dense(4)(KerasTensor((2, 3), np.float64)).dtype == "float32"
        assert layers.Embedding(9, 4)(tensor).shape == (2, 3, 4)

    def test_what_does_not_fit_is_refused(self) -> None:
        with pytest.raises(ValueError, match="Conv2D"):
            layers.Conv2D(2, 3)(KerasTensor((5, 8, 7)))
        with pytest.raises(ValueError, match="reshape"):
            ops.reshape(KerasTensor((2, 3)), (4, 2))


class TestBuiltAtOnce:
    @pytest.mark.parametrize(
        "make",
        [
            layers.ReLU, layers.ELU, layers.LeakyReLU, layers.Softmax, lambda: layers.Activation("tanh"),
            layers.Identity, layers.Masking, lambda: layers.Dropout(0.5), lambda: layers.GaussianNoise(0.1),
            lambda: layers.SpatialDropout1D(0.5), layers.UnitNormalization, layers.MaxPooling1D,
            layers.GlobalAveragePooling1D, layers.ActivityRegularization,
        ],
    )  # fmt: skip
    def test_layers_without_weights(self, make: Any) -> None:
        layer = make()
        assert layer.built and layer.get_build_config() is None
        layer(np.ones((2, 6, 3), np.float32))
        assert layer.get_build_config() == {"input_shape": (None, 6, 3)}
        assert make()(layers.Input((6, 3))).shape[0] is None

    def test_a_build_of_ones_own_runs(self) -> None:
        class Scaled(layers.Dropout):
            def build(self, input_shape: Any) -> None:
                self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones")
                super().build(input_shape)

        layer = Scaled(0.5)
        assert not layer.built and not layer.weights
        layer(np.ones((2, 3)))
        assert layer.built and [weight.shape for weight in layer.weights] == [(3,)]

    def test_a_chain_of_them_is_built_by_its_data(self, tmp_path: Any) -> None:
        model = Sequential([layers.Dropout(0.5), layers.Masking(), layers.ReLU()])
        assert not model.built
        model(np.ones((2, 3)))
        model.save(tmp_path / "model.keras")
        assert models.load_model(tmp_path / "model.keras").input_shape == (None, 3)


class TestBatchOfAnInput:
    """`Input(batch_size=)` shows its batch in the shapes of all that follows; data may come in batches of any size."""

    def test_shapes(self) -> None:
        x = layers.Input((4,), batch_size=6)
        assert x.shape == layers.Input(batch_shape=(6, 4)).shape == (6, 4)
        y = layers.Dense(3)(x)
        assert y.shape == (y + 1).shape == ops.relu(y).shape == (6, 3)
        assert ops.mean(y, axis=0).shape == (3,)
        assert layers.Concatenate()([y, layers.Input((2,))]).shape == (6, 5)
        inner = Sequential([layers.Input((3,)), layers.Dense(2)])
        assert inner(y).shape == (6, 2)

    def test_models(self, tmp_path: Any) -> None:
        x = layers.Input(batch_shape=(6, 4, 2))
        y = ops.reshape(layers.LSTM(3, return_sequences=True)(x) * 2.0, (-1, 12))
        model = models.Model(x, layers.Dense(2)(ops.concatenate([y, layers.Flatten()(x)], axis=-1)))
        assert model.output_shape == (6, 2) and model.get_config()["layers"][0]["config"]["batch_shape"] == (6, 4, 2)
        model.compile("sgd", "mse")
        data = np.random.default_rng(0).normal(size=(9, 4, 2)).astype(np.float32)
        model.fit(data, np.zeros((9, 2)), batch_size=4, verbose=0)
        model.save(tmp_path / "model.keras")
        again = models.load_model(tmp_path / "model.keras")
        assert again.inputs[0].shape == (6, 4, 2) and again.output_shape == (6, 2)
        np.testing.assert_array_equal(again.predict(data, verbose=0), model.predict(data, verbose=0))
        assert models.clone_model(model).inputs[0].shape == (6, 4, 2)

    def test_chains(self) -> None:
        model = Sequential([layers.Input((5,), batch_size=2), layers.Dense(3), layers.Dropout(0.5)])
        assert model.inputs[0].shape == (2, 5) and model.outputs[0].shape == (2, 3)
        assert model.predict(np.ones((7, 5)), verbose=0).shape == (7, 3)

    def test_a_batch_is_not_gone_through(self) -> None:
        with pytest.raises(TypeError, match="cannot be iterated over"):
            list(layers.Input((4,), batch_size=2))
        assert len(ops.shape(layers.Input((4,), batch_size=2))) == 2
