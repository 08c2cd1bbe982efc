"""Layers that change shapes: reshaping, cropping, padding, up-sampling and permutation."""
