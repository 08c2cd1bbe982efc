"""Vocabularies of many words: made, adapted, saved and loaded in time that is linear in them."""

from __future__ import annotations

import time

import numpy as np
import pytest

import fastnn
from fastnn import layers, saving


def words(count):
    return [f"word{i}" for i in range(count)]


def texts(count):
    known = words(count)
    return [" ".join(known[i : i + 10]) for i in range(0, count, 10)]


def adapted(layer, data):
    layer.adapt(data)
    return layer


LAYERS = {
    "strings": lambda n: layers.StringLookup(vocabulary=words(n)),
    "strings adapted": lambda n: adapted(layers.StringLookup(), np.array(words(n))),
    "integers": lambda n: layers.IntegerLookup(vocabulary=np.arange(10, n + 10)),
    "integers adapted": lambda n: adapted(layers.IntegerLookup(), np.arange(n)),
    "texts": lambda n: layers.TextVectorization(vocabulary=words(n), output_sequence_length=3),
    "texts adapted": lambda n: adapted(layers.TextVectorization(output_sequence_length=3), texts(n)),
}
INPUTS = {"s": np.array(["word7", "word3", "none"]), "i": np.array([17, 13, -1]), "t": ["word7 word3 none"]}


def check(path, kind, count, seconds):
    """Makes, saves and loads a layer of a vocabulary; each must take less than some seconds of the processor."""
    begin = time.process_time()
    layer = LAYERS[kind](count)
    assert layer.vocabulary_size() in (count + 1, count + 2)
    made = time.process_time()
    fastnn.Sequential([layer]).save(path / "m.keras")
    written = time.process_time()
    loaded = saving.load_model(path / "m.keras").layers[0]
    end = time.process_time()
    assert max(made - begin, written - made, end - written) < seconds
    assert loaded.get_vocabulary() == layer.get_vocabulary()
    found = np.asarray(layer(INPUTS[kind[0]]))
    np.testing.assert_array_equal(np.asarray(loaded(INPUTS[kind[0]])), found)
    assert (found > 1).sum() == 2 and (found == 1).sum() + (found == 0).sum() == 1


@pytest.mark.parametrize("kind", LAYERS)
def test_words_are_not_looked_at_one_by_one(tmp_path, kind):
    """Saving 40,000 words took more than half a second."""
    check(tmp_path, kind, 40_000, 0.5)


@pytest.mark.slow
@pytest.mark.parametrize("kind", LAYERS)
def test_a_million_words(tmp_path, kind):
    check(tmp_path, kind, 1_000_000, 10)


def test_lists_in_configs_are_copies():
    """What a config holds may be changed without harm."""
    layer = layers.StringLookup(vocabulary=["a", "b"])
    layer.get_config()["vocabulary"] *= 2
    assert layer.vocabulary_size() == 3
    config = {"sizes": [1, 2], "names": ("a", None), "mixed": [1, [2, "b"]]}
    described = saving.serialize_keras_object(config)
    read = saving.deserialize_keras_object(described)
    assert described == read == config
    described["sizes"].append(3)
    read["sizes"].append(4)
    assert config["sizes"] == [1, 2]
