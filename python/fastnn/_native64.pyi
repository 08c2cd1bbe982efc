"""The core of float64. `_core.pyi` describes what it has."""
