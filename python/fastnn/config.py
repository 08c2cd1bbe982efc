"""Settings of the process: threads, Winograd convolution, the check of data for NaN and infinity, and what Keras has.

Of Keras' settings, those of devices have one value here; another value is an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastnn import _core, precision
from fastnn.caller import warn
from fastnn.dtype_policies import DTypePolicy
from fastnn.dtype_policies import get as get_policy
from fastnn.naming import missing_names as _missing_names

__all__ = [
    "backend",
    "check_nan",
    "disable_flash_attention",
    "disable_interactive_logging",
    "disable_traceback_filtering",
    "dtype_policy",
    "enable_flash_attention",
    "enable_interactive_logging",
    "enable_traceback_filtering",
    "enable_unsafe_deserialization",
    "epsilon",
    "floatx",
    "image_data_format",
    "is_flash_attention_enabled",
    "is_interactive_logging_enabled",
    "is_nnx_enabled",
    "is_traceback_filtering_enabled",
    "max_epochs",
    "max_steps_per_epoch",
    "num_threads",
    "set_backend",
    "set_check_nan",
    "set_dtype_policy",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "set_max_epochs",
    "set_max_steps_per_epoch",
    "set_num_threads",
    "set_winograd",
    "winograd",
]

_check_nan = True
_winograd = True
_interactive = True
_unsafe_deserialization = False
_filters_tracebacks = True
_image_data_format = "channels_last"
_DATA_FORMATS = ("channels_last", "channels_first")
_max_epochs: int | None = None
_max_steps_per_epoch: int | None = None


def num_threads() -> int:
    """Returns the number of threads that the core computes with; results do not depend on it, bit for bit.

    Example:
        >>> fastnn.config.set_num_threads(1)
        >>> fastnn.config.num_threads()
        1
    """
    return _core.num_threads()


def set_num_threads(count: int) -> None:
    """Sets the number of threads that the core computes with.

    Args:
        count: At least 1, or 0 for the default: all processors that this process may use. At most four for each
            processor of the machine, or 64.

    Raises:
        ValueError: `count` is not an integer in this range.

    Example:
        >>> fastnn.config.set_num_threads(0)
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise ValueError(f"set_num_threads expects an integer of at least 0 (0: the default), got {count!r}")
    if count > _core.most_threads():
        raise ValueError(f"set_num_threads expects at most {_core.most_threads()} threads on this machine, got {count}")
    for core in _core.loaded_cores():
        core.set_num_threads(count)


def check_nan() -> bool:
    """Returns True where `fit` refuses data that contains NaN or infinity.

    Example:
        >>> fastnn.config.check_nan()
        True
    """
    return _check_nan


def set_check_nan(check: bool) -> None:
    """Sets whether `fit` refuses data with NaN or infinity, the default: one of them destroys each weight it reaches.

    Args:
        check: True to refuse NaN, infinity and numbers beyond float32.

    Example:
        >>> fastnn.config.set_check_nan(True)
    """
    global _check_nan
    _check_nan = bool(check)


def winograd() -> bool:
    """Returns True where convolutions may use Winograd's minimal filtering; see `set_winograd`.

    Example:
        >>> fastnn.config.winograd()
        True
    """
    return _winograd


def set_winograd(use: bool) -> None:
    """Sets whether convolutions of images may use Winograd's minimal filtering (the default).

    It serves kernels of 2x2 to 7x7 with stride 1, and transposed convolutions. It takes two to four times fewer
    multiplications and rounds differently, within 2e-5 of the largest output (Lavin and Gray, 2015, "Fast algorithms
    for convolutional neural networks"). Models that have run keep the setting until they are compiled again.

    Args:
        use: True to allow it.

    Example:
        >>> fastnn.config.set_winograd(True)
    """
    global _winograd
    _winograd = bool(use)


def floatx() -> str:
    """Returns the type of the weights and activations of layers that are made without `dtype`: "float32", or "float64".

    Example:
        >>> fastnn.config.floatx()
        'float32'
    """
    return precision.floatx()


def epsilon() -> float:
    """Returns the small number that keeps logarithms and quotients finite: 1e-7.

    Example:
        >>> fastnn.config.epsilon()
        1e-07
    """
    return 1e-7


def image_data_format() -> str:
    """Returns the position of the channels where an argument `data_format` is None.

    Example:
        >>> fastnn.config.image_data_format()
        'channels_last'
    """
    return _image_data_format


