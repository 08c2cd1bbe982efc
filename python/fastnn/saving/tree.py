"""Paths of layers and variables in Keras' files.

The path of a layer leads through the attributes that hold it and is made of their names and the names of classes; the
variables of a layer are numbered at its path. Which attributes hold layers and variables is said by
`fastnn.engine.ownership`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from fastnn import _core
from fastnn.configurable import are_atoms, is_foreign
from fastnn.engine.contract import Part, attributes
from fastnn.engine.holding import held_layers, is_made_of_layers
from fastnn.engine.layer import Layer
from fastnn.engine.ownership import own_learned, own_variables
from fastnn.keras_form import class_name, merged_attribute
from fastnn.naming import file_name
from fastnn.symbolic.variable import Variable


def children_of(layer: Any) -> list[tuple[str, Any]]:
    """Returns the layers directly within a layer, each with its path from there; one may have several paths.

    The path is the name of the attribute. In a container, the name of the class and a number follow; a container within
    a container is called "container". Private attributes come last.
    """
    held = sorted(held_layers(layer).items(), key=lambda attribute: (attribute[0].startswith("_"), attribute[0]))
    return [pair for name, value in held for pair in _paths(name, value)]


def _paths(path: str, held: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(held, Part):
        yield path, held
        return
    counts: dict[str, int] = {}
    for one in held.values() if isinstance(held, Mapping) else held:
        if isinstance(one, (Part, list, tuple, Mapping)):
            stem = file_name(class_name(type(one))) if isinstance(one, Part) else "container"
            count = counts[stem] = counts.get(stem, -1) + 1
            yield from _paths(f"{path}/{stem}_{count}" if count else f"{path}/{stem}", one)


def parts_of(layer: Any) -> list[Any]:
    """Returns a layer and all layers in it, each once."""
    return [part for _, part in walk(layer)]


def walk(
    layer: Any, is_stored: Callable[[str], bool] = lambda path: True, skipped: Sequence[Any] = ()
) -> Iterator[tuple[str, Any]]:
    """Yields a layer and all layers in it with their paths, each once; the path of the first is empty.

    Args:
        layer: The layer.
        is_stored: Whether a file holds anything at a path: of the paths of a layer, the first that it holds is taken.
        skipped: Layers that are left out, with those in them that are not elsewhere too.
    """
    seen = {id(one) for one in skipped}
    # A stack of our own, for containers of any depth.
    pending = [("", layer)]
    while pending:
        path, part = pending.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        yield path, part
        places: dict[int, tuple[Any, list[str]]] = {}
        for name, child in children_of(part):
            places.setdefault(id(child), (child, []))[1].append(f"{path}/{name}" if path else name)
        for child, names in reversed(places.values()):
            # Without a second name there is nothing to look up.
            stored = (
                names[0] if len(names) == 1 and not is_foreign(type(part)) else next(filter(is_stored, names), None)
            )
            if stored is None:
                under = f"{path}/" if path else ""
                stored = next(filter(is_stored, (f"{under}{name}" for name in _properties_of(part, child))), names[0])
            pending.append((stored, child))


def _properties_of(part: Any, child: Any) -> Iterator[str]:
    """Yields the names of the properties of a user's class that return a certain layer: further names for it."""
    for cls in type(part).__mro__:
        for name, member in vars(cls).items() if is_foreign(cls) else ():
            if isinstance(member, property) and getattr(part, name, None) is child:
                yield name


def variables_of(layer: Any) -> list[tuple[str, list[Variable]]]:
    """Returns the variables of a layer without those of layers within it, trained ones first.

    Returns:
        Pairs (path below the layer's, variables). The path is empty, save for layers whose variables Keras keeps in
        inner layers (`__fastnn_keras_variable_paths__`).
    """
    if is_made_of_layers(layer):
        return [("", [])]
    children = children_of(layer)
    within = {id(variable) for _, part in children for variable in part.weights}
    own = [variable for variable in own_variables(layer) if id(variable) not in within]
    learned = {id(variable) for variable in own_learned(layer)}
    own.sort(key=lambda variable: id(variable) not in learned)
    places = merged_attribute(type(layer), "__fastnn_keras_variable_paths__")
    if not places or children:
        return [("", own)]
    found: dict[str, list[Variable]] = {}
    for variable in own:
        begin = next(begin for begin in places if variable.name.lstrip("_").startswith(begin))
        found.setdefault(places[begin], []).append(variable)
    return [("", []), *found.items()]


def is_overridden(layer: Any, method: str) -> bool:
    """Returns whether the class of a layer has its own form of a method of `Layer`.

    A form that names an attribute in `__fastnn_counts_while__` counts while that attribute of the layer is true.
    """
    own, base = getattr(type(layer), method, None), getattr(Layer, method)
    attribute = getattr(own, "__fastnn_counts_while__", None)
    return own is not None and own is not base and (attribute is None or bool(getattr(layer, attribute)))


def streams_of(layer: Any) -> list[_core.Stream]:
    """Returns the random streams among the attributes of a layer, in the order of their names."""
    found: list[_core.Stream] = []
    for _, value in sorted(attributes(layer).items(), key=lambda item: item[0]):
        several = isinstance(value, (list, tuple))
        for one in () if several and are_atoms(value) else value if several else [value]:
            stream = one if isinstance(one, _core.Stream) else getattr(one, "stream", None)
            if isinstance(stream, _core.Stream) and not isinstance(one, Part):
                found.append(stream)
    return found
