"""
Weight initialization
=====================

Training begins with random weights. How widely they are spread decides whether signals and gradients keep their size
from layer to layer. A sum of n inputs with weights of variance 1 has n times their variance; with weights of variance
1/n it has the same. Xavier Glorot and Yoshua Bengio (2010) proposed :math:`2 / (n_{in} + n_{out})`, which suits both
directions; for ReLU, which drops half of the signal, Kaiming He and others (2015) proposed :math:`2 / n_{in}`.
"""

import matplotlib.pyplot as plt
import numpy as np

import fastnn
from fastnn import initializers
from fastnn.layers import Dense, Input
from fastnn.models import Sequential
from fastnn.visualization import plot_weights

# %%
# The distributions of the most common initializers, for a kernel of 250 x 250:

made = {
    "normal, deviation 1": initializers.RandomNormal(0.0, 1.0, seed=1),
    "GlorotNormal": initializers.GlorotNormal(seed=1),
    "GlorotUniform": initializers.GlorotUniform(seed=1),
    "HeNormal": initializers.HeNormal(seed=1),
    "LecunNormal": initializers.LecunNormal(seed=1),
    "Orthogonal": initializers.Orthogonal(seed=1),
}
figure, places = plt.subplots(2, 3, figsize=(10, 5), layout="constrained")
for (name, initializer), axes in zip(made.items(), places.ravel(), strict=True):
    weights = np.asarray(initializer((250, 250)))
    axes.hist(weights.ravel(), bins=60, color="C0")
    axes.set_title(f"{name}\nvariance {weights.var():.4f}", fontsize=9)
plt.show()

# %%
# The variance of a sum of 250 weights: 250 in the first case, 1 with Glorot's.

large = np.asarray(made["normal, deviation 1"]((250, 250))).sum(axis=0).var()
small = np.asarray(made["GlorotNormal"]((250, 250))).sum(axis=0).var()
print(f"variance of a sum of 250 weights: {large:.0f} from weights of variance 1, {small:.2f} with Glorot's")
assert 150 < large < 400
assert 0.6 < small < 1.5

# %%
# Signals through ten layers
# --------------------------
#
# The outputs of the 1st, 4th, 7th and 10th layer of tanh networks with three initializers. Too wide: all outputs are -1
# or 1, where tanh has no slope. Too narrow: all are 0.

x = np.random.default_rng(0).normal(size=(500, 250)).astype("float32")
figure, rows = plt.subplots(3, 4, figsize=(10, 5.6), sharex=True, layout="constrained")
spread = {}
for (name, initializer), row in zip(
    {
        "deviation 1": initializers.RandomNormal(0.0, 1.0),
        "deviation 0.01": initializers.RandomNormal(0.0, 0.01),
        "Glorot": "glorot_normal",
    }.items(),
    rows,
    strict=True,
):
    fastnn.utils.set_random_seed(1)
    model = Sequential([Input((250,))])
    outputs = x
    for k in range(10):
        layer = Dense(250, activation="tanh", kernel_initializer=initializer)
        model.add(layer)
        outputs = np.asarray(layer(outputs))
        if k % 3 == 0:
            row[k // 3].hist(outputs.ravel(), bins=50, range=(-1.05, 1.05), color="C1")
            row[k // 3].set_title(f"{name}, layer {k + 1}", fontsize=8)
            row[k // 3].set_yticks([])
    spread[name] = outputs.std()
plt.show()
assert spread["deviation 1"] > 0.9 and spread["deviation 0.01"] < 1e-3 < 0.1 < spread["Glorot"]

# %%
# In a layer
# ----------
#
# ``glorot_uniform`` is the default of ``kernel_initializer``; biases begin at zero. ``plot_weights`` draws what a model
# holds:

fastnn.utils.set_random_seed(1)
model = Sequential(
    [
        Input((64,)),
        Dense(64, activation="relu", kernel_initializer="he_normal", name="hidden"),
        Dense(10, activation="softmax", name="output"),
    ]
)
plot_weights(model)

# %%
# Mistakes to know
# ----------------
#
# Misspelled names:

for name in ("glorot_unifrom", "glort_normal"):
    try:
        Dense(3, kernel_initializer=name)
    except ValueError as error:
        print(error)

# %%
# And in the formula: without parentheses :math:`2 / n_{in} + n_{out}` would be a variance larger than :math:`n_{out}`.
#
# Exercises
# ---------
#
# 1. What happens if all weights begin with the same number?
# 2. Make weights of variance 1/n from weights of variance 1.
#
# Solution of 1
# -------------

same = Sequential(
    [Dense(5, activation="tanh", kernel_initializer=initializers.Constant(0.1), input_shape=(3,)), Dense(1)]
)
same.set_weights([*same.get_weights()[:2], np.full((5, 1), 0.1), np.zeros(1)])
same.compile("sgd", loss="mse")
same.fit(x[:, :3], x[:, 3:4], epochs=5, verbose=0)
kernel = same.get_weights()[0]
print(kernel.round(4))
assert np.allclose(kernel, kernel[:, :1])
print("All neurons of the layer stay equal: they are worth no more than one.")

# %%
# Solution of 2
# -------------

n = 250
weights = np.random.default_rng(0).normal(size=(n, n)) * np.sqrt(1 / n)
print(f"variance {weights.var():.5f}, 1/n {1 / n:.5f}")
assert np.isclose(weights.var(), 1 / n, rtol=0.05)
