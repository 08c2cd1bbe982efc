"""`python -m bench.int8`: predictions with weights of eight bits, beside float32 and ONNX Runtime's quantization.

Contestants take turns in one process, and the shortest time of each counts. The error is the largest difference from
the outputs of float32, over the largest output. fastnn and ONNX Runtime's "int8" quantize inputs as they come; "static"
knows their ranges from data that it has seen before, and hands integers from layer to layer.
"""

from __future__ import annotations

import argparse
import logging
import math
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

import fastnn
from bench.runner import usable_processors
from fastnn import Model, Sequential, layers

Predict = Callable[[Any], Any]
OURS, PEER = "fastnn, int8", "ONNX Runtime, int8"


def mlp(*sizes: int) -> Callable[[], Model]:
    """Returns a function that makes an MLP."""

    def make() -> Model:
        hidden = [layers.Dense(size, activation="relu") for size in sizes[1:-1]]
        return Sequential([layers.Input((sizes[0],)), *hidden, layers.Dense(sizes[-1])])

    return make


def application(name: str) -> Callable[[], Model]:
    """Returns a function that makes a network of `keras.applications` without its softmax."""
    return lambda: getattr(fastnn.applications, name)(weights=None, classifier_activation=None)


# The networks, and the rows that they predict at once.
NETWORKS: dict[str, tuple[Callable[[], Model], tuple[int, ...]]] = {
    "784-512-512-10": (mlp(784, 512, 512, 10), (1, 16, 512)),
    "1024-2048-2048-10": (mlp(1024, 2048, 2048, 10), (1, 16, 512)),
    "ResNet50": (application("ResNet50"), (1, 8)),
    "MobileNet": (application("MobileNet"), (1, 8)),
    "VGG16": (application("VGG16"), (1,)),
}


class Seen(CalibrationDataReader):  # type: ignore[misc]
    """A few random inputs, by which a static quantization learns the ranges."""

    def __init__(self, name: str, shape: tuple[int, ...]) -> None:
        rng = np.random.default_rng(1)
        self._inputs = iter([{name: rng.normal(size=(1, *shape)).astype(np.float32)} for _ in range(4)])

    def get_next(self) -> Any:
        return next(self._inputs, None)


def session(path: Path, threads: int) -> Predict:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    made = onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
    name = made.get_inputs()[0].name
    return lambda x: made.run(None, {name: x})[0]


def peers(floats: Model, threads: int) -> dict[str, Predict]:
    of_images = len(floats.input_shape) == 4
    with tempfile.TemporaryDirectory() as folder:
        whole, prepared, quantized, static = (Path(folder) / f"{name}.onnx" for name in "wpqs")
        floats.export(whole, format="onnx", verbose=False)
        # Its convolutions of integers take unsigned weights alone.
        quantize_dynamic(whole, quantized, weight_type=QuantType.QUInt8 if of_images else QuantType.QInt8)
        found = {"ONNX Runtime": session(whole, threads), PEER: session(quantized, threads)}
        if of_images:
            quant_pre_process(whole, prepared, skip_symbolic_shape=True)
            name = onnxruntime.InferenceSession(str(whole)).get_inputs()[0].name
            seen = Seen(name, floats.input_shape[1:])
            quantize_static(prepared, static, seen, per_channel=True, activation_type=QuantType.QUInt8)
            found["static"] = session(static, threads)
    return found


def at_one_scale(model: Model) -> Model:
    """Gives kernels the scale by which numbers stay of one magnitude from layer to layer, as in a trained network."""
    rng = np.random.default_rng(2)
    for layer in model.layers:
        by_channel = isinstance(layer, layers.DepthwiseConv2D)
        for weight in layer.weights:
            if len(weight.shape) > 1:
                scale = math.sqrt(2 / math.prod(weight.shape[:2] if by_channel else weight.shape[:-1]))
                weight.assign(rng.normal(scale=scale, size=weight.shape).astype(np.float32))
    return model


def contestants(make: Callable[[], Model], threads: int) -> dict[str, Predict]:
    floats, integers = at_one_scale(make()), make()
    integers.set_weights(floats.get_weights())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # batch normalization stays as it is
        integers.quantize("int8", convolutions=True)
    return {
        "fastnn": lambda x: floats.predict(x, batch_size=len(x), verbose=0),
        OURS: lambda x: integers.predict(x, batch_size=len(x), verbose=0),
        **peers(floats, threads),
    }


def timed(predict: Predict, x: Any, seconds: float) -> float:
    """Returns the shortest time of a call."""
    shortest, end = math.inf, time.perf_counter() + seconds
    while time.perf_counter() < end:
        begin = time.perf_counter()
        predict(x)
        shortest = min(shortest, time.perf_counter() - begin)
    return shortest


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.int8", description=__doc__)
    parser.add_argument("--threads", type=int, default=usable_processors(), help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each (default: %(default)s)")
    parser.add_argument("--turn", type=float, default=0.1, help="seconds a turn (default: %(default)s)")
    parser.add_argument("--only", nargs="+", choices=NETWORKS, default=list(NETWORKS), help="networks (default: all)")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    fastnn.config.set_num_threads(arguments.threads)
    fastnn.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    for name in arguments.only:
        make, rows_at_once = NETWORKS[name]
        found = contestants(make, arguments.threads)
        print(f"| {name}, rows | {' | '.join(f'{one}, us' for one in found)} | to float32 | to the peer's | errors |")
        print("|---|" + "---|" * (len(found) + 3))
        for rows in rows_at_once:
            x = rng.normal(size=(rows, *make().input_shape[1:])).astype(np.float32)
            answers = {one: np.asarray(predict(x)) for one, predict in found.items()}
            times = dict.fromkeys(found, math.inf)
            for _ in range(arguments.rounds):
                for one, predict in found.items():
                    times[one] = min(times[one], timed(predict, x, arguments.turn))
            right = answers["fastnn"]
            errors = [f"{np.abs(answers[one] - right).max() / np.abs(right).max():.1%}" for one in found if "," in one]
            cells = [f"{seconds * 1e6:.0f}" for seconds in times.values()]
            ratios = [f"{times[other] / times[OURS]:.2f}x" for other in ("fastnn", PEER)]
            print(f"| {rows} | {' | '.join([*cells, *ratios])} | {', '.join(errors)} |")
        print()


if __name__ == "__main__":
    main()
