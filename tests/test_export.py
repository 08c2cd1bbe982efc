"""Models for other programs: ONNX against onnxruntime, C99 against the compiler at hand."""

from __future__ import annotations

import shutil
import subprocess
from collections import defaultdict

import numpy as np
import onnxruntime
import pytest

import fastnn
from cases import CASES
from fastnn import Input, Model, Sequential, _core, layers
from fastnn.saving.c_export import to_c
from fastnn.saving.onnx_export import EXPORTERS, to_onnx
from fastnn.saving.tape import taped_layer
from test_layers import graph_of, inputs, made

REFUSED_BY_ONNX = ("has no counterpart in ONNX", "resampling needs images of a known size that are not padded")
"""What an exporter may say no with; everything else must be expressed."""
KINDS_WITHOUT_ONNX = {
    "IntegerLookup", "Discretization", "RandomCrop",
}  # fmt: skip


def session(data):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def specs_of(case):
    return [((None, *shape), "float32") for shape in case.shapes]


def error(got, expected):
    assert got.shape == expected.shape
    return np.abs(got - expected).max(initial=0.0) / max(np.abs(expected).max(initial=0.0), 1e-3)


class TestOnnx:
    @pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
    def test_every_row_of_the_table_of_layers(self, case):
        layer = made(case)
        tape = taped_layer(layer, specs_of(case))
        try:
            data = to_onnx(tape)
        except ValueError as refusal:
            assert layer.name in str(refusal)
            assert any(word in str(refusal) for word in REFUSED_BY_ONNX)
            unknown = {node.kind for node in tape.nodes} - EXPORTERS.keys()
            assert unknown <= KINDS_WITHOUT_ONNX
            return
        xs = inputs(case, 3)
        graph, edges = graph_of(layer, case.shapes, False)
        expected = _core.Predictor(graph, edges)(xs)
        given = {f"x{i}": x for i, x in enumerate(xs)}
        for got, wanted in zip(session(data).run(None, given), expected, strict=True):
            assert error(got, wanted) <= 1e-5

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
        for rows in (1, 2, 33):
            data = np.random.default_rng(rows).normal(size=(rows, 12, 12, 3)).astype(np.float32)
            for got, wanted in zip(run.run(None, {"image": data}), model.predict(data, verbose=0), strict=True):
                assert error(got, wanted) <= 1e-5

    def test_neighbouring_convolutions_are_not_turned(self, tmp_path):
        import onnx

        model = Sequential(
            [Input((8, 8, 2)), *(layers.Conv2D(4, 3, activation="relu") for _ in range(3)), layers.BatchNormalization()]
        )
        model.export(tmp_path / "m.onnx")
        kinds = [node.op_type for node in onnx.load(tmp_path / "m.onnx").graph.node]
        assert kinds.count("Transpose") == 2

    def test_what_cannot_be_expressed_is_named(self, tmp_path):
        @fastnn.saving.register_keras_serializable("export")
        class Sorted(layers.Layer):
            def call(self, x):
                return fastnn.ops.sort(x, axis=-1)

        model = Sequential([Input((3,)), Sorted(name="sorted")])
        with pytest.raises(ValueError, match="cannot be expressed: Sort has no counterpart in ONNX"):
            model.export(tmp_path / "m.onnx")
        assert not list(tmp_path.iterdir())

    def test_files_and_formats(self, tmp_path):
        model = Sequential([Input((3,)), layers.Dense(2)])
        with pytest.raises(ValueError, match=r"export expects a file called \*\.onnx or \*\.c"):
            model.export(tmp_path / "m.tflite")
        with pytest.raises(ValueError, match="is not built"):
            Sequential([layers.Dense(2)]).export(tmp_path / "m.onnx")
        model.export(tmp_path / "model", format="onnx")
        assert session((tmp_path / "model").read_bytes()).get_inputs()[0].name == model.inputs[0].name


COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


FLAGS = ["-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror"]


def compiled(text, tmp_path, name):
    """The program of a C file."""
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
            # Where a case asks for less than the table's usual exactness, two ways of summing differ by more than here.
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
            "LayerNormalization", "Conv1D", "Conv3D", "DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose",
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
        broken = Sequential([Input((4,)), layers.Dense(1)])
        broken.layers[0].kernel.assign(np.full((4, 1), np.nan))
        with pytest.raises(ValueError, match="not finite"):
            broken.export(tmp_path / "m.c")
        assert not list(tmp_path.iterdir())
