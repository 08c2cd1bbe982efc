"""A variational autoencoder: digits become points of a plane, near ones look alike, and new digits come out of it."""

import numpy as np

import fastnn
from fastnn import datasets, layers, ops, random
from fastnn.layers import Dense, Input
from fastnn.models import Model, Sequential

(x, y), (x_test, y_test) = datasets.digits.load_data()
x, x_test = x.reshape(-1, 64) / 16, x_test.reshape(-1, 64) / 16


class Sampling(layers.Layer):
    """Draws a point from the normal distribution that the encoder names; the loss keeps it near the standard one."""

    def __init__(self, weight, **kwargs):
        super().__init__(**kwargs)
        self.weight = weight
        self.seeds = random.SeedGenerator(1)

    def call(self, inputs):
        mean, log_variance = inputs
        divergence = -0.5 * ops.sum(1 + log_variance - ops.square(mean) - ops.exp(log_variance), axis=-1)
        self.add_loss(self.weight * ops.mean(divergence))
        noise = random.normal(ops.shape(mean), seed=self.seeds)
        return mean + ops.exp(0.5 * log_variance) * noise


def reconstruction(y_true, y_pred):
    """The cross-entropy of all pixels."""
    return ops.sum(ops.binary_crossentropy(y_true, y_pred), axis=-1)


fastnn.utils.set_random_seed(1)
image = Input((64,))
h = Dense(64, activation="relu")(image)
mean, log_variance = Dense(2, name="mean")(h), Dense(2, name="log_variance")(h)
point = Sampling(weight=0.5)([mean, log_variance])
decoder = Sequential([Input((2,)), Dense(64, activation="relu"), Dense(64, activation="sigmoid")], name="decoder")
encoder = Model(image, mean, name="encoder")
model = Model(image, decoder(point), name="variational_autoencoder")
model.summary()

model.compile("adam", loss=reconstruction)
history = model.fit(x, x, batch_size=32, epochs=40, verbose=2)
assert history.history["loss"][-1] < 0.8 * history.history["loss"][0]
