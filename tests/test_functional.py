"""The functional API: symbolic tensors, graphs of calls, several inputs and outputs, nested models, shared layers."""

from __future__ import annotations

import numpy as np
import pytest

import fastnn
from fastnn import Input, KerasTensor, Model, Sequential, layers
from fastnn.layers import (
    Activation,
    Add,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    InputLayer,
    Multiply,
    Subtract,
)
from fastnn.models import Functional, clone_model
from fastnn.optimizers import SGD

pytestmark = pytest.mark.usefixtures("names_from_the_start")

RNG = np.random.default_rng(5)
X = RNG.normal(size=(24, 6)).astype(np.float32)
Z = RNG.normal(size=(24, 3)).astype(np.float32)
Y = RNG.integers(0, 4, size=24)
T = RNG.normal(size=(24, 1)).astype(np.float32)


def two_and_two(**kwargs):
    """Two inputs, two outputs, one layer used twice."""
    a, b = Input((6,), name="a"), Input((3,), name="b")
    h = Concatenate(name="both")([Dense(5, activation="tanh", name="left")(a), b])
    shared = Dense(8, activation="tanh", name="shared")
    deep = shared(shared(h))
    kind = Dense(4, activation="softmax", name="kind")(deep)
    size = Dense(1, name="size")(Add(name="sum")([h, deep]))
    return Model([a, b], [kind, size], **kwargs)


# Symbolic tensors.


def test_calling_a_layer_on_a_symbolic_tensor_gives_one():
    x = Input((6,), name="a")
    assert isinstance(x, KerasTensor)
    assert (x.shape, x.dtype, x.name, x.ndim) == ((None, 6), "float32", "a", 2)
    dense = Dense(3)
    y = dense(x)
    assert y.shape == (None, 3)
    assert dense.built
    assert y.history == (dense, 0, 0)
    assert dense.input is x
    assert dense.output is y
    assert dense(y_like := Input((6,))).history.call == 1
    assert dense.input is x, "the first call's, as in Keras"
    assert y_like is not x


@pytest.mark.parametrize("use", [bool, np.asarray, len, list, lambda t: np.ones(3) + np.array(t)])
def test_a_symbolic_tensor_has_no_numbers(use):
    with pytest.raises(TypeError, match=r"symbolic tensor 'a' of shape .* has no numbers yet|it has no numbers yet"):
        use(Input((6,), name="a"))


def test_a_layer_that_was_never_called_has_no_input():
    with pytest.raises(AttributeError, match='Dense "d" was never called on a symbolic tensor and has no output'):
        _ = Dense(3, name="d").output


def test_symbolic_errors_are_those_of_the_layers():
    with pytest.raises(ValueError, match='Conv2D "c" expects'):
        Conv2D(3, 3, name="c")(Input((6,)))
    with pytest.raises(TypeError, match=r'Dense "d" expects a symbolic tensor, got several; .*Concatenate\(\)'):
        Dense(3, name="d")([Input((6,)), Input((6,))])
    with pytest.raises(ValueError, match=r'Add "add" expects a list of its inputs, such as \[a, b\], got KerasTensor'):
        Add()(Input((6,)))
    with pytest.raises(ValueError, match=r"expects inputs of equal shapes.* got .batch, 6. and .batch, 7."):
        Add()([Input((6,)), Input((7,))])
    with pytest.raises(ValueError, match=r"expects exactly 2 inputs, got 3"):
        Subtract()([Input((6,)), Input((6,)), Input((6,))])
    with pytest.raises(ValueError, match=r"differ along axis 2 alone"):
        Concatenate()([Input((3, 4)), Input((4, 4))])
    with pytest.raises(ValueError, match=r"0 is the batch.*ops.concatenate\(tensors, axis=0\)"):
        Concatenate(axis=0)([Input((3,)), Input((4,))])
    with pytest.raises(ValueError, match=r"expects equal sizes along its axes"):
        layers.Dot(1)([Input((3,)), Input((4,))])


def test_merging_layers_take_arrays_too():
    np.testing.assert_array_equal(Add()([X, X]), X + X)
    np.testing.assert_array_equal(layers.concatenate([X, Z], axis=1), np.concatenate([X, Z], axis=1))
    np.testing.assert_array_equal(layers.maximum([X, -X]), np.abs(X))
    with pytest.raises(ValueError, match=r"arrays of one length"):
        Add()([X, X[:3]])


# A chain.


def chain(functional):
    fastnn.utils.set_random_seed(3)
    fastnn.utils.clear_session()
    stack = [
        Conv2D(4, 3, activation="relu", padding="same"),
        BatchNormalization(),
        Flatten(),
        Dropout(0.3),
        Dense(8, activation="relu"),
        Dense(4, activation="softmax"),
    ]
    if functional:
        x = y = Input((5, 5, 2))
        for layer in stack:
            y = layer(y)
        model = Model(x, y)
    else:
        model = Sequential([Input((5, 5, 2)), *stack])
    model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def test_a_chain_has_the_same_bits_as_the_sequential():
    images = np.random.default_rng(0).normal(size=(40, 5, 5, 2)).astype(np.float32)
    labels = np.arange(40) % 4
    trained = []
    for functional in (False, True):
        model = chain(functional)
        history = model.fit(images, labels, batch_size=7, epochs=3, validation_split=0.2, verbose=0)
        trained.append((model, history.history, model.predict(images, verbose=0)))
    (one, logs, out), (other, other_logs, other_out) = trained
    assert type(other) is Functional
    assert logs == other_logs
    np.testing.assert_array_equal(out, other_out)
    for first, second in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(one(images[:1]), other(images[:1]))


