"""Models for other programs: ONNX against onnxruntime, C99 against the compiler at hand."""

from __future__ import annotations

import shutil
import subprocess
from collections import defaultdict

import numpy as np
import onnxruntime
import pytest

import fastnn
import test_nodes
import test_ops
from cases import CASES
from fastnn import Input, Model, Sequential, _core, layers, ops
from fastnn.export.c.code import to_c
from fastnn.export.onnx import EXPORTERS, SOURCES, to_onnx
from fastnn.export.tape import Noted, Tape, taped, taped_layer
from test_layers import graph_of, inputs, made
from test_nodes import Batched

NODE_TESTS = {
    name: function
    for name, function in vars(test_nodes).items()
    if name.startswith("test_") and {"run", "assert_case", "of_all_types"} & set(function.__code__.co_names)
}
"""The tests of one node."""
ORDERS = {"max", "min", "argmax", "argmin", "Sort", "ArgSort", "TopK"}
"""Reductions and kinds in which ONNX leaves open what becomes of NaN."""
BATCHES = (1, 2, 33)


def session(data):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def specs_of(case):
    return [((None, *shape), "float32") for shape in case.shapes]


def error(got, expected):
    assert (got.shape, got.dtype) == (expected.shape, expected.dtype)
    if got.dtype != np.float32:
        return float(not np.array_equal(got, expected))
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(got[~finite], expected[~finite])
    got, expected = got[finite], expected[finite]
    return np.abs(got - expected).max(initial=0.0) / max(np.abs(expected).max(initial=0.0), 1e-3)


def assert_agrees(data, predict, arrays, batches=BATCHES):
    """Checks that a file and the core agree on the rows of the arrays, repeated to fill a batch."""
    run = session(data)
    names = [one.name for one in run.get_inputs()]
    for rows in batches:
        fed = [np.resize(array, (rows, *array.shape[1:])) for array in arrays]
        for got, wanted in zip(run.run(None, dict(zip(names, fed, strict=True))), predict(fed), strict=True):
            assert error(got, wanted) <= 1e-5


def assert_exports(model, *arrays):
    """Checks that the file of a model and the model agree."""
    given = [array.astype(tensor.dtype) for array, tensor in zip(arrays, model.inputs, strict=True)]

    def predict(fed):
        made = model.predict(fed if len(fed) > 1 else fed[0], verbose=0, batch_size=64)
        return list(made) if isinstance(made, (list, tuple)) else [made]

    assert_agrees(to_onnx(taped(model)), predict, given)


@fastnn.saving.register_keras_serializable("export")
class Draws(layers.Layer):
    def call(self, x):
        return x + fastnn.random.normal((5, 2))


