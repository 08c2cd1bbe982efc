"""The finder that answers imports of Keras and TensorFlow: each path leads to the module of fastnn itself."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from fastnn.aliases.paths import MOVED, ROOTS, advice
from fastnn.naming import suggestion

FOUND_HERE = "__fastnn__"
"""Attribute of modules that stand under a name of Keras or TensorFlow."""


def spelled(name: str) -> str:
    """Returns a dotted name as messages have it: it begins with `keras` or `tensorflow`."""
    for root in ("tensorflow.python.keras", "tensorflow.keras", "tf.keras"):
        if f"{name}.".startswith(f"{root}."):
            return f"keras{name[len(root) :]}"
    return f"tensorflow{name[2:]}" if f"{name}.".startswith("tf.") else name


def absent(name: str, module: ModuleType | None) -> str:
    """Returns the message for a name that is not there.

    Args:
        name: The dotted name.
        module: The module in which it was sought.
    """
    name = spelled(name)
    told = f"{name} is not there: since `import fastnn.as_keras`, {name.partition('.')[0]} means fastnn"
    mend = advice(name)
    public = [known for known in dir(module) if not known.startswith("_")] if module is not None else []
    if mend is None or (name.count(".") > 1 and mend == advice("tensorflow")):
        return f"{told}.{suggestion(name.rpartition('.')[2], public)}"
    return f"{told}; {mend}"


def target(name: str) -> tuple[str, str] | None:
    """Returns the package and the rest of the path to which a dotted name leads; None for other names."""
    for root, package in ROOTS.items():
        if name.startswith(f"{root}."):
            return package, name[len(root) + 1 :]
    return None


class Finder(MetaPathFinder, Loader):
    """Finder of `keras.x`, which is `fastnn.x`, and of `tensorflow.x`, which is `fastnn.stand_in.x`.

    Args:
        shadowed: The top names that it answers for: "keras", "tensorflow", "tf".
    """

    def __init__(self, shadowed: Sequence[str]) -> None:
        self.shadowed = set(shadowed)
        self._specs: dict[str, ModuleSpec | None] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target_module: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Returns the specification of an alias; None for other modules.

        Raises:
            ModuleNotFoundError: The name is one of Keras or TensorFlow, and not there.
        """
        if fullname == "tensorboard.compat.notf" and "tensorflow" in self.shadowed:
            # TensorBoard asks for a module of this name to learn that it is to do without TensorFlow.
            return ModuleSpec(fullname, self, origin="")
        top = fullname.partition(".")[0]
        if top == "fastnn":
            self._explain(fullname)
            return None
        led = target(fullname)
        if led is None:
            return None
        # Beside a real TensorFlow, tensorflow.keras is what Keras is; tensorflow.python is code of its own.
        shadow = "keras" if fullname.startswith("tensorflow.keras.") else top
        if shadow not in self.shadowed or not getattr(sys.modules.get(shadow), FOUND_HERE, False):
            return None
        package, rest = led
        if rest.rpartition(".")[2].startswith("_"):
            return None  # private names: the usual error
        real = f"{package}.{rest}"
        if package == "fastnn" and rest in MOVED:
            return ModuleSpec(fullname, self, origin=real, is_package=True)
        # The import system has imported the alias of the parent, and so the parent, before it asks.
        above = real.rpartition(".")[0]
        parent = sys.modules.get(above)
        places = getattr(parent, "__path__", None)
        if rest.startswith("src.") or places is None or PathFinder.find_spec(real, places) is None:
            moved = MOVED.get(above.removeprefix("fastnn."))
            parent = parent if moved is None else sys.modules.get(f"fastnn.{moved}".rstrip("."))
            # With another name than the one that was asked for, lest `from x import y` puts its own message there.
            raise ModuleNotFoundError(absent(fullname, parent), name=top)
        return ModuleSpec(fullname, self, origin=real)

    def _explain(self, fullname: str) -> None:
        """Says what to do where `from keras.x import y` seeks a module `fastnn.x.y` that is not there."""
        above = fullname.rpartition(".")[0]
        parent = sys.modules.get(above)
        if above == "fastnn" or not getattr(parent, FOUND_HERE, False):
            return
        if PathFinder.find_spec(fullname, getattr(parent, "__path__", [])) is None:
            stands = "tensorflow" if above.startswith("fastnn.stand_in") else "keras"
            named = fullname.replace("fastnn.stand_in", stands).replace("fastnn", stands)
            raise ModuleNotFoundError(absent(named, parent), name=stands)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Returns the module to which an alias leads."""
        if not spec.origin:
            return ModuleType(spec.name, "TensorFlow is not here.")
        old = spec.origin.removeprefix("fastnn.")
        module = moved(old) if spec.origin.startswith("fastnn.") and old in MOVED else None
        if module is None:
            module = importlib.import_module(spec.origin)
        self._specs[spec.name] = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Puts the module's own specification back, over which the import system has written that of the alias."""
        assert module.__spec__ is not None
        own = self._specs.pop(module.__spec__.name, None)
        module.__spec__ = module.__spec__ if own is None else own


_made: dict[str, ModuleType] = {}


def moved(old: str) -> ModuleType:
    """Returns a module that Keras 2 had, with the names of the module that has them now.

    It is that of fastnn of the same path where there is one, else it is made once.

    Args:
        old: Path below `keras`.
    """
    if old in _made:
        return _made[old]
    now = importlib.import_module(f"fastnn.{MOVED[old]}".rstrip("."))
    try:
        exists = importlib.util.find_spec(f"fastnn.{old}") is not None
    except ModuleNotFoundError:
        exists = False
    if exists:
        module = importlib.import_module(f"fastnn.{old}")
    else:
        module = ModuleType(f"keras.{old}", now.__doc__)
        module.__spec__ = ModuleSpec(f"keras.{old}", None, is_package=True)
        module.__path__ = []
        module.__dict__["__all__"] = list(now.__all__)
    for name in now.__all__:
        module.__dict__.setdefault(name, getattr(now, name))
    module.__dict__[FOUND_HERE] = True
    module.__dict__["__getattr__"] = refusing(f"keras.{old}", module, now)
    _made[old] = module
    return module


def refusing(name: str, module: ModuleType, names: ModuleType | None = None, more: Any = None) -> Callable[[str], Any]:
    """Returns a module's `__getattr__` that says what to do about a name that is not there.

    Modules that Keras 2 had are found by it, and names that the module makes at their first use.

    Args:
        name: Name of the module under Keras or TensorFlow.
        module: The module.
        names: The module whose names are proposed; None: the module itself.
        more: Further names, by which the module answers.
    """
    own = vars(module).get("__getattr__")

    def __getattr__(attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(f"module {name!r} has no attribute {attribute!r}")
        if more is not None and attribute in more:
            return more[attribute]
        path = f"{spelled(name)}.{attribute}"
        old = path.removeprefix("keras.")
        if path.startswith("keras.") and old in MOVED:
            return moved(old)
        if own is not None:
            try:
                return own(attribute)
            except AttributeError:
                pass  # the message of this place says more
        raise AttributeError(absent(path, names or module), name=attribute, obj=module)

    return __getattr__
