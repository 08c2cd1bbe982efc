"""Backpropagation by hand: one input, one weight, one sigmoid neuron, and the chain rule link by link."""

import numpy as np

from fastnn.layers import Dense
from fastnn.models import Sequential
from fastnn.optimizers import SGD

x, y, w, rate = 1.5, 1.0, 0.4, 0.01

# Forward: z = w x, p = sigmoid(z), L = (y - p)^2. The course puts 1/2 in front so that the 2 below cancels.
p = 1 / (1 + np.exp(-w * x))
dL_dp = 2 * (p - y)
dp_dz = p * (1 - p)
dz_dw = x
by_hand = dL_dp * dp_dz * dz_dw

model = Sequential([Dense(1, activation="sigmoid", use_bias=False, input_shape=(1,))])
model.set_weights([np.array([[w]])])
model.compile(optimizer=SGD(learning_rate=rate), loss="mse")
(gradient,) = model.gradients(np.array([[x]]), np.array([[y]])).values()
print(f"dL/dw by the chain rule {by_hand:.8f}, by the library {gradient.item():.8f}")
assert np.isclose(by_hand, gradient.item(), rtol=1e-5)

# Update: new weight = old weight - learning rate * gradient.
model.train_on_batch(np.array([[x]]), np.array([[y]]))
moved = model.get_weights()[0].item()
print(f"the weight after one step {w - rate * by_hand:.8f}, in the library {moved:.8f}")
assert np.isclose(w - rate * by_hand, moved, rtol=1e-6)
