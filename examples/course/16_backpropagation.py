r"""
Backpropagation
===============

Backpropagation computes the gradient of the loss with respect to each weight, layer by layer from the output to the
input, by the chain rule. The forward pass computes the outputs and the loss, the backward pass the gradients. One
input, one weight, one sigmoid neuron show how:

.. math::

   z = w x, \quad \hat y = \sigma(z), \quad L = (\hat y - y)^2

.. math::

   \frac{\partial L}{\partial w} = \frac{\partial L}{\partial \hat y} \cdot
   \frac{\partial \hat y}{\partial z} \cdot \frac{\partial z}{\partial w}
   = 2 (\hat y - y) \cdot \hat y (1 - \hat y) \cdot x
"""

import matplotlib.pyplot as plt
import numpy as np

import fastnn
from fastnn.layers import Dense, Input
from fastnn.models import Sequential
from fastnn.optimizers import SGD

# %%
# By hand, link by link. Course notes often write 1/2 before the square, so that the factor 2 disappears.

x, y, w, rate = 1.5, 1.0, 0.4, 0.01
p = 1 / (1 + np.exp(-w * x))
dL_dp = 2 * (p - y)
dp_dz = p * (1 - p)
dz_dw = x
by_hand = dL_dp * dp_dz * dz_dw

# %%
# ``model.gradients(x, y)`` returns the gradient of the compiled loss for each weight, without a step of training.

model = Sequential([Dense(1, activation="sigmoid", use_bias=False, input_shape=(1,))])
model.set_weights([np.array([[w]])])
model.compile(optimizer=SGD(learning_rate=rate), loss="mse")
(gradient,) = model.gradients(np.array([[x]]), np.array([[y]])).values()
print(f"dL/dw by the chain rule {by_hand:.8f}, by the library {gradient.item():.8f}")
assert np.isclose(by_hand, gradient.item(), rtol=1e-5)

# %%
# The gradient is the slope of the loss at the weight. Stochastic gradient descent takes a step against it:

ws = np.linspace(-2, 6, 200)
losses = (1 / (1 + np.exp(-ws * x)) - y) ** 2
figure, axes = plt.subplots(figsize=(6, 3.4), layout="constrained")
axes.plot(ws, losses, label="loss")
axes.plot(w, (p - y) ** 2, "o", color="C3")
axes.plot([w - 1, w + 1], [(p - y) ** 2 - by_hand, (p - y) ** 2 + by_hand], "--", color="C3", label="gradient")
axes.annotate("", (w + 1.4, 0.12), (w, 0.12), arrowprops={"arrowstyle": "->"})
axes.text(w + 0.7, 0.15, "step", ha="center")
axes.set(xlabel="weight", ylabel="loss")
axes.legend()
plt.show()

# %%
# New weight = old weight - learning rate x gradient:

model.train_on_batch(np.array([[x]]), np.array([[y]]))
moved = model.get_weights()[0].item()
print(f"the weight after one step {w - rate * by_hand:.8f}, in the library {moved:.8f}")
assert np.isclose(w - rate * by_hand, moved, rtol=1e-6)

# %%
# Batches
# -------
#
# The gradient of a batch is the mean of the gradients of its samples. Small batches follow a noisy gradient, which
# costs little and helps out of poor minima; the whole data set gives the exact one, a step at a time.

rng = np.random.default_rng(0)
many_x = rng.normal(size=(512, 1)).astype("float32")
many_y = (1 / (1 + np.exp(-2.0 * many_x)) + rng.normal(scale=0.1, size=many_x.shape)).astype("float32")
figure, axes = plt.subplots(figsize=(6, 3.4), layout="constrained")
for size in (1, 16, 512):
    walker = Sequential([Dense(1, activation="sigmoid", use_bias=False, input_shape=(1,))])
    walker.set_weights([np.array([[-1.0]])])
    walker.compile(SGD(learning_rate=1.0), loss="mse")
    path = []
    for k in range(150):
        rows = np.arange(k * size, (k + 1) * size) % len(many_x)
        walker.train_on_batch(many_x[rows], many_y[rows])
        path.append(walker.get_weights()[0].item())
    axes.plot(path, label=f"batches of {size}")
axes.axhline(2.0, color="gray", linestyle=":", label="the weight behind the data")
axes.set(xlabel="step", ylabel="weight")
axes.legend()
plt.show()

# %%
# A mistake to know
# -----------------
#
# Gradients are those of the loss that ``compile`` names:

try:
    Sequential([Dense(1, input_shape=(1,))]).gradients(many_x, many_y)
except ValueError as error:
    print(error)

# %%
# Exercises
# ---------
#
# 1. Check the gradients of a network with two layers by differences: move one weight a little, and see how the loss
#    changes.
# 2. Compute the gradients of :math:`L = (w_2 \tanh(w_1 x) - y)^2` by hand and with fastnn.
#
# Solution of 1
# -------------

fastnn.utils.set_random_seed(1)
net = Sequential([Input((3,)), Dense(4, activation="tanh"), Dense(1)])
net.compile("sgd", loss="mse")
samples, targets = rng.normal(size=(8, 3)), rng.normal(size=(8, 1))
exact = next(iter(net.gradients(samples, targets).values()))[0, 0]
weights, losses = net.get_weights(), []
for step in (-1e-2, 1e-2):
    shifted = [v.copy() for v in weights]
    shifted[0][0, 0] += step
    net.set_weights(shifted)
    losses.append(net.evaluate(samples, targets, verbose=0))
print(f"by backpropagation {exact:.4f}, by differences {(losses[1] - losses[0]) / 2e-2:.4f}")
assert np.isclose(exact, (losses[1] - losses[0]) / 2e-2, rtol=0.05, atol=1e-3)

# %%
# Solution of 2
# -------------

x, y, w1, w2 = 0.7, 0.2, 0.5, -1.2
h = np.tanh(w1 * x)
dL = 2 * (w2 * h - y)
by_hand = [dL * w2 * (1 - h**2) * x, dL * h]
net = Sequential([Dense(1, activation="tanh", use_bias=False, input_shape=(1,)), Dense(1, use_bias=False)])
net.set_weights([np.array([[w1]]), np.array([[w2]])])
net.compile("sgd", loss="mse")
found = [g.item() for g in net.gradients(np.array([[x]]), np.array([[y]])).values()]
print("by hand   ", *(f"{g:.6f}" for g in by_hand))
print("by fastnn ", *(f"{g:.6f}" for g in found))
assert np.allclose(by_hand, found, rtol=1e-5)
