"""Losses of a model: which loss reads which outputs, with which factor, and its name in the logs.

Owns the arguments `loss` and `loss_weights` of `compile`. They are one loss for every output, a list or dict with an
entry for each output, or have the nested structure of the outputs. A loss in the place of several outputs, written in
code, reads all of them at once, in their structure.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from fastnn import losses
from fastnn.engine.network import Ports
from fastnn.losses.computation import computation_of
from fastnn.losses.registry import loss_object
from fastnn.symbolic.structure import Structure, sequence_like
from fastnn.training.ports import by_name, entry_for_each, quoted

Path = tuple[Any, ...]


class LossTerm(NamedTuple):
    """One loss among those whose weighted sum is trained.

    Attributes:
        loss: The loss.
        weight: Its factor.
        name: Its name in the logs, without "_loss".
        outputs: The numbers of the outputs that it reads.
        structure: The structure in which it reads them.
    """

    loss: losses.Loss
    weight: float
    name: str
    outputs: tuple[int, ...]
    structure: Structure


def loss_terms(who: str, ports: Ports, given: Any, weights: Any) -> list[LossTerm]:
    """Returns the losses that `compile` was given, for the outputs of a model.

    Args:
        who: How errors call the model.
        ports: The inputs and outputs of the model.
        given: The argument `loss`.
        weights: The argument `loss_weights`.

    Raises:
        ValueError: A name is unknown, or an argument does not fit the outputs.
        TypeError: `loss_weights` holds something else than numbers.
    """
    check_loss_weights(who, weights)
    if ports.made.nested and given is not None and stands_alone(given):
        given = ports.made.pack([given] * len(ports.outputs))
    if _follows_structure(ports, given):
        return _Reading(who, ports).terms(given, weights)
    outputs = ports.outputs
    entries = [given] * len(outputs) if stands_alone(given) else entry_for_each(who, "loss", given, ports)
    found = [[one for one in map(_loss, flat(entry)) if one is not None] for entry in entries]
    if len(outputs) == 1 and len(found[0]) > 1:
        raise ValueError(f"{who}: loss expects one entry for the model's one output, got {len(found[0])}")
    factors = _weights_given(who, ports, weights, [len(of_output) for of_output in found])
    return [
        LossTerm(loss, factor, outputs[k].name, (k,), _ALONE)
        for k, (of_output, of_losses) in enumerate(zip(found, factors, strict=True))
        for loss, factor in zip(of_output, of_losses, strict=True)
    ]


def stands_alone(value: Any) -> bool:
    """Returns whether it is one loss or weight, which may be described by a dict of its class and config."""
    return not isinstance(value, (list, tuple, Mapping)) or (isinstance(value, Mapping) and "class_name" in value)


def flat(given: Any) -> list[Any]:
    """Returns the entries of nested lists; none for None."""
    if isinstance(given, (list, tuple)):
        return [one for entry in given for one in flat(entry)]
    return [] if given is None else [given]


def check_loss_weights(who: str, given: Any) -> None:
    """Raises a TypeError where the argument holds something else than numbers, such as metrics given by position."""
    if any(one is not None and not isinstance(one, (int, float, np.number)) for one in Structure(given).flat(given)):
        raise TypeError(
            f"{who}: compile expects loss_weights to be numbers, got {given!r}; metrics are given by name: "
            f"compile(optimizer, loss, metrics={given!r})"
        )


_ALONE = Structure(None)


def _weights_given(who: str, ports: Ports, given: Any, counts: Sequence[int]) -> list[list[float]]:
    """Returns the factors of the losses of each output.

    Args:
        who: How errors call the model.
        ports: The inputs and outputs of the model.
        given: The argument `loss_weights`.
        counts: The number of losses of each output.
    """
    outputs = ports.outputs
    if given is not None and len(outputs) > 1 and stands_alone(given):
        raise ValueError(
            f"{who}: loss_weights expects a list or dict with a number for each of the outputs {quoted(outputs)}, "
            f"got {given!r}"
        )
    if isinstance(given, (list, tuple)) and len(given) == sum(counts) != len(outputs):
        rest = iter(given)
        given = [[next(rest) for _ in range(count)] for count in counts]
    found = []
    for entry, count in zip(entry_for_each(who, "loss_weights", given, ports), counts, strict=True):
        factors = flat(entry) or [1.0] * count
        if count and len(factors) != count:
            raise ValueError(f"{who}: loss_weights expects {count} numbers for {count} losses, got {entry!r}")
        found.append([float(factor) for factor in factors[:count]])
    return found


def _follows_structure(ports: Ports, given: Any) -> bool:
    """Returns whether losses are given along the structure of outputs, not as one entry for each output."""
    made = ports.made
    if made.alone or stands_alone(given):
        return False
    if made.nested:
        return not by_name(ports, given)
    if isinstance(given, Mapping):
        return made.is_like({}) and any(
            isinstance(entry, Mapping) and not stands_alone(entry) for entry in given.values()
        )
    return not made.is_like(given) and len({stands_alone(entry) for entry in given}) > 1


class _Reading:
    """The reading of losses along the structure of the outputs.

    Args:
        who: How errors call the model.
        ports: The inputs and outputs of the model.
    """

    def __init__(self, who: str, ports: Ports) -> None:
        self._who = who
        self._ports = ports

    def terms(self, given: Any, weights: Any) -> list[LossTerm]:
        """Returns the losses."""
        given = _resolved(given)
        structure = Structure(given)
        count = sum(loss is not None for loss in structure.flat(given))
        factors = Structure(weights).flat(weights) if weights is not None else [1.0] * structure.count
        if len(factors) == count != structure.count:
            rest = iter(factors)
            factors = [1.0 if loss is None else next(rest) for loss in structure.flat(given)]
        if len(factors) != structure.count:
            raise ValueError(
                f"{self._who}: loss_weights expects a number for each of the {count} losses, got {len(factors)}"
            )
        pairs = [(loss, weight) for loss, weight in zip(structure.flat(given), factors, strict=True)]
        return list(self._read(self._ports.made, 0, _pack(structure, pairs), ()))

    def _read(self, made: Structure, first: int, given: Any, path: Path) -> Iterator[LossTerm]:
        """Yields the losses of a part of the structure.

        Args:
            made: The part.
            first: The number of its first output.
            given: The losses for it, each with its factor.
            path: The way to it.
        """
        if isinstance(given, _Weighted):
            if given.loss is not None:
                outputs = tuple(range(first, first + made.count))
                if not made.alone and not computation_of(given.loss).by_code:
                    raise ValueError(
                        f"{self._who}: the loss {given.loss.name!r} reads one output and stands in the place of "
                        f"{', '.join(repr(self._ports.outputs[k].name) for k in outputs)}; give one for each, or a "
                        "function that takes them in their structure"
                    )
                yield LossTerm(given.loss, given.weight, self._name(made, outputs, path), outputs, made)
            return
        leaves = isinstance(given, (list, tuple)) and all(isinstance(one, _Weighted) for one in given)
        if leaves and not made.alone and len(given) == made.count:
            given = made.pack(given)
        if isinstance(given, (list, tuple)) and (made.alone or not made.is_like(given)):
            if made.alone and len(given) > 1 and any(not isinstance(one, _Weighted) for one in given):
                raise self._refusal(made, path, given)
            for one in given:
                yield from self._read(made, first, one, path)
            return
        if made.alone or not made.is_like(given):
            raise self._refusal(made, path, given)
        entries = given.items() if isinstance(given, Mapping) else enumerate(given)
        parts = dict(made.parts())
        for key, one in entries:
            if key not in parts:
                raise self._refusal(made, path, given)
            at, part = parts[key]
            yield from self._read(part, first + at, one, (*path, key))

    def _name(self, made: Structure, outputs: tuple[int, ...], path: Path) -> str:
        """Returns the name of a loss in the logs, which ends with the name of its output where that has no key."""
        if made.alone and isinstance((path or (0,))[-1], int):
            path = (*path[:-1], self._ports.outputs[outputs[0]].name)
        return "/".join(map(str, path)) or "_".join(self._ports.outputs[k].name for k in outputs)

    def _refusal(self, made: Structure, path: Path, given: Any) -> ValueError:
        at = f" at {list(path)}" if path else ""
        names = [port.name for port in self._ports.outputs]
        got = Structure(given)
        shown = got.pack([None if one.loss is None else one.loss.name for one in got.flat(given)])
        return ValueError(
            f"{self._who}: loss expects the structure of the outputs, {self._ports.made.pack(names)}, and differs from "
            f"it{at}, where it has {shown}"
        )


@dataclasses.dataclass(frozen=True)
class _Weighted:
    """A loss, or None, with its factor."""

    loss: losses.Loss | None
    weight: float


def _resolved(given: Any) -> Any:
    """Returns losses in their structure, with an object in place of a name or a description."""
    if stands_alone(given):
        return _loss(given)
    if isinstance(given, Mapping):
        return {key: _resolved(entry) for key, entry in given.items()}
    items = [_resolved(entry) for entry in given]
    return sequence_like(given, items)


def _loss(given: Any) -> losses.Loss | None:
    """Returns the loss object for an entry of `loss`."""
    if isinstance(given, str) and given.lower() in ("crossentropy", "ce"):
        return losses.FunctionLoss(_crossentropy, name=given)
    return loss_object(given)


def _crossentropy(y_true: Any, y_pred: Any) -> Any:
    """Returns the values of the cross-entropy that fits the shapes: for one output, for class indices, for rows."""
    if y_pred.shape[-1] == 1:
        return losses.binary_crossentropy(y_true, y_pred)
    if len(y_true.shape) < len(y_pred.shape) or y_true.shape[-1] == 1:
        return losses.sparse_categorical_crossentropy(y_true, y_pred)
    return losses.categorical_crossentropy(y_true, y_pred)


def _pack(structure: Structure, pairs: Sequence[tuple[Any, Any]]) -> Any:
    return structure.pack([_Weighted(loss, 1.0 if weight is None else float(weight)) for loss, weight in pairs])
