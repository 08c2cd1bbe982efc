"""Every chapter, every example and `python -m fastnn` run as a user runs them; each asserts its own claims."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"

SAYS = {
    "course/01_networks.py": "bit for bit",
    "course/02_activation_functions.py": "largest value 0.25",
    "course/03_training.py": "Epoch 20/20",
    "course/04_datasets.py": "Evaluating did not change a weight.",
    "course/05_predicting.py": "of the digits are on the diagonal",
    "course/06_overfitting.py": "stopped after",
    "course/07_underfitting.py": "mean squared error",
    "course/08_supervised_learning.py": "['cat', 'dog']",
    "course/09_unsupervised_learning.py": "become 12 numbers",
    "course/10_semi_supervised_learning.py": "additional pseudo-labels",
    "course/11_data_augmentation.py": "Training changes the images",
    "course/12_one_hot.py": "the same loss",
    "course/13_convolution.py": "add a last axis of one channel",
    "course/14_zero_padding.py": "Total params: 559,906",
    "course/15_max_pooling.py": "Total params: 68,770",
    "course/16_backpropagation.py": "dL/dw by the chain rule",
    "course/17_vanishing_gradients.py": "keeps the gradient up to the first layer",
    "course/18_weight_initialization.py": "variance of a sum of 250 weights",
    "course/19_bias.py": "bias 3: output 3",
    "course/20_learnable_parameters.py": "total 2515",
    "course/21_regularization.py": "of which the penalty",
    "course/22_batch_size.py": "1005 samples in batches of 10: 101 steps",
    "course/23_fine_tuning.py": "did not change by a bit",
    "course/24_batch_normalization.py": "with batch normalization",
    "further/14_residual_network.py": "residual network",
    "further/15_two_inputs_two_outputs.py": "of the sums are correct",
    "further/16_variational_autoencoder.py": "Drawn at random:",
    "further/17_custom_layer_loss_metric.py": "macro recall",
    "further/18_time_series_lstm.py": "error one year ahead",
    "further/19_text_classifier.py": "new reviews classified correctly",
    "further/21_grid_search.py": "on rows that no search has seen",
    "further/22_tensorboard.py": "files of events",
    "further/23_folder_of_images.py": "new files classified correctly",
    "further/24_larger_than_memory.py": "classified correctly",
    "further/25_tabular_frame.py": "mean error of a price",
    "further/30_gan.py": "Drawn by the generator:",
    "further/31_diffusion.py": "Made from noise:",
    "further/32_distillation.py": "distilled student",
    "further/33_dqn_cart_pole.py": "of 500 steps",
    "further/34_grad_cam.py": "where the network looks",
    "further/40_several_processes.py": "one of 1 processes",
}


def run(*arguments: str, folder: Path) -> str:
    """Runs Python with warnings as errors, outside of the source tree."""
    command = [sys.executable, "-W", "error", *arguments]
    # Pictures are drawn and not shown, and the digits are those of the package.
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "MPLBACKEND": "template"}
    environment.pop("FASTNN_DATA", None)
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=folder, env=environment)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert done.stderr == "", "all output goes to stdout"
    return done.stdout


def test_every_example_is_in_the_table() -> None:
    found = [path.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.rglob("*.py")]
    assert sorted(found) == sorted(SAYS)


@pytest.mark.parametrize("name", SAYS)
def test_example(name: str, tmp_path: Path) -> None:
    assert SAYS[name] in run(str(EXAMPLES / name), folder=tmp_path)


def test_the_main_job_reads_digits(tmp_path: Path) -> None:
    printed = run("-m", "fastnn", folder=tmp_path)
    assert "Total params: 31,018" in printed
    found = re.search(r"trained in ([\d.]+) s; test accuracy ([\d.]+)% on 355 digits", printed)
    assert found, printed
    assert float(found[2]) >= 97.0
    assert "Epoch 1/25" in printed


def test_the_main_job_repeats_with_its_seed_on_any_number_of_threads(tmp_path: Path) -> None:
    def numbers(threads: str) -> list[str]:
        printed = run("-m", "fastnn", "--epochs", "2", "--seed", "5", "--threads", threads, folder=tmp_path)
        return re.findall(r"(?:accuracy|loss):? ([\d.]+)", printed)

    first = numbers("1")
    assert len(first) >= 4
    assert first == numbers("2")
