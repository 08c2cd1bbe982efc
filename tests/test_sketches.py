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
        assert layer.built
        with pytest.raises(AttributeError, match="no input shape yet"):
            _ = layer.input_shape
        layer(np.ones((2, 6, 3), np.float32))
        assert layer.input_shape == (None, 6, 3)
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