class Walks(layers.Layer):
    """Layer with a node for each step."""

    def call(self, x):
        total = x[:, 0]
        for t in range(1, x.shape[1] // 100):
            total = total + x[:, t]
        return total


class Sampling(layers.Layer):
    """Layer that returns a mean in inference and draws in training."""

    def build(self, input_shape):
        self.scale = self.add_weight((input_shape[0][-1],), "ones", name="scale")

    def call(self, inputs, training=False):
        mean, log_variance = inputs
        if training:
            return mean + ops.exp(log_variance / 2) * fastnn.random.normal(ops.shape(mean))
        return mean * self.scale


def transformer():
    x = Input((7,), dtype="int32", name="tokens")
    h = layers.Embedding(20, 8, mask_zero=True)(x)
    for causal in (False, True):
        a = layers.LayerNormalization()(h)
        h = layers.Add()([h, layers.MultiHeadAttention(2, 4)(a, a, use_causal_mask=causal)])
        a = layers.LayerNormalization()(h)
        h = layers.Add()([h, layers.Dense(8)(layers.Dense(16, activation="gelu")(a))])
    return Model(x, layers.Dense(20, activation="softmax")(layers.GlobalAveragePooling1D()(h)))


def text_classifier():
    x = Input((7,), dtype="int32", name="tokens")
    h = layers.Embedding(20, 8, mask_zero=True)(x)
    h = layers.Bidirectional(layers.GRU(5, return_sequences=True))(h)
    h = layers.Bidirectional(layers.LSTM(6))(h)
    return Model(x, layers.Dense(3, activation="softmax")(h))


def autoencoder():
    x = Input((10,))
    h = layers.Dense(8, activation="relu")(x)
    z = Sampling()([layers.Dense(2)(h), layers.Dense(2)(h)])
    h = layers.Dense(8, activation=lambda y: y * ops.sigmoid(1.5 * y))(z)
    return Model(x, layers.Lambda(lambda y: ops.clip(y, -1, 1))(layers.Dense(10)(h)))


def residual_network():
    x = Input((8, 8, 3), name="image")
    h = ops.relu(layers.BatchNormalization()(layers.Conv2D(6, 3, padding="same")(x * 2 - 1)))
    y = layers.BatchNormalization()(layers.Conv2D(6, 3, padding="same")(h))
    h = ops.maximum(h + 0.5 * y * np.arange(6, dtype="f"), 0)
    h = h / (1 + ops.exp(-h))
    return Model(x, layers.Dense(4)(ops.mean(layers.MaxPooling2D()(h), axis=(1, 2))))


WHOLE_MODELS = (transformer, text_classifier, autoencoder, residual_network)

MASKED = {
    "softmax": lambda h: layers.Softmax(axis=1)(h),
    "pooling": lambda h: layers.GlobalAveragePooling1D()(h),
    "pooling-keep": lambda h: layers.GlobalAveragePooling1D(keepdims=True)(h),
    "batch-normalization": lambda h: layers.BatchNormalization()(h),
    "time-distributed": lambda h: layers.TimeDistributed(layers.Dense(3))(h),
    "attention": lambda h: layers.Attention(use_scale=True)([h, h]),
    "attention-concat": lambda h: layers.Attention(score_mode="concat", use_scale=True)([h, h]),
    "attention-scores": lambda h: layers.Attention()([h, h], return_attention_scores=True, use_causal_mask=True),
    "additive-attention": lambda h: layers.AdditiveAttention()([h, h]),
    "additive-attention-plain": lambda h: layers.AdditiveAttention(use_scale=False)([h, h], use_causal_mask=True),
    "multi-head-attention": lambda h: layers.MultiHeadAttention(2, 3)(h, h, return_attention_scores=True),
    "multi-head-attention-window": lambda h: layers.MultiHeadAttention(2, 3, sliding_window=2)(
        h, h, use_causal_mask=True
    ),
    "multi-head-attention-pairs": lambda h: layers.MultiHeadAttention(2, 3)(
        h, h, attention_mask=(h[:, :, :1] > 0) & (np.eye(7) < 1)
    ),
    "masking-lstm": lambda h: layers.LSTM(3)(layers.Masking()(ops.relu(h - 1))),
    "cells": lambda h: layers.RNN([layers.LSTMCell(3), layers.GRUCell(4)], return_sequences=True)(h),
    "simple": lambda h: layers.SimpleRNN(3, return_sequences=True)(h),
    "simple-activation": lambda h: layers.SimpleRNN(3, activation=layers.LeakyReLU(negative_slope=0.4))(h),
    "lstm": lambda h: layers.LSTM(3)(h),
    "lstm-sequences": lambda h: layers.LSTM(3, return_sequences=True, return_state=True)(h),
    "lstm-zeroed": lambda h: layers.LSTM(3, zero_output_for_mask=True)(h),
    "lstm-zeroed-back": lambda h: layers.LSTM(3, zero_output_for_mask=True, go_backwards=True)(h),
    "lstm-zeroed-sequences": lambda h: layers.LSTM(3, zero_output_for_mask=True, return_sequences=True)(h),
    "lstm-states": lambda h: layers.LSTM(4, return_state=True)(h, initial_state=[h[:, 0], h[:, 1]]),
    "gru-back": lambda h: layers.GRU(3, go_backwards=True, return_sequences=True)(h),
    "gru-before": lambda h: layers.GRU(3, reset_after=False, use_bias=False, recurrent_activation="hard_sigmoid")(h),
    "gru-gelu": lambda h: layers.GRU(3, activation="gelu", return_state=True)(h),
    "bidirectional": lambda h: layers.Bidirectional(layers.LSTM(3, return_sequences=True), merge_mode="sum")(h),
    "bidirectional-none": lambda h: layers.Bidirectional(layers.GRU(3), merge_mode=None)(h),
}  # fmt: skip


OPEN = {
    "attention": ((None, 4), lambda x: layers.MultiHeadAttention(2, 3)(x, x, use_causal_mask=True) + x),
    "window": ((None, 4), lambda x: layers.MultiHeadAttention(2, 3, sliding_window=2)(x, x) + layers.Dense(4)(x)),
    "normalization": ((None, 4), lambda x: layers.GroupNormalization(2)(layers.LayerNormalization()(x))),
    "recurrent": (
        (None,),
        lambda x: layers.Bidirectional(layers.LSTM(3))(layers.GRU(4, return_sequences=True)(
            layers.Embedding(9, 4, mask_zero=True)(x))),
    ),
    "convolutions": (
        (None, None, 3),
        lambda x: layers.GlobalMaxPooling2D()(layers.Conv2D(4, 3, padding="same")(
            layers.MaxPooling2D()(layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(x)))),
    ),
    "causal-convolution": (
        (None, 4), lambda x: layers.Conv1D(5, 3, padding="causal")(layers.TimeDistributed(layers.Dense(3))(x))
    ),
    "operations": (
        (None, 4),
        lambda x: [
            ops.softmax(ops.einsum("bth,bsh->bts", x, x)) @ x + ops.mean(x, 1, keepdims=True) + ops.zeros_like(x),
            ops.concatenate([x[:, :1], ops.flip(x[:, 1:], 1) * 2, ops.ones_like(x)], 1), x[:, -1], ops.sort(x, 1),
            ops.reshape(x, (ops.shape(x)[0], -1, 2)), ops.sum(ops.cumsum(x, 1), (1, 2)), ops.tile(x, (1, 2, 1)),
            layers.Softmax(axis=(1, 2))(x),
        ],
    ),
}  # fmt: skip
"""What sizes that are not known go through."""


class TestOnnx:
    @pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
    def test_every_row_of_the_table_of_layers(self, case):
        layer = made(case)
        graph, edges = graph_of(layer, case.shapes, False)
        data = to_onnx(taped_layer(layer, specs_of(case)))
        assert_agrees(data, _core.Predictor(graph, edges), inputs(case, 3))

    def test_a_whole_model_in_batches_of_any_size(self, tmp_path):
        fastnn.utils.set_random_seed(3)
        x = Input((12, 12, 3), name="image")
        h = layers.Conv2D(8, 3, padding="same", activation="relu")(x)
        h = layers.BatchNormalization()(h)
        h = layers.MaxPooling2D()(h)
        h = layers.Add()([h, layers.Conv2D(8, 3, padding="same", activation="gelu")(h)])
        nested = Sequential([Input((6, 6, 8)), layers.Conv2D(4, 3, strides=2), layers.Dropout(0.5)])
        y = layers.Dense(5, activation="softmax", name="classes")(layers.Flatten()(nested(h)))
        model = Model(x, [y, layers.GlobalAveragePooling2D(name="mean")(h)])
        model.export(tmp_path / "m.onnx")
        run = session((tmp_path / "m.onnx").read_bytes())
        assert [one.name for one in run.get_inputs()] == ["image"]
        assert [one.name for one in run.get_outputs()] == ["classes", "mean"]
        assert run.get_inputs()[0].shape == ["batch", 12, 12, 3]
        for rows in BATCHES:
            data = np.random.default_rng(rows).normal(size=(rows, 12, 12, 3)).astype(np.float32)
            for got, wanted in zip(run.run(None, {"image": data}), model.predict(data, verbose=0), strict=True):
                assert error(got, wanted) <= 1e-5

    def test_neighbouring_convolutions_are_not_turned(self, tmp_path):
        import onnx

        model = Sequential(
            [Input((8, 8, 2)), *(layers.Conv2D(4, 3, activation="relu") for _ in range(3)), layers.BatchNormalization()]
        )
        model.export(tmp_path / "m.onnx")
        residual_network().export(tmp_path / "r.onnx")
        for name in ("m.onnx", "r.onnx"):
            kinds = [node.op_type for node in onnx.load(tmp_path / name).graph.node]
            assert kinds.count("Transpose") == 2

    @pytest.mark.parametrize("row", test_ops.TABLE, ids=test_ops.NAMES)
    def test_every_row_of_the_table_of_operations(self, row):
        """Tests in a functional model, and with all arrays but the first as the weights of a layer."""
        arrays = row.given()
        if row.batched:
            models, fed = test_ops.models_of(row)
            for model in models:
                assert_exports(model, *fed)
        if row.batched and not row.weights:
            return  # the others are inputs too
        weights = arrays[1:] if row.batched else arrays
        function = row.function if row.batched else lambda _, *values: row.function(*values)
        layer = test_ops.Computes(function, weights, any(one.dtype != np.float32 for one in weights))
        fed = arrays[0] if row.batched else np.zeros((test_ops.ROWS, 1), np.float32)
        x = Input(fed.shape[1:], dtype=str(fed.dtype))
        assert_exports(Model(x, layer(x)), fed)

    @pytest.mark.parametrize("masked", [True, False], ids=["masked", "whole"])
    @pytest.mark.parametrize("name", MASKED)
    def test_masks(self, name, masked):
        """Masked steps may be anywhere, and a row may consist of them."""
        fastnn.utils.set_random_seed(5)
        x = Input((7,), dtype="int32")
        model = Model(x, MASKED[name](layers.Embedding(9, 4, mask_zero=masked)(x)))
        rng = np.random.default_rng(7)
        for weight in model.weights:
            value = rng.normal(size=weight.shape)
            weight.assign(abs(value) if weight.name.endswith("variance") else value)
        tokens = rng.integers(0, 9, (12, 7)) * rng.integers(0, 2, (12, 7))
        tokens[1] = 0
        assert_exports(model, tokens)

    @pytest.mark.parametrize("make", WHOLE_MODELS)
    def test_whole_models(self, make):
        fastnn.utils.set_random_seed(9)
        model = make()
        (x,), rng = model.inputs, np.random.default_rng(1)
        shape = (11, *x.shape[1:])
        assert_exports(model, rng.integers(0, 20, shape) if x.dtype == "int32" else rng.normal(size=shape))

    @pytest.mark.parametrize("name", OPEN)
    def test_sizes_that_are_open_stay_open(self, name):
        shape, function = OPEN[name]
        x = Input(shape, dtype="int32" if len(shape) == 1 else "float32")
        model = Model(x, function(x))
        run = session(to_onnx(taped(model)))
        for size in (7, 12):
            data = np.random.default_rng(size).integers(0, 9, (3, *(one or size for one in shape))).astype(x.dtype)
            expected = model.predict(data, verbose=0)
            expected = expected if isinstance(expected, (list, tuple)) else [expected]
            for got, wanted in zip(run.run(None, {run.get_inputs()[0].name: data}), expected, strict=True):
                assert error(got, wanted) <= 1e-5

    def test_what_depends_on_an_open_size_is_named(self):
        @fastnn.saving.register_keras_serializable("export")
        class Shares(layers.Layer):
            def call(self, x):
                return x / ops.shape(x)[1]

        x = Input((None, 4))
        with pytest.raises(ValueError, match="its value depends on a size that the model leaves open; give its Input"):
            to_onnx(taped(Model(x, Shares()(x))))
        with pytest.raises(ValueError, match="Repeat needs axis 1 to be of a known size"):
            to_onnx(taped(Model(x, ops.repeat(x, 2, 1))))
        with pytest.raises(ValueError, match=r"other steps for other sizes of its inputs \(batch, None, 4\)"):
            to_onnx(taped(Model(x, Walks()(x))))

    @pytest.mark.parametrize("form", ["crop_to_aspect_ratio", "pad_to_aspect_ratio"])
    def test_an_image_of_another_form_becomes_as_large_along_one_side(self, form):
        x = Input((8, 4, 2))
        images = np.random.default_rng(0).normal(size=(5, 8, 4, 2))
        for interpolation in ("bilinear", "nearest"):
            assert_exports(Model(x, layers.Resizing(8, 8, interpolation, **{form: True}, fill_value=2.0)(x)), images)
        assert_exports(Model(x, layers.CenterCrop(6, 6)(x)), images)

    @pytest.mark.parametrize("dtype", ["int32", "float32"])
    @pytest.mark.parametrize("buckets", [1, 3])
    def test_keys_are_looked_up(self, buckets, dtype):
        """Known keys are found, others share the indices at the start."""
        x = Input((4,), dtype=dtype)
        layer = layers.IntegerLookup(vocabulary=[12, -7, 3], num_oov_indices=buckets, mask_token=0)
        keys = np.random.default_rng(0).choice([12, -7, 3, 0, 5, -5, 99, 100001], (20, 4))
        assert_exports(Model(x, layer(x)), keys)

    def test_numbers_become_bins_and_tokens_counts(self):
        x, weight = Input((4,)), Input((4,))
        bins = layers.Discretization([-1.0, 0.5, 2.0])(x)
        counts = layers.CategoryEncoding(num_tokens=4, output_mode="count")(bins, count_weights=weight)
        values = np.random.default_rng(0).normal(size=(2, 20, 4)).astype(np.float32)
        values[0, 0] = [-1, 0.5, 2, np.inf]
        rows = ops.cast(ops.shape(x)[0], "float32")
        assert_exports(Model([x, weight], [bins, counts, layers.Identity()(x) * rows]), *values)

    def test_a_variable_that_is_assigned_to_begins_as_it_stands(self):
        class Counts(layers.Layer):
            def build(self, input_shape):
                self.count = self.add_weight((2,), "ones", trainable=False)

            def call(self, x):
                self.count.assign_sub(ops.mean(x, axis=0))
                self.count.assign_add(np.full(2, 3.0))
                return x * self.count

        x = Input((2,))
        run = session(to_onnx(taped(Model(x, Counts()(x)))))
        for data in (np.ones((3, 2), np.float32), np.full((5, 2), 2.0, np.float32)):
            np.testing.assert_array_equal(run.run(None, {run.get_inputs()[0].name: data})[0], data * (4 - data))

    def test_a_model_with_a_call_of_its_own(self):
        class Mine(Model):
            def __init__(self):
                super().__init__()
                self.conv, self.dense = layers.Conv2D(3, 3), layers.Dense(2)

            def call(self, x):
                return {"y": self.dense(layers.Flatten()(self.conv(x["image"]))) * x["scale"]}

        model = Mine()
        rng = np.random.default_rng(0)
        x = {"image": rng.normal(size=(5, 6, 7, 2)).astype("f"), "scale": rng.normal(size=(5, 1)).astype("f")}
        expected = model.predict(x, verbose=0)["y"]
        (got,) = session(to_onnx(taped(model))).run(["y"], x)
        assert error(got, expected) <= 1e-5

    def test_every_kind_of_node_has_an_exporter(self):
        of_training = {kind for kind in _core.layer_kinds() if kind.islower()}
        assert of_training >= {"mean_squared_error", "binary_accuracy"}, "losses and metrics are in lower case"
        of_steps = {"Gradient", "BackwardPass", "AddGradients", "SameGradient", "Update", "Commit"}
        assert set(_core.layer_kinds()) - of_training - of_steps == EXPORTERS.keys() | set(SOURCES)
        assert not EXPORTERS.keys() & set(SOURCES)

    @pytest.mark.parametrize(
        ("layer", "reason"),
        [
            (lambda x: layers.Dropout(0.5, name="it")(x, training=True), "draws random numbers"),
            (lambda x: layers.LSTM(3, dropout=0.5, name="it")(x, training=True), "draws random numbers"),
            (lambda x: layers.Attention(dropout=0.5, name="it")([x, x], training=True), "draws random numbers"),
            (lambda x: layers.BatchNormalization(name="it")(x, training=True), "learns while it predicts"),
            (lambda x: layers.LSTM(3, stateful=True, batch_shape=(4, 5, 2), name="it")(x), "one batch to the next"),
            (lambda x: Draws(name="it")(x), "draws random numbers"),
        ],
    )
    def test_what_cannot_be_expressed_is_named(self, tmp_path, layer, reason):
        x = Input((5, 2))
        with pytest.raises(ValueError, match=f'export to ONNX: layer "[a-z]*" cannot be expressed: .*{reason}'):
            Model(x, layer(x)).export(tmp_path / "m.onnx")
        assert not list(tmp_path.iterdir())

    def test_files_and_formats(self, tmp_path):
        model = Sequential([Input((3,)), layers.Dense(2)])
        with pytest.raises(ValueError, match=r"export expects a file called \*\.onnx or \*\.c"):
            model.export(tmp_path / "m.tflite")
        with pytest.raises(ValueError, match="is not built"):
            Sequential([layers.Dense(2)]).export(tmp_path / "m.onnx")
        model.export(tmp_path / "model", format="onnx")
        assert session((tmp_path / "model").read_bytes()).get_inputs()[0].name == model.inputs[0].name


class TestNodes:
    """Runs the tests of nodes again, with each node exported to a file."""

    @pytest.fixture(autouse=True)
    def exported(self, monkeypatch):
        honest = test_nodes.run

        def run(kind, config, operands, cotangents=None):
            exported_node(kind, config, operands)
            return honest(kind, config, operands, cotangents)

        monkeypatch.setattr(test_nodes, "run", run)
        monkeypatch.setattr(test_nodes, "assert_case", lambda c: exported_node(c.kind, c.config, c.operands))

    def test_whole_numbers_divided_by_zero(self):
        least = -(2**31)
        left, right = np.array([[7, -7, 0, least, least]], np.int32), np.array([[0, 0, 0, -1, 0]], np.int32)
        for op in ("floor_divide", "mod"):
            for divisor in (Batched(right), test_nodes.Fixed(right[0])):
                exported_node("Binary", {"op": op}, [Batched(left), divisor])

    def test_a_slice_that_is_open_on_both_sides(self):
        whole = test_nodes.WHOLE
        for step in (1, 2, -1):
            config = {"begin": [0, whole], "end": [whole, whole], "strides": [1, step]}
            exported_node("Slice", config, [Batched(test_nodes.normal(3, 5))])


for name, function in NODE_TESTS.items():
    setattr(TestNodes, name, staticmethod(function))


def exported_node(kind, config, operands):
    """Tests a value without a batch as a constant, and computed from a batch."""
    rows = next((len(o.value) for o in operands if isinstance(o, Batched)), 1)
    if {kind, config.get("op")} & ORDERS and any(np.isnan(one.value).any() for one in operands):
        return
    for computed in (False, True):
        if computed and all(isinstance(o, Batched) for o in operands):
            continue
        noted = Noted()
        given = operands
        if computed:
            given = [o if isinstance(o, Batched) else Batched(np.stack([o.value] * rows)) for o in operands]
        edges, arrays, _ = test_nodes.laid(noted, given)
        taken = [(f"x{i}", edge) for i, edge in enumerate(edges) if isinstance(given[i], Batched)]
        for i, operand in enumerate(operands):
            if computed and not isinstance(operand, Batched):
                op = "any" if test_nodes.dtype_of(operand.value) == "bool" else "max"
                (edges[i],) = noted.add("Reduce", "fixed", {"op": op, "axes": [0]}, [edges[i]])
        outputs = noted.add(kind, "node", config, edges)
        taken.append(("like", noted.graph.input((None,))))
        arrays.append(np.zeros(rows, np.float32))
        wanted = [edge if noted.spec(edge)[0][:1] == (None,) else
                  noted.add("BroadcastLike", "like", {"shape": noted.spec(edge)[0]}, [edge, taken[-1][1]])[0]
                  for edge in outputs]  # fmt: skip
        # While the core computes, denormal numbers count as zero.
        arrays = [np.where(np.abs(a) < 1.2e-38, 0, a) if a.dtype == np.float32 else a for a in arrays]
        tape = Tape(noted, taken, [(f"y{i}", edge) for i, edge in enumerate(wanted)])
        # A product of integers of other rows may overflow.
        batches = (rows,) if config.get("op") == "prod" else (1, 2, rows)
        assert_agrees(to_onnx(tape), _core.Predictor(noted.graph, wanted), arrays, batches)


COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


FLAGS = ["-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror"]


def compiled(text, tmp_path, name):
    """Compiles the program of a C file."""
    assert COMPILER, "the tests need a C compiler, as the core does"
    source, program = tmp_path / f"{name}.c", tmp_path / name
    source.write_text(text)
    done = subprocess.run([COMPILER, *FLAGS, str(source), "-o", str(program), "-lm"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return program


def outputs_of(program, x):
    done = subprocess.run(
        [program, "-"], input=" ".join(f"{v:.9g}" for v in x.reshape(-1)), capture_output=True, text=True
    )
    assert done.returncode == 0
    return np.array([[float(v) for v in line.split()] for line in done.stdout.splitlines()], dtype=np.float32)


class TestC:
    def test_a_row_of_every_layer(self, tmp_path):
        by_class = defaultdict(list)
        for case in CASES:
            # Where a case has a larger tolerance than the default, two orders of summation differ by more than here.
            if case.rtol <= 1e-5:
                by_class[type(case.make()).__name__].append(case)
        expressed, rows = set(), []
        for name, cases in by_class.items():
            for case in dict.fromkeys([cases[0], cases[-1]]):
                layer = made(case)
                x = inputs(case, 1)
                graph, edges = graph_of(layer, case.shapes, False)
                expected = _core.Predictor(graph, edges)(x)
                word = f"m{len(rows)}"
                try:
                    text = to_c(taped_layer(layer, specs_of(case)), word, x[0], expected[0])
                except ValueError as refusal:
                    assert "export to C" in str(refusal)
                    continue
                expressed.add(name)
                rows.append(case.name)
                (tmp_path / f"{word}.c").write_text(text)
        assert expressed >= {
            "Dense", "Conv2D", "MaxPooling2D", "AveragePooling2D", "GlobalAveragePooling2D", "BatchNormalization",
            "Activation", "ReLU", "Softmax", "Flatten", "Reshape", "Dropout", "LSTM", "GRU", "SimpleRNN",
            "LayerNormalization", "Normalization", "Conv1D", "Conv3D", "DepthwiseConv2D", "SeparableConv2D",
            "Conv2DTranspose",
        }  # fmt: skip
        assert len(rows) > 30
        # One program for all of them: a compiler takes longer to start than to compile a layer.
        words = [f"m{i}" for i in range(len(rows))]
        main = "".join(f"int {word}_self_test(void);\n" for word in words)
        main += "int main(void) {\n  int wrong = 0;\n"
        main += "".join(
            f'  if ({word}_self_test()) wrong = 1, puts("{row}");\n' for word, row in zip(words, rows, strict=True)
        )
        (tmp_path / "main.c").write_text(f"#include <stdio.h>\n{main}  return wrong;\n}}\n")
        files = [str(tmp_path / f"{word}.c") for word in (*words, "main")]
        flags = [*FLAGS, *(f"-D{word.upper()}_NO_MAIN" for word in words)]
        done = subprocess.run(
            [COMPILER, *flags, *files, "-o", str(tmp_path / "all"), "-lm"], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        done = subprocess.run([tmp_path / "all"], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, "")

    def test_a_convolutional_network(self, tmp_path):
        fastnn.utils.set_random_seed(4)
        model = Sequential(
            [
                Input((12, 11, 2)),
                layers.Conv2D(5, 3, padding="same", strides=2, activation="relu"),
                layers.BatchNormalization(),
                layers.MaxPooling2D(2, padding="same"),
                layers.Dropout(0.5),
                layers.Flatten(),
                layers.Dense(16, activation="gelu"),
                layers.Dense(4, activation="softmax"),
            ]
        )
        model.compile("adam", "sparse_categorical_crossentropy")
        x = np.random.default_rng(0).normal(size=(40, 12, 11, 2)).astype(np.float32)
        model.fit(x, np.arange(40) % 4, epochs=2, verbose=0)
        model.export(tmp_path / "digits.c")
        program = compiled((tmp_path / "digits.c").read_text(), tmp_path, "digits")
        done = subprocess.run([program], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, "self-test passed\n")
        assert error(outputs_of(program, x), model.predict(x, verbose=0)) <= 1e-6

    def test_without_main_it_is_a_part_of_another_program(self, tmp_path):
        model = Sequential([Input((3,)), layers.Dense(2, name="d")])
        model.export(tmp_path / "net.c")
        (tmp_path / "app.c").write_text("int net_self_test(void);\nint main(void) { return net_self_test(); }\n")
        program = tmp_path / "app"
        files = [str(tmp_path / "net.c"), str(tmp_path / "app.c")]
        subprocess.run([COMPILER, "-std=c99", "-DNET_NO_MAIN", *files, "-o", str(program), "-lm"], check=True)
        assert subprocess.run([program]).returncode == 0

    def test_what_cannot_be_expressed_is_named(self, tmp_path):
        x = Input((4,), name="x")
        dense = layers.Dense(4)
        with pytest.raises(ValueError, match='chains of layers; "join" reads something else'):
            Model(x, layers.Add(name="join")([x, dense(x)])).export(tmp_path / "m.c")
        with pytest.raises(ValueError, match="one input and one output"):
            Model(x, [dense(x), x]).export(tmp_path / "m.c")
        with pytest.raises(ValueError, match='layer "soft" cannot be expressed: a softmax goes over the last axis'):
            Sequential([Input((4, 3)), layers.Softmax(axis=1, name="soft")]).export(tmp_path / "m.c")
        x = Input((4, 3))
        for layer, reason in [
            (layers.Dropout(0.5, name="it"), "there is no C for Dropout"),
            (layers.LSTM(2, dropout=0.5, name="it"), "draws random numbers"),
            (layers.BatchNormalization(name="it"), "learns while it predicts"),
        ]:
            with pytest.raises(ValueError, match=f'layer "it" cannot be expressed: .*{reason}'):
                Model(x, layer(x, training=True)).export(tmp_path / "m.c")
        broken = Sequential([Input((4,)), layers.Dense(1)])
        broken.layers[0].kernel.assign(np.full((4, 1), np.nan))
        with pytest.raises(ValueError, match="not finite"):
            broken.export(tmp_path / "m.c")
        assert not list(tmp_path.iterdir())
