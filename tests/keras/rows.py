"""Rows of the replayed models: a model, its data, and its training for a few steps.

A row is written once and run twice: by `record.py` with Keras, whose results go to a file, and by
`test_keras_replay.py` with fastnn, which must give the same results from the same weights. This file owns the data of
both sides and the run; the rows are in `rows_<family>.py`, one list `ROWS` for each file.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).parent
FILES = HERE / "files"
FLOAT64 = HERE / "float64"

Array = NDArray[Any]
Random = np.random.RandomState  # whose values NumPy guarantees not to change
Make = Callable[[Random], Any]


def sgd(keras: Any) -> Any:
    return keras.optimizers.SGD(0.05)


@dataclass(frozen=True)
class Row:
    """Model that Keras has run.

    Attributes:
        name: Distinguishing feature; also the name of its file.
        build: Makes the model from the module `keras` (or `fastnn`), its input shapes known. Layers that draw random
            numbers in a forward pass need `train=False`.
        inputs: Makes the array, or the list of them, that the model is called on; None: normal values.
        targets: Makes the targets; None: normal values of the outputs' shapes.
        loss: A name, a list of them, or a function of the module that makes the loss.
        optimizer: A function of the module that makes the optimizer.
        metrics: Names of metrics for `compile`.
        rows: Number of samples in the batch.
        steps: Number of training steps.
        train: Trains the model.
        rtol: Tolerance of outputs, relative to the largest.
        train_rtol: The same for losses, for the change of each weight, and for the outputs after training.
    """

    name: str
    build: Callable[[Any], Any]
    inputs: Make | None = None
    targets: Make | None = None
    loss: Any = "mse"
    optimizer: Callable[[Any], Any] = sgd
    metrics: Sequence[str] = ()
    rows: int = 5
    steps: int = 3
    train: bool = True
    rtol: float = 1e-5
    train_rtol: float = 1e-4


def families(names: Sequence[str] = ()) -> dict[str, list[Row]]:
    """Returns the rows of the named families, or of all."""
    found = sorted(path.stem.removeprefix("rows_") for path in HERE.glob("rows_*.py"))
    return {name: importlib.import_module(f"rows_{name}").ROWS for name in names or found}


# Those that are recorded in float64 too.
_IN_FLOAT64 = {
    "attention": "dot heads-self heads-causal heads-cross heads-attention-mask transformer-adam einsum-dense",
    "convolution": (
        "conv1d-causal conv1d-same-strided conv1d-same-dilated conv3d conv1d-transpose-same-k3-s2 "
        "conv2d-transpose-same depthwise2d-same separable2d-valid max-pooling1d-same average-pooling1d-same "
        "up-sampling2d-bilinear"
    ),
    "core": (
        "dense-relu dense-sigmoid dense-tanh dense-softmax dense-elu dense-selu dense-softplus dense-gelu dense-mish "
        "dense-penalties dense-max_norm conv2d conv2d-same-strided conv2d-winograd pooling-max pooling-average "
        "batchnorm batchnorm-image merge-dot two-inputs-two-outputs optimizer-adam optimizer-sgd-nesterov "
        "optimizer-rmsprop loss-huber loss-log_cosh loss-kl_divergence loss-cosine_similarity "
        "loss-binary_crossentropy loss-categorical_crossentropy loss-sparse_categorical_crossentropy "
        "loss-binary-logits loss-categorical-logits"
    ),
    "norm": "layernorm-sequence groupnorm-image rmsnorm-last unitnorm-last embedding prelu-each dense-tanh_shrink",
    "ops": "dense-of-ops layer-norm-of-ops reductions batch-statistics loss-of-ops",
    "optimizers": "adamw adagrad adadelta adamax nadam ftrl lion lamb adafactor muon clipnorm adam-accumulated cosine",
    "recurrent": (
        "simple-last lstm-last lstm-sequences lstm-stacked gru-last gru-before-last masked-lstm bidirectional-concat"
    ),
}


def float64_rows(names: Sequence[str] = ()) -> dict[str, list[Row]]:
    """Returns the rows that are recorded in float64, of the named families or of all."""
    return {
        family: [row for row in rows if row.name in _IN_FLOAT64[family].split()]
        for family, rows in families(list(names) or sorted(_IN_FLOAT64)).items()
    }


def file_of(family: str, row: Row) -> Path:
    return FILES / family / f"{row.name}.npz"


def _each(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _normal(random: Random, shapes: Any, rows: int) -> Any:
    shapes = [shapes] if isinstance(shapes, tuple) else shapes
    arrays = [random.normal(size=(rows, *shape[1:])).astype(np.float32) for shape in shapes]
    return arrays[0] if len(arrays) == 1 else arrays


def run(row: Row, keras: Any, weights: Sequence[Array] | None = None) -> dict[str, Array]:
    """Returns the results of a model before, during and after training, by name ("outputs_0", "losses", "after_3").

    Args:
        row: The row.
        keras: The module.
        weights: The model's weights; None: its own, with constant ones changed a little, so that a
            bias or a gamma shows.
    """
    random = Random(1)
    model = row.build(keras)
    if weights is None:
        weights = [np.asarray(value) for value in model.get_weights()]
        weights = [
            (w + random.uniform(0.0, 0.3, size=w.shape)).astype(w.dtype) if w.size and np.ptp(w) == 0 else w
            for w in weights
        ]
    model.set_weights(weights)
    record = {f"weights_{i}": np.asarray(w) for i, w in enumerate(weights)}

    def predict(part: str) -> list[Array]:
        made = [np.asarray(y) for y in _each(model.predict_on_batch(x))]
        record.update({f"{part}_{i}": y for i, y in enumerate(made)})
        return made

    data = Random(2)
    x = row.inputs(data) if row.inputs else _normal(data, model.input_shape, row.rows)
    outputs = predict("outputs")
    if not row.train:
        return record
    data = Random(3)
    y = row.targets(data) if row.targets else _normal(data, [out.shape for out in outputs], row.rows)
    loss = row.loss(keras) if callable(row.loss) else row.loss
    model.compile(optimizer=row.optimizer(keras), loss=loss, metrics=list(row.metrics) or None)
    logs = []
    for _ in range(row.steps):
        model.reset_metrics()
        logs.append([float(value) for value in _each(model.train_on_batch(x, y))])
    record["losses"] = np.asarray(logs)
    record.update({f"after_{i}": np.asarray(w) for i, w in enumerate(model.get_weights())})
    predict("trained")
    return record
