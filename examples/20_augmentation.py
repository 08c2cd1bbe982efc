"""Data augmentation: few images, shifted, rotated and zoomed at random in each epoch, train a more robust network."""

import numpy as np

import fastnn
from fastnn import datasets
from fastnn.layers import Conv2D, Dense, Flatten, Input, MaxPooling2D, RandomRotation, RandomTranslation, RandomZoom
from fastnn.models import Sequential

# The few training images have their digit in the center of 12 x 12 pixels; the new ones have it anywhere.
(x, y), (x_new, y_new) = datasets.digits.load_data()
few = np.concatenate([np.flatnonzero(y == digit)[:20] for digit in range(10)])
x, y = np.pad(x[few] / 16, ((0, 0), (2, 2), (2, 2)))[..., None], y[few]
x_new = np.pad(x_new / 16, ((0, 0), (2, 2), (2, 2)))[..., None]
places = np.random.default_rng(1).integers(-2, 3, size=(len(x_new), 2))
x_new = np.stack([np.roll(image, place, axis=(0, 1)) for image, place in zip(x_new, places, strict=True)])


def accuracy(name, *augmentation):
    fastnn.utils.set_random_seed(3)
    model = Sequential(
        [
            Input((12, 12, 1)),
            *augmentation,  # active in fit; evaluate and predict use the images unchanged
            Conv2D(16, 3, padding="same", activation="relu"),
            MaxPooling2D(),
            Conv2D(32, 3, padding="same", activation="relu"),
            MaxPooling2D(),
            Flatten(),
            Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=20, epochs=120, verbose=0)
    reached = model.evaluate(x_new, y_new, verbose=0)[1]
    print(f"{name}: accuracy {reached:.1%} on {len(x_new)} new images, learned from {len(x)}")
    return reached


plain = accuracy("without augmentation")
augmented = accuracy(
    "with augmentation   ",
    RandomTranslation(0.17, 0.17, fill_mode="constant"),
    RandomRotation(0.02, fill_mode="constant"),
    RandomZoom(0.1, fill_mode="constant"),
)
assert augmented > plain + 0.1

translation = RandomTranslation(0.17, 0.17, fill_mode="constant", seed=1)
assert np.array_equal(translation(x[:1], training=False), x[:1].astype("float32"))
assert not np.array_equal(translation(x[:1]), x[:1])
print("Training changes the images, evaluation and prediction do not.")
