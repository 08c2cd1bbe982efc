"""The programs of a model: graphs of the core for training, evaluation and inference, kept by mode and shape.

A program is made from the layers of the model when it is first needed, and dropped when the layers change or the model
is compiled again. A model whose layers leave sizes open has one for each shape of the samples; the oldest is dropped
where there would be too many.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastnn import _core, losses, ops
from fastnn.distribution.strategies import distribution
from fastnn.engine.contract import Part, state_of, title
from fastnn.engine.eager import evaluate
from fastnn.engine.eager_array import EagerArray, mask_of
from fastnn.engine.emission import Emission
from fastnn.engine.network import Port
from fastnn.engine.ownership import LayerChanges, TrainableChanges
from fastnn.losses.reduction import reduced
from fastnn.metrics.mean_of_function import MeanOfFunction
from fastnn.metrics.metric import Metric
from fastnn.precision import floatx, is_float
from fastnn.symbolic.accumulator import Accumulator
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import Shape
from fastnn.symbolic.variable import Variable
from fastnn.training.compiled import Compiled, Measure, Target, how_targets_are_read, how_weights_are_read
from fastnn.training.own_steps import Sample, StepProgram, prediction_of_model, step_of_model
from fastnn.training.pitfalls import warn_of_frozen, warn_of_outputs
from fastnn.training.ports import Shapes, TargetShapes, Trainable, input_edges, label
from fastnn.training.program import Program
from fastnn.training.together import peers, processes

_UNWEIGHTED = -1
"""Stands for an index of sample weights where there are none."""
_UNMASKED = -1
"""Stands for the edge of a mask where there is none."""
_MOST_PROGRAMS = 12
"""The number of programs that a model keeps."""


class Inference(NamedTuple):
    """A graph for prediction, for samples of some shapes.

    Attributes:
        graph: The graph.
        outputs: The edges of its outputs.
        shapes: The shapes of its outputs.
        ranges: For each input the integers that it may hold, and the layer that requires it, or None.
        rows: The number of rows that each batch must have, and the layer that requires it, or None.
    """

    graph: _core.Graph
    outputs: list[int]
    shapes: list[Shape]
    ranges: list[tuple[int, int, str] | None]
    rows: tuple[int, str] | None


class _TargetEdges:
    """The inputs of a graph that carry targets, in the order in which the door hands them over."""

    def __init__(self, graph: _core.Graph, targets: Sequence[Target], outputs: Sequence[Port], shapes: list[Shape],
                 y: TargetShapes) -> None:  # fmt: skip
        self.edges: dict[Target, int] = {}
        for k, how in targets:
            shape: Shape = shapes[k]
            given = y[k] if k < len(y) else None
            if how == "labels":
                shape = shape[:-1]
            elif how == "weights":
                shape = (None,)
            elif how == "weights of values":
                shape = shape[:-1]
            elif how == "as given" and given is not None:
                shape = (None, *given)
            dtype = "int32" if how == "labels" else "float32"
            self.edges[k, how] = graph.input(shape, dtype, label("y", outputs[k], outputs))

    def of(self, output: int, measure: losses.Loss | Any) -> int:
        """Returns the edge that a loss or metric of an output reads."""
        return self.edges[output, how_targets_are_read(measure)]


class _Direct(NamedTuple):
    """What an array that is the only input of a model is given to without further questions.

    Attributes:
        predictor: The program.
        shape: The shape of a sample.
        kinds: The kinds of NumPy's types that the core reads for it as they are.
        limits: The integers that the array may hold: from the first to below the second; None: any number.
        changes: `TrainableChanges.count` where it depends on that, else None.
    """

    predictor: Any
    shape: tuple[int, ...]
    kinds: str
    limits: tuple[int, int] | None
    changes: int | None


class Programs:
    """The programs of one model.

    Args:
        network: The model.
    """

    def __init__(self, network: Trainable) -> None:
        self._network = network
        self._kept: dict[Any, Any] = {}
        # By the `training` of a call, or "predict".
        self._direct: dict[Any, _Direct] = {}
        # The last program of a mode, with what it was asked for by.
        self._last: dict[str, tuple[Compiled, Any, TargetShapes, Any, Program]] = {}
        self._inputs: Sequence[Port] = ()
        self._is_open = False
        self._seen = -1
        self._revisions = LayerChanges.revisions
        self._layers: list[Part] = []
        self._acts_first = False

    def __len__(self) -> int:
        return len(self._kept)

    # Keeping and dropping.

    def clear(self) -> None:
        """Drops all programs."""
        self._kept.clear()
        self._direct.clear()
        self._last.clear()

    def refresh(self) -> None:
        """Drops the programs where the layers of the model, or those of a nested model, have changed."""
        if self._seen == LayerChanges.count:
            return
        current = [layer for layer, _ in self._network.leaves()]
        same = len(current) == len(self._layers) and all(
            one is other for one, other in zip(current, self._layers, strict=True)
        )
        if not same or self._revisions != LayerChanges.revisions:
            self.clear()
            self._revisions = LayerChanges.revisions
            self._layers = current
            self._acts_first = any(type(layer).__fastnn_acts_first__ for layer in current)
            self._network.layers_changed()
        self._seen = LayerChanges.count

    def act_first(self) -> bool:
        """Returns whether a layer writes variables before a step reads them, so that steps have to run in order."""
        self.refresh()
        return self._acts_first

    def reset_sums(self) -> None:
        """Sets the sums of losses and metrics of all programs to zero."""
        for program in self._kept.values():
            if isinstance(program, Program):
                program.reset()

    def _keep(self, key: Any, program: Any) -> Any:
        while len(self._kept) >= _MOST_PROGRAMS:
            self._kept.pop(next(iter(self._kept)))
            self._last.clear()
        self._kept[key] = program
        return program

    def _emission(self, training: bool | None, trainable: Mapping[Part, bool] | None = None) -> Emission:
        """Returns an empty graph of the type of floats of the model."""
        return Emission(training, trainable, self.floats())

    def floats(self) -> str:
        """Returns the type of floats in which the model computes."""
        return self._network.floats()

    def _open_shapes(self, x: Shapes) -> Shapes:
        """Returns the shapes of the samples where the model leaves sizes or inputs open; none where it does not."""
        inputs = self._network.ports().inputs
        if inputs is not self._inputs:
            self._is_open = any(port.optional or port.shape is None or None in port.shape[1:] for port in inputs)
            self._inputs = inputs
        return x if self._is_open else ()

    def recorders(self, training: bool) -> list[_core.Trainer | _core.Predictor]:
        """Returns the programs of the core that record where their time goes.

        Args:
            training: Those of steps; False: those of predictions.
        """
        if training:
            return [one.trainer for one in self._kept.values() if isinstance(one, Program | StepProgram)]
        return [one for one in self._kept.values() if type(one).__name__ == "Predictor"]

    # Inference.

    def inference(self, x: Shapes = ()) -> Inference:
        """Returns the graph for prediction.

        Args:
            x: The shapes of the samples, for a model that leaves sizes open.
        """
        key = "inference", self._open_shapes(x)
        found: Inference | None = self._kept.get(key)
        if found is None:
            emission = self._emission(False)
            graph = emission.graph
            inputs = input_edges(emission, self._network.ports().inputs, x)
            outputs = self._network.emit(emission, inputs)
            shapes = [tuple(graph.spec(edge)[0]) for edge in outputs]
            ranges = [graph.range(edge) for edge in inputs]
            found = self._keep(key, Inference(graph, outputs, shapes, ranges, emission.fixed_rows()))
        return found

    def structure_of(self, x: Any) -> Structure:
        """Returns the structure of the outputs of a prediction."""
        return self.own_prediction(x)[1] if isinstance(x, Sample) else self._network.ports().made

    def predictor(self, x: Any = ()) -> _core.Predictor:
        """Returns the program that predicts."""
        if isinstance(x, Sample):
            return self.own_prediction(x)[0]
        key = "predict", self._open_shapes(x)
        found: _core.Predictor | None = self._kept.get(key)
        inference = self.inference(x)
        if found is None:
            found = self._keep(key, _core.core_of(inference.graph).Predictor(inference.graph, inference.outputs))
        ports = self._network.ports()
        port = ports.inputs[0]
        if port.shape is not None and ports.given.alone and ports.made.alone and inference.rows is None:
            direct = self._direct_of(found, (x[0] if x else None) or port.shape[1:])
            if not self._network.model.__fastnn_overrides__("predict"):
                self._direct["predict"] = direct
            for training in (None, False):
                if not self.differs_in_call(training, x):
                    self._direct[training] = direct
        return found

    def _direct_of(self, predictor: Any, shape: Any, changes: int | None = None) -> _Direct:
        """Returns what the only input of the model, with samples of a shape, is given to directly."""
        port, limits = self._network.ports().inputs[0], self.inference((shape,)).ranges[0]
        kinds = "fiub" if is_float(port.dtype) else "iu" if port.dtype == "int32" else ""
        return _Direct(predictor, shape, kinds, None if limits is None else limits[:2], changes)

    def differs_in_call(self, training: bool | None, x: Shapes = ()) -> bool:
        """Returns whether a call on arrays gives more than `predict`: random values, masks of its outputs, penalties.

        Args:
            training: That of the call: None or False.
            x: The shapes of the samples, for a model that leaves sizes open.
        """
        key = "call", self._open_shapes(x)
        found: tuple[bool, bool] | None = self._kept.get(key)
        if found is None:
            emission = self._emission(None)
            outputs = self._network.emit(emission, input_edges(emission, self._network.ports().inputs, x))
            more = bool(emission.penalties) or any(edge in emission.masks for edge in outputs)
            found = self._keep(key, (emission.is_random, more))
        assert found is not None
        return found[1] or (training is None and found[0])

    def at_once(self, x: Any, batch_size: int | None, how: bool | str | None = "predict") -> NDArray[np.float32] | None:
        """Returns the output for an array; None where the usual way has to be taken.

        A server asks for one row at a time: nothing is looked up here that was looked up at the call before.

        Args:
            x: What the model was called with.
            batch_size: The number of rows of a batch; None: all.
            how: The `training` of a call, or "predict".
        """
        if self._seen != LayerChanges.count:
            self.refresh()
        direct = self._direct.get(how)
        if direct is None or (direct.changes is not None and direct.changes != TrainableChanges.count):
            return None
        if type(x) is not np.ndarray and (type(x) is not EagerArray or mask_of(x) is not None):
            return None
        shape = x.shape
        if shape[1:] != direct.shape or not shape[0] or x.dtype.kind not in direct.kinds:
            return None
        if direct.limits is not None and _core.first_outside(x, *direct.limits) >= 0:
            return None
        predictor = direct.predictor
        output: NDArray[np.float32]
        if batch_size is None or shape[0] <= batch_size:
            output = predictor.alone(x)
            return output
        if not predictor.plain():
            return None
        ((of_row, dtype),) = predictor.outputs()
        output = np.empty((shape[0], *of_row[1:]), dtype)
        predictor.run([x], 0, shape[0], batch_size, [output])
        return output

    def in_training(
        self, x: Any, arrays: list[NDArray[Any]], masks: list[NDArray[np.bool_] | None], part: Part
    ) -> list[EagerArray]:
        """Returns the outputs of the model for inputs x, computed as in a training step.

        Args:
            x: The inputs as they were given.
            arrays: The same, checked, one by one.
            masks: For each of them its mask, or None.
            part: The model.
        """
        outputs = evaluate(part, arrays, masks, None, True)
        ports = self._network.ports()
        alone = ports.given.alone and ports.made.alone
        unmasked = all(mask is None for mask in [*masks, *map(mask_of, outputs)])
        kept = state_of(part).training_predictor
        assert kept is not None
        if alone and unmasked and not kept[-1] and isinstance(x, np.ndarray) and x.shape == arrays[0].shape:
            self._direct[True] = self._direct_of(kept[1], x.shape[1:], TrainableChanges.count)
        return outputs

    def output_shapes(self, x: Shapes) -> list[Shape]:
        """Returns the shapes of the outputs for samples of these shapes."""
        known = [port.shape for port in self._network.ports().outputs]
        if not any(shape is None or None in shape[1:] for shape in known):
            return known  # type: ignore[return-value]
        return self.inference(x).shapes

    # Training and evaluation.

    def training(self, compiled: Compiled, x: Any = (), y: TargetShapes = ()) -> Any:
        """Returns the program that trains.

        Args:
            compiled: What `compile` was given.
            x: The shapes of the samples, for a model that leaves sizes open.
            y: The shapes of the targets, for losses and metrics of the user's own.
        """
        return self._steps("train", compiled, x, y)

    def evaluation(self, compiled: Compiled, x: Any = (), y: TargetShapes = ()) -> Any:
        """Returns the program that evaluates; its arguments are those of `training`."""
        return self._steps("test", compiled, x, y)

    def of_step(self, compiled: Compiled, method: str, sample: Sample) -> StepProgram:
        """Returns the program of a step of the user's own.

        Args:
            compiled: What `compile` was given.
            method: The name of the method of the model.
            sample: The shapes of the data.
        """
        processes().tell_of_whole_batches(self._network.model, f"{method} is code of its own")
        key = method, sample.key
        found: StepProgram | None = self._kept.get(key)
        if found is None or found.rows not in (0, sample.rows):
            self._network.prepare_for_step(*sample.inputs())
            _resolve(compiled, sample)
            move_metrics(self._network.model.metrics, self._network.floats())
            found = self._keep(key, step_of_model(self._network.model, method, sample))
        assert found is not None
        return found

    def own_prediction(self, sample: Sample) -> tuple[_core.Predictor, Structure]:
        """Returns the predictor of a `predict_step` of the user's own, and the structure of its outputs.

        Args:
            sample: The shapes of the data.
        """
        key = "predict_step", sample.key
        found: tuple[_core.Predictor, Structure] | None = self._kept.get(key)
        if found is None:
            self._network.prepare_for_step(*sample.inputs())
            found = self._keep(key, prediction_of_model(self._network.model, sample))
        assert found is not None
        return found

    def _steps(self, mode: str, compiled: Compiled, x: Any, y: TargetShapes) -> Any:
        last = self._last.get(mode)
        current = distribution()
        if last is not None and last[0] is compiled and last[1] == x and last[2] == y and last[3] is current:
            return last[4]
        if isinstance(x, Sample):
            return self.of_step(compiled, f"{mode}_step", x)
        measures = compiled.resolve(y)
        key = mode, current, self._open_shapes(x), tuple(y) if compiled.reads_targets_as_given else ()
        program: Program | None = self._kept.get(key)
        if program is None:
            program = self._keep(key, self._program(mode, compiled, measures, x, y))
        self._last[mode] = compiled, x, y, current, program
        return program

    def _program(self, mode: str, compiled: Compiled, measures: list[Measure], x: Any, y: TargetShapes) -> Program:
        ports = self._network.ports()
        emission = self._emission(mode == "train", compiled.current_trained())
        graph = emission.graph
        predicted = self._network.emit(emission, input_edges(emission, ports.inputs, x))
        if emission.first:
            raise ValueError(
                f"{self._network.who()} has got a layer that writes its weights before a step, such as "
                "SpectralNormalization, while it was built; call build() or the model before fit()"
            )
        shapes = [tuple(graph.spec(edge)[0]) for edge in predicted]
        targets = _TargetEdges(graph, compiled.targets(), ports.outputs, shapes, y)
        masks = [emission.masks.get(edge, _UNMASKED) for edge in predicted]
        # Losses go before penalties, in the order of the logs.
        found: list[tuple[int, float, int, bool, int]] = []
        penalties = emission.penalties
        emission.penalties = []
        for term in compiled.terms:
            loss, weight, k = term.loss, term.weight, term.outputs[0]
            read = [targets.of(output, loss) for output in term.outputs]
            made = [predicted[output] for output in term.outputs]
            if term.structure.alone:
                values = loss.__fastnn_emit__(emission, read[0], made[0])
            else:
                values = loss.__fastnn_emit_structure__(emission, term.structure, read, made)
            values = _per_sample(emission, values, "sum" if loss.reduction == "sum" else "mean")
            mask = _mask(emission, loss, read[0], values, masks[k])
            if loss.reduction == "mean_with_sample_weight":
                given = targets.edges[k, how_weights_are_read(loss)]
                found.append((_weighted_mean(emission, values, given, mask), weight, _UNWEIGHTED, True, _UNMASKED))
            else:
                found.append((values, weight, k, loss.reduction == "sum", mask))
        emission.penalties[:0] = penalties
        _add_weight_penalties(emission, compiled.trained)
        terms = found + [(penalty, 1.0, _UNWEIGHTED, False, _UNMASKED) for penalty in emission.penalties]
        measured: list[tuple[int, int, int]] = []
        in_core = []
        move_metrics([compiled.loss_tracker, *(measure.metric for measure in measures)], emission.floats)
        for measure in measures:
            metric, k = measure.metric, measure.output
            weights_read = targets.edges[k, "weights"] if measure.reads_weights else None
            mask_read = None if masks[k] == _UNMASKED else masks[k]
            edge = metric.__fastnn_emit__(emission, targets.of(k, metric), predicted[k], weights_read, mask_read)
            in_core.append(edge is not None)
            if edge is not None:
                edge = _per_sample(emission, edge, "mean")
                mask = _fitting_mask(graph, edge, masks[k])
                if measure.weighted and isinstance(metric, MeanOfFunction):
                    mask = _mask(emission, metric, targets.of(k, metric), edge, mask)
                measured.append((edge, k if measure.weighted else _UNWEIGHTED, mask))
        optimizers: _core.Optimizers = []
        if mode == "train":
            made_by = [emission.nodes.get(edge) for edge in predicted]
            warn_of_outputs(self._network.who(), compiled.losses, ports.outputs, shapes, made_by)
            optimizer = compiled.optimizer
            if not terms:
                raise ValueError(
                    f"{self._network.who()} was compiled without a loss, and no layer adds one; give compile() a loss, "
                    "such as 'mse'"
                )
            trained = [variable for layer in compiled.trained for variable in emission.trained(layer)]
            if not trained:
                warn_of_frozen(self._network.who())
            optimizers = optimizer.__fastnn_commits__(trained)
        try:
            trainer = emission.core.Trainer(graph, terms, measured, optimizers, peers(emission.core))
        except emission.core.NotInParts as why:
            processes().tell_of_whole_batches(self._network.model, str(why))
            trainer = emission.core.Trainer(graph, terms, measured, optimizers)
        return Program(
            trainer, len(terms), compiled.loss_names(), measures, in_core, compiled.loss_tracker,
            compiled.optimizer if mode == "train" else None, processes().whole_steps,
        )  # fmt: skip


def move_metrics(metrics: Iterable[Metric], floats: str) -> None:
    """Gives the variables of metrics the type of floats of the model that they measure."""
    if any([variable.__fastnn_move__(floats) for metric in metrics for variable in _variables_of(metric)]):
        LayerChanges.revise()


def _variables_of(metric: Metric) -> list[Variable]:
    """Returns the variables of a metric, with the remainders of its sums."""
    found = [one for one in metric.variables if isinstance(one, Variable)]
    return [*found, *(one.remainder for one in found if isinstance(one, Accumulator))]


def _resolve(compiled: Compiled, sample: Sample) -> None:
    """Reads the meaning of "accuracy" from the shapes of targets, where a step of the user's own has some."""
    shapes = sample.targets()
    if not compiled.pending and len(shapes) == len(compiled.outputs()) and all(p.shape for p in compiled.outputs()):
        compiled.resolve(shapes)


