"""
Deep Q-learning
===============

A network learns to balance a pole on a cart, by trial and error, in a loop of one's own.
"""

import numpy as np

import fastnn
from fastnn import layers, ops
from fastnn.models import Sequential


class CartPole:
    """A pole on a cart (Barto, Sutton & Anderson, 1983): the cart is pushed left or right; the pole must not fall."""

    def __init__(self, random):
        self.random = random

    def reset(self):
        """Begins an episode; returns position, speed, angle and angular speed."""
        self.state, self.steps = self.random.uniform(-0.05, 0.05, 4), 0
        return self.state.astype("float32")

    def step(self, action):
        """Pushes the cart for 20 ms; returns the state, and whether the episode has failed and has ended."""
        _, speed, angle, turning = self.state
        force = 10.0 if action == 1 else -10.0
        cos, sin = np.cos(angle), np.sin(angle)
        pushed = (force + 0.05 * turning**2 * sin) / 1.1
        turn = (9.8 * sin - cos * pushed) / (0.5 * (4 / 3 - 0.1 * cos**2 / 1.1))
        moved = pushed - 0.05 * turn * cos / 1.1
        self.state = self.state + 0.02 * np.array([speed, moved, turning, turn])
        self.steps += 1
        failed = abs(self.state[0]) > 2.4 or abs(self.state[2]) > 12 * np.pi / 180
        return self.state.astype("float32"), failed, failed or self.steps >= 500


fastnn.utils.set_random_seed(0)
random = np.random.default_rng(0)


def network():
    """Returns a network that gives the worth of both actions in a state."""
    return Sequential([
        layers.Input((4,)), layers.Dense(64, activation="relu"), layers.Dense(64, activation="relu"), layers.Dense(2),
    ])  # fmt: skip


online, target = network(), network()
target.set_weights(online.get_weights())
optimizer, huber = fastnn.optimizers.Adam(1e-3), fastnn.losses.Huber()


@fastnn.function
def learn(states, actions, rewards, after, failed):
    """Moves the worth of actions towards what came out; the target network follows slowly."""
    # Double Q-learning: one network chooses the next action, the other says what it is worth.
    best = ops.one_hot(ops.argmax(online(after), axis=1), 2)
    wanted = rewards + 0.99 * (1.0 - failed) * ops.sum(target(after) * best, axis=1)
    with fastnn.GradientTape() as tape:
        values = ops.sum(online(states) * ops.one_hot(actions, 2), axis=1)
        loss = huber(wanted, values)
    weights = online.trainable_weights
    optimizer.apply(tape.gradient(loss, weights), weights)
    for slow, weight in zip(target.weights, online.weights, strict=True):
        slow.assign(0.99 * slow + 0.01 * weight)
    return loss


SIZE, BATCH = 20_000, 64
memory = [np.zeros((SIZE, 4), "f4"), np.zeros(SIZE, "i4"), np.ones(SIZE, "f4"), np.zeros((SIZE, 4), "f4"),
          np.zeros(SIZE, "f4")]  # fmt: skip
world, seen = CartPole(random), 0


def practise(seen):
    """Runs an episode in which the network explores and learns; returns the number of steps seen so far."""
    state, ended = world.reset(), False
    while not ended:
        explores = random.random() < max(0.02, 1 - seen / 4000)
        action = int(random.integers(2)) if explores else int(online(state[None])[0].argmax())
        after, failed, ended = world.step(action)
        for array, value in zip(memory, (state, action, 1.0, after, failed), strict=True):
            array[seen % SIZE] = value
        state, seen = after, seen + 1
        if seen >= 500:
            rows = random.integers(min(seen, SIZE), size=BATCH)
            learn(*(array[rows] for array in memory))
    return seen


def test(episodes):
    """Returns how long the pole stays up without exploring, by the network that moves slowly, episode by episode."""
    lengths = []
    for _ in range(episodes):
        state, ended = world.reset(), False
        while not ended:
            state, _, ended = world.step(int(target(state[None])[0].argmax()))
        lengths.append(world.steps)
    return lengths


print(f"Before training the pole stays up for {np.mean(test(10)):.0f} of 500 steps.")
for episode in range(1, 1001):
    seen = practise(seen)
    # Learning goes up and down: what counts is a network that passes a test.
    if episode % 5 == 0 and world.steps > 195 and min(test(5)) == 500:
        break
lengths = test(10)
print(f"After {episode} episodes it stays up for {np.mean(lengths):.0f}.")
assert np.mean(lengths) > 400