def test_sequential_is_a_model_and_takes_the_input_of_a_functional_one():
    model = Sequential([Input((6,)), Dense(3)])
    assert isinstance(model, Model)
    assert isinstance(model.inputs[0], KerasTensor)
    assert model.outputs[0].shape == (None, 3)
    assert model.layers[0].output is model.outputs[0]
    assert model.output is model.outputs[0]


# Structure.


def test_layers_are_in_the_order_of_keras():
    model = two_and_two()
    assert [layer.name for layer in model.layers] == ["a", "left", "b", "both", "shared", "sum", "kind", "size"]
    assert (model.input_names, model.output_names) == (["a", "b"], ["kind", "size"])
    assert model.get_layer("left") is model.layers[1]
    assert model.count_params() == 35 + 72 + 36 + 9
    assert [v.path for v in model.weights][:2] == ["left/kernel", "left/bias"]
    assert model.input_shape == [(None, 6), (None, 3)]
    assert model.output_shape == [(None, 4), (None, 1)]
    assert repr(model) == "<Functional name=functional, built=True>"


def test_structures_of_inputs_and_outputs():
    a, b = Input((6,), name="a"), Input((3,), name="b")
    left, right = Dense(2, name="left")(a), Dense(1, name="right")(b)
    want = [Model(a, left).predict(X, verbose=0), Model(b, right).predict(Z, verbose=0)]
    listed = Model([a, b], [left, right])
    for given in ([X, Z], (X, Z), {"a": X, "b": Z}, {"b": Z, "a": X}):
        for got in (listed.predict(given, verbose=0), listed(given), listed.predict_on_batch(given)):
            assert isinstance(got, list)
            for one, other in zip(got, want, strict=True):
                np.testing.assert_array_equal(one, other)
    named = Model({"q": b, "p": a}, {"z": left, "y": right})
    got = named.predict({"p": X, "q": Z}, verbose=0)
    assert list(got) == ["z", "y"]
    np.testing.assert_array_equal(got["z"], want[0])
    np.testing.assert_array_equal(got["y"], want[1])
    assert isinstance(Model([a, b], (left, right)).predict([X, Z], verbose=0), tuple)
    alone = Model([a], [left])
    np.testing.assert_array_equal(alone.predict(X, verbose=0), want[0])
    np.testing.assert_array_equal(alone.predict({"a": X}, verbose=0), want[0])


def test_shared_layers_share_weights_and_their_gradients():
    x = Input((6,))
    shared = Dense(6, activation="tanh", name="shared")
    model = Model(x, Dense(1, name="out")(shared(shared(x))))
    assert len(model.weights) == 4
    model.compile(SGD(0.1), "mse")
    k, c, v, d = (w.astype(np.float64) for w in model.get_weights())
    exact = X.astype(np.float64)
    first = np.tanh(exact @ k + c)
    second = np.tanh(first @ k + c)
    error = 2 * (second @ v + d - T) / len(X)
    down = error @ v.T * (1 - second**2)
    below = down @ k.T * (1 - first**2)
    gradients = model.gradients(X, T)
    np.testing.assert_allclose(gradients["shared/kernel"], first.T @ down + exact.T @ below, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(gradients["shared/bias"], (down + below).sum(0), rtol=1e-4, atol=1e-6)
    model.fit(X, T, batch_size=24, epochs=1, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], k - 0.1 * (first.T @ down + exact.T @ below), atol=1e-5)


def test_a_dropout_that_is_called_twice_draws_twice():
    x = Input((50,))
    drop = Dropout(0.5, seed=1)
    model = Model(x, [drop(x), drop(x)])
    ones = np.ones((20, 50), np.float32)
    first, second = model(ones, training=True)
    assert (first != second).any()
    third, _ = model(ones, training=True)
    assert (third != first).any()
    assert (third != second).any()


def test_a_tensor_may_be_an_output_and_go_on():
    x = Input((6,))
    h = Dense(4, activation="relu", name="h")(x)
    model = Model(x, [h, Dense(2, name="y")(h)])
    model.compile("adam", ["mse", "mse"])
    model.fit(X, [np.zeros((24, 4)), np.zeros((24, 2))], epochs=2, verbose=0)
    middle, end = model.predict(X, verbose=0)
    np.testing.assert_array_equal(end, Model(x, model.outputs[1]).predict(X, verbose=0))
    np.testing.assert_array_equal(middle, Model(x, h).predict(X, verbose=0))


def test_an_activation_after_a_sum_goes_into_it():
    x = Input((6,))
    h = Dense(6)(x)
    total = Add(name="add")([x, h])
    model, apart = Model(x, Activation("tanh")(total)), Model(x, [Activation("tanh")(total), total])
    np.testing.assert_array_equal(model(X), apart(X)[0])
    for m in (model, apart):
        m.compile("sgd", "mse", loss_weights=None if m is model else [1.0, 0.0])
    fused = model.gradients(X, X)
    other = apart.gradients(X, [X, X])
    for path, gradient in fused.items():
        np.testing.assert_allclose(gradient, other[path], rtol=1e-5, atol=1e-7)
    y = np.tanh(X + h_of(model))
    expected = X.astype(np.float64).T @ (2 * (y - X) * (1 - y**2) / X.size)
    np.testing.assert_allclose(fused["dense/kernel"], expected, rtol=1e-4, atol=1e-6)


def h_of(model):
    kernel, bias = (w.astype(np.float64) for w in model.get_weights())
    return X @ kernel + bias


def test_a_deep_graph_is_found_without_recursion():
    x = y = Input((2,))
    identity = layers.Identity()
    for _ in range(3000):
        y = identity(y)
    assert len(Model(x, y).layers) == 2


# Nested models and sub-models.


