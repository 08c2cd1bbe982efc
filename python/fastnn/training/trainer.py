"""The public methods of training: compile, fit, evaluate, predict and the methods for one batch.

Each method checks its arguments, lets the door check the data, and hands over to the loop or to a program. The parts
are those of the model's `TrainingState`; the headers of their files say which of them owns which argument.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import config, losses, optimizers
from fastnn.callbacks.callback_list import CallbackList
from fastnn.callbacks.history import History
from fastnn.callbacks.progress import settled_verbosity
from fastnn.caller import warn
from fastnn.data.arrays import ArraySource, Feed
from fastnn.data.batches import Batch
from fastnn.data.source import Chunk, Source
from fastnn.metrics.metric import Metric
from fastnn.signatures import explained
from fastnn.training import loop
from fastnn.training.intake import (
    checks_of_evaluation,
    checks_of_own_steps,
    checks_of_prediction,
    checks_of_training,
    checks_of_validation,
    open_source,
    split_off,
    split_rows,
)
from fastnn.training.ports import shapes_of
from fastnn.training.state import TrainingState
from fastnn.training.steps import Steps
from fastnn.training.together import processes
from fastnn.training.validation import validation_triple


class Trainer(Steps):
    """The part of a model that trains.

    Args:
        state: What training keeps of the model between calls.
    """

    optimizer: optimizers.Optimizer | None = None
    loss: Any = None
    stop_training = False
    stop_evaluating = False
    stop_predicting = False
    history: History | None = None

    def __init__(self, state: TrainingState) -> None:
        self._fastnn_training = state

    @property
    def __fastnn_training__(self) -> TrainingState:
        """The parts that training keeps of the model between calls.

        Raises:
            RuntimeError: The constructor of a class of your own does not call that of its base.
        """
        try:
            return self._fastnn_training
        except AttributeError:
            raise RuntimeError(
                f"{type(self).__name__}: call super().__init__() in its constructor, before all else"
            ) from None

    @explained
    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Sets the optimizer, the losses and the metrics; what is trainable now is trained.

        Args:
            optimizer: A name or an object of `fastnn.optimizers`. An object that was used before goes on with the
                state it has. None for a model that is only evaluated.
            loss: A name, an object or a function of `fastnn.losses`. For several outputs one for all, a list, or a
                dict by the names of the outputs; None for an output without a loss, such as that of a model whose
                whole loss is added by `add_loss` and needs no targets.
            loss_weights: The factor of the loss, or None; for several outputs a list or dict of factors.
            metrics: A list of names or objects of `fastnn.metrics`. The meaning of "accuracy" is read from the shapes
                of labels and outputs. For several outputs a list or dict with one entry, or a list of entries, for
                each.
            weighted_metrics: As `metrics`, but with the sample weights of `fit`.
            run_eagerly: Accepted for Keras compatibility; ignored.
            steps_per_execution: Number of steps after which hooks of batches are called once.
            jit_compile: Accepted for Keras compatibility; ignored.
            auto_scale_loss: Accepted for Keras compatibility; ignored.

        Raises:
            ValueError: A name is unknown; the message proposes the nearest.

        Example:
            >>> model = fastnn.Sequential([layers.Input((4,)), layers.Dense(3, activation="softmax")])
            >>> model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
            >>> model.metrics_names
            ['loss', 'accuracy']
        """
        who = self.__fastnn_training__.network.who()
        made = _optimizer_of(who, optimizer, loss)
        self.__fastnn_training__.compile(
            {
                "optimizer": made,
                "loss": loss,
                "loss_weights": loss_weights,
                "metrics": metrics,
                "weighted_metrics": weighted_metrics,
            }
        )
        self.optimizer, self.loss = made, loss
        self.run_eagerly, self.jit_compile = run_eagerly, bool(jit_compile)
        self.steps_per_execution = _integer("steps_per_execution", steps_per_execution)

    @property
    def metrics(self) -> list[Metric]:
        """The mean of the loss and the compiled metrics, then those among the attributes."""
        compiled = self.__fastnn_training__.compiled
        own = [one for value in vars(self).values() for one in (value if isinstance(value, list) else [value])]
        return [*([] if compiled is None else compiled.metrics), *(one for one in own if isinstance(one, Metric))]

    @explained
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: str | int = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Sequence[int] = 1,
    ) -> History:
        """Trains the model.

        After any error, and after Ctrl-C, the model is as it was after the last whole step and can be trained further.

        Args:
            x: The samples: an array of any numeric type, (batch, ...), read in place. For several inputs a list of
                arrays in their order, or a dict by their names. Or what yields batches (x,), (x, y) or
                (x, y, sample_weight): a generator, a `fastnn.utils.PyDataset`, or a loader that can be iterated, such
                as those of torch and tf.data. The next batches are made in a thread while the model trains.
            y: The targets: values of the output's shape, or labels (batch,). For several outputs a list or dict. None
                where x yields batches.
            batch_size: The number of rows of a step; None: 32, or all rows where the optimizer needs them (`LBFGS`).
                Ignored where x yields batches.
            epochs: The epoch to stop after, counted from 1; the number of epochs where `initial_epoch` is 0.
            verbose: 0: silent; 1: a progress bar for each epoch; 2: a line for each epoch; "auto": 1. Where standard
                output is no terminal, 1 prints lines.
            callbacks: A callback of `fastnn.callbacks`, or a list of them.
            validation_split: The share of rows, the last ones, that is kept for validation.
            validation_data: (x_val, y_val), (x_val, y_val, sample_weight), or what yields batches. Those of an
                iterator are kept in memory for the next validations, unless `validation_steps` is given.
            shuffle: True to shuffle the rows, or the batches of a `PyDataset`, before each pass.
            class_weight: A dict from labels to their weights in the loss.
            sample_weight: The weight of each row in the loss, (batch,); for several outputs one array for all, a list
                or a dict.
            initial_epoch: The first epoch, counted from 0.
            steps_per_epoch: The number of steps of an epoch; None: as many as it takes to see all rows (a generator
                without end needs a number). The next epoch goes on with the rows that are left. Where they end within
                an epoch, the epoch ends with a warning.
            validation_steps: The number of steps of a validation, counted from the first row (an iterator goes on);
                None: all rows.
            validation_batch_size: The number of rows of a step of validation; None: `batch_size`.
            validation_freq: Validate every so many epochs, or after the epochs of a list (counted from 1).

        Returns:
            A `History`, whose `history` holds the logs of each epoch.

        Raises:
            ValueError: The data do not fit the model or one another, or hold NaN.
            TypeError: The data are not numbers.

        Example:
            >>> model = fastnn.Sequential([layers.Input((1,)), layers.Dense(1, kernel_initializer="ones")])
            >>> model.compile("sgd", "mse")
            >>> history = model.fit(np.ones((8, 1)), np.ones((8, 1)), epochs=2, verbose=0)
            >>> history.history
            {'loss': [0.0, 0.0]}
        """
        state = self.__fastnn_training__
        door, programs = state.door, state.programs
        compiled = state.require("fit")
        own, own_test = self.__fastnn_overrides__("train"), self.__fastnn_overrides__("test")
        rows_of_step: Any = 32 if own else compiled.optimizer.__fastnn_batch_size__
        group = processes()
        rows_of_step = group.rows_of_step("batch_size", _rows_of_batch("batch_size", batch_size, rows_of_step))
        epochs = _epochs(epochs)
        initial_epoch = _integer("initial_epoch", initial_epoch, 0)
        verbosity = group.verbosity(settled_verbosity(verbose))
        if x is None:
            raise ValueError(f"{state.network.who()}: x is missing; pass the samples as x=")
        data, held_data = Batch(x, y, sample_weight), None
        if validation_data is not None:
            held_data = Batch(
                *validation_triple(
                    validation_data, len(state.network.ports().inputs), self.__fastnn_overrides__("test")
                )
            )
        elif validation_split:
            cut = split_rows if own else split_off
            data, held_data = cut(door, compiled, data, validation_split)
        with ExitStack() as opened:
            orders = state.row_order if shuffle else None
            check = (
                checks_of_own_steps(door, class_weight, True)
                if own
                else checks_of_training(door, compiled, class_weight)
            )
            source, feed = open_source(data, check, rows_of_step, orders)
            opened.callback(source.close)
            validation = None
            if held_data is not None:
                size = rows_of_step
                if validation_batch_size is not None:
                    size = _rows_of_batch("validation_batch_size", validation_batch_size)
                    size = group.rows_of_step("validation_batch_size", size)
                held, held_feed = open_source(
                    held_data,
                    checks_of_own_steps(door) if own_test else checks_of_validation(door, compiled),
                    size,
                    keeps=validation_steps is None,
                )
                opened.callback(held.close)
                validation = loop.Validation(held, _steps("validation_steps", validation_steps, held), validation_freq)
            # A loss or metric that cannot be computed raises before the first step.
            program = programs.training(compiled, feed.x, feed.y)
            if validation is not None:
                programs.evaluation(compiled, held_feed.x, held_feed.y)
            steps = _steps("steps_per_epoch", steps_per_epoch, source)
            compiled.warn_of_changes()
            group.check(self, feed, batch_size=rows_of_step if isinstance(rows_of_step, int) else None, epochs=epochs,
                        initial_epoch=initial_epoch, steps=steps, shuffle=bool(shuffle),
                        validation=None if validation is None else held_feed.rows)  # fmt: skip
            hooks = CallbackList(group.callbacks(callbacks), True, verbosity != 0, self, epochs=epochs,
                                 steps=_shown(steps, source), verbose=verbosity)  # fmt: skip
            history: History = hooks.history
            self.history = history
            run = loop.Run(
                self, compiled, programs, source, hooks, epochs=epochs, initial_epoch=initial_epoch, steps=steps,
                optimizer=program.optimizer, processes=group, validation=validation,
            )  # fmt: skip
            run.execute()
        return history

    @explained
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Returns the loss and the metrics on data; the model does not change.

        Args:
            x: The samples, (batch, ...), or what yields batches, as in `fit`.
            y: The targets; None where x yields batches.
            batch_size: The number of rows of a step; None: 32.
            verbose: As in `fit`.
            sample_weight: The weight of each row, or None.
            steps: The number of batches; None: all. Where there are fewer, they are taken, with a warning.
            callbacks: A callback of `fastnn.callbacks`, or a list of them.
            return_dict: True to return a dict.

        Returns:
            The loss as a float; [loss, metrics...] where metrics were compiled; for several outputs [loss, loss of
            each, metrics... by name]; a dict sorted by name with `return_dict`.

        Raises:
            ValueError: The data do not fit the model or one another.

        Example:
            >>> model = fastnn.Sequential([layers.Input((1,)), layers.Dense(1, kernel_initializer="ones")])
            >>> model.compile("sgd", "mse", metrics=["mae"])
            >>> model.evaluate(np.ones((4, 1)), np.zeros((4, 1)), verbose=0)
            [1.0, 1.0]
        """
        state = self.__fastnn_training__
        compiled = state.require("evaluate")
        group = processes()
        batch_size = group.rows_of_step("batch_size", _rows_of_batch("batch_size", batch_size))
        verbosity = group.verbosity(settled_verbosity(verbose))

        own = self.__fastnn_overrides__("test")
        check = checks_of_own_steps(state.door) if own else checks_of_evaluation(state.door, compiled)
        source, feed = open_source(Batch(x, y, sample_weight), check, batch_size)
        with closing(source):
            program = state.programs.evaluation(compiled, feed.x, feed.y)
            group.settle(self)
            steps = _steps("steps", steps, source)
            if callbacks is None and not verbosity and steps is None and isinstance(source, ArraySource):
                return _returned(loop.evaluate_unwatched(program, source), return_dict)
            hooks = CallbackList(group.callbacks(callbacks), False, verbosity != 0, self, epochs=1,
                                 steps=_shown(steps, source), verbose=verbosity)  # fmt: skip
            with closing(hooks):
                logs = loop.evaluate(compiled, state.programs, source, steps, hooks)
        return _returned(logs, return_dict)

    @explained
    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """Returns the outputs of the model; those of a row do not depend on the batch that it is in.

        Args:
            x: The samples, (batch, ...), or what yields batches, as in `fit`, of which only the samples are read.
            batch_size: The number of rows of a batch; None: 32.
            verbose: As in `fit`.
            steps: The number of batches; None: all. Where there are fewer, they are taken, with a warning.
            callbacks: A callback of `fastnn.callbacks`, or a list of them.

        Returns:
            A float32 array of as many rows, in the order of x; for several outputs a list or dict, as the outputs of
            the model were given.

        Raises:
            ValueError: The data do not fit the model.

        Example:
            >>> model = fastnn.Sequential([layers.Input((2,)), layers.Dense(1, kernel_initializer="ones")])
            >>> model.predict(np.array([[1.0, 2.0], [3.0, 4.0]]), verbose=0)
            array([[3.],
                   [7.]], dtype=float32)
        """
        batch_size = 32 if batch_size is None else _rows_of_batch("batch_size", batch_size)
        group = processes()
        if group.size > 1:
            group.settle(self)
            if steps is None and callbacks is None:
                quiet = group.verbosity(settled_verbosity(verbose))
                return group.predicted(self, x, batch_size, lambda own: _outputs(self, own, batch_size, quiet))
        return _outputs(self, x, batch_size, verbose, steps, callbacks)

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """Runs one step of training on one batch.

        Args:
            x: The samples, (batch, ...).
            y: The targets.
            sample_weight: The weight of each row, or None.
            class_weight: A dict from labels to their weights, or None.
            return_dict: True to return a dict.

        Returns:
            As `evaluate`, for this batch alone.

        Raises:
            ValueError: The data do not fit the model or one another, or hold NaN.

        Example:
            >>> model = fastnn.Sequential([layers.Input((1,)), layers.Dense(1, kernel_initializer="ones")])
            >>> model.compile("sgd", "mse")
            >>> model.train_on_batch(np.ones((4, 1)), np.zeros((4, 1)))
            1.0
        """
        state = self.__fastnn_training__
        compiled = state.require("train_on_batch")
        if self.__fastnn_overrides__("train"):
            feed = checks_of_own_steps(state.door, class_weight, True)(Batch(x, y, sample_weight), None)
        else:
            feed = state.door.feed(compiled, x, y, sample_weight, class_weight, check_nan=True)
            state.door.check_batches(feed.x, feed.rows, feed.rows)
        program = state.programs.training(compiled, feed.x, feed.y)
        processes().settle(self)
        program.reset()
        program.run(_one_batch(feed), program.rates(1), 0.0)
        return _returned(program.logs(), return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Returns the loss and the metrics of one batch; the model does not change.

        Args:
            x: The samples, (batch, ...).
            y: The targets.
            sample_weight: The weight of each row, or None.
            return_dict: True to return a dict.

        Returns:
            As `evaluate`, for this batch alone.

        Raises:
            ValueError: The data do not fit the model or one another.

        Example:
            >>> model = fastnn.Sequential([layers.Input((1,)), layers.Dense(1, kernel_initializer="ones")])
            >>> model.compile("sgd", "mse")
            >>> model.test_on_batch(np.ones((4, 1)), np.zeros((4, 1)), return_dict=True)
            {'loss': 1.0}
        """
        state = self.__fastnn_training__
        compiled = state.require("test_on_batch")
        if self.__fastnn_overrides__("test"):
            feed = checks_of_own_steps(state.door)(Batch(x, y, sample_weight), None)
        else:
            feed = state.door.feed(compiled, x, y, sample_weight)
            state.door.check_batches(feed.x, feed.rows, feed.rows)
        program = state.programs.evaluation(compiled, feed.x, feed.y)
        processes().settle(self)
        program.reset()
        program.run(_one_batch(feed), None, 0.0)
        return _returned(program.logs(), return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """Returns the outputs for one batch.

        Args:
            x: The samples, (batch, ...).

        Returns:
            A float32 array of as many rows; for several outputs a list or dict, as the outputs of the model were given.

        Raises:
            ValueError: The data do not fit the model.

        Example:
            >>> model = fastnn.Sequential([layers.Input((2,)), layers.Dense(1, kernel_initializer="ones")])
            >>> model.predict_on_batch(np.array([[1.0, 2.0]]))
            array([[3.]], dtype=float32)
        """
        state = self.__fastnn_training__
        result = state.programs.at_once(x, None)
        return _predicted(state, x, self.__fastnn_overrides__("predict")) if result is None else result

    def gradients(self, x: Any, y: Any, sample_weight: Any = None) -> dict[str, NDArray[np.float32]]:
        """Returns the gradient of the loss, penalties included, for every trained weight; nothing is updated.

        Args:
            x: The samples, all as one batch.
            y: The targets.
            sample_weight: The weight of each row, or None.

        Returns:
            Arrays of the weights' shapes, by path.

        Raises:
            ValueError: The data do not fit the model or one another.

        Example:
            >>> model = fastnn.Sequential(
            ...     [layers.Input((1,)), layers.Dense(1, kernel_initializer="ones", use_bias=False, name="line")]
            ... )
            >>> model.compile("sgd", "mse")
            >>> model.gradients(np.ones((4, 1)), np.zeros((4, 1)))
            {'line/kernel': array([[2.]], dtype=float32)}
        """
        state = self.__fastnn_training__
        compiled = state.require("gradients")
        feed = state.door.feed(compiled, x, y, sample_weight)
        program = state.programs.training(compiled, feed.x, feed.y)
        found = {id(handle): gradient for handle, gradient in program.trainer.gradients(feed.columns)}
        paths = state.network.weight_paths()
        return {path: found[id(v.handle)] for path, v in paths if id(v.handle) in found}


def _outputs(
    model: Trainer, x: Any, batch_size: int, verbose: Any, steps: int | None = None, callbacks: Any = None
) -> Any:
    """Returns the outputs of the model, computed by this process."""
    state = model.__fastnn_training__
    # An array, such as the one row that a server asks for, goes straight to the core.
    if verbose == 0 and steps is None and callbacks is None:
        result = state.programs.at_once(x, batch_size)
        if result is not None:
            return result
    verbosity = settled_verbosity(verbose)
    own = model.__fastnn_overrides__("predict")

    check = checks_of_own_steps(state.door) if own else checks_of_prediction(state.door)
    source, feed = open_source(Batch(x), check, batch_size)
    with closing(source):
        steps = _steps("steps", steps, source)
        total = _shown(steps, source)
        hooks = CallbackList(callbacks, False, verbosity != 0, model, epochs=1, steps=total, verbose=verbosity)
        with closing(hooks):
            made = state.programs.structure_of(feed.x)
            return loop.predict(state.programs.predictor, source, steps, hooks, made)


def _integer(name: str, value: Any, least: int = 1) -> int:
    """Returns the value of an argument that is an integer of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        got = f"an array of shape {np.shape(value)}" if np.ndim(value) else repr(value)
        mend = "; arrays of validation are given by name: validation_data=(x_val, y_val)" if np.ndim(value) else ""
        raise ValueError(f"{name} expects an integer of at least {least}, got {got}{mend}")
    return int(value)


def _rows_of_batch(name: str, value: Any, otherwise: Any = 32) -> Any:
    """Returns the number of rows of a batch that an argument asks for. None means `otherwise`."""
    # No data have as many rows as the bound; beyond it the numbers of rows would not be integers of the core.
    if type(value) is int and 0 < value <= 1 << 48:
        return value
    return otherwise if value is None else min(_integer(name, value), 1 << 48)


def _epochs(epochs: Any) -> int:
    """Returns the number of epochs that was asked for, within the limit of the configuration."""
    asked, most = _integer("epochs", epochs, 0), config.max_epochs()
    if most is None or asked <= most:
        return asked
    warn(f"epochs={asked} is limited to {most} by config.set_max_epochs")
    return most


def _steps(name: str, steps: int | None, source: Source) -> int | None:
    """Returns the number of steps that was asked for, within the limit of the configuration; None for a whole pass."""
    asked, most = source.steps if steps is None else _integer(name, steps), config.max_steps_per_epoch()
    if most is None or (asked is not None and asked <= most):
        return None if steps is None else asked
    return most


def _shown(steps: int | None, source: Source) -> int | None:
    """Returns the number of steps that callbacks are told of; None where it is not known."""
    return source.steps if steps is None else steps


def _one_batch(feed: Feed) -> Chunk:
    return Chunk(feed.columns, None, feed.rows, 0, 1, feed.x, feed.y, feed.inputs)


def _returned(logs: dict[str, Any], return_dict: bool) -> Any:
    if return_dict:
        return dict(sorted(logs.items()))
    values = list(logs.values())
    return values[0] if len(values) == 1 else values


def _predicted(state: TrainingState, x: Any, own: bool) -> Any:
    """Returns the outputs for one batch, with `own` by a step of the user's own."""
    if own:
        feed = checks_of_own_steps(state.door)(Batch(x), None)
        return state.programs.structure_of(feed.x).pack(state.programs.predictor(feed.x)(feed.inputs))
    xs = state.door.inputs(x)
    shapes = shapes_of(xs)
    state.door.check_ranges(xs, shapes)
    state.door.check_batches(shapes, len(xs[0]), len(xs[0]))
    return state.network.ports().made.pack(state.programs.predictor(shapes)(xs))


def _optimizer_of(who: str, optimizer: Any, loss: Any) -> optimizers.Optimizer | None:
    """Returns the optimizer of `compile`, or raises; where optimizer and loss are exchanged, the error says so."""
    try:
        made: optimizers.Optimizer | None = None if optimizer is None else optimizers.get(optimizer)
    except (TypeError, ValueError):
        if isinstance(optimizer, (losses.Loss, Metric)) or _is_known(losses.get, optimizer):
            raise ValueError(
                f"{who}: compile expects the optimizer first, got the loss {optimizer!r}; write "
                "compile(optimizer='adam', loss='mse')"
            ) from None
        raise
    return made


def _is_known(get: Callable[[Any], Any], name: Any) -> bool:
    """Returns whether a family has a member of this name."""
    try:
        return isinstance(name, str) and get(name) is not None
    except ValueError:
        return False
