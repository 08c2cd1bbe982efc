"""Arguments of constructors: each is written once, is an attribute, and is told by `get_config` and `repr`."""

import inspect
import pkgutil

import numpy as np
import pytest

import fastnn
from fastnn import layers, losses
from fastnn.configurable import Configurable, argument_names

POLICY = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": None}


def public_classes():
    """All classes with a recorded constructor that stand in a public module."""
    found = {}
    for module in pkgutil.walk_packages(fastnn.__path__, "fastnn."):
        # Changes what `keras` means in the whole process.
        if module.name.startswith(("fastnn.as_keras", "fastnn.shims")):
            continue
        if "_core" in module.name or module.name.split(".")[1].startswith("_") or "cpu" in module.name:
            continue
        for name, one in vars(__import__(module.name, fromlist=["_"])).items():
            if inspect.isclass(one) and issubclass(one, Configurable) and not name.startswith("_"):
                found[one.__qualname__] = one
    return [found[name] for name in sorted(found)]


def declared(cls):
    """Names that a class or one of its bases declares, by an annotation or a property."""
    names = set()
    for base in cls.__mro__:
        names |= set(inspect.get_annotations(base)) | {
            name for name, value in vars(base).items() if hasattr(value, "__get__") and not callable(value)
        }
    return names


@pytest.mark.parametrize("cls", public_classes(), ids=lambda cls: cls.__name__)
def test_every_argument_is_declared(cls):
    if issubclass(cls, fastnn.Model):
        return  # a model stores no arguments
    parameters = [p for p in inspect.signature(cls.__init__).parameters.values() if p.name != "self"]
    named = {p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}
    missing = named - declared(cls) - ACCEPTED
    assert not missing, f"{cls.__name__} declares no attribute for {sorted(missing)}"


ACCEPTED = {"dtype"}
"""Arguments that are accepted for Keras compatibility by classes that do not store them."""


class Scale(layers.Layer):
    def __init__(self, units, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def call(self, inputs):
        return inputs * self.units


class Guided(Scale):
    """As Keras' guide writes it."""

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class GuidedByDict(Scale):
    def get_config(self):
        return dict(units=self.units, **super().get_config())


class WiderDense(layers.Dense):
    def __init__(self, units, factor=2, **kwargs):
        super().__init__(units * factor, **kwargs)
        self.factor = factor

    def get_config(self):
        config = super().get_config()
        return {**config, "units": self.units // self.factor, "factor": self.factor}


def test_config_of_a_users_class_without_one_of_its_own():
    assert Scale(3, name="s").get_config() == {
        "name": "s", "trainable": True, "dtype": POLICY, "units": 3, "activation": None,
    }  # fmt: skip


@pytest.mark.parametrize("cls", [Guided, GuidedByDict])
def test_config_as_in_the_guide(cls):
    layer = cls(3, name="s")
    assert layer.get_config() == {"name": "s", "trainable": True, "dtype": POLICY, "units": 3}
    again = cls.from_config(layer.get_config())
    assert again.units == 3 and again.name == "s"
    np.testing.assert_array_equal(again(np.ones((1, 2))), 3.0)


def test_config_of_a_users_class_on_a_layer():
    layer = WiderDense(4, factor=3, activation="relu", name="w")
    again = WiderDense.from_config(layer.get_config())
    assert again.units == 12 and again.factor == 3 and again.get_config() == layer.get_config()


def test_arguments_that_are_stored():
    assert argument_names(layers.Dense(3))[:2] == ("units", "activation")
    assert "weights" not in argument_names(layers.Embedding(3, 2))
    assert "dtype" not in argument_names(losses.MeanSquaredError())
    assert repr(layers.Conv2D(8, 3, name="c")) == "Conv2D(name='c', filters=8, kernel_size=(3, 3))"
