"""
Fine-tuning and transfer learning
=================================

What a network has learned for one task helps with another. Its layers are reused: they are frozen, the last ones are
replaced, and only the new ones are trained, on few samples. Fine-tuning then trains all of them a little.
"""

import matplotlib.pyplot as plt
import numpy as np

import fastnn
from fastnn import datasets
from fastnn.layers import Conv2D, Dense, Flatten, Input, MaxPooling2D
from fastnn.models import Sequential
from fastnn.optimizers import Adam

# %%
# Images of 12 x 12 pixels with a digit somewhere in them. Of the digits 0 to 6 there are thousands; of 7, 8 and 9 only
# thirty:

(x, y), (x_test, y_test) = datasets.digits.load_data()
rng = np.random.default_rng(0)


def anywhere(images):
    wide = np.pad(images / 16, ((0, 0), (2, 2), (2, 2)))
    moves = rng.integers(-2, 3, size=(len(wide), 2))
    return np.stack([np.roll(image, move, axis=(0, 1)) for image, move in zip(wide, moves, strict=True)])[..., None]


low, high = y < 7, y >= 7
many, many_labels = anywhere(np.repeat(x[low], 4, axis=0)), np.repeat(y[low], 4)
few, few_labels = anywhere(x[high][:30]), y[high][:30] - 7
test, test_labels = anywhere(x_test[y_test >= 7]), y_test[y_test >= 7] - 7

figure, rows = plt.subplots(2, 10, figsize=(9, 2.1), layout="constrained")
for images, name, row in zip((many[::4], few), ("many", "few"), rows, strict=True):
    for image, axes in zip(images, row, strict=False):
        axes.imshow(image[..., 0], cmap="gray_r")
        axes.set(xticks=[], yticks=[])
    row[0].set_ylabel(name)
plt.show()

# %%
# The first task: the digits 0 to 6, from the many images.


def network(classes):
    return Sequential(
        [
            Input((12, 12, 1)),
            Conv2D(16, 3, padding="same", activation="relu"),
            MaxPooling2D(),
            Conv2D(32, 3, padding="same", activation="relu"),
            MaxPooling2D(),
            Flatten(),
            Dense(128, activation="relu"),
            Dense(classes, activation="softmax"),
        ]
    )


fastnn.utils.set_random_seed(1)
model = network(7)
model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(many, many_labels, batch_size=32, epochs=10, verbose=0)

# %%
# The second task: 7, 8 and 9, from the few. The last layer is replaced; the others keep their weights and are frozen.
# ``trainable`` is read by ``compile``, so ``compile`` follows.

model.pop()
for layer in model.layers:
    layer.trainable = False
model.add(Dense(3, activation="softmax", name="new_head"))
model.compile(Adam(learning_rate=0.003), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.summary()

frozen = [w.copy() for w in model.get_weights()[:-2]]
new = (test, test_labels)
transfer = model.fit(few, few_labels, batch_size=10, epochs=60, validation_data=new, verbose=0).history
assert all(np.array_equal(a, b) for a, b in zip(frozen, model.get_weights(), strict=False))
print("The frozen layers did not change by a bit.")

# %%
# Fine-tuning: all layers, with a small learning rate, so that what was learned is not lost.

for layer in model.layers:
    layer.trainable = True
model.compile(Adam(learning_rate=0.0001), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
tuned = model.fit(few, few_labels, batch_size=10, epochs=40, validation_data=new, verbose=0).history

# %%
# Compared with a network that begins with random weights:

fastnn.utils.set_random_seed(1)
scratch = network(3)
scratch.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
alone = scratch.fit(few, few_labels, batch_size=10, epochs=100, validation_data=new, verbose=0).history

figure, axes = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
axes.plot(transfer["val_accuracy"] + tuned["val_accuracy"], label="transferred, then fine-tuned")
axes.plot(alone["val_accuracy"], label="from random weights")
axes.axvline(60, color="gray", linestyle=":")
axes.set(xlabel="epoch", ylabel="accuracy on 7, 8 and 9")
axes.legend()
plt.show()
reached = {"transferred": transfer, "fine-tuned": tuned, "from random weights": alone}
for name, logs in reached.items():
    print(f"{name:>19}: {logs['val_accuracy'][-1]:.1%} of {len(test)} new images, from {len(few)}")
assert tuned["val_accuracy"][-1] > alone["val_accuracy"][-1] + 0.05

# %%
# The layers that were trained on 0 to 6 know strokes and arcs, and that it does not matter where they are. Thirty
# images do not teach that. Fine-tuning adds nothing to that here.
#
# Mistakes to know
# ----------------
#
# Labels from 7 to 9 for three outputs: they must be numbered from 0.

try:
    model.fit(few, few_labels + 7, verbose=0)
except ValueError as error:
    print(error)

# %%
# And ``layer.trainable = False`` after ``compile`` changes nothing until the next ``compile``.
#
# Exercises
# ---------
#
# 1. ``keras.applications`` has well-known networks. Build a small one without its top for images of 32 x 32 and put a
#    new layer on it, with the network frozen.
# 2. Save the first layers of a network and load their weights into another.
#
# Solution of 1
# -------------

base = fastnn.applications.MobileNetV2(input_shape=(32, 32, 3), include_top=False, weights=None, alpha=0.35)
base.trainable = False
image = Input((32, 32, 3))
features = fastnn.layers.GlobalAveragePooling2D()(base(image, training=False))
whole = fastnn.Model(image, Dense(5, activation="softmax")(features))
print(f"{len(whole.trainable_weights)} of {len(whole.weights)} weights are trained")
assert len(whole.trainable_weights) == 2

# %%
# Solution of 2
# -------------

import tempfile
from pathlib import Path

path = Path(tempfile.mkdtemp()) / "features.weights.h5"
features = Sequential(scratch.layers[:-1])
features.save_weights(path)
again = Sequential(network(3).layers[:-1])
again.build((None, 12, 12, 1))
again.load_weights(path)
assert np.array_equal(features.predict(few, verbose=0), again.predict(few, verbose=0))
print("Both give the same features.")
