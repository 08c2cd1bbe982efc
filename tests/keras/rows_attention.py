"""Rows for attention, its masks and causal forms, multi-head attention and its options, and einsum projections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rows import Random, Row

ROWS: list[Row] = []


def functional(name: str, shapes: list[tuple[int, ...]], build: Callable[..., Any], **arguments: Any) -> None:
    """A row of a functional model: build(layers, *inputs) returns its output or outputs."""

    def model(keras: Any) -> Any:
        inputs = [keras.Input(shape) for shape in shapes]
        return keras.Model(inputs if len(inputs) > 1 else inputs[0], build(keras.layers, *inputs))

    ROWS.append(Row(name, model, **arguments))


def each(k: Any, made: Any) -> Any:
    """Returns output and scores as outputs of separate layers, since Keras distinguishes losses by layer names."""
    return [k.Activation("linear")(one) for one in made] if isinstance(made, (list, tuple)) else made


def attention(name: str, kind: str, call: dict[str, Any] | None = None, **arguments: Any) -> None:
    """A row of attention between projections of two sequences."""

    def build(k: Any, a: Any, b: Any) -> Any:
        inputs = [k.Dense(3)(a), k.Dense(4)(b), k.Dense(3)(b)]
        return each(k, getattr(k, kind)(**arguments)(inputs, **(call or {})))

    functional(
        name, [(4, 2), (5, 3)], build, loss=["mse", "mse"] if call and "return_attention_scores" in call else "mse"
    )


attention("dot", "Attention")
attention("dot-scale", "Attention", use_scale=True)
attention("dot-causal", "Attention", {"use_causal_mask": True})
attention("dot-scores", "Attention", {"return_attention_scores": True})
attention("concat", "Attention", score_mode="concat")
attention("concat-scale", "Attention", score_mode="concat", use_scale=True)
attention("additive", "AdditiveAttention")
attention("additive-no-scale", "AdditiveAttention", use_scale=False)
functional("dot-value-is-key", [(4, 3)], lambda k, a: k.Attention()([k.Dense(3)(a), a]))


def heads(name: str, call: dict[str, Any] | None = None, **arguments: Any) -> None:
    """A row of multi-head attention of a sequence to itself."""
    arguments = {"num_heads": 2, "key_dim": 3, **arguments}
    functional(
        f"heads-{name}",
        [(5, 4)],
        lambda k, x: each(k, k.MultiHeadAttention(**arguments)(k.Dense(4)(x), x, **(call or {}))),
        loss=["mse", "mse"] if call and "return_attention_scores" in call else "mse",
    )


heads("self")
heads("value-dim", {"return_attention_scores": True}, value_dim=2)
heads("no-bias", use_bias=False)
heads("output-shape", output_shape=6)
heads("output-shapes", output_shape=(2, 3))
heads("causal", {"use_causal_mask": True})
heads("scores", {"return_attention_scores": True})
heads("window", sliding_window=2)
heads("gate", use_gate=True)
heads("penalties", kernel_regularizer="l2", bias_regularizer="l1", kernel_constraint="max_norm")
functional("heads-cross", [(4, 2), (5, 3)], lambda k, a, b: k.MultiHeadAttention(2, 4)(a, b))
functional("heads-key", [(4, 2), (5, 3), (5, 6)], lambda k, a, b, c: k.MultiHeadAttention(3, 2)(a, b, c))


def pairs(random: Random) -> Any:
    seen = random.randint(0, 2, size=(5, 4, 5))
    seen[:, :, 0] = 1
    return [random.normal(size=(5, 4, 2)), random.normal(size=(5, 5, 3)), seen.astype("float32")]


functional(
    "heads-attention-mask",
    [(4, 2), (5, 3), (4, 5)],
    lambda k, a, b, mask: k.MultiHeadAttention(2, 3)(a, b, attention_mask=mask),
    inputs=pairs,
)


def padded(random: Random) -> Any:
    """Returns ids with zeros at the end of each row, except the first id."""
    ids = random.randint(1, 7, size=(5, 6))
    for row, length in enumerate((6, 1, 3, 5, 2)):
        ids[row, length:] = 0
    return ids


functional(
    "masked-heads",
    [(6,)],
    lambda k, ids: (lambda x: k.MultiHeadAttention(2, 3)(x, x))(k.Embedding(7, 4, mask_zero=True)(ids)),
    inputs=padded,
)
functional(
    "masked-attention",
    [(6,)],
    lambda k, ids: (lambda x: k.Attention()([x, x]))(k.Embedding(7, 4, mask_zero=True)(ids)),
    inputs=padded,
)


def block(k: Any, x: Any, use_bias: bool = True) -> Any:
    """One block of a transformer."""
    y = k.MultiHeadAttention(2, 4, use_bias=use_bias)(x, x, use_causal_mask=True)
    x = k.LayerNormalization(epsilon=1e-6)(k.Add()([x, y]))
    return k.LayerNormalization(epsilon=1e-6)(k.Add()([x, k.Dense(4)(k.Dense(8, activation="gelu")(x))]))


functional("transformer-block", [(6, 4)], block)
functional(
    "transformer-adam",
    [(6, 4)],
    lambda k, x: block(k, x, use_bias=False),  # the gradient of a key's bias is zero up to rounding
    optimizer=lambda keras: keras.optimizers.Adam(0.01),
    train_rtol=1e-2,  # a gradient is divided by its own size, which amplifies its rounding near zero
)

for name, shape, arguments in [
    ("dense", (5,), {"equation": "ab,bc->ac", "output_shape": 4, "bias_axes": "c"}),
    (
        "sequence",
        (4, 5),
        {"equation": "abc,cd->abd", "output_shape": (None, 6), "bias_axes": "d", "activation": "relu"},
    ),
    ("split", (4, 5), {"equation": "abc,cde->abde", "output_shape": (None, 2, 3), "bias_axes": "de"}),
    ("split-bias", (4, 5), {"equation": "abc,cde->abde", "output_shape": (None, 2, 3), "bias_axes": "d"}),
    ("join", (4, 2, 3), {"equation": "abcd,cde->abe", "output_shape": (None, 6), "bias_axes": "e"}),
    ("dots", (4, 3, 5), {"equation": "...x,xy->...y", "output_shape": 4, "bias_axes": "y"}),
    ("other-axis", (4, 5), {"equation": "abc,bd->adc", "output_shape": (6, None), "bias_axes": "d"}),
    ("each-its-own", (4, 5), {"equation": "abc,bcd->abd", "output_shape": (4, 3)}),
]:
    functional(f"einsum-{name}", [shape], lambda k, x, a=arguments: k.EinsumDense(**a)(x))