def test_nested_models_are_inlined():
    inner = Sequential([Dense(5, activation="relu"), Dense(4)])
    x = Input((6,))
    outer = Model(x, Dense(2)(inner(x)))
    assert inner.built
    assert [layer.name for layer in outer.layers] == ["input_layer", "sequential", "dense_2"]
    assert outer.count_params() == 35 + 24 + 10
    assert list(dict(outer.__fastnn_training__.network.weight_paths())) == [
        "sequential/dense/kernel", "sequential/dense/bias", "sequential/dense_1/kernel", "sequential/dense_1/bias",
        "dense_2/kernel", "dense_2/bias",
    ]  # fmt: skip
    np.testing.assert_array_equal(outer.predict(X, verbose=0), outer.layers[-1](inner.predict(X, verbose=0)))
    outer.compile("adam", "mse")
    before = inner.predict(X, verbose=0)
    outer.fit(X, np.zeros((24, 2)), verbose=0)
    assert (inner.predict(X, verbose=0) != before).any(), "the weights are shared"


def test_a_functional_model_within_a_sequential_and_twice_in_a_graph():
    a = Input((6,))
    tower = Model(a, Dense(4, activation="tanh")(a), name="tower")
    wrapped = Sequential([Input((6,)), tower, Dense(1)])
    assert wrapped.predict(X, verbose=0).shape == (24, 1)
    left, right = Input((6,)), Input((6,))
    siamese = Model([left, right], Subtract()([tower(left), tower(right)]))
    assert len(siamese.weights) == 2
    np.testing.assert_allclose(siamese.predict([X, X[::-1]], verbose=0), tower(X) - tower(X[::-1]), atol=1e-6)
    several = two_and_two(name="several")
    kind, size = several([Input((6,)), Input((3,))])
    assert (kind.shape, size.shape) == ((None, 4), (None, 1))
    with pytest.raises(ValueError, match=r"expects 2 inputs, .'a', 'b'., got one"):
        several(Input((6,)))


def test_sub_models_share_weights():
    model = Sequential([Input((6,)), Dense(8, activation="relu"), Dense(3), Dense(6)])
    model.compile("adam", "mse")
    encoder = Model(model.inputs, model.layers[1].output)
    decoder = Model(model.layers[1].output, model.output)
    model.fit(X, X, epochs=2, verbose=0)
    code = encoder.predict(X, verbose=0)
    assert code.shape == (24, 3)
    np.testing.assert_array_equal(decoder.predict(code, verbose=0), model.predict(X, verbose=0))
    assert [layer.name for layer in decoder.layers][1:] == ["dense_2"]
    assert encoder.weights[0] is model.weights[0]


def test_sub_models_of_a_sequential_that_is_built_by_its_data():
    model = Sequential([Dense(3, name="d"), Dense(2)])
    assert not hasattr(model, "inputs")
    with pytest.raises(AttributeError, match=r"was never called on a symbolic tensor"):
        _ = model.layers[0].output
    with pytest.raises(AttributeError, match=r"not built and has no input yet"):
        _ = model.input
    model(X)
    assert Model(model.inputs, model.get_layer("d").output).predict(X, verbose=0).shape == (24, 3)


def test_pop_and_add_move_the_output():
    model = Sequential([Input((6,)), Dense(8, name="a"), Dense(3, name="b")])
    model.pop()
    assert model.output is model.get_layer("a").output
    model.add(Dense(2, name="c"))
    assert model.output.shape == (None, 2)
    assert Model(model.inputs, model.output).predict(X, verbose=0).shape == (24, 2)


def test_a_nested_model_that_changes_is_noticed():
    inner = Sequential([Input((6,)), Dense(4, name="first"), Dense(3, name="second")])
    outer = Sequential([inner])
    assert outer.predict(X, verbose=0).shape == (24, 3)
    inner.pop()
    assert outer.predict(X, verbose=0).shape == (24, 4)
    assert outer.output_shape == (None, 4)


def test_frozen_layers_keep_every_bit_and_fine_tuning_trains_the_rest():
    base = Sequential([Input((5, 5, 2)), Conv2D(4, 3), BatchNormalization(), GlobalAveragePooling2D()])
    images = RNG.normal(size=(24, 5, 5, 2)).astype(np.float32)
    base.trainable = False
    x = Input((5, 5, 2))
    model = Model(x, Dense(4, activation="softmax", name="head")(base(x, training=False)))
    assert (len(model.trainable_weights), len(model.non_trainable_weights)) == (2, 6)
    model.compile("adam", "sparse_categorical_crossentropy")
    before = model.get_weights()
    model.fit(images, Y, epochs=2, verbose=0)
    for i, (old, new) in enumerate(zip(before, model.get_weights(), strict=True)):
        assert (old == new).all() == (i < 6)
    base.trainable = True
    with pytest.warns(UserWarning, match=r"trainable was changed after compile"):
        model.fit(images, Y, verbose=0)


def test_training_given_at_a_call_stays_with_it():
    x = Input((4, 4, 3))
    norm = BatchNormalization()
    images = RNG.normal(3, 2, size=(16, 4, 4, 3)).astype(np.float32)
    model = Model(x, norm(x, training=False))
    model.compile("sgd", "mse")
    model.fit(images, images, verbose=0)
    np.testing.assert_array_equal(norm.moving_mean.numpy(), 0)
    usual = Model(x, norm(x))
    usual.compile("sgd", "mse")
    usual.fit(images, images, verbose=0)
    assert (norm.moving_mean.numpy() != 0).all()


def test_dropout_that_always_drops_draws_anew_each_time():
    x = Input((50,))
    model = Model(x, Dropout(0.5, seed=1)(x, training=True))
    ones = np.ones((4, 50), np.float32)
    first, second = model.predict(ones, verbose=0), model(ones)
    assert 0 < (first == 0).mean() < 1
    assert (first != second).any()


# Training with several inputs and outputs.


