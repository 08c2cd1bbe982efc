"""Handles of the core in Python's general ways of copying: an error, or an object that works."""

from __future__ import annotations

import copy
import copyreg
import pickle

import numpy as np
import pytest

from fastnn import Input, Sequential, _core, _native, layers

CLASSES = {
    name: member
    for name, member in vars(_native).items()
    if isinstance(member, type) and member.__module__ == _native.__name__ and not issubclass(member, Exception)
}


def handles():
    """One handle of each class."""
    graph = _core.Graph()
    edge = graph.input((3,), "float32", "x")
    (loss,) = graph.add("Reduce", "mean", {"op": "mean", "axes": [0]}, [edge])
    sgd = _core.Optimizer("sgd", {"learning_rate": 0.1})
    made = [graph, sgd, _core.Trainer(graph, [(loss, 1.0, -1, False, -1)], [], [(sgd, None)])]
    made += [_core.Columns([np.zeros((2, 3), "float32")]), _core.Order(np.arange(2)), _core.Predictor(graph, [edge])]
    made += [_core.Stream(1, 0), _core.Variable("w", (2,)), _core.Peers(0, 1, 8, False, True, None)]
    return {type(one).__name__: one for one in made}


def test_every_class_is_walked_over():
    assert sorted(CLASSES) == sorted(handles())


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_an_object_is_never_without_a_value(name):
    kept = handles()[name]
    for protocol in (0, 1):
        with pytest.raises(TypeError, match=f"cannot pickle '{name}' object"):
            copyreg._reduce_ex(kept, protocol)
    with pytest.raises(TypeError, match="is not safe"):
        object.__new__(type(kept))
    for make in (copyreg.__newobj__, lambda cls: cls.__new__(cls)):
        if name == "Graph":  # its constructor takes nothing, so what is made is an empty graph
            assert make(type(kept)).input((3,), "float32", "x") == 0
        else:
            with pytest.raises(TypeError, match="incompatible constructor arguments"):
                make(type(kept))
    with pytest.raises(TypeError, match="not an acceptable base type"):
        type("Mine", (type(kept),), {})
    if name not in ("Stream", "Variable"):  # which are registered with copyreg
        for way in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError, match=f"cannot copy or pickle a {name} of the core by itself"):
                way(kept)


def test_a_constructor_runs_once():
    variable = _core.Variable("w", (2,))
    variable.__init__("other", (3, 3))
    assert (variable.path, tuple(variable.shape)) == ("w", (2,))


def test_models_are_copied_as_before():
    model = Sequential([Input((2,)), layers.Dense(1)])
    model.compile("adam", "mse")
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(np.ones((1, 2)), verbose=0), model.predict(np.ones((1, 2)), verbose=0))
