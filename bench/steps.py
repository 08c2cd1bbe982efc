"""`python -m bench.steps`: steps of a user's own, as users of each framework write them.

Two steps: a GAN on images of 28x28 (convolutional, batch 64, two optimizers) and deep Q-learning (4-64-64-2, batch 32,
a target network). Each framework runs in a process of its own, from the same weights and the same random numbers, and
takes turns with the others; its losses are compared with those of fastnn before anything is timed. They are written as
users of each write them: fastnn and Keras on TensorFlow by train_step in fit (GAN) and a traced function (deep
Q-learning), Keras on JAX by stateless calls under jax.jit (bench/steps_in_jax.py), PyTorch eagerly with channels_last.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Step = Callable[[int], tuple[float, ...]]
"""Runs some steps and returns the losses of the last."""

FRAMEWORKS = ("fastnn", "torch", "keras-tensorflow", "keras-jax")
STEPS = {"gan": 4, "dqn": 200}
"""The steps, with how many of them are timed at once."""
LATENT = 128
GENERATOR = [(LATENT, 6272), (6272,), (4, 4, 128, 128), (128,), (4, 4, 128, 128), (128,), (7, 7, 128, 1), (1,)]
DISCRIMINATOR = [(3, 3, 1, 64), (64,), (3, 3, 64, 128), (128,), (128, 1), (1,)]
Q_NETWORK = [(4, 64), (64,), (64, 64), (64,), (64, 2), (2,)]


def weights_of(shapes: list[tuple[int, ...]], seed: int) -> list[Array]:
    """Returns weights in Keras' layout, scaled by the number of inputs; biases are zero."""
    random = np.random.default_rng(seed)
    return [
        np.zeros(shape, "float32")
        if len(shape) == 1
        else (random.normal(size=shape) / np.sqrt(np.prod(shape[:-1]))).astype("float32")
        for shape in shapes
    ]


def gan_data(steps: int) -> tuple[Array, Array, Array]:
    """Returns images and two drafts of noise, for steps of 64 rows."""
    random = np.random.default_rng(1)
    noise = random.normal(size=(2, 64 * steps, LATENT)).astype("float32")
    return random.random((64 * steps, 28, 28, 1)).astype("float32"), noise[0], noise[1]


def dqn_data() -> list[Array]:
    """Returns states, actions, rewards, following states and ends of 32 transitions."""
    random = np.random.default_rng(2)
    states = random.normal(size=(2, 32, 4)).astype("float32")
    ended = (random.random(32) < 0.1).astype("float32")
    return [states[0], random.integers(0, 2, 32), random.normal(size=32).astype("float32"), states[1], ended]


# In Keras and in fastnn.


def keras_networks(keras: Any) -> tuple[Any, Any]:
    layers = keras.layers
    generator = keras.Sequential(
        [
            keras.Input((LATENT,)),
            layers.Dense(6272),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Reshape((7, 7, 128)),
            layers.Conv2DTranspose(128, 4, strides=2, padding="same"),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Conv2DTranspose(128, 4, strides=2, padding="same"),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Conv2D(1, 7, padding="same", activation="sigmoid"),
        ]
    )
    discriminator = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(64, 3, strides=2, padding="same"),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Conv2D(128, 3, strides=2, padding="same"),
            layers.LeakyReLU(negative_slope=0.2),
            layers.GlobalMaxPooling2D(),
            layers.Dense(1),
        ]
    )
    generator.set_weights(weights_of(GENERATOR, 3))
    discriminator.set_weights(weights_of(DISCRIMINATOR, 4))
    return generator, discriminator


