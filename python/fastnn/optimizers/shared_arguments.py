"""Arguments that all optimizers share: written here once, with their types and defaults.

A constructor names its own arguments and ends with `**kwargs`. `with_shared_arguments` gives it the others, in the
places that they have in Keras. The docstring of `Optimizer` describes them, and `with_shared_descriptions` puts its
lines into those of its subclasses.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable
from typing import Any, TypedDict


class Decay(TypedDict, total=False):
    """Type of the first shared argument, which some optimizers name themselves."""

    weight_decay: float | None


class SharedWithoutDecay(TypedDict, total=False):
    """Types of the others, in the order of Keras."""

    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    name: str | None


class SharedArguments(Decay, SharedWithoutDecay, total=False):
    """Types of the shared arguments."""


_DEFAULTS = {"use_ema": False, "ema_momentum": 0.99}
"""Defaults other than None."""

_SHARED = tuple(
    inspect.Parameter(
        name,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        default=_DEFAULTS.get(name),
        annotation=getattr(annotation, "__forward_arg__", annotation),
    )
    for name, annotation in SharedArguments.__annotations__.items()
)


def with_shared_arguments(init: Callable[..., None]) -> Callable[..., None]:
    """Returns a constructor that takes the shared arguments in place of its `**kwargs`.

    They follow its own arguments, but for those that it names itself, which stay where they are. Its arguments behind a
    `*` follow the shared ones. All can be given by position, as in Keras.

    Args:
        init: The constructor. It is called with its own arguments and those that were given for its `**kwargs`.
    """
    own = inspect.signature(init)
    given = [p for p in own.parameters.values() if p.kind is not p.VAR_KEYWORD]
    behind = [p.replace(kind=p.POSITIONAL_OR_KEYWORD) for p in given if p.kind is p.KEYWORD_ONLY]
    before = [p for p in given if p.kind is not p.KEYWORD_ONLY]
    shared = [p for p in _SHARED if p.name not in own.parameters]
    signature = own.replace(parameters=[*before, *shared, *behind])

    @functools.wraps(init)
    def __init__(*args: Any, **kwargs: Any) -> None:
        init(**signature.bind(*args, **kwargs).arguments)

    __init__.__signature__ = signature  # type: ignore[attr-defined]
    return __init__


_LINE = re.compile(r"^ {4}\*\*kwargs: Arguments that all optimizers share.*\n", re.MULTILINE)
"""The line of a docstring that stands for the descriptions of the shared arguments."""


def with_shared_descriptions(text: str | None, base: str | None) -> str | None:
    """Returns the docstring of an optimizer with the descriptions of the shared arguments.

    Args:
        text: The docstring. Its line "**kwargs: Arguments that all optimizers share" is replaced.
        base: The docstring of the base class, which describes them.
    """
    if not text or not base:
        return text
    text = inspect.cleandoc(text)
    # A description is a line with the name and those after it that are indented further.
    texts = dict(re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", inspect.cleandoc(base), re.MULTILINE))
    shared = [p.name for p in _SHARED if not re.search(rf"^ {{4}}{p.name}:", text, re.MULTILINE)]
    return _LINE.sub(lambda _: "".join(f"    {name}: {texts[name]}\n" for name in shared), text)
