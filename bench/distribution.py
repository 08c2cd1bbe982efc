"""`python -m bench.distribution`: one process with all threads beside a process for each core, and PyTorch's gloo.

Each contestant trains the same network on the same rows with batches of the same size: fastnn and PyTorch in one
process with two threads, and in two processes with one thread each, fastnn by `DataParallel` over MPI, PyTorch by
`DistributedDataParallel` over gloo. They take turns, each turn in processes of its own, and the shortest epoch counts.
PyTorch's batch normalization takes the statistics of each process's rows, fastnn's those of the whole batch.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import workloads
from bench.report import markdown
from bench.workloads import WORKLOADS, Workload

STEPS = {"mnist-cnn": (128, 20), "vgg": (64, 8), "mnist-mlp": (512, 18)}
"""The networks, with the rows of a batch and the number of steps of an epoch."""
CONTESTANTS = {
    "fastnn, 1 process of 2 threads": ("fastnn", 1, 2),
    "fastnn, 2 processes": ("fastnn", 2, 1),
    "PyTorch, 1 process of 2 threads": ("torch", 1, 2),
    "PyTorch, 2 processes": ("torch", 2, 1),
}
REPOSITORY = Path(__file__).resolve().parent.parent


def workload(name: str) -> Workload:
    """Returns a network with the batch size of this comparison."""
    found = next(one for one in WORKLOADS if one.name == name)
    return dataclasses.replace(found, batch_size=STEPS[name][0])


# One process of a contestant ------------------------------------------------------------------------------------------


def train(arguments: argparse.Namespace) -> None:
    """Trains some epochs and prints the seconds of the shortest one."""
    work = workload(arguments.workload)
    batch, steps = STEPS[arguments.workload]
    x, y = work.data()
    x, y = x[: batch * steps], y[: batch * steps]
    weights = workloads.initial_weights(work, x.shape[1:])
    processes = arguments.processes
    if arguments.framework == "fastnn":
        from bench.fastnn_adapter import Adapter
        from fastnn.distribution import DataParallel, set_distribution

        if processes > 1:
            set_distribution(DataParallel(parts=processes))
        adapter: Any = Adapter(work, x.shape[1:], weights, arguments.threads, "")
        rank = int(os.environ.get("PMI_RANK", 0))
    else:
        adapter, rank, x, y = torch_contestant(work, weights, arguments, x, y)
    x, y = adapter.prepared(x, y)
    adapter.epochs(x, y, 1)
    seconds = min(adapter.epochs(x, y, arguments.epochs))
    if rank == 0:
        print(json.dumps({"seconds": seconds / steps, "version": adapter.version}), flush=True)
    if arguments.framework == "torch" and processes > 1:
        from torch import distributed

        # The destructors of gloo's threads now and then abort the program at its end, so it ends without them.
        distributed.barrier()
        os._exit(0)


def torch_contestant(work: Workload, weights: Any, arguments: argparse.Namespace, x: Any, y: Any) -> Any:
    """Returns PyTorch's adapter, which takes its share of each batch, the number of this process, and its rows."""
    import torch
    from torch import distributed, nn

    from bench.torch_adapter import Adapter

    processes, rank = arguments.processes, arguments.rank
    if processes == 1:
        return Adapter(work, x.shape[1:], weights, arguments.threads, ""), 0, x, y
    distributed.init_process_group("gloo", init_method=f"file://{arguments.meeting}", rank=rank, world_size=processes)
    own = dataclasses.replace(work, batch_size=work.batch_size // processes)
    adapter = Adapter(own, x.shape[1:], weights, arguments.threads, "")

    class Loss(nn.Module):
        """The loss as a forward pass, which is what PyTorch divides."""

        def __init__(self, network: Any) -> None:
            super().__init__()
            self.network = network

        def forward(self, x: Any, y: Any) -> Any:
            return self.network.loss(x, y)

    class Divided:
        """The network as the adapter trains it."""

        def __init__(self, network: Any) -> None:
            self._network = nn.parallel.DistributedDataParallel(Loss(network))

        def train(self) -> None:
            self._network.train()

        def loss(self, x: Any, y: Any) -> Any:
            return self._network(x, y)

    adapter.network = Divided(adapter.network)  # type: ignore[assignment]
    torch.manual_seed(rank)
    return adapter, rank, x[rank::processes], y[rank::processes]


# All of them ----------------------------------------------------------------------------------------------------------


def seconds_of(contestant: str, name: str, epochs: int, python: str) -> float:
    """Returns the seconds of a step of a contestant, in new processes."""
    framework, processes, threads = CONTESTANTS[contestant]
    command = [
        python,
        "-m",
        "bench.distribution",
        "--framework",
        framework,
        "--workload",
        name,
        "--epochs",
        str(epochs),
    ]
    command += ["--processes", str(processes), "--threads", str(threads)]
    # What one process of several has is its share of the cores, so the launcher needs no numbers.
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    with tempfile.TemporaryDirectory() as folder:
        meeting = Path(folder) / "meeting"
        if framework == "torch":
            ranks = [[*command, "--rank", str(rank), "--meeting", str(meeting)] for rank in range(processes)]
        else:
            launcher = Path(sys.executable).with_name("mpiexec")
            ranks = [[str(launcher), "-n", str(processes), *command] if processes > 1 else command]
        started = [
            subprocess.Popen(one, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True) for one in ranks
        ]
        outputs = [one.communicate()[0] for one in started]
    if any(one.returncode for one in started):
        raise RuntimeError(f"{contestant} ended with {[one.returncode for one in started]} on {name}")
    return float(json.loads(outputs[0].splitlines()[-1])["seconds"])


def table(seconds: dict[str, dict[str, float]]) -> str:
    """Returns the table: milliseconds of a step, and the ratios that matter."""
    rows = []
    for name, of in seconds.items():
        alone, together, torch_alone, torch_together = (of[one] for one in CONTESTANTS)
        title = f"{workload(name).title.split(',')[0]}, batch {STEPS[name][0]}"
        ratios = [alone / together, torch_alone / torch_together, torch_together / together]
        rows.append([title, *(f"{1e3 * of[one]:.1f}" for one in CONTESTANTS), *(f"{one:.2f}" for one in ratios)])
    ratios_of = ["fastnn: efficiency", "PyTorch: efficiency", "two processes: PyTorch / fastnn"]
    return markdown(["network", *(f"{name}, ms" for name in CONTESTANTS), *ratios_of], rows)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.distribution", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="turns of each contestant (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=3, help="timed epochs of a turn (default: %(default)s)")
    parser.add_argument("--only", action="append", choices=list(STEPS), help="a network; may be given again")
    parser.add_argument("--python-torch", default=os.environ.get("FASTNN_BENCH_PYTHON_TORCH", sys.executable))
    for name, kind in (("framework", str), ("workload", str), ("processes", int), ("threads", int), ("rank", int)):
        parser.add_argument(f"--{name}", type=kind, help=argparse.SUPPRESS)
    parser.add_argument("--meeting", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.framework:
        train(arguments)
        return
    seconds: dict[str, dict[str, float]] = {}
    for name in arguments.only or STEPS:
        best = seconds.setdefault(name, {})
        for _ in range(arguments.rounds):
            for contestant in CONTESTANTS:
                python = arguments.python_torch if CONTESTANTS[contestant][0] == "torch" else sys.executable
                found = seconds_of(contestant, name, arguments.epochs, python)
                best[contestant] = min(found, best.get(contestant, found))
    print(time.strftime("%Y-%m-%d"), table(seconds), sep="\n")


if __name__ == "__main__":
    main()
