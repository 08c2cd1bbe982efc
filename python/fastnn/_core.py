"""Picks one build of the compiled core and re-exports its names.

There is one complete extension module for each instruction set, of the same sources; `_cpu` says which of them this
processor can run, best first. The environment variable FASTNN_ISA ("avx512", "avx2", "baseline") forces one.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from types import ModuleType

from fastnn import _cpu


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


_module = _choose()
globals().update({name: value for name, value in vars(_module).items() if not name.startswith("_")})
