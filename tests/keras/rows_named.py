"""Rows for layers that functions of `ops` make up: pooling to a size, grouped attention, spectrograms, histograms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from rows import Random, Row

ROWS: list[Row] = []


def layered(name: str, shape: tuple[int, ...], build: Callable[[Any, Any], Any], **arguments: Any) -> None:
    """Adds a row of a model of one input: build(layers, x) returns its output."""

    def model(keras: Any) -> Any:
        x = keras.Input(shape)
        return keras.Model(x, build(keras.layers, x))

    ROWS.append(Row(name, model, **arguments))


for kind in ("Average", "Max"):
    layered(f"adaptive-{kind}-1d", (7, 2), lambda k, x, n=f"Adaptive{kind}Pooling1D": k.Dense(2)(getattr(k, n)(3)(x)))
    layered(f"adaptive-{kind}-2d", (2, 5, 7), lambda k, x, n=f"Adaptive{kind}Pooling2D": k.Dense(2)(
        getattr(k, n)((3, 2), data_format="channels_first")(x)))  # fmt: skip
    layered(f"adaptive-{kind}-3d", (3, 4, 5, 2), lambda k, x, n=f"Adaptive{kind}Pooling3D": k.Dense(2)(
        getattr(k, n)((2, 3, 4))(x)))  # fmt: skip
for name, options, call in (
    ("plain", {}, {}), ("causal", {"use_bias": False}, {"use_causal_mask": True}),
    ("window-gate", {"sliding_window": 2, "use_gate": True}, {}), ("scores", {}, {"return_attention_scores": True}),
):  # fmt: skip

    def attention(k: Any, x: Any, options: Any = options, call: Any = call) -> Any:
        made = k.GroupQueryAttention(3, 4, 2, **options)(x, k.Dense(4)(x), **call)
        # Keras distinguishes losses by the names of layers.
        return [k.Dense(2)(made[0]), k.Identity()(made[1])] if isinstance(made, (list, tuple)) else k.Dense(2)(made)

    layered(f"grouped-attention-{name}", (5, 4), attention, loss=["mse", "mse"] if name == "scores" else "mse")


def tokens(rng: Random) -> Any:
    return rng.randint(0, 7, (5, 4)).astype(np.float32)


for name, options in (
    ("tied", {}), ("untied", {"tie_weights": False}), ("capped", {"logit_soft_cap": 0.5}),
):  # fmt: skip

    def both_ways(k: Any, x: Any, options: Any = options) -> Any:
        layer = k.ReversibleEmbedding(7, 3, **options)
        return layer(k.Dense(3)(layer(x)), reverse=True)

    layered(f"reversible-{name}", (4,), both_ways, inputs=tokens)
for mode in ("log", "magnitude", "psd", "real", "imag", "angle", "stft"):
    layered(f"stft-spectrogram-{mode}", (40, 2), lambda k, x, m=mode: k.STFTSpectrogram(m, 8, 3)(x), train=False)
layered("stft-spectrogram-trained", (40, 2), lambda k, x: k.STFTSpectrogram("magnitude", 8, 4, padding="same",
        window="hamming", scaling="spectrum", periodic=True, expand_dims=True)(x))  # fmt: skip
layered("stft-spectrogram-first", (2, 40), lambda k, x: k.STFTSpectrogram("psd", 8, 4, 16, None, scaling=None,
        data_format="channels_first")(x), train=False)  # fmt: skip
layered("mel-spectrogram", (300,), lambda k, x: k.MelSpectrogram(64, 32, 48, "hamming", 8000, 6, 30.0, 3000.0)(x),
        train=False, rtol=5e-5)  # fmt: skip
layered("mel-spectrogram-power", (300,), lambda k, x: k.MelSpectrogram(64, 40, sampling_rate=4000, num_mel_bins=9,
        power_to_db=False, mag_exp=1.0)(x), train=False, rtol=5e-5)  # fmt: skip


def colors(rng: Random) -> Any:
    return rng.randint(40, 200, (5, 12, 10, 2)).astype(np.float32)


def fractions(rng: Random) -> Any:
    return colors(rng) / 255.0


for name, options in (("plain", {}), ("range", {"value_range": (0.0, 1.0)})):
    given = fractions if options else colors
    layered(f"auto-contrast-{name}", (12, 10, 2), lambda k, x, o=options: k.AutoContrast(**o)(x), inputs=given,
            train=False)  # fmt: skip
    # Keras cannot call it on the tensors of a model.
    layered(f"equalization-{name}", (12, 10, 2), lambda k, x, o=options: k.Lambda(lambda y: k.Equalization(
        **o, bins=16)(y, training=True), output_shape=(12, 10, 2))(x), inputs=given, train=False)  # fmt: skip
    layered(f"clahe-{name}", (12, 10, 2), lambda k, x, o=options: k.ContrastLimitedAdaptiveHistogramEqualization(
        **o, tile_grid_size=(3, 2), clip_limit=2.0)(x), inputs=given, train=False)  # fmt: skip


def distilled(name: str, losses: Callable[[Any], Any], **options: Any) -> None:
    """Adds a row of a student that is taught by a model of more units."""

    def build(keras: Any) -> Any:
        def network(units: int) -> Any:
            layers = [keras.Input((4,)), keras.layers.Dense(units, "tanh", name="hidden"), keras.layers.Dense(3)]
            return keras.Sequential(layers)

        teacher, student = network(options.get("units", 6)), network(5)
        weights = {key: value for key, value in options.items() if key != "units"}
        return keras.distillation.Distiller(teacher, student, losses(keras), **weights)

    ROWS.append(Row(f"distilled-{name}", build, inputs=lambda rng: rng.normal(size=(5, 4)).astype(np.float32)))


distilled("logits", lambda k: k.distillation.LogitsDistillation(2.0, "mse"), student_loss_weight=0.3)
distilled("divergence", lambda k: k.distillation.LogitsDistillation(3.0, k.losses.KLDivergence()))
distilled("name", lambda k: k.distillation.LogitsDistillation(), student_loss_weight=0.9)
distilled(
    "features",
    lambda k: [
        k.distillation.FeatureDistillation("mae", "hidden", "hidden"), k.distillation.FeatureDistillation("mse"),
    ],
    distillation_loss_weights=[0.7, 2.0],
    units=5,
)  # fmt: skip
for name, rank, options in (
    ("1d", 1, {"dilation_rate": 2, "return_sequences": True}), ("2d", 2, {"padding": "same", "return_sequences": True}),
    ("2d-strides", 2, {"strides": (2, 1), "go_backwards": True, "return_sequences": True, "unit_forget_bias": False}),
    ("2d-relu-no-bias", 2, {"activation": "relu", "recurrent_activation": "hard_sigmoid", "use_bias": False}),
    ("2d-first", 2, {"data_format": "channels_first", "padding": "same", "return_sequences": True}),
    ("3d", 3, {"kernel_regularizer": "l2"}),
):  # fmt: skip
    layered(f"conv-lstm-{name}", (3, *(5, 4, 5)[:rank], 2), lambda k, x, n=f"ConvLSTM{rank}D", o=options:
        k.Dense(2)(getattr(k, n)(3, 2, **o)(x)))  # fmt: skip


def continued(k: Any, x: Any) -> Any:
    y, *states = k.ConvLSTM2D(2, 3, padding="same", return_state=True)(x)
    return k.ConvLSTM2D(2, 3, padding="same")(x, initial_state=states), k.Identity()(y)


layered("conv-lstm-states", (3, 4, 4, 2), continued, loss=["mse", "mse"])