def checked_data_format(who: str, data_format: str | None) -> str:
    """Returns an argument `data_format`, with the setting in place of None.

    Args:
        who: Name of what has the argument, for messages.
        data_format: "channels_last", "channels_first" or None.

    Raises:
        ValueError: It is something else.
    """
    if data_format is None:
        return _image_data_format
    found = str(data_format).lower()
    if found not in _DATA_FORMATS:
        raise ValueError(f"{who} expects data_format to be one of {', '.join(_DATA_FORMATS)}, got {data_format!r}")
    return found


def backend() -> str:
    """Returns the name of the backend: "fastnn".

    Example:
        >>> fastnn.config.backend()
        'fastnn'
    """
    return "fastnn"


def _one_value(setting: str, only: Any, given: Any, mend: str) -> None:
    """Refuses other values of a setting that has one value."""
    if given != only:
        raise ValueError(f"{setting} expects {only!r}, got {given!r}; {mend}")


def set_backend(backend: str) -> None:
    """Accepts "fastnn"; the core is the only backend.

    Args:
        backend: "fastnn".

    Raises:
        ValueError: It is another name.

    Example:
        >>> fastnn.config.set_backend("fastnn")
    """
    _one_value("set_backend", "fastnn", backend, "fastnn computes by its own core, on the processor")


def set_floatx(value: str) -> None:
    """Sets the type of the weights and activations of layers that are made without `dtype`.

    float64 computes in double, for gradient checks and for regression beyond the seven digits of float32. It takes
    about twice the time and memory, or more.

    Args:
        value: "float32" or "float64". "float16" and "bfloat16" mean "float32", with a warning.

    Raises:
        ValueError: It is another type.

    Example:
        >>> fastnn.config.set_floatx("float64")
        >>> fastnn.config.floatx()
        'float64'
        >>> fastnn.config.set_floatx("float32")
    """
    found = precision.told_float32(value) if value in ("float16", precision.BFLOAT16) else value
    if found not in precision.FLOATS:
        raise ValueError(f"set_floatx expects 'float32' or 'float64', got {value!r}")
    precision.set_floatx(found)


def set_epsilon(value: float) -> None:
    """Accepts 1e-7; the losses of the core have it.

    Args:
        value: 1e-7.

    Raises:
        ValueError: It is another number.

    Example:
        >>> fastnn.config.set_epsilon(1e-7)
    """
    _one_value("set_epsilon", 1e-7, value, "give layers and optimizers an epsilon= of their own")


def set_image_data_format(data_format: str) -> None:
    """Sets the position of the channels for layers and functions whose argument `data_format` is None.

    The core computes with the channels last; "channels_first" costs a copy at the border of a layer.

    Args:
        data_format: "channels_last" or "channels_first".

    Raises:
        ValueError: It is something else.

    Example:
        >>> fastnn.config.set_image_data_format("channels_first")
        >>> layers.Conv2D(4, 3)(np.ones((1, 2, 8, 8))).shape
        (1, 4, 6, 6)
        >>> fastnn.config.set_image_data_format("channels_last")
    """
    global _image_data_format
    _image_data_format = checked_data_format("set_image_data_format", data_format)


def dtype_policy() -> DTypePolicy:
    """Returns the policy of element types of layers that are made without `dtype`.

    Example:
        >>> fastnn.config.dtype_policy().name
        'float32'
    """
    return get_policy(precision.default_policy())


def set_dtype_policy(policy: Any) -> None:
    """Sets the policy of element types of layers that are made without `dtype`; `set_floatx` sets it, too.

    Args:
        policy: "float32", "float64", "mixed_bfloat16", "bfloat16", or a policy of `fastnn.dtype_policies`;
            "mixed_float16" and "float16" mean "float32", with a warning.

    Raises:
        ValueError: It is another policy.

    Example:
        >>> fastnn.config.set_dtype_policy("float32")
    """
    if policy is None:
        raise ValueError(
            "set_dtype_policy expects 'float32', 'float64', 'mixed_bfloat16', 'bfloat16' or a policy, got None"
        )
    found = get_policy(policy)
    if found.quantization_mode is not None:
        raise ValueError(
            f"set_dtype_policy expects the policy of layers of floats, got {found.name!r}; make the model, and call "
            "its quantize('int8')"
        )
    precision.set_policy(found.name)