def reference(model, kind_weight=1.0, size_weight=1.0, rows=None):
    """Losses and metrics in float64."""
    w = {v.path: v.numpy().astype(np.float64) for v in model.weights}
    rows = np.ones(len(X)) if rows is None else rows

    def dense(x, name):
        return x @ w[f"{name}/kernel"] + w[f"{name}/bias"]

    h = np.concatenate([np.tanh(dense(X, "left")), Z], axis=1)
    deep = np.tanh(dense(np.tanh(dense(h, "shared")), "shared"))
    scores = dense(deep, "kind")
    size = dense(h + deep, "size")
    p = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    kind_loss = (-np.log(p[np.arange(24), Y]) * rows).mean()
    size_loss = ((size - T)[:, 0] ** 2 * rows).mean()
    return {
        "loss": kind_weight * kind_loss + size_weight * size_loss,
        "kind_loss": kind_loss,
        "size_loss": size_loss,
        "kind_accuracy": (p.argmax(1) == Y).mean(),
        "size_mae": np.abs(size - T).mean(),
    }


LOSSES = ["sparse_categorical_crossentropy", "mse"]


def test_the_losses_and_metrics_of_two_outputs():
    model = two_and_two()
    model.compile("adam", LOSSES, loss_weights=[0.5, 2.0], metrics=[["accuracy"], "mae"])
    logs = model.evaluate([X, Z], [Y, T], verbose=0, return_dict=True)
    assert logs == pytest.approx(reference(model, 0.5, 2.0), rel=1e-5)
    assert list(logs) == sorted(model.metrics_names)
    assert model.metrics_names == ["loss", "kind_loss", "size_loss", "kind_accuracy", "size_mae"]
    values = [logs[name] for name in model.metrics_names]
    assert model.evaluate([X, Z], [Y, T], verbose=0) == values
    assert model.evaluate({"b": Z, "a": X}, {"size": T, "kind": Y}, verbose=0) == values
    history = model.fit([X, Z], [Y, T], validation_data=([X, Z], [Y, T]), verbose=0).history
    assert sorted(history) == sorted([*logs, *(f"val_{name}" for name in logs)])


def test_dicts_by_name_mean_the_same_as_lists():
    fastnn.utils.set_random_seed(1)
    one = two_and_two()
    one.compile("adam", LOSSES, loss_weights=[0.5, 2.0], metrics=[["accuracy"], ["mae"]])
    fastnn.utils.set_random_seed(1)
    fastnn.utils.clear_session()
    other = two_and_two()
    other.compile(
        "adam", {"size": "mse", "kind": LOSSES[0]}, {"size": 2.0, "kind": 0.5}, {"size": "mae", "kind": "accuracy"}
    )
    first = one.fit([X, Z], [Y, T], batch_size=7, epochs=2, verbose=0, validation_split=0.2)
    second = other.fit(
        {"b": Z, "a": X}, {"size": T[:, 0], "kind": Y}, batch_size=7, epochs=2, verbose=0, validation_split=0.2
    )
    assert first.history == second.history
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_gradient_of_two_outputs_is_the_sum_of_theirs():
    model = two_and_two()
    found = []
    for weights in ([1.0, 0.0], [0.0, 1.0], [0.5, 2.0]):
        model.compile("sgd", LOSSES, loss_weights=weights)
        found.append(model.gradients([X, Z], [Y, T]))
    for path, total in found[2].items():
        np.testing.assert_allclose(total, 0.5 * found[0][path] + 2.0 * found[1][path], rtol=1e-4, atol=1e-6)
    kernel = model.get_layer("left").kernel
    value, step = kernel.numpy(), 1e-2
    moved = np.zeros_like(value)
    moved[2, 1] = step
    losses = []
    for sign in (1, -1):
        kernel.assign(value + sign * moved)
        losses.append(reference(model, 0.5, 2.0)["loss"])
    assert (losses[0] - losses[1]) / (2 * step) == pytest.approx(found[2]["left/kernel"][2, 1], rel=1e-2, abs=1e-4)


def test_sample_weights_for_each_output():
    model = two_and_two()
    model.compile("adam", LOSSES)
    weight = RNG.uniform(0, 2, size=24)
    plain, both = reference(model), reference(model, rows=weight)

    def measured(sample_weight):
        return model.evaluate([X, Z], [Y, T], sample_weight=sample_weight, verbose=0, return_dict=True, batch_size=24)

    assert measured(weight)["loss"] == pytest.approx(both["loss"], rel=1e-5)
    expected = plain["kind_loss"] + both["size_loss"]
    assert measured([None, weight])["loss"] == pytest.approx(expected, rel=1e-5)
    assert measured({"size": weight})["loss"] == pytest.approx(expected, rel=1e-5)
    assert measured([np.ones(24), weight])["size_loss"] == pytest.approx(both["size_loss"], rel=1e-5)
    with pytest.raises(ValueError, match=r"sample_weight of 'size' of shape .24,., one for each row, got .23,."):
        measured({"size": weight[1:]})


