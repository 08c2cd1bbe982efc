"""Objects that are described by their constructor's arguments: layers, losses, metrics, optimizers, initializers...

An argument is written once, in the constructor's signature. The attribute of the same name, `get_config`, `from_config`
and `repr` come from it. The families register converters for arguments by name (`*_initializer`, `activation`). This
file owns that mechanism; it knows no family by itself.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, NamedTuple, TypeVar

import numpy as np

from fastnn import object_forms
from fastnn.caller import warn
from fastnn.custom_objects import get_registered_object
from fastnn.keras_form import KerasForm
from fastnn.naming import suggestion
from fastnn.seeds import is_generator
from fastnn.signatures import Taken, taken_by

Self = TypeVar("Self", bound="Configurable")
Converter = Callable[[Any], Any]

_converters: dict[str, Converter] = {}


def converts(*endings: str) -> Callable[[Converter], Converter]:
    """Registers the decorated function for arguments whose names have one of these endings (`_initializer`)."""

    def register(converter: Converter) -> Converter:
        _converters.update(dict.fromkeys(endings, converter))
        return converter

    return register


_ATOMS = frozenset((str, int, float, bool, type(None)))


def is_atom(value: Any) -> bool:
    """Returns whether a value is a number, a string or None."""
    return type(value) in _ATOMS


def are_atoms(values: Iterable[Any]) -> bool:
    """Returns whether all values are numbers, strings or None, which hold nothing and stand for themselves.

    A vocabulary of a million words is then not looked at word by word in Python.
    """
    return _ATOMS.issuperset(map(type, values))


def plain(value: Any) -> Any:
    """Returns a value in the form it has in a config: numbers, strings, tuples, lists, and dicts of them."""
    if isinstance(value, Configurable) and (attribute := type(value).__fastnn_keras_function__) is not None:
        # A function that has no name in files stays what it is.
        function = getattr(value, attribute)
        return plain(function) if get_registered_object(function.__name__) is function else function
    if isinstance(value, Configurable) and is_foreign(type(value)):
        return object_forms.serialize(value)
    if isinstance(value, Configurable):
        return {"class_name": type(value).__name__, "config": value.get_config()}
    if is_generator(value):
        return {
            "module": "keras.random",
            "class_name": "SeedGenerator",
            "config": value.get_config(),
            "registered_name": None,
        }
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if type(value) in (list, tuple) and are_atoms(value):
        return type(value)(value)
    if isinstance(value, (list, tuple)):
        return type(value)(plain(item) for item in value) if type(value) in (list, tuple) else [*map(plain, value)]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if callable(value) and hasattr(value, "__name__"):
        return value.__name__
    return value


_KEPT_AS_LISTS = frozenset((
    "attention_axes", "axes", "axis", "bin_boundaries", "boundaries", "height_factor", "input_axes", "offset",
    "mean", "output_axes", "salt", "scale", "shared_axes", "value", "value_range", "values", "variance", "width_factor",
))  # fmt: skip
"""Arguments that Keras' configs hold as a list where one was given; all others are tuples there, such as sizes."""


class _Recorded(NamedTuple):
    """Arguments of one object.

    Attributes:
        lists: Those that were given as a list and are lists in configs, though they are stored as tuples.
        names: Those that a constructor of fastnn stored as attributes; None before it ran.
        given: Those that a constructor outside fastnn was called with, defaults included; None for fastnn's classes.
    """

    lists: frozenset[str] = frozenset()
    names: tuple[str, ...] | None = None
    given: dict[str, Any] | None = None


@functools.cache
def _converter_of(name: str, known: int) -> Converter | None:
    """Returns the converter of arguments of a name, where one is registered among those that are known."""
    return next((converter for ending, converter in _converters.items() if name.endswith(ending)), None)


