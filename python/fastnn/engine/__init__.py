"""What a layer is, and how it becomes part of a graph of the core.

The packages above (layers, losses, models, training, saving...) use the contract in `contract.py`, the functions of the
files beside it and the hooks of `Layer` and `NodeLayer`. Nothing here knows a layer, a model or a loss by name.
"""
