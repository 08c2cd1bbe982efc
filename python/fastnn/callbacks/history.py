"""Callback that records the logs of each epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastnn import plotting
from fastnn.callbacks.callback import Callback, Logs


class History(Callback):
    """Records the logs of each epoch; `fit` returns it.

    Attributes:
        epoch: The numbers of the epochs, counted from 0.
        history: For the name of each log the list of its values.

    Example:
        >>> model = fastnn.Sequential([layers.Input((1,)), layers.Dense(1, kernel_initializer="ones")])
        >>> model.compile("sgd", "mse")
        >>> model.fit(np.ones((4, 1)), np.ones((4, 1)), epochs=2, verbose=0).epoch
        [0, 1]
    """

    __fastnn_keeps_history__ = True

    def __init__(self) -> None:
        super().__init__()
        self.epoch: list[int] = []
        self.history: dict[str, list[Any]] = {}

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forgets the numbers of the epochs of an earlier call."""
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Records the logs."""
        self.__fastnn_record__(epoch, {name: [value] for name, value in (logs or {}).items()}, 1)

    def __fastnn_record__(self, first: int, values: Mapping[str, Sequence[Any]], epochs: int | None = None) -> None:
        """Records the logs of some epochs.

        Args:
            first: The number of the first epoch, counted from 0.
            values: For the name of each log its values, one for each epoch.
            epochs: The number of epochs; None: that of the losses.
        """
        count = len(values["loss"]) if epochs is None else epochs
        known = len(self.epoch), {name: len(self.history.get(name, ())) for name in values}
        try:
            self._put(known, range(first, first + count), values)
        except KeyboardInterrupt:
            self._put(known, range(first, first + count), values)
            raise
        if self.model is not None:
            self.model.history = self

    def _put(self, known: tuple[int, dict[str, int]], epochs: range, values: Mapping[str, Sequence[Any]]) -> None:
        """Puts the logs of epochs after those that are known; twice is the same as once."""
        self.epoch[known[0] :] = epochs
        for name, length in known[1].items():
            self.history.setdefault(name, [])[length:] = values[name]

    def plot(self, names: Sequence[str] | None = None, log: bool = False, path: Any = None) -> Any:
        """Draws the logs over the epochs, those of training and of validation in one panel (matplotlib).

        Args:
            names: The names of the logs, without "val_"; None: all.
            log: True for a logarithmic scale of the values.
            path: A file to write, or None.

        Returns:
            The figure of matplotlib, which a notebook shows.

        Raises:
            ValueError: There is nothing to draw, or a name is not among the logs.
            ImportError: matplotlib is missing.

        Example:
            >>> model = fastnn.Sequential([layers.Input((1,)), layers.Dense(1)])
            >>> model.compile("sgd", "mse", metrics=["mae"])
            >>> history = model.fit(np.ones((4, 1)), np.ones((4, 1)), epochs=3, verbose=0)
            >>> [axes.get_ylabel() for axes in history.plot().axes]
            ['loss', 'mae']
        """
        known = list(dict.fromkeys(name.removeprefix("val_") for name in self.history))
        panels = known if names is None else list(names)
        unknown = [name for name in panels if name not in known]
        if unknown or not panels:
            got = f"{unknown[0]!r} is not among the logs" if unknown else "there are no logs yet"
            raise ValueError(f"History.plot: {got}; known: {', '.join(known) or 'none'}")
        columns = min(len(panels), 3)
        rows = -(-len(panels) // columns)
        figure = plotting.new_figure((4.6 * columns, 3.2 * rows), layout="constrained")
        for i, name in enumerate(panels):
            axes = figure.add_subplot(rows, columns, i + 1)
            for key, style, label in ((name, "-", "training"), (f"val_{name}", "--", "validation")):
                values = self.history.get(key)
                if values:
                    # A value that some epochs lack, as with validation_freq, is known of the last of them.
                    at = self._epochs_of(len(values), key.startswith("val_"))
                    axes.plot(at, values, style, marker="o" if len(values) < 20 else None, markersize=3, label=label)
            axes.set(xlabel="epoch", ylabel=name, yscale="log" if log else "linear")
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.grid(alpha=0.3)
            if f"val_{name}" in self.history:
                axes.legend()
        if path is not None:
            figure.savefig(path)
        return figure

    def _epochs_of(self, count: int, validated: bool) -> list[int]:
        """Returns the epochs, counted from 1, at which so many values stand."""
        longest = max(len(values) for values in self.history.values())
        if count == longest or not validated:
            return list(range(1, count + 1))
        step = max(longest // count, 1)
        return [step * (k + 1) for k in range(count)]

    def _repr_html_(self) -> str | None:
        """Returns the picture for notebooks that show HTML alone."""
        return self._repr_svg_()

    def _repr_svg_(self) -> str | None:
        """Returns the picture that a notebook shows; None without logs or matplotlib."""
        try:
            return plotting.figure_as_svg(self.plot()) if self.history else None
        except ImportError:
            return None