class Configurable(KerasForm):
    """Base of everything that is described by its constructor's arguments.

    A subclass declares its arguments in the signature of `__init__`. When the body of `__init__` runs, each argument
    already is an attribute, so the body only has to check them. A class derived outside fastnn sets its attributes
    itself; the arguments of its constructor are kept for its config.
    """

    __fastnn_renamed__: ClassVar[Mapping[str, str]] = {}
    """Arguments that had another name in older Keras, with their present names. They are accepted with a warning."""
    __fastnn_common_arguments__: ClassVar[tuple[str, ...]] = ()
    """Names that every class of a family accepts through `**kwargs`. The base class that takes them declares them."""
    __fastnn_understood__: ClassVar[Mapping[str, Any]] = {}
    """Values of the config that `repr` leaves out, beside the defaults of the arguments."""
    __fastnn_always_lists__: ClassVar[tuple[str, ...]] = ()
    """Arguments that Keras' configs hold as a list also where a tuple was given."""

    _fastnn_arguments: _Recorded

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in cls.__dict__ and "__fastnn_common_arguments__" not in cls.__dict__:
            cls.__init__ = (_kept if is_foreign(cls) else _recorded)(cls.__init__)  # type: ignore[method-assign]

    @classmethod
    def __fastnn_convert_argument__(cls, name: str, value: Any) -> Any:
        """Returns an argument in the form in which it is stored: a list as a tuple, a name as its object."""
        value = tuple(value) if isinstance(value, list) else value
        converter = _converter_of(name, len(_converters))
        return value if converter is None else converter(value)

    def __fastnn_store_arguments__(self, arguments: dict[str, Any]) -> None:
        """Stores each argument as an attribute. Only arguments stored here are part of the config.

        A subclass may check or complete the arguments first, or keep some of them in another way.

        Args:
            arguments: All arguments by name, defaults included.
        """
        lists = frozenset(
            name
            for name, value in arguments.items()
            if (name in _KEPT_AS_LISTS and type(value) is list)
            or (name in self.__fastnn_always_lists__ and isinstance(value, (list, tuple)))
        )
        self._fastnn_arguments = self._fastnn_arguments._replace(names=tuple(arguments), lists=lists)
        for name, value in arguments.items():
            setattr(self, name, type(self).__fastnn_convert_argument__(name, value))

    def __fastnn_constructed__(self) -> None:
        """Called when a constructor outside fastnn has run."""

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments from which `from_config` makes an equal object, as plain values.

        Called by a `get_config` outside fastnn, which adds its own arguments, it returns those of the base alone.
        """
        given = given_arguments(self)
        if given is not None and not has_own_config(type(self)):
            return {name: plain(value) for name, value in given.items()}
        config = {name: plain(getattr(self, name)) for name in argument_names(self)}
        for name in self._fastnn_arguments.lists if config else ():
            config[name] = _as_lists(config[name])
        return config

    @classmethod
    def from_config(cls: type[Self], config: Mapping[str, Any]) -> Self:
        """Returns a new object with the arguments that `get_config` returned.

        Args:
            config: The arguments.

        Returns:
            The new object.
        """
        return cls(**config)

    def __repr__(self) -> str:
        defaults = {name: p.default for name, p in constructor_signature(type(self)).parameters.items()}
        shown = []
        own = type(self)
        for name, value in self.get_config().items():
            default = defaults.get(name, inspect.Parameter.empty)
            same = own.__fastnn_understood__.get(name, ...) == value or (
                default is not inspect.Parameter.empty
                and plain(own.__fastnn_convert_argument__(name, default)) == value
            )
            if not same and not (name in own.__fastnn_common_arguments__ and name != "name"):
                live = None if isinstance(value, (int, float, str)) else getattr(self, name, None)
                shown.append(f"{name}={_short(value if live is None else live)}")
        return f"{type(self).__name__}({', '.join(shown)})"


def _as_lists(value: Any) -> Any:
    return [_as_lists(item) for item in value] if isinstance(value, (list, tuple)) else value


def argument_names(obj: Configurable) -> tuple[str, ...]:
    """Returns the names of the arguments that were stored as attributes."""
    recorded: _Recorded | None = obj.__dict__.get("_fastnn_arguments")
    return () if recorded is None else recorded.names or ()


def given_arguments(obj: Configurable) -> dict[str, Any] | None:
    """Returns the arguments of a constructor outside fastnn, defaults included; None for fastnn's classes."""
    recorded: _Recorded | None = obj.__dict__.get("_fastnn_arguments")
    return None if recorded is None else recorded.given