def test_an_output_without_a_loss_is_left_alone():
    model = two_and_two()
    model.compile("adam", [None, "mse"])
    before = model.get_layer("kind").get_weights()
    history = model.fit([X, Z], [T], verbose=0)
    assert list(history.history) == ["loss"]
    model.fit([X, Z], {"size": T}, verbose=0)
    for old, new in zip(before, model.get_layer("kind").get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_one_batch_at_a_time():
    model = two_and_two()
    model.compile("adam", LOSSES, metrics={"kind": "accuracy"})
    logs = model.train_on_batch([X, Z], [Y, T], return_dict=True)
    assert list(logs) == ["kind_accuracy", "kind_loss", "loss", "size_loss"]
    assert len(model.test_on_batch({"a": X, "b": Z}, [Y, T])) == 4


def test_metrics_do_not_take_part_in_training():
    trained = []
    for metrics in (None, [["accuracy", "sparse_categorical_crossentropy"], ["mae", "mse"]], None):
        fastnn.utils.set_random_seed(1)
        model = two_and_two()
        model.compile("adam", LOSSES, metrics=metrics)
        model.fit([X, Z], [Y, T], batch_size=7, epochs=2, verbose=0)
        trained.append(model)
        assert "gradient of mean_absolute_error" not in model.__fastnn_training__.programs.training(
            model.__fastnn_training__.compiled
        ).trainer.plan(7)
    for model in trained[1:]:
        for one, other in zip(trained[0].get_weights(), model.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)


def test_weighted_metrics_have_names_of_their_own():
    model = two_and_two()
    model.compile("adam", LOSSES, metrics={"size": "mae"}, weighted_metrics={"size": ["mae"]})
    logs = model.evaluate([X, Z], [Y, T], verbose=0, return_dict=True, sample_weight=np.arange(24.0))
    assert list(logs) == ["kind_loss", "loss", "size_loss", "size_mae", "size_weighted_mae"]
    assert logs["size_mae"] != logs["size_weighted_mae"]


# Errors.


def test_graphs_that_cannot_be():
    a, b = Input((6,), name="a"), Input((6,), name="b")
    with pytest.raises(ValueError, match=r'disconnected: Add "add" needs the input \'b\' .* inputs \(\'a\'\); add it'):
        Model(a, Dense(2)(Add()([a, b])))
    with pytest.raises(ValueError, match=r"2 layers called 'same'; names within a model must differ"):
        Model(a, Dense(2, name="same")(Dense(3, name="same")(a)))
    with pytest.raises(ValueError, match=r"the same tensor stands twice among the inputs"):
        Model([a, a], Dense(2)(a))
    with pytest.raises(TypeError, match=r"expects outputs to be symbolic tensors, got .*call the layer on a tensor"):
        Model(a, Dense(2))
    with pytest.raises(TypeError, match=r"expects inputs and outputs, symbolic tensors such as x = Input"):
        Model(a)
    with pytest.raises(ValueError, match=r"expects at least one tensor"):
        Model(a, [])
    unused = Model([a, b], Dense(2)(a))
    assert unused.predict([X, X], verbose=0).shape == (24, 2), "an input may stay unused, as in Keras"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"loss": {"kin": "mse", "size": "mse"}}, "loss names 'kin', which is no output. Did you mean 'kind'"),
        ({"loss": ["mse"]}, "loss expects one entry for each of the outputs 'kind', 'size', got 1"),
        ({"loss": LOSSES, "loss_weights": 0.5}, "loss_weights expects a list or dict with a number for each"),
        ({"loss": LOSSES, "metrics": ["mae"]}, "metrics expects one entry for each of the outputs 'kind', 'size'"),
        ({"loss": LOSSES, "metrics": "mae"}, "metrics expects a list or dict with one entry for each"),
        ({"loss": LOSSES, "metrics": {"size": "maee"}}, "Unknown metric 'maee'"),
    ],
)
def test_compile_says_which_output(arguments, message):
    with pytest.raises(ValueError, match=message):
        two_and_two().compile("adam", **arguments)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X, [Y, T], "expects 2 arrays as x, got one ndarray; pass a list in the order of 'a', 'b'"),
        ([X], [Y, T], "expects 2 arrays as x, got 1"),
        ({"a": X}, [Y, T], "x has nothing for 'b'"),
        ({"a": X, "c": Z}, [Y, T], "x names 'c', which is no input"),
        ([X, X], [Y, T], r"expects x of 'b' of shape \(batch, 3\), got \(24, 6\)"),
        ([X, Z[:5]], [Y, T], "x of 'a' has 24 rows and x of 'b' has 5"),
        ([X, Z], [Y], "expects 2 arrays as y, got 1"),
        ([X, Z], {"kind": Y}, "y has nothing for the output 'size', which has a loss"),
        ([X, Z], [Y, T[:5]], "x has 24 rows and y of 'size' has 5"),
        ([X, Z], [Y + 9, T], "y of 'kind' holds the label"),
        ([X, Z], [Y, np.ones((24, 2))], r"mean_squared_error expects y of 'size' of shape \(batch, 1\), got \(24, 2\)"),
        ([X, Z * np.nan], [Y, T], "x of 'b' holds a NaN in row 0"),
        ([X, Z], [Y, T * np.nan], "y of 'size' holds a NaN in row 0"),
    ],
)
def test_fit_says_which_input_or_output(x, y, message):
    model = two_and_two()
    model.compile("adam", LOSSES)
    before = model.get_weights()
    with pytest.raises(ValueError, match=message):
        model.fit(x, y, verbose=0)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_class_weight_is_for_one_output():
    model = two_and_two()
    model.compile("adam", LOSSES)
    with pytest.raises(ValueError, match=r"class_weight is for models of one output"):
        model.fit([X, Z], [Y, T], class_weight={0: 2.0}, verbose=0)


# Copies, configs, summary.


def residual():
    x = Input((5, 5, 3), name="image")
    h = Conv2D(3, 3, padding="same", name="conv")(x)
    h = Activation("relu", name="relu")(Add(name="add")([x, h]))
    scale = Dense(3, activation="sigmoid", name="gate")(GlobalAveragePooling2D(keepdims=True, name="pool")(h))
    return Model(x, Dense(2, name="out")(Flatten(name="flat")(Multiply(name="scaled")([h, scale]))), name="residual")


