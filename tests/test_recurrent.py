"""Recurrent nodes with more than one input and output: masks, first and last states, stateful ones, dropout.

The oracle is the float64 reference of `cases/recurrent.py`; gradients are compared with its central differences.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastnn
from cases.recurrent import CELLS, walk
from fastnn import Input, Sequential, _core, layers, ops
from test_layers import assert_close, assert_gradient

KINDS = [("SimpleRNN", {}), ("LSTM", {}), ("GRU", {}), ("GRU", {"reset_after": False})]
every_kind = pytest.mark.parametrize(("kind", "given"), KINDS, ids=["simple", "lstm", "gru-after", "gru-before"])
TIME, FEATURES, UNITS, ROWS = 5, 3, 6, 7
MASK = np.array(
    [
        [1, 1, 1, 1, 1],
        [1, 1, 1, 0, 0],
        [0, 0, 1, 1, 1],
        [1, 0, 1, 0, 1],
        [0, 0, 0, 0, 0],
        [0, 1, 1, 1, 0],
        [1, 0, 0, 0, 0],
    ],
    bool,
)


class Node:
    """A recurrent node with random weights, run alone."""

    def __init__(self, kind: str, seed: int = 0, time: int = TIME, **arguments: Any) -> None:
        self.kind, self.time = kind, time
        self.arguments = {"units": UNITS, **arguments}
        self.count = CELLS[kind][1]
        self.batch = arguments.get("batch_size")
        specs = [((None, time, FEATURES), "float32")]
        if arguments.get("masked"):
            specs.append(((None, time), "bool"))
        if arguments.get("initial_state"):
            specs += [((None, UNITS), "float32")] * self.count
        self.specs = specs
        _, needed = _core.infer(kind, "node", self.arguments, specs)
        rng = np.random.default_rng(seed)
        self.weights: dict[str, Any] = {}
        self.variables = []
        for role, shape, trainable, _ in needed:
            variable = _core.Variable(f"node/{role}", tuple(shape), trainable)
            value = rng.uniform(-0.8, 0.8, size=tuple(shape)) if trainable else np.zeros(tuple(shape))
            variable.assign(value.astype(np.float32))
            self.variables.append(variable)
            if trainable:
                self.weights[role] = variable.numpy().astype(np.float64)
        self.stream = _core.Stream(11)

    def graph(self) -> tuple[Any, list[int]]:
        graph = _core.Graph()
        edges = [graph.input(shape, dtype) for shape, dtype in self.specs]
        return graph, graph.add(self.kind, "node", self.arguments, edges, self.variables, self.stream)

    def run(self, arrays: list[Any], cotangents: list[Any] | None = None) -> tuple[Any, Any, dict[str, Any]]:
        """Returns outputs and gradients of one training pass; by default cotangents are ones."""
        graph, edges = self.graph()
        shapes = [(len(arrays[0]), *graph.spec(edge)[0][1:]) for edge in edges]
        given = cotangents if cotangents is not None else [np.ones(shape, np.float32) for shape in shapes]
        values, dx, gradients = _core.vjp(graph, edges, arrays, given, True)
        return values, dx, {variable.path.rsplit("/", 1)[-1]: gradient for variable, gradient in gradients}

    def predict(self, arrays: list[Any]) -> list[Any]:
        graph, edges = self.graph()
        return _core.Predictor(graph, edges)(arrays)


def arrays_for(node: Node, rows: int = ROWS) -> list[Any]:
    rng = np.random.default_rng(5)
    arrays: list[Any] = []
    for shape, dtype in node.specs:
        full = (rows, *shape[1:])
        arrays.append(MASK[:rows] if dtype == "bool" else rng.normal(size=full).astype(np.float32))
    return arrays


def outputs_of(node: Node, arrays: list[Any], weights: dict[str, Any]) -> list[Any]:
    masked = bool(node.arguments.get("masked"))
    first = list(arrays[1 + masked :]) or None
    y, states = walk(node.kind, node.arguments, arrays[0], weights, arrays[1] if masked else None, first)
    return [y, *states] if node.arguments.get("return_state") else [y]


def check(node: Node) -> None:
    """Compares values and gradients of every float input and weight, in both kinds of pass, with the reference."""
    arrays = arrays_for(node)
    exact = [a if a.dtype == bool else a.astype(np.float64) for a in arrays]
    expected = outputs_of(node, exact, node.weights)
    rng = np.random.default_rng(6)
    cotangents = [rng.normal(size=e.shape).astype(np.float32) for e in expected]
    values, dxs, gradients = node.run(arrays, cotangents)
    for value, predicted, e in zip(values, node.predict(arrays), expected, strict=True):
        assert_close(value, e, 1e-5, "output in training")
        assert_close(predicted, e, 1e-5, "output in inference")

    def total(inputs: list[Any], weights: dict[str, Any]) -> float:
        return sum(float((y * c).sum()) for y, c in zip(outputs_of(node, inputs, weights), cotangents, strict=True))

    for i, array in enumerate(exact):
        if array.dtype == bool:
            assert dxs[i] is None
            continue

        def of_input(value: Any, i: int = i) -> float:
            return total([*exact[:i], value, *exact[i + 1 :]], node.weights)

        assert_gradient(of_input, array, dxs[i], 1e-4, rng, f"input {i}")
    assert sorted(gradients) == sorted(node.weights)
    for role, weight in node.weights.items():

        def of_weight(value: Any, role: str = role) -> float:
            return total(exact, {**node.weights, role: value})

        assert_gradient(of_weight, weight, gradients[role], 1e-4, rng, role)


@every_kind
@pytest.mark.parametrize("sequences", [False, True], ids=["last", "sequences"])
@pytest.mark.parametrize("zero", [False, True], ids=["repeat", "zero"])
@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
def test_masked_steps_are_skipped(kind: str, given: Any, sequences: bool, zero: bool, backwards: bool) -> None:
    check(
        Node(
            kind,
            masked=True,
            return_sequences=sequences,
            zero_output_for_mask=zero,
            go_backwards=backwards,
            return_state=True,
            **given,
        )
    )


@every_kind
@pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
@pytest.mark.parametrize("activation", ["tanh", "silu"])
def test_first_and_last_states(kind: str, given: Any, masked: bool, activation: str) -> None:
    arguments = {"return_state": True, "initial_state": True, "masked": masked, "activation": activation, **given}
    check(Node(kind, return_sequences=True, **arguments))
    check(Node(kind, go_backwards=True, **arguments))


@every_kind
def test_a_walk_from_the_end_can_write_in_the_order_of_time(kind: str, given: Any) -> None:
    check(Node(kind, go_backwards=True, time_order=True, return_sequences=True, masked=True, **given))


@every_kind
def test_what_masked_steps_hold_is_never_seen(kind: str, given: Any) -> None:
    node = Node(kind, masked=True, return_sequences=True, **given)
    x, mask = arrays_for(node)
    (expected,) = node.predict([x, mask])
    (got,) = node.predict([np.where(mask[:, :, None], x, np.nan).astype(np.float32), mask])
    np.testing.assert_array_equal(got, expected)


@every_kind
def test_a_masked_row_has_the_same_bits_in_any_batch(kind: str, given: Any) -> None:
    node = Node(kind, masked=True, return_sequences=True, initial_state=True, **given)
    arrays = [np.concatenate([a] * 29) for a in arrays_for(node)]
    (together,) = node.predict(arrays)
    for i in range(ROWS):
        (alone,) = node.predict([a[i : i + 1] for a in arrays])
        np.testing.assert_array_equal(together[i::ROWS], np.repeat(alone, 29, axis=0))


@every_kind
def test_masks_and_dropout_have_the_same_bits_on_any_threads(kind: str, given: Any) -> None:
    results = []
    try:
        for threads in (1, 2, 3):
            _core.set_num_threads(threads)
            node = Node(kind, masked=True, dropout=0.3, recurrent_dropout=0.2, time=40, return_state=True, **given)
            rng = np.random.default_rng(1)
            x = rng.normal(size=(50, 40, FEATURES)).astype(np.float32)
            values, (dx, _), gradients = node.run([x, rng.random((50, 40)) < 0.7])
            results.append([*values, dx, *gradients.values()])
    finally:
        _core.set_num_threads(0)
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


# States that stay from batch to batch ---------------------------------------------------------------------------------


@every_kind
def test_a_stateful_node_goes_on_where_it_stopped(kind: str, given: Any) -> None:
    node = Node(kind, stateful=True, batch_size=4, return_sequences=True, **given)
    x = np.random.default_rng(3).normal(size=(4, 2 * TIME, FEATURES)).astype(np.float32)
    expected, states = walk(kind, {**node.arguments, "return_sequences": True}, x.astype(np.float64), node.weights)
    (first,), _, _ = node.run([x[:, :TIME]])
    (second,), _, _ = node.run([x[:, TIME:]])
    assert_close(np.concatenate([first, second], axis=1), expected, 1e-5, "outputs of two batches")
    for variable, state in zip(node.variables[-node.count :], states, strict=True):
        assert_close(variable.numpy(), state, 1e-5, variable.path)


@every_kind
def test_a_smaller_batch_moves_its_own_states_alone(kind: str, given: Any) -> None:
    node = Node(kind, stateful=True, batch_size=4, **given)
    x = np.random.default_rng(3).normal(size=(4, TIME, FEATURES)).astype(np.float32)
    node.run([x])
    before = [variable.numpy() for variable in node.variables[-node.count :]]
    node.run([x[:3]])
    for variable, old in zip(node.variables[-node.count :], before, strict=True):
        assert (variable.numpy()[:3] != old[:3]).any(axis=1).all()
        np.testing.assert_array_equal(variable.numpy()[3], old[3])


# Dropout --------------------------------------------------------------------------------------------------------------


def drawn(node: Node, rows: int, gates: int) -> tuple[Any, Any]:
    """Returns the dropout factors of a node, read from the kernel rows without gradient when one sample counts."""
    rng = np.random.default_rng(8)
    x = rng.normal(size=(rows, node.time, FEATURES)).astype(np.float32)
    found: list[list[Any]] = [[], []]
    rates = [node.arguments.get("dropout", 0.0), node.arguments.get("recurrent_dropout", 0.0)]
    for row in range(rows):
        cotangent = np.zeros((rows, UNITS), np.float32)
        cotangent[row] = rng.normal(size=UNITS)
        node.stream = _core.Stream(11)
        _, _, gradients = node.run([x], [cotangent])
        for i, role in enumerate(("kernel", "recurrent_kernel")):
            parts = np.split(gradients[role], gates, axis=-1)
            found[i].append([(part != 0).any(axis=-1) / (1 - rates[i]) for part in parts])
    node.stream = _core.Stream(11)
    inputs, states = (np.moveaxis(np.array(one, dtype=np.float64), 0, 1) for one in found)
    return (inputs if rates[0] else None), (states if rates[1] else None)


@every_kind
@pytest.mark.parametrize("rates", [(0.4, 0.0), (0.0, 0.4), (0.5, 0.3)], ids=["inputs", "states", "both"])
def test_dropout_drops_the_same_at_all_steps(kind: str, given: Any, rates: tuple[float, float]) -> None:
    node = Node(kind, dropout=rates[0], recurrent_dropout=rates[1], time=3, use_bias=False, **given)
    gates = {"SimpleRNN": 1, "LSTM": 4, "GRU": 3}[kind]
    rows = 5
    drops = drawn(node, rows, gates)
    if drops[0] is not None and gates > 1:
        apart = any((one != drops[0][0]).any() for one in drops[0])
        assert apart == (rates[1] > 0), "gates share what is dropped of the inputs, unless the states drop too"
    if drops[1] is not None and gates > 1:
        assert all((one != drops[1][0]).any() for one in drops[1][1:]), "each gate drops other states"
    for drop, rate in zip(drops, rates, strict=True):
        if drop is not None:
            assert 0 < (drop == 0).mean() < 2 * rate
    rng = np.random.default_rng(9)
    x = rng.normal(size=(rows, 3, FEATURES)).astype(np.float32)
    cotangent = rng.normal(size=(rows, UNITS)).astype(np.float32)
    (y,), (dx,), gradients = node.run([x], [cotangent])

    def output(inputs: Any, weights: Any) -> Any:
        return walk(kind, node.arguments, inputs, weights, drops=drops)[0]

    exact = x.astype(np.float64)
    assert_close(y, output(exact, node.weights), 1e-5, "output")
    assert_gradient(lambda v: float((output(v, node.weights) * cotangent).sum()), exact, dx, 1e-4, rng, "input")
    for role, weight in node.weights.items():

        def of_weight(value: Any, role: str = role) -> float:
            return float((output(exact, {**node.weights, role: value}) * cotangent).sum())

        assert_gradient(of_weight, weight, gradients[role], 1e-4, rng, role)


def test_dropout_draws_anew_each_step_and_rests_in_inference() -> None:
    layer = layers.LSTM(8, dropout=0.5, recurrent_dropout=0.5, seed=3)
    x = np.random.default_rng(0).normal(size=(4, 5, 3)).astype(np.float32)
    quiet = layer(x)
    np.testing.assert_array_equal(layer(x), quiet)
    first, second = layer(x, training=True), layer(x, training=True)
    assert (first != quiet).any() and (first != second).any()
    again = layers.LSTM(8, dropout=0.5, recurrent_dropout=0.5, seed=3)
    again.build((None, 5, 3))
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(x, training=True), first)


# Errors ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "shape", "words"),
    [
        (lambda: layers.LSTM(0), None, "units expects a positive integer"),
        (lambda: layers.LSTM(4, dropout=1.5), None, "dropout"),
        (lambda: layers.GRU(4, activation="softmax"), None, "element-wise activation"),
        (lambda: layers.GRU(4, recurrent_activation="nonsense"), None, "Unknown activation"),
        (lambda: layers.SimpleRNN(4), (None, 7), r"\(batch, time, features\)"),
        (lambda: layers.LSTM(4, stateful=True), (None, 5, 3), "batch of known size"),
        (lambda: layers.LSTM(4, return_sequence=True), None, "return_sequences"),
    ],
)
def test_errors_teach(make: Any, shape: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make().build(shape)


def test_the_first_values_are_those_of_keras() -> None:
    layer = layers.LSTM(5)
    layer.build((None, 4, 3))
    kernel, recurrent, bias = layer.get_weights()
    assert kernel.shape == (3, 20)
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(5), atol=1e-5)
    np.testing.assert_array_equal(bias, np.repeat([0.0, 1.0, 0.0, 0.0], 5))
    plain = layers.LSTM(5, unit_forget_bias=False)
    plain.build((None, 4, 3))
    assert not plain.get_weights()[2].any()
    gru = layers.GRU(5)
    gru.build((None, 4, 3))
    assert [w.shape for w in gru.get_weights()] == [(3, 15), (5, 15), (2, 15)]


# The layers of Python -------------------------------------------------------------------------------------------------


def sequences(rows: int = 4, time: int = TIME, features: int = FEATURES) -> Any:
    return np.random.default_rng(12).normal(size=(rows, time, features)).astype(np.float32)


def with_weights(layer: Any, shape: Any, like: Any = None) -> Any:
    """Returns the layer, built, with random weights or those of another."""
    layer.build(shape)
    rng = np.random.default_rng(13)
    values = [rng.uniform(-0.7, 0.7, size=v.shape) for v in layer.weights] if like is None else like.get_weights()
    layer.set_weights(values)
    return layer


@every_kind
def test_states_go_in_and_out_of_a_layer(kind: str, given: Any) -> None:
    layer = with_weights(getattr(layers, kind)(UNITS, return_state=True, **given), (None, TIME, FEATURES))
    x = sequences()
    whole = layer(x)
    assert len(whole) == 1 + CELLS[kind][1]
    middle = layer(x[:, :2])
    for a, b in zip(layer(x[:, 2:], initial_state=list(middle[1:])), whole, strict=True):
        np.testing.assert_array_equal(a, b)
    inputs = [layers.Input((3, FEATURES)), *(layers.Input((UNITS,)) for _ in middle[1:])]
    model = fastnn.Model(inputs, layer(inputs[0], initial_state=inputs[1:]))
    for a, b in zip(model.predict([x[:, 2:], *middle[1:]], verbose=0), whole, strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match="initial_state"):
        layer(x, initial_state=[middle[1]] * 3)


@every_kind
def test_a_mask_may_be_given_or_come_along(kind: str, given: Any) -> None:
    layer = with_weights(getattr(layers, kind)(UNITS, **given), (None, TIME, FEATURES))
    x = np.where(MASK[:, :, None], sequences(ROWS), 0).astype(np.float32)
    expected = layer(x, mask=MASK)
    model = fastnn.Sequential([layers.Input((TIME, FEATURES)), layers.Masking(), layer])
    np.testing.assert_array_equal(model.predict(x, verbose=0), expected)
    assert (layer(x) != expected)[1].any()


@every_kind
def test_a_stateful_layer_goes_on_in_training_and_prediction(kind: str, given: Any) -> None:
    def model(stateful: bool, time: int) -> Any:
        layer = getattr(layers, kind)(UNITS, stateful=stateful, return_sequences=True, **given)
        made = fastnn.Sequential([layers.Input((time, FEATURES), batch_size=4), layer])
        return with_weights(made, (4, time, FEATURES))

    kept, whole = model(True, TIME), model(False, 3 * TIME)
    assert len(kept.get_weights()) == 3
    x = sequences(4, 3 * TIME)
    expected = whole.predict(x, verbose=0)
    parts = np.split(x, 3, axis=1)
    got = [kept.predict(part, verbose=0) for part in parts]
    assert_close(np.concatenate(got, axis=1), expected, 1e-6, "three predictions")
    assert (kept.predict(parts[0], verbose=0) != got[0]).any()
    kept.layers[0].reset_state()
    np.testing.assert_array_equal(kept.predict(parts[0], verbose=0), got[0])
    kept.layers[0].reset_state()
    kept.compile(optimizer=fastnn.optimizers.SGD(0.0), loss="mse")
    for part, y in zip(parts[:2], got, strict=False):
        assert kept.train_on_batch(part, y) == pytest.approx(0.0, abs=1e-12)
    assert kept.evaluate(parts[2], got[2], batch_size=4, verbose=0) == pytest.approx(0.0, abs=1e-12)


def directions(kind: str, given: Any, **arguments: Any) -> tuple[Any, Any, Any]:
    """Returns a Bidirectional layer and the two equivalent layers, both running forward."""
    shape = (None, TIME, FEATURES)
    both = with_weights(layers.Bidirectional(getattr(layers, kind)(UNITS, **given), **arguments), shape)
    values = both.get_weights()
    alone = []
    for part in (values[: len(values) // 2], values[len(values) // 2 :]):
        layer = getattr(layers, kind)(UNITS, **given)
        layer.build(shape)
        layer.set_weights(part)
        alone.append(layer)
    return both, alone[0], alone[1]


@every_kind
def test_bidirectional_merges_two_walks(kind: str, given: Any) -> None:
    merges = {
        "concat": lambda a, b: np.concatenate([a, b], axis=-1),
        "sum": lambda a, b: a + b,
        "mul": lambda a, b: a * b,
        "ave": lambda a, b: (a + b) / 2,
    }
    x = sequences()
    for mode, merge in merges.items():
        for repeated in (False, True):
            arguments = {**given, "return_sequences": repeated}
            both, ahead, back = directions(kind, arguments, merge_mode=mode)
            second = back(np.ascontiguousarray(x[:, ::-1]))
            np.testing.assert_array_equal(both(x), merge(ahead(x), second[:, ::-1] if repeated else second))
    both, ahead, back = directions(kind, {**given, "return_state": True}, merge_mode=None)
    made = both(x)
    expected = [ahead(x), back(np.ascontiguousarray(x[:, ::-1]))]
    for a, b in zip(made, [*(e[0] for e in expected), *expected[0][1:], *expected[1][1:]], strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_stateful_bidirectional_layer_keeps_both_states() -> None:
    layer = layers.Bidirectional(layers.LSTM(UNITS, stateful=True))
    model = fastnn.Sequential([layers.Input((TIME, FEATURES), batch_size=4), layer])
    x = sequences(4)
    first, second = model.predict(x, verbose=0), model.predict(x, verbose=0)
    assert (first != second).any(axis=0).all(), "both halves go on"
    assert [state.shape for state in layer.states] == [(4, UNITS)] * 4
    layer.reset_states()
    np.testing.assert_array_equal(model.predict(x, verbose=0), first)


def test_bidirectional_is_made_again_of_its_config() -> None:
    layer = layers.Bidirectional(
        layers.LSTM(4, return_sequences=True), backward_layer=layers.GRU(3, return_sequences=True, go_backwards=True)
    )
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    x = sequences()
    layer(x), again(x)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(x), layer(x))
    first = layers.Bidirectional(layers.SimpleRNN(2))
    first(x)
    second = layers.Bidirectional(layers.SimpleRNN(2), weights=first.get_weights())
    np.testing.assert_array_equal(second(x), first(x))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: layers.Bidirectional(layers.Dense(3)), "recurrent layer"),
        (lambda: layers.Bidirectional("LSTM"), "expects a layer"),
        (lambda: layers.Bidirectional(layers.LSTM(3), merge_mode="max"), "merge_mode"),
        (lambda: layers.Bidirectional(layers.LSTM(3), backward_layer=layers.LSTM(3)), "go_backwards"),
        (
            lambda: layers.Bidirectional(
                layers.LSTM(3), backward_layer=layers.LSTM(3, go_backwards=True, return_state=True)
            ),
            "return_state",
        ),
        (lambda: layers.TimeDistributed(3), "expects a layer"),
        (lambda: layers.TimeDistributed(layers.Dense(3))(np.ones((2, 3))), r"\(batch, time, ...\)"),
        (lambda: layers.RNN(layers.Dense(3)), "state_size"),
        (lambda: layers.LSTMCell(3, activation="softmax"), "element-wise activation"),
    ],
)
def test_errors_of_wrappers_teach(make: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


# RNN ------------------------------------------------------------------------------------------------------------------


class Plain(layers.Layer):
    """SimpleRNN's step, written out."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = self.state_size = units

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
        self.recurrent = self.add_weight(shape=(self.units, self.units), name="recurrent")
        self.bias = self.add_weight(shape=(self.units,), name="bias")

    def call(self, inputs: Any, states: Any) -> Any:
        h = ops.tanh(ops.matmul(inputs, self.kernel) + ops.matmul(states[0], self.recurrent) + self.bias)
        return h, [h]


