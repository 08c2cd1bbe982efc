"""Weights of 8 bits: exact sums, training, files, errors. Numbers of Keras are replayed from `rows_quantized.py`."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import fastnn
from fastnn import Model, Sequential, layers, ops
from fastnn.quantizers import AbsMaxQuantizer, Int8QuantizationConfig, abs_max_quantize


def by_integers(x, kernel, scale, bias, low=-127, high=127):
    """The product in integers of 64 bits, with the floats around it in float32."""
    of_rows = np.float32(high) / (np.abs(x).max(axis=-1, keepdims=True) + np.float32(1e-7))
    integers = np.clip(np.round(x * of_rows), low, high).astype(np.int64)
    sums = (integers @ kernel.astype(np.int64)).astype(np.float32)
    return sums / (of_rows * scale) + bias


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(
    ("rows", "features", "units"),
    [
        (1, 1, 1),
        (3, 5, 7),
        (1, 64, 64),
        (2, 67, 130),
        (5, 4, 17),
        (17, 131, 33),
        (64, 300, 96),
        (130, 513, 40),
        (1, 700, 257),
    ],
)
def test_sums_are_exact(rows, features, units, threads):
    rng = np.random.RandomState(features)
    x = (rng.normal(size=(rows, features)) * 10.0 ** rng.uniform(-6, 6, (rows, 1))).astype(np.float32)
    x[rows // 2] *= 0  # a row of zeros has a scale, too
    model = Sequential([layers.Input((features,)), layers.Dense(units, bias_initializer="normal")])
    model.quantize("int8")
    layer = model.layers[0]
    # The largest integers of both signs: sums of pairs that would not fit into 16 bits.
    kernel = rng.choice([-127, 127, 126, 0], (features, units)).astype(np.int8)
    layer.kernel.assign(kernel)
    fastnn.config.set_num_threads(threads)
    got = model.predict(x, verbose=0)
    expected = by_integers(x, kernel, layer.kernel_scale.numpy(), layer.bias.numpy())
    np.testing.assert_array_equal(got, expected)


def test_extreme_integers_do_not_saturate():
    x = np.tile(np.float32([1, -1, 1, 1]), (6, 256))
    model = Sequential([layers.Input((1024,)), layers.Dense(24, use_bias=False)])
    for low, high in ((-127, 127), (-128, 127)):
        own = Sequential.from_config(model.get_config())
        own.quantize(config=Int8QuantizationConfig(activation_quantizer=AbsMaxQuantizer(value_range=(low, high))))
        for sign in (127, -127):
            own.layers[0].kernel.assign(np.full((1024, 24), sign, np.int8) * np.sign(x[0])[:, None].astype(np.int8))
            expected = by_integers(x, own.layers[0].kernel.numpy(), np.ones(24, np.float32), 0, low, high)
            own.layers[0].kernel_scale.assign(np.ones(24))
            np.testing.assert_array_equal(own.predict(x, verbose=0), expected)


def test_what_is_not_finite_stays_in_its_row():
    model = Sequential([layers.Input((9,)), layers.Dense(4)])
    model.quantize("int8")
    x = np.random.RandomState(1).normal(size=(5, 9)).astype(np.float32)
    clean = model.predict(x, verbose=0)
    x[1, 8], x[3, 0] = np.nan, np.inf
    got = model.predict(x, verbose=0)
    assert np.isnan(got[[1, 3]]).all()
    np.testing.assert_array_equal(got[[0, 2, 4]], clean[[0, 2, 4]])


def attention():
    x = layers.Input((6, 8))
    return Model(x, ops.tanh(layers.MultiHeadAttention(2, 4)(x, x)))


MODELS = {
    "dense": lambda: Sequential([layers.Input((20,)), layers.Dense(30, "relu"), layers.Dropout(0.5), layers.Dense(4)]),
    "steps": lambda: Sequential([layers.Input((6, 8)), layers.TimeDistributed(layers.Dense(5)), layers.Flatten()]),
    "einsum": lambda: Sequential(
        [
            layers.Input((6, 8)),
            layers.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de"),
            layers.EinsumDense("abde,dec->abc", (None, 5), "tanh", bias_axes="c"),
            layers.EinsumDense("abc,dc->adb", (4, None), bias_axes="d"),
            layers.EinsumDense("abc,bcd->abd", (4, 5), bias_axes="d"),
        ]
    ),
    "open": lambda: Sequential([layers.Input((None, 8)), layers.EinsumDense("...x,xy->...y", 4, bias_axes="y")]),
    "attention": attention,
    "nested": lambda: Sequential(
        [layers.Input((20,)), Sequential([layers.Input((20,)), layers.Dense(3)]), layers.Dense(2)]
    ),
}


def check_quantized(model, x, tmp_path, files, slack=0.0, **how):
    """Checks what quantization leaves of outputs, that integers do not learn, and files."""
    floats, size = model.predict(x, verbose=0), sum(w.nbytes for w in model.get_weights())
    model.quantize("int8", **how)
    got = model.predict(x, verbose=0)
    assert 0 < np.abs(got - floats).max() < 0.05 * np.abs(floats).max() + slack
    assert sum(w.nbytes for w in model.get_weights()) < size
    # The same in any batch, at once, and on any number of threads.
    np.testing.assert_array_equal(model.predict(x, batch_size=2, verbose=0), got)
    np.testing.assert_array_equal(model(x), got)
    model.compile("adam", "mse")
    integers = [w.numpy() for w in model.weights if w.dtype == "int8"]
    assert integers
    model.fit(x, np.zeros_like(got), epochs=2, verbose=0)
    for was, now in zip(integers, [w.numpy() for w in model.weights if w.dtype == "int8"], strict=True):
        np.testing.assert_array_equal(was, now)
    trained = model.predict(x, verbose=0)
    assert np.abs(trained - got).max() > 0
    for file in files:
        model.save(tmp_path / file)
        read = fastnn.saving.load_model(tmp_path / file)
        np.testing.assert_array_equal(read.predict(x, verbose=0), trained)
        assert [w.dtype for w in read.weights] == [w.dtype for w in model.weights]
        read.fit(x, np.zeros_like(got), verbose=0)
    model.save_weights(tmp_path / "model.weights.h5")
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(x, verbose=0), trained)
    return trained


@pytest.mark.parametrize("name", MODELS)
def test_a_quantized_model(name, tmp_path):
    model = MODELS[name]()
    shape = tuple(size or 6 for size in model.input_shape[1:])
    x = np.random.RandomState(2).normal(size=(7, *shape)).astype(np.float32)
    # An .h5 file has the weights of a layer in one list, by which the layers within one cannot be told apart.
    files = ("model.keras",) if name == "attention" else ("model.keras", "model.h5")
    trained = check_quantized(model, x, tmp_path, files, slack=0.01)
    anew = type(model).from_config(model.get_config())
    if name == "attention":  # its config does not tell of the layers within
        with pytest.raises(ValueError, match=r"the file is that of a quantized model: call quantize\('int8'\) first"):
            anew.load_weights(tmp_path / "model.weights.h5")
        anew.quantize("int8")
    anew.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_array_equal(anew.predict(x, verbose=0), trained)


def test_embeddings_there_and_back(tmp_path):
    ids = np.array([[1, 0, 6]])
    for tie in (True, False):
        layer = layers.ReversibleEmbedding(7, 40, tie_weights=tie)
        x = layers.Input((3,), dtype="int32")
        model = Model(x, layer(layer(x), reverse=True))
        floats = model.predict(ids, verbose=0)
        vectors = np.asarray(layer(ids))
        model.quantize("int8")
        table, scale = layer.embeddings.numpy(), layer.embeddings_scale.numpy()
        np.testing.assert_array_equal(layer(ids), (table / scale[:, None])[ids])
        assert np.abs(layer(ids) - vectors).max() < 0.001
        assert np.abs(model.predict(ids, verbose=0) - floats).max() < 0.02 * np.abs(floats).max()
        model.save(tmp_path / "model.keras")
        read = fastnn.saving.load_model(tmp_path / "model.keras")
        np.testing.assert_array_equal(read.predict(ids, verbose=0), model.predict(ids, verbose=0))


def test_gradients_pass_through_the_floats_that_integers_stand_for():
    rng = np.random.RandomState(3)
    x, y = rng.normal(size=(9, 12)).astype(np.float32), rng.normal(size=(9, 5)).astype(np.float32)
    kernel, scale = abs_max_quantize(rng.normal(size=(6, 5)).astype(np.float32), axis=0)
    gradients = []
    for quantized in (True, False):
        model = Sequential(
            [layers.Input((12,)), layers.Dense(6, kernel_initializer=fastnn.initializers.GlorotUniform(1))]
        )
        model.add(layers.Dense(5))
        if quantized:
            model.quantize("int8", filters=model.layers[1].name)
        model.layers[1].kernel.assign(kernel if quantized else kernel / scale)
        if quantized:
            model.layers[1].kernel_scale.assign(scale[0])
        model.compile("sgd", "mse")
        found = model.gradients(x, y)
        gradients.append(next(value for path, value in found.items() if path.startswith(model.layers[0].name)))
    # The gradients of the outputs differ by the rounding of the inputs.
    np.testing.assert_allclose(gradients[0], gradients[1], atol=0.03 * np.abs(gradients[1]).max())


def test_digits_are_told_apart_as_before():
    (x, y), (x_test, y_test) = fastnn.datasets.digits.load_data()
    x, x_test = x.reshape(len(x), -1) / 16.0, x_test.reshape(len(x_test), -1) / 16.0
    fastnn.utils.set_random_seed(1)
    model = Sequential([layers.Input((x.shape[1],)), layers.Dense(64, "relu"), layers.Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=15, verbose=0)
    accuracy = model.evaluate(x_test, y_test, verbose=0)[1]
    model.quantize("int8")
    assert abs(model.evaluate(x_test, y_test, verbose=0)[1] - accuracy) <= 1 / len(x_test) + 1e-9


def check_adapted(make, x, tmp_path):
    """Checks a model of one layer that is adapted and quantized, in either order."""
    for first in ("quantize", "adapt"):
        model = make()
        layer = model.layers[0]
        if first == "quantize":
            model.quantize("int8", convolutions=True)
        layer.enable_lora(2, b_initializer="glorot_normal")
        if first == "adapt":
            model.quantize("int8", convolutions=True)
        assert [w.name for w in layer.weights] == ["bias", "lora_kernel_a", "lora_kernel_b", "kernel", "kernel_scale"]
        got = model.predict(x, verbose=0)
        model.save(tmp_path / "model.keras")
        read = fastnn.saving.load_model(tmp_path / "model.keras")
        assert read.layers[0].lora_enabled and not np.any(read.layers[0].lora_kernel_b.numpy())
        assert np.abs(read.predict(x, verbose=0) - got).max() < 0.03 * np.abs(got).max()


def test_adapted_and_quantized_in_either_order(tmp_path):
    x = np.random.RandomState(5).normal(size=(8, 20)).astype(np.float32)
    check_adapted(lambda: Sequential([layers.Input((20,)), layers.Dense(10, "relu")]), x, tmp_path)


def test_a_layer_may_be_made_quantized():
    layer = layers.Dense(3, dtype="int8_from_float32")
    layer.build((None, 4))
    assert [(w.name, w.dtype, w.trainable) for w in layer.weights] == [
        ("bias", "float32", True), ("kernel", "int8", False), ("kernel_scale", "float32", False),
    ]  # fmt: skip
    assert not layer.kernel.numpy().any() and layer.kernel.handle.numpy().dtype == np.int8
    copied = layers.Dense.from_config(layer.get_config())
    assert copied.dtype_policy == layer.dtype_policy and copied.quantization_mode == "int8"


def test_variables_of_8_bits():
    variable = fastnn.Variable(np.array([1, -2]), dtype="int8", trainable=False)
    assert variable.handle.numpy().dtype == np.int8
    assert variable.assign_add([1, 1]).tolist() == [2, -1] and variable.numpy().dtype == np.int8
    assert pickle.loads(pickle.dumps(variable)).numpy().tolist() == [2, -1]

    class Scaled(layers.Layer):
        def __init__(self):
            super().__init__()
            self.whole = self.add_weight((2,), "ones", dtype="int8", trainable=False)

        def call(self, x):
            return x * ops.cast(self.whole, "float32")

    assert Scaled()(np.ones((1, 2))).tolist() == [[1.0, 1.0]]


def test_the_report_tells_what_each_layer_loses_and_gains(capsys):
    model = Sequential([layers.Input((5,), dtype="int32"), layers.Embedding(11, 8), layers.Flatten(), layers.Dense(64)])
    model.quantize("int8", report=True)
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["layer", "weights", "error", "speed"]
    assert [line.split()[0] for line in lines] == ["Embedding", "Dense"]
    assert all("%" in line and "x" in line for line in lines) and "40x64" in lines[1]


def test_what_is_refused():
    model = Sequential([layers.Input((4,)), layers.Dense(3, name="a"), layers.Dense(2, name="b")])
    with pytest.raises(ValueError, match="'int8', the only one that fastnn has, got 'int4'"):
        model.quantize("int4")
    with pytest.raises(ValueError, match="expects a mode or a config"):
        model.quantize()
    with pytest.raises(ValueError, match="expects config to be an Int8QuantizationConfig"):
        model.quantize(config={"mode": "int8"})
    with pytest.raises(ValueError, match="got mode='int4' and a config of mode 'int8'"):
        model.quantize("int4", config=Int8QuantizationConfig())
    with pytest.raises(ValueError, match="expects filters to be a regular expression"):
        model.quantize("int8", filters=3)
    for wrong in ({"convolutions": "no"}, {"report": "r.txt"}, {"type_check": None}):
        with pytest.raises(TypeError, match=f"quantize expects {next(iter(wrong))} to be True or False"):
            model.quantize("int8", **wrong)
    for wrong in (model.layers[0], [model.layers[0]]):
        with pytest.raises(ValueError, match="expects filters to be a regular expression"):
            model.quantize("int8", filters=wrong)
    with pytest.raises(ValueError, match=r"expects filters to be regular expressions, got '\(': missing"):
        model.quantize("int8", filters="(")
    with pytest.warns(UserWarning, match="quantize changes nothing: there is no layer .* filters='typo' chooses"):
        model.quantize("int8", filters="typo")
    with pytest.raises(ValueError, match=r"scales of shape \(1, 3\).*AbsMaxQuantizer\(axis=\(0,\)\)"):
        model.quantize(config=Int8QuantizationConfig(weight_quantizer=AbsMaxQuantizer(axis=1)))
    model.quantize("int8", filters="^a$")
    assert [layer.quantization_mode for layer in model.layers] == ["int8", None]
    with pytest.raises(ValueError, match=r'Dense "a" is quantized already.*leave it out by filters'):
        model.quantize("int8")
    assert model.layers[1].quantization_mode is None
    model.quantize("int8", filters=lambda layer: layer.name == "b")
    with pytest.raises(ValueError, match="is not built"):
        layers.Dense(2).quantize("int8")
    with pytest.raises(ValueError, match="is not built"):
        Sequential([layers.Dense(2)]).quantize("int8")
    with pytest.warns(UserWarning, match=r'Conv1D "c".*stay float32'):
        Sequential([layers.Input((6, 2)), layers.Conv1D(2, 3, name="c"), layers.ReLU()]).quantize("int8")


def test_a_class_derived_from_a_layer_is_left_out():
    class OwnDense(layers.Dense):
        pass

    model = Sequential([layers.Input((4,)), OwnDense(3)])
    with pytest.warns(UserWarning, match="type_check=False"):
        model.quantize("int8")
    assert model.layers[0].quantization_mode is None
    model.quantize("int8", type_check=False)
    assert model.layers[0].quantization_mode == "int8"


def test_integers_of_eight_bits_are_not_made_of_other_numbers():
    model = Sequential([layers.Input((4,)), layers.Dense(3)])
    model.quantize("int8")
    kernel, before = model.layers[0].kernel, model.layers[0].kernel.numpy()
    for wrong in (300, 0.5, np.nan, -129):
        with pytest.raises(ValueError, match=r"holds integers of 8 bits, from -128 to 127, got"):
            kernel.assign(np.full((4, 3), wrong))
        weights = model.get_weights()
        weights[1] = np.full((4, 3), wrong)
        with pytest.raises(ValueError, match=r"holds integers of 8 bits"):
            model.set_weights(weights)
    np.testing.assert_array_equal(kernel.numpy(), before)
    kernel.assign(np.full((4, 3), -127.0))
    assert (kernel.numpy() == -127).all()
    infinite = Sequential([layers.Input((4,)), layers.Dense(3)])
    infinite.layers[0].kernel.assign(np.full((4, 3), np.inf))
    with pytest.raises(ValueError, match=r"expects finite weights, and .*kernel has NaN or infinity"):
        infinite.quantize("int8")


def test_weights_of_floats_and_of_integers_are_told_apart(tmp_path):
    model = Sequential([layers.Input((4,)), layers.Dense(3, name="d")])
    floats = model.get_weights()
    model.save_weights(tmp_path / "f.weights.h5")
    model.quantize("int8")
    hint = "it is quantized, and they are not: give it weights of float32 first, then quantize it"
    with pytest.raises(ValueError, match=hint):
        model.load_weights(tmp_path / "f.weights.h5")
    with pytest.raises(ValueError, match=hint):
        model.set_weights(floats)
    plain = Sequential([layers.Input((4,)), layers.Dense(3)])
    # As many numbers of the same shapes: integers and scales for a kernel and a bias.
    bare = Sequential([layers.Input((4,)), layers.Dense(3, use_bias=False, name="d")])
    bare.quantize("int8")
    bare.save_weights(tmp_path / "i.weights.h5")
    with pytest.raises(ValueError, match=r"(holds floats|has 2 weights).*call quantize\('int8'\) first"):
        Sequential([layers.Input((4,)), layers.Dense(3, name="d")]).load_weights(tmp_path / "i.weights.h5")
    with pytest.raises(ValueError, match=r"those of a quantized one: call quantize\('int8'\) first"):
        plain.set_weights(model.get_weights())


def test_an_h5_file_that_cannot_tell_of_integers_is_refused(tmp_path):
    model = attention()
    model.quantize("int8")
    with pytest.raises(ValueError, match=r"layers within .* are quantized; save the model to a \.keras file"):
        model.save(tmp_path / "model.h5")
    assert not list(tmp_path.iterdir())
    steps = MODELS["steps"]()
    steps.quantize("int8")
    steps.save(tmp_path / "steps.h5")  # the config of TimeDistributed tells