@pytest.mark.parametrize("make", [two_and_two, residual, lambda: chain(True), lambda: chain(False)])
@pytest.mark.parametrize("copy", [clone_model, lambda m: type(m).from_config(m.get_config())])
def test_clones_compute_the_same_with_the_same_weights(make, copy):
    model = make()
    fastnn.utils.clear_session()
    other = copy(model)
    assert type(other) is type(model)
    assert other.name == model.name
    assert [layer.name for layer in other.layers] == [layer.name for layer in model.layers]
    assert not {id(v) for v in other.weights} & {id(v) for v in model.weights}
    other.set_weights(model.get_weights())
    data = [RNG.normal(size=(7, *t.shape[1:])).astype(np.float32) for t in model.inputs]
    for a, b in zip(model.layers, other.layers, strict=True):
        assert type(a) is type(b)
    first, second = (m.predict(data, verbose=0) for m in (model, other))
    for one, two in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_clone_computes_with_the_function_of_a_lambda_layer():
    def doubled(x):
        return x * 2

    start = layers.Input((3,))
    clone = fastnn.models.clone_model(fastnn.Model(start, layers.Lambda(doubled)(start)))
    assert clone(np.ones((1, 3))).tolist() == [[2.0, 2.0, 2.0]]


def test_a_model_that_was_built_by_its_data_is_cloned_with_its_shape():
    model = Sequential([Dense(3), Dense(1)])
    model(X)
    other = clone_model(model)
    other.set_weights(model.get_weights())
    np.testing.assert_array_equal(other(X), model(X))


def test_clone_function_makes_the_layers():
    def wider(layer):
        config = layer.get_config()
        if isinstance(layer, Dense) and layer.name == "a":
            config["units"] *= 2
        return type(layer).from_config(config)

    model = Sequential([Input((6,)), Dense(3, name="a"), Dense(1, name="b")])
    assert clone_model(model, clone_function=wider).layers[0].units == 6
    with pytest.raises(TypeError, match=r"clone_model expects a model"):
        clone_model(Dense(2))


def test_summary_of_a_graph_tells_what_is_connected():
    lines = []
    two_and_two().summary(print_fn=lines.append)
    assert {len(line) for line in lines if " params: " not in line} == {98}
    assert lines[1].split("  ")[-1].strip() == "" and lines[1].rstrip().endswith("Connected to")
    rows = [line.split() for line in lines if not line.startswith(("_", "="))]
    assert ["left", "(Dense)", "(None,", "5)", "35", "a[0][0]"] in rows
    at = rows.index(["both", "(Concatenate)", "(None,", "8)", "0", "left[0][0]"])
    assert rows[at + 1] == ["b[0][0]"]
    at = rows.index(["shared", "(Dense)", "(None,", "8)", "72", "both[0][0]"])
    assert rows[at + 1] == ["shared[0][0]"]
    assert ["size", "(Dense)", "(None,", "1)", "9", "sum[0][0]"] in rows


def test_summary_of_a_chain_is_65_wide():
    x = Input((6,), name="a")
    lines = []
    Model(x, Dense(3, name="d")(x)).summary(print_fn=lines.append)
    assert {len(line) for line in lines if " params: " not in line} == {65}
    assert lines[3].startswith("a (InputLayer)")


def test_an_input_layer_is_the_first_of_the_layers():
    x = Input((6,), name="a")
    model = Model(x, Dense(3)(x))
    assert isinstance(model.layers[0], InputLayer)
    assert model.input is x
    assert model.output.shape == (None, 3)