def keras_gan(keras: Any, tape_class: Any) -> Step:
    ops = keras.ops

    class Gan(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.generator, self.discriminator = keras_networks(keras)

        def compile(self) -> None:
            super().compile()
            self.d_optimizer, self.g_optimizer = keras.optimizers.Adam(3e-4), keras.optimizers.Adam(3e-4)
            self.loss_fn = keras.losses.BinaryCrossentropy(from_logits=True)

        def train_step(self, data: Any) -> dict[str, Any]:
            images, noise, further = data[0]
            rows = ops.shape(images)[0]
            both = ops.concatenate([self.generator(noise), images], axis=0)
            labels = ops.concatenate([ops.ones((rows, 1)), ops.zeros((rows, 1))], axis=0)
            with tape_class() as tape:
                d_loss = self.loss_fn(labels, self.discriminator(both))
            weights = self.discriminator.trainable_weights
            self.d_optimizer.apply_gradients(zip(tape.gradient(d_loss, weights), weights, strict=True))
            with tape_class() as tape:
                g_loss = self.loss_fn(ops.zeros((rows, 1)), self.discriminator(self.generator(further)))
            weights = self.generator.trainable_weights
            self.g_optimizer.apply_gradients(zip(tape.gradient(g_loss, weights), weights, strict=True))
            return {"d_loss": d_loss, "g_loss": g_loss}

    model = Gan()
    model.compile()

    def run(steps: int) -> tuple[float, ...]:
        logs = model.fit(gan_data(steps), batch_size=64, shuffle=False, verbose=0).history
        return float(logs["d_loss"][-1]), float(logs["g_loss"][-1])

    return run


def q_network(keras: Any) -> Any:
    dense = [
        keras.layers.Dense(64, activation="relu"),
        keras.layers.Dense(64, activation="relu"),
        keras.layers.Dense(2),
    ]
    made = keras.Sequential([keras.Input((4,)), *dense])
    made.set_weights(weights_of(Q_NETWORK, 5))
    return made


def keras_dqn(keras: Any, tape_class: Any, function: Any) -> Step:
    ops = keras.ops
    model, target = q_network(keras), q_network(keras)
    optimizer, loss_fn = keras.optimizers.Adam(1e-3), keras.losses.Huber()

    @function
    def step(states: Any, actions: Any, rewards: Any, following: Any, ended: Any) -> Any:
        goal = rewards + 0.99 * (1.0 - ended) * ops.max(target(following), axis=1)
        with tape_class() as tape:
            taken = ops.sum(model(states) * ops.one_hot(actions, 2), axis=1)
            loss = loss_fn(goal, taken)
        optimizer.apply_gradients(
            zip(tape.gradient(loss, model.trainable_weights), model.trainable_weights, strict=True)
        )
        return loss

    data = dqn_data()

    def run(steps: int) -> tuple[float, ...]:
        for _ in range(steps):
            loss = step(*data)
        return (float(loss),)

    return run


# In PyTorch.


def torch_gan() -> Step:
    import torch
    from torch import nn
    from torch.nn import functional

    class Reshape(nn.Module):
        def forward(self, x: Any) -> Any:
            return x.view(-1, 7, 7, 128).permute(0, 3, 1, 2)

    class Padded(nn.Module):
        def forward(self, x: Any) -> Any:
            return functional.pad(x, (0, 1, 0, 1))

    leaky = nn.LeakyReLU(0.2)
    up = [nn.ConvTranspose2d(128, 128, 4, 2, 1) for _ in range(2)]
    generator = nn.Sequential(
        nn.Linear(LATENT, 6272),
        leaky,
        Reshape(),
        up[0],
        leaky,
        up[1],
        leaky,
        nn.Conv2d(128, 1, 7, padding=3),
        nn.Sigmoid(),
    )
    discriminator = nn.Sequential(
        Padded(), nn.Conv2d(1, 64, 3, 2), leaky, Padded(), nn.Conv2d(64, 128, 3, 2), leaky,
        nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(128, 1),
    )  # fmt: skip
    for module, shapes, seed in ((generator, GENERATOR, 3), (discriminator, DISCRIMINATOR, 4)):
        with torch.no_grad():
            for parameter, value in zip(module.parameters(), weights_of(shapes, seed), strict=True):
                order = {4: (3, 2, 0, 1), 2: (1, 0), 1: (0,)}[value.ndim]
                parameter.copy_(torch.from_numpy(value.transpose(order).copy()))
    generator.to(memory_format=torch.channels_last)
    discriminator.to(memory_format=torch.channels_last)
    optimizers = [torch.optim.Adam(m.parameters(), 3e-4, eps=1e-7) for m in (discriminator, generator)]
    loss_fn = nn.BCEWithLogitsLoss()
    labels = torch.cat([torch.ones(64, 1), torch.zeros(64, 1)])

    def run(steps: int) -> tuple[float, ...]:
        images, noise, further = (torch.from_numpy(array) for array in gan_data(steps))
        for begin in range(0, 64 * steps, 64):
            rows = slice(begin, begin + 64)
            with torch.no_grad():
                made = generator(noise[rows])
            optimizers[0].zero_grad()
            d_loss = loss_fn(discriminator(torch.cat([made, images[rows].permute(0, 3, 1, 2)])), labels)
            d_loss.backward()
            optimizers[0].step()
            optimizers[1].zero_grad()
            g_loss = loss_fn(discriminator(generator(further[rows])), labels[64:])
            g_loss.backward()
            optimizers[1].step()
        return d_loss.item(), g_loss.item()

    return run


def torch_dqn() -> Step:
    import torch
    from torch import nn

    def network() -> Any:
        made = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
        with torch.no_grad():
            for parameter, value in zip(made.parameters(), weights_of(Q_NETWORK, 5), strict=True):
                parameter.copy_(torch.from_numpy(value.T.copy()))
        return made

    model, target = network(), network()
    optimizer, loss_fn = torch.optim.Adam(model.parameters(), 1e-3, eps=1e-7), nn.HuberLoss()
    data = dqn_data()

    def run(steps: int) -> tuple[float, ...]:
        for _ in range(steps):
            states, actions, rewards, following, ended = (torch.from_numpy(array) for array in data)
            with torch.no_grad():
                goal = rewards + 0.99 * (1.0 - ended) * target(following).max(1).values
            loss = loss_fn(model(states).gather(1, actions[:, None])[:, 0], goal)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return (loss.item(),)

    return run


def made(framework: str, name: str, threads: int) -> Step:
    """Returns the step of a framework, from its first weights."""
    if framework == "torch":
        import torch

        torch.set_num_threads(threads)
        return torch_gan() if name == "gan" else torch_dqn()
    if framework == "fastnn":
        import fastnn

        fastnn.config.set_num_threads(threads)
        tape, function, keras = fastnn.GradientTape, fastnn.function, fastnn
    elif framework == "keras-jax":
        os.environ |= {"KERAS_BACKEND": "jax", "NPROC": str(threads)}
        from bench import steps_in_jax

        return steps_in_jax.gan() if name == "gan" else steps_in_jax.dqn()
    else:
        os.environ["KERAS_BACKEND"] = "tensorflow"
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        import tensorflow as tf  # type: ignore[import-not-found]

        import keras  # type: ignore[import-not-found, no-redef]

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tape, function = tf.GradientTape, tf.function
    return keras_gan(keras, tape) if name == "gan" else keras_dqn(keras, tape, function)


def worker(framework: str, name: str, threads: int) -> None:
    """Answers the losses after five steps, and then to each line with the seconds of a step."""
    run = made(framework, name, threads)
    print(json.dumps(run(5)), flush=True)
    count = STEPS[name]
    run(count)
    for _ in sys.stdin:
        begin = time.perf_counter()
        run(count)
        print(json.dumps((time.perf_counter() - begin) / count), flush=True)


def measure(name: str, frameworks: list[str], arguments: argparse.Namespace) -> bool:
    """Prints the seconds of a step in each framework; returns whether all losses agree."""
    processes, losses = {}, {}
    for framework in frameworks:
        python = getattr(arguments, "python_" + framework.replace("-", "_")) or sys.executable
        command = [
            python,
            "-m",
            "bench.steps",
            "--worker",
            framework,
            "--step",
            name,
            "--threads",
            str(arguments.threads),
        ]
        environment = {**os.environ, "OMP_NUM_THREADS": str(arguments.threads)}
        processes[framework] = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        answer = processes[framework].stdout.readline()  # type: ignore[union-attr]
        if not answer:
            print(f"NOT MEASURED: {framework} failed in {name}")
            del processes[framework]
            continue
        losses[framework] = json.loads(answer)
    seconds: dict[str, list[float]] = {framework: [] for framework in processes}
    for _ in range(arguments.rounds):
        for framework, process in processes.items():
            assert process.stdin is not None and process.stdout is not None
            process.stdin.write("\n")
            process.stdin.flush()
            seconds[framework].append(json.loads(process.stdout.readline()))
    for process in processes.values():
        process.communicate()
    ours = statistics.median(seconds[frameworks[0]])
    right = len(processes) == len(frameworks)
    for framework, found in seconds.items():
        agree = np.allclose(losses[framework], losses[frameworks[0]], rtol=1e-3)
        right = right and agree
        median = statistics.median(found)
        print(
            f"{name:4} {framework:17} {median * 1e6:10.1f} us a step {median / ours:7.2f}x   losses "
            f"{', '.join(f'{loss:.5f}' for loss in losses[framework])}{'' if agree else '  DIFFERENT'}"
        )
    return right


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.steps", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frameworks", nargs="+", choices=FRAMEWORKS, default=list(FRAMEWORKS))
    parser.add_argument("--step", choices=list(STEPS), help="one of the steps (default: all)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--worker", choices=FRAMEWORKS, help=argparse.SUPPRESS)
    for framework in FRAMEWORKS:
        parser.add_argument(f"--python-{framework}", metavar="PATH", help=f"the interpreter that has {framework}")
    arguments = parser.parse_args()
    if arguments.worker:
        worker(arguments.worker, arguments.step, arguments.threads)
        return
    names = [arguments.step] if arguments.step else list(STEPS)
    if not all([measure(name, arguments.frameworks, arguments) for name in names]):
        sys.exit(1)


if __name__ == "__main__":
    main()
