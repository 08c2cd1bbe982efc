"""visualkeras: pictures of chains and of graphs."""

from __future__ import annotations

import numpy as np
import visualkeras

import keras


def colors(picture):
    return len({tuple(pixel) for pixel in np.asarray(picture.convert("RGB")).reshape(-1, 3)})


def test_layers_of_a_network():
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(8, 3, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Dropout(0.2),
            keras.layers.Flatten(),
            keras.layers.Dense(10),
        ]
    )
    whole = visualkeras.layered_view(model, legend=True, to_file="layers.png")
    fewer = visualkeras.layered_view(model, type_ignore=[keras.layers.Dropout, keras.layers.Flatten])
    assert fewer.width < whole.width and colors(whole) > 5


def test_graphs():
    chain = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5), keras.layers.Dense(3)])
    x = keras.Input((4,))
    branches = keras.Model(x, keras.layers.Add()([keras.layers.Dense(3)(x), keras.layers.Dense(3)(x)]))
    short, long = visualkeras.graph_view(chain), visualkeras.graph_view(branches)
    assert colors(short) > 2 and colors(long) > 2
    assert long.height > short.height  # two layers stand side by side