def _per_sample(emission: Emission, values: int, reduction: str) -> int:
    """Returns the edge of values of a loss or metric: as they are, or one number where there is not one per sample."""
    if emission.graph.trials(values) is None or emission.graph.spec(values)[0] == ():
        return values
    return emission.run(ops.sum if reduction == "sum" else ops.mean, [values], f"the {reduction} of a loss")[1][0]


def _fitting_mask(graph: _core.Graph, values: int, mask: int) -> int:
    """Returns the mask where the values of a loss or metric have an element for each of its elements."""
    return mask if mask != _UNMASKED and graph.spec(values)[0] == graph.spec(mask)[0] else _UNMASKED


def _mask(emission: Emission, measure: losses.Loss | MeanOfFunction, targets: int, values: int, mask: int) -> int:
    """Returns the mask of the values of a loss or metric: that of the output and that of its targets in one.

    Args:
        emission: The graph.
        measure: The loss or metric.
        targets: The edge of its targets.
        values: The edge of its values.
        mask: The edge of the mask of the output, or -1.
    """
    graph = emission.graph
    mask = _fitting_mask(graph, values, mask)
    if measure.__fastnn_mask__(np.zeros((1, 1), np.int32), np.zeros(1)) is None:
        return mask

    def counted(true: Any, found: Any, *of_output: Any) -> Any:
        return functools.reduce(ops.logical_and, of_output, measure.__fastnn_mask__(true, found))

    edges = [targets, values] if mask == _UNMASKED else [targets, values, mask]
    return _fitting_mask(graph, values, emission.run(counted, edges, f"the mask of {measure.name!r}")[1][0])


