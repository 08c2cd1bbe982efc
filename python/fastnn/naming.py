"""Names: look-ups with suggestions, the spelling that Keras gives to names, and the counters of automatic names."""

from __future__ import annotations

import difflib
import re
import threading
from collections.abc import Iterable, Mapping
from typing import Any

_lock = threading.Lock()
_counts: dict[str, int] = {}
_uids: dict[str, int] = {}


def suggestion(name: str, known: Iterable[str]) -> str:
    """Returns ` Did you mean 'x'?`, or the list of known names where none comes close."""
    names = list(known)
    close = difflib.get_close_matches(name, names, 1, 0.6) or difflib.get_close_matches(name.lower(), names, 1, 0.6)
    if close:
        return f" Did you mean {close[0]!r}?"
    return f" Known are: {', '.join(sorted(names))}." if names else ""


def lookup(word: str, name: str, members: Mapping[str, Any], aliases: Mapping[str, str] | None = None) -> Any:
    """Returns the member called `name`.

    Args:
        word: The kind of the members, for the error: "initializer".
        name: The name that the user gave.
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
    """Returns a name as Keras spells it in lower case: `MaxPooling2D` -> `max_pooling2d`, `ReLU` -> `re_lu`."""
    letters: list[str] = []
    for i, letter in enumerate(name):
        before = name[i - 1] if i else ""
        after = name[i + 1] if i + 1 < len(name) else ""
        starts_word = letter.isupper() and i > 0 and (before.islower() or after.islower())
        letters.append("_" + letter if starts_word else letter)
    return "".join(letters).lower()


def unique_name(class_name: str) -> str:
    """Returns a name that was not given yet: `dense`, then `dense_1`, `dense_2`..."""
    stem = snake_case(class_name)
    with _lock:
        count = _counts.get(stem, 0)
        _counts[stem] = count + 1
    return f"{stem}_{count}" if count else stem


class name_scope:
    """Block whose name stands for a group of variables in Keras; here the paths of variables do not depend on it.

    Args:
        name: The name.
        **kwargs: Accepted for Keras compatibility; ignored.

    Raises:
        ValueError: The name is empty, or no string without "/".

    Example:
        >>> with fastnn.name_scope("encoder") as scope:
        ...     print(scope.name)
        encoder
    """

    def __init__(self, name: str, **kwargs: Any) -> None:
        if not isinstance(name, str) or not name or "/" in name:
            raise ValueError(f"name_scope expects a name without '/', got {name!r}")
        self.name = name

    def __enter__(self) -> name_scope:
        return self

    def __exit__(self, *exc: object) -> None:
        pass


def next_uid(prefix: str) -> int:
    """Returns the next number of a prefix, from 1."""
    with _lock:
        _uids[prefix] = _uids.get(prefix, 0) + 1
        return _uids[prefix]


def reset_names() -> None:
    """Lets automatic names start again from `dense`."""
    with _lock:
        _counts.clear()
        _uids.clear()


def file_name(class_name: str) -> str:
    """Returns the name of a class in the paths of Keras' files: `Conv2DTranspose` -> `conv2d_transpose`.

    It differs from `snake_case` in a few names: `PReLU` -> `p_re_lu`.
    """
    name = re.sub(r"\W+", "", class_name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
