"""Data that travels with the package, for first steps, examples and tests."""

from fastnn.datasets import digits

__all__ = ["digits"]
