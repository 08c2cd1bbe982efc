"""Functions of models and layers exported together, against onnxruntime."""

from __future__ import annotations

import os

import numpy as np
import onnxruntime
import pytest

import fastnn
from fastnn import Input, InputSpec, Model, Sequential, layers, ops
from fastnn.export import ExportArchive

ROWS = np.random.RandomState(0).normal(size=(5, 3)).astype("float32")
MORE = np.random.RandomState(1).normal(size=(5, 4)).astype("float32")
OF_ROWS = InputSpec(shape=(None, 3), dtype="float32")


@pytest.fixture
def chain():
    return Sequential(
        [Input((3,)), layers.Dense(8, activation="tanh", name="code"), layers.Dropout(0.5), layers.Dense(2)]
    )


@pytest.fixture
def two():
    a, b = Input((3,), name="a"), Input((4,), name="b")
    return Model({"a": a, "b": b}, layers.Dense(2)(layers.concatenate([a, b])))


def run(path, *arrays, **named):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs()]
    outputs = [one.name for one in session.get_outputs()]
    return names, dict(zip(outputs, session.run(None, named or dict(zip(names, arrays, strict=True))), strict=True))


def test_endpoints_are_files_with_the_weights_of_the_end(chain, two, tmp_path, capsys):
    archive = ExportArchive()
    archive.track(chain)
    assert archive.add_endpoint("call", chain.call, input_signature=[OF_ROWS]) == chain.call
    archive.add_endpoint("code", lambda x: chain.get_layer("code")(x), [OF_ROWS])
    archive.add_endpoint(
        "both",
        lambda x, shift: {"sum": chain(x) + shift, "soft": ops.softmax(shift)},
        [OF_ROWS, InputSpec(shape=(None, 2))],
    )
    archive.track_and_add_endpoint("two", two)
    archive.add_endpoint("dict", two.call, [{"a": OF_ROWS, "b": InputSpec(shape=(None, 4))}])
    archive.add_variable_collection("all", chain.variables)
    chain.compile("sgd", "mse")
    chain.fit(ROWS, np.ones((5, 2)), verbose=0)
    archive.write_out(tmp_path / "served")
    names = ["all.npz", "both.onnx", "call.onnx", "code.onnx", "dict.onnx", "two.onnx"]
    assert sorted(os.listdir(tmp_path / "served")) == names
    said = capsys.readouterr().out
    assert "both.onnx: x float32[None, 3], shift float32[None, 2] -> soft float32[None, 2], sum" in said
    expected = chain.predict(ROWS, verbose=0)
    made = run(tmp_path / "served" / "call.onnx", ROWS)
    assert made[0] == ["inputs"]
    np.testing.assert_allclose(made[1]["output_0"], expected, atol=1e-6)
    shift = np.ones((5, 2), "float32")
    names, made = run(tmp_path / "served" / "both.onnx", ROWS, shift)
    assert names == ["x", "shift"] and set(made) == {"sum", "soft"}
    np.testing.assert_allclose(made["sum"], expected + 1, atol=1e-6)
    np.testing.assert_allclose(made["soft"], shift / 2, atol=1e-6)
    _, made = run(tmp_path / "served" / "code.onnx", ROWS)
    np.testing.assert_allclose(made["output_0"], np.asarray(chain.get_layer("code")(ROWS)), atol=1e-6)
    answer = two.predict({"a": ROWS, "b": MORE}, verbose=0)
    for name in ("two", "dict"):
        _, made = run(tmp_path / "served" / f"{name}.onnx", a=ROWS, b=MORE)
        np.testing.assert_allclose(next(iter(made.values())), answer, atol=1e-6)
    kept = np.load(tmp_path / "served" / "all.npz")
    for variable in chain.variables:
        np.testing.assert_array_equal(kept[variable.path], variable.numpy())
    assert len(archive.variables) == 6 == len(archive.trainable_variables)
    assert archive.non_trainable_variables == []


