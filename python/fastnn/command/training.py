"""`python -m fastnn train`: from a CSV file or a folder of images to a model and a report."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import fastnn
from fastnn import callbacks, layers, utils
from fastnn.command import columns, options, report
from fastnn.command.columns import Columns, Images


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `train`."""
    parser.add_argument("data", type=Path, help="a CSV file with names in its first line, or a folder of images "
                        "with a subfolder for each class")  # fmt: skip
    parser.add_argument("--target", help="the column to predict (of a CSV file)")
    parser.add_argument("--task", choices=["classify", "regress"], help="default: by the values of the target")
    parser.add_argument("--ignore", nargs="+", default=[], metavar="COLUMN", help="columns to leave out")
    parser.add_argument("-o", "--output", type=Path, default=Path("model.keras"), help="default: %(default)s")
    parser.add_argument("--report", type=Path, help="default: the name of the model with .html")
    parser.add_argument("--no-report", action="store_true", help="write no report; there is none without matplotlib")
    parser.add_argument("--hidden", default="64,64", help="neurons of the hidden layers (default: %(default)s)")
    parser.add_argument(
        "--image-size", type=options.positive, default=64, metavar="PIXELS", help="default: %(default)s"
    )
    parser.add_argument("--epochs", type=options.positive, default=50, help="at most (default: %(default)s)")
    parser.add_argument(
        "--patience", type=options.positive, default=8, help="epochs without improvement (default: %(default)s)"
    )
    parser.add_argument("--batch-size", type=options.positive, default=32, help="default: %(default)s")
    parser.add_argument("--learning-rate", type=float, default=0.001, help="default: %(default)s")
    parser.add_argument("--validation", type=float, default=0.2, help="share of rows (default: %(default)s)")
    options.add_seed(parser)
    options.add_threads(parser)


def run(arguments: argparse.Namespace) -> None:
    """Trains a model and writes it, the description of its inputs, and a report.

    Raises:
        ValueError: The data or the arguments cannot be used.
        OSError: A file cannot be read or written.
        ImportError: The report that was asked for needs matplotlib, which is missing.
    """
    options.require_existing(arguments.data)
    if arguments.output.suffix != ".keras":
        raise ValueError(f"--output expects a file that ends in .keras, got {arguments.output}")
    if not 0 < arguments.validation < 1:
        raise ValueError(f"--validation expects a share between 0 and 1, got {arguments.validation}")
    fastnn.config.set_num_threads(arguments.threads)
    utils.set_random_seed(arguments.seed)
    inputs: Columns | Images
    if arguments.data.is_dir():
        inputs, model, training, validation = _images(arguments)
    else:
        inputs, model, training, validation = _table(arguments)
    written = None if arguments.no_report else arguments.report or arguments.output.with_suffix(".html")
    lacking = None if written is None else report.lacking()
    if lacking is not None and arguments.report is not None:
        raise ImportError(lacking)
    model.summary()
    if inputs.classes is None:
        print("loss: of targets that are divided by their deviation; mae: in the units of the target")
    stop = callbacks.EarlyStopping(patience=arguments.patience, restore_best_weights=True)
    x, y = training
    # A dataset has its batches and targets in it.
    history = model.fit(
        x, y, batch_size=None if y is None else arguments.batch_size, epochs=arguments.epochs, callbacks=[stop],
        validation_data=validation[0] if y is None else validation,
    )  # fmt: skip
    truth, predicted = _answers(model, validation)
    model.save(arguments.output)
    columns.save(inputs, arguments.output)
    print(f"{report.verdict(inputs, truth, predicted)}\nwritten: {arguments.output}, "
          f"{columns.description_file(arguments.output)}", end="")  # fmt: skip
    if written is not None and lacking is None:
        report.write(written, arguments.data, inputs, model, history, truth, predicted)
        print(f", {written}", end="")
    print("" if lacking is None else f"\nno report: {lacking}")


def _hidden(text: str) -> list[int]:
    try:
        sizes = [int(part) for part in text.split(",") if part]
    except ValueError:
        sizes = [0]
    if any(size < 1 for size in sizes):
        raise ValueError(f"--hidden expects positive integers with commas between, such as 64,32, got {text!r}")
    return sizes


def _table(arguments: argparse.Namespace) -> tuple[Columns, Any, Any, Any]:
    """Returns the columns of a CSV file, a compiled model, and the arrays for training and validation."""
    if arguments.target is None:
        raise ValueError("a CSV file wants --target COLUMN, the column to predict")
    rows = columns.read_rows(arguments.data)
    found = Columns.of(rows, arguments.target, arguments.task, arguments.ignore)
    order = np.random.default_rng(arguments.seed).permutation(len(rows))
    count = round(arguments.validation * len(rows))
    if not 0 < count < len(rows):
        raise ValueError(f"{len(rows)} rows cannot be divided with --validation {arguments.validation}")
    x, y = found.inputs(rows), found.targets(rows)
    held, kept = order[:count], order[count:]
    scale = layers.Normalization()
    scale.adapt(x[kept])
    model = fastnn.Sequential([layers.Input((found.width,)), scale])
    for size in _hidden(arguments.hidden):
        model.add(layers.Dense(size, activation="relu"))
    if found.classes is None:
        # The network learns targets of mean 0 and deviation 1, whatever their size; the last layer, which is part of
        # the model, brings them back, and the loss divides by the same number.
        mean, deviation = float(y[kept].mean()), float(y[kept].std()) or 1.0
        model.add(layers.Dense(1))
        model.add(layers.Rescaling(deviation, mean))
        adam = fastnn.optimizers.Adam(arguments.learning_rate)
        model.compile(adam, loss="mse", loss_weights=1 / deviation**2, metrics=["mae"])
    else:
        model.add(layers.Dense(len(found.classes), activation="softmax"))
        model.compile(
            fastnn.optimizers.Adam(arguments.learning_rate),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )
    return found, model, (x[kept], y[kept]), (x[held], y[held])


def _images(arguments: argparse.Namespace) -> tuple[Images, Any, Any, Any]:
    """Returns the classes of a folder, a compiled model, and the datasets for training and validation."""
    if arguments.target is not None:
        raise ValueError("--target is for CSV files: the classes of images are the names of their subfolders")
    size = (arguments.image_size, arguments.image_size)
    training, validation = utils.image_dataset_from_directory(
        arguments.data, image_size=size, batch_size=arguments.batch_size, validation_split=arguments.validation,
        subset="both", seed=arguments.seed,
    )  # fmt: skip
    classes = list(training.class_names)
    if len(classes) < 2:
        raise ValueError(f"{arguments.data} expects a subfolder for each of two classes or more, got {len(classes)}")
    model = fastnn.Sequential([layers.Input((*size, 3)), layers.Rescaling(1 / 255)])
    for filters in (32, 64, 128):
        model.add(layers.Conv2D(filters, 3, padding="same", use_bias=False))
        model.add(layers.BatchNormalization(momentum=0.9))
        model.add(layers.ReLU())
        model.add(layers.MaxPooling2D())
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dropout(0.3))
    model.add(layers.Dense(len(classes), activation="softmax"))
    model.compile(
        fastnn.optimizers.Adam(arguments.learning_rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return Images(classes, size), model, (training, None), (validation, None)


def _answers(model: Any, validation: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """Returns the targets of the validation data and what the model makes of them."""
    x, y = validation
    if y is not None:
        return y, np.asarray(model.predict(x, verbose=0))
    pairs = [(np.asarray(labels), np.asarray(model.predict(images, verbose=0))) for images, labels in x]
    return np.concatenate([one for one, _ in pairs]), np.concatenate([one for _, one in pairs])
