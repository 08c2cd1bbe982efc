"""Layers option by option as Keras 3.15.1 has them, where no recorded model shows it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import initializers, layers, ops

X = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")


class Cell(layers.Layer):
    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = self.state_size = self.output_size = units

    def build(self, shape: Any) -> None:
        self.kernel = self.add_weight((shape[-1], self.units), name="kernel")
        self.recurrent = self.add_weight((self.units, self.units), name="recurrent")

    def call(self, x: Any, states: Any) -> Any:
        h = ops.tanh(ops.matmul(x, self.kernel) + ops.matmul(states[0], self.recurrent))
        return h, [h]


class TestRNN:
    def test_states_of_own_cells(self) -> None:
        made = layers.RNN([Cell(2), Cell(5)], return_state=True)(X)
        assert [one.shape for one in made] == [(2, 5), (2, 2), (2, 5)]
        np.testing.assert_array_equal(made[0], made[2])

    def test_own_cells_over_sequences_of_unknown_length(self) -> None:
        x = layers.Input((None, 3))
        layer = layers.RNN(Cell(2), return_sequences=True)
        model = fastnn.Model(x, layer(x))
        assert model.output_shape == (None, None, 2)
        for steps in (1, 3, 4):
            np.testing.assert_allclose(model.predict(X[:, :steps], verbose=0), layer(X)[:, :steps], atol=1e-6)

    def test_states_of_another_layer(self) -> None:
        one, other = layers.LSTM(2, stateful=True), layers.LSTM(2)
        one(X)
        expected = other(X, initial_state=[state.numpy() for state in one.states])
        np.testing.assert_array_equal(other(X, initial_state=one.states), expected)
        np.testing.assert_array_equal(other(X, one.states), expected)


class TestAttention:
    @pytest.mark.parametrize("mode", ["dot", "concat"])
    def test_four_axes_attend_along_the_one_before_the_last(self, mode: str) -> None:
        rng = np.random.default_rng(1)
        query, value = (rng.normal(size=(2, 3, n, 5)).astype("float32") for n in (4, 6))
        made, scores = layers.Attention(score_mode=mode)([query, value], return_attention_scores=True)
        assert scores.shape == (2, 3, 4, 6)
        for i in range(3):
            alone = layers.Attention(score_mode=mode)([query[:, i], value[:, i]])
            np.testing.assert_allclose(made[:, i], alone, atol=1e-5)
        additive = layers.AdditiveAttention(use_scale=False)
        whole = additive([query, value], use_causal_mask=True)
        np.testing.assert_allclose(whole[:, 1], additive([query[:, 1], value[:, 1]], use_causal_mask=True), atol=1e-5)

    @pytest.mark.parametrize(
        ("axes", "scores"),
        [
            (None, (2, 2, 3, 4, 3, 4)), (1, (2, 4, 2, 3, 3)), (2, (2, 3, 2, 4, 4)), ((2,), (2, 3, 2, 4, 4)),
            ((1, 2), (2, 2, 3, 4, 3, 4)), (-2, (2, 3, 2, 4, 4)),
        ],
    )  # fmt: skip
    def test_axes_of_multi_head_attention(self, axes: Any, scores: tuple[int, ...]) -> None:
        x = np.random.default_rng(1).normal(size=(2, 3, 4, 5)).astype("float32")
        layer = layers.MultiHeadAttention(2, 3, attention_axes=axes)
        made, weights = layer(x, x, return_attention_scores=True)
        assert made.shape == x.shape and weights.shape == scores
        flat = layers.MultiHeadAttention(2, 3)
        if axes in (None, (1, 2)):
            given = x.reshape(2, 12, 5)
        else:
            given = (np.swapaxes(x, 1, 2) if axes == 1 else x).reshape(-1, 3 if axes == 1 else 4, 5)
        flat.build(given.shape, given.shape)
        flat.set_weights(layer.get_weights())
        back = flat(given, given).reshape(2, 4, 3, 5) if axes == 1 else flat(given, given).reshape(x.shape)
        np.testing.assert_allclose(np.swapaxes(back, 1, 2) if axes == 1 else back, made, atol=1e-5)

    @pytest.mark.parametrize(
        "shape", [(1, 4, 4), (2, 1, 4), (4, 4), (1, 1, 4), (2, 2, 4, 4), (2, 1, 4, 4), (1, 1, 4, 4)]
    )
    def test_attention_masks_that_broadcast(self, shape: tuple[int, ...]) -> None:
        layer = layers.MultiHeadAttention(2, 3)
        mask = np.random.default_rng(2).random(shape) > 0.3
        mask[..., 0] = True
        full = mask if mask.ndim == 4 else np.broadcast_to(mask, (2, 4, 4))[:, None]
        expected = layer(X, X, attention_mask=np.broadcast_to(full, (2, 2, 4, 4)).copy())
        np.testing.assert_allclose(layer(X, X, attention_mask=mask), expected, atol=1e-5)

    def test_kernels_start_as_large_as_in_keras(self) -> None:
        layer = layers.MultiHeadAttention(8, 16)
        layer.build((None, 10, 128), (None, 10, 128))
        for weight in layer.weights[::2]:  # keras: 0.1531 each
            assert np.abs(weight.numpy()).max() == pytest.approx(np.sqrt(6 / 256), rel=1e-3)


class TestInitializers:
    def test_axes(self) -> None:
        made = initializers.VarianceScaling(1.0, "fan_out", "uniform", 1, [0], [1, 2])((4, 30, 50))
        assert np.abs(made).max() == pytest.approx(np.sqrt(3 / 1500), rel=1e-2)
        for name in ("GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "LecunUniform", "LecunNormal"):
            made = getattr(initializers, name)(seed=1, input_axes=[0], output_axes=[1, 2])
            assert made.get_config() == {"seed": 1, "input_axes": [0], "output_axes": [1, 2]}

    def test_a_generator_as_seed(self) -> None:
        def pair() -> list[Any]:
            one = initializers.GlorotUniform(seed=fastnn.random.SeedGenerator(3))
            return [one((3, 3)), one((3, 3))]

        first, second = pair()
        assert np.abs(first - second).max() > 0.01
        np.testing.assert_array_equal(pair(), [first, second])
        drops = [layers.Dropout(0.5, seed=fastnn.random.SeedGenerator(3)) for _ in range(2)]
        one, other = (drop(np.ones((1, 64)), training=True) for drop in drops)
        np.testing.assert_array_equal(one, other)


TOKENS = np.array([[[0, 1, 2], [3, 1, 1]], [[2, 2, 0], [1, 1, 3]]])
# keras.layers.CategoryEncoding(4, output_mode="count")(TOKENS): axis 1 is that of the tokens.
COUNTS = [[[1, 0, 0, 1], [0, 2, 0, 0], [0, 1, 1, 0]], [[0, 1, 1, 0], [0, 1, 1, 0], [1, 0, 0, 1]]]


class TestEncodings:
    def test_three_axes(self) -> None:
        np.testing.assert_array_equal(layers.CategoryEncoding(4, output_mode="count")(TOKENS), COUNTS)
        np.testing.assert_array_equal(layers.CategoryEncoding(4)(TOKENS), np.minimum(COUNTS, 1))
        bins = layers.Discretization([0.0, 1.0, 2.0], output_mode="count")
        # keras.layers.Discretization of the same: values 0..3 fall into bins 1, 2, 3, 3.
        expected = layers.CategoryEncoding(4, output_mode="count")(np.minimum(TOKENS + 1, 3))
        np.testing.assert_array_equal(bins(TOKENS.astype("float32")), expected)
        assert bins.compute_output_shape((2, 2, 3)) == (2, 3, 4)
        tokens = layers.Input((2, 3), dtype="int32")
        model = fastnn.Model(tokens, layers.CategoryEncoding(4, output_mode="count")(tokens))
        np.testing.assert_array_equal(model.predict(TOKENS, verbose=0), COUNTS)


class TestShapes:
    def test_the_batch_stays(self) -> None:
        assert layers.Dense(3).compute_output_shape((2, 4)) == (2, 3)
        assert layers.Dense(3).compute_output_shape((None, 4)) == (None, 3)
        assert layers.LSTM(3, return_state=True).compute_output_shape((2, 4, 5)) == ((2, 3), (2, 3), (2, 3))
        assert layers.Add().compute_output_shape([(2, 4), (None, 4)]) == (2, 4)
        assert fastnn.Sequential([layers.Dense(3)]).compute_output_shape((2, 4)) == (2, 3)

    def test_layers_of_a_model_are_layers(self) -> None:
        x = layers.Input((3,), name="x")
        model = fastnn.Model(x, ops.relu(layers.Dense(2, name="d")(x) * 2 + 1) / ops.sum(x, axis=-1, keepdims=True))
        assert [layer.name for layer in model.layers] == ["x", "d"]
        assert len(model.operations) == 7

    def test_nested_outputs_and_inputs(self) -> None:
        class Several(layers.Layer):
            def call(self, x: Any) -> Any:
                return {"a": [x, x * 2], "b": (x, {"c": x + 1})}

        x = layers.Input((3,))
        model = fastnn.Model(x, Several()(x))
        one = np.ones((2, 3), np.float32)
        for made in (model.predict(one, verbose=0), model(one)):
            assert isinstance(made["b"], tuple) and isinstance(made["a"], list)
            np.testing.assert_array_equal(made["b"][1]["c"], one + 1)
        given = {"a": [layers.Input((3,)), layers.Input((3,))], "b": layers.Input((3,))}
        model = fastnn.Model(given, given["a"][0] + 2 * given["a"][1] + 4 * given["b"])
        np.testing.assert_array_equal(model.predict({"a": [one, 2 * one], "b": one}, verbose=0), 9 * one)

    def test_arguments_by_position(self) -> None:
        assert layers.GRUCell(2, "tanh", "sigmoid", True, *["zeros"] * 3, *[None] * 6, 0.0, 0.0, False, 7).seed == 7
        assert layers.Input((3,), 2, "int32", None, None, None, "x").name == "x"
        made = layers.TimeDistributed(layers.Dropout(0.5, seed=1))(np.ones((2, 3, 40)), True)
        assert (made == 0).any()


class TestDropout:
    @pytest.mark.parametrize(
        ("shape", "shared"),
        [((None, 1, None), 1), ((4, 1, 20), 1), ((1, 30, 20), 0), ((30, 1), (0, 2)), ((20,), (0, 1))],
    )
    def test_noise_shapes(self, shape: Any, shared: Any) -> None:
        made = layers.Dropout(0.5, noise_shape=shape, seed=1)(np.ones((4, 30, 20)), training=True)
        assert (made.std(axis=shared) == 0).all() and made.std() > 0


class TestOps:
    def test_softmax_over_all(self) -> None:
        np.testing.assert_allclose(ops.softmax(X, axis=None), np.exp(X) / np.exp(X).sum(), rtol=1e-5)
        np.testing.assert_allclose(ops.log_softmax(X, axis=None), X - np.log(np.exp(X).sum()), rtol=1e-5)

    @pytest.mark.parametrize("order", [None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf])
    def test_norms_of_matrices(self, order: Any) -> None:
        np.testing.assert_allclose(ops.norm(X, order, (1, 2)), np.linalg.norm(X, order, (1, 2)), rtol=1e-5)

    def test_norms_along_axes_that_are_not_there(self) -> None:
        with pytest.raises(ValueError, match="axes of an array of rank 2"):
            ops.norm(X[0], 1, (1, 2))
