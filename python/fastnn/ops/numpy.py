"""Functions of `fastnn.ops` under the name that Keras has for those of NumPy: `keras.ops.numpy`.

The package fills it when all of them are defined.
"""

from fastnn.naming import suggestion as _suggestion


def __dir__() -> list[str]:
    return [name for name in globals() if not name.startswith("_")]


def __getattr__(name: str) -> object:
    raise AttributeError(f"module 'fastnn.ops.numpy' has no function {name!r}.{_suggestion(name, __dir__())}")
