r"""
Regularization
==============

Regularization makes a network simpler than it could be, so that it fits what is general in the data and not each
sample. L2 regularization adds the squares of the weights to the loss:

.. math::

   L + \lambda \sum_j \lVert w^{[j]} \rVert^2

Large weights cost; the optimizer keeps them only where they lower the loss by more. ``regularizers.l2(0.01)`` takes the
whole factor :math:`\lambda`; notes that write :math:`\lambda / 2m` divide by twice the number of samples.
"""

import matplotlib.pyplot as plt
import numpy as np

import fastnn
from fastnn import regularizers
from fastnn.layers import Dense, Input
from fastnn.models import Sequential

# %%
# The penalty of a layer, by hand and by ``model.losses``:

model = Sequential([Input((3,)), Dense(4, kernel_regularizer=regularizers.l2(0.01))])
penalty = 0.01 * (model.get_weights()[0] ** 2).sum()
print(f"by hand {penalty:.6f}, by the library {float(np.asarray(model.losses[0])):.6f}")
assert np.isclose(penalty, float(np.asarray(model.losses[0])), rtol=1e-5)

# %%
# Twenty noisy points of a wave, and a network with 64 and 64 neurons. The more the weights cost, the smoother its
# curve:

rng = np.random.default_rng(0)
x = np.sort(rng.uniform(-3, 3, size=(20, 1)), axis=0).astype("float32")
y = (np.sin(x) + rng.normal(scale=0.3, size=x.shape)).astype("float32")
line = np.linspace(-3, 3, 200, dtype="float32")[:, None]


def train(regularizer):
    fastnn.utils.set_random_seed(1)
    model = Sequential(
        [
            Input((1,)),
            Dense(64, activation="relu", kernel_regularizer=regularizer),
            Dense(64, activation="relu", kernel_regularizer=regularizer),
            Dense(1),
        ]
    )
    model.compile(fastnn.optimizers.Adam(0.01), loss="mse")
    model.fit(x, y, batch_size=20, epochs=1500, verbose=0)
    return model


strengths = (0.0, 0.01, 0.3)
models = {strength: train(regularizers.l2(strength)) for strength in strengths}
figure, places = plt.subplots(2, 3, figsize=(10.5, 5.2), layout="constrained")
errors, sizes = [], []
for (strength, model), (top, bottom) in zip(models.items(), places.T, strict=True):
    curve = model.predict(line, verbose=0)
    errors.append(((curve - np.sin(line)) ** 2).mean())
    sizes.append(np.abs(model.get_weights()[2]).mean())
    top.plot(line, np.sin(line), ":", color="gray")
    top.scatter(x, y, s=12, color="C3")
    top.plot(line, curve)
    top.set(title=f"l2({strength:g}): error {errors[-1]:.3f}", ylim=(-2, 2))
    bottom.hist(model.get_weights()[2].ravel(), bins=50, range=(-0.6, 0.6))
    bottom.set(xlabel="weights of the second layer", yscale="log")
plt.show()
assert errors[1] < errors[0] and errors[1] < errors[2]
assert sizes[0] > sizes[1] > sizes[2]

# %%
# Without a penalty the curve runs through the noise; with too large a one the network underfits. :math:`\lambda` is a
# hyperparameter: it is chosen by trying, on a validation set.
#
# L1 and dropout
# --------------
#
# L1 adds the absolute values of the weights instead of their squares. It drives all weights to 0 but a few, where L2
# keeps many small ones. Dropout, in the chapter on overfitting, is a regularization too.

sparse = train(regularizers.l1(0.003))
kernel = np.abs(sparse.get_weights()[2])
with_l2 = np.abs(models[0.01].get_weights()[2])
print(
    f"of {kernel.size} weights {(kernel > 0.01).sum()} are larger than 0.01 with L1, {(with_l2 > 0.01).sum()} with L2"
)
assert (kernel > 0.01).sum() < 0.3 * (with_l2 > 0.01).sum()

# %%
# Mistakes to know
# ----------------
#
# ``regularizers.l2`` without ``from fastnn import regularizers`` is a ``NameError`` of Python. The factor is a number:

try:
    regularizers.l2("0.01")
except TypeError as error:
    print(error)

# %%
# Exercises
# ---------
#
# 1. The loss that ``fit`` prints includes the penalty. How large is its share for ``l2(0.3)``?
# 2. Limit the weights of each neuron with ``kernel_constraint`` instead of a penalty.
#
# Solution of 1
# -------------

strict = models[0.3]
total = strict.evaluate(x, y, verbose=0)
data_part = float(((strict.predict(x, verbose=0) - y) ** 2).mean())
print(f"loss {total:.3f}, of which the penalty {total - data_part:.3f}")
assert np.isclose(total - data_part, sum(float(np.asarray(p)) for p in strict.losses), rtol=1e-3)

# %%
# Solution of 2
# -------------

fastnn.utils.set_random_seed(1)
bound = fastnn.constraints.MaxNorm(0.2)
model = Sequential([Input((1,)), Dense(64, activation="relu", kernel_constraint=bound), Dense(1)])
model.compile(fastnn.optimizers.Adam(0.01), loss="mse")
model.fit(x, y, epochs=100, verbose=0)
norms = np.linalg.norm(model.get_weights()[0], axis=0)
print(f"largest norm {norms.max():.3f}")
assert 0.19 < norms.max() <= 0.2 + 1e-5
