"""Rows for normalization within a sample, noise in inference, embedding, the rarer activations and constraints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rows import Random, Row

ROWS: list[Row] = []


def sequential(name: str, shape: tuple[int, ...], layers: Callable[[Any], list[Any]], **arguments: Any) -> None:
    """A row of a chain of layers."""
    ROWS.append(Row(name, lambda keras: keras.Sequential([keras.Input(shape), *layers(keras.layers)]), **arguments))


# Normalization --------------------------------------------------------------------------------------------------------

for name, shape, arguments in [
    ("last", (6,), {}),
    ("sequence", (4, 6), {"epsilon": 1e-5}),
    ("axis-1", (4, 6), {"axis": 1}),
    ("axes", (3, 4, 5), {"axis": [1, 2]}),
    ("axes-apart", (3, 4, 5), {"axis": [1, 3]}),
    ("axes-from-the-end", (3, 4, 5), {"axis": [-2, -1]}),
    ("no-center", (6,), {"center": False}),
    ("no-scale", (6,), {"scale": False}),
]:
    sequential(f"layernorm-{name}", shape, lambda k, a=arguments: [k.Dense(5), k.LayerNormalization(**a), k.Dense(2)])
sequential(
    "layernorm-arguments",
    (6,),
    lambda k: [
        k.Dense(5),
        k.LayerNormalization(
            gamma_regularizer="l2", beta_regularizer="l1", gamma_constraint="non_neg", beta_initializer="ones"
        ),
    ],
)
for name, shape, arguments in [
    ("image", (4, 3, 2), {"groups": 3}),
    ("one", (4, 3, 2), {"groups": 1, "epsilon": 1e-5}),
    ("instance", (4, 3, 2), {"groups": -1, "center": False}),
    ("axis-1", (6, 3), {"groups": 2, "axis": 1}),
    ("row", (5,), {"groups": 2, "scale": False}),
]:
    sequential(f"groupnorm-{name}", shape, lambda k, a=arguments: [k.Dense(6), k.GroupNormalization(**a), k.Dense(2)])
for name, shape, axis in [("last", (6,), -1), ("axis-1", (4, 6), 1), ("axes", (3, 4, 5), [2, 3])]:
    if name != "axis-1":  # Keras multiplies by the scale along the last axes, whichever were named
        sequential(f"rmsnorm-{name}", shape, lambda k, a=axis: [k.Dense(5), k.RMSNormalization(axis=a), k.Dense(2)])
    sequential(f"unitnorm-{name}", shape, lambda k, a=axis: [k.Dense(5), k.UnitNormalization(axis=a), k.Dense(2)])
sequential("rmsnorm-epsilon", (6,), lambda k: [k.Dense(5), k.RMSNormalization(epsilon=0.1), k.Dense(2)])

sequential(
    "noise-in-inference",
    (4, 4, 3),
    lambda k: [
        k.Dense(5),
        k.GaussianNoise(0.3),
        k.GaussianDropout(0.2),
        k.AlphaDropout(0.2),
        k.SpatialDropout2D(0.3),
        k.Reshape((16, 5)),
        k.SpatialDropout1D(0.3),
        k.Dense(2),
    ],
    train=False,
)

# Embedding ------------------------------------------------------------------------------------------------------------


def ids(*shape: int) -> Callable[[Random], Any]:
    return lambda random: random.randint(0, 7, size=(5, *shape))


sequential("embedding", (4,), lambda k: [k.Embedding(7, 3), k.Flatten(), k.Dense(2)], inputs=ids(4))
sequential("embedding-one-id", (1,), lambda k: [k.Embedding(7, 3), k.Dense(2)], inputs=ids(1))
sequential("embedding-image", (2, 3), lambda k: [k.Embedding(9, 3), k.Dense(2)], inputs=ids(2, 3))
sequential(
    "embedding-penalty",
    (4,),
    lambda k: [k.Embedding(7, 3, "normal", embeddings_regularizer="l2", embeddings_constraint="max_norm"), k.Dense(2)],
    inputs=ids(4),
)
sequential("embedding-frozen", (4,), lambda k: [k.Embedding(7, 3, trainable=False), k.Dense(2)], inputs=ids(4))
ROWS.append(
    Row(
        "embedding-adam",
        lambda keras: keras.Sequential([keras.Input((4,)), keras.layers.Embedding(7, 3), keras.layers.Dense(2)]),
        inputs=ids(4),
        optimizer=lambda keras: keras.optimizers.Adam(0.05),
        train_rtol=5e-4,  # a gradient is divided by its own size, which amplifies its rounding near zero
    )
)

# Activations ----------------------------------------------------------------------------------------------------------

for word in (
    "celu", "hard_silu", "hard_swish", "hard_tanh", "hard_shrink", "soft_shrink", "tanh_shrink", "squareplus",
    "sparse_plus", "sparse_sigmoid", "log_sigmoid",
):  # fmt: skip
    sequential(f"dense-{word}", (5,), lambda k, word=word: [k.Dense(7, activation=word), k.Dense(3)])
for name, shared in [("each", None), ("shared", [1, 2]), ("columns", [1])]:
    sequential(f"prelu-{name}", (4, 3, 2), lambda k, s=shared: [k.Dense(3), k.PReLU(shared_axes=s), k.Dense(2)])
sequential(
    "prelu-arguments",
    (4,),
    lambda k: [k.Dense(6), k.PReLU("ones", alpha_regularizer="l2", alpha_constraint="min_max_norm"), k.Dense(2)],
)

# Constraints ----------------------------------------------------------------------------------------------------------

for word in ("max_norm", "non_neg", "unit_norm", "min_max_norm"):
    sequential(
        f"constrained-{word}",
        (5, 5, 2),
        lambda k, c=word: [
            k.Conv2D(3, 2, kernel_constraint=c, bias_constraint=c),
            k.BatchNormalization(gamma_constraint=c, beta_constraint=c),
            k.LayerNormalization(gamma_constraint=c, beta_constraint=c),
            k.GroupNormalization(3, gamma_constraint=c, beta_constraint=c),
            k.Dense(2, bias_constraint=c, kernel_constraint=c),
        ],
        train_rtol=1e-3,  # three normalizations in a row: their gradients are small differences of large terms
    )
