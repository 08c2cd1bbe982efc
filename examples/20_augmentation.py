"""Data augmentation: each epoch sees the few images moved, turned and zoomed anew, and learns what stays the same."""

import numpy as np

import fastnn
from fastnn import datasets
from fastnn.layers import Conv2D, Dense, Flatten, Input, MaxPooling2D, RandomRotation, RandomTranslation, RandomZoom
from fastnn.models import Sequential

(x, y), (x_test, y_test) = datasets.digits.load_data()
x, x_test = x[..., None] / 16, x_test[..., None] / 16
few = np.concatenate([np.flatnonzero(y == digit)[:8] for digit in range(10)])
x, y = x[few], y[few]  # eight images of each digit


def accuracy(name, *augmentation):
    fastnn.utils.set_random_seed(3)
    model = Sequential(
        [
            Input((8, 8, 1)),
            *augmentation,  # at work in fit; evaluate and predict show the images as they are
            Conv2D(16, 3, padding="same", activation="relu"),
            MaxPooling2D(),
            Conv2D(32, 3, padding="same", activation="relu"),
            Flatten(),
            Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=16, epochs=200, verbose=0)
    reached = model.evaluate(x_test, y_test, verbose=0)[1]
    print(f"{name}: accuracy {reached:.1%} on {len(x_test)} new digits, learned from {len(x)}")
    return reached


plain = accuracy("as they are", )
augmented = accuracy(
    "augmented  ",
    RandomTranslation(0.1, 0.1, fill_mode="constant"),
    RandomRotation(0.04, fill_mode="constant"),
    RandomZoom(0.1, fill_mode="constant"),
)
assert augmented > plain + 0.01

image = x[:1]
moved = RandomTranslation(0.1, 0.1, fill_mode="constant", seed=1)
assert np.array_equal(moved(image), image)
assert not np.array_equal(moved(image, training=True), image)
print("Only training moves the images.")
