"""Loads the compiled core with the kernels that suit this processor, and re-exports its names.

`_native` is the core, built once for any processor. Its kernels are in libraries beside it, `_kernels_<isa>.so`, one
for each instruction set that was built; the best one that this processor can run is loaded. The environment variable
FASTNN_ISA ("avx512", "avx2", "baseline") selects one.

libgomp reads its settings when it is loaded, which is here. Its threads wait for one another by spinning for
milliseconds; on a machine with other work, that takes time from the very thread they wait for. A short spin costs
nothing measurable on an idle machine and makes a busy one several times faster, so it is the default unless the user's
environment says otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def _short_spin() -> Iterator[None]:
    if "OMP_WAIT_POLICY" in os.environ or "GOMP_SPINCOUNT" in os.environ:
        yield
        return
    os.environ["GOMP_SPINCOUNT"] = "10000"
    try:
        yield
    finally:
        del os.environ["GOMP_SPINCOUNT"]


with _short_spin():
    from fastnn import _native


def built_instruction_sets() -> list[str]:
    """Returns the names of the instruction sets that kernels were built for and this processor can run, best first."""
    return [isa for isa in _native.supported_instruction_sets() if _library(isa).exists()]


def _library(isa: str) -> Path:
    return Path(_native.__file__).parent / f"_kernels_{isa}.so"


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


_load_kernels()
globals().update({name: value for name, value in vars(_native).items() if not name.startswith("_")})
