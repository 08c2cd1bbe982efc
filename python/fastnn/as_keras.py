"""`import fastnn.as_keras`: from then on `keras` and `tensorflow.keras` mean fastnn.

Scripts written for Keras run with their own import lines: `from keras.layers import Dense`, `import tensorflow as tf`,
`from tensorflow.keras.optimizers import Adam`. Import it before them. A real Keras or TensorFlow that was imported
earlier is never shadowed.

Every module of fastnn is reached under both names, and is the same module under each: a finder answers the imports,
so there is no list of modules here.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

import fastnn

_ROOTS = ("keras", "tensorflow.keras", "tf.keras")
"""The names under which scripts import Keras."""


class _Finder(MetaPathFinder, Loader):
    """Finder of `keras.x`, which is `fastnn.x`."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        root = next((root for root in _ROOTS if fullname.startswith(f"{root}.")), None)
        if root is None or not getattr(sys.modules.get("keras"), "__fastnn__", False):
            return None
        real = f"fastnn.{fullname.removeprefix(f'{root}.')}"
        parent = sys.modules.get(real.rpartition(".")[0])
        # The import system has imported the alias of the parent, and so the parent, before it asks.
        if not hasattr(parent, "__path__") or importlib.util.find_spec(real) is None:
            return None
        return ModuleSpec(fullname, self, origin=real)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        assert spec.origin is not None
        module = importlib.import_module(spec.origin)
        self._specs[spec.name] = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # The import system has just written the alias's spec over the module's own.
        assert module.__spec__ is not None
        module.__spec__ = self._specs.pop(module.__spec__.name)

    def __init__(self) -> None:
        self._specs: dict[str, ModuleSpec | None] = {}


def _package(name: str, doc: str | None, **members: object) -> ModuleType:
    module = ModuleType(name, doc)
    module.__dict__.update(members, __version__=fastnn.__version__, __path__=[], __fastnn__=True)
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
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


_install()
