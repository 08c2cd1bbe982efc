"""Objects that are made of their constructor's arguments: layers, losses, metrics, optimizers, initializers...

An argument is written once, in the constructor's signature. From there come the attribute of the same name,
`get_config`, `from_config` and `repr`; what an argument named `*_initializer` or `activation` may be is said by its
family. This file owns that mechanism and the one way in which names are looked up; it knows no family by itself.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np

from fastnn.keras_form import KerasForm
from fastnn.naming import suggestion

Self = TypeVar("Self", bound="Configurable")


def plain(value: Any) -> Any:
    """A value as it stands in a config: numbers, strings, lists, and dicts of them."""
    if isinstance(value, Configurable):
        return {"class_name": type(value).__name__, "config": value.get_config()}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if callable(value) and hasattr(value, "__name__"):
        return value.__name__
    return value


Converter = Callable[[Any], Any]


_converters: dict[str, Converter] = {}


def converts(*endings: str) -> Callable[[Converter], Converter]:
    """Says that arguments whose names end so (`_initializer`) pass through the decorated function of their family."""

    def register(converter: Converter) -> Converter:
        _converters.update(dict.fromkeys(endings, converter))
        return converter

    return register


def _converted(name: str, value: Any) -> Any:
    for ending, converter in _converters.items():
        if name.endswith(ending):
            return converter(value)
    return value


class Configurable(KerasForm):
    """Base of everything that is described by its constructor's arguments.

    A subclass writes them in the signature of `__init__`, whose body has only to check them: when it runs, each
    already is an attribute. A class that a user derives names its attributes itself; what its constructor was given is
    kept for its config.
    """

    renamed: ClassVar[Mapping[str, str]] = {}
    """Arguments that had another name in older Keras; they are accepted with a warning."""

    _foreign: ClassVar[bool] = False
    """Whether it is a class of the user's."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._foreign = cls.__module__.split(".")[0] != __name__.split(".")[0]
        if "__init__" in cls.__dict__ and "_common_arguments" not in cls.__dict__:
            cls.__init__ = (_kept if cls._foreign else _recorded)(cls.__init__)  # type: ignore[method-assign]

    @classmethod
    def _signature(cls) -> inspect.Signature:
        return inspect.signature(cls.__init__)

    @classmethod
    def _common_arguments(cls) -> tuple[str, ...]:
        """Names that every class of the family takes through `**kwargs`, said by the base that takes them."""
        return ()

    def _store(self, arguments: dict[str, Any]) -> None:
        """Keeps the arguments, each as an attribute."""
        for name, value in arguments.items():
            value = tuple(value) if isinstance(value, list) else value
            setattr(self, name, _converted(name, value))

    def _argument_names(self) -> tuple[str, ...]:
        return tuple(self.__dict__.get("_arguments", ()))

    def get_config(self) -> dict[str, Any]:
        """The arguments from which `from_config` makes an equal object, as plain values."""
        given = self.__dict__.get("_given_arguments")
        if given is not None:
            return {name: plain(value) for name, value in given.items()}
        return {name: plain(getattr(self, name)) for name in self._argument_names()}

    @classmethod
    def from_config(cls: type[Self], config: Mapping[str, Any]) -> Self:
        """A new object with the arguments that `get_config` returned."""
        return cls(**config)

    def __repr__(self) -> str:
        defaults = {name: parameter.default for name, parameter in self._signature().parameters.items()}
        shown = []
        for name, value in self.get_config().items():
            default = defaults.get(name, inspect.Parameter.empty)
            same = default is not inspect.Parameter.empty and plain(_converted(name, default)) == value
            if not same and not (name in self._common_arguments() and name != "name"):
                shown.append(f"{name}={_short(getattr(self, name, value))}")
        return f"{type(self).__name__}({', '.join(shown)})"


def _short(value: Any) -> str:
    return value.__name__.__repr__() if callable(value) and hasattr(value, "__name__") else repr(value)


@functools.cache
def _taken_by(init: Callable[..., None]) -> tuple[inspect.Signature, str | None]:
    """A constructor's signature and the name of its **kwargs: read at the first use, so that an import is quick."""
    signature = inspect.signature(init)
    return signature, next((p.name for p in signature.parameters.values() if p.kind is p.VAR_KEYWORD), None)


def _recorded(init: Callable[..., None]) -> Callable[..., None]:
    """The constructor `init`, with its arguments stored before its body runs.

    Only the outermost constructor of a chain of `super().__init__` calls records: its signature is what the user saw.
    """

    @functools.wraps(init)
    def __init__(self: Configurable, *args: Any, **kwargs: Any) -> None:
        outermost = type(self)._foreign or type(self).__init__ is __init__
        if not outermost or "_arguments" in self.__dict__:
            init(self, *args, **kwargs)
            return
        kwargs = _modern(type(self), kwargs)
        signature, variadic = _taken_by(init)
        try:
            bound = signature.bind(self, *args, **kwargs)
        except TypeError as error:
            _check_known(type(self), signature, kwargs)
            raise TypeError(f"{type(self).__name__}() {error}") from None
        _check_known(type(self), signature, kwargs)
        bound.apply_defaults()
        arguments = dict(list(bound.arguments.items())[1:])
        if variadic is not None:
            arguments.pop(variadic)
        self.__dict__["_arguments"] = tuple(arguments)
        self._store(arguments)
        init(self, *args, **kwargs)

    return __init__


def _kept(init: Callable[..., None]) -> Callable[..., None]:
    """The constructor `init` of a user's class, which keeps what it was given."""

    @functools.wraps(init)
    def __init__(self: Configurable, *args: Any, **kwargs: Any) -> None:
        if type(self).__init__ is __init__:
            signature, variadic = _taken_by(init)
            try:
                bound = signature.bind(self, *args, **kwargs)
            except TypeError as error:
                raise TypeError(f"{type(self).__name__}() {error}") from None
            bound.apply_defaults()
            arguments = dict(list(bound.arguments.items())[1:])
            arguments.update(arguments.pop(variadic, {}) if variadic else {})
            self.__dict__["_given_arguments"] = arguments
        init(self, *args, **kwargs)

    return __init__


def _modern(cls: type[Configurable], kwargs: dict[str, Any]) -> dict[str, Any]:
    for old in cls.renamed.keys() & kwargs.keys():
        new = cls.renamed[old]
        warnings.warn(f"{cls.__name__}: the argument {old!r} is now called {new!r}.", DeprecationWarning, stacklevel=4)
        kwargs[new] = kwargs.pop(old)
    return kwargs


def _check_known(cls: type[Configurable], signature: inspect.Signature, kwargs: Mapping[str, Any]) -> None:
    own = [p.name for p in signature.parameters.values() if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)][1:]
    common = cls._common_arguments()
    open_ended = not common and any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values())
    for name in kwargs:
        if name not in own and name not in common and not open_ended:
            raise ValueError(f"{cls.__name__} has no argument {name!r}.{suggestion(name, [*own, *common])}")