def _weighted_mean(emission: Emission, values: int, weights: int, mask: int) -> int:
    """Returns the edge of the sum of weighted values divided by the sum of the weights.

    Args:
        emission: The graph.
        values: The edge of the values of a loss.
        weights: The edge of the sample weights.
        mask: The edge of the mask of the values, or -1.
    """

    def mean(losses_: Any, factors: Any, *counted: Any) -> Any:
        for _ in range(len(losses_.shape) - len(factors.shape)):
            factors = ops.expand_dims(factors, -1)
        factors = factors + ops.zeros_like(losses_)
        given = ops.cast(counted[0], floatx()) if counted else None
        return reduced("loss", losses_, factors, given, "mean_with_sample_weight")

    edges = [values, weights] if mask == _UNMASKED else [values, weights, mask]
    return emission.run(mean, edges, "the weighted mean of a loss")[1][0]


def _add_weight_penalties(emission: Emission, layers: Sequence[Part] | dict[Part, bool]) -> None:
    """Adds the penalties of trained weights that are Python code."""
    for layer in layers:
        for variable in emission.trained(layer):
            penalty = variable.regularizer
            if penalty is None or not penalty.__fastnn_is_custom__():
                continue

            def of_weight(penalty: Any = penalty, variable: Variable = variable) -> Any:
                return ops.cast(penalty(ops.convert_to_tensor(variable)), floatx())

            emission.penalties.append(emission.run(of_weight, [], f"{title(layer)}: {penalty!r}")[1][0])
