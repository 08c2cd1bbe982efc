"""Every example, and `python -m fastnn`, run as a user runs them; each asserts its own claims."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"

SAYS = {
    "01_first_network.py": "bit for bit",
    "02_training.py": "Epoch 20/20",
    "03_train_validate_predict.py": "Neither evaluate nor predict changed a weight.",
    "04_overfitting.py": "its errors cost less",
    "05_autoencoder.py": "become 8 numbers",
    "06_pseudo_labelling.py": "additional pseudo-labels",
    "07_one_hot.py": "the same loss",
    "08_convolution.py": "Total params: 559,906",
    "09_batch_normalization.py": "with batch normalization",
    "10_fine_tuning.py": "did not change by a bit",
    "11_backpropagation_by_hand.py": "dL/dw by the chain rule",
    "12_vanishing_gradients.py": "keeps the gradient up to the first layer",
    "13_parameter_counts.py": "total 2515",
    "14_residual_network.py": "residual network",
    "15_two_inputs_two_outputs.py": "of the sums are correct",
    "16_variational_autoencoder.py": "Drawn at random:",
    "17_custom_layer_loss_metric.py": "macro recall",
    "18_time_series_lstm.py": "error one year ahead",
    "19_text_classifier.py": "new reviews classified correctly",
    "20_augmentation.py": "with augmentation",
    "21_grid_search.py": "on rows that no search has seen",
    "22_tensorboard.py": "files of events",
    "24_larger_than_memory.py": "classified correctly",
    "25_tabular_frame.py": "mean error of a price",
    "23_folder_of_images.py": "new files classified correctly",
    "30_gan.py": "Drawn by the generator:",
    "31_diffusion.py": "Made from noise:",
    "32_distillation.py": "distilled student",
    "33_dqn_cart_pole.py": "of 500 steps",
    "34_grad_cam.py": "where the network looks",
    "40_several_processes.py": "one of 1 processes",
}


def run(*arguments: str, folder: Path) -> str:
    """Runs Python with warnings as errors, outside of the source tree."""
    command = [sys.executable, "-W", "error", *arguments]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=folder, env=environment)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert done.stderr == "", "all output goes to stdout"
    return done.stdout


def test_every_example_is_in_the_table() -> None:
    assert sorted(path.name for path in EXAMPLES.glob("*.py")) == sorted(SAYS)


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
