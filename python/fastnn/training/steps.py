"""The steps of training as methods that a model may override, and what they do where it does not.

A model whose class overrides `train_step`, `test_step`, `predict_step`, `compute_loss` or `compute_metrics` runs the
programs of `own_steps.py`. The methods here are what `super()` leads to in such a class: they are written with a tape,
as Keras describes them. A model that overrides none of them never calls them.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from fastnn import ops
from fastnn.engine.step_trace import StepTrace
from fastnn.gradient_tape import GradientTape
from fastnn.metrics.metric import Metric
from fastnn.training.compiled import Compiled
from fastnn.training.ports import by_port
from fastnn.training.state import TrainingState


class Steps:
    """The part of a model that says what a step does."""

    optimizer: Any

    @property
    def __fastnn_training__(self) -> TrainingState:
        """The parts that training keeps of the model between calls."""
        raise NotImplementedError

    @property
    def metrics(self) -> list[Metric]:
        """The metrics."""
        raise NotImplementedError

    def __fastnn_overrides__(self, mode: str) -> bool:
        """Returns whether the class has steps of its own, or a layer that needs steps whose nodes run in order.

        Args:
            mode: "train", "test" or "predict".
        """
        cls = type(self)
        if mode == "predict":
            return cls.predict_step is not Steps.predict_step
        step = cls.train_step is not Steps.train_step if mode == "train" else cls.test_step is not Steps.test_step
        if mode == "train" and self.__fastnn_training__.programs.act_first():
            return True
        return step or cls.compute_loss is not Steps.compute_loss or cls.compute_metrics is not Steps.compute_metrics

    def train_step(self, data: Any) -> dict[str, Any]:
        """Runs a step of training; a class may override it, and is then trained by its own step.

        The code is run once for each set of shapes, on symbolic tensors, and becomes a program of the core.

        Args:
            data: What `fit` was given: x, (x, y) or (x, y, sample_weight), with a batch of any size.

        Returns:
            The values to log, by name: tensors, and results of metrics.

        Example:
            >>> class Doubled(fastnn.Model):
            ...     def __init__(self):
            ...         super().__init__()
            ...         self.dense = layers.Dense(1, kernel_initializer="ones", use_bias=False)
            ...
            ...     def call(self, x):
            ...         return self.dense(x)
            ...
            ...     def train_step(self, data):
            ...         x, y = data
            ...         with fastnn.GradientTape() as tape:
            ...             loss = 2 * ops.mean((self(x, training=True) - y) ** 2)
            ...         gradients = tape.gradient(loss, self.trainable_variables)
            ...         self.optimizer.apply(gradients, self.trainable_variables)
            ...         return {"loss": loss}
            >>> model = Doubled()
            >>> model.compile(fastnn.optimizers.SGD(0.125))
            >>> history = model.fit(np.ones((4, 1)), np.zeros((4, 1)), verbose=0)
            >>> history.history, float(model.dense.kernel.numpy()[0, 0])
            ({'loss': [2.0]}, 0.5)
        """
        x, y, sample_weight = unpacked(data)
        with GradientTape() as tape:
            y_pred = self(x, training=True)  # type: ignore[operator]
            loss = _loss_of(self, x, y, y_pred, sample_weight, True)
            if loss.shape != ():
                raise ValueError(
                    f"{type(self).__name__}.compute_loss returned a tensor of shape {loss.shape}, expected one number; "
                    "take ops.mean of it"
                )
            scaled = loss if self.optimizer is None else self.optimizer.scale_loss(loss)
        self._fastnn_track(loss, x)
        variables = self.trainable_variables  # type: ignore[attr-defined]
        if variables:
            self.optimizer.apply(tape.gradient(scaled, variables), variables)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """Runs a step of evaluation; see `train_step`.

        Args:
            data: What `evaluate` was given.

        Returns:
            The values to log, by name.
        """
        x, y, sample_weight = unpacked(data)
        y_pred = self(x, training=False)  # type: ignore[operator]
        loss = _loss_of(self, x, y, y_pred, sample_weight, False)
        self._fastnn_track(loss, x)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def predict_step(self, data: Any) -> Any:
        """Returns the outputs for a batch; a class may override it.

        Args:
            data: What `predict` was given.
        """
        x, _, _ = unpacked(data)
        return self(x, training=False)  # type: ignore[operator]

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Returns the whole loss of a batch in a step: the compiled losses and all penalties.

        Args:
            x: The samples.
            y: The targets.
            y_pred: The outputs of the model.
            sample_weight: The weight of each row, or None.
            training: True in a step of training.

        Returns:
            A tensor without axes.

        Raises:
            ValueError: The model has neither a compiled loss nor a penalty.
        """
        compiled = self._fastnn_compiled()
        found: list[Any] = []
        if compiled.terms:
            who, outputs = compiled.who(), compiled.outputs()
            several = len(outputs) > 1
            ys = by_port(who, "y", y, outputs, True) if several else [y]
            predicted = by_port(who, "y_pred", y_pred, outputs) if several else [y_pred]
            each = several and isinstance(sample_weight, (list, tuple, Mapping))
            weights = by_port(who, "sample_weight", sample_weight, outputs, True) if each else [sample_weight] * len(ys)
            for term in compiled.terms:
                true, made = ([given[k] for k in term.outputs] for given in (ys, predicted))
                weight = weights[term.outputs[0]]
                value = term.loss(term.structure.pack(true), term.structure.pack(made), sample_weight=weight)
                found.append(value if term.weight == 1 else value * term.weight)
        found += [ops.cast(penalty, "float32") for penalty in self.losses]  # type: ignore[attr-defined]
        if not found:
            raise ValueError(
                f"{compiled.who()} was compiled without a loss, and no layer adds one; give compile() a loss, or "
                "override compute_loss() or train_step()"
            )
        total = found[0]
        for one in found[1:]:
            total = total + one
        return total

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Updates the compiled metrics in a step and returns all results, by name.

        Args:
            x: The samples.
            y: The targets.
            y_pred: The outputs of the model.
            sample_weight: The weight of each row, or None.

        Returns:
            The results of all metrics by their names, tensors of the step.
        """
        compiled = self._fastnn_compiled()
        outputs = compiled.outputs()
        several = len(outputs) > 1
        ys = by_port(compiled.who(), "y", y, outputs, True) if several else [y]
        predicted = by_port(compiled.who(), "y_pred", y_pred, outputs) if several else [y_pred]
        shapes = tuple(None if one is None else tuple(one.shape[1:]) for one in ys)
        for measure in compiled.resolve(shapes):
            k = measure.output
            weights = sample_weight if measure.weighted else None
            measure.metric.update_state(ys[k], predicted[k], *([] if weights is None else [weights]))
        return self.__fastnn_results__()

    def __fastnn_results__(self) -> dict[str, Any]:
        """Returns the results of all metrics in a step, by name."""
        compiled = self.__fastnn_training__.compiled
        names = {} if compiled is None else {m.metric: m.name for m in compiled.measures or []}
        results: dict[str, Any] = {}
        for metric in self.metrics:
            found = metric.result()
            results.update(found if isinstance(found, Mapping) else {names.get(metric, metric.name): found})
        return results

    def _fastnn_compiled(self) -> Compiled:
        compiled = self.__fastnn_training__.compiled
        if compiled is None:
            raise ValueError(f"{type(self).__name__}: call compile() before its steps run")
        return compiled

    def _fastnn_track(self, loss: Any, x: Any) -> None:
        """Adds the loss of a batch, which counts by its rows, to the mean of the loss."""
        step = StepTrace.running()
        if step is None:
            raise RuntimeError(
                f"{type(self).__name__}: its steps run in fit, evaluate and train_on_batch; do not call them on arrays"
            )
        rows = ops.cast(ops.shape(_first(x))[0], "float32")
        tracker = self._fastnn_compiled().loss_tracker
        tracker.update_state(loss, sample_weight=rows)


def _loss_of(model: Steps, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool) -> Any:
    """Returns the loss of a batch; a `compute_loss` of older scripts has no argument `training`."""
    given = {"x": x, "y": y, "y_pred": y_pred, "sample_weight": sample_weight}
    parameters = inspect.signature(model.compute_loss).parameters
    if "training" in parameters or any(one.kind is one.VAR_KEYWORD for one in parameters.values()):
        given["training"] = training
    return model.compute_loss(**given)


def unpacked(data: Any) -> tuple[Any, Any, Any]:
    """Returns (x, y, sample_weight) of the data of a step; what is missing is None."""
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    if len(data) > 3:
        raise ValueError(f"a step expects x, (x, y) or (x, y, sample_weight) as data, got {len(data)} entries")
    x, y, sample_weight = (*data, None, None)[:3]
    return x, y, sample_weight


def _first(x: Any) -> Any:
    while isinstance(x, (Mapping, Sequence)) and not hasattr(x, "dtype"):
        x = next(iter(x.values())) if isinstance(x, Mapping) else x[0]
    return x
