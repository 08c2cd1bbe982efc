"""Convolutions with weights of 8 bits: exact sums, normalization, gradients, files, exports, errors."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

import fastnn
from fastnn import Sequential, layers
from fastnn.quantizers import AbsMaxQuantizer, Int8QuantizationConfig, abs_max_quantize
from test_quantization import by_integers as product
from test_quantization import check_adapted, check_quantized

KINDS = {1: layers.Conv1D, 2: layers.Conv2D, 3: layers.Conv3D}


def windows_of(x, size, strides, dilation, padding):
    """The windows of a channels-last array, (batch, *positions, elements)."""
    spans = [(k - 1) * d + 1 for k, d in zip(size, dilation, strict=True)]
    if padding == "causal":
        x = np.pad(x, ((0, 0), (spans[0] - 1, 0), (0, 0)))
    if padding == "same":
        total = [
            max((-(-n // s) - 1) * s + span - n, 0) for n, s, span in zip(x.shape[1:-1], strides, spans, strict=True)
        ]
        x = np.pad(x, ((0, 0), *((one // 2, one - one // 2) for one in total), (0, 0)))
    counts = [(n - span) // s + 1 for n, s, span in zip(x.shape[1:-1], strides, spans, strict=True)]
    parts = []
    for place in np.ndindex(*size):
        cuts = (
            slice(i * d, i * d + (count - 1) * s + 1, s)
            for i, d, s, count in zip(place, dilation, strides, counts, strict=True)
        )
        parts.append(x[(slice(None), *cuts)])
    return np.concatenate(parts, axis=-1)


def by_integers(layer, x, low=-127, high=127):
    """The product of the windows in integers of 64 bits."""
    rows = windows_of(x, layer.kernel_size, layer.strides, layer.dilation_rate, layer.padding)
    kernel = layer.kernel.numpy()
    bias = layer.bias.numpy() if layer.use_bias else 0
    return product(rows, kernel.reshape(-1, kernel.shape[-1]), layer.kernel_scale.numpy(), bias, low, high)


def convolution(shape, filters, size, **arguments):
    return Sequential(
        [layers.Input(shape), KINDS[len(shape) - 1](filters, size, bias_initializer="normal", **arguments)]
    )


CASES = [
    ((9, 5), 7, 3, {}),
    ((9, 5), 17, 4, {"padding": "causal", "dilation_rate": 2}),
    ((17, 19, 5), 7, 3, {"padding": "same"}),
    ((8, 8, 64), 32, 1, {}),
    ((17, 11, 8), 16, 1, {"strides": 2}),
    ((17, 19, 16), 20, 3, {"padding": "same", "strides": 2}),
    ((17, 19, 16), 20, 3, {"dilation_rate": (2, 1)}),
    ((12, 13, 3), 40, (2, 5), {"padding": "same", "dilation_rate": (1, 3), "use_bias": False}),
    ((23, 20, 3), 64, 7, {"padding": "same", "strides": (1, 2)}),
    ((5, 5, 300), 33, 3, {"padding": "same"}),
    ((2, 2, 6), 4, 5, {"padding": "same"}),  # windows larger than the images
    ((64, 64, 24), 12, 3, {"padding": "same"}),  # several blocks of windows
    ((5, 6, 7, 4), 9, 3, {"padding": "same"}),
    ((7, 6, 7, 4), 9, (3, 1, 2), {"strides": (2, 1, 3)}),
    ((6, 6, 7, 2), 5, 2, {"padding": "same", "dilation_rate": (2, 1, 2)}),
]


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(("shape", "filters", "size", "arguments"), CASES)
def test_sums_are_exact(shape, filters, size, arguments, threads):
    rng = np.random.RandomState(filters)
    model = convolution(shape, filters, size, **arguments)
    layer = model.layers[0]
    layer.quantize("int8")
    # The largest integers of both signs: sums of pairs that would not fit into 16 bits.
    layer.kernel.assign(rng.choice([-127, 127, 126, 0], layer.kernel.shape).astype(np.int8))
    x = (rng.normal(size=(5, *shape)) * 10.0 ** rng.uniform(-6, 6, (5, *[1] * len(shape)))).astype(np.float32)
    x[2] *= 0
    fastnn.config.set_num_threads(threads)
    got = model.predict(x, verbose=0)
    np.testing.assert_array_equal(got, by_integers(layer, x))
    np.testing.assert_array_equal(model.predict(x, batch_size=2, verbose=0), got)
    np.testing.assert_array_equal(model(x), got)


def test_channels_first_and_other_limits():
    x = np.random.RandomState(0).normal(size=(3, 4, 9, 8)).astype(np.float32)
    model = Sequential([layers.Input((4, 9, 8)), layers.Conv2D(6, 3, padding="same", data_format="channels_first")])
    model.quantize(
        config=Int8QuantizationConfig(activation_quantizer=AbsMaxQuantizer(value_range=(-128, 127))), convolutions=True
    )
    expected = by_integers(model.layers[0], x.transpose(0, 2, 3, 1), -128).transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(model.predict(x, verbose=0), expected)


def test_what_is_not_finite_stays_in_its_windows():
    model = convolution((6, 6, 2), 3, 3)
    model.quantize("int8", convolutions=True)
    x = np.random.RandomState(1).normal(size=(2, 6, 6, 2)).astype(np.float32)
    clean = model.predict(x, verbose=0)
    x[1, 0, 0, 1] = np.inf
    got = model.predict(x, verbose=0)
    assert np.isnan(got[1, 0, 0]).all() and np.isnan(got).sum() == 3
    np.testing.assert_array_equal(got[0], clean[0])
    np.testing.assert_array_equal(got[1, 1:], clean[1, 1:])


@pytest.mark.parametrize("activation_quantizer", [AbsMaxQuantizer(), None])
def test_normalization_behind_is_folded_into_the_scales(activation_quantizer):
    rng = np.random.RandomState(4)
    model = convolution((8, 8, 3), 5, 3)
    model.add(layers.BatchNormalization())
    model.add(layers.ReLU())
    layer, norm = model.layers[:2]
    norm.set_weights([np.float32([1, -2, 0, 0.5, 3]), *np.abs(rng.normal(size=(3, 5)).astype(np.float32))])
    x = rng.normal(size=(4, 8, 8, 3)).astype(np.float32)
    floats = model.predict(x, verbose=0)
    config = Int8QuantizationConfig(activation_quantizer=activation_quantizer)
    model.quantize(config=config, convolutions=True, filters="conv")
    if activation_quantizer is None:
        kernel = layer.kernel.numpy() / layer.kernel_scale.numpy()
        y = windows_of(x, (3, 3), (1, 1), (1, 1), "valid") @ kernel.reshape(-1, 5) + layer.bias.numpy()
    else:
        y = by_integers(layer, x)
    gamma, beta, mean, variance = norm.get_weights()
    expected = np.maximum((y - mean) / np.sqrt(variance + norm.epsilon) * gamma + beta, 0)
    got = model.predict(x, verbose=0)
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)
    assert np.abs(got - floats).max() < 0.05 * np.abs(floats).max()
    algorithms = [row.algorithm for row in fastnn.utils.profile(model, x, batch_size=4, steps=1).rows if row.algorithm]
    assert algorithms == ["int8" if activation_quantizer else "dequantized"]


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_gradients_pass_through_the_floats_that_integers_stand_for(rank):
    rng = np.random.RandomState(rank)
    shape = (6, 5, 4)[:rank]
    x = rng.normal(size=(4, *shape, 3)).astype(np.float32)
    kernel, scale = abs_max_quantize(
        rng.normal(size=(*[3] * rank, 4, 5)).astype(np.float32), axis=tuple(range(rank + 1)), to_numpy=True
    )
    found = []
    for quantized in (True, False):
        fastnn.utils.set_random_seed(3)
        model = Sequential([layers.Input((*shape, 3)), KINDS[rank](4, 1), KINDS[rank](5, 3, padding="same")])
        layer = model.layers[1]
        if quantized:
            layer.quantize("int8")
            layer.kernel_scale.assign(scale.reshape(-1))
        layer.kernel.assign(kernel if quantized else kernel / scale)
        y = np.zeros(model.compute_output_shape(x.shape), np.float32)
        model.compile("sgd", "mse")
        gradients = model.gradients(x, y)
        found.append([gradients[weight.path] for weight in (model.layers[0].kernel, model.layers[0].bias, layer.bias)])
    # The gradients of the outputs differ by the rounding of the inputs.
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, atol=0.03 * np.abs(other).max())


def network():
    return Sequential(
        [
            layers.Input((9, 9, 2)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Reshape((9, 8)),
            layers.Conv1D(6, 2, padding="causal"),
            layers.Reshape((3, 3, 2, 3)),
            layers.Conv3D(4, 2, padding="same", activation="tanh"),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )


def test_a_quantized_model(tmp_path):
    model = network()
    x = np.random.RandomState(2).normal(size=(7, 9, 9, 2)).astype(np.float32)
    files = ("model.keras", "model.h5")
    trained = check_quantized(model, x, tmp_path, files, convolutions=True, filters=["conv", "dense"])
    assert [w.dtype for w in model.weights].count("int8") == 4
    anew = Sequential.from_config(model.get_config())
    anew.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_array_equal(anew.predict(x, verbose=0), trained)


def own_quantizers():
    return Int8QuantizationConfig(weight_quantizer=AbsMaxQuantizer((0, 1, 2)), activation_quantizer=None)


def test_a_config_is_kept_in_files(tmp_path):
    model = convolution((5, 5, 3), 4, 3)
    x = np.random.RandomState(2).normal(size=(2, 5, 5, 3)).astype(np.float32)
    plain = model.get_config()["layers"][1]["config"]
    assert (
        "quantization_config" not in plain and "quantization_config" not in model.layers[0].get_config()
    )  # Keras' convolutions know no such argument
    model.quantize(config=own_quantizers(), convolutions=True)
    got = model.predict(x, verbose=0)
    layer = model.layers[0]
    floats = layer.kernel.numpy() / layer.kernel_scale.numpy()
    expected = windows_of(x, (3, 3), (1, 1), (1, 1), "valid") @ floats.reshape(-1, 4) + layer.bias.numpy()
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)
    model.save(tmp_path / "model.keras")
    read = fastnn.saving.load_model(tmp_path / "model.keras")
    assert read.layers[0].quantization_config.activation_quantizer is None
    np.testing.assert_array_equal(read.predict(x, verbose=0), got)


def test_adapted_and_quantized_in_either_order(tmp_path):
    x = np.random.RandomState(5).normal(size=(3, 7, 7, 4)).astype(np.float32)
    check_adapted(lambda: convolution((7, 7, 4), 6, 3), x, tmp_path)


@pytest.mark.parametrize("shape", [(17, 9, 3), (None, None, 3)])
def test_onnx_has_the_same_numbers(shape, tmp_path):
    rng = np.random.RandomState(0)
    model = Sequential(
        [
            layers.Input(shape),
            layers.Conv2D(8, 3, padding="same", activation="relu"),
            layers.Conv2D(6, 1),
            layers.Conv2D(5, (3, 2), strides=2, bias_initializer="normal"),
            layers.GlobalAveragePooling2D(),
        ]
    )
    model.quantize("int8", convolutions=True)
    x = rng.normal(size=(3, 17, 9, 3)).astype(np.float32)
    model.export(tmp_path / "model.onnx", format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    (got,) = session.run(None, {session.get_inputs()[0].name: x})
    np.testing.assert_allclose(got, model.predict(x, verbose=0), rtol=1e-5, atol=1e-5)


def test_onnx_refuses_padding_that_depends_on_an_open_size(tmp_path):
    model = Sequential([layers.Input((None, None, 3)), layers.Conv2D(4, 3, strides=2, padding="same")])
    model.quantize("int8", convolutions=True)
    with pytest.raises(ValueError, match='with strides and padding="same", it needs images of a known size'):
        model.export(tmp_path / "model.onnx", format="onnx", verbose=False)


def test_digits_are_told_apart_as_before():
    (x, y), (x_test, y_test) = fastnn.datasets.digits.load_data()
    x, x_test = x[..., None] / 16.0, x_test[..., None] / 16.0
    fastnn.utils.set_random_seed(1)
    model = Sequential(
        [
            layers.Input(x.shape[1:]),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10, "softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=8, verbose=0)
    accuracy = model.evaluate(x_test, y_test, verbose=0)[1]
    assert accuracy > 0.9
    model.quantize("int8", convolutions=True)
    assert abs(model.evaluate(x_test, y_test, verbose=0)[1] - accuracy) <= 1 / len(x_test) + 1e-9


def test_what_stays_as_it_is_is_told(capsys):
    model = network()
    with pytest.warns(UserWarning, match=r"Conv2D.*stays? float32, as in Keras; convolutions=True takes it too"):
        model.quantize("int8", filters=["conv2d", "dense"])
    assert [w.dtype for w in model.weights].count("int8") == 1
    grouped = Sequential([layers.Input((5, 5, 4)), layers.Conv2D(4, 3, groups=2, name="pairs"), layers.Conv2D(2, 1)])
    with pytest.warns(UserWarning, match=r'Conv2D "pairs" has no quantize.*because groups=2'):
        grouped.quantize("int8", convolutions=True, report=True)
    assert [w.dtype for w in grouped.weights].count("int8") == 1
    head, line = capsys.readouterr().out.splitlines()
    assert head.split() == ["layer", "weights", "error", "speed"] and "1x1x4x2" in line
    with pytest.raises(ValueError, match=r"quantized already"):
        grouped.quantize("int8", convolutions=True, filters=grouped.layers[1].name)


def test_a_layer_may_be_made_quantized():
    layer = layers.Conv2D(3, 2, dtype="int8_from_float32")
    layer.build((None, 4, 4, 5))
    assert [(w.name, w.dtype, w.shape) for w in layer.weights] == [
        ("bias", "float32", (3,)),
        ("kernel", "int8", (2, 2, 5, 3)),
        ("kernel_scale", "float32", (3,)),
    ]
    with pytest.raises(ValueError, match="groups=1"):
        layers.Conv2D(4, 2, groups=2, dtype="int8_from_float32")(np.ones((1, 4, 4, 4)))
