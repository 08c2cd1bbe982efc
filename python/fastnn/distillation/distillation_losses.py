"""Losses between the outputs of a teacher and of a student, computed with the functions of `fastnn.ops`."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from fastnn import losses, ops, tree
from fastnn.keras_form import KerasForm


def loss_of(identifier: Any) -> Any:
    """Returns a loss for a name, and anything else unchanged."""
    return losses.get(identifier) if isinstance(identifier, str) else identifier


def _form(loss: Any) -> Any:
    """Returns a loss as a plain value: a function by its name, an object by its config."""
    return loss if loss is None else loss.__name__ if inspect.isfunction(loss) else losses.serialize(loss)


def _made(form: Any) -> Any:
    """Returns the losses that plain values describe."""
    if isinstance(form, (list, tuple)):
        return type(form)(_made(one) for one in form)
    if isinstance(form, Mapping) and "class_name" not in form:
        return {name: _made(one) for name, one in form.items()}
    return form if form is None else losses.get(form)


def _losses_of(identifier: Any, who: str) -> Any:
    """Returns losses in place of their names, in any structure.

    Raises:
        ValueError: There is none.
    """
    found = tree.map_structure(loss_of, identifier)
    if all(one is None for one in tree.flatten(found)):
        raise ValueError(f"{who} expects at least one loss, got {identifier!r}")
    return found


class DistillationLoss(KerasForm):
    """Base class of the losses between a teacher and a student.

    A loss of your own returns a number from `compute_loss`, computed with `fastnn.ops`.

    Example:
        >>> class Difference(fastnn.distillation.DistillationLoss):
        ...     def compute_loss(self, teacher_outputs, student_outputs, **kwargs):
        ...         return ops.mean(ops.square(teacher_outputs - student_outputs))
        >>> float(Difference().compute_loss(np.ones(2), np.zeros(2)))
        1.0
    """

    __fastnn_keras_module__ = "keras.distillation"

    def compute_loss(self, teacher_outputs: Any, student_outputs: Any, **kwargs: Any) -> Any:
        """Returns the loss, a number.

        Args:
            teacher_outputs: Outputs of the teacher: a tensor, or a structure of them.
            student_outputs: Outputs of the student in the same structure.
            **kwargs: Further arguments of a loss of your own.

        Raises:
            NotImplementedError: The class does not define it.
        """
        raise NotImplementedError(f"{type(self).__name__} defines no compute_loss(teacher_outputs, student_outputs)")

    def validate_outputs(self, teacher_outputs: Any, student_outputs: Any) -> None:
        """Checks that the outputs of teacher and student are nested in the same way.

        Args:
            teacher_outputs: Output of the teacher, or a structure of outputs.
            student_outputs: Output of the student, or a structure of outputs.

        Raises:
            ValueError: They are not.
        """
        tree.assert_same_structure(teacher_outputs, student_outputs)

    def validate_model_compatibility(self, teacher: Any, student: Any) -> None:
        """Checks that the loss fits the two models; a loss of your own overrides it.

        Args:
            teacher: The teacher, a built model.
            student: The student, a built model.

        Raises:
            ValueError: It does not.
        """


class LogitsDistillation(DistillationLoss):
    """Loss between the outputs of teacher and student, both divided by a temperature.

    An object of `KLDivergence` compares the softmax of the outputs, and is multiplied by the square of the temperature.
    Other losses, and names, compare the divided outputs themselves, as in Keras.

    Args:
        temperature: Number above 0; higher values give the less probable classes more weight.
        loss: Loss by name or as an object, or a structure of them like that of the outputs, in which None leaves an
            output out.

    Raises:
        ValueError: `temperature` is not above 0, or there is no loss.

    References:
        - Hinton, Vinyals, Dean, "Distilling the Knowledge in a Neural Network", 2015.

    Example:
        >>> loss = fastnn.distillation.LogitsDistillation(2.0, fastnn.losses.KLDivergence())
        >>> float(loss.compute_loss(np.array([[1.0, 2.0]]), np.array([[1.0, 2.0]])))
        0.0
    """

    def __init__(self, temperature: float = 3.0, loss: Any = "kl_divergence") -> None:
        if isinstance(temperature, bool) or not isinstance(temperature, (int, float)) or temperature <= 0:
            raise ValueError(f"LogitsDistillation expects a temperature above 0, got {temperature!r}")
        self.temperature = temperature
        self.loss = _losses_of(loss, "LogitsDistillation")

    def compute_loss(self, teacher_outputs: Any, student_outputs: Any, **kwargs: Any) -> Any:
        """Returns the loss, a number; see the class."""

        def one(loss: Any, teacher: Any, student: Any) -> Any:
            if loss is None:
                return 0.0
            teacher, student = ops.divide(teacher, self.temperature), ops.divide(student, self.temperature)
            if not isinstance(loss, losses.KLDivergence):
                return ops.mean(loss(teacher, student))
            return ops.mean(loss(ops.softmax(teacher), ops.softmax(student))) * self.temperature**2

        found = tree.flatten(tree.map_structure(one, self.loss, teacher_outputs, student_outputs))
        return ops.sum(ops.stack(found))

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments from which `from_config` makes an equal loss, as plain values."""
        return {"temperature": self.temperature, "loss": tree.map_structure(_form, self.loss)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> LogitsDistillation:
        """Returns the loss that `get_config` described.

        Args:
            config: The arguments.

        Returns:
            The new loss.
        """
        return cls(**{**config, **({"loss": _made(config["loss"])} if "loss" in config else {})})


class FeatureDistillation(DistillationLoss):
    """Loss between the outputs of a layer of the teacher and of a layer of the student.

    Args:
        loss: Loss by name or as an object, or a structure of them like that of the outputs, in which None leaves an
            output out.
        teacher_layer_name: Name of the layer of the teacher; None means its output.
        student_layer_name: Name of the layer of the student; None means its output.

    Raises:
        ValueError: There is no loss.

    Example:
        >>> loss = fastnn.distillation.FeatureDistillation("mse")
        >>> float(loss.compute_loss(np.array([[1.0, 2.0]]), np.array([[1.0, 4.0]])))
        2.0
    """

    def __init__(
        self, loss: Any = "mse", teacher_layer_name: str | None = None, student_layer_name: str | None = None
    ) -> None:
        self.teacher_layer_name, self.student_layer_name = teacher_layer_name, student_layer_name
        self.loss = _losses_of(loss, "FeatureDistillation")

    def validate_model_compatibility(self, teacher: Any, student: Any) -> None:
        """Checks that both models are graphs of layers that have a layer of the given name.

        Args:
            teacher: The teacher, a built model.
            student: The student, a built model.

        Raises:
            ValueError: One is no graph, or has no such layer.
        """
        for role, model, name in (
            ("teacher", teacher, self.teacher_layer_name), ("student", student, self.student_layer_name),
        ):  # fmt: skip
            if name is None:
                continue
            if getattr(model, "inputs", None) is None:
                raise ValueError(
                    f"FeatureDistillation expects the {role} to be a Sequential or functional model with known inputs, "
                    f"to read the output of {name!r}; leave the names out to compare the outputs of the models"
                )
            model.get_layer(name=name)

    def validate_outputs(self, teacher_outputs: Any, student_outputs: Any) -> None:
        """Checks that outputs and losses are nested in the same way.

        Args:
            teacher_outputs: Output of the teacher, or a structure of outputs.
            student_outputs: Output of the student, or a structure of outputs.

        Raises:
            ValueError: They are not.
        """
        super().validate_outputs(teacher_outputs, student_outputs)
        tree.assert_same_structure(self.loss, teacher_outputs)

    def compute_loss(self, teacher_outputs: Any, student_outputs: Any, **kwargs: Any) -> Any:
        """Returns the loss, a number."""

        def one(loss: Any, teacher: Any, student: Any) -> Any:
            return 0.0 if loss is None else ops.mean(loss(teacher, student))

        return ops.sum(ops.stack(tree.flatten(tree.map_structure(one, self.loss, teacher_outputs, student_outputs))))

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments from which `from_config` makes an equal loss, as plain values."""
        return {
            "loss": tree.map_structure(_form, self.loss),
            "teacher_layer_name": self.teacher_layer_name,
            "student_layer_name": self.student_layer_name,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> FeatureDistillation:
        """Returns the loss that `get_config` described.

        Args:
            config: The arguments.

        Returns:
            The new loss.
        """
        return cls(**{**config, **({"loss": _made(config["loss"])} if "loss" in config else {})})
