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

fastnn.utils.set_random_seed(1)
(x, y), (x_test, y_test) = datasets.digits.load_data()
x, x_test = x[..., None] / 16, x_test[..., None] / 16
low, high = y < 5, y_test >= 5

# %%
# The first task: the digits 0 to 4.


def network():
    return Sequential(
        [
            Input((8, 8, 1)),
            Conv2D(16, 3, padding="same", activation="relu"),
            MaxPooling2D(),
            Flatten(),
            Dense(32, activation="relu"),
            Dense(5, activation="softmax"),
        ]
    )


model = network()
model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x[low], y[low], batch_size=16, epochs=10, verbose=0)

# %%
# The second: 5 to 9, from 60 images. The last two layers are replaced, the others keep their weights and are frozen.
# ``trainable`` is read by ``compile``, so it follows.

model.pop()
model.pop()
for layer in model.layers:
    layer.trainable = False
model.add(Dense(5, activation="softmax", name="new_head"))
model.compile(Adam(learning_rate=0.01), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.summary()

frozen = [w.copy() for w in model.get_weights()[:-2]]
few, few_labels = x[~low][:60], y[~low][:60] - 5
new_test = (x_test[high], y_test[high] - 5)
transfer = model.fit(few, few_labels, batch_size=10, epochs=60, validation_data=new_test, verbose=0).history
assert all(np.array_equal(a, b) for a, b in zip(frozen, model.get_weights(), strict=False))
print("The frozen layers did not change by a bit.")

# %%
# Fine-tuning: all layers, with a small learning rate, so that what was learned is not lost.

for layer in model.layers:
    layer.trainable = True
model.compile(Adam(learning_rate=1e-4), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
tuned = model.fit(few, few_labels, batch_size=10, epochs=40, validation_data=new_test, verbose=0).history

# %%
# Beside a network that begins with random weights:

fastnn.utils.set_random_seed(1)
scratch = network()
scratch.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
alone = scratch.fit(few, few_labels, batch_size=10, epochs=100, validation_data=new_test, verbose=0).history

figure, axes = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
axes.plot(transfer["val_accuracy"] + tuned["val_accuracy"], label="transferred, then fine-tuned")
axes.plot(alone["val_accuracy"], label="from random weights")
axes.axvline(60, color="gray", linestyle=":")
axes.set(xlabel="epoch", ylabel="accuracy on 5 to 9")
axes.legend()
plt.show()
print(f"transferred {transfer['val_accuracy'][-1]:.1%}, fine-tuned {tuned['val_accuracy'][-1]:.1%}, "
      f"alone {alone['val_accuracy'][-1]:.1%}, from {len(few)} images")  # fmt: skip
assert transfer["val_accuracy"][-1] > 0.8

# %%
# Mistakes to know
# ----------------
#
# Labels from 5 to 9 for five outputs: they must be numbered from 0.

try:
    model.fit(few, few_labels + 5, verbose=0)
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
again = Sequential(network().layers[:-1])
again.build((None, 8, 8, 1))
again.load_weights(path)
assert np.array_equal(features.predict(few, verbose=0), again.predict(few, verbose=0))
print("The same features.")
