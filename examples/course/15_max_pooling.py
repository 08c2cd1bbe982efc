"""
Max pooling
===========

Pooling makes the output of a convolution smaller: from each block of pixels the largest value is kept. Later layers
have less to compute and see a larger part of the image, and it matters less where exactly a pattern was.
"""

import time

import matplotlib.pyplot as plt
import numpy as np

import fastnn
from fastnn import datasets
from fastnn.layers import AveragePooling2D, Conv2D, Dense, Flatten, Input, MaxPooling2D
from fastnn.models import Sequential

# %%
# Blocks of 2 x 2 with a stride of 2, on numbers:

values = np.array([[1, 3, 2, 0], [5, 2, 1, 1], [0, 1, 7, 4], [2, 2, 3, 8]], dtype="float32")
pooled = np.asarray(MaxPooling2D(pool_size=(2, 2), strides=2)(values[None, :, :, None]))[0, :, :, 0]
print(pooled)
assert pooled.tolist() == [[5, 2], [2, 8]]

figure, places = plt.subplots(1, 2, figsize=(5.4, 2.8), layout="constrained")
for axes, numbers in zip(places, (values, pooled), strict=True):
    blocks = np.add.outer(np.arange(len(numbers)) * 2 // len(numbers) * 2, np.arange(len(numbers)) * 2 // len(numbers))
    axes.imshow(blocks, cmap="Pastel1", vmin=0, vmax=8)
    for (i, j), value in np.ndenumerate(numbers):
        axes.text(j, i, f"{value:g}", ha="center", va="center")
    axes.set_axis_off()
plt.show()

# %%
# On a digit:

(x, y), (x_test, y_test) = datasets.digits.load_data()
x, x_test = x[..., None] / 16, x_test[..., None] / 16
image = x[2:3].astype("float32")
figure, places = plt.subplots(1, 3, figsize=(7, 2.6), layout="constrained")
shown = {"input": image, "max pooling": MaxPooling2D()(image), "average pooling": AveragePooling2D()(image)}
for axes, (name, pixels) in zip(places, shown.items(), strict=True):
    axes.imshow(np.asarray(pixels)[0, :, :, 0], cmap="gray_r", vmin=0, vmax=1)
    axes.set_title(f"{name}, {np.asarray(pixels).shape[1]} x {np.asarray(pixels).shape[2]}", fontsize=9)
    axes.set_axis_off()
plt.show()

# %%
# In a network
# ------------
#
# A pooling layer has no parameters. The dense layer after it sees a quarter of the numbers:

model = Sequential(
    [
        Dense(16, input_shape=(20, 20, 3), activation="relu"),
        Conv2D(32, kernel_size=(3, 3), activation="relu", padding="same"),
        MaxPooling2D(pool_size=(2, 2), strides=2, padding="valid"),
        Conv2D(64, kernel_size=(5, 5), activation="relu", padding="same"),
        Flatten(),
        Dense(2, activation="softmax"),
    ]
)
model.summary()
assert model.count_params() == 68_770

# %%
# Time and accuracy with and without it:


def train(*pooling):
    fastnn.utils.set_random_seed(1)
    model = Sequential(
        [
            Input((8, 8, 1)),
            Conv2D(16, 3, padding="same", activation="relu"),
            *pooling,
            Conv2D(32, 3, padding="same", activation="relu"),
            Flatten(),
            Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    begin = time.perf_counter()
    model.fit(x, y, batch_size=16, epochs=10, verbose=0)
    seconds = time.perf_counter() - begin
    accuracy = model.evaluate(x_test, y_test, verbose=0)[1]
    print(f"{model.count_params():6} parameters, accuracy {accuracy:.1%}")
    return model.count_params(), seconds, accuracy


without, with_pooling = train(), train(MaxPooling2D())
figure, places = plt.subplots(1, 3, figsize=(8, 2.6), layout="constrained")
for axes, name, a, b in zip(
    places, ("parameters", "seconds of training", "test accuracy"), without, with_pooling, strict=True
):
    axes.bar(["without", "with pooling"], [a, b], color=["C0", "C1"])
    axes.set_title(name, fontsize=9)
plt.show()
assert with_pooling[2] > 0.95 and with_pooling[0] < without[0]

# %%
# A mistake to know
# -----------------
#
# Pooling after ``Flatten``, where there are no rows and columns any more:

try:
    Sequential([Input((8, 8, 1)), Flatten(), MaxPooling2D()])
except ValueError as error:
    print(error)

# %%
# Exercises
# ---------
#
# 1. Show that a pattern that moves by one pixel within its block leaves the output of the pooling as it is.
# 2. A convolution with stride 2 makes images smaller too. Replace the pooling by it and compare.
#
# Solution of 1
# -------------

a, b = np.zeros((1, 4, 4, 1), "float32"), np.zeros((1, 4, 4, 1), "float32")
a[0, 0, 0] = b[0, 1, 1] = 1
assert np.array_equal(MaxPooling2D()(a), MaxPooling2D()(b))
print("The same output for both places.")

# %%
# Solution of 2
# -------------

strided = train(Conv2D(16, 3, strides=2, padding="same", activation="relu"))
print("It has weights of its own, which pooling has not.")
assert strided[2] > 0.9
