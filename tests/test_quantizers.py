"""Functions and classes of `fastnn.quantizers`, beside what Keras makes of the same arrays."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import fastnn
from fastnn import layers, quantizers

sys.path.insert(0, str(Path(__file__).parent / "keras"))

import quantizer_cases

RECORDED = dict(np.load(Path(__file__).parent / "keras" / "quantizers.npz"))
FOUND = quantizer_cases.results(quantizers)


def test_every_call_is_recorded():
    assert set(FOUND) == set(RECORDED)


@pytest.mark.parametrize("name", RECORDED)
def test_what_keras_makes_of_it(name):
    found, expected = FOUND[name], RECORDED[name]
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7 * (found.dtype.kind == "f"))


def test_gradients_pass_within_the_limits():
    class Rounded(layers.Layer):
        def build(self, input_shape):
            self.low = self.add_weight(shape=(), initializer=fastnn.initializers.Constant(-1.0))
            self.high = self.add_weight(shape=(), initializer=fastnn.initializers.Constant(2.0))
            self.x = self.add_weight(shape=(4,), initializer=lambda shape, dtype=None: np.array([-3.0, 0.3, 1.0, 5.0]))

        def call(self, inputs):
            return inputs + quantizers.fake_quant_with_min_max_vars(self.x, self.low, self.high, num_bits=4)

    layer = Rounded()
    model = fastnn.Sequential([fastnn.Input((4,)), layer])
    model.compile(fastnn.optimizers.SGD(1.0), lambda y, p: fastnn.ops.sum(p, axis=-1))
    model.train_on_batch(np.zeros((1, 4)), np.zeros((1, 4)))
    np.testing.assert_allclose(layer.x.numpy(), [-3.0, -0.7, 0.0, 5.0], atol=1e-6)
    assert (float(layer.low.numpy()), float(layer.high.numpy())) == (-2.0, 1.0)


def test_objects_are_described_and_found():
    made = quantizers.AbsMaxQuantizer(axis=-1, value_range=(-8, 7))
    assert made.get_config() == {"axis": (-1,), "value_range": (-8, 7), "epsilon": 1e-7, "output_dtype": "int8"}
    assert quantizers.deserialize(quantizers.serialize(made)).get_config() == made.get_config()
    assert "axis" not in quantizers.get("AbsMaxQuantizer").get_config()
    assert quantizers.get(None) is None
    config = quantizers.Int8QuantizationConfig(weight_quantizer=quantizers.AbsMaxQuantizer(axis=0))
    copy = quantizers.deserialize(quantizers.serialize(config))
    assert (copy.mode, copy.weight_quantizer.axis, copy.activation_quantizer.axis) == ("int8", (0,), None)
    assert quantizers.Int4QuantizationConfig(block_size=None).get_config()["block_size"] is None


def test_what_is_refused():
    with pytest.raises(ValueError, match="Unknown quantizer 'abs_max'"):
        quantizers.get("abs_max")
    with pytest.raises(ValueError, match="holds -128 to 127, got value_range="):
        quantizers.AbsMaxQuantizer(value_range=(-300, 300))
    with pytest.raises(TypeError, match="expects an array of int8, got int64"):
        quantizers.pack_int4(np.array([1, 2]))
    with pytest.raises(ValueError, match="'int8' or 'uint8', got 'int4'"):
        quantizers.unpack_int4(np.zeros(2, np.int8), 4, dtype="int4")
    with pytest.raises(ValueError, match="expects a matrix and block_size"):
        quantizers.abs_max_quantize_grouped_with_zero_point(np.ones(3), 2)
    with pytest.raises(ValueError, match="expects a type of float8_e4m3fn"):
        quantizers.quantize_and_dequantize(1.0, 1.0, "int8", "float32")
    with pytest.raises(ValueError, match="block_size to be positive"):
        quantizers.Int4QuantizationConfig(block_size=0)
    with pytest.raises(ValueError, match="blocks have a quantizer of their own"):
        quantizers.Int4QuantizationConfig(weight_quantizer=quantizers.AbsMaxQuantizer())
    with pytest.raises(ValueError, match=r"weight_quantizer with value_range=\(-8, 7\)"):
        quantizers.Int4QuantizationConfig(quantizers.AbsMaxQuantizer(), block_size=-1)
    with pytest.raises(NotImplementedError, match="has no mode"):
        _ = quantizers.QuantizationConfig().mode


def test_named_values_can_be_frozen():
    settings = fastnn.utils.Config(rate=0.1)
    settings.epochs = 3
    settings["seed"] = 1
    assert dict(settings) == settings.as_dict() == {"rate": 0.1, "epochs": 3, "seed": 1}
    assert "rate" in settings and len(settings) == 3 and settings.pop("seed") == 1 and settings.get("x", 7) == 7
    settings.freeze()
    for change in (
        lambda: setattr(settings, "rate", 1), lambda: settings.update(rate=1), lambda: settings.pop("rate"),
        lambda: settings.__setitem__("rate", 1), lambda: settings.__delitem__("rate"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="Config is frozen"):
            change()
    settings.unfreeze()
    with pytest.raises(AttributeError, match=r"no value 'epoch'\. Did you mean 'epochs'"):
        _ = settings.epoch
    with pytest.raises(ValueError, match="a method or attribute 'keys' of its own"):
        settings.keys = 3
