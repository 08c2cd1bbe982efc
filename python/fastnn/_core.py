"""Picks one build of the compiled core and re-exports its names.

There is one complete extension module for each instruction set, of the same sources; `_cpu` says which of them this
processor can run, best first. The environment variable FASTNN_ISA ("avx512", "avx2", "baseline") forces one.

libgomp reads its settings when it is loaded, which is here. Its threads wait for one another by spinning for
milliseconds; where another process wants the processor too, those are taken from the very thread that is waited
for. A short spin costs nothing that could be measured on an idle machine and makes a busy one several times faster,
so it is what runs unless the user's environment says otherwise.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from fastnn import _cpu


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


def _choose() -> ModuleType:
    supported = list(_cpu.supported())
    forced = os.environ.get("FASTNN_ISA")
    candidates = [forced] if forced else supported
    for isa in candidates:
        if isa in supported and importlib.util.find_spec(f"fastnn._core_{isa}") is not None:
            return importlib.import_module(f"fastnn._core_{isa}")
    known = ["avx512", "avx2", "baseline"]
    built = [isa for isa in known if importlib.util.find_spec(f"fastnn._core_{isa}") is not None]
    wanted = f"FASTNN_ISA={forced} cannot be used" if forced else "no build of the core runs here"
    raise ImportError(
        f"fastnn: {wanted}. This processor supports: {', '.join(supported)}; built are: {', '.join(built) or 'none'}."
    )


with _short_spin():
    _module = _choose()
globals().update({name: value for name, value in vars(_module).items() if not name.startswith("_")})
