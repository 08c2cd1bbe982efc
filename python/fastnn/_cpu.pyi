"""Which builds of the core this processor can run."""

def supported() -> list[str]:
    """Names of instruction sets, best first: ["avx512", "avx2", "baseline"]."""
