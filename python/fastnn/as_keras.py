"""`import fastnn.as_keras`: from then on `keras` and `tensorflow.keras` mean fastnn.

Scripts written for Keras run with their own import lines: `from keras.layers import Dense`, `import tensorflow as tf`,
`from tensorflow.keras.optimizers import Adam`. Import it before them. A real Keras or TensorFlow that was imported
earlier is never shadowed.

Every module of fastnn is reached under both names, and is the same module under each: a finder answers the imports,
so there is no list of modules here. Modules that Keras 2 had hold the names of those that have them now. What is not
there is an error that says so, and what to write.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

import fastnn
from fastnn.naming import suggestion

_ROOTS = {"keras": "fastnn", "tensorflow.keras": "fastnn", "tf.keras": "fastnn"}
"""The names under which scripts import Keras, and what they stand for."""
_MOVED = {
    **dict.fromkeys(
        (
            "layers.advanced_activations", "layers.convolutional", "layers.core", "layers.embeddings", "layers.merge",
            "layers.noise", "layers.normalization", "layers.pooling", "layers.recurrent", "layers.wrappers",
        ),
        "layers",
    ),
    **dict.fromkeys(("preprocessing", "preprocessing.image", "preprocessing.sequence", "utils.np_utils"), "utils"),
    **dict.fromkeys(("engine", "engine.base_layer", "engine.topology"), ""),
}  # fmt: skip
"""Modules that Keras or Keras 2 has, with the module of fastnn that has their names."""
_MENDS = {
    "keras.applications": "there are no pretrained models; build the model and give it weights by load_weights()",
    "keras.datasets": "it has keras.datasets.digits.load_data(); load other data by NumPy and give fit() arrays",
    "keras.preprocessing": "what it has for images and sequences is in keras.utils; augment images by layers such as "
    "keras.layers.RandomFlip, and turn text into numbers by keras.layers.TextVectorization",
    "tensorflow.data": "give fit() arrays, or call train_on_batch() in a loop of your own",
    "tensorflow": "of TensorFlow it has tensorflow.keras and tensorflow.random.set_seed; compute with keras.ops, such "
    "as keras.ops.mean in place of tf.reduce_mean",
}
"""What to do where a name is not there, by what the name begins with; the first that fits."""


def _absent(name: str, module: ModuleType | None) -> str:
    """Returns the message for a name that is not there."""
    name = f"tensorflow{name[2:]}" if name.startswith("tf.") else name
    name = name.replace("tensorflow.keras.", "keras.", 1) if name.startswith("tensorflow.keras.") else name
    mend = next((mend for start, mend in _MENDS.items() if f"{name}.".startswith(f"{start}.")), None)
    told = f"{name} is not there: since `import fastnn.as_keras`, {name.partition('.')[0]} means fastnn"
    if mend is not None:
        return f"{told}; {mend}"
    public = [known for known in dir(module) if not known.startswith("_")] if module is not None else []
    return f"{told}.{suggestion(name.rpartition('.')[2], public)}"


def _as_keras(name: str) -> str | None:
    """Returns the name of a module under `keras`; None for other modules."""
    for root in (*_ROOTS, "fastnn"):
        if name.startswith(f"{root}."):
            return f"keras.{name.removeprefix(f'{root}.')}"
    return None


class _Finder(MetaPathFinder, Loader):
    """Finder of `keras.x`, which is `fastnn.x`."""

    def __init__(self) -> None:
        self._specs: dict[str, ModuleSpec | None] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not getattr(sys.modules.get("keras"), "__fastnn__", False):
            return None
        named = _as_keras(fullname)
        if named is None:
            if fullname.startswith(("tensorflow.", "tf.")):
                raise ModuleNotFoundError(_absent(fullname, None), name="tensorflow")
            return None
        if named.startswith("keras.src.") or named.rpartition(".")[2].startswith("_"):
            return None  # private names: the usual error
        real = f"fastnn.{named.removeprefix('keras.')}"
        if not fullname.startswith("fastnn.") and real.removeprefix("fastnn.") in _MOVED:
            return ModuleSpec(fullname, self, origin=real, is_package=True)
        # The import system has imported the alias of the parent, and so the parent, before it asks.
        above = real.rpartition(".")[0]
        parent = sys.modules.get(above)
        places = getattr(parent, "__path__", None)
        if places is None or PathFinder.find_spec(real, places) is None:
            moved = _MOVED.get(above.removeprefix("fastnn."))
            parent = parent if moved is None else sys.modules.get(f"fastnn.{moved}".rstrip("."))
            # With another name than the one that was asked for, lest `from x import y` puts its own message there.
            raise ModuleNotFoundError(_absent(named, parent), name="keras")
        return None if fullname == real else ModuleSpec(fullname, self, origin=real)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        assert spec.origin is not None
        if spec.submodule_search_locations is not None:
            return _moved(spec.name, spec.origin.removeprefix("fastnn."))
        module = importlib.import_module(spec.origin)
        self._specs[spec.name] = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # The import system has just written the alias's spec over the module's own.
        assert module.__spec__ is not None
        module.__spec__ = self._specs.pop(module.__spec__.name, module.__spec__)


def _moved(name: str, old: str) -> ModuleType:
    """Returns a module that Keras 2 had: the names of the module that has them now, beside what fastnn has there."""
    now = importlib.import_module(f"fastnn.{_MOVED[old]}".rstrip("."))
    made = _package(name, now.__doc__, **{public: getattr(now, public) for public in now.__all__})
    here = sys.modules.get(f"fastnn.{old}")
    if here is not None:
        made.__dict__.update({key: value for key, value in vars(here).items() if not key.startswith("__")})
    return made


def _refusing(name: str, module: ModuleType) -> Callable[[str], Any]:
    """Returns a module's `__getattr__` that says what to do about a name that is not there.

    Names that the module makes at their first use are still found.
    """
    own = vars(module).get("__getattr__")

    def __getattr__(attribute: str) -> Any:
        if own is not None:
            with contextlib.suppress(AttributeError):
                return own(attribute)
        if attribute.startswith("__"):
            raise AttributeError(f"module {name!r} has no attribute {attribute!r}")
        raise AttributeError(_absent(f"{name}.{attribute}", module), name=attribute, obj=module)

    return __getattr__


def _package(name: str, doc: str | None, **members: object) -> ModuleType:
    module = ModuleType(name, doc)
    module.__dict__.update(members, __version__=fastnn.__version__, __path__=[], __fastnn__=True)
    module.__dict__["__getattr__"] = _refusing(name, module)
    return module


def _install() -> None:
    for name in ("keras", "tensorflow", "tf"):
        present = sys.modules.get(name)
        if present is not None and not getattr(present, "__fastnn__", present is fastnn):
            raise ImportError(
                f"fastnn.as_keras: {name} is imported already and would be shadowed; import fastnn.as_keras first, "
                "or write import fastnn as keras"
            )
    keras = _package("keras", fastnn.__doc__, **{name: getattr(fastnn, name) for name in fastnn.__all__})
    random = _package("tensorflow.random", "The seed of TensorFlow.", set_seed=fastnn.utils.set_random_seed)
    tensorflow = _package("tensorflow", "The part of TensorFlow that is Keras, by fastnn.", keras=keras, random=random)
    sys.modules.update({"keras": keras, "tensorflow": tensorflow, "tf": tensorflow})
    sys.modules.update({"tensorflow.keras": keras, "tf.keras": keras, "tensorflow.random": random})
    for name in fastnn.__all__:
        module = getattr(fastnn, name)
        if isinstance(module, ModuleType) and not getattr(module, "__fastnn__", False):
            module.__dict__["__fastnn__"] = True
            module.__dict__["__getattr__"] = _refusing(f"keras.{name}", module)
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


_install()
