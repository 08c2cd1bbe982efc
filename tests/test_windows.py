"""Convolutions, pooling and layers that rearrange pixels: errors, and guarantees beyond their values."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from cases import convolution, pooling, reshaping
from cases.case import Case
from fastnn import Model, Sequential, _core, layers, ops
from fastnn.layers import Input
from fastnn.utils import set_random_seed

CASES = [*convolution.CASES, *pooling.CASES, *reshaping.CASES]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_config_makes_the_same_layer(case: Case) -> None:
    layer = case.make()
    config = layer.get_config()
    again = type(layer).from_config(config)
    assert again.get_config() == config
    given = (None, *case.shapes[0])
    assert again.compute_output_shape(given) == layer.compute_output_shape(given)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.Conv1D(0, 3), "filters expects a positive integer, got 0"),
        (lambda: layers.Conv1D(4, 3, padding="full"), 'padding expects "valid", "same" or "causal", got "full"'),
        (lambda: layers.Conv2D(4, 3, padding="causal"), 'padding expects "valid" or "same", got "causal"'),
        (lambda: layers.Conv1D(4, (3, 3)), "kernel_size expects one integer or a tuple of 1, got 2"),
        (lambda: layers.Conv3D(4, (3, 3)), "kernel_size expects one integer or a tuple of 3, got 2"),
        (lambda: layers.Conv3D(4, (3, 0, 3)), "kernel_size expects positive integers, got (3, 0, 3)"),
        (lambda: layers.Conv3D(4, 3, strides=2, dilation_rate=2), "got strides (2, 2, 2) and dilation_rate (2, 2, 2)"),
        (lambda: layers.Conv1D(4, 3, groups=3), "filters expects a multiple of groups=3, got 4"),
        (lambda: layers.Conv2DTranspose(0, 3), "filters expects a positive integer, got 0"),
        (
            lambda: layers.Conv2DTranspose(4, 3, strides=2, output_padding=(1, 2)),
            "output_padding expects numbers less than strides, got (1, 2) for strides (2, 2)",
        ),
        (lambda: layers.Conv1DTranspose(4, 3, strides=2, output_padding=-1), "no negative integers, got (-1,)"),
        (lambda: layers.Conv2DTranspose(4, 3, strides=2, dilation_rate=2), "set one of them to 1"),
        (lambda: layers.DepthwiseConv2D(3, depth_multiplier=0), "depth_multiplier expects a positive integer, got 0"),
        (lambda: layers.SeparableConv1D(0, 3), "filters expects a positive integer, got 0"),
        (lambda: layers.DepthwiseConv1D(3, kernel_initializer="zeros"), "Did you mean 'depthwise_initializer'?"),
        (lambda: layers.MaxPooling1D(0), "pool_size expects positive integers, got (0,)"),
        (lambda: layers.MaxPooling3D((64, 64, 64)), "at most 65536 pixels, got 262144"),
        (lambda: layers.UpSampling1D(0), "size expects positive integers, got (0,)"),
        (lambda: layers.UpSampling2D(2, interpolation="cubic"), 'or "lanczos5", got "cubic"'),
        (lambda: layers.UpSampling3D((2, 2)), "size expects one integer or a tuple of 3, got 2"),
        (lambda: layers.ZeroPadding1D(-1), "ZeroPadding1D"),
        (lambda: layers.ZeroPadding2D((1, 2, 3)), "padding to be an integer, 2 integers or 2 pairs"),
        (lambda: layers.ZeroPadding3D(((1, 1), (1,), (1, 1))), "padding to be an integer, 3 integers or 3 pairs"),
        (lambda: layers.ZeroPadding2D("same"), "padding to be an integer, 2 integers or 2 pairs"),
        (lambda: layers.Cropping1D((1, 2, 3)), "cropping to be an integer or a pair such as (1, 2)"),
        (lambda: layers.Cropping2D(((1, -1), (0, 0))), "none of them negative"),
        (lambda: layers.Permute((0, 1)), "dims expects the indices of the axes from 1 on, each once, got (0, 1)"),
        (lambda: layers.Permute((1, 3)), "each once, got (1, 3)"),
        (lambda: layers.RepeatVector(0), "n expects a positive integer, got 0"),
    ],
    ids=lambda value: None if callable(value) else re.sub(r"\W+", "-", value)[:50],
)
def test_arguments_that_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        make()


def test_a_number_of_repetitions_is_an_integer() -> None:
    with pytest.raises(TypeError, match="n expects an integer"):
        layers.RepeatVector(2.5)


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (
            lambda: layers.Conv1D(2, 3, name="x"),
            (5,),
            'Conv1D "x" expects (batch, steps, channels), got (batch, 5); add',
        ),
        (lambda: layers.Conv1D(2, 3, name="x"), (2, 4), "smaller than its window, got (2,) pixels for a window that"),
        (lambda: layers.Conv1D(2, 3, groups=2, name="x"), (5, 3), "channels that groups=2 divides, got 3"),
        (
            lambda: layers.Conv3D(2, 3, name="x"),
            (5, 5, 5),
            "(batch, depth, height, width, channels), got (batch, 5, 5, 5)",
        ),
        (lambda: layers.Conv3D(2, 3, name="x"), (2, 5, 5, 1), "a smaller kernel_size"),
        (lambda: layers.Conv2DTranspose(2, 3, name="x"), (5, 3), 'Conv2DTranspose "x" expects (batch, height, width'),
        (
            lambda: layers.Conv1DTranspose(2, 2, padding="same", output_padding=0, name="x"),
            (1, 3),
            "an input that leaves some output",
        ),
        (lambda: layers.DepthwiseConv2D(5, name="x"), (4, 6, 3), 'DepthwiseConv2D "x" expects an input no smaller'),
        (lambda: layers.SeparableConv1D(4, 3, name="x"), (6,), 'SeparableConv1D "x" expects (batch, steps, channels)'),
        (lambda: layers.MaxPooling1D(4, name="x"), (3, 2), "a smaller pool_size or fewer layers"),
        (lambda: layers.AveragePooling3D(2, name="x"), (4, 4, 2), "(batch, depth, height, width, channels)"),
        (lambda: layers.GlobalAveragePooling1D(name="x"), (4,), 'GlobalAveragePooling1D "x" expects (batch, steps'),
        (lambda: layers.UpSampling2D(name="x"), (4, 3), 'UpSampling2D "x" expects (batch, height, width, channels)'),
        (lambda: layers.ZeroPadding2D(name="x"), (4, 3), 'ZeroPadding2D "x" expects (batch, height, width, channels)'),
        (
            lambda: layers.Cropping1D((2, 2), name="x"),
            (4, 3),
            "is larger than the cropping (2, 2), got (batch, 4, 3)",
        ),
        (lambda: layers.Permute((2, 1), name="x"), (4,), "2 axes besides the batch for dims=(2, 1), got (batch, 4)"),
        (
            lambda: layers.RepeatVector(2, name="x"),
            (4, 3),
            "expects (batch, features), got (batch, 4, 3); add Flatten()",
        ),
    ],
    ids=lambda value: None if callable(value) or isinstance(value, tuple) else re.sub(r"\W+", "-", value)[:50],
)
def test_inputs_that_are_refused(layer: Any, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        Sequential([Input(shape), layer()])


@pytest.mark.parametrize(("strides", "dilation"), [(1, 1), (2, 1), (1, 3)])
def test_no_causal_output_sees_a_later_step(strides: int, dilation: int) -> None:
    layer = layers.Conv1D(4, 3, strides=strides, dilation_rate=dilation, padding="causal")
    x = np.random.default_rng(0).normal(size=(1, 12, 2)).astype(np.float32)
    before = layer(x)
    for step in range(12):
        later = x.copy()
        later[:, step:] += 1.0
        seen = np.abs(layer(later) - before).max(axis=(0, 2)) > 0
        unseen = -(-step // strides)
        assert not seen[:unseen].any()
        assert seen[unseen:].all()


def test_arguments_are_kept_for_each_axis() -> None:
    layer = layers.Conv2D(8, 3, padding="SAME")
    assert (layer.kernel_size, layer.strides, layer.dilation_rate, layer.padding) == ((3, 3), (1, 1), (1, 1), "same")
    assert layers.Conv1D(8, 3).kernel_size == (3,)
    assert layers.Conv3DTranspose(8, 3, strides=2, output_padding=1).output_padding == (1, 1, 1)
    assert layers.MaxPooling2D(3).strides == (3, 3)
    assert layers.AveragePooling1D(3, strides=1).strides == (1,)
    assert layers.UpSampling3D(2).size == (2, 2, 2)
    assert layers.ZeroPadding2D((1, 2)).padding == ((1, 1), (2, 2))
    assert layers.Cropping1D(2).cropping == (2, 2)
    assert repr(layers.Conv1D(8, 3, name="c")) == "Conv1D(name='c', filters=8, kernel_size=(3,))"
    assert repr(layers.MaxPooling2D(name="m")) == "MaxPooling2D(name='m', strides=(2, 2))"


def test_the_words_of_depthwise_arguments_reach_their_weights() -> None:
    layer = layers.DepthwiseConv2D(
        3, depthwise_initializer="ones", depthwise_regularizer="l2", depthwise_constraint="non_neg"
    )
    layer.build((None, 5, 5, 2))
    assert layer.kernel.shape == (3, 3, 2, 1)
    assert (layer.kernel.numpy() == 1).all()
    assert [v.path.rsplit("/", 1)[-1] for v in layer.weights] == ["kernel", "bias"]
    assert layer.get_config()["depthwise_initializer"]["class_name"] == "Ones"
    layer = layers.SeparableConv2D(
        4, 3, depthwise_initializer="ones", pointwise_initializer="zeros", depth_multiplier=2
    )
    layer.build((None, 5, 5, 2))
    assert layer.depthwise_kernel.shape == (3, 3, 2, 2)
    assert layer.pointwise_kernel.shape == (1, 1, 4, 4)
    assert (layer.depthwise_kernel.numpy() == 1).all()
    assert (layer.pointwise_kernel.numpy() == 0).all()


@pytest.mark.parametrize("dtype", ["int32", "bool", "float32"])
def test_what_is_only_moved_may_be_of_any_type(dtype: str) -> None:
    x = (np.random.default_rng(0).integers(0, 2, size=(3, 4, 5))).astype(dtype)
    for layer, source, expected in [
        (layers.Permute((2, 1)), x, x.transpose(0, 2, 1)),
        (layers.RepeatVector(3), x[:, 0], np.repeat(x[:, :1], 3, axis=1)),
        (layers.Cropping1D((1, 0)), x, x[:, 1:]),
        (layers.ZeroPadding1D((1, 2)), x, np.pad(x, [(0, 0), (1, 2), (0, 0)])),
    ]:
        graph = _core.Graph()
        kind, config = layer.__fastnn_core_node__()
        edges = graph.add(kind, "moved", config, [graph.input((None, *source.shape[1:]), dtype)])
        assert graph.spec(edges[0]) == ((None, *expected.shape[1:]), dtype)
        (y,) = _core.Predictor(graph, edges)([source])
        assert y.dtype == np.dtype(dtype)
        np.testing.assert_array_equal(y, expected)


def test_zero_keeps_its_sign_where_it_is_only_moved() -> None:
    x = np.full((1, 2, 2, 3), -0.0, np.float32)
    for layer in (layers.UpSampling2D(2), layers.Permute((2, 1, 3)), layers.Cropping2D(((1, 0), (0, 0)))):
        assert np.signbit(layer(x)).all(), layer


def test_a_transposed_convolution_undoes_the_shape_of_its_convolution() -> None:
    down = layers.Conv2D(8, 4, strides=2, padding="same")
    up = layers.Conv2DTranspose(3, 4, strides=2, padding="same")
    assert up.compute_output_shape(down.compute_output_shape((None, 12, 16, 3))) == (None, 12, 16, 3)


def test_an_autoencoder_of_images_learns() -> None:
    set_random_seed(0)
    x = np.random.default_rng(0).uniform(size=(64, 8, 8, 1)).astype(np.float32)
    model = Sequential(
        [
            Input((8, 8, 1)),
            layers.SeparableConv2D(8, 3, strides=2, padding="same", activation="relu"),
            layers.DepthwiseConv2D(3, padding="same", activation="relu"),
            layers.Conv2DTranspose(8, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2D(1, 3, padding="same"),
        ]
    )
    model.compile("adam", "mse")
    losses = model.fit(x, x, epochs=12, batch_size=16, verbose=0).history["loss"]
    assert losses[-1] < 0.6 * losses[0]


@pytest.mark.parametrize("amounts", [(1,), [2], (1, 2, 3), "1"])
def test_borders_of_sequences_are_one_integer_or_two(amounts: Any) -> None:
    for layer in (layers.ZeroPadding1D, layers.Cropping1D):
        with pytest.raises(ValueError, match="an integer or a pair"):
            layer(amounts)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("strides", "dilation"), [((2, 3), (2, 1)), (2, 3)])
@pytest.mark.parametrize("name", ["conv", "depthwise_conv"])
def test_windows_both_dilated_and_apart(padding: str, strides: Any, dilation: Any, name: str) -> None:
    random = np.random.RandomState(0)
    x = random.normal(size=(2, 11, 9, 4)).astype(np.float32)
    kernel = random.normal(size=(3, 2, 4, 5)).astype(np.float32)
    steps, rates = (np.broadcast_to(one, 2) for one in (strides, dilation))
    pads = [(0, 0)] * 2
    if padding == "same":
        # As TensorFlow places windows: as many as there are steps, centered, with what is left over behind.
        reach = [
            max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0)
            for n, s, k, d in zip(x.shape[1:3], steps, kernel.shape, rates, strict=False)
        ]
        pads = [(r // 2, r - r // 2) for r in reach]
    padded = np.pad(x, [(0, 0), *pads, (0, 0)])
    count = [(padded.shape[i + 1] - (kernel.shape[i] - 1) * rates[i] - 1) // steps[i] + 1 for i in (0, 1)]
    expected: Any = 0.0
    for i, j in np.ndindex(*kernel.shape[:2]):
        rows = i * rates[0] + np.arange(count[0]) * steps[0]
        columns = j * rates[1] + np.arange(count[1]) * steps[1]
        part = padded[:, rows][:, :, columns]
        along = "nhwc,cf->nhwf" if name == "conv" else "nhwc,cm->nhwcm"
        found = np.einsum(along, part, kernel[i, j])
        expected = expected + (found if name == "conv" else found.reshape(*found.shape[:3], -1))
    function = getattr(ops, name)
    given = {"strides": strides, "padding": padding, "dilation_rate": dilation}
    np.testing.assert_allclose(function(x, kernel, **given), expected, rtol=1e-4, atol=1e-4)
    inputs = Input((11, 9, 4))
    model = Model(inputs, function(inputs, kernel, **given))
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-4, atol=1e-4)


def test_windows_dilated_and_apart_of_an_unknown_size() -> None:
    with pytest.raises(ValueError, match="inputs of known size for padding='same' with both"):
        ops.conv(Input((None, 4)), np.ones((3, 4, 5)), strides=2, padding="same", dilation_rate=2)
