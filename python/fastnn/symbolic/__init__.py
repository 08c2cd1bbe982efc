"""Tensors without numbers, the calls that make them, and variables: what models are written with."""
