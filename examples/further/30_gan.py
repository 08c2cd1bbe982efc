"""
A GAN
=====

A generator learns to draw digits that a discriminator cannot tell from real ones, by its own train_step.
"""

import sys

import numpy as np

import fastnn
from fastnn import datasets, layers, ops
from fastnn.models import Model, Sequential

fastnn.utils.set_random_seed(3)
(x, _), _ = datasets.digits.load_data()
x = x[..., None].astype("float32") / 8 - 1
LATENT = 16


class Gan(Model):
    """A discriminator and a generator, trained in turn by optimizers of their own."""

    def __init__(self, discriminator, generator):
        super().__init__()
        self.discriminator, self.generator = discriminator, generator
        self.d_loss = fastnn.metrics.Mean(name="d_loss")
        self.g_loss = fastnn.metrics.Mean(name="g_loss")

    def compile(self, d_optimizer, g_optimizer, loss_fn):
        super().compile()
        self.d_optimizer, self.g_optimizer, self.loss_fn = d_optimizer, g_optimizer, loss_fn

    def train_step(self, real):
        # This code runs once; fit() runs what it describes, without Python.
        batch = ops.shape(real)[0]
        noise = fastnn.random.normal((batch, LATENT))
        with fastnn.GradientTape() as tape:
            found_real = self.discriminator(real, training=True)
            found_fake = self.discriminator(self.generator(noise, training=True), training=True)
            # Labels slightly below one keep the discriminator from becoming too sure.
            d_loss = self.loss_fn(0.9 * ops.ones_like(found_real), found_real)
            d_loss += self.loss_fn(ops.zeros_like(found_fake), found_fake)
        weights = self.discriminator.trainable_weights
        self.d_optimizer.apply(tape.gradient(d_loss, weights), weights)

        # From here on the discriminator is the one that has just learned.
        noise = fastnn.random.normal((batch, LATENT))
        with fastnn.GradientTape() as tape:
            found_fake = self.discriminator(self.generator(noise, training=True), training=True)
            g_loss = self.loss_fn(ops.ones_like(found_fake), found_fake)
        weights = self.generator.trainable_weights
        self.g_optimizer.apply(tape.gradient(g_loss, weights), weights)
        self.d_loss.update_state(d_loss)
        self.g_loss.update_state(g_loss)
        return {"d_loss": self.d_loss.result(), "g_loss": self.g_loss.result()}


discriminator = Sequential([
    layers.Input((8, 8, 1)), layers.Conv2D(32, 3, strides=2, padding="same"), layers.LeakyReLU(0.2),
    layers.Dropout(0.3), layers.Conv2D(64, 3, strides=2, padding="same"), layers.LeakyReLU(0.2), layers.Dropout(0.3),
    layers.Flatten(), layers.Dense(1),
])  # fmt: skip
generator = Sequential([
    layers.Input((LATENT,)), layers.Dense(2 * 2 * 64), layers.BatchNormalization(), layers.LeakyReLU(0.2),
    layers.Reshape((2, 2, 64)), layers.Conv2DTranspose(32, 4, strides=2, padding="same"), layers.BatchNormalization(),
    layers.LeakyReLU(0.2), layers.Conv2DTranspose(16, 4, strides=2, padding="same"), layers.LeakyReLU(0.2),
    layers.Conv2D(1, 3, padding="same", activation="tanh"),
])  # fmt: skip
gan = Gan(discriminator, generator)
gan.compile(
    d_optimizer=fastnn.optimizers.Adam(3e-4, beta_1=0.5), g_optimizer=fastnn.optimizers.Adam(1e-3, beta_1=0.5),
    loss_fn=fastnn.losses.BinaryCrossentropy(from_logits=True),
)  # fmt: skip
history = gan.fit(x, batch_size=64, epochs=60, verbose=0).history
print(f"losses at the end: discriminator {history['d_loss'][-1]:.2f}, generator {history['g_loss'][-1]:.2f}")

# Drawn digits lie close to real ones: about as close as other real digits do, and much closer than noise.
drawn = generator.predict(np.random.default_rng(0).normal(size=(60, LATENT)), verbose=0)


def distance(images):
    """Returns the mean distance of images to the nearest of the first thousand real ones."""
    gaps = images.reshape(-1, 1, 64) - x[:1000].reshape(1, -1, 64)
    return np.sqrt((gaps**2).sum(-1)).min(1).mean()


noise = np.random.default_rng(1).permutation(x[1000:1060].reshape(-1)).reshape(60, 8, 8)
near, real, far = distance(drawn), distance(x[1000:1060]), distance(noise)
print(f"distance to the nearest digit: drawn {near:.2f}, other real ones {real:.2f}, shuffled pixels {far:.2f}")
assert near < (real + far) / 2
# The pixels of real ones vary by 0.45.
assert len(np.unique(drawn.argmax(axis=1))) > 1 and drawn.std(axis=0).mean() > 0.15, "all digits are alike"

print("Drawn by the generator:")
for line in range(2):
    for row in np.concatenate(drawn[line * 8 : line * 8 + 8, :, :, 0], axis=1):
        print("".join(" .:-=+*#%@"[int((pixel + 1) / 2 * 9.99)] * 2 for pixel in row))
if len(sys.argv) > 1:
    fastnn.visualization.plot_image_gallery((drawn[:40] + 1) / 2, rows=5, cols=8, value_range=(0, 1), path=sys.argv[1])
