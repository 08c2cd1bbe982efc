"""Export of chains of layers to one file of C99: weights, code and a self-test, with no dependency but the C library.

Each node becomes a call of a function of `library.py`; the file has only the functions that it calls. Values move
between two static buffers, one sample at a time.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.atomic_files import replacing
from fastnn.export.c.library import FUNCTIONS, LIBRARY
from fastnn.export.tape import Node, Tape, registrar, taped

Array = NDArray[Any]


def export_c(model: Any, filepath: str | os.PathLike[str]) -> None:
    """Writes the inference of a model for one sample into a file of C99.

    The file has `void NAME_predict(const float *input, float *output)` and, unless it is compiled with
    `-DNAME_NO_MAIN`, a `main` that runs the self-test or, with the argument `-`, computes the outputs of samples on
    stdin.

    Args:
        model: A built chain of layers.
        filepath: Path of the file; its stem becomes NAME.

    Raises:
        ValueError: The model is not built, is no chain, or has a layer that cannot be expressed.
    """
    path = Path(os.fspath(filepath))
    tape = taped(model)
    name = re.sub(r"\W", "_", path.stem) or "model"
    name = name if not name[0].isdigit() else f"m{name}"
    shape = tape.shape(tape.inputs[0][1])[1:]
    if any(size is None for size in shape):
        raise ValueError(f"export to C needs inputs of a known size, got {shape}")
    known = [size or 0 for size in shape]
    sample = np.random.default_rng(0).random((1, *known), dtype=np.float32)
    if tape.spec(tape.inputs[0][1])[1] == "int32":
        sample = np.zeros_like(sample)
    text = to_c(tape, name, sample, np.asarray(model.predict_on_batch(sample)))
    with replacing(path) as beside:
        beside.write_text(text, encoding="ascii")


def to_c(tape: Tape, name: str, sample: Array, answer: Array) -> str:
    """Returns the C code of a tape.

    Args:
        tape: A chain of nodes.
        name: Prefix of the external names in the file.
        sample: A batch of one sample.
        answer: The outputs of the model for it.

    Raises:
        ValueError: The tape is no chain, or a node cannot be expressed.
    """
    if len(tape.inputs) != 1 or len(tape.outputs) != 1:
        raise ValueError("export to C is for models of one input and one output")
    builder = _Builder(tape)
    edge = tape.inputs[0][1]
    for node in tape.nodes:
        if node.inputs != [edge] or (len(node.outputs) != 1 and node.kind != "ActivityRegularization"):
            raise ValueError(
                f'export to C is for chains of layers; "{node.name}" reads something else than the layer before it'
            )
        edge = node.outputs[0]
        exporter = EXPORTERS.get(node.kind)
        if exporter is None:
            raise builder.refusal(node, f"there is no C for {node.kind}")
        exporter(builder, node)
    if edge != tape.outputs[0][1]:
        raise ValueError("export to C is for chains of layers; the model's output is not made by its last one")
    return builder.file(name, sample, answer)


def _size(shape: Sequence[int | None]) -> int:
    return math.prod(size or 0 for size in shape[1:])


def _literal(value: float) -> str:
    if not math.isfinite(value):
        raise ValueError("export to C: a weight is not finite")
    text = f"{float(np.float32(value)):.9g}"
    return text + ("f" if "." in text or "e" in text else ".0f")


class _Builder:
    """A file of C to which exporters add.

    Args:
        tape: The nodes of the model.
    """

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.functions: dict[str, None] = {}
        self.constants: list[str] = []
        self.steps: list[str] = []
        self.size = _size(tape.shape(tape.inputs[0][1]))
        self.largest = self.size
        self._from, self._to = "a", "b"

    def refusal(self, node: Node, why: str) -> ValueError:
        return ValueError(f'export to C: layer "{node.name}" cannot be expressed: {why}')

    def use(self, *functions: str) -> None:
        """Adds functions of the library to the file, after those that they call."""
        for function in functions:
            for needed in re.findall(r"\b(\w+)\(", LIBRARY[function]):
                if needed in LIBRARY and needed != function:
                    self.use(needed)
            self.functions.setdefault(function)

    def array(self, values: Array) -> str:
        """Adds a constant array and returns its name."""
        name = f"w{len(self.constants)}"
        numbers = [_literal(value) for value in np.asarray(values, dtype=np.float32).reshape(-1).tolist()]
        lines = [", ".join(numbers[i : i + 8]) for i in range(0, len(numbers), 8)]
        self.constants.append(f"static const float {name}[{len(numbers)}] = {{\n    " + ",\n    ".join(lines) + "};")
        return name

    def optional(self, values: Array | None) -> str:
        return "NULL" if values is None else self.array(values)

    def window(self, **fields: Sequence[int]) -> str:
        """Adds a constant struct of sizes and returns its name."""
        name = f"w{len(self.constants)}"
        self.use("Window")
        told = ", ".join(f".{key} = {{{', '.join(map(str, value))}}}" for key, value in fields.items())
        self.constants.append(f"static const Window {name} = {{{told}}};")
        return name

    def step(self, function: str, *arguments: Any, size: int) -> None:
        """Adds a call that reads one buffer and writes `size` values into the other."""
        self.use(function)
        self.steps.append(f"{function}({', '.join([self._from, *map(str, arguments), self._to])});")
        self._from, self._to = self._to, self._from
        self.size = size
        self.largest = max(self.largest, size)

    def in_place(self, function: str, *arguments: Any) -> None:
        """Adds a call that changes a buffer in place."""
        self.use(function)
        self.steps.append(f"{function}({', '.join([self._from, *map(str, arguments)])});")

    def file(self, name: str, sample: Array, answer: Array) -> str:
        """Returns the whole file."""
        inside, outside = sample[0].size, answer[0].size
        sample_name, answer_name = self.array(sample), self.array(answer)
        body = "\n".join(f"  {step}" for step in self.steps)
        library = "\n\n".join(LIBRARY[function] for function in self.functions)
        upper = name.upper()
        return f"""/* Made by fastnn: a trained model as C99. Compile with: cc -std=c99 -O2 {name}.c -lm
   {name}_predict() is not reentrant: it computes in static buffers. Sums are kept in double; -DFASTNN_SUM=float keeps
   them in float, for processors without double. */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#ifndef FASTNN_SUM
