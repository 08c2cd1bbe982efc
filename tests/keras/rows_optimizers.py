"""Optimizers: every one with its arguments, and every option that all have, for some steps of a small network."""

from __future__ import annotations

from typing import Any

from rows import Row


def network(keras: Any) -> Any:
    return keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(5, activation="tanh", name="first"),
            keras.layers.Dense(2, name="last"),
        ]
    )


def penalized(keras: Any) -> Any:
    return keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(4, kernel_regularizer=keras.regularizers.L1L2(0.01, 0.02), kernel_constraint="non_neg"),
            keras.layers.Dense(2),
        ]
    )


def convolution(keras: Any) -> Any:
    return keras.Sequential(
        [keras.Input((5, 5, 2)), keras.layers.Conv2D(3, 2), keras.layers.Flatten(), keras.layers.Dense(2)]
    )


def row(name: str, cls: str, build: Any = network, steps: int = 6, **arguments: Any) -> Row:
    def made(keras: Any) -> Any:
        given = dict(arguments)
        if isinstance(given.get("learning_rate"), tuple):
            kind, *rest = given["learning_rate"]
            given["learning_rate"] = getattr(keras.optimizers.schedules, kind)(*rest)
        return getattr(keras.optimizers, cls)(**given)

    return Row(name, build, optimizer=made, steps=steps, train_rtol=1e-3, rows=6)


def several(keras: Any) -> Any:
    chosen = keras.optimizers.OptimizerMap(keras.optimizers.SGD(0.05, momentum=0.5))
    chosen["first/.*"] = keras.optimizers.Adam(0.02, clipnorm=0.5)
    return keras.optimizers.MultiOptimizer(chosen)


def scaled(keras: Any) -> Any:
    return keras.optimizers.LossScaleOptimizer(keras.optimizers.Adagrad(0.05), dynamic_growth_steps=2)


CLASSES: dict[str, dict[str, Any]] = {
    "SGD": {"learning_rate": 0.05, "momentum": 0.8},
    "Adam": {"learning_rate": 0.02},
    "AdamW": {"learning_rate": 0.02},
    "RMSprop": {"learning_rate": 0.02},
    "Adagrad": {"learning_rate": 0.05},
    "Adadelta": {"learning_rate": 1.0},
    "Adamax": {"learning_rate": 0.02},
    "Nadam": {"learning_rate": 0.02},
    "Ftrl": {"learning_rate": 0.05},
    "Lion": {"learning_rate": 0.02},
    "Lamb": {"learning_rate": 0.02},
    "Adafactor": {"learning_rate": 0.05},
    "Muon": {"learning_rate": 0.02},
    "ScheduleFreeAdamW": {"learning_rate": 0.02},
}

OPTIONS: dict[str, dict[str, Any]] = {
    "all-clipped": {"global_clipnorm": 0.5, "weight_decay": 0.1},
    "averaged": {"use_ema": True, "ema_momentum": 0.7, "ema_overwrite_frequency": 2},
    "accumulated": {"gradient_accumulation_steps": 2, "clipvalue": 0.2, "weight_decay": 0.1},
}

