"""The learning rates of a model's optimizer, or optimizers, as callbacks read, set and log them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def named_optimizers(optimizer: Any) -> Iterator[tuple[str, str, Any]]:
    """Yields for each optimizer the name of its log, its name in messages, and itself.

    Args:
        optimizer: An optimizer, or one that holds several as `optimizers`.
    """
    several = getattr(optimizer, "optimizers", None)
    if several is None:
        yield "learning_rate", "", optimizer
        return
    for one in several:
        yield f"learning_rate_{one.name}", f" {one.name}", one


def logged_rates(optimizer: Any) -> dict[str, float]:
    """Returns the learning rates as they are logged.

    Args:
        optimizer: An optimizer, or one that holds several as `optimizers`.
    """
    return {log: float(one.learning_rate) for log, _, one in named_optimizers(optimizer)}