def is_flash_attention_enabled() -> bool:
    """Returns False: flash attention is an algorithm for GPUs.

    Example:
        >>> fastnn.config.is_flash_attention_enabled()
        False
    """
    return False


def enable_flash_attention() -> None:
    """Warns that there is no flash attention, which is an algorithm for GPUs; attention computes the same without.

    Example:
        >>> import warnings
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     fastnn.config.enable_flash_attention()
    """
    warn("enable_flash_attention has no effect: it is an algorithm for GPUs")


def disable_flash_attention() -> None:
    """Does nothing: there is no flash attention.

    Example:
        >>> fastnn.config.disable_flash_attention()
    """


def is_nnx_enabled() -> bool:
    """Returns False: NNX belongs to JAX.

    Example:
        >>> fastnn.config.is_nnx_enabled()
        False
    """
    return False


def is_interactive_logging_enabled() -> bool:
    """Returns True where `fit`, `evaluate` and `predict` print, as their `verbose` has it.

    Example:
        >>> fastnn.config.is_interactive_logging_enabled()
        True
    """
    return _interactive


def enable_interactive_logging() -> None:
    """Lets `fit`, `evaluate` and `predict` print, the default.

    Example:
        >>> fastnn.config.enable_interactive_logging()
    """
    global _interactive
    _interactive = True


def disable_interactive_logging() -> None:
    """Lets `fit`, `evaluate` and `predict` print nothing, whatever their `verbose`.

    Example:
        >>> fastnn.config.disable_interactive_logging()
        >>> fastnn.config.enable_interactive_logging()
    """
    global _interactive
    _interactive = False


def is_traceback_filtering_enabled() -> bool:
    """Returns what was set; tracebacks are the same.

    Example:
        >>> fastnn.config.is_traceback_filtering_enabled()
        True
    """
    return _filters_tracebacks


def enable_traceback_filtering() -> None:
    """Accepted for Keras compatibility; tracebacks are short and stay as they are.

    Example:
        >>> fastnn.config.enable_traceback_filtering()
    """
    global _filters_tracebacks
    _filters_tracebacks = True


def disable_traceback_filtering() -> None:
    """Accepted for Keras compatibility; tracebacks are never filtered.

    Example:
        >>> fastnn.config.disable_traceback_filtering()
        >>> fastnn.config.enable_traceback_filtering()
    """
    global _filters_tracebacks
    _filters_tracebacks = False


def enable_unsafe_deserialization() -> None:
    """Lets files with Python code (lambdas) be loaded, as `safe_mode=False` does for one call.

    Such code may do anything: call this only where all files are from sources that you trust.

    Example:
        >>> fastnn.config.enable_unsafe_deserialization()  # doctest: +SKIP
    """
    global _unsafe_deserialization
    _unsafe_deserialization = True


def allows_unsafe_deserialization() -> bool:
    """Returns True once `enable_unsafe_deserialization` was called."""
    return _unsafe_deserialization


def max_epochs() -> int | None:
    """Returns the most epochs that `fit` runs, for trials of a script; None: no limit.

    Example:
        >>> print(fastnn.config.max_epochs())
        None
    """
    return _max_epochs


def set_max_epochs(max_epochs: int | None) -> None:
    """Sets the most epochs that `fit` runs, for trials of a script.

    Args:
        max_epochs: The number of epochs; None: no limit.

    Example:
        >>> fastnn.config.set_max_epochs(None)
    """
    global _max_epochs
    _max_epochs = max_epochs


def max_steps_per_epoch() -> int | None:
    """Returns the most steps of an epoch, an evaluation or a prediction, for trials of a script; None: no limit.

    Example:
        >>> print(fastnn.config.max_steps_per_epoch())
        None
    """
    return _max_steps_per_epoch


def set_max_steps_per_epoch(max_steps_per_epoch: int | None) -> None:
    """Sets the most steps of an epoch, an evaluation or a prediction, for trials of a script.

    Args:
        max_steps_per_epoch: The number of steps; None: no limit.

    Example:
        >>> fastnn.config.set_max_steps_per_epoch(None)
    """
    global _max_steps_per_epoch
    _max_steps_per_epoch = max_steps_per_epoch


def __dir__() -> list[str]:
    return __all__


if not TYPE_CHECKING:
    __getattr__ = _missing_names(__name__, __all__)
