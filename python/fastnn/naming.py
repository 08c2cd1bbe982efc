"""Names: look-ups with suggestions, the spelling that Keras gives to names, and the counters of automatic names."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_lock = threading.Lock()
_counts: dict[str, int] = {}
_uids: dict[str, int] = {}


_WORDS = {
    "acc": "accuracy", "b": "bias", "dim": "dimension", "eps": "epsilon", "init": "initializer", "inner": "recurrent",
    "lr": "learning rate", "norm": "normalization", "reg": "regularizer", "u": "recurrent", "val": "validation",
    "valid": "validation", "w": "kernel",
}  # fmt: skip
"""Abbreviations, and words of Keras 1, by the words that names have today."""

_FILLERS = {"cudnn", "fn", "function", "layer", "loss", "metric", "n", "nb", "num", "reduce"}
"""Words that people add to a name and that may as well be missing."""

_SYNONYMS: dict[str, tuple[str, ...]] = {
    "alpha": ("negative_slope", "learning_rate"),
    "bias": ("use_bias",),
    "bidirectional": ("Bidirectional",),
    "bordermode": ("padding",),
    "clipbynorm": ("clipnorm",),
    "concat": ("concatenate", "Concatenate"),
    "crossentropy": ("sparse_categorical_crossentropy", "categorical_crossentropy", "binary_crossentropy"),
    "cudnngru": ("GRU",),
    "cudnnlstm": ("LSTM",),
    "data": ("x", "inputs"),
    "decay": ("learning_rate", "weight_decay"),
    "kernelconstraint": ("depthwise_constraint",),
    "kernelinitializer": ("depthwise_initializer",),
    "kernelregularizer": ("depthwise_regularizer",),
    "dimordering": ("data_format",),
    "dropoutu": ("recurrent_dropout",),
    "dropoutw": ("dropout",),
    "embeddingdim": ("output_dim",),
    "embeddingsize": ("output_dim",),
    "evaluategenerator": ("evaluate",),
    "filtersize": ("kernel_size",),
    "fitgenerator": ("fit",),
    "forgetbiasinit": ("unit_forget_bias",),
    "gaussian": ("random_normal",),
    "gradientdescent": ("sgd", "SGD"),
    "hiddensize": ("units",),
    "hiddenunits": ("units",),
    "identity": ("linear",),
    "infeatures": ("input_dim",),
    "init": ("kernel_initializer", "embeddings_initializer"),
    "initializer": ("kernel_initializer", "embeddings_initializer"),
    "input": ("inputs", "input_shape"),
    "inputlength": ("input_shape",),
    "kaiming": ("he_normal", "he_uniform"),
    "kaimingnormal": ("he_normal",),
    "kaiminguniform": ("he_uniform",),
    "keepprob": ("rate",),
    "kernel": ("kernel_size",),
    "kernelsize": ("kernel_size", "pool_size"),
    "l1": ("mean_absolute_error",),
    "l2": ("mean_squared_error",),
    "labels": ("y",),
    "linear": ("Dense",),
    "logistic": ("sigmoid",),
    "logits": ("from_logits",),
    "logloss": ("binary_crossentropy", "categorical_crossentropy"),
    "lr": ("learning_rate",),
    "lrelu": ("leaky_relu",),
    "maskvalue": ("mask_zero",),
    "maxlength": ("input_length",),
    "merge": ("Concatenate", "Add"),
    "momentum": ("beta_1", "sgd"),
    "nbcol": ("kernel_size",),
    "nbepoch": ("epochs",),
    "nbepochs": ("epochs",),
    "nbfilter": ("filters",),
    "nbrow": ("kernel_size",),
    "negativeloglikelihood": ("sparse_categorical_crossentropy", "categorical_crossentropy"),
    "neurons": ("units",),
    "nll": ("sparse_categorical_crossentropy", "categorical_crossentropy"),
    "nodes": ("units",),
    "none": ("linear",),
    "numepochs": ("epochs",),
    "outfeatures": ("units", "filters"),
    "output": ("outputs",),
    "outputdim": ("units", "output_dim"),
    "outputsize": ("units", "output_dim"),
    "p": ("rate",),
    "period": ("save_freq",),
    "poollength": ("pool_size",),
    "poolsize": ("pool_size", "kernel_size"),
    "predictclasses": ("predict",),
    "predictgenerator": ("predict",),
    "predictproba": ("predict",),
    "prob": ("rate",),
    "regularizer": ("kernel_regularizer", "embeddings_regularizer"),
    "rmse": ("root_mean_squared_error", "mean_squared_error"),
    "parameters": ("weights",),
    "samplesperepoch": ("steps_per_epoch",),
    "shape": ("input_shape",),
    "size": ("units", "kernel_size"),
    "softmax": ("sparse_categorical_crossentropy", "categorical_crossentropy"),
    "subsample": ("strides",),
    "subsamplelength": ("strides",),
    "score": ("evaluate",),
    "targets": ("y",),
    "train": ("fit",),
    "validation": ("validation_data",),
    "vocabsize": ("input_dim",),
    "wregularizer": ("kernel_regularizer", "embeddings_regularizer"),
}
"""Names of Keras 1 and 2, of other libraries and of the trade, by the names that stand for them here."""

_MANY = 90
"""Number of names beyond which a message does not list them all."""


_LONGEST_NAME = 200
"""Most characters of a name that is compared with others: to compare takes the square of them."""


def suggestion(name: str, known: Iterable[str]) -> str:
    """Returns ` Did you mean 'x'?`, or the list of known names where none comes close.

    Names are compared without regard to case and separators, then by a table of synonyms, then letter by letter, and at
    last by their words: `crossentropy` is part of three losses.

    Args:
        name: The name that the user gave.
        known: The names that there are.
    """
    if name.startswith("__"):
        # Python's own question: the import system asks a module for `__path__` at each `from module import name`.
        return ""
    names = list(known)
    found = near(name, names)
    if found or not names:
        return found
    listed = {"".join(_words(one)): one for one in sorted(names)}
    return "" if len(listed) > _MANY else f" Known are: {', '.join(sorted(listed.values()))}."


def near(name: str, known: Iterable[str]) -> str:
    """Returns ` Did you mean 'x'?`, or nothing where no known name comes close."""
    if len(name) > _LONGEST_NAME:
        return ""
    by_key: dict[str, str] = {}
    for one in sorted(set(known), key=lambda one: (one[:1].isupper() != name[:1].isupper(), one)):
        by_key.setdefault("".join(_words(one)), one)
    found = [repr(one) for one in _nearest(_words(name.partition("(")[0]), by_key)]
    if not found:
        return ""
    return f" Did you mean {' or '.join([', '.join(found[:-1]), found[-1]] if len(found) > 1 else found)}?"


def _words(name: str) -> list[str]:
    """Returns the words of a name in lower case: `Conv2DTranspose` -> conv, 2, d, transpose."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+", name)]