ROWS = [
    *(row(f"{cls.lower()}", cls, **arguments) for cls, arguments in CLASSES.items()),
    *(
        row(f"{cls.lower()}-{name}", cls, **{**arguments, **option})
        for cls, arguments in CLASSES.items()
        for name, option in OPTIONS.items()
    ),
    row("sgd-nesterov", "SGD", learning_rate=0.05, momentum=0.9, nesterov=True),
    row("adam-amsgrad", "Adam", learning_rate=0.02, amsgrad=True, beta_2=0.7, epsilon=1e-3),
    row("rmsprop-all", "RMSprop", learning_rate=0.01, rho=0.8, momentum=0.5, centered=True, epsilon=1e-2),
    row("adagrad-all", "Adagrad", learning_rate=0.05, initial_accumulator_value=0.5, epsilon=0.1),
    row("adadelta-all", "Adadelta", learning_rate=0.5, rho=0.7, epsilon=1e-3),
    row("adamax-all", "Adamax", learning_rate=0.02, beta_1=0.6, beta_2=0.8, epsilon=0.1),
    row("nadam-all", "Nadam", learning_rate=0.02, beta_1=0.6, beta_2=0.8, epsilon=0.1),
    row(
        "ftrl-all", "Ftrl", learning_rate=0.1, learning_rate_power=-0.7, initial_accumulator_value=0.5,
        l1_regularization_strength=0.02, l2_regularization_strength=0.05, l2_shrinkage_regularization_strength=0.1,
        beta=0.3,
    ),
    row("lion-all", "Lion", learning_rate=0.02, beta_1=0.6, beta_2=0.7),
    row("lamb-all", "Lamb", learning_rate=0.02, beta_1=0.6, beta_2=0.8, epsilon=0.1),
    row(
        "adafactor-all", "Adafactor", learning_rate=0.5, beta_2_decay=-0.5, epsilon_1=1e-3, epsilon_2=0.3,
        clip_threshold=0.4, relative_step=False,
    ),
    row("adafactor-convolution", "Adafactor", convolution, learning_rate=0.05),
    row("muon-convolution", "Muon", convolution, learning_rate=0.05),
    row(
        "muon-all", "Muon", learning_rate=0.02, adam_beta_1=0.6, adam_beta_2=0.8, adam_weight_decay=0.1, epsilon=0.1,
        exclude_layers=["last"], muon_a=2.0, muon_b=-1.5, muon_c=0.5, adam_lr_ratio=0.5, momentum=0.5, ns_steps=3,
        nesterov=False, rms_rate=None,
    ),
    row(
        "schedulefreeadamw-all", "ScheduleFreeAdamW", learning_rate=0.02, beta_1=0.7, beta_2=0.8, epsilon=0.01,
        warmup_steps=4,
    ),
    row("clipnorm", "Adagrad", learning_rate=0.05, clipnorm=0.3),
    row("averaged-alone", "Adamax", learning_rate=0.05, use_ema=True),
    row("accumulated-averaged", "Nadam", learning_rate=0.05, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=1,
        gradient_accumulation_steps=3),
    row("penalized-accumulated", "Adagrad", penalized, learning_rate=0.05, gradient_accumulation_steps=2),
    row("penalized-averaged", "Lamb", penalized, learning_rate=0.05, use_ema=True, ema_momentum=0.5,
        ema_overwrite_frequency=2),
    row("loss-scale-factor", "Adamax", learning_rate=0.05, loss_scale_factor=64.0),
    row("exponential", "SGD", learning_rate=("ExponentialDecay", 0.1, 2, 0.5)),
    row("exponential-stairs", "SGD", learning_rate=("ExponentialDecay", 0.1, 2, 0.5, True)),
    row("piecewise", "SGD", learning_rate=("PiecewiseConstantDecay", [1, 3], [0.1, 0.05, 0.2])),
    row("polynomial", "SGD", learning_rate=("PolynomialDecay", 0.1, 4, 0.02, 2.0)),
    row("polynomial-cycle", "SGD", learning_rate=("PolynomialDecay", 0.1, 2, 0.02, 1.0, True)),
    row("inverse-time", "SGD", learning_rate=("InverseTimeDecay", 0.1, 2, 0.5)),
    row("inverse-time-stairs", "SGD", learning_rate=("InverseTimeDecay", 0.1, 2, 0.5, True)),
    row("cosine", "SGD", learning_rate=("CosineDecay", 0.1, 4, 0.1)),
    row("cosine-warmup", "SGD", learning_rate=("CosineDecay", 0.02, 4, 0.1, "CosineDecay", 0.1, 2)),
    row("cosine-restarts", "SGD", learning_rate=("CosineDecayRestarts", 0.1, 2, 1.5, 0.7, 0.1)),
    row(
        "schedule-accumulated", "Adam", learning_rate=("ExponentialDecay", 0.1, 2, 0.5), gradient_accumulation_steps=2
    ),
    Row("several", network, optimizer=several, steps=4, train_rtol=1e-3),
    Row("scaled", network, optimizer=scaled, steps=5, train_rtol=1e-3),
]  # fmt: skip
