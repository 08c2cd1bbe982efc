"""
Unsupervised learning and autoencoders
======================================

Without labels there is no accuracy: the model finds structure in the samples themselves. An autoencoder learns to
reproduce its input through a narrow layer, so that this layer must keep what matters.
"""

import os

import matplotlib.pyplot as plt
import numpy as np

import fastnn
from fastnn import datasets
from fastnn.layers import Dense, Flatten, Input, Reshape
from fastnn.models import Model, Sequential

# %%
# The digits, without their labels: those of MNIST where ``FASTNN_DATA`` names their folder, else the small ones.

if os.environ.get("FASTNN_DATA"):
    (x, _), (x_test, y_test) = datasets.mnist.load_data()
    x, x_test, y_test = x / 255, x_test[:1000] / 255, y_test[:1000]
else:
    (x, _), (x_test, y_test) = datasets.digits.load_data()
    x, x_test = x / 16, x_test / 16
pixels = x[0].size

# %%
# The target of each image is the image.

fastnn.utils.set_random_seed(1)
model = Sequential(
    [
        Input(x.shape[1:]),
        Flatten(),
        Dense(max(40, pixels // 6), activation="relu"),
        Dense(12, activation="relu", name="code"),
        Dense(max(40, pixels // 6), activation="relu"),
        Dense(pixels, activation="sigmoid"),
        Reshape(x.shape[1:]),
    ]
)
model.compile("adam", loss="mse")
history = model.fit(
    x, x, batch_size=16, epochs=20 if len(x) > 5000 else 60, validation_data=(x_test, x_test), verbose=0
)
history.plot()

# %%
# Encoder and decoder are models of their own, which share the weights.

encoder = Model(model.inputs, model.get_layer("code").output)
decoder = Model(model.get_layer("code").output, model.outputs)
code = encoder.predict(x_test, verbose=0)
again = decoder.predict(code, verbose=0)
assert np.allclose(again, model.predict(x_test, verbose=0), atol=1e-6)
print(f"{pixels} pixels become {code.shape[1]} numbers and pixels again")

figure, places = plt.subplots(2, 10, figsize=(10, 2.3), layout="constrained")
for i, column in enumerate(places.T):
    for image, axes in zip((x_test[i], again[i]), column, strict=True):
        axes.imshow(image, cmap="gray_r", vmin=0, vmax=1)
        axes.set(xticks=[], yticks=[])
places[0, 0].set_ylabel("input")
places[1, 0].set_ylabel("again")
plt.show()

error = ((again - x_test) ** 2).mean()
spread = ((x.mean(axis=0) - x_test) ** 2).mean()
print(f"mean squared error {error:.4f}; of the mean image {spread:.4f}")
assert error < 0.5 * spread

# %%
# The codes hold the classes, though no label was given: digits of one kind lie close together. The picture shows the
# two directions in which the codes vary most.

centered = code - code.mean(axis=0)
_, _, directions = np.linalg.svd(centered, full_matrices=False)
flat = centered @ directions[:2].T
figure, axes = plt.subplots(figsize=(6, 4.6), layout="constrained")
points = axes.scatter(*flat.T, c=y_test, s=10, cmap="tab10")
figure.colorbar(points, label="digit", ticks=range(10))
axes.set(xticks=[], yticks=[])
plt.show()

# %%
# A mistake to know
# -----------------
#
# The output must have the shape of the input. Without ``Reshape`` the pixels come as one row:

try:
    flat_output = Sequential([Input(x.shape[1:]), Flatten(), Dense(8, activation="relu"), Dense(pixels)])
    flat_output.compile("adam", loss="mse")
    flat_output.fit(x, x, verbose=0)
except ValueError as error:
    print(error)

# %%
# Exercises
# ---------
#
# 1. A denoising autoencoder: train on noisy images with the clean ones as targets.
# 2. How does the error depend on the size of the code? Try 2, 4, 8 and 16.
#
# Solution of 1
# -------------

noisy = x_test + np.random.default_rng(0).normal(scale=0.3, size=x_test.shape)
denoiser = fastnn.models.clone_model(model)
denoiser.compile("adam", loss="mse")
train = x[:3000]
noise = np.random.default_rng(1).normal(scale=0.3, size=train.shape)
denoiser.fit(train + noise, train, batch_size=16, epochs=40, verbose=0)
clean = denoiser.predict(noisy, verbose=0)
figure, places = plt.subplots(2, 10, figsize=(10, 2.3), layout="constrained")
for i, column in enumerate(places.T):
    for image, axes in zip((noisy[i], clean[i]), column, strict=True):
        axes.imshow(image, cmap="gray_r", vmin=0, vmax=1)
        axes.set(xticks=[], yticks=[])
plt.show()
assert ((clean - x_test) ** 2).mean() < ((noisy - x_test) ** 2).mean()

# %%
# Solution of 2
# -------------

found = []
for size in (2, 4, 8, 16):
    fastnn.utils.set_random_seed(1)
    small = Sequential(
        [
            Input(x.shape[1:]),
            Flatten(),
            Dense(40, activation="relu"),
            Dense(size),
            Dense(40, activation="relu"),
            Dense(pixels, activation="sigmoid"),
            Reshape(x.shape[1:]),
        ]
    )
    small.compile("adam", loss="mse")
    small.fit(train, train, batch_size=16, epochs=30, verbose=0)
    found.append(small.evaluate(x_test, x_test, verbose=0))
    print(f"{size:3} numbers: mean squared error {found[-1]:.4f}")
assert found[0] > found[-1]
