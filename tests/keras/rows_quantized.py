"""Rows for layers whose weights are integers of 8 bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rows import Random, Row

ROWS: list[Row] = []


def quantized(name: str, shape: tuple[int, ...], layer: Callable[[Any], Any], **arguments: Any) -> None:
    """A row of one quantized layer behind one of floats, which its gradients train."""

    def build(keras: Any) -> Any:
        first = [] if "inputs" in arguments else [keras.layers.Dense(shape[-1], activation="tanh")]
        model = keras.Sequential([keras.Input(shape), *first, layer(keras.layers), keras.layers.Flatten()])
        model.layers[-2].quantize("int8")
        return model

    ROWS.append(Row(name, build, **arguments))


def with_config(name: str, config: Callable[[Any], Any], **arguments: Any) -> None:
    """A row of a model that is quantized by a config."""

    def build(keras: Any) -> Any:
        chain = [keras.layers.Dense(6, activation="relu", name="first"), keras.layers.Dense(3, name="second")]
        model = keras.Sequential([keras.Input((5,)), *chain])
        model.quantize(config=config(keras.quantizers), **arguments)
        return model

    ROWS.append(Row(name, build))


def ids(random: Random) -> Any:
    """Integers for an embedding of seven rows."""
    return random.randint(0, 7, (5, 4)).astype("int32")


def there_and_back(tie: bool) -> Callable[[Any], Any]:
    """A model that maps integers to vectors and back with one quantized layer."""

    def build(keras: Any) -> Any:
        layer = keras.layers.ReversibleEmbedding(7, 3, tie_weights=tie, logit_soft_cap=None if tie else 2.0)
        x = keras.Input((4,), dtype="int32")
        model = keras.Model(x, layer(layer(x), reverse=True))
        model.quantize("int8")
        return model

    return build


def adapted(keras: Any) -> Any:
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(4, activation="relu"), keras.layers.Dense(3)])
    model.quantize("int8")
    model.layers[0].enable_lora(2, lora_alpha=3, b_initializer="glorot_normal")
    return model


quantized("dense", (5,), lambda k: k.Dense(7, activation="relu"))
quantized("dense-rank-3", (4, 6), lambda k: k.Dense(3, use_bias=False, activation="softmax"))
quantized("dense-wide", (70,), lambda k: k.Dense(37, activation="gelu"), rows=11)
quantized("dense-penalty", (5,), lambda k: k.Dense(4, bias_regularizer="l2", activity_regularizer="l1"))
quantized("einsum-product", (3, 5), lambda k: k.EinsumDense("abc,cde->abde", (None, 2, 4), bias_axes="de"))
quantized("einsum-two-summed", (3, 5), lambda k: k.EinsumDense("abc,bcd->ad", (4,), bias_axes="d", activation="tanh"))
quantized("einsum-summed-last", (3, 5), lambda k: k.EinsumDense("abc,dc->abd", (None, 4), activation="tanh"))
quantized("einsum-shared", (3, 5), lambda k: k.EinsumDense("abc,bcd->abd", (3, 4), bias_axes="d"))
quantized("einsum-turned", (3, 5), lambda k: k.EinsumDense("abc,cd->adb", (4, None), bias_axes="d"))
quantized("embedding", (4,), lambda k: k.Embedding(7, 3), inputs=ids, train=False)
ROWS.append(Row("reversible-tied", there_and_back(True), inputs=ids, train=False))
ROWS.append(Row("reversible-untied", there_and_back(False), inputs=ids, train=False))
ROWS.append(Row("adapted", adapted))
with_config("weights-alone", lambda q: q.Int8QuantizationConfig(activation_quantizer=None))
with_config(
    "narrow-inputs", lambda q: q.Int8QuantizationConfig(activation_quantizer=q.AbsMaxQuantizer(value_range=(-31, 31)))
)
with_config("narrow-weights", lambda q: q.Int8QuantizationConfig(q.AbsMaxQuantizer(0, (-100, 100))), filters=["^sec"])
