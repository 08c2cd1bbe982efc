"""
Convolutional networks
======================

Convolutional layers slide small filters, also called kernels, over an image. A filter answers where it finds its
pattern; the map of its answers is a channel of the output, a feature map. The values of the filters are random at
first, and learned.
"""

import os

import matplotlib.pyplot as plt
import numpy as np

import fastnn
from fastnn import datasets
from fastnn.layers import Conv2D, Dense, Flatten, Input, MaxPooling2D
from fastnn.models import Model, Sequential

# %%
# One filter
# ----------
#
# The filter lies over 3 x 3 pixels; the output is the sum of the products, pair by pair, often called a dot product.
# Then the filter moves on by one pixel. In mathematics this is a cross-correlation; a convolution there turns the
# filter by 180 degrees first. This one answers to edges between dark at the left and bright at the right:

image = np.zeros((1, 6, 6, 1), dtype="float32")
image[0, :, 3:] = 1.0
filter_ = np.array([[-1.0, 0, 1]] * 3)
edge = Sequential([Input((6, 6, 1)), Conv2D(1, 3, use_bias=False)])
edge.set_weights([filter_.reshape(3, 3, 1, 1)])
found = edge.predict(image, verbose=0)[0, :, :, 0]
assert found.tolist() == [[0, 3, 3, 0]] * 4
assert found[0, 1] == (image[0, 0:3, 1:4, 0] * filter_).sum()  # the sum of products, by hand

figure, places = plt.subplots(1, 3, figsize=(8, 2.8), layout="constrained")
for axes, (title, values) in zip(
    places, {"image": image[0, :, :, 0], "filter": filter_, "feature map": found}.items(), strict=True
):
    axes.imshow(values, cmap="gray")
    axes.set_title(f"{title}, {values.shape[0]} x {values.shape[1]}")
    for (i, j), value in np.ndenumerate(values):
        axes.text(j, i, f"{value:g}", ha="center", va="center", color="C1")
    axes.set_axis_off()
plt.show()

# %%
# A network for digits
# --------------------
#
# MNIST where ``FASTNN_DATA`` names its folder, else the small digits.

if os.environ.get("FASTNN_DATA"):
    (x, y), (x_test, y_test) = datasets.mnist.load_data()
    x, x_test = x[..., None] / 255, x_test[..., None] / 255
else:
    (x, y), (x_test, y_test) = datasets.digits.load_data()
    x, x_test = x[..., None] / 16, x_test[..., None] / 16

fastnn.utils.set_random_seed(1)
model = Sequential(
    [
        Input(x.shape[1:]),
        Conv2D(16, 3, padding="same", activation="relu", name="first"),
        MaxPooling2D(pool_size=(2, 2), strides=2, padding="valid"),
        Conv2D(32, 3, padding="same", activation="relu", name="second"),
        Flatten(),
        Dense(10, activation="softmax"),
    ]
)
model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
untrained = model.get_layer("first").get_weights()[0].copy()
model.fit(x, y, batch_size=16, epochs=10 if len(x) < 5000 else 3, verbose=2)
accuracy = model.evaluate(x_test, y_test, verbose=0)[1]
print(f"test accuracy {accuracy:.1%}")
assert accuracy > 0.95

# %%
# The sixteen filters of the first layer, before and after training. Nobody told the network what to look for.

figure, rows = plt.subplots(2, 16, figsize=(10, 1.7), layout="constrained")
for name, kernels, row in zip(
    ("random", "trained"), (untrained, model.get_layer("first").get_weights()[0]), rows, strict=True
):
    for k, axes in enumerate(row):
        axes.imshow(kernels[:, :, 0, k], cmap="RdBu", vmin=-0.8, vmax=0.8)
        axes.set(xticks=[], yticks=[])
    row[0].set_ylabel(name, fontsize=8)
plt.show()

# %%
# And what they make of one digit. The number of filters is the number of output channels: 16 maps here.

digit = int(np.flatnonzero(y_test == 3)[0])
maps = Model(model.inputs, model.get_layer("first").output).predict(x_test[digit : digit + 1], verbose=0)[0]
figure, rows = plt.subplots(2, 9, figsize=(10, 2.6), layout="constrained")
rows[0, 0].imshow(x_test[digit, :, :, 0], cmap="gray_r")
rows[0, 0].set_title("input", fontsize=8)
rows[1, 0].set_axis_off()
for k, axes in enumerate(rows[:, 1:].ravel()):
    axes.imshow(maps[:, :, k], cmap="viridis")
for axes in rows.ravel():
    axes.set(xticks=[], yticks=[])
plt.show()

# %%
# ``fastnn.visualization.plot_feature_maps(model, image, "second")`` draws those of any layer:

fastnn.visualization.plot_feature_maps(model, x_test[digit], "second", most=16)

# %%
# A mistake to know
# -----------------
#
# Images have four axes: batch, height, width and channels, also where there is one channel.

try:
    Sequential([Conv2D(8, 3, input_shape=(28, 28))])
except ValueError as error:
    print(error)

# %%
# Exercises
# ---------
#
# 1. Find horizontal edges, and then edges of both directions, with filters of your own.
# 2. How many images does the network still get right if all pixels move by one to the right? Compare with a dense
#    network.
#
# Solution of 1
# -------------

both = Sequential([Input(x.shape[1:]), Conv2D(2, 3, padding="same", use_bias=False)])
both.set_weights([np.stack([filter_, filter_.T], axis=-1)[:, :, None, :]])
answers = both.predict(x_test[digit : digit + 1], verbose=0)[0]
figure, places = plt.subplots(1, 4, figsize=(8, 2.2), layout="constrained")
shown = [x_test[digit, :, :, 0], answers[..., 0], answers[..., 1], np.hypot(answers[..., 0], answers[..., 1])]
for axes, title, values in zip(places, ("input", "vertical", "horizontal", "both"), shown, strict=True):
    axes.imshow(values, cmap="gray")
    axes.set_title(title)
    axes.set_axis_off()
plt.show()

# %%
# Solution of 2
# -------------

fastnn.utils.set_random_seed(1)
dense = Sequential([Input(x.shape[1:]), Flatten(), Dense(64, activation="relu"), Dense(10, activation="softmax")])
dense.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
dense.fit(x, y, batch_size=16, epochs=10, verbose=0)
moved = np.roll(x_test, 1, axis=2)
for name, network in {"convolutional": model, "dense": dense}.items():
    results = [network.evaluate(images, y_test, verbose=0)[1] for images in (x_test, moved)]
    print(f"{name}: {results[0]:.1%}, moved by a pixel {results[1]:.1%}")

# %%
# Pooling forgives a little of the shift, and so the convolutional network loses less. Its dense layer at the end still
# expects each feature at its place. The chapter on data augmentation shows the remedy.