class Counter(layers.Layer):
    """Adds its inputs to one state and counts the steps in the other."""

    state_size = (FEATURES, 1)

    def call(self, inputs: Any, states: Any) -> Any:
        total, steps = states[0] + inputs, states[1] + 1.0
        return total / steps, [total, steps]


@pytest.mark.parametrize("repeated", [False, True], ids=["last", "sequences"])
@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
@pytest.mark.parametrize("zero", [False, True], ids=["repeat", "zero"])
def test_a_cell_of_your_own_walks_as_ours_do(repeated: bool, backwards: bool, zero: bool) -> None:
    arguments = {
        "return_sequences": repeated, "go_backwards": backwards, "return_state": True, "zero_output_for_mask": zero,
    }  # fmt: skip
    shape = (None, TIME, FEATURES)
    ours = with_weights(layers.SimpleRNN(UNITS, **arguments), shape)
    theirs = with_weights(layers.RNN(Plain(UNITS), **arguments), shape, ours)
    cell = with_weights(layers.RNN(layers.SimpleRNNCell(UNITS), **arguments), shape, ours)
    x = sequences(ROWS)
    for mask in (None, MASK):
        expected = ours(x, mask=mask)
        for a, b, c in zip(expected, theirs(x, mask=mask), cell(x, mask=mask), strict=True):
            np.testing.assert_array_equal(c, a)
            np.testing.assert_allclose(b, a, atol=1e-6)


