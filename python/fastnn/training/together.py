"""Training by several processes: what `fit`, `evaluate` and `predict` do where a distribution is set.

Steps themselves are divided by the core (`cpp/fastnn/peers.hpp`). Here the processes agree before the first step, begin
with one state, and decide together when to stop; process 0 alone shows progress and writes files.
"""

from __future__ import annotations

import sys
import tempfile
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from weakref import WeakSet

import numpy as np

from fastnn import _core
from fastnn.callbacks.callback import Callback
from fastnn.callbacks.callback_list import CallbackList, flattened
from fastnn.caller import warn
from fastnn.data.arrays import Feed
from fastnn.distribution.strategies import DataParallel, distribution
from fastnn.saving import backup
from fastnn.symbolic.structure import Structure

_settled: WeakSet[Any] = WeakSet()
"""Models of which all processes have the same state."""
_told: WeakSet[Any] = WeakSet()
"""Models whose batches every process computes whole, of which a warning has told."""


def peers(core: Any) -> _core.Peers | None:
    """Returns the processes that share each step, as a core sees them; None where no distribution is set."""
    current = distribution()
    return None if current is None else current.__fastnn_peers__(core)


class Alone:
    """What a process does where there is no other."""

    size = 1
    is_first = True
    whole_steps: Callable[[], AbstractContextManager[None]] | None = None
    """Returns the context in which steps run that processes share."""

    def rows_of_step(self, name: str, rows: Any) -> Any:
        """Returns the number of rows of a step that this process holds.

        Args:
            name: The argument that gave the number.
            rows: The number of rows of a step, or a function of the number of rows of the data.
        """
        return rows

    def verbosity(self, verbosity: int) -> int:
        """Returns how much this process prints."""
        return verbosity

    def callbacks(self, callbacks: Any) -> Any:
        """Returns the callbacks that this process calls."""
        return callbacks

    def check(self, model: Any, feed: Feed, **facts: Any) -> None:
        """Checks that all processes begin the same training."""

    def begin(self, model: Any, run: Any, hooks: CallbackList) -> None:
        """Gives all processes the state of the first one; after `on_train_begin`."""

    def settle(self, model: Any) -> None:
        """Gives all processes the state of the first one, before the first step without `fit`."""

    def lose_step(self) -> None:
        """Notes that Ctrl-C has ended training, which other processes may have left at another step."""

    def any(self, value: bool) -> bool:
        """Returns whether the value is true in some process."""
        return value

    def tell_of_whole_batches(self, model: Any, why: str) -> None:
        """Warns, once for each model, that every process computes all rows of a batch."""

    def predicted(self, model: Any, x: Any, batch_size: int, predict: Callable[[Any], Any]) -> Any:
        """Returns the outputs of all rows, of which each process computes its share."""
        return predict(x)


