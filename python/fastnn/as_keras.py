"""`import fastnn.as_keras`: from then on `keras` and `tensorflow.keras` mean fastnn.

Scripts written for Keras run with their own import lines: `from keras.layers import Dense`, `import tensorflow as tf`,
`from tensorflow.keras.optimizers import Adam`. Import it before them. A real Keras or TensorFlow that was imported
earlier is never shadowed.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

import fastnn

_MODULES = (
    "activations", "backend", "callbacks", "config", "constraints", "datasets", "initializers", "layers", "losses",
    "metrics",
    "models", "optimizers", "regularizers", "saving", "utils",
)  # fmt: skip


def _install() -> None:
    for name in ("keras", "tensorflow", "tf"):
        present = sys.modules.get(name)
        if present is not None and not getattr(present, "__fastnn__", present is fastnn):
            raise ImportError(
                f"fastnn.as_keras: {name} is imported already and would be shadowed; import fastnn.as_keras first, "
                "or write "
                "import fastnn as keras"
            )
    keras = ModuleType("keras", fastnn.__doc__)
    keras.__dict__.update({name: value for name, value in vars(fastnn).items() if not name.startswith("__")})
    keras.__dict__.update(__version__=fastnn.__version__, __path__=[], __fastnn__=True)
    tensorflow = ModuleType("tensorflow", "The part of TensorFlow that is Keras, by fastnn.")
    tensorflow.__dict__.update(keras=keras, __version__=fastnn.__version__, __path__=[], __fastnn__=True)
    random = ModuleType("tensorflow.random")
    random.__dict__["set_seed"] = fastnn.utils.set_random_seed
    tensorflow.__dict__["random"] = random
    sys.modules.update({"keras": keras, "tensorflow": tensorflow, "tf": tensorflow})
    for name in _MODULES:
        module = importlib.import_module(f"fastnn.{name}")
        setattr(keras, name, module)
        for parent in ("keras", "tensorflow.keras", "tf.keras"):
            sys.modules[f"{parent}.{name}"] = module
    sys.modules.update({"tensorflow.keras": keras, "tf.keras": keras, "tensorflow.random": random})


_install()
