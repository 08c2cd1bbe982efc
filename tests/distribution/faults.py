"""A script for `mpiexec` in which one process fails, or is another than the others.

mpiexec -n N python faults.py FAULT [FOLDER]
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import apart  # noqa: F401
import numpy as np

import fastnn
from fastnn import Sequential, layers
from fastnn.distribution import DataParallel, list_devices, set_distribution

X = np.random.default_rng(0).normal(size=(64, 5)).astype(np.float32)
Y = X[:, :1]


def build(units: int = 8) -> Any:
    model = Sequential([layers.Input((5,)), layers.Dense(units, "relu"), layers.Dropout(0.1), layers.Dense(1)])
    model.compile("adam", "mse")
    return model


class AtStep(fastnn.callbacks.Callback):
    """Does something at a step of one process."""

    def __init__(self, act: Any, step: int = 30) -> None:
        super().__init__()
        self.act, self.step, self.seen = act, step, 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.seen += 1
        if self.seen == self.step:
            print(f"fault at {time.time()}", flush=True)
            self.act()


def fail() -> None:
    raise RuntimeError("of the third layer")


def main() -> None:
    fault = sys.argv[1]
    fastnn.utils.set_random_seed(5)
    set_distribution(DataParallel(auto_shard_dataset=fault != "own rows"))
    from mpi4py import MPI

    rank = MPI.COMM_WORLD.rank
    last = rank == len(list_devices()) - 1
    acts = {
        "raise": fail,
        "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
        "stop": lambda: os.kill(os.getpid(), signal.SIGSTOP),
        "leave": lambda: sys.exit(0),
    }
    if fault in acts:
        build().fit(X, Y, batch_size=8, epochs=10**6, verbose=0, callbacks=[AtStep(acts[fault])] if last else [])
    elif fault == "interrupt":
        steps, delay = int(sys.argv[2]), float(sys.argv[3])
        model = Sequential([layers.Input((5,)), layers.Dense(400, "relu"), layers.Dense(400, "relu"), layers.Dense(1)])
        model.compile("adam", "mse")
        if delay:
            threading.Timer(delay, os.kill, (os.getpid(), signal.SIGINT)).start()
        with suppress(KeyboardInterrupt):
            # A step an epoch; the gradients are sent in several blocks.
            model.fit(X, Y, batch_size=64, epochs=steps, verbose=0)
        weights = b"".join(weight.tobytes() for weight in model.get_weights())
        print(f"stopped {int(model.optimizer.iterations)} {zlib.crc32(weights)}", flush=True)
        if delay:
            try:
                model.fit(X, Y, batch_size=64, epochs=3, verbose=0)
            except RuntimeError as error:
                assert "need not have stopped at the same step" in str(error), error
            else:
                raise AssertionError("training went on")
    elif fault == "other model":
        build(9 if last else 8).fit(X, Y, epochs=1, verbose=0)
    elif fault == "other rows":
        build().fit(X[last:], Y[last:], epochs=1, verbose=0)
    elif fault == "other data":
        build().fit(X + last, Y, epochs=1, verbose=0)
    elif fault == "unseeded":
        # The weights, streams and orders are those of process 0.
        fastnn.utils.set_random_seed(rank)
        model = build()
        model.fit(X, Y, epochs=2, verbose=0)
        weights = MPI.COMM_WORLD.allgather([w.tobytes() for w in model.get_weights()])
        assert all(one == weights[0] for one in weights)
    elif fault == "own rows":
        model = build()
        model.fit(X[rank::2][:30], Y[rank::2][:30], batch_size=16, epochs=2, verbose=0)
        assert len(model.predict(X[: 5 + rank], verbose=0)) == 5 + rank
        weights = MPI.COMM_WORLD.allgather([w.tobytes() for w in model.get_weights()])
        assert all(one == weights[0] for one in weights)
        counted = fastnn.metrics.TruePositives(0.0)
        model = Sequential([layers.Input((5,)), layers.Dense(1, "sigmoid")])
        model.compile("adam", "mse", metrics=[counted])
        model.evaluate(X[rank::2][:30], np.full_like(Y[:30], rank), batch_size=16, verbose=0)
        assert counted.result() == 30
    elif fault == "not synchronized":
        set_distribution(DataParallel(synchronized=False))
        part = layers.BatchNormalization(momentum=0.0, epsilon=1e-5, center=False, scale=False)
        model = Sequential([layers.Input((5,)), part, layers.Dense(1, use_bias=False)])
        model.compile(fastnn.optimizers.SGD(1.0), "mse")
        model.fit(X, Y, batch_size=64, verbose=0, epochs=0)
        kernel = model.layers[-1].get_weights()[0]
        model.fit(X, Y, batch_size=64, verbose=0, shuffle=False)
        normal = np.concatenate([(x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5) for x in np.split(X, [24, 48])])
        expected = kernel - 2 / 64 * normal.T @ (normal @ kernel - Y)
        np.testing.assert_allclose(model.layers[-1].get_weights()[0], expected, atol=1e-5)
        np.testing.assert_allclose(part.moving_mean, X.mean(0), atol=1e-6)
        np.testing.assert_allclose(part.moving_variance, X.var(0), atol=1e-6)
        weights = MPI.COMM_WORLD.allgather([w.tobytes() for w in model.get_weights()])
        assert all(one == weights[0] for one in weights)
        # A layer that is synchronized takes the statistics of the whole batch.
        part.synchronized = True
        model.compile(fastnn.optimizers.SGD(1.0), "mse")
        model.layers[-1].set_weights([kernel])
        model.fit(X, Y, batch_size=64, verbose=0, shuffle=False)
        normal = (X - X.mean(0)) / np.sqrt(X.var(0) + 1e-5)
        expected = kernel - 2 / 64 * normal.T @ (normal @ kernel - Y)
        np.testing.assert_allclose(model.layers[-1].get_weights()[0], expected, atol=1e-5)
    elif fault == "files":
        folder = Path(sys.argv[2])
        seen = []

        class Everywhere(fastnn.callbacks.Callback):
            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                seen.append(logs["loss"])

        class OfFirst(fastnn.callbacks.Callback):
            on_every_process = False

            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                (folder / f"epoch-{epoch}-of-{rank}").touch()

        stop = fastnn.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: stops(epoch))
        model = build()

        def stops(epoch: int) -> None:
            if epoch == 2 and last:
                model.stop_training = True

        model.fit(
            X, Y, epochs=9, verbose=2,
            callbacks=[fastnn.callbacks.CSVLogger(folder / "log.csv"), Everywhere(), [OfFirst()], stop],
        )  # fmt: skip
        losses = MPI.COMM_WORLD.allgather(seen)
        assert all(len(one) == 3 and one == losses[0] for one in losses), losses
    elif fault == "backup":
        backup = fastnn.callbacks.BackupAndRestore(Path(sys.argv[2]) / "backup", save_freq=3)
        model = build()
        callbacks = [fastnn.callbacks.LearningRateScheduler(lambda epoch, rate: 0.01 * 0.9**epoch), backup]
        if len(sys.argv) > 3 and last:
            callbacks.append(AtStep(acts["kill"], int(sys.argv[3])))
        elif len(sys.argv) > 3:
            callbacks.append(AtStep(lambda: None))
        model.fit(X, Y, batch_size=8, epochs=6, verbose=0, callbacks=callbacks)
        if rank == 0:
            np.savez(Path(sys.argv[2]) / f"weights-{len(list_devices())}.npz", *model.get_weights())
    elif fault == "sudden":
        folder, (seconds, victim) = Path(sys.argv[2]), map(float, sys.argv[3:5])
        model = build()
        # The process is killed from beside, wherever it is then.
        if rank == victim:
            clock = threading.Timer(seconds, acts["kill"])
            clock.daemon = True
            clock.start()
        backup = fastnn.callbacks.BackupAndRestore(folder / "backup", save_freq=5)
        model.fit(X, Y, batch_size=8, epochs=60, verbose=0, callbacks=[backup])
        if rank == 0:
            np.savez(folder / "weights.npz", *model.get_weights())
    else:
        raise SystemExit(f"unknown fault {fault}")
    print("done", flush=True)
    time.sleep(0.1)


if __name__ == "__main__":
    main()
