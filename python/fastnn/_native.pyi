"""The part of the compiled core that `_core` uses to load its kernels; the rest is described in `_core.pyi`."""

def supported_instruction_sets() -> list[str]:
    """Returns the instruction sets that this processor can run, best first: ["avx512", "avx2", "baseline"]."""

def load_kernels(path: str) -> None:
    """Loads a library of kernels, which the whole core then uses. Called once, at import."""