def _nearest(words: list[str], by_key: Mapping[str, str]) -> list[str]:
    """Returns the known names that a name, given by its words, most likely stands for; at most three."""
    import difflib

    key = "".join(words)
    if not key:
        return []
    if key in by_key:
        return [by_key[key]]
    keys = dict.fromkeys("".join(_words(one)) for one in _SYNONYMS.get(key, ()))
    synonyms = [by_key[one] for one in keys if one in by_key]
    if synonyms:
        return synonyms
    full = [word for one in words for word in _WORDS.get(one, one).split()]
    full = [word for word in full if word not in _FILLERS] or full
    if "".join(full) in by_key:
        return [by_key["".join(full)]]
    # Short names differ by one letter from too many others.
    cutoff = 0.8 if len(key) <= 4 else 0.85
    typing_errors = difflib.get_close_matches(key, by_key, 1, cutoff)
    typing_errors = typing_errors or [one for one in by_key if len(key) > 2 and sorted(one) == sorted(key)]
    if typing_errors:
        return [by_key[typing_errors[0]]]
    holders = [one for one, title in by_key.items() if _holds(_words(title), full)]
    if holders:
        return [by_key[one] for one in sorted(holders, key=lambda one: (abs(len(one) - len(key)), one))[:3]]
    return [by_key[one] for one in difflib.get_close_matches(key, by_key, 1, 0.72) if len(key) > 4]


def _holds(words: list[str], wanted: list[str]) -> bool:
    """Returns whether each wanted word is one of the words, or begins one of them where it has three letters or more.

    Several wanted words may also be one word: cross, entropy.
    """
    if all(any(word == one or (len(one) > 2 and word.startswith(one)) for word in words) for one in wanted):
        return True
    return len(wanted) > 1 and "".join(wanted) in words


def missing_names(module: str, known: Iterable[str]) -> Callable[[str], Any]:
    """Returns the `__getattr__` of a module: its error proposes the nearest of the module's names.

    Args:
        module: The name of the module.
        known: Its public names.
    """

    def __getattr__(name: str) -> Any:
        raise AttributeError(f"module {module!r} has no attribute {name!r}.{suggestion(name, known)}")

    return __getattr__


_advice: ContextVar[Callable[[str], str] | None] = ContextVar("advice", default=None)


@contextmanager
def advice_on_unknown_names(advice: Callable[[str], str]) -> Iterator[None]:
    """Says in the errors of `lookup`, within the block, what may be done about a name, in place of the list of names.

    Args:
        advice: Returns a sentence for a name.
    """
    token = _advice.set(advice)
    try:
        yield
    finally:
        _advice.reset(token)


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
    known = [*members, *(aliases or ())]
    advice = _advice.get()
    proposed = suggestion(name, known) if advice is None else f"{near(name, known)} {advice(name)}"
    raise ValueError(f"Unknown {word} {name!r}.{proposed}")


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


_scope: ContextVar[tuple[str, ...]] = ContextVar("scope", default=())


class name_scope:
    """Block whose name begins the paths of the variables that are made within it.

    Args:
        name: The name.
        **kwargs: Accepted for Keras compatibility; ignored.

    Raises:
        ValueError: The name is empty, or no string without "/".

    Example:
        >>> with fastnn.name_scope("encoder"):
        ...     print(fastnn.Variable(np.zeros(2), name="kernel").path)
        encoder/kernel
    """

    def __init__(self, name: str, **kwargs: Any) -> None:
        if not isinstance(name, str) or not name or "/" in name:
            raise ValueError(f"name_scope expects a name without '/', got {name!r}")
        self.name = name

    def __enter__(self) -> name_scope:
        self._outer = _scope.get()
        _scope.set((*self._outer, self.name))
        return self

    def __exit__(self, *exc: object) -> None:
        _scope.set(self._outer)


def scoped(name: str) -> str:
    """Returns a name after those of the blocks of `name_scope` around: "encoder/kernel"."""
    return "/".join((*_scope.get(), name))


def next_uid(prefix: str) -> int:
    """Returns the next number of a prefix, from 1."""
    with _lock:
        _uids[prefix] = _uids.get(prefix, 0) + 1
        return _uids[prefix]


def reset_names() -> None:
    """Lets automatic names start again from `dense`, and ends the blocks of `name_scope` around."""
    _scope.set(())
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