class Together(Alone):
    """What one of several processes does.

    Args:
        strategy: The distribution.
    """

    def __init__(self, strategy: DataParallel) -> None:
        self._strategy = strategy
        self._world = strategy.__fastnn_world__()
        self.size = self._world.size
        self.is_first = self._world.is_first
        self.whole_steps = self._world.whole_steps

    def rows_of_step(self, name: str, rows: Any) -> Any:
        """Returns the number of rows of a step that this process holds; raises ValueError where it is no integer."""
        if self._strategy.auto_shard_dataset or callable(rows):
            return rows
        if rows % self.size:
            raise ValueError(
                f"{name} is that of all processes; where each holds rows of its own (auto_shard_dataset=False) it "
                f"has to be a multiple of their number, {self.size}, got {rows}"
            )
        return rows // self.size

    def verbosity(self, verbosity: int) -> int:
        """Returns how much this process prints: nothing, but for process 0."""
        return verbosity if self.is_first else 0

    def callbacks(self, callbacks: Any) -> Any:
        """Returns the callbacks that this process calls."""
        return callbacks if self.is_first else [one for one in flattened(callbacks) if _is_called_everywhere(one)]

    def check(self, model: Any, feed: Feed, **facts: Any) -> None:
        """Checks that all processes begin the same training; raises ValueError where one differs."""
        state = model.__fastnn_training__
        found = {
            "the version of fastnn": sys.modules["fastnn"].__version__,
            "the instruction set": _core.build_info()["isa"],
            "the layers": [type(layer).__name__ for layer, _ in state.network.leaves()],
            "the weights": [(path, tuple(v.shape), bool(v.trainable)) for path, v in state.network.weight_paths()],
            "the optimizer": type(model.optimizer).__name__,
            "the number of rows": feed.rows,
            "the shapes of x": list(feed.x),
            "the shapes of y": list(feed.y),
            "the number of parts": self._strategy.parts,
            "auto_shard_dataset": self._strategy.auto_shard_dataset,
            "synchronized": self._strategy.synchronized,
            **facts,
        }
        if self._strategy.auto_shard_dataset:
            rows = [np.ascontiguousarray(one[:1]) for one in feed.inputs]
            found["the first row of x"] = [zlib.crc32(row.tobytes()) for row in rows]
        self._world.check_equal(found, state.network.who())

    def begin(self, model: Any, run: Any, hooks: CallbackList) -> None:
        """Gives all processes the state of the first one, and its place in an interrupted run."""
        companions = [one for one in hooks.callbacks if isinstance(one, Callback) and _is_called_everywhere(one)]
        place = {
            "epoch": run.epoch,
            "batch": run.step,
            "position": run.position,
            "passes": list(run.passes),
            "since": 0,
            "companions": [{"class": type(one).__name__, **one.__fastnn_counts__()} for one in companions],
        }
        resumed, place = self._spread(model, run.is_resumed, place)
        if self.is_first:
            return
        if resumed:
            run.resume(place["epoch"], place["batch"], place["position"], place["passes"])
        # A process may have further callbacks; those of one class come in the same order in all.
        left = list(place["companions"])
        for companion in companions:
            names = [counts["class"] for counts in left]
            if type(companion).__name__ in names:
                companion.__fastnn_restore__(left.pop(names.index(type(companion).__name__)))

    def settle(self, model: Any) -> None:
        """Gives all processes the state of the first one, once for each model."""
        if model not in _settled and model.built:
            nowhere = {"epoch": 0, "batch": 0, "position": 0, "passes": [], "since": 0, "companions": []}
            self._spread(model, False, nowhere)

    def _spread(self, model: Any, resumed: bool, place: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        """Gives all processes the state of the first one, by the way of backups."""
        _settled.add(model)
        if self.size == 1:
            return resumed, place
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "state.weights.h5"
            if self.is_first:
                backup.save(model, (file, file), place, False)
            content, resumed = self._world.from_first((file.read_bytes() if self.is_first else b"", resumed))
            if self.is_first:
                return resumed, place
            file.write_bytes(content)
            found = backup.restore(model, (file, file))
        assert found is not None
        return resumed, found

    def lose_step(self) -> None:
        """Notes that Ctrl-C has ended training, which other processes may have left at another step."""
        self._world.lose_step()

    def any(self, value: bool) -> bool:
        """Returns whether the value is true in some process."""
        return self._world.any(value)

    def tell_of_whole_batches(self, model: Any, why: str) -> None:
        """Warns, once for each model, that every process computes all rows of a batch.

        Raises:
            ValueError: No process has all rows.
        """
        who = model.__fastnn_training__.network.who()
        cannot = f"{who}: its batches cannot be cut into parts for several processes, since {why}"
        if not self._strategy.auto_shard_dataset:
            raise ValueError(
                f"{cannot}; give every process all rows (auto_shard_dataset=True), or take the distribution back with "
                "set_distribution(None)"
            )
        if self.is_first and self.size > 1 and model not in _told:
            warn(f"{cannot}; every process computes whole batches, which takes as long as in one process")
        _told.add(model)

    def predicted(self, model: Any, x: Any, batch_size: int, predict: Callable[[Any], Any]) -> Any:
        """Returns the outputs of all rows, of which each process computes its share."""
        structure = Structure(x)
        arrays = structure.flat(x)
        divisible = all(isinstance(one, np.ndarray) and one.ndim for one in arrays)
        # What a batch leaves behind for the next one has to be found there.
        network = model.__fastnn_training__.network
        apart = not any(getattr(layer, "stateful", False) for layer, _ in network.leaves())
        divisible = divisible and apart and not model.__fastnn_overrides__("predict")
        if self.size == 1 or not self._strategy.auto_shard_dataset or not divisible:
            return predict(x)
        rows = len(arrays[0])
        batches = -(-rows // batch_size)
        begin, end = (min(rows, batches * (self._world.rank + k) // self.size * batch_size) for k in (0, 1))
        # A process without rows computes one, to know the shapes.
        own = [one[begin:end] if end > begin else one[:1] for one in arrays]
        made = predict(structure.pack(own))
        outputs = Structure(made)
        parts = [np.asarray(one) for one in outputs.flat(made)]
        if self.any(any(len(part) != max(end - begin, 1) for part in parts)):
            return predict(x)
        given = self._world.of_all([part[: end - begin] for part in parts])
        return outputs.pack([np.concatenate(ones) for ones in zip(*given, strict=True)])


_ALONE = Alone()


def _is_called_everywhere(callback: Any) -> bool:
    return bool(getattr(callback, "on_every_process", True))


def processes() -> Alone:
    """Returns what this process does for its part of a call of `fit`, `evaluate` or `predict`."""
    current = distribution()
    return _ALONE if current is None else Together(current)
