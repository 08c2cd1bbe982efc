"""Loads the compiled core with the kernels that suit this processor, and re-exports its names.

`_native` is the core, built once for any processor. Its kernels are in libraries beside it, `_kernels_<isa>.so`, one
for each instruction set that was built; the best one that this processor can run is loaded. The environment variable
FASTNN_ISA ("avx512", "avx2", "baseline") selects one.

libgomp reads its settings when it is loaded, which is here. Its threads wait for one another by spinning for
milliseconds; on a machine with other work, that takes time from the very thread they wait for. A short spin costs
nothing measurable on an idle machine and makes a busy one several times faster, so it is the default unless the user's
environment says otherwise. Settings with which threads could not run are replaced, with a warning.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_LEAST_STACK, _MOST_STACK = 1 << 20, 1 << 28
_UNITS = {"B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def _bounded_stack(name: str) -> dict[str, str]:
    """Returns the environment variable of a stack's size with a size that threads can run in, if it has another."""
    text = os.environ.get(name, "").strip().upper()
    number = text.rstrip("BKMG")
    if not number.isdecimal():
        return {}  # libgomp ignores what it cannot read, and says so
    size = int(number) * _UNITS[text[len(number) :] or "K"]
    bounded = min(max(size, _LEAST_STACK), _MOST_STACK)
    if size != bounded:
        warnings.warn(
            f"fastnn: {name}={os.environ[name]} is a stack in which its threads cannot run; now {bounded >> 20} MiB",
            stacklevel=3,
        )
    return {name: f"{bounded}B"}


@contextmanager
def _settings_of_threads() -> Iterator[None]:
    """Sets the environment for libgomp while it is loaded."""
    settings = {} if {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & os.environ.keys() else {"GOMP_SPINCOUNT": "10000"}
    for name in ("OMP_STACKSIZE", "GOMP_STACKSIZE"):
        settings |= _bounded_stack(name)
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


with _settings_of_threads():
    from fastnn import _native

# A free-threaded Python turns the GIL on, with a warning, for a module that asks for it as `_native` does, unless
# PYTHON_GIL=0 or -X gil=0 forbids that.
if not getattr(sys, "_is_gil_enabled", lambda: True)():
    raise ImportError("fastnn needs the GIL, which is off: start Python without PYTHON_GIL=0 and -X gil=0")


def built_instruction_sets() -> list[str]:
    """Returns the names of the instruction sets that kernels were built for and this processor can run, best first."""
    return [isa for isa in _native.supported_instruction_sets() if _library(isa).exists()]


def _library(isa: str, core: str = "") -> Path:
    return Path(_native.__file__).parent / f"_kernels{core}_{isa}.so"


def _load_kernels() -> None:
    forced = os.environ.get("FASTNN_ISA")
    usable = built_instruction_sets()
    if (forced or usable[:1]) and (not forced or forced in usable):
        return _native.load_kernels(str(_library(forced or usable[0])))
    built = [isa for isa in ("avx512", "avx2", "baseline") if _library(isa).exists()]
    wanted = f"FASTNN_ISA={forced} cannot be used" if forced else "no build of the kernels runs here"
    raise ImportError(
        f"fastnn: {wanted}. This processor supports: {', '.join(_native.supported_instruction_sets())}; "
        f"built are: {', '.join(built) or 'none'}."
    )


@functools.cache
def core_of_doubles() -> Any:
    """Returns the core of float64, which is loaded at the first call.

    Raises:
        ImportError: It was not built.
    """
    try:
        core = importlib.import_module("fastnn._native64")
    except ModuleNotFoundError:
        raise ImportError(
            "this build of fastnn has no core of float64; build it with FASTNN_FLOAT64=ON, or compute in float32"
        ) from None
    forced = os.environ.get("FASTNN_ISA")
    usable = [isa for isa in _native.supported_instruction_sets() if _library(isa, "64").exists()]
    # There is no library of its own for AVX-512: that for AVX2 takes its place.
    allowed = usable if forced in (None, "avx512") else [isa for isa in usable if isa == forced]
    if not allowed:
        raise ImportError(f"fastnn: no kernels of float64 for FASTNN_ISA={forced}; built are: {', '.join(usable)}")
    core.load_kernels(str(_library(allowed[0], "64")))
    core.share_variable_lock(_native.variable_lock())
    core.set_num_threads(_native.num_threads())
    core.Variable.__array__ = _as_array
    for prepare in _prepare:
        prepare(core)
    return core


_prepare: list[Callable[[Any], None]] = []


def for_each_core(prepare: Callable[[Any], None]) -> None:
    """Calls a function with the core of float32, and with that of float64 when it is loaded."""
    _prepare.append(prepare)
    prepare(_native)


def core_for(dtype: str) -> Any:
    """Returns the core that computes in a type of floats.

    Args:
        dtype: "float32" or "float64".
    """
    return core_of_doubles() if dtype == "float64" else _native


def core_of(value: Any) -> Any:
    """Returns the core that an object belongs to."""
    return sys.modules[type(value).__module__]


def has_doubles() -> bool:
    """Returns whether the core of float64 was built."""
    return importlib.util.find_spec("fastnn._native64") is not None


def loaded_cores() -> list[Any]:
    """Returns the cores that are loaded."""
    return [_native, *([sys.modules["fastnn._native64"]] if core_of_doubles.cache_info().currsize else [])]


def _check_threads() -> None:
    asked, most = os.environ.get("OMP_NUM_THREADS", ""), _native.most_threads()
    if asked.isdecimal() and int(asked) > most:
        warnings.warn(
            f"fastnn: OMP_NUM_THREADS={asked} is more than this machine can run; {most} threads are used", stacklevel=2
        )


def _as_array(variable: _native.Variable, dtype: Any = None, copy: bool | None = None) -> Any:
    """Returns a copy of the values of a variable, for NumPy."""
    array = variable.numpy()
    return array if dtype is None else array.astype(dtype)


_load_kernels()
_check_threads()
_native.Variable.__array__ = _as_array  # the slots in `optimizer.variables` are given to NumPy
globals().update({name: value for name, value in vars(_native).items() if not name.startswith("_")})