#define FASTNN_SUM double
#endif
#define {upper}_INPUTS {inside}
#define {upper}_OUTPUTS {outside}

void {name}_predict(const float *input, float *output);
int {name}_self_test(void);

{library}

{chr(10).join(self.constants)}

static float buffer_a[{self.largest}], buffer_b[{self.largest}];

/* {inside} numbers in, {outside} out: one sample, its axes in the model's order. */
void {name}_predict(const float *input, float *output) {{
  float *const a = buffer_a, *const b = buffer_b;
  memcpy(a, input, {inside} * sizeof(float));
  (void)b;
{body}
  memcpy(output, {self._from}, {outside} * sizeof(float));
}}

/* 0 where a known sample has its known outputs, within 2e-6 of the largest. */
int {name}_self_test(void) {{
  static float output[{outside}];
  float largest = 1e-3f;
  int i;
  {name}_predict({sample_name}, output);
  for (i = 0; i < {outside}; ++i) largest = fmaxf(largest, fabsf({answer_name}[i]));
  for (i = 0; i < {outside}; ++i)
    if (!(fabsf(output[i] - {answer_name}[i]) <= 2e-6f * largest)) return 1;
  return 0;
}}

#ifndef {upper}_NO_MAIN
int main(int argc, char **argv) {{
  static float input[{inside}], output[{outside}];
  int i, got = 0;
  if (argc < 2 || strcmp(argv[1], "-") != 0) {{
    const int wrong = {name}_self_test();
    puts(wrong ? "self-test failed" : "self-test passed");
    return wrong;
  }}
  while (scanf("%f", &input[got]) == 1) {{
    if (++got < {inside}) continue;
    got = 0;
    {name}_predict(input, output);
    for (i = 0; i < {outside}; ++i) printf("%.9g%c", (double)output[i], i + 1 < {outside} ? ' ' : '\\n');
  }}
  return 0;
}}
#endif
"""


Exporter = Callable[[_Builder, Node], None]
EXPORTERS: dict[str, Exporter] = {}
"""The exporter of each kind of node."""
exports = registrar(EXPORTERS)
"""Registers the decorated function as the exporter of these kinds of nodes."""


def _list(value: Any, count: int) -> list[int]:
    return [int(value)] * count if isinstance(value, (int, np.integer)) else [int(one) for one in value]


def _shapes(b: _Builder, node: Node) -> tuple[list[int], list[int]]:
    """Returns the sizes of input and output, without the batch."""
    given, made = (b.tape.shape(edge)[1:] for edge in (node.inputs[0], node.outputs[0]))
    if any(size is None for size in (*given, *made)):
        raise b.refusal(node, "its sizes are not all known")
    return [size or 0 for size in given], [size or 0 for size in made]


@exports("Identity", "ActivityRegularization", "StopGradient", "Flatten", "Reshape")
def _passes(b: _Builder, node: Node) -> None:
    pass


def _function(b: _Builder, node: Node, word: str) -> str:
    name = {"swish": "silu", "hard_swish": "hard_silu"}.get(word, word)
    if name not in FUNCTIONS:
        raise b.refusal(node, f"there is no C for the activation {word!r}")
    b.use("Function", f"f_{name}")
    return name


@exports("Activation")
def _activation(b: _Builder, node: Node) -> None:
    name = _function(b, node, node.config["activation"])
    _, words, defaults = FUNCTIONS[name]
    given = [node.config.get(word) for word in words]
    values = [_literal(default if one is None else one) for one, default in zip(given, defaults, strict=True)]
    values += ["0.0f"] * (3 - len(values))
    if name != "linear":
        b.in_place("each", b.size, f"f_{name}", *values)


@exports("Softmax", "LogSoftmax")
def _softmax(b: _Builder, node: Node) -> None:
    given, _ = _shapes(b, node)
    axis = node.config.get("axis", -1)
    axes = [one if one < 0 else one - len(given) - 1 for one in ([axis] if isinstance(axis, int) else axis)]
    if axes != [-1]:
        raise b.refusal(node, "a softmax goes over the last axis")
    b.in_place("softmax", b.size // given[-1], given[-1], int(node.kind == "LogSoftmax"))


@exports("PReLU")
def _prelu(b: _Builder, node: Node) -> None:
    given, _ = _shapes(b, node)
    (alpha,) = node.weights.values()
    whole = np.broadcast_to(alpha, given)
    b.in_place("prelu", b.size, b.array(whole), 1, b.size, 1)


@exports("Dense")
def _dense(b: _Builder, node: Node) -> None:
    kernel, *rest = node.weights.values()
    n, units = kernel.shape
    rows = b.size // n
    b.step("dense", rows, n, units, b.array(kernel), b.optional(rest[0] if rest else None), size=rows * units)


def _window(b: _Builder, node: Node, size: Any, turned: bool = False) -> tuple[str, int, int]:
    """Returns the struct of a window, its channels and its output positions; `turned`: a transposed convolution."""
    given, made = _shapes(b, node)
    rank = len(given) - 1
    config = node.config
    sizes = _list(size, rank)
    strides = sizes if config.get("strides") is None else _list(config["strides"], rank)
    dilations = _list(config.get("dilation_rate") or 1, rank)
    spans = [(k - 1) * d + 1 for k, d in zip(sizes, dilations, strict=True)]
    before = [0] * rank
    if config.get("padding") == "causal":
        before = [spans[0] - 1]
    elif config.get("padding") == "same":
        extra = config.get("output_padding")
        for i, (n, s, span) in enumerate(zip(given[:-1], strides, spans, strict=True)):
            before[i] = max((math.ceil(n / s) - 1) * s + span - n, 0) // 2
            if turned:
                padding = s + span - 2 if extra is None else span + span % 2 - 2 + _list(extra, rank)[i]
                before[i] = span - 1 - min((padding + 1) // 2, span - 1)
    missing = [1] * (3 - rank)
    name = b.window(
        **{"in": [*missing, *given[:-1]]}, out=[*missing, *made[:-1]], size=[*missing, *sizes],
        stride=[*missing, *strides], dilation=[*missing, *dilations], before=[*[0] * (3 - rank), *before],
    )  # fmt: skip
    return name, given[-1], math.prod(made[:-1])


def _convolved(b: _Builder, node: Node, kernel: Array, bias: Array | None, groups: int) -> None:
    name, channels, places = _window(b, node, node.config["kernel_size"])
    filters = kernel.shape[-1]
    b.step("convolution", f"&{name}", channels, filters, groups, b.array(kernel), b.optional(bias),
           size=places * filters)  # fmt: skip


@exports("Conv1D", "Conv2D", "Conv3D")
def _convolution(b: _Builder, node: Node) -> None:
    kernel, *rest = node.weights.values()
    _convolved(b, node, kernel, rest[0] if rest else None, int(node.config.get("groups") or 1))


@exports("DepthwiseConv1D", "DepthwiseConv2D")
def _depthwise(b: _Builder, node: Node) -> None:
    kernel, *rest = node.weights.values()
    *size, channels, multiplier = kernel.shape
    _convolved(b, node, kernel.reshape(*size, 1, channels * multiplier), rest[0] if rest else None, channels)


@exports("SeparableConv1D", "SeparableConv2D")
def _separable(b: _Builder, node: Node) -> None:
    kernel, pointwise, *rest = node.weights.values()
    *size, channels, multiplier = kernel.shape
    _convolved(b, node, kernel.reshape(*size, 1, channels * multiplier), None, channels)
    wide, filters = pointwise.shape[-2:]
    rows = b.size // wide
    bias = b.optional(rest[0] if rest else None)
    b.step("dense", rows, wide, filters, b.array(pointwise), bias, size=rows * filters)


@exports("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")
def _transposed(b: _Builder, node: Node) -> None:
    kernel, *rest = node.weights.values()
    name, channels, places = _window(b, node, node.config["kernel_size"], turned=True)
    filters = kernel.shape[-2]
    b.step("transposed", f"&{name}", channels, filters, b.array(kernel), b.optional(rest[0] if rest else None),
           size=places * filters)  # fmt: skip


@exports("MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "AveragePooling1D", "AveragePooling2D", "AveragePooling3D")
def _pooling(b: _Builder, node: Node) -> None:
    name, channels, places = _window(b, node, node.config.get("pool_size") or 2)
    b.step("pooling", f"&{name}", channels, int(node.kind.startswith("Max")), size=places * channels)


@exports("GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D", "GlobalAveragePooling1D",
         "GlobalAveragePooling2D", "GlobalAveragePooling3D")  # fmt: skip
def _global_pooling(b: _Builder, node: Node) -> None:
    given, _ = _shapes(b, node)
    rank = len(given) - 1
    sizes = [*[1] * (3 - rank), *given[:-1]]
    name = b.window(**{"in": sizes}, out=[1] * 3, size=sizes, stride=[1] * 3, dilation=[1] * 3, before=[0] * 3)
    b.step("pooling", f"&{name}", given[-1], int("Max" in node.kind), size=given[-1])


@exports("BatchNormalization")
def _batch_normalization(b: _Builder, node: Node) -> None:
    if node.config.get("training") and not node.config.get("frozen"):
        raise b.refusal(node, "it was called with training=True and learns while it predicts")
    given, _ = _shapes(b, node)
    weights = {name: value.astype(np.float64) for name, value in node.weights.items()}
    factor = weights.get("gamma", 1.0) / np.sqrt(weights["moving_variance"] + node.config["epsilon"])
    term = weights.get("beta", 0.0) - weights["moving_mean"] * factor
    axis = node.config.get("axis", -1)
    axis = int(axis if isinstance(axis, int) else axis[0])
    axis = axis - 1 if axis > 0 else axis + len(given)
    b.in_place("scale", math.prod(given[:axis]), given[axis], math.prod(given[axis + 1 :]), b.array(factor),
               b.array(term))  # fmt: skip


@exports("Normalization")
def _standardization(b: _Builder, node: Node) -> None:
    given, _ = _shapes(b, node)
    mean, variance = (
        np.asarray(node.weights.get(role, node.config.get(role)), dtype=np.float64) for role in ("mean", "variance")
    )
    deviation = np.maximum(np.sqrt(variance), 1e-7)
    factor, term = (deviation, mean) if node.config.get("invert") else (1 / deviation, -mean / deviation)
    axis = node.config.get("axis", -1)
    axes = [] if axis is None else [axis] if isinstance(axis, int) else list(axis)
    kept = [size if i in [one % (len(given) + 1) for one in axes] else 1 for i, size in enumerate(given, 1)]
    whole = [np.broadcast_to(one.reshape(kept if one.size > 1 else [1] * len(given)), given) for one in (factor, term)]
    b.in_place("scale", 1, b.size, 1, *(b.array(one) for one in whole))


@exports("LayerNormalization", "RMSNormalization")
def _row_normalization(b: _Builder, node: Node) -> None:
    given, _ = _shapes(b, node)
    axis = node.config.get("axis", -1)
    axes = [one if one < 0 else one - len(given) - 1 for one in ([axis] if isinstance(axis, int) else axis)]
    if axes != [-1] or node.config.get("rms_scaling"):
        raise b.refusal(node, "normalization goes over the last axis")
    layer = node.kind == "LayerNormalization"
    epsilon = float(node.config.get("epsilon", 1e-3 if layer else 1e-6))
    gamma = node.weights.get("gamma", node.weights.get("scale"))
    b.in_place("normalize", b.size // given[-1], given[-1], int(layer), _literal(epsilon), b.optional(gamma),
               b.optional(node.weights.get("beta")))  # fmt: skip


@exports("Rescaling")
def _rescaling(b: _Builder, node: Node) -> None:
    factor, term = (np.asarray(node.config[word], dtype=np.float32) for word in ("scale", "offset"))
    if factor.size > 1 or term.size > 1:
        raise b.refusal(node, "rescaling by arrays")
    b.in_place("rescale", b.size, _literal(float(factor.reshape(-1)[0])), _literal(float(term.reshape(-1)[0])))


@exports("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D", "Cropping1D", "Cropping2D", "Cropping3D")
def _padding(b: _Builder, node: Node) -> None:
    given, made = _shapes(b, node)
    rank = len(given) - 1
    crop = "cropping" in node.config
    flat = [int(one) for one in np.asarray(node.config["cropping" if crop else "padding"]).reshape(-1)]
    flat = (
        flat * (2 * rank) if len(flat) == 1 else [one for one in flat for _ in range(2)] if len(flat) == rank else flat
    )
    before = [-one if crop else one for one in flat[::2]]
    missing = [1] * (3 - rank)
    name = b.window(**{"in": [*missing, *given[:-1]]}, out=[*missing, *made[:-1]], before=[*[0] * (3 - rank), *before])
    b.step("pad", f"&{name}", given[-1], size=math.prod(made))


@exports("UpSampling1D", "UpSampling2D", "UpSampling3D")
def _enlarging(b: _Builder, node: Node) -> None:
    given, made = _shapes(b, node)
    if node.config.get("interpolation", "nearest") != "nearest":
        raise b.refusal(node, "there is C for the nearest pixel only")
    rank = len(given) - 1
    missing = [1] * (3 - rank)
    sizes = [o // i for i, o in zip(given[:-1], made[:-1], strict=True)]
    name = b.window(**{"in": [*missing, *given[:-1]]}, out=[*missing, *made[:-1]], size=[*missing, *sizes])
    b.step("enlarge", f"&{name}", given[-1], size=math.prod(made))


@exports("RepeatVector")
def _repeat(b: _Builder, node: Node) -> None:
    times = int(node.config["n"])
    b.step("repeat", b.size, times, size=b.size * times)


@exports("Permute")
def _permute(b: _Builder, node: Node) -> None:
    given, made = _shapes(b, node)
    order = [one - 1 for one in _list(node.config["dims"], 1)]
    if len(order) > 4:
        raise b.refusal(node, "there is C for up to four axes")
    steps = [math.prod(given[one + 1 :]) for one in order]
    missing = 4 - len(order)
    words = []
    for values in ([1] * missing + made, [0] * missing + steps):
        words.append(f"w{len(b.constants)}")
        b.constants.append(f"static const int {words[-1]}[4] = {{{', '.join(map(str, values))}}};")
    b.step("transpose", *words, size=b.size)


@exports("Embedding")
def _embedding(b: _Builder, node: Node) -> None:
    table, *_ = node.weights.values()
    count = b.size
    b.step("embed", count, table.shape[1], b.array(table), size=count * table.shape[1])


@exports("SimpleRNN", "LSTM", "GRU")
def _recurrent(b: _Builder, node: Node) -> None:
    config, kind = node.config, node.kind
    if config.get("masked") or config.get("stateful") or config.get("return_state"):
        raise b.refusal(node, f"a {kind} with masks or states of its own")
    if config.get("dropout") or config.get("recurrent_dropout"):
        raise b.refusal(node, "it draws random numbers for its dropout, called with training=True")
    steps, n = (int(size or 0) for size in b.tape.shape(node.inputs[0])[1:])
    kernel, recurrent, *rest = node.weights.values()
    units = recurrent.shape[0]
    bias = [b.array(row) for row in np.asarray(rest[0]).reshape(-1, kernel.shape[1])] if rest else []
    bias += ["NULL"] * (2 - len(bias))
    functions = []
    for word, usual in (("activation", "tanh"), ("recurrent_activation", "sigmoid")):
        name = _function(b, node, config.get(word) or usual)
        if FUNCTIONS[name][1]:
            raise b.refusal(node, f"a {kind} with an activation that has parameters")
        functions.append(f"f_{name}")
    work = f"work{len(b.constants)}"
    b.constants.append(f"static float {work}[{8 * units}];")
    every = bool(config.get("return_sequences"))
    back = bool(config.get("go_backwards"))
    if back and every and config.get("time_order"):
        raise b.refusal(node, "a backward sequence in the order of time")
    function = {"SimpleRNN": "simple_rnn", "LSTM": "lstm", "GRU": "gru"}[kind]
    b.step(function, steps, n, units, int(back), int(every), b.array(kernel), b.array(recurrent), *bias, *functions,
           int(bool(config.get("reset_after", True))), work, size=(steps if every else 1) * units)  # fmt: skip