def is_foreign(cls: type) -> bool:
    """Returns whether a class was defined outside fastnn."""
    return cls.__module__.partition(".")[0] != _PACKAGE


def accepted_names(cls: type) -> frozenset[str] | None:
    """Returns the names of a constructor's arguments; None where it has **kwargs and may take any."""
    taken = taken_by(cls.__init__)  # type: ignore[misc]
    return None if taken.variadic is not None else frozenset(taken.signature.parameters)


def constructor_signature(cls: type[Configurable]) -> inspect.Signature:
    """Returns the signature of a class's constructor, `self` included."""
    return taken_by(cls.__init__).signature


_PACKAGE = __name__.partition(".")[0]


def has_own_config(cls: type) -> bool:
    """Returns whether the class has a `get_config` that was defined outside fastnn."""
    return is_foreign(next(base for base in cls.__mro__ if "get_config" in vars(base)))


def _short(value: Any) -> str:
    return value.__name__.__repr__() if callable(value) and hasattr(value, "__name__") else repr(value)


def _recorded(init: Callable[..., None]) -> Callable[..., None]:
    """Returns the constructor `init` with its arguments stored before its body runs.

    Only the outermost constructor of a chain of `super().__init__` calls stores: its signature is the user's.
    """

    @functools.wraps(init)
    def __init__(self: Configurable, *args: Any, **kwargs: Any) -> None:
        outermost = type(self).__init__ is __init__ or is_foreign(type(self))
        known: _Recorded | None = self.__dict__.get("_fastnn_arguments")
        if not outermost or (known is not None and known.names is not None):
            init(self, *args, **kwargs)
            return
        kwargs = _modern(type(self), kwargs)
        taken = taken_by(init)
        _check_known(type(self), taken, kwargs)
        arguments = taken.arguments(self, args, kwargs)
        taken.check_kinds(type(self).__name__, arguments)
        # With names, if none: a constructor further up the chain stores nothing again.
        self._fastnn_arguments = (known or _Recorded())._replace(names=())
        type(self).__fastnn_store_arguments__(self, arguments)
        init(self, *args, **kwargs)

    return __init__


def _kept(init: Callable[..., None]) -> Callable[..., None]:
    """Returns the constructor `init` of a class outside fastnn, which keeps its arguments."""

    @functools.wraps(init)
    def __init__(self: Configurable, *args: Any, **kwargs: Any) -> None:
        if type(self).__init__ is __init__:
            arguments = taken_by(init).arguments(self, args, kwargs)
            # A config gives its arguments by name; those of *args have none.
            self._fastnn_arguments = _Recorded(given={**arguments, **kwargs})
        init(self, *args, **kwargs)
        if type(self).__init__ is __init__:
            self.__fastnn_constructed__()

    return __init__


def _modern(cls: type[Configurable], kwargs: dict[str, Any]) -> dict[str, Any]:
    renamed: Mapping[str, str] = cls.__fastnn_renamed__
    for old in renamed.keys() & kwargs.keys():
        new = renamed[old]
        warn(f"{cls.__name__}: the argument {old!r} is now called {new!r}.", DeprecationWarning)
        kwargs[new] = kwargs.pop(old)
    return kwargs


def _check_known(cls: type[Configurable], taken: Taken, kwargs: Mapping[str, Any]) -> None:
    common: tuple[str, ...] = cls.__fastnn_common_arguments__
    open_ended = not common and taken.variadic is not None
    for name in kwargs:
        if name not in taken.own and name not in common and not open_ended:
            raise ValueError(f"{cls.__name__} has no argument {name!r}.{suggestion(name, [*taken.own, *common])}")
