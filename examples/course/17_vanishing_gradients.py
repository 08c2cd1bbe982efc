"""Vanishing gradients: many factors below one leave no gradient for the first layers; initial weights decide it."""

import numpy as np

import fastnn
from fastnn import initializers
from fastnn.layers import Dense, Input
from fastnn.models import Sequential

DEPTH = 10
x = np.random.default_rng(0).normal(size=(64, 50)).astype(np.float32)
y = np.random.default_rng(1).normal(size=(64, 1)).astype(np.float32)


def first_gradient(activation, initializer):
    """Returns the size of the gradient of the first kernel, absolute and relative to the last hidden one."""
    fastnn.utils.set_random_seed(3)
    model = Sequential([Input((50,))])
    for _ in range(DEPTH):
        model.add(Dense(50, activation=activation, kernel_initializer=initializer))
    model.add(Dense(1))
    model.compile("sgd", loss="mse")
    kernels = [g for path, g in model.gradients(x, y).items() if path.endswith("kernel")]
    first, last = np.linalg.norm(kernels[0]), np.linalg.norm(kernels[DEPTH - 1])
    name = initializer if isinstance(initializer, str) else "normal, mean 0, std 1"
    print(f"{activation:>8}, {name:<22} first gradient {first:.2e}, last {last:.2e}")
    return first, first / last


vanishing = first_gradient("sigmoid", "glorot_uniform")
exploding = first_gradient("linear", initializers.RandomNormal(mean=0.0, stddev=1.0))
healthy = first_gradient("relu", "he_normal")
assert vanishing[1] < 1e-4
assert exploding[0] > 1e9
assert 0.05 < healthy[1] < 20
print("Sigmoids multiply by at most 1/4 a layer; ReLU with variance 2/n keeps the gradient up to the first layer.")

# The course's remedy in numbers: the variance of a sum of n weights of variance 1 is n; of variance 1/n it is 1.
large = np.asarray(initializers.RandomNormal(0.0, 1.0, seed=1)((250, 250))).sum(axis=0).var()
small = np.asarray(initializers.GlorotNormal(seed=1)((250, 250))).sum(axis=0).var()
print(f"variance of a sum of 250 weights: {large:.0f} from weights of variance 1, {small:.2f} with Glorot's")
assert 150 < large < 400
assert 0.6 < small < 1.5
