"""The core of attention as a node: scores, masks, dropout, heads, and the gradients of all inputs.

Each is compared with attention in float64 NumPy. The second half tests the layers around it: projections, calls with
several arguments, propagation of masks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import _core, layers
from test_layers import assert_close, assert_gradient

MASKS = ("query_mask", "value_mask", "key_mask", "attention_mask", "zero_mask")


@dataclass(frozen=True)
class Case:
    """A form of attention: the node's kind and arguments, sizes, and masks.

    Attributes:
        name: Distinguishing feature.
        kind: Kind of the node.
        queries, keys, size, width: Steps and sizes of the query, of the key and of the value.
        heads: Number of heads; 0: no axis of heads.
        config: Arguments of the node.
        masks: Name and shape of each, without the batch.
        weights: Role and shape of each.
    """

    name: str
    kind: str = "Attention"
    queries: int = 4
    keys: int = 5
    size: int = 3
    width: int = 2
    heads: int = 0
    config: dict[str, Any] = field(default_factory=dict)
    masks: dict[str, tuple[int, ...]] = field(default_factory=dict)
    weights: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def shapes(self) -> list[tuple[int, ...]]:
        heads = (self.heads,) if self.heads else ()
        sizes = [(self.queries, self.size), (self.keys, self.width), (self.keys, self.size)]
        return [(steps, *heads, size) for steps, size in sizes]


CASES = [
    Case("dot"),
    Case("dot-one-step", queries=1, keys=1, size=1, width=1),
    Case("dot-wide", queries=17, keys=33, size=20, width=9),
    Case("dot-scale", config={"use_scale": True}, weights={"scale": ()}),
    Case("dot-scores", config={"return_attention_scores": True}),
    Case("dot-causal", config={"use_causal_mask": True}),
    Case("dot-value-mask", masks={"value_mask": (5,)}),
    Case("dot-causal-value-mask", config={"use_causal_mask": True}, masks={"value_mask": (5,)}, queries=5),
    Case("dot-zero-mask", masks={"value_mask": (5,), "zero_mask": (4,)}),
    Case("concat", config={"score_mode": "concat"}, weights={"concat_score_weight": ()}),
    Case(
        "concat-scale",
        size=19,
        config={"score_mode": "concat", "use_scale": True},
        weights={"scale": (), "concat_score_weight": ()},
    ),
    Case("additive", "AdditiveAttention", weights={"scale": (3,)}),
    Case("additive-wide", "AdditiveAttention", size=21, weights={"scale": (21,)}, masks={"value_mask": (5,)}),
    Case("additive-no-scale", "AdditiveAttention", config={"use_scale": False}),
    Case("heads", "MultiHeadAttention", heads=3, config={"factor": 0.5}),
    Case("heads-one", "MultiHeadAttention", heads=1),
    Case("heads-wide", "MultiHeadAttention", 9, 18, 16, 8, heads=4, config={"factor": 0.25}),
    Case("heads-scores", "MultiHeadAttention", heads=2, config={"return_attention_scores": True, "factor": 0.5}),
    Case("heads-causal", "MultiHeadAttention", heads=2, config={"use_causal_mask": True}),
    Case("heads-window", "MultiHeadAttention", 7, 6, heads=2, config={"sliding_window": 2}),
    Case("heads-band", "MultiHeadAttention", 7, 7, heads=2, config={"sliding_window": 3, "use_causal_mask": True}),
    Case("heads-pairs", "MultiHeadAttention", heads=2, masks={"attention_mask": (4, 5)}),
    Case("heads-pairs-each", "MultiHeadAttention", heads=2, masks={"attention_mask": (2, 4, 5)}),
    Case("heads-pairs-shared", "MultiHeadAttention", heads=2, masks={"attention_mask": (1, 1, 5)}),
    Case(
        "heads-all-masks",
        "MultiHeadAttention",
        heads=2,
        config={"use_causal_mask": True},
        masks={"query_mask": (4,), "value_mask": (5,), "key_mask": (5,), "attention_mask": (4, 5)},
    ),
]  # fmt: skip
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def graph_of(case: Case, **more: Any) -> tuple[Any, list[int], list[Any]]:
    graph = _core.Graph()
    edges = [graph.input((None, *shape)) for shape in case.shapes()]
    edges += [graph.input((None, *shape), "bool") for shape in case.masks.values()]
    rng = np.random.default_rng(5)
    variables = []
    for role, shape in case.weights.items():
        variables.append(_core.Variable(role, shape))
        variables[-1].assign(rng.uniform(0.3, 1.2, size=shape).astype(np.float32))
    stream = _core.Stream(9) if more.get("dropout") else None
    config = {**case.config, **dict.fromkeys(case.masks, True), **more}
    return graph, graph.add(case.kind, "attend", config, edges, variables, stream), variables


def inputs(case: Case, rows: int) -> list[Any]:
    rng = np.random.default_rng(1)
    arrays = [rng.normal(size=(rows, *shape)).astype(np.float32) for shape in case.shapes()]
    return arrays + [rng.random(size=(rows, *shape)) < 0.7 for shape in case.masks.values()]


def sight(case: Case, masks: dict[str, Any]) -> Any:
    """Returns the mask (rows or 1, heads or 1, queries, keys): True where a query attends to a key."""
    i, j = np.arange(case.queries)[:, None], np.arange(case.keys)[None, :]
    seen = np.ones((1, 1, case.queries, case.keys), bool)
    if case.config.get("use_causal_mask"):
        seen = seen & (j <= i)
    if "sliding_window" in case.config:
        seen = seen & (abs(i - j) < case.config["sliding_window"])
    if "query_mask" in masks:
        seen = seen & masks["query_mask"][:, None, :, None]
    for name in ("value_mask", "key_mask"):
        if name in masks:
            seen = seen & masks[name][:, None, None, :]
    if "attention_mask" in masks:
        pairs = masks["attention_mask"]
        seen = seen & (pairs if pairs.ndim == 4 else pairs[:, None])
    return seen


def reference(case: Case, arrays: list[Any], weights: dict[str, Any], keep: Any = None) -> tuple[Any, Any]:
    """Returns output and weights of attention, (rows, queries[, heads], width) and (rows[, heads], queries, keys).

    `keep`, of the shape of the latter, is what dropout multiplies the weights by.
    """
    q, v, k = (x if case.heads else x[:, :, None] for x in arrays[:3])
    masks = dict(zip(case.masks, arrays[3:], strict=True))
    if case.kind == "AdditiveAttention" or case.config.get("score_mode") == "concat":
        pairs = q.transpose(0, 2, 1, 3)[:, :, :, None] + k.transpose(0, 2, 1, 3)[:, :, None]
        if case.kind == "AdditiveAttention":
            scores = (weights.get("scale", 1.0) * np.tanh(pairs)).sum(axis=-1)
        else:
            scores = weights["concat_score_weight"] * np.tanh(weights.get("scale", 1.0) * pairs).sum(axis=-1)
    else:
        factor = weights.get("scale", case.config.get("factor", 1.0))
        scores = factor * np.einsum("bqhd,bkhd->bhqk", q, k)
    seen = np.broadcast_to(sight(case, masks), scores.shape)
    scores = np.where(seen, scores, -1e30)
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    p = e / e.sum(axis=-1, keepdims=True)
    used = p if keep is None else p * keep.reshape(p.shape)
    y = np.einsum("bhqk,bkhw->bqhw", used, v)
    if "zero_mask" in masks:
        y = y * masks["zero_mask"][:, :, None, None]
    shown = p if case.kind == "MultiHeadAttention" else used
    return (y, shown) if case.heads else (y[:, :, 0], shown[:, 0])


def outputs_of(case: Case, arrays: list[Any], weights: dict[str, Any], keep: Any = None) -> list[Any]:
    return list(reference(case, arrays, weights, keep))[: 2 if case.config.get("return_attention_scores") else 1]


def exact(arrays: list[Any]) -> list[Any]:
    return [x if x.dtype == bool else x.astype(np.float64) for x in arrays]


@every_case
@pytest.mark.parametrize("rows", [1, 3])
def test_value_and_gradients(case: Case, rows: int) -> None:
    graph, edges, variables = graph_of(case)
    arrays = inputs(case, rows)
    weights = {v.path: v.numpy().astype(np.float64) for v in variables}
    expected = outputs_of(case, exact(arrays), weights)
    assert [graph.spec(edge)[0][1:] for edge in edges] == [y.shape[1:] for y in expected]
    rng = np.random.default_rng(2)
    cotangents = [rng.normal(size=y.shape).astype(np.float32) for y in expected]
    got, dxs, gradients = _core.vjp(graph, edges, arrays, cotangents, True)
    for y, wanted in zip(got, expected, strict=True):
        assert_close(y, wanted, 1e-5, "output")

    def total(arrays: list[Any], weights: dict[str, Any]) -> float:
        made = outputs_of(case, arrays, weights)
        return float(sum((y * c).sum() for y, c in zip(made, cotangents, strict=True)))

    given = exact(arrays)
    for i in range(3):

        def of_input(x: Any, i: int = i) -> float:
            return total([*given[:i], x, *given[i + 1 :]], weights)

        assert_gradient(of_input, given[i], dxs[i], 1e-4, rng, ("query", "value", "key")[i])
    assert [v.path for v, _ in gradients] == list(case.weights)
    for variable, gradient in gradients:

        def of_weight(w: Any, name: str = variable.path) -> float:
            return total(given, {**weights, name: w})

        assert_gradient(of_weight, weights[variable.path], gradient, 1e-4, rng, variable.path)


@every_case
def test_the_same_bits_in_any_batch_on_any_number_of_threads(case: Case) -> None:
    arrays = inputs(case, 33)
    graph, edges, _ = graph_of(case)
    predict = _core.Predictor(graph, edges)
    alone = [
        np.concatenate(parts)
        for parts in zip(*(predict([x[i : i + 1] for x in arrays]) for i in range(33)), strict=True)
    ]
    for count in (2, 33):
        for y, wanted in zip(predict([x[:count] for x in arrays]), alone, strict=True):
            np.testing.assert_array_equal(y, wanted[:count])
    results = []
    for threads in (1, 2, 4):
        _core.set_num_threads(threads)
        graph, edges, _ = graph_of(case)
        made, dxs, gradients = _core.vjp(graph, edges, arrays, [np.cos(y) for y in alone], True)
        results.append([*made, *dxs[:3], *(g for _, g in gradients)])
    for other in results[1:]:
        for first, second in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("case", [case for case in CASES if "scores" in case.name], ids=lambda case: case.name)
def test_dropout_of_the_weights(case: Case) -> None:
    arrays = inputs(case, 200)
    plain = _core.Predictor(*graph_of(case)[:2])(arrays)[1]
    rng = np.random.default_rng(0)
    cotangent = rng.normal(size=(200, *case.shapes()[0][:-1], case.width)).astype(np.float32)
    nothing = np.zeros_like(plain)

    def step(values: Any = None) -> tuple[list[Any], list[Any]]:
        graph, edges, _ = graph_of(case, dropout=0.25)
        given = arrays if values is None else [arrays[0], values, arrays[2]]
        made, dxs, _ = _core.vjp(graph, edges, given, [cotangent, nothing], True)
        return made, dxs

    (y, shown), dxs = step()
    # The output is linear in the values, so unit values read off what each weight was multiplied by.
    keep = np.empty((200, max(case.heads, 1), case.queries, case.keys))
    for j in range(case.keys):
        values = np.zeros_like(arrays[1])
        values[:, j] = 1.0
        response = step(values)[0][0].reshape(200, case.queries, max(case.heads, 1), case.width)
        keep[..., j] = response[..., 0].transpose(0, 2, 1)
    weights = plain.reshape(keep.shape)
    keep = np.round(keep / weights * 0.75)
    assert set(np.unique(keep)) == {0.0, 1.0}
    assert abs(keep.mean() - 0.75) < 0.02
    keep /= 0.75
    expected = reference(case, exact(arrays), {}, keep)
    assert_close(y, expected[0], 1e-5, "output")
    assert_close(shown, expected[1], 1e-5, "scores")

    def of_query(q: Any) -> float:
        return float((reference(case, [q, *exact(arrays)[1:]], {}, keep)[0] * cotangent).sum())

    assert_gradient(of_query, arrays[0].astype(np.float64), dxs[0], 1e-4, rng, "query")
    again = step()[0]
    np.testing.assert_array_equal(again[0], y)


def test_a_query_that_sees_nothing_looks_at_all_alike() -> None:
    case = Case("", "MultiHeadAttention", heads=1, masks={"query_mask": (4,)})
    graph, edges, _ = graph_of(case)
    arrays = inputs(case, 2)
    arrays[3][:] = False
    (y,), dxs, _ = _core.vjp(graph, edges, arrays, [np.ones((2, 4, 1, 2), np.float32)], True)
    np.testing.assert_allclose(y, np.broadcast_to(arrays[1].mean(axis=1, keepdims=True), y.shape), rtol=1e-5)
    assert not dxs[0].any()
    assert not dxs[2].any()
    np.testing.assert_allclose(dxs[1], 4 / 5, rtol=1e-6)


def test_attention_to_itself() -> None:
    graph = _core.Graph()
    edge = graph.input((None, 6, 4))
    (out,) = graph.add("Attention", "self", {}, [edge, edge, edge])
    x = np.random.default_rng(0).normal(size=(3, 6, 4)).astype(np.float32)
    cotangent = np.random.default_rng(1).normal(size=(3, 6, 4)).astype(np.float32)
    (y,), (dx,), _ = _core.vjp(graph, [out], [x], [cotangent], True)
    case = Case("self", queries=6, keys=6, size=4, width=4)

    def f(x: Any) -> float:
        return float((reference(case, [x, x, x], {})[0] * cotangent).sum())

    assert y.shape == x.shape
    assert_gradient(f, x.astype(np.float64), dx, 1e-4, np.random.default_rng(2), "x")


@pytest.mark.parametrize(
    ("kind", "config", "shapes", "message"),
    [
        ("Attention", {}, [(4, 3), (5, 2), (5, 4)], r"expects a query and a key of equal sizes, got \(batch, 4, 3\)"),
        ("Attention", {}, [(4, 3), (6, 2), (5, 3)], r"expects a value and a key with equal numbers of steps"),
        ("Attention", {}, [(3,), (5, 2), (5, 3)], r"expects a query of \(batch, steps, size\), got \(batch, 3\)"),
        (
            "MultiHeadAttention",
            {},
            [(4, 2, 3), (5, 2, 2), (5, 1, 3)],
            r"expects equal numbers of heads in query, value",
        ),
        ("Attention", {"score_mode": "sum"}, [], r'score_mode expects "dot" or "concat", got "sum"'),
        ("Attention", {"dropout": 2.0}, [], r"dropout expects a number in \[0, 1\], got 2"),
        ("MultiHeadAttention", {"sliding_window": 0}, [], r"sliding_window expects a positive integer, got 0"),
        ("Attention", {"value_mask": True}, [(4, 3), (5, 2), (5, 3)], r"and 1 masks, got 3 inputs"),
        (
            "Attention",
            {"value_mask": True},
            [(4, 3), (5, 2), (5, 3), (5,)],
            r"expects value_mask to be bool, got float32",
        ),
    ],
    ids=lambda value: "",
)
def test_what_it_refuses(kind: str, config: dict[str, Any], shapes: list[tuple[int, ...]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _core.infer(kind, "attend", config, [((None, *shape), "float32") for shape in shapes])


# The layers -----------------------------------------------------------------------------------------------------------


def normal(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_multi_head_attention_is_projections_around_the_core() -> None:
    layer = layers.MultiHeadAttention(2, 3, value_dim=4, output_shape=(2, 5), use_gate=True)
    x, y = normal(3, 6, 7), normal(3, 5, 8, seed=1)
    out, scores = layer(x, y, use_causal_mask=True, return_attention_scores=True)
    layer.set_weights([normal(*w.shape, seed=i) for i, w in enumerate(layer.get_weights())])
    out, scores = layer(x, y, use_causal_mask=True, return_attention_scores=True)
    w = [w.astype(np.float64) for w in layer.get_weights()]
    q, k = np.einsum("bsn,nhd->bshd", x, w[0]) + w[1], np.einsum("bsn,nhd->bshd", y, w[2]) + w[3]
    gate, v = np.einsum("bsn,nhd->bshd", x, w[4]) + w[5], np.einsum("bsn,nhd->bshd", y, w[6]) + w[7]
    case = Case("", "MultiHeadAttention", 6, 5, 3, 4, 2, {"factor": 3**-0.5, "use_causal_mask": True})
    heads, shown = reference(case, [q, v, k], {})
    expected = np.einsum("bshd,hdef->bsef", heads / (1 + np.exp(-gate)), w[8]) + w[9]
    assert_close(out, expected, 1e-5, "output")
    assert_close(scores, shown, 1e-5, "scores")
    assert layer.compute_output_shape((None, 6, 7), (None, 5, 8)) == (None, 6, 2, 5)


def test_padding_makes_no_difference() -> None:
    """Returns a model that masks ids of 0, for which the padding of a sentence has no effect."""
    ids = np.array([[3, 1, 4, 0, 0, 0]])
    x = layers.Input((None,), dtype="int32")
    embedded = layers.Embedding(7, 4, mask_zero=True)(x)
    for y in (
        layers.MultiHeadAttention(2, 3)(embedded, layers.LayerNormalization()(layers.Dropout(0.5)(embedded))),
        layers.Attention()([embedded, embedded]),
        layers.AdditiveAttention()([layers.PReLU(shared_axes=1)(embedded), embedded]),
    ):
        model = fastnn.Model(x, y)
        long, short = model.predict(ids, verbose=0), model.predict(ids[:, :3], verbose=0)
        np.testing.assert_allclose(long[:, :3], short, rtol=1e-5, atol=1e-6)
        assert short.shape == (1, 3, 4)


def test_masks_given_in_the_call() -> None:
    q, v = normal(2, 4, 3), normal(2, 5, 3, seed=1)
    seen = np.array([[True, True, False, False, True], [True, False, False, False, False]])
    asked = np.array([[True, False, True, True]] * 2)
    got = layers.Attention()([q, v], mask=[asked, seen])
    case = Case("", size=3, width=3, masks={"value_mask": (5,), "zero_mask": (4,)})
    assert_close(got, reference(case, [q, v, v, seen, asked], {})[0], 1e-5, "output")
    layer = layers.MultiHeadAttention(1, 3)
    np.testing.assert_allclose(
        layer(q, v, attention_mask=np.repeat(seen[:, None], 4, axis=1)), layer(q, v, value_mask=seen), rtol=1e-6
    )


def test_dropout_only_in_training() -> None:
    x = normal(2, 4, 6)
    for layer, inputs in (
        (layers.MultiHeadAttention(2, 3, dropout=0.5, seed=3), (x, x)),
        (layers.Attention(dropout=0.5, seed=3), ([x, x],)),
        (layers.AdditiveAttention(dropout=0.5, seed=3), ([x, x],)),
    ):
        calm = layer(*inputs)
        np.testing.assert_array_equal(layer(*inputs), calm)
        assert (layer(*inputs, training=True) != calm).any()


def test_a_transformer_learns_to_look_back() -> None:
    rng = np.random.default_rng(0)
    ids = rng.integers(1, 9, size=(400, 6))
    x = layers.Input((6,))
    y = layers.Embedding(9, 16)(x)
    y = layers.LayerNormalization()(y + layers.MultiHeadAttention(2, 8)(y, y))
    y = layers.Dense(1)(layers.Flatten()(y))
    model = fastnn.Model(x, y)
    model.compile(fastnn.optimizers.Adam(0.01), "mse")
    target = (ids == 3).any(axis=1).astype(np.float32)
    history = model.fit(ids, target, epochs=30, batch_size=40, verbose=0)
    assert history.history["loss"][-1] < 0.02


@pytest.mark.parametrize(
    ("equation", "shape", "sizes", "bias_axes", "expected"),
    [
        ("abc,cd->abd", (4, 5), (None, 6), "d", ((5, 6), (6,))),
        ("abc,cde->abde", (4, 5), (4, 2, 3), "e", ((5, 2, 3), (3,))),
        ("abc,cde->abde", (4, 5), (4, 2, 3), "d", ((5, 2, 3), (2, 1))),
        ("abcd,cde->abe", (4, 2, 3), (None, 6), "be", ((2, 3, 6), (4, 6))),
        ("abcd,dce->abe", (4, 2, 3), (None, 6), "e", ((3, 2, 6), (6,))),
        ("abc,bd->adc", (4, 5), (6, None), None, ((4, 6), None)),
        ("abc,bcd->abd", (4, 5), (None, 3), "d", ((4, 5, 3), (3,))),
        ("abc,dcb->adb", (4, 5), (3, 4), "b", ((3, 5, 4), (4,))),
        ("...x,xy->...y", (4, 3, 5), 6, "y", ((5, 6), (6,))),
        ("ab...,bc->ac...", (4, 3, 5), 6, "c", ((4, 6), (6, 1, 1))),
    ],
)
def test_einsum_dense(equation: str, shape: Any, sizes: Any, bias_axes: Any, expected: Any) -> None:
    layer = layers.EinsumDense(equation, sizes, "tanh", bias_axes)
    x = normal(3, *shape)
    layer(x)
    layer.set_weights([normal(*w.shape, seed=i) for i, w in enumerate(layer.get_weights())])
    assert layer.kernel.shape == expected[0]
    assert (layer.bias.shape if layer.bias is not None else None) == expected[1]
    y = np.einsum(equation, x.astype(np.float64), layer.kernel.numpy().astype(np.float64))
    assert_close(layer(x), np.tanh(y + (0 if layer.bias is None else layer.bias.numpy())), 1e-5, "output")
    again = layers.EinsumDense.from_config(layer.get_config())
    assert again.compute_output_shape((None, *shape)) == (None, *y.shape[1:])
    assert again.get_config() == layer.get_config()


def test_configs() -> None:
    for layer in (
        layers.Attention(True, "concat", 0.1, 3, name="look"),
        layers.AdditiveAttention(False, 0.2, name="look"),
        layers.MultiHeadAttention(2, 3, 4, 0.1, False, (2, 5), sliding_window=3, kernel_initializer="he_normal"),
    ):
        again = type(layer).from_config(layer.get_config())
        assert again.get_config() == layer.get_config()
    layer = layers.MultiHeadAttention(2, 3)
    layer(normal(1, 2, 4), normal(1, 2, 4))
    query, _, key, *_ = layer.get_weights()
    assert (query != key).any(), "each projection draws its own first values"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.MultiHeadAttention(0, 3), "expects num_heads to be a positive integer, got 0"),
        (lambda: layers.MultiHeadAttention(2, 3, attention_axes=(0,)), "attention_axes other than the batch"),
        (lambda: layers.MultiHeadAttention(2, 3, dropout=1.5), "expects dropout from 0 to 1, got 1.5"),
        (
            lambda: layers.MultiHeadAttention(2, 3)(normal(2, 4), normal(2, 4)),
            r"expects a query of \(batch, steps, size\)",
        ),
        (
            lambda: layers.MultiHeadAttention(2, 3)(normal(2, 4, 3), normal(2, 4, 3), normal(2, 5, 3)),
            "expects a value and a key with equal numbers of steps",
        ),
        (lambda: layers.Attention(score_mode="cos"), "expects score_mode 'dot' or 'concat', got 'cos'"),
        (lambda: layers.Attention()(normal(2, 4, 3)), r"expects a list \[query, value\]"),
        (lambda: layers.Attention()([normal(2, 4, 3), normal(2, 5, 4)]), "expects a query and a key of equal sizes"),
        (lambda: layers.EinsumDense("abc->ab", 3), "expects an equation such as"),
        (lambda: layers.EinsumDense("abc,cd->abd", 3)(normal(2, 4, 5)), "expects output_shape to have 2 sizes"),
        (
            lambda: layers.EinsumDense("abc,cd->abd", (5, 3))(normal(2, 4, 5)),
            "'b' is 4 in the input and 5 in output_shape",
        ),
        (lambda: layers.EinsumDense("abc,cd->abd", (None, 3))(normal(2, 4)), "expects an input of 3 axes"),
        (
            lambda: layers.EinsumDense("abc,cd->abd", (None, 3), bias_axes="c")(normal(2, 4, 5)),
            "expects bias_axes among",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_the_layers_refuse(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


class TestWhatTheLayersAreGiven:
    def test_masks_of_places_alone(self):
        x = np.random.default_rng(0).normal(size=(2, 5, 8)).astype(np.float32)
        layer = layers.MultiHeadAttention(2, 4)
        below = np.tril(np.ones((5, 5), bool))
        expected = layer(x, x, use_causal_mask=1)
        np.testing.assert_array_equal(layer(query=x, value=x, attention_mask=below), expected)
        every = np.broadcast_to(below, (2, 2, 5, 5))
        np.testing.assert_allclose(layer(x, x, attention_mask=every), expected, rtol=1e-6)

    def test_a_lone_input_and_sizes_that_are_none(self):
        for layer in (layers.Attention(), layers.AdditiveAttention()):
            with pytest.raises(ValueError, match=r"expects a list \[query, value\]"):
                layer(np.ones((1, 2, 2)))
        with pytest.raises(ValueError, match=r"expects output_shape to be integers, got 8\.0"):
            layers.MultiHeadAttention(2, 16, output_shape=8.0)


def test_softmax_over_the_batch_of_arrays():
    x = np.array([[1.0, 2.0, 1.0], [1.0, 2.0, 1.0]])
    layer = layers.Softmax(axis=(1, 0))
    parts = np.exp(x) / np.exp(x).sum()
    np.testing.assert_allclose(layer(x), parts, rtol=1e-6)
    mask = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    np.testing.assert_allclose(layer(x, mask=mask), np.exp(x) * mask / (np.exp(x) * mask).sum(), rtol=1e-6)
    np.testing.assert_allclose(layers.Softmax(axis=0)(x), np.full((2, 3), 0.5), rtol=1e-6)
    with pytest.raises(ValueError, match="axis 0 is the batch"):
        layer(fastnn.Input((3,)))


def test_grouped_attention_goes_through_files(tmp_path):
    x = fastnn.Input((6, 8))
    model = fastnn.Model(x, layers.GroupQueryAttention(4, 4, 2)(x, x))
    values = np.random.RandomState(0).normal(size=(2, 6, 8)).astype(np.float32)
    for file in ("model.keras", "model.h5"):
        model.save(tmp_path / file)
        read = fastnn.models.load_model(tmp_path / file)
        np.testing.assert_array_equal(read.predict(values, verbose=0), model.predict(values, verbose=0))
    config = model.get_config()
    assert config["layers"][1]["class_name"] == "GroupQueryAttention"  # as Keras 3.15.1 writes it
    config["layers"][1]["class_name"] = "GroupedQueryAttention"
    assert type(type(model).from_config(config).layers[1]) is layers.GroupQueryAttention
