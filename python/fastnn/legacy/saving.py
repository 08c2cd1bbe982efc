"""Forms of objects as Keras 2 had them: those of `fastnn.utils.legacy`."""

from fastnn.utils.legacy import deserialize_keras_object, serialize_keras_object

__all__ = ["deserialize_keras_object", "serialize_keras_object"]


def __dir__() -> list[str]:
    return __all__
