"""Class attributes by which a class says how Keras' files write it.

Layers, losses, metrics, optimizers and their like derive from `KerasForm`, and each keeps its own part of Keras' file
format beside its code. `fastnn.saving` reads them and knows no class by name. A mapping adds to those of the base
classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class KerasForm:
    """Base of every class whose objects a file may hold."""

    __fastnn_keras_module__: ClassVar[str | None] = None
    """Public module of Keras that has the class: "keras.layers". None for classes outside fastnn."""
    __fastnn_keras_class_name__: ClassVar[str | None] = None
    """Name of the class in files; None: the name of the class itself. Not inherited."""
    __fastnn_keras_class__: ClassVar[str | None] = None
    """Name of the class in Keras, of which names and paths are made; None: the public name. Not inherited."""
    __fastnn_keras_names_type__: ClassVar[bool] = False
    """Whether the constructor of a layer in Keras takes no `trainable`, and the name of a type as `dtype`."""
    __fastnn_keras_registered_name__: ClassVar[str | None] = None
    """Registered name in files. Not inherited."""
    __fastnn_keras_function__: ClassVar[str | None] = None
    """Name of the attribute that holds a function, which stands in files in place of the object."""
    __fastnn_keras_older_names__: ClassVar[tuple[str, ...]] = ()
    """Names that files of other versions of Keras use for the class. Not inherited."""
    __fastnn_keras_newer_arguments__: ClassVar[Mapping[str, Any]] = {}
    """Arguments that Keras 3.0 does not know, with their defaults. A file holds one only where it differs from that."""
    __fastnn_keras_ignored_arguments__: ClassVar[Mapping[str, Any]] = {}
    """Arguments of other versions of Keras, each with the value at which it has no effect; `...`: none at any value.

    A file may hold them at these values. Other values are ignored with a warning.
    """
    __fastnn_file_arguments__: ClassVar[frozenset[str]] = frozenset()
    """Arguments that may be the path of a file, which is opened only where a description is trusted."""
    __fastnn_keras_builds_itself__: ClassVar[bool] = False
    """Whether `from_config` returns a layer that is built, so that a file holds no shape to build it for."""
    __fastnn_keras_variable_paths__: ClassVar[Mapping[str, str]] = {}
    """Attribute in Keras of the inner layer that holds the variables, by the first letters of a variable's name."""

    __fastnn_keras_twin__: ClassVar[str | None] = None
    """Attribute in Keras of an inner layer whose part of a file holds the same once more."""

    @classmethod
    def __fastnn_holds_file_form__(cls, config: Mapping[str, Any]) -> bool:
        """Returns whether a config, of `get_config()` or a file, already is in the form of a file.

        Then every object in it is described with its module and class; it is written without a change, and
        `from_config` reads it.
        """
        return False


def own_attribute(cls: type, name: str) -> Any:
    """Returns an attribute that the class itself declares, not a base; None without one."""
    return vars(cls).get(name)


def class_name(cls: type) -> str:
    """Returns the name that a class has in Keras, of which the names of layers and paths in files are made."""
    found: str = own_attribute(cls, "__fastnn_keras_class__") or cls.__name__
    return found


def merged_attribute(cls: type, name: str) -> dict[str, Any]:
    """Returns a mapping of a class, joined with those of its base classes."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        found.update(vars(base).get(name, {}))
    return found