class TestArgumentsOfInputs:
    def test_a_tensor_gives_its_shape_and_type(self):
        tensor = fastnn.KerasTensor((None, 3), "int32")
        made = layers.Input(tensor=tensor)
        assert made.shape == (None, 3) and made.dtype == "int32"
        assert layers.InputLayer(input_tensor=fastnn.KerasTensor((2, 3))).batch_shape == (2, 3)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"shape": (3,), "batch_shape": (2, 3)}, "batch_shape alone"),
            ({"batch_size": 2, "batch_shape": (2, 3)}, "batch_shape alone"),
            ({"tensor": np.ones((2, 3))}, "expects input_tensor to be a symbolic tensor"),
            ({"tensor": fastnn.KerasTensor((2, 3)), "shape": (4,)}, "expects shape to be that of its input_tensor"),
            ({"tensor": fastnn.KerasTensor((2, 3)), "dtype": "int32"}, "expects dtype to be that of its input_tensor"),
        ],
    )
    def test_contradictions(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            layers.Input(**arguments)


def test_embeddings_are_built_without_a_shape_and_say_whether_they_mask():
    first = np.arange(6, dtype=np.float32).reshape(3, 2)
    layer = layers.Embedding(3, 2, weights=[first])
    np.testing.assert_array_equal(layer.embeddings.numpy(), first)
    fresh = layers.Embedding(3, 2)
    fresh.build()
    assert fresh.embeddings.shape == (3, 2) and fresh.get_build_config() is None
    assert fresh([[1, 2]]).shape == (1, 2, 2) and fresh([1]).shape == (1, 2)
    assert not fresh.supports_masking and layers.Embedding(3, 2, mask_zero=True).supports_masking


def test_the_code_of_a_lambda_runs_where_it_is_trusted():
    layer = layers.Lambda(lambda x: x * 3.0)
    with pytest.raises(ValueError, match="safe_mode=False"):
        layers.Lambda.from_config(layer.get_config())
    again = layers.Lambda.from_config(layer.get_config(), safe_mode=False)
    assert float(np.ravel(again(np.ones((1, 1), np.float32)))[0]) == 3.0
    model = Sequential([layers.Input((2,)), layer])
    assert fastnn.models.clone_model(model).predict(np.ones((1, 2)), verbose=0).tolist() == [[3.0, 3.0]]


def test_a_class_that_passes_its_arguments_on_is_made_again_from_its_config():
    class Scored(Model):
        def __init__(self, *args, threshold=0.5, **kwargs):
            super().__init__(*args, **kwargs)
            self.threshold = threshold

        def get_config(self):
            return {**super().get_config(), "threshold": self.threshold}

    x = Input((3,))
    again = Scored.from_config(Scored(inputs=x, outputs=layers.Dense(2)(x), threshold=0.25).get_config())
    assert isinstance(again, Scored) and again.threshold == 0.25 and again.output_shape == (None, 2)


def test_outputs_in_a_tuple_stay_one():
    x = Input((3,))
    model = Functional(x, (layers.Dense(1)(x), layers.Dense(2)(x)))
    again = Functional.from_config(model.get_config())
    assert isinstance(again(np.ones((1, 3))), tuple)


def _nested(outputs):
    x = layers.Input((3,))

    def dense(name, value):
        return layers.Dense(1, name=name, kernel_initializer=fastnn.initializers.Constant(value))(x)

    return fastnn.Model(x, outputs(dense))


def _of_all(y_true, y_pred):
    """Returns the sum of the mean absolute errors of all outputs."""
    pairs = zip(fastnn.tree.flatten(y_true), fastnn.tree.flatten(y_pred), strict=True)
    return sum(fastnn.losses.mean_absolute_error(true, made) for true, made in pairs)


NESTED = [
    # Outputs, losses, factors, whether y is nested too, and the logs of a step of Keras 3.15.1.
    (
        lambda d: [d("p", 0.1), {"a": d("q", 0.2), "b": d("r", 0.3)}],
        ["mse", {"a": "mae", "b": "mse"}], [1.0, {"a": 0.5, "b": 0.2}],
        {"1/a_loss": 0.380873, "1/b_loss": 0.098804, "loss": 0.531593, "p_loss": 0.321395},
    ),
    (
        lambda d: [d("p", 0.1), {"a": d("q", 0.2), "b": d("r", 0.3)}], "mse", None,
        {"1/a_loss": 0.188485, "1/b_loss": 0.098804, "loss": 0.608685, "p_loss": 0.321395},
    ),
    (
        lambda d: [d("p", 0.1), {"a": d("q", 0.2), "b": d("r", 0.3)}], ["mse", {"b": "mse"}], None,
        {"1/b_loss": 0.098804, "loss": 0.4202, "p_loss": 0.321395},
    ),
    (
        lambda d: [d("p", 0.1), {"a": d("q", 0.2), "b": d("r", 0.3)}], ["mse", _of_all], None,
        {"1_loss": 0.606097, "loss": 0.927493, "p_loss": 0.321395},
    ),
    (
        lambda d: [d("p", 0.1), d("q", 0.2)], (_of_all, ["mse", "mae"]), (0.5, [1.0, 2.0]),
        {"loss": 1.274357, "p_loss": 0.321395, "p_q_loss": 0.803058, "q_loss": 0.275716},
    ),
    (
        lambda d: {"a": d("p", 0.1), "b": d("q", 0.2)}, [_of_all, {"a": "mse", "b": "mae"}], None,
        {"a_b_loss": 0.803058, "a_loss": 0.321395, "b_loss": 0.275716, "loss": 1.400169},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("outputs", "loss", "weights", "expected"), NESTED)
def test_losses_along_the_structure_of_outputs(outputs, loss, weights, expected):
    rng = np.random.default_rng(0)
    x, y, z = (rng.random((8, n)).astype("float32") for n in (3, 1, 1))
    model = _nested(outputs)
    targets = {"p": y, "q": y, "r": z} if isinstance(loss, str) or "r" in model.output_names else {"p": y, "q": z}
    given = fastnn.tree.map_structure(lambda tensor: targets[tensor.history.layer.name], model.output)
    model.compile("sgd", loss, loss_weights=weights)
    history = model.fit(x, given, verbose=0, shuffle=False).history
    assert {name: value[0] for name, value in history.items()} == pytest.approx(expected, rel=1e-5)
    assert sorted(model.evaluate(x, given, verbose=0, return_dict=True)) == sorted(expected)


def test_metrics_and_weights_along_the_structure_of_outputs():
    rng = np.random.default_rng(0)
    x, y, z = (rng.random((8, n)).astype("float32") for n in (3, 1, 1))
    model = _nested(lambda d: {"u": d("p", 0.1), "v": [d("q", 0.1), d("r", 0.2)]})
    model.compile("sgd", "mse", metrics={"u": ["mae"], "v": [["mse"], ["mae"]]})
    logs = model.evaluate(x, {"u": y, "v": [y, z]}, verbose=0, return_dict=True)
    assert sorted(logs) == ["loss", "p_mae", "q_mse", "r_mae", "u_loss", "v/q_loss", "v/r_loss"]
    assert logs["r_mae"] == pytest.approx(0.275716, rel=1e-5)
    weights = {"u": np.arange(8.0), "v": [np.ones(8), np.arange(8.0)]}
    logs = model.evaluate(x, {"u": y, "v": [y, z]}, sample_weight=weights, verbose=0, return_dict=True)
    assert logs["u_loss"] == pytest.approx(float(np.mean(weights["u"] * (x.sum(1) * 0.1 - y[:, 0]) ** 2)), rel=1e-5)


def test_errors_about_the_structure_of_outputs():
    x, y = np.ones((2, 3)), np.ones((2, 1))
    model = _nested(lambda d: [d("p", 0.1), {"a": d("q", 0.2), "b": d("r", 0.3)}])
    with pytest.raises(ValueError, match=r"differs from it at \[1\], where it has \{'a': 'mean_abs.*', 'c': 'mean_"):
        model.compile("sgd", ["mse", {"a": "mae", "c": "mse"}])
    with pytest.raises(ValueError, match="'mean_squared_error' reads one output and stands in the place of 'q', 'r'"):
        model.compile("sgd", ["mse", "mse"])
    with pytest.raises(ValueError, match="expects a number for each of the 3 losses, got 2"):
        model.compile("sgd", ["mse", {"a": "mae", "b": "mse"}], loss_weights=[1, 2])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="y has nothing for the output 'r'"):
        model.fit(x, [y, {"a": y}], verbose=0)


def _of_dict(*names):
    ends = {name: layers.Input((3,), name=name) for name in ("a", "b")}
    return fastnn.Model({name: ends[name] for name in names}, ends["a"] - ends["b"])


def test_a_list_in_place_of_a_dict_of_inputs():
    x = np.ones((2, 3), np.float32)
    with pytest.warns(UserWarning, match=r"^The structure of `inputs` doesn't match .* expects \{'a': 'a', 'b': 'b'\}"):
        assert np.all(_of_dict("a", "b").predict([x, 2 * x], verbose=0) == -1)
    # Keras 3.15.1 refuses it too where the order of the dict is not that of its sorted keys.
    with pytest.raises(ValueError, match="it is not known which array of a list is which; give a dict with 'a', 'b'"):
        _of_dict("b", "a").predict([x, 2 * x], verbose=0)
    a, b = layers.Input((3,)), layers.Input((3,))
    with pytest.warns(UserWarning, match="structure of `inputs`"):
        fastnn.Model([[a], b], a + b)([x, x])
    assert np.all(fastnn.Model([a, b], a + b)((x, x)) == 2)  # a tuple is as good as a list


def test_an_input_spec_that_is_set_on_a_model():
    x = layers.Input((None, 3))
    model = fastnn.Model(x, layers.Dense(2)(x))
    model.compile("sgd", "mse")
    model.input_spec = fastnn.InputSpec(shape=(None, 4, 3))
    assert model(np.zeros((2, 4, 3))).shape == (2, 4, 2)
    with pytest.raises(ValueError, match=r"expects an input of shape \(None, 4, 3\), got shape \(2, 3, 3\)"):
        model(np.zeros((2, 3, 3)))
    with pytest.raises(ValueError, match=r"expects an input of shape \(None, 4, 3\), got shape \(2, 3, 3\)"):
        model.fit(np.zeros((2, 3, 3)), np.zeros((2, 3, 2)), verbose=0)
    with pytest.raises(ValueError, match=r"got shape \(None, 5, 3\)"):
        model(layers.Input((5, 3)))


@fastnn.saving.register_keras_serializable("tests")
class PlusMaybe(layers.Layer):
    def call(self, first, second=None):
        return first if second is None else first + second


def _optional():
    a, b = layers.Input((3,), name="a"), layers.Input((3,), name="b", optional=True)
    return fastnn.Model({"a": a, "b": b}, layers.Dense(1, kernel_initializer="ones")(PlusMaybe()(a, b)))


def test_an_optional_input(tmp_path):
    rng = np.random.default_rng(0)
    x, y, z = (rng.random((8, n)).astype("float32") for n in (3, 1, 3))
    model = _optional()
    # The numbers are those of Keras 3.15.1.
    for _ in range(2):
        assert float(model({"a": x, "b": None}).sum()) == pytest.approx(11.7175, rel=1e-5)
        assert float(model.predict({"a": x, "b": z}, verbose=0).sum()) == pytest.approx(23.3992, rel=1e-5)
    assert model.predict_on_batch({"a": x, "b": None}).sum() == pytest.approx(11.7175, rel=1e-5)
    model.save(tmp_path / "m.keras")
    again = fastnn.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(again({"a": x, "b": None}), model({"a": x, "b": None}))
    model.compile("sgd", "mse")
    losses = [
        model.fit({"a": x, "b": given}, y, verbose=0, shuffle=False).history["loss"][0] for given in (None, z)
    ]  # fmt: skip
    assert losses == pytest.approx([0.7732, 5.1059], abs=1e-4)
    assert model.evaluate({"a": x, "b": None}, y, verbose=0) == pytest.approx(0.5596, abs=1e-4)

    def batches():
        for step in range(4):
            yield {"a": x, "b": None if step % 2 else z}, y

    model = _optional()
    model.compile("sgd", "mse")
    assert model.fit(batches(), verbose=0).history["loss"][0] == pytest.approx(2.6678, abs=1e-4)


def test_errors_about_inputs_without_data():
    x = np.ones((2, 3), np.float32)
    with pytest.raises(ValueError, match="x of 'a' is None, and that input is not optional; give data for it, or make"):
        _optional()({"a": None, "b": x})
    with pytest.raises(ValueError, match="expects data for one of its inputs at least, got None for all"):
        a, b = layers.Input((3,), optional=True), layers.Input((3,), optional=True)
        fastnn.Model([a, b], a + b)([None, None])
    with pytest.raises(NotImplementedError, match="with training=True expects data for all inputs"):
        _optional()({"a": x, "b": None}, training=True)
    with pytest.raises(ValueError, match=r"the function .* reads an optional input that has no data"):
        a, b = layers.Input((3,)), layers.Input((3,), optional=True)
        fastnn.Model([a, b], a + b)([x, None])
    with pytest.raises(ValueError, match="an output is made of optional inputs alone, and these have no data"):
        a, b = layers.Input((3,)), layers.Input((3,), optional=True)
        fastnn.Model([a, b], [layers.Dense(2)(a), layers.Dense(2)(b)]).predict([x, None], verbose=0)
    with pytest.raises(ValueError, match=r"x is \[None\], and the input .* is not optional"):
        a = layers.Input((3,))
        fastnn.Model(a, layers.Dense(2)(a)).predict([None], verbose=0)


def test_a_last_axis_of_size_one_may_be_missing() -> None:
    """As in Keras, a functional model takes images without their single channel."""
    start = Input((4, 4, 1))
    model = Model(start, layers.Dense(2)(layers.Flatten()(start)))
    x = np.random.RandomState(0).normal(size=(3, 4, 4)).astype("float32")
    found = fastnn.function(lambda x: model(x))(x)
    np.testing.assert_array_equal(found, model(x[..., None]))
    assert model(layers.Input((4, 4))).shape == (None, 2)
