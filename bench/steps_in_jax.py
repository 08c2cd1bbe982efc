"""The steps of `bench/steps.py` in Keras on JAX: loops of one's own, stateless and compiled."""

from __future__ import annotations

from typing import Any

import jax

import keras  # type: ignore[import-not-found]
from bench.steps import Step, dqn_data, gan_data, keras_networks, q_network


def gan() -> Step:
    """Returns the steps of a GAN."""
    ops = keras.ops
    generator, discriminator = keras_networks(keras)
    loss_fn = keras.losses.BinaryCrossentropy(from_logits=True)
    optimizers = [keras.optimizers.Adam(3e-4), keras.optimizers.Adam(3e-4)]
    for optimizer, model in zip(optimizers, (discriminator, generator), strict=True):
        optimizer.build(model.trainable_variables)

    def called(model: Any, weights: Any, x: Any) -> Any:
        return model.stateless_call(weights, [], x, training=True)[0]

    def d_loss(d_weights: Any, g_weights: Any, images: Any, noise: Any) -> Any:
        both = ops.concatenate([called(generator, g_weights, noise), images], axis=0)
        rows = len(images)
        labels = ops.concatenate([ops.ones((rows, 1)), ops.zeros((rows, 1))], axis=0)
        return loss_fn(labels, called(discriminator, d_weights, both))

    def g_loss(g_weights: Any, d_weights: Any, noise: Any) -> Any:
        made = called(discriminator, d_weights, called(generator, g_weights, noise))
        return loss_fn(ops.zeros((len(noise), 1)), made)

    @jax.jit
    def step(state: Any, images: Any, noise: Any, further: Any) -> Any:
        d_weights, g_weights, d_state, g_state = state
        first, gradients = jax.value_and_grad(d_loss)(d_weights, g_weights, images, noise)
        d_weights, d_state = optimizers[0].stateless_apply(d_state, gradients, d_weights)
        second, gradients = jax.value_and_grad(g_loss)(g_weights, d_weights, further)
        g_weights, g_state = optimizers[1].stateless_apply(g_state, gradients, g_weights)
        return (first, second), (d_weights, g_weights, d_state, g_state)

    state: list[Any] = [
        tuple(
            [v.value for v in part]
            for part in (
                discriminator.trainable_variables,
                generator.trainable_variables,
                optimizers[0].variables,
                optimizers[1].variables,
            )
        )
    ]

    def run(steps: int) -> tuple[float, ...]:
        images, noise, further = gan_data(steps)
        for begin in range(0, 64 * steps, 64):
            rows = slice(begin, begin + 64)
            losses, state[0] = step(state[0], images[rows], noise[rows], further[rows])
        return float(losses[0]), float(losses[1])

    return run


def dqn() -> Step:
    """Returns the steps of deep Q-learning."""
    ops = keras.ops
    model, target = q_network(keras), q_network(keras)
    optimizer, loss_fn = keras.optimizers.Adam(1e-3), keras.losses.Huber()
    optimizer.build(model.trainable_variables)

    def loss_of(
        weights: Any, of_target: Any, states: Any, actions: Any, rewards: Any, following: Any, ended: Any
    ) -> Any:
        best = ops.max(target.stateless_call(of_target, [], following)[0], axis=1)
        goal = jax.lax.stop_gradient(rewards + 0.99 * (1.0 - ended) * best)
        taken = ops.sum(model.stateless_call(weights, [], states, training=True)[0] * ops.one_hot(actions, 2), axis=1)
        return loss_fn(goal, taken)

    @jax.jit
    def step(state: Any, of_target: Any, *data: Any) -> Any:
        weights, slots = state
        loss, gradients = jax.value_and_grad(loss_of)(weights, of_target, *data)
        return loss, optimizer.stateless_apply(slots, gradients, weights)

    state: list[Any] = [([v.value for v in model.trainable_variables], [v.value for v in optimizer.variables])]
    of_target = [v.value for v in target.trainable_variables]
    data = dqn_data()

    def run(steps: int) -> tuple[float, ...]:
        for _ in range(steps):
            loss, state[0] = step(state[0], of_target, *data)
        return (float(loss),)

    return run
