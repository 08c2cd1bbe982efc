"""
Supervised learning
===================

In supervised learning each sample comes with its label: the network is trained on pairs of an input and the right
output. Labels are encoded as numbers. Here a sample is a weight and a height, and the label says whether the animal is
a *cat* (0) or a *dog* (1).
"""

import matplotlib.pyplot as plt
import numpy as np

import fastnn
from fastnn.layers import Dense, Input, Normalization
from fastnn.models import Sequential

rng = np.random.default_rng(0)
cats = rng.normal([4.5, 25], [0.9, 2.5], size=(150, 2))
dogs = rng.normal([18, 48], [6, 9], size=(150, 2))
samples = np.concatenate([cats, dogs]).astype("float32")
names = ["cat"] * 150 + ["dog"] * 150
labels = np.array([{"cat": 0, "dog": 1}[name] for name in names])

# %%
# The two features have different scales. ``Normalization`` learns their means and standard deviations from the data. It
# is part of the model, so that nobody has to scale new samples by hand.

scale = Normalization()
scale.adapt(samples)
fastnn.utils.set_random_seed(1)
model = Sequential([Input((2,)), scale, Dense(8, activation="relu"), Dense(2, activation="softmax")])
model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(samples, labels, batch_size=10, epochs=20, shuffle=True, verbose=2)
assert history.history["accuracy"][-1] > 0.95

# %%
# What it has learned, over the plane of weights and heights:

weights, heights = np.meshgrid(np.linspace(0, 40, 120), np.linspace(10, 80, 120))
grid = np.stack([weights.ravel(), heights.ravel()], axis=1)
dog = model.predict(grid, verbose=0)[:, 1].reshape(weights.shape)
figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
picture = axes.contourf(weights, heights, dog, levels=np.linspace(0, 1, 11), cmap="RdBu_r", alpha=0.6)
figure.colorbar(picture, label="probability of a dog")
axes.scatter(*cats.T, s=8, color="C0", label="cat")
axes.scatter(*dogs.T, s=8, color="C3", label="dog")
axes.set(xlabel="weight in kg", ylabel="height in cm", xlim=(0, 40), ylim=(10, 80))
axes.legend()
plt.show()

new = model.predict(np.array([[5.0, 24.0], [25.0, 60.0]]), verbose=0)
print([["cat", "dog"][k] for k in new.argmax(axis=1)])

# %%
# Mistakes to know
# ----------------
#
# Labels that are not numbers, and labels beyond the number of outputs:

for wrong in (np.array(names), labels + 1):
    try:
        model.fit(samples, wrong, verbose=0)
    except (TypeError, ValueError) as error:
        print(error)

# %%
# Exercises
# ---------
#
# 1. Train without ``Normalization``. How does the loss of the first epochs change?
# 2. Predict the height from the weight: a regression, with the loss ``"mse"`` and the metric ``"mae"``.
#
# Solution of 1
# -------------

fastnn.utils.set_random_seed(1)
unscaled = Sequential([Input((2,)), Dense(8, activation="relu"), Dense(2, activation="softmax")])
unscaled.compile("adam", loss="sparse_categorical_crossentropy")
losses = unscaled.fit(samples, labels, batch_size=10, epochs=20, verbose=0).history["loss"]
print("without", np.round(losses[:3], 3), "with", np.round(history.history["loss"][:3], 3))

# %%
# Solution of 2
# -------------

fastnn.utils.set_random_seed(1)
kg = Normalization()
kg.adapt(samples[:, :1])
regression = Sequential([Input((1,)), kg, Dense(16, activation="relu"), Dense(1)])
regression.compile(fastnn.optimizers.Adam(0.01), loss="mse", metrics=["mae"])
regression.fit(samples[:, :1], samples[:, 1:], batch_size=10, epochs=60, verbose=0)
mae = regression.evaluate(samples[:, :1], samples[:, 1:], verbose=0)[1]
print(f"mean absolute error {mae:.1f} cm")
assert mae < 10