def test_a_cell_of_your_own_learns_as_ours_do() -> None:
    def model(layer: Any) -> Any:
        made = fastnn.Sequential([layers.Input((TIME, FEATURES)), layers.Masking(), layer, layers.Dense(2)])
        made.compile(optimizer=fastnn.optimizers.SGD(0.5), loss="mse")
        return made

    x = np.where(MASK[:, :, None], sequences(ROWS), 0).astype(np.float32)
    y = np.random.default_rng(15).normal(size=(ROWS, 2)).astype(np.float32)
    ours, theirs = model(layers.SimpleRNN(UNITS)), model(layers.RNN(Plain(UNITS)))
    theirs.set_weights(ours.get_weights())
    for one in (ours, theirs):
        one.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(b, a, atol=1e-5)


def test_the_states_that_a_layer_begins_with() -> None:
    assert [s.shape for s in layers.LSTM(4, implementation=1).get_initial_state(3)] == [(3, 4)] * 2
    assert [s.shape for s in layers.RNN(Counter()).get_initial_state(2)] == [(2, FEATURES), (2, 1)]


def test_states_of_several_sizes() -> None:
    output, total, steps = layers.RNN(Counter(), return_sequences=True, return_state=True)(x := sequences())
    np.testing.assert_allclose(output, np.cumsum(x, axis=1) / np.arange(1, TIME + 1)[:, None], atol=1e-6)
    np.testing.assert_allclose(total, x.sum(axis=1), atol=1e-6)
    np.testing.assert_array_equal(steps, np.full((len(x), 1), TIME))


