"""
Data augmentation
=================

Data augmentation makes new samples from those at hand: images that are shifted, turned or zoomed. The network sees each
image a little differently in every epoch, and learns what does not matter. Not every change suits every
task: a mirrored cat is a cat, a mirrored 2 is no digit, and a 6 turned upside down is a 9.
"""

import matplotlib.pyplot as plt
import numpy as np

import fastnn
from fastnn import datasets
from fastnn.layers import (
    Conv2D,
    Dense,
    Flatten,
    Input,
    MaxPooling2D,
    RandomFlip,
    RandomRotation,
    RandomTranslation,
    RandomZoom,
)
from fastnn.models import Sequential

# %%
# 200 training images with the digit in the center of 12 x 12 pixels; the new ones have it anywhere.

(x, y), (x_new, y_new) = datasets.digits.load_data()
few = np.concatenate([np.flatnonzero(y == digit)[:20] for digit in range(10)])
x, y = np.pad(x[few] / 16, ((0, 0), (2, 2), (2, 2)))[..., None], y[few]
x_new = np.pad(x_new / 16, ((0, 0), (2, 2), (2, 2)))[..., None]
places = np.random.default_rng(1).integers(-2, 3, size=(len(x_new), 2))
x_new = np.stack([np.roll(image, place, axis=(0, 1)) for image, place in zip(x_new, places, strict=True)])

# %%
# Layers do it. Each row below shows a digit as it is, at the left, and six ways in which training would see it.

fastnn.utils.set_random_seed(1)
layers = {
    "shifted": RandomTranslation(0.17, 0.17, fill_mode="constant"),
    "turned": RandomRotation(0.08, fill_mode="constant"),
    "zoomed": RandomZoom(0.3, fill_mode="constant"),
    "flipped": RandomFlip("horizontal"),
}
figure, rows = plt.subplots(len(layers), 7, figsize=(8, 4.8), layout="constrained")
for (name, layer), row in zip(layers.items(), rows, strict=True):
    image = x[45:46]
    changed = [image[0], *(np.asarray(layer(image, training=True))[0] for _ in range(6))]
    for one, axes in zip(changed, row, strict=True):
        axes.imshow(one[..., 0], cmap="gray_r", vmin=0, vmax=1)
        axes.set(xticks=[], yticks=[])
    row[0].set_ylabel(name)
plt.show()

# %%
# As the first layers of a model they are active in ``fit``; ``evaluate`` and ``predict`` use the images unchanged.


def train(*augmentation):
    fastnn.utils.set_random_seed(3)
    model = Sequential(
        [
            Input((12, 12, 1)),
            *augmentation,
            Conv2D(16, 3, padding="same", activation="relu"),
            MaxPooling2D(),
            Conv2D(32, 3, padding="same", activation="relu"),
            MaxPooling2D(),
            Flatten(),
            Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    logs = model.fit(x, y, batch_size=20, epochs=120, validation_data=(x_new, y_new), verbose=0).history
    print(f"accuracy {logs['val_accuracy'][-1]:.1%} on {len(x_new)} new images, learned from {len(x)}")
    return logs["val_accuracy"]


print("without augmentation:")
plain = train()
print("with augmentation:")
changes = [
    RandomTranslation(0.17, 0.17, fill_mode="constant"),
    RandomRotation(0.02, fill_mode="constant"),
    RandomZoom(0.1, fill_mode="constant"),
]
augmented = train(*changes)
figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
axes.plot(plain, label="without augmentation")
axes.plot(augmented, label="with augmentation")
axes.set(xlabel="epoch", ylabel="accuracy on new images")
axes.legend()
plt.show()
assert augmented[-1] > plain[-1] + 0.1

# %%
# A mistake to know
# -----------------
#
# A direction that does not exist. The message lists those that do:

try:
    RandomFlip("sideways")
except ValueError as error:
    print(error)

# %%
# Exercises
# ---------
#
# 1. Show that the layers change nothing outside of training.
# 2. Train with horizontal flips too. Why is the accuracy lower?
#
# Solution of 1
# -------------

translation = RandomTranslation(0.17, 0.17, fill_mode="constant", seed=1)
assert np.array_equal(translation(x[:1], training=False), x[:1].astype("float32"))
assert not np.array_equal(translation(x[:1], training=True), x[:1])
print("Training changes the images, evaluation and prediction do not.")

# %%
# Solution of 2
# -------------
#
# Mirrored digits are not found among the new images, and a mirrored 2 looks like a 5: the network spends its neurons on
# images that do not occur.

flipped = train(RandomFlip("horizontal"), *changes)
