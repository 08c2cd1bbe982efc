"""Model that trains a student on the outputs of a teacher."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastnn import metrics, ops, saving, tree
from fastnn.distillation.distillation_losses import DistillationLoss, _loss_of
from fastnn.models import Model


class Distiller(Model):
    """Model that trains a student to match the targets and the outputs of a teacher.

    Its output is that of the student. The loss of a batch is w * (loss of the student) + (1 - w) * (sum of the
    distillation losses), with w the `student_loss_weight`. The teacher is frozen. Logs hold the means of both parts
    and of the sum: `student_loss`, `distillation_loss` and `total_loss`.

    Args:
        teacher: Trained model, whose weights stay as they are.
        student: Model to train, with inputs and outputs of the teacher's shapes.
        distillation_losses: Loss between teacher and student, such as `LogitsDistillation()`, or a list of them.
        distillation_loss_weights: List of a weight for each of them; None means 1.
        student_loss_weight: Number from 0 to 1, weight of the loss between student and targets.
        name: Name of the model.
        **kwargs: Arguments of `Model`.

    Raises:
        ValueError: An argument is out of its range, or the models do not fit together.

    Example:
        >>> teacher = fastnn.Sequential([layers.Input((4,)), layers.Dense(16, "relu"), layers.Dense(3)])
        >>> student = fastnn.Sequential([layers.Input((4,)), layers.Dense(3)])
        >>> model = fastnn.distillation.Distiller(teacher, student, fastnn.distillation.LogitsDistillation(loss="mse"))
        >>> model.compile("adam", loss="mse")
        >>> history = model.fit(np.ones((8, 4)), np.ones((8, 3)), verbose=0)
        >>> sorted(history.history)
        ['distillation_loss', 'loss', 'student_loss', 'total_loss']
    """

    __fastnn_keras_module__ = "keras.distillation"

    def __init__(
        self,
        teacher: Any,
        student: Any,
        distillation_losses: Any,
        distillation_loss_weights: Sequence[float] | None = None,
        student_loss_weight: float = 0.5,
        name: str = "distiller",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        for role, model in (("teacher", teacher), ("student", student)):
            if not isinstance(model, Model):
                raise ValueError(f"Distiller expects the {role} to be a model, got {model!r}")
        if isinstance(student_loss_weight, bool) or not isinstance(student_loss_weight, (int, float)):
            raise ValueError(f"Distiller expects student_loss_weight to be a number, got {student_loss_weight!r}")
        if not 0 <= student_loss_weight <= 1:
            raise ValueError(f"Distiller expects student_loss_weight from 0 to 1, got {student_loss_weight}")
        many = isinstance(distillation_losses, (list, tuple))
        found = list(distillation_losses) if many else [distillation_losses]
        if not all(isinstance(one, DistillationLoss) for one in found):
            raise ValueError(
                f"Distiller expects distillation losses, such as LogitsDistillation(), got {distillation_losses!r}"
            )
        shares = [1.0] * len(found) if distillation_loss_weights is None or not many else [*distillation_loss_weights]
        if len(shares) != len(found):
            raise ValueError(f"Distiller expects {len(found)} distillation_loss_weights, got {len(shares)}")
        _check_alike(teacher, student)
        for one in found:
            one.validate_model_compatibility(teacher, student)
        self.teacher, self.student = teacher, student
        self.distillation_losses, self.distillation_loss_weights = found, shares
        self.student_loss_weight = student_loss_weight
        self._features = [
            _features(model, [getattr(one, f"{role}_layer_name", None) for one in found])
            for role, model in (("teacher", teacher), ("student", student))
        ]
        teacher.trainable = False
        self.student_loss_tracker = metrics.Mean(name="student_loss")
        self.distillation_loss_tracker = metrics.Mean(name="distillation_loss")
        self.total_loss_tracker = metrics.Mean(name="total_loss")
        self._student_loss: Any = None

    def compile(self, optimizer: Any = "adam", loss: Any = None, metrics: Any = None, **kwargs: Any) -> None:  # type: ignore[override]
        """Prepares the model for training.

        Args:
            optimizer: Optimizer by name, or as an object.
            loss: Loss between student and targets, by name or as an object, or a structure of them like that of the
                outputs.
            metrics: List of metrics, or None.
            **kwargs: Arguments of `Model.compile`.

        Raises:
            ValueError: There is no loss.
        """
        if loss is None:
            raise ValueError("Distiller.compile expects a loss between student and targets, got None")
        self._student_loss = tree.map_structure(_loss_of, loss)
        super().compile(optimizer=optimizer, loss=None, metrics=metrics, **kwargs)
        # Files hold the loss as an argument of `compile`.
        self.__fastnn_training__.compiled.arguments["loss"] = loss

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Returns the output of the student."""
        return self.student(inputs, training=training)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Returns the weighted sum of the student's loss and of the distillation losses.

        Args:
            x: The samples.
            y: The targets.
            y_pred: The outputs of the student; None computes them.
            sample_weight: Accepted for Keras compatibility; ignored.
            training: True in a step of training.

        Returns:
            A tensor without axes.
        """
        y_pred = self(x, training=training) if y_pred is None else y_pred
        student: Any = ops.convert_to_tensor(0.0)
        if self.student_loss_weight > 0 and y is not None:
            each = tree.flatten(
                tree.map_structure(lambda loss, a, b: ops.mean(loss(a, b)), self._student_loss, y, y_pred)
            )
            student = ops.sum(ops.stack(each))
        distilled: Any = ops.convert_to_tensor(0.0)
        if self.student_loss_weight < 1:
            distilled = self._distilled(x, y_pred)
        share = float(self.student_loss_weight)
        total = ops.add(ops.multiply(student, share), ops.multiply(distilled, 1.0 - share))
        self.student_loss_tracker.update_state(student)
        self.distillation_loss_tracker.update_state(distilled)
        self.total_loss_tracker.update_state(total)
        return total

    def _distilled(self, x: Any, y_pred: Any) -> Any:
        """Returns the weighted sum of the distillation losses."""
        of_teacher, of_student = self._features
        taught = {None: self.teacher(x, training=False)} if of_teacher is None else of_teacher(x, training=False)
        learned = {None: y_pred} if of_student is None else of_student(x, training=True)
        total: Any = 0.0
        for one, weight in zip(self.distillation_losses, self.distillation_loss_weights, strict=True):
            name = getattr(one, "teacher_layer_name", None)
            teacher = taught[name if name is not None or of_teacher is None else _LAST]
            student = y_pred
            if name is not None:
                own = one.student_layer_name
                student = learned[own if own is not None or of_student is None else _LAST]
            one.validate_outputs(teacher, student)
            found = one.compute_loss(teacher, student)
            if len(getattr(found, "shape", ())) > 0:
                raise ValueError(
                    f"{type(one).__name__}.compute_loss is expected to return a number, got shape {tuple(found.shape)}"
                )
            total = ops.add(total, ops.multiply(found, float(weight)))
        return total

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments from which `from_config` makes an equal model."""
        form = saving.serialize_keras_object
        return {
            **super().get_config(),
            "teacher": form(self.teacher),
            "student": form(self.student),
            "distillation_losses": [form(one) for one in self.distillation_losses],
            "distillation_loss_weights": self.distillation_loss_weights,
            "student_loss_weight": self.student_loss_weight,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Returns a new model with the arguments that `get_config` returned."""

        def made(form: Any) -> Any:
            return saving.deserialize_keras_object(form, custom_objects)

        given = dict(config)
        given["teacher"], given["student"] = made(given["teacher"]), made(given["student"])
        given["distillation_losses"] = [made(one) for one in given["distillation_losses"]]
        return cls(**given)


_LAST = "final_output"
"""Name of the output of a model among those of its layers."""


def _features(model: Any, names: Sequence[str | None]) -> Any:
    """Returns a model of the outputs of named layers and of the last; None where there are no names."""
    wanted = [name for name in dict.fromkeys(names) if name is not None]
    if not wanted:
        return None
    outputs = {_LAST: model.output, **{name: model.get_layer(name=name).output for name in wanted}}
    return Model(inputs=model.inputs, outputs=outputs, name=f"{model.name}_features")


def _check_alike(teacher: Any, student: Any) -> None:
    """Raises a ValueError where the shapes of two models do not fit."""
    for word in ("inputs", "outputs"):
        both = [getattr(model, word, None) for model in (teacher, student)]
        if None in both:
            continue
        shapes = [[tuple(one.shape) for one in tree.flatten(several)] for several in both]
        if len(shapes[0]) != len(shapes[1]) or not all(map(_fit, *shapes)):
            raise ValueError(f"Distiller expects teacher and student to have {word} of one shape, got {shapes}")


def _fit(one: Sequence[int | None], other: Sequence[int | None]) -> bool:
    return len(one) == len(other) and all(a is None or b is None or a == b for a, b in zip(one, other, strict=True))