@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
def test_stacked_cells_are_layers_one_upon_the_other(backwards: bool) -> None:
    shape = (None, TIME, FEATURES)
    cells = [layers.LSTMCell(4), layers.GRUCell(UNITS), layers.SimpleRNNCell(3)]
    stacked = with_weights(layers.RNN(cells, go_backwards=backwards, return_sequences=True), shape)
    # A custom cell makes RNN run step by step.
    mixed = layers.RNN(
        [layers.LSTMCell(4), layers.GRUCell(UNITS), Plain(3)], go_backwards=backwards, return_sequences=True
    )
    x = sequences(ROWS)
    mixed(x)
    mixed.set_weights(stacked.get_weights())
    for mask in (None, MASK):
        np.testing.assert_allclose(mixed(x, mask=mask), stacked(x, mask=mask), atol=1e-6)
    again = layers.RNN.from_config(stacked.get_config())
    again.build(shape)
    again.set_weights(stacked.get_weights())
    np.testing.assert_array_equal(again(x), stacked(x))


def test_a_cell_makes_one_step() -> None:
    for kind in ("SimpleRNN", "LSTM", "GRU"):
        cell = getattr(layers, f"{kind}Cell")(UNITS)
        x = sequences()
        count = CELLS[kind][1]
        states = [np.zeros((len(x), UNITS), np.float32)] * count
        layer = with_weights(getattr(layers, kind)(UNITS, return_state=True), (None, TIME, FEATURES))
        with_weights(cell, (None, FEATURES), layer)
        for t in range(TIME):
            output, states = cell(np.ascontiguousarray(x[:, t]), states)
        expected = layer(x)
        np.testing.assert_array_equal(output, expected[0])
        for a, b in zip(states, expected[1:], strict=True):
            np.testing.assert_array_equal(a, b)


