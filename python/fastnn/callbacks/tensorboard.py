"""Callback that writes files of events for TensorBoard.

It uses the writer and the messages of the package `tensorboard`, and needs no TensorFlow. This file decides what is
written when; `event_files.py` makes the messages.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastnn.callbacks import event_files
from fastnn.callbacks.callback import Callback, Logs
from fastnn.callbacks.learning_rates import logged_rates
from fastnn.engine.network import Network


class TensorBoard(Callback):
    """Writes files for TensorBoard: scalars, histograms, images, the graph (`pip install tensorboard`).

    `log_dir/train` gets the logs of each epoch as `epoch_...`, `log_dir/validation` those of the validations; each
    evaluation adds `evaluation_..._vs_iterations`. `tensorboard --logdir logs` shows them.

    Args:
        log_dir: The directory.
        histogram_freq: Every how many epochs histograms of the weights are written; 0: never.
        write_graph: True to write the graph of the layers.
        write_images: True to write the weights as images too, along with the histograms.
        write_steps_per_second: True to write the steps per second of each epoch; with `update_freq`, of each batch.
        update_freq: "epoch", "batch", or the number of batches after which the means since the epoch began are
            written, as `batch_...`.
        profile_batch: 0. There is no profiler: another value is an error.
        embeddings_freq: Every how many epochs the weights of `Embedding` layers are written for the projector; 0:
            never.
        embeddings_metadata: The file that names the rows of an embedding, or a dict from names of layers to files.

    Raises:
        ImportError: The package `tensorboard` is missing.
        ValueError: An argument is out of its range, or `embeddings_metadata` names a layer that is no `Embedding`.

    Example:
        >>> import os, tempfile
        >>> folder = tempfile.mkdtemp()
        >>> model = fastnn.Sequential([layers.Input((1,)), layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> board = fastnn.callbacks.TensorBoard(folder)
        >>> history = model.fit(
        ...     np.ones((4, 1)), np.ones((4, 1)), validation_split=0.5, verbose=0, callbacks=[board]
        ... )
        >>> sorted(os.listdir(folder))
        ['train', 'validation']
    """

    on_every_process = False

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: str | int = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: str | Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        event_files.require()
        if update_freq not in ("epoch", "batch") and not (isinstance(update_freq, int) and update_freq >= 1):
            raise ValueError(
                f"TensorBoard expects update_freq 'epoch', 'batch' or a number of batches, got {update_freq!r}"
            )
        if profile_batch not in (0, None, "0"):
            raise ValueError(
                f"TensorBoard expects profile_batch=0, since there is no profiler, got {profile_batch!r}; "
                "python -m cProfile shows where the time of a script goes"
            )
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = histogram_freq
        self.write_graph = write_graph
        self.write_images = write_images
        self.write_steps_per_second = write_steps_per_second
        self.update_freq: str | int = 1 if update_freq == "batch" else update_freq
        self.embeddings_freq = embeddings_freq
        self.embeddings_metadata = embeddings_metadata
        self._files: dict[str, event_files.EventFile] = {}
        self._batch = 0
        self._begun = 0.0
        self._batch_begun = 0.0
        self._iterations = 0

    def __getstate__(self) -> dict[str, Any]:
        """Returns the state for a pickle, without open files."""
        return {**vars(self), "_files": {}}

    def __fastnn_idle_hooks__(self) -> Sequence[Any]:
        if self.update_freq == "epoch":
            return TensorBoard.on_train_batch_begin, TensorBoard.on_train_batch_end
        return () if self.write_steps_per_second else (TensorBoard.on_train_batch_begin,)

    def _file(self, name: str) -> event_files.EventFile:
        if name not in self._files:
            self._files[name] = event_files.EventFile(os.path.join(self.log_dir, name))
        return self._files[name]

    def set_model(self, model: Any) -> None:
        """Keeps the model; begins new files."""
        super().set_model(model)
        self._close()

    def _close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files = {}

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Writes the graph, and says which embeddings there will be."""
        self._batch = 0
        if self.write_graph and isinstance(self.model, Network):
            self._file("train").add_graph(self.model)
        if self.embeddings_freq:
            event_files.write_projector(self.log_dir, self._embeddings(), self.embeddings_metadata)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Closes the files."""
        self._close()

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Writes the values of an evaluation by the number of updates."""
        if self.model.optimizer is not None:
            step = int(self.model.optimizer.iterations)
            names = {f"evaluation_{name}_vs_iterations": value for name, value in (logs or {}).items()}
            self._file("validation").add_scalars(names, step)

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Notes the time, for the steps per second."""
        self._batch_begun = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Writes the means since the epoch began, where they are due."""
        self._batch += 1
        if self.update_freq == "epoch" or self._batch % int(self.update_freq):
            return
        values = {f"batch_{name}": value for name, value in (logs or {}).items()}
        if self.write_steps_per_second:
            values["batch_steps_per_second"] = 1 / max(time.perf_counter() - self._batch_begun, 1e-9)
        self._file("train").add_scalars(values, self._batch)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Notes the time, for the steps per second."""
        self._begun = time.perf_counter()
        self._iterations = int(self.model.optimizer.iterations)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Writes the logs of the epoch, and the weights where they are due."""
        train = {name: value for name, value in (logs or {}).items() if not name.startswith("val_")}
        held = {name.removeprefix("val_"): value for name, value in (logs or {}).items() if name.startswith("val_")}
        train.update(logged_rates(self.model.optimizer))
        if self.write_steps_per_second:
            done = int(self.model.optimizer.iterations) - self._iterations
            train["steps_per_second"] = done / max(time.perf_counter() - self._begun, 1e-9)
        for name, values in (("train", train), ("validation", held)):
            if values:
                self._file(name).add_scalars({f"epoch_{key}": value for key, value in values.items()}, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_weights(epoch)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            for layer in self._embeddings():
                event_files.write_embedding(self.log_dir, layer.name, layer.get_weights()[0])

    def _write_weights(self, epoch: int) -> None:
        file = self._file("train")
        for weight in self.model.weights:
            name, values = weight.path.replace(":", "_"), np.asarray(weight)
            file.add_histogram(f"{name}/histogram", values, epoch)
            if self.write_images:
                file.add_weight_image(f"{name}/image", values, epoch)
        file.flush()

    def _embeddings(self) -> list[Any]:
        return [layer for layer in self.model.layers if layer.__class__.__name__ == "Embedding"]
