"""Installation of the aliases: the modules `keras` and `tensorflow`, and the finder of what lies below them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

import fastnn
from fastnn import stand_in
from fastnn.aliases.finder import FOUND_HERE, Finder, refusing
from fastnn.aliases.paths import KERAS_VERSION
from fastnn.stand_in.keras_backend import NAMES as OF_BACKEND
from fastnn.stand_in.keras_backend import OF_LOSSES


def _root(name: str, doc: str | None, finder: Finder, **members: object) -> ModuleType:
    module = ModuleType(name, doc)
    module.__dict__.update(members, __path__=[], __all__=sorted(key for key in members if not key.startswith("_")))
    module.__dict__[FOUND_HERE] = True
    module.__file__ = fastnn.__file__
    module.__spec__ = ModuleSpec(name, finder, origin="fastnn", is_package=True)
    module.__dict__["__getattr__"] = refusing(name, module)
    return module


def _version() -> str:
    """Returns the version of Keras whose interface this is."""
    return KERAS_VERSION


def install(shadowed: Sequence[str] = ("keras", "tensorflow", "tf")) -> None:
    """Lets `keras`, and where asked for `tensorflow`, mean fastnn from now on.

    Args:
        shadowed: The names.

    Raises:
        ImportError: A real package of one of these names was imported before.
    """
    for name in shadowed:
        present = sys.modules.get(name)
        if present is not None and not getattr(present, FOUND_HERE, present is fastnn):
            rest = " To use TensorFlow beside it, import fastnn.as_keras_only." if name != "keras" else ""
            raise ImportError(
                f"fastnn.as_keras: {name} is imported already and would be shadowed; import fastnn.as_keras first, or "
                f"write import fastnn as keras.{rest}"
            )
    finders = [one for one in sys.meta_path if isinstance(one, Finder)]
    finder = finders[0] if finders else Finder(shadowed)
    finder.shadowed |= set(shadowed)
    if not finders:
        sys.meta_path.insert(0, finder)
    if "keras" not in sys.modules:
        names = {name: getattr(fastnn, name) for name in fastnn.__all__}
        keras = _root("keras", fastnn.__doc__, finder, **{**names, "version": _version, "__version__": KERAS_VERSION})
        # A real TensorFlow finds Keras under the last of these names, and its own tensorflow.keras is that module.
        of_tensorflow = ("keras._tf_keras", "keras._tf_keras.keras", "tensorflow.keras")
        sys.modules |= dict.fromkeys(("keras", *of_tensorflow), keras)
        for name, module in names.items():
            _answer(f"keras.{name}", module, {"backend": OF_BACKEND, "losses": OF_LOSSES}.get(name))
    if "tensorflow" in shadowed and "tensorflow" not in sys.modules:
        names = {name: getattr(stand_in, name) for name in stand_in.__all__}
        tensorflow = _root(
            "tensorflow", stand_in.__doc__, finder, **names, keras=sys.modules["keras"],
            __version__=stand_in.__version__,
        )  # fmt: skip
        keras = sys.modules["keras"]
        python = _root("tensorflow.python", "Paths of old scripts.", finder, keras=keras)
        sys.modules |= {"tensorflow": tensorflow, "tf": tensorflow, "tensorflow.python": python}
        sys.modules |= dict.fromkeys(("tf.keras", "tensorflow.python.keras"), keras)
        for name, module in names.items():
            _answer(f"tensorflow.{name}", module)


def _answer(name: str, module: object, more: object = None) -> None:
    """Lets a module say what to do about names that it does not have."""
    if isinstance(module, ModuleType) and FOUND_HERE not in vars(module):
        module.__dict__[FOUND_HERE] = True
        module.__dict__["__getattr__"] = refusing(name, module, more=more)
