"""`python -m bench.int8`: predictions with weights of eight bits, beside float32 and ONNX Runtime's quantization.

Contestants take turns in one process, and the shortest time of each counts. The error is the largest difference from
the outputs of float32, over the largest output.
"""

from __future__ import annotations

import argparse
import logging
import math
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from onnxruntime.quantization import QuantType, quantize_dynamic

import fastnn
from bench.runner import usable_processors
from fastnn import Sequential, layers

NETWORKS = {"784-512-512-10": (784, 512, 512, 10), "1024-2048-2048-10": (1024, 2048, 2048, 10)}
ROWS = (1, 16, 512)
Predict = Callable[[Any], Any]


def network(sizes: Sequence[int]) -> Sequential:
    hidden = [layers.Dense(size, activation="relu") for size in sizes[1:-1]]
    return Sequential([layers.Input((sizes[0],)), *hidden, layers.Dense(sizes[-1])])


def session(path: Path, threads: int) -> Predict:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    made = onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
    name = made.get_inputs()[0].name
    return lambda x: made.run(None, {name: x})[0]


def contestants(sizes: Sequence[int], threads: int) -> dict[str, Predict]:
    floats = network(sizes)
    integers = network(sizes)
    integers.set_weights(floats.get_weights())
    integers.quantize("int8")
    with tempfile.TemporaryDirectory() as folder:
        whole, quantized = Path(folder) / "model.onnx", Path(folder) / "int8.onnx"
        floats.export(whole, format="onnx", verbose=False)
        quantize_dynamic(whole, quantized, weight_type=QuantType.QInt8)
        peers = {"ONNX Runtime": session(whole, threads), "ONNX Runtime, int8": session(quantized, threads)}
    return {
        "fastnn": lambda x: floats.predict(x, batch_size=len(x), verbose=0),
        "fastnn, int8": lambda x: integers.predict(x, batch_size=len(x), verbose=0),
        **peers,
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
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    fastnn.config.set_num_threads(arguments.threads)
    fastnn.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    for name, sizes in NETWORKS.items():
        found = contestants(sizes, arguments.threads)
        print(f"| {name}, rows | {' | '.join(f'{one}, us' for one in found)} | to float32 | to the peer's | errors |")
        print("|---|" + "---|" * (len(found) + 3))
        for rows in ROWS:
            x = rng.normal(size=(rows, sizes[0])).astype(np.float32)
            answers = {one: np.asarray(predict(x)) for one, predict in found.items()}
            times = dict.fromkeys(found, math.inf)
            for _ in range(arguments.rounds):
                for one, predict in found.items():
                    times[one] = min(times[one], timed(predict, x, arguments.turn))
            right = answers["fastnn"]
            errors = {one: float(np.abs(answer - right).max() / np.abs(right).max()) for one, answer in answers.items()}
            ours, peer = "fastnn, int8", "ONNX Runtime, int8"
            cells = [f"{seconds * 1e6:.0f}" for seconds in times.values()]
            ratios = [f"{times[other] / times[ours]:.2f}x" for other in ("fastnn", peer)]
            print(f"| {rows} | {' | '.join([*cells, *ratios])} | {errors[ours]:.1%}, {errors[peer]:.1%} |")
        print()


if __name__ == "__main__":
    main()
