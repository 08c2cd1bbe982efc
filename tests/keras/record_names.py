"""Writes `names.json`: the public names of an instance of each base class that users derive from, as Keras has them."""

from __future__ import annotations

import json
from pathlib import Path

import keras


class Layer(keras.Layer):
    def call(self, x: object) -> object:
        return x


class Model(keras.Model):
    def call(self, x: object) -> object:
        return x


BASES = {
    "Layer": Layer,
    "Model": Model,
    "Constraint": keras.constraints.Constraint,
    "Regularizer": keras.regularizers.Regularizer,
    "Initializer": keras.initializers.Initializer,
}

if __name__ == "__main__":
    names = {base: sorted(n for n in dir(cls()) if not n.startswith("_")) for base, cls in BASES.items()}
    (Path(__file__).parent / "names.json").write_text(json.dumps(names, indent=1) + "\n")
