"""Warnings about models that train, but hardly as their author means: as in Keras, they are no errors.

They are given when a graph for training is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastnn.caller import warn
from fastnn.engine.network import Port
from fastnn.losses import CategoricalCrossentropy, Loss
from fastnn.symbolic.tensors import Shape
from fastnn.training.ports import label


def warn_of_outputs(
    who: str,
    losses: Sequence[Sequence[Loss]],
    outputs: Sequence[Port],
    shapes: Sequence[Shape],
    made_by: Sequence[tuple[str, Mapping[str, Any]] | None],
) -> None:
    """Warns of outputs that do not go with their losses.

    Args:
        who: How messages call the model.
        losses: For each output its losses.
        outputs: The outputs.
        shapes: The shapes of the outputs.
        made_by: For each output kind and config of the node that makes it; None where that is not known.
    """
    for of_output, port, shape, node in zip(losses, outputs, shapes, made_by, strict=True):
        activation = _activation(node)
        word = label("the output", port, outputs)
        if activation == "softmax" and shape[-1] == 1:
            warn(
                f"{who}: {word} is a softmax over one unit, which is always 1; use activation='sigmoid' for two "
                "classes, or as many units as there are classes"
            )
        for loss in of_output:
            if isinstance(loss, CategoricalCrossentropy) and shape[-1] == 1 and activation != "softmax":
                warn(
                    f"{who}: {loss.name} expects more than one class, but {word} has one unit; use "
                    "binary_crossentropy for two classes"
                )
            if activation and getattr(loss, "from_logits", False) is True:
                warn(
                    f"{who}: {loss.name} was made with from_logits=True, but {word} is that of a {activation}; leave "
                    "from_logits out, or the activation"
                )


def warn_of_frozen(who: str) -> None:
    """Warns that training changes no weight."""
    warn(f"{who} has no trainable weights, so that training changes nothing; set trainable=True and compile again")


def _activation(node: tuple[str, Mapping[str, Any]] | None) -> str:
    """Returns "softmax" or "sigmoid" where a node computes one of them; otherwise an empty string."""
    kind, config = node or ("", {})
    if kind == "Softmax":
        return "softmax"
    return "sigmoid" if config.get("activation") == "sigmoid" and kind == "Activation" else ""