def test_one_endpoint_may_be_one_file(chain, tmp_path):
    archive = ExportArchive(opset_version=18)
    archive.add_endpoint("serve", chain)
    archive.write_out(tmp_path / "m.onnx", verbose=False)
    np.testing.assert_allclose(
        next(iter(run(tmp_path / "m.onnx", ROWS)[1].values())), chain.predict(ROWS, verbose=0), atol=1e-6
    )
    archive.add_endpoint("again", chain.call, OF_ROWS)
    with pytest.raises(ValueError, match="one file holds one endpoint, and there are serve, again"):
        archive.write_out(tmp_path / "m.onnx")


def test_sizes_are_left_open_as_the_signature_leaves_them(tmp_path):
    model = Sequential([Input((None, 3)), layers.LSTM(4, return_sequences=True), layers.Dense(2)])
    archive = ExportArchive()
    archive.add_endpoint("steps", lambda x: ops.mean(model(x), axis=1), [InputSpec(shape=(None, None, 3))])
    archive.write_out(tmp_path, verbose=False)
    for steps in (2, 7):
        x = np.random.RandomState(steps).normal(size=(3, steps, 3)).astype("float32")
        _, made = run(tmp_path / "steps.onnx", x)
        np.testing.assert_allclose(made["output_0"], model.predict(x, verbose=0).mean(1), atol=1e-5)


def test_a_model_is_exported_for_a_signature(tmp_path):
    model = Sequential([layers.Dense(4), layers.Dense(2)])
    expected = np.asarray(model(ROWS))
    model.export(tmp_path / "m.onnx", input_signature=[OF_ROWS])
    names, made = run(tmp_path / "m.onnx", ROWS)
    assert names == ["inputs"]
    np.testing.assert_allclose(made["output_0"], expected, atol=1e-6)
    model.export(tmp_path / "n.onnx", format="onnx", opset_version=20)
    np.testing.assert_allclose(next(iter(run(tmp_path / "n.onnx", ROWS)[1].values())), expected, atol=1e-6)
    with pytest.raises(ValueError, match="opset_version=12 cannot be written"):
        model.export(tmp_path / "n.onnx", opset_version=12)
    with pytest.raises(ValueError, match="export to C has no input_signature"):
        model.export(tmp_path / "m.c", input_signature=[OF_ROWS])


def test_mistakes_are_told_when_the_endpoint_is_added(chain, tmp_path):
    archive = ExportArchive()
    with pytest.raises(ValueError, match="no endpoint to write"):
        archive.write_out(tmp_path)
    with pytest.raises(ValueError, match="'serve': the shapes of its inputs are not known; give input_signature"):
        archive.add_endpoint("serve", chain.call)
    with pytest.raises(ValueError, match="draws random numbers"):
        archive.add_endpoint("train", lambda x: chain(x, training=True), [OF_ROWS])
    with pytest.raises(ValueError, match="a name of letters"):
        archive.add_endpoint("../serve", chain)
    with pytest.raises(ValueError, match="specs with a batch"):
        archive.add_endpoint("serve", chain.call, [InputSpec(ndim=2)])
    archive.add_endpoint("serve", chain)
    with pytest.raises(ValueError, match="an endpoint 'serve' already"):
        archive.add_endpoint("serve", chain)
    with pytest.raises(ValueError, match="is not built"):
        archive.track(layers.Dense(2))
    with pytest.raises(TypeError, match="expects a layer or a model, got 3"):
        archive.track(3)
    with pytest.raises(TypeError, match="a list of variables, such as"):
        archive.add_variable_collection("all", 3)
    with pytest.raises(ValueError, match="write_out has no options"):
        archive.write_out(tmp_path, options=object())
    with pytest.raises(ValueError, match="writes ONNX, got format='saved_model'"):
        ExportArchive("saved_model")
    assert os.listdir(tmp_path) == []


def test_the_call_of_a_chain_is_that_of_the_model():
    class Twice(Sequential):
        def call(self, inputs, training=None, mask=None):
            return 2 * super().call(inputs, training=training)

    model = Twice([Input((3,)), layers.Dense(2)])
    plain = Sequential([Input((3,)), *model.layers])
    np.testing.assert_allclose(model.predict(ROWS, verbose=0), 2 * plain.predict(ROWS, verbose=0), rtol=1e-6)
    x = fastnn.Input((3,))
    joined = Model(x, plain.call(x))
    np.testing.assert_allclose(joined.predict(ROWS, verbose=0), plain.predict(ROWS, verbose=0), rtol=1e-6)
