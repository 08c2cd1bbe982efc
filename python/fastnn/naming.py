"""Names: look-ups with suggestions, and the spelling that Keras gives to names."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any


def suggestion(name: str, known: Iterable[str]) -> str:
    """` Did you mean 'x'?`, or the list of what is known where nothing comes close."""
    names = list(known)
    close = difflib.get_close_matches(name, names, 1, 0.6) or difflib.get_close_matches(name.lower(), names, 1, 0.6)
    if close:
        return f" Did you mean {close[0]!r}?"
    return f" Known are: {', '.join(sorted(names))}." if names else ""


def lookup(word: str, name: str, members: Mapping[str, Any], aliases: Mapping[str, str] | None = None) -> Any:
    """The member called `name`.

    Args:
        word: What the members are, for the error: "initializer".
        name: What the user wrote.
        members: The members by their proper names.
        aliases: Further names, each with the proper name it stands for.

    Raises:
        ValueError: No member has this name; the message proposes the nearest.
    """
    proper = aliases.get(name, name) if aliases else name
    if proper in members:
        return members[proper]
    raise ValueError(f"Unknown {word} {name!r}.{suggestion(name, [*members, *(aliases or ())])}")


def snake_case(name: str) -> str:
    """`MaxPooling2D` -> `max_pooling2d`, `ReLU` -> `re_lu`, as Keras names things."""
    letters: list[str] = []
    for i, letter in enumerate(name):
        before = name[i - 1] if i else ""
        after = name[i + 1] if i + 1 < len(name) else ""
        starts_word = letter.isupper() and i > 0 and (before.islower() or after.islower())
        letters.append("_" + letter if starts_word else letter)
    return "".join(letters).lower()


def file_name(class_name: str) -> str:
    """Returns the name of a class in the paths of Keras' files: `Conv2DTranspose` -> `conv2d_transpose`.

    It differs from `snake_case` in a few names: `PReLU` -> `p_re_lu`.
    """
    name = re.sub(r"\W+", "", class_name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