# TimeDistributed ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: layers.Dense(7, activation="relu"), (3,)),
        (lambda: layers.Conv2D(2, 2), (5, 4, 2)),
        (lambda: layers.Flatten(), (2, 3)),
        (lambda: layers.LSTM(3), (4, 2)),
    ],
    ids=["dense", "convolution", "flatten", "lstm"],
)
def test_time_distributed_does_the_same_at_each_step(make: Any, shape: Any) -> None:
    x = np.random.default_rng(14).normal(size=(4, 3, *shape)).astype(np.float32)
    layer = make()
    expected = np.stack([layer(np.ascontiguousarray(x[:, t])) for t in range(3)], axis=1)
    wrapped = layers.TimeDistributed(layer)
    np.testing.assert_allclose(wrapped(x), expected, atol=1e-6)
    assert wrapped.compute_output_shape((None, 3, *shape)) == (None, *expected.shape[1:])
    again = layers.TimeDistributed.from_config(wrapped.get_config())
    again(x)
    again.set_weights(wrapped.get_weights())
    np.testing.assert_array_equal(again(x), wrapped(x))


def test_a_cell_of_your_own_is_stateful() -> None:
    x = np.ones((2, 3, FEATURES), np.float32)
    layer = layers.RNN(Counter(), stateful=True, return_state=True)
    first, total, steps = layer(x)
    assert (first == 1).all() and (total == 3).all() and (steps == 3).all()
    _, total, steps = layer(2 * x)
    assert (total == 9).all() and (steps == 6).all()
    assert layer.states is not None
    assert [state.numpy().tolist() for state in layer.states] == [total.tolist(), steps.tolist()]
    layer.reset_state()
    assert (layer(x)[1] == 3).all()
    assert (layer(x, initial_state=[np.full((2, FEATURES), 5.0), np.zeros((2, 1))])[1] == 8).all()


