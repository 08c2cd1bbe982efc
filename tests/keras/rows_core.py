"""Rows for dense, convolution, pooling, batch normalization, shapes, merging, shared layers, optimizers and losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from rows import Random, Row

ROWS: list[Row] = []


def sequential(name: str, shape: tuple[int, ...], layers: Callable[[Any], list[Any]], **arguments: Any) -> None:
    """A row of a chain of layers."""
    ROWS.append(Row(name, lambda keras: keras.Sequential([keras.Input(shape), *layers(keras.layers)]), **arguments))


def functional(name: str, build: Callable[[Any, Any], Any], **arguments: Any) -> None:
    """A row of a functional model: build(keras, layers) returns it."""
    ROWS.append(Row(name, lambda keras: build(keras, keras.layers), **arguments))


# Layers ---------------------------------------------------------------------------------------------------------------

for word in (
    "linear", "relu", "sigmoid", "tanh", "softmax", "elu", "selu", "softplus", "softsign", "exponential", "leaky_relu",
    "relu6", "hard_sigmoid", "silu", "gelu", "mish", "log_softmax",
):  # fmt: skip
    sequential(f"dense-{word}", (5,), lambda k, word=word: [k.Dense(7, activation=word), k.Dense(3)])
sequential("dense-no-bias", (5,), lambda k: [k.Dense(4, use_bias=False)])
sequential("dense-rank-3", (4, 3), lambda k: [k.Dense(5, activation="relu"), k.Dense(2)])
sequential(
    "dense-penalties",
    (4,),
    lambda k: [k.Dense(6, "relu", kernel_regularizer="l2", bias_regularizer="l1"), k.Dense(2, kernel_regularizer="l1")],
)
sequential("dense-activity", (4,), lambda k: [k.Dense(6, "tanh", activity_regularizer="l2"), k.Dense(2)])
for constraint in ("max_norm", "non_neg", "unit_norm", "min_max_norm"):
    sequential(f"dense-{constraint}", (4,), lambda k, c=constraint: [k.Dense(6, kernel_constraint=c), k.Dense(2)])

sequential("conv2d", (7, 6, 2), lambda k: [k.Conv2D(4, 3, activation="relu"), k.Flatten(), k.Dense(2)])
sequential("conv2d-same-strided", (7, 6, 2), lambda k: [k.Conv2D(3, (3, 2), strides=2, padding="same")])
sequential("conv2d-dilated", (8, 7, 2), lambda k: [k.Conv2D(3, 3, dilation_rate=2)])
sequential("conv2d-groups", (5, 5, 4), lambda k: [k.Conv2D(6, 3, groups=2, padding="same", activation="tanh")])
sequential("conv2d-winograd", (6, 6, 32), lambda k: [k.Conv2D(2, 3, padding="same")], rows=2)
sequential("pooling-max", (6, 6, 2), lambda k: [k.Conv2D(3, 3, padding="same"), k.MaxPooling2D(), k.Flatten()])
sequential("pooling-max-same", (7, 5, 2), lambda k: [k.Dense(3), k.MaxPooling2D(3, strides=2, padding="same")])
sequential("pooling-average", (6, 6, 2), lambda k: [k.Dense(3), k.AveragePooling2D((2, 3))])
sequential("pooling-average-same", (7, 5, 2), lambda k: [k.Dense(3), k.AveragePooling2D(2, padding="same")])
sequential("pooling-global-average", (4, 5, 2), lambda k: [k.Dense(3), k.GlobalAveragePooling2D(), k.Dense(2)])
sequential("pooling-global-max", (4, 5, 2), lambda k: [k.Dense(3), k.GlobalMaxPooling2D(keepdims=True)])
sequential("batchnorm", (5,), lambda k: [k.Dense(6), k.BatchNormalization(), k.Activation("relu"), k.Dense(2)])
sequential("batchnorm-image", (5, 4, 3), lambda k: [k.Conv2D(4, 3), k.BatchNormalization(momentum=0.8, epsilon=1e-2)])
sequential("batchnorm-axis", (4, 5, 3), lambda k: [k.Dense(3), k.BatchNormalization(axis=1, scale=False)])
sequential("reshape-flatten", (4, 3), lambda k: [k.Reshape((2, -1)), k.Dense(3, "relu"), k.Flatten(), k.Dense(2)])
sequential("dropout-inference", (6,), lambda k: [k.Dense(5), k.Dropout(0.5), k.Dense(2)], train=False)
sequential("relu-arguments", (9,), lambda k: [k.Dense(8), k.ReLU(1.0, 0.1, 0.2), k.Dense(2)])
sequential("leaky-elu-softmax", (9,), lambda k: [k.Dense(8), k.LeakyReLU(0.2), k.ELU(0.5), k.Dense(3), k.Softmax()])


# Functional models ----------------------------------------------------------------------------------------------------


def merged(word: str, **arguments: Any) -> Callable[[Any, Any], Any]:
    def build(keras: Any, layers: Any) -> Any:
        a, b = keras.Input((4,)), keras.Input((4,))
        both = getattr(layers, word)(**arguments)([layers.Dense(5)(a), layers.Dense(5, activation="tanh")(b)])
        return keras.Model([a, b], layers.Dense(2)(both))

    return build


for word in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"):
    functional(f"merge-{word.lower()}", merged(word))
functional("merge-dot", merged("Dot", axes=1, normalize=True))


def residual(keras: Any, layers: Any) -> Any:
    x = keras.Input((5, 5, 3))
    y = layers.Conv2D(3, 3, padding="same", activation="relu")(x)
    y = layers.Add()([x, layers.BatchNormalization()(y)])
    return keras.Model(x, layers.Dense(2)(layers.GlobalAveragePooling2D()(y)))


def shared(keras: Any, layers: Any) -> Any:
    a, b = keras.Input((4,)), keras.Input((4,))
    tower = layers.Dense(3, activation="tanh")
    return keras.Model([a, b], layers.Dense(2)(layers.Concatenate()([tower(a), tower(b), tower(layers.Add()([a, b]))])))


def nested(keras: Any, layers: Any) -> Any:
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="relu"), layers.BatchNormalization()])
    x = keras.Input((4,))
    return keras.Model(x, layers.Dense(2)(layers.Add()([inner(x), layers.Dense(3)(x)])))


def two_by_two(keras: Any, layers: Any) -> Any:
    a, b = keras.Input((4,)), keras.Input((3,))
    both = layers.Concatenate()([layers.Dense(4, activation="relu")(a), b])
    return keras.Model([a, b], [layers.Dense(2)(both), layers.Dense(3, activation="sigmoid")(both)])


functional("residual", residual)
functional("shared-layer", shared)
functional("nested-model", nested)
functional(
    "two-inputs-two-outputs",
    two_by_two,
    loss=["mse", "binary_crossentropy"],
    targets=lambda random: [random.normal(size=(5, 2)), random.randint(0, 2, size=(5, 3))],
)


def frozen(keras: Any, layers: Any) -> Any:
    model = keras.Sequential(
        [keras.Input((4,)), layers.Dense(5), layers.BatchNormalization(), layers.Dense(3, "relu"), layers.Dense(2)]
    )
    model.layers[0].trainable = model.layers[1].trainable = False
    return model


functional("frozen-layers", frozen)


# Optimizers -----------------------------------------------------------------------------------------------------------

for name, make in {
    "sgd": lambda o: o.SGD(0.1),
    "sgd-momentum": lambda o: o.SGD(0.1, momentum=0.9),
    "sgd-nesterov": lambda o: o.SGD(0.1, momentum=0.9, nesterov=True),
    "sgd-decay": lambda o: o.SGD(0.1, weight_decay=0.1),
    "sgd-clipnorm": lambda o: o.SGD(0.1, clipnorm=0.1),
    "sgd-clipvalue": lambda o: o.SGD(0.1, clipvalue=0.05),
    "sgd-global-clipnorm": lambda o: o.SGD(0.1, global_clipnorm=0.1),
    "adam": lambda o: o.Adam(0.05),
    "adam-amsgrad": lambda o: o.Adam(0.05, beta_1=0.8, beta_2=0.9, amsgrad=True),
    "adamw": lambda o: o.AdamW(0.05, weight_decay=0.1),
    "rmsprop": lambda o: o.RMSprop(0.02),
    "rmsprop-centered": lambda o: o.RMSprop(0.02, centered=True),
    "rmsprop-momentum": lambda o: o.RMSprop(0.02, momentum=0.5, rho=0.8),
}.items():
    sequential(
        f"optimizer-{name}",
        (4,),
        lambda k: [k.Dense(6, activation="tanh"), k.Dense(2)],
        optimizer=lambda keras, make=make: make(keras.optimizers),
        steps=5,
        train_rtol=5e-4,  # a gradient is divided by its own size, which amplifies its rounding near zero
    )


# Losses ---------------------------------------------------------------------------------------------------------------


def one_hot(random: Random) -> Any:
    return np.eye(3, dtype=np.float32)[random.randint(0, 3, size=5)]


def bits(random: Random) -> Any:
    return random.randint(0, 2, size=(5, 3)).astype(np.float32)


for word, activation, targets in [
    ("mean_absolute_error", "linear", None),
    ("mean_absolute_percentage_error", "linear", lambda random: random.uniform(1.0, 2.0, size=(5, 3))),
    ("mean_squared_logarithmic_error", "softplus", lambda random: random.uniform(0.0, 2.0, size=(5, 3))),
    ("huber", "linear", None),
    ("log_cosh", "linear", None),
    ("poisson", "softplus", lambda random: random.randint(0, 4, size=(5, 3))),
    ("kl_divergence", "softmax", lambda random: random.dirichlet(np.ones(3), size=5)),
    ("hinge", "tanh", lambda random: 2.0 * bits(random) - 1.0),
    ("squared_hinge", "tanh", lambda random: 2.0 * bits(random) - 1.0),
    ("categorical_hinge", "softmax", one_hot),
    ("cosine_similarity", "linear", None),
    ("binary_crossentropy", "sigmoid", bits),
    ("categorical_crossentropy", "softmax", one_hot),
    ("sparse_categorical_crossentropy", "softmax", lambda random: random.randint(0, 3, size=5)),
]:
    sequential(
        f"loss-{word}",
        (4,),
        lambda k, a=activation: [k.Dense(5, activation="tanh"), k.Dense(3, activation=a)],
        loss=word,
        targets=targets,
    )
for name, make, targets in [
    ("huber-delta", lambda losses: losses.Huber(delta=0.3), None),
    ("binary-logits", lambda losses: losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1), bits),
    (
        "categorical-logits",
        lambda losses: losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
        one_hot,
    ),
    ("sum", lambda losses: losses.MeanSquaredError(reduction="sum"), None),
]:
    sequential(
        f"loss-{name}",
        (4,),
        lambda k: [k.Dense(5, activation="tanh"), k.Dense(3)],
        loss=lambda keras, make=make: make(keras.losses),
        targets=targets,
    )

# Constraints of one's own ---------------------------------------------------------------------------------------------


def unit_columns(keras: Any) -> Any:
    """A constraint of the columns of a kernel."""

    class UnitColumns(keras.constraints.Constraint):  # type: ignore[misc]
        def __call__(self, w: Any) -> Any:
            ops = keras.ops
            return w / (1e-7 + ops.sqrt(ops.sum(ops.square(w), axis=0, keepdims=True)))

    return UnitColumns()


functional(
    "constraint-own",
    lambda keras, k: keras.Sequential(
        [
            keras.Input((4,)),
            k.Dense(5, activation="tanh", kernel_constraint=unit_columns(keras)),
            k.Dense(3, kernel_constraint=lambda w: keras.ops.clip(w, -0.5, 0.5), bias_constraint="non_neg"),
        ]
    ),
    optimizer=lambda keras: keras.optimizers.SGD(0.2),
)
