"""Names of the optimizers of Keras 2, which say what to write in place of them, as those of Keras 3 do."""

from __future__ import annotations

from typing import Any, NoReturn

__all__ = ["SGD", "Adagrad", "Adam", "Ftrl", "Optimizer", "RMSprop"]


class _Legacy:
    """Optimizer of Keras 2, of which there is only the name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._refuse()

    def _refuse(self) -> NoReturn:
        name = type(self).__name__
        raise ImportError(
            f"optimizers.legacy.{name} is an optimizer of Keras 2; use optimizers.{name}, whose learning rate decays "
            "by a schedule in place of the argument decay"
        )


class Optimizer(_Legacy):
    """Base of the optimizers of Keras 2; use `fastnn.optimizers.Optimizer`.

    Raises:
        ImportError: Always.
    """


class SGD(_Legacy):
    """Stochastic gradient descent of Keras 2; use `fastnn.optimizers.SGD`.

    Raises:
        ImportError: Always.
    """


class Adagrad(_Legacy):
    """Adagrad of Keras 2; use `fastnn.optimizers.Adagrad`.

    Raises:
        ImportError: Always.
    """


class Adam(_Legacy):
    """Adam of Keras 2; use `fastnn.optimizers.Adam`.

    Raises:
        ImportError: Always.
    """


class Ftrl(_Legacy):
    """FTRL of Keras 2; use `fastnn.optimizers.Ftrl`.

    Raises:
        ImportError: Always.
    """


class RMSprop(_Legacy):
    """RMSprop of Keras 2; use `fastnn.optimizers.RMSprop`.

    Raises:
        ImportError: Always.
    """


def __dir__() -> list[str]:
    return __all__