def test_a_stateful_cell_of_your_own_in_a_model() -> None:
    model = Sequential([Input(batch_shape=(2, 3, FEATURES)), layers.RNN(Counter(), stateful=True, return_state=False)])
    x = np.random.default_rng(0).normal(size=(4, 3, FEATURES)).astype(np.float32)
    together = layers.RNN(Counter())(np.concatenate([x[:2], x[2:]], axis=1))
    np.testing.assert_allclose(model.predict(x, batch_size=2, verbose=0)[2:], together, rtol=1e-5)
    model.layers[0].reset_state()
    model.compile("sgd", "mse")
    model.fit(x, np.zeros((4, FEATURES)), batch_size=2, shuffle=False, verbose=0)
    np.testing.assert_allclose(model.layers[0].states[0].numpy(), x.reshape(2, 2, 3, FEATURES).sum((0, 2)), rtol=1e-5)
    with pytest.raises(ValueError, match="2"):
        model.predict(x[:3], batch_size=3, verbose=0)


@pytest.mark.parametrize("wrapped", [False, True])
def test_masks_with_a_channel(wrapped: bool) -> None:
    layer = layers.LSTM(UNITS)
    layer = layers.Bidirectional(layer) if wrapped else layer
    x = np.random.default_rng(0).normal(size=(2, TIME, FEATURES)).astype(np.float32)
    mask = np.arange(TIME) < np.array([[2], [TIME]])
    assert (layer(x, mask=mask[:, :, None]) == layer(x, mask=mask)).all()
    tensor = Input((TIME, FEATURES))
    model = fastnn.Model([tensor, m := Input((TIME, 1), dtype="bool")], layer(tensor, mask=m))
    np.testing.assert_array_equal(model.predict([x, mask[:, :, None]], verbose=0), layer(x, mask=mask))


