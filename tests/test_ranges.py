"""Numbers out of their range, which can only be a mistake: constructors refuse them where Keras takes most of them.

Each case is a call, the error and the words of its message; the neighbours are numbers at the border, which are taken.
"""

from __future__ import annotations

import numpy as np
import pytest

from fastnn import Input, callbacks, initializers, layers, losses, metrics, optimizers, random
from fastnn.optimizers import schedules

NAN = float("nan")
REFUSED = {
    "no class": (lambda: metrics.MeanIoU(num_classes=0), "MeanIoU expects num_classes to be an integer of at least 1"),
    "fewer": (lambda: metrics.OneHotMeanIoU(-1), "expects num_classes to be an integer of at least 1, got -1"),
    "classes in parts": (lambda: metrics.MeanIoU(2.5), "expects num_classes to be an integer, got 2.5"),
    "no target": (lambda: metrics.IoU(2, []), "target_class_ids expects at least one class"),
    "thresholds": (lambda: metrics.AUC(thresholds=[0.5, 2.0]), "thresholds to be a finite number from 0 to 1, got 2"),
    "labels": (lambda: metrics.AUC(multi_label=True, num_labels=0), "num_labels to be an integer of at least 1"),
    "label weights": (lambda: metrics.AUC(multi_label=True, label_weights=[1.0, -1.0]), "label_weights .* got -1"),
    "the 0 best": (lambda: metrics.TopKCategoricalAccuracy(k=0), "expects k to be an integer of at least 1, got 0"),
    "half a best": (lambda: metrics.SparseTopKCategoricalAccuracy(k=2.5), "expects k to be an integer, got 2.5"),
    "precision": (lambda: metrics.Precision(top_k=0), "Precision expects top_k to be an integer of at least 1"),
    "recall": (lambda: metrics.Recall(top_k=-1), "Recall expects top_k to be an integer of at least 1"),
    "smoothing": (lambda: metrics.BinaryCrossentropy(label_smoothing=2), "label_smoothing .* from 0 to 1, got 2"),
    "more smoothing": (lambda: metrics.CategoricalCrossentropy(label_smoothing=-1), "from 0 to 1, got -1"),
    "huber": (lambda: losses.Huber(delta=0), "Huber expects delta to be a finite number above 0, got 0"),
    "huber of nan": (lambda: losses.Huber(delta=NAN), "above 0, got nan"),
    "huber's function": (lambda: losses.huber([[0.0]], [[1.0]], delta=-1), "huber expects delta .* above 0, got -1"),
    "focal": (lambda: losses.BinaryFocalCrossentropy(gamma=-1), "gamma to be a finite number of at least 0, got -1"),
    "balance": (lambda: losses.BinaryFocalCrossentropy(alpha=2), "alpha to be a finite number from 0 to 1, got 2"),
    "class weights": (lambda: losses.CategoricalFocalCrossentropy(alpha=[0.5, -1.0]), "at least 0, got -1"),
    "tversky": (lambda: losses.Tversky(beta=-1), "Tversky expects beta to be a finite number of at least 0"),
    "spread": (lambda: initializers.RandomNormal(stddev=-1), "RandomNormal expects stddev .* of at least 0, got -1"),
    "spread of nan": (lambda: initializers.TruncatedNormal(stddev=NAN), "stddev .* of at least 0, got nan"),
    "mean": (lambda: initializers.RandomNormal(mean=float("inf")), "expects mean to be a finite number, got inf"),
    "bounds": (lambda: initializers.RandomUniform(1, -1), "maxval to be a finite number of at least 1, got -1"),
    "gain": (lambda: initializers.Orthogonal(gain=NAN), "Orthogonal expects gain to be a finite number, got nan"),
    "a text": (lambda: initializers.Constant("a"), "Constant expects value to be a number or an array of numbers"),
    "rho": (lambda: optimizers.RMSprop(rho=2), "RMSprop expects rho below 1, got 2"),
    "another rho": (lambda: optimizers.Adadelta(rho=1), "Adadelta expects rho below 1, got 1"),
    "decay": (lambda: optimizers.Adafactor(beta_2_decay=2), "expects beta_2_decay of at most 0, got 2"),
    "loss scale": (lambda: optimizers.Adam(loss_scale_factor=0), "expects loss_scale_factor above 0"),
    "first scale": (lambda: optimizers.LossScaleOptimizer(optimizers.SGD(), 0), "expects initial_scale above 0"),
    "boundaries": (lambda: schedules.PiecewiseConstantDecay([2, 1], [0.1, 0.2, 0.3]), "boundaries in ascending order"),
    "warmup": (lambda: schedules.CosineDecay(0.1, 10, warmup_steps=-1), "warmup_steps .* of at least 0, got -1"),
    "stop": (lambda: callbacks.EarlyStopping(patience=-1), "EarlyStopping expects patience .* of at least 0, got -1"),
    "begin": (lambda: callbacks.EarlyStopping(start_from_epoch=-1), "start_from_epoch .* of at least 0, got -1"),
    "plateau": (lambda: callbacks.ReduceLROnPlateau(factor=-1), "ReduceLROnPlateau expects factor .* got -1"),
    "cooldown": (lambda: callbacks.ReduceLROnPlateau(cooldown=-1), "expects cooldown .* of at least 0, got -1"),
    "part of a size": (lambda: Input((2.5,)), r"expects input_shape of integers and None, got \(2.5,\)"),
    "batch": (lambda: Input((3,), batch_size=0), "expects batch_size to be an integer of at least 1, got 0"),
    "batch of a shape": (lambda: Input(batch_shape=(-1, 3)), r"sizes of at least 1, got \(-1, 3\)"),
    "window": (lambda: layers.STFTSpectrogram(frame_length=0), "frame_length to be an integer of at least 1, got 0"),
    "transform": (lambda: layers.MelSpectrogram(fft_length=0), "fft_length to be an integer of at least 1, got 0"),
    "rate": (lambda: layers.MelSpectrogram(sampling_rate=-1), "sampling_rate to be a finite number above 0"),
    "frequencies": (lambda: layers.MelSpectrogram(min_freq=100, max_freq=10), "max_freq .* above 100, got 10"),
    "random.normal": (lambda: random.normal((2,), stddev=-1), "random.normal expects stddev .* of at least 0"),
    "random.uniform": (lambda: random.uniform((2,), 1, -1), "random.uniform expects maxval .* of at least 1, got -1"),
    "random.binomial": (lambda: random.binomial((2,), 2, 1.5), "probabilities to be a finite number from 0 to 1"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_a_number_out_of_its_range(kind):
    call, words = REFUSED[kind]
    with pytest.raises((ValueError, TypeError), match=words):
        call()


TAKEN = {
    "no spread": lambda: initializers.RandomNormal(stddev=0)((2,)).tolist() == [0, 0],
    "one value": lambda: initializers.RandomUniform(1, 1)((2,)).tolist() == [1, 1],
    "whole thresholds": lambda: metrics.AUC(thresholds=[0, 1]).thresholds[1:-1] == [0, 1],
    "an integer of NumPy": lambda: metrics.MeanIoU(np.int64(2)).num_classes == 2,
    "no patience": lambda: callbacks.EarlyStopping(patience=0).patience == 0,
    "no gamma": lambda: losses.BinaryFocalCrossentropy(gamma=0, alpha=1).gamma == 0,
    "a size of NumPy": lambda: Input((np.int64(3), None)).shape == (None, 3, None),
    "an array": lambda: initializers.Constant([[1, 2]])((1, 2)).tolist() == [[1, 2]],
    "equal boundaries": lambda: schedules.PiecewiseConstantDecay([1, 1], [0.1, 0.2, 0.3])(2) == 0.3,
}


@pytest.mark.parametrize("kind", TAKEN)
def test_a_number_at_the_border(kind):
    assert TAKEN[kind]()