class Summing(fastnn.layers.Layer):
    """A cell of one state."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = self.state_size = units

    def build(self, input_shape):
        self.kernel = self.add_weight((input_shape[-1], self.units), "ones", name="kernel")
        self.recurrent_kernel = self.add_weight((self.units, self.units), "ones", name="recurrent_kernel")

    def call(self, inputs, states):
        made = fastnn.ops.matmul(inputs, self.kernel) + fastnn.ops.matmul(states[0], self.recurrent_kernel)
        return made, [made]


def test_stacked_cells_of_ones_own_keep_the_states_of_each_row():
    x = np.arange(24).reshape((2, 3, 4)).astype("float32")
    layer = fastnn.layers.RNN([Summing(3), Summing(2)], stateful=True)
    np.testing.assert_array_equal(layer(x), [[786, 786], [4386, 4386]])  # as Keras 3.15.1
    np.testing.assert_array_equal(layer(x), [[34092, 34092], [173196, 173196]])


class TestConvLSTM:
    X = np.random.default_rng(5).normal(size=(4, 6, 5, 4, 2)).astype(np.float32)

    def test_stateful_batches_go_on(self):
        whole = layers.ConvLSTM2D(3, 3, padding="same", return_sequences=True)
        expected = np.asarray(whole(self.X))
        kept = layers.ConvLSTM2D(3, 3, padding="same", return_sequences=True, stateful=True)
        model = Sequential([Input(batch_shape=(4, 2, 5, 4, 2)), kept])
        kept.set_weights(whole.get_weights())
        parts = [model.predict(self.X[:, t : t + 2], batch_size=4, verbose=0) for t in (0, 2, 4)]
        np.testing.assert_allclose(np.concatenate(parts, axis=1), expected, atol=1e-6)
        kept.reset_state()
        np.testing.assert_array_equal(model.predict(self.X[:, :2], batch_size=4, verbose=0), parts[0])

    def test_masked_steps_keep_the_states(self):
        layer = layers.ConvLSTM2D(3, 3)
        counts = np.array([6, 3, 1, 5])
        mask = np.arange(6) < counts[:, None]
        made = np.asarray(layer(self.X, mask=mask))
        for row, count in enumerate(counts):
            alone = np.asarray(layer(self.X[row : row + 1, :count]))
            np.testing.assert_allclose(made[row : row + 1], alone, atol=1e-6)

    def test_any_number_of_steps_and_pixels(self):
        model = Sequential([Input((None, None, None, 2)), layers.ConvLSTM2D(3, 2, padding="same")])
        assert model.output_shape == (None, None, None, 3)
        for x in (self.X, self.X[:, :2, :3]):
            np.testing.assert_allclose(model.predict(x, verbose=0), model.layers[0](x), atol=1e-6)

    def test_dropout_has_one_mask_for_all_steps(self):
        layer = layers.ConvLSTM1D(
            2, 1, activation=None, recurrent_activation=lambda x: ops.ones_like(x), use_bias=False, dropout=0.5,
            kernel_initializer="ones", recurrent_initializer="zeros", return_sequences=True,
        )  # fmt: skip
        # Each step adds the sum of the channels that are left to the memory.
        made = np.asarray(layer(np.ones((3, 4, 5, 2), np.float32), training=True))
        np.testing.assert_allclose(made, made[:, :1] * np.arange(1, 5)[:, None, None], rtol=1e-6)
        assert len(np.unique(made[:, 0])) > 1
        np.testing.assert_array_equal(np.asarray(layer(np.ones((3, 4, 5, 2)))), np.full((3, 4, 5, 2), 2.0) * np.arange(
            1, 5)[:, None, None])  # fmt: skip

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ({"filters": 0}, "expects filters to be a positive integer, got 0"),
            ({"kernel_size": (3, 3, 3)}, r"expects kernel_size to be 2 positive integers, got \(3, 3, 3\)"),
            ({"padding": "causal"}, "expects padding 'valid' or 'same', got 'causal'"),
            ({"strides": 2, "dilation_rate": 2}, "takes strides or a dilation_rate above 1, not both"),
            ({"dropout": 1.5}, r"expects dropout in \[0, 1\], got 1.5"),
        ],
    )
    def test_arguments_that_are_refused(self, arguments, said):
        with pytest.raises(ValueError, match=said):
            layers.ConvLSTM2D(**{"filters": 2, "kernel_size": 3, **arguments})

    def test_inputs_that_are_refused(self):
        with pytest.raises(ValueError, match="expects inputs of at least 7 along each axis under its kernel, got 5"):
            layers.ConvLSTM2D(2, 7)(self.X)
        with pytest.raises(ValueError, match=r"expects inputs of 5 axes, \(batch, steps, ...\), got"):
            layers.ConvLSTM2D(2, 3)(self.X[:, 0])
