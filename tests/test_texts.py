"""Models whose inputs are texts: what reads them runs before the graph, in training, prediction and files."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import layers

TEXTS = np.array(["a b c", "b c", "c c d", "a", "d e", "e e a"])
LABELS = np.array([0, 1, 0, 1, 0, 1])


def vectorizer(**arguments: Any) -> layers.TextVectorization:
    layer = layers.TextVectorization(**arguments)
    layer.adapt(TEXTS)
    return layer


def chain(begin: Any) -> fastnn.Sequential:
    fastnn.utils.set_random_seed(1)
    model = fastnn.Sequential(
        [*begin, layers.Embedding(9, 3), layers.GlobalAveragePooling1D(), layers.Dense(2, activation="softmax")]
    )
    model.compile(fastnn.optimizers.SGD(0.5), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def test_a_chain_is_trained_on_texts_as_on_their_integers():
    read = vectorizer(output_sequence_length=4)
    whole, plain = chain([fastnn.Input((1,), dtype="string"), read]), chain([fastnn.Input((4,), dtype="int32")])
    plain.set_weights(whole.get_weights())
    histories = [
        model.fit(x, LABELS, epochs=2, batch_size=2, shuffle=False, verbose=0, validation_split=0.34).history
        for model, x in ((whole, TEXTS), (plain, read(TEXTS)))
    ]
    assert histories[0] == histories[1]
    expected = plain.predict(read(TEXTS), verbose=0)
    for found in (
        whole.predict(TEXTS, verbose=0), whole.predict(TEXTS[:, None].astype(object), batch_size=4, verbose=0),
        whole(TEXTS), whole.predict_on_batch(list(TEXTS)),
    ):  # fmt: skip
        np.testing.assert_array_equal(found, expected)
    assert whole.evaluate(TEXTS, LABELS, verbose=0) == plain.evaluate(read(TEXTS), LABELS, verbose=0)
    assert whole.train_on_batch(TEXTS, LABELS) == plain.train_on_batch(read(TEXTS), LABELS)
    np.testing.assert_array_equal(whole(TEXTS, training=True), plain(read(TEXTS), training=True))


def test_batches_of_a_generator_are_texts():
    model = chain([vectorizer(output_sequence_length=4)])

    def batches():
        for i in range(3):
            yield TEXTS[2 * i : 2 * i + 2], LABELS[2 * i : 2 * i + 2]

    model.fit(batches(), epochs=1, verbose=0)
    assert model.predict(TEXTS, verbose=0).shape == (6, 2)


@pytest.mark.parametrize("arguments", [{}, {"output_mode": "multi_hot"}, {"output_mode": "tf_idf"}])
def test_the_first_data_build_a_chain_and_lengths_may_differ(arguments):
    read = vectorizer(**arguments)
    after = [layers.Embedding(9, 3), layers.GlobalMaxPooling1D()] if not arguments else []
    model = fastnn.Sequential([read, *after, layers.Dense(2)])
    whole = model.predict(TEXTS, verbose=0)
    # Shorter texts alone are padded less, with a row of the embedding that counts.
    row = 3 if arguments else 0
    np.testing.assert_allclose(model.predict(TEXTS[row : row + 1], verbose=0), whole[[row]], rtol=1e-5, atol=1e-6)
    assert model.predict(TEXTS[3:4], verbose=0).shape == (1, 2)


def features() -> tuple[Any, dict[str, Any]]:
    fastnn.utils.set_random_seed(2)
    city, key = fastnn.Input((1,), dtype="string", name="city"), fastnn.Input((), dtype="string", name="key")
    size, zone = fastnn.Input((2,), name="size"), fastnn.Input((1,), dtype="int64", name="zone")
    joined = layers.Concatenate()(
        [
            layers.StringLookup(vocabulary=["x", "y"], output_mode="one_hot")(city),
            size,
            layers.Hashing(5, output_mode="one_hot")(key),
            layers.HashedCrossing(7, output_mode="one_hot")([city, zone]),
        ]
    )
    model = fastnn.Model({"city": city, "size": size, "key": key, "zone": zone}, layers.Dense(1)(joined))
    data = {
        "zone": np.array([[2**40], [1], [2]]), "key": np.array(["u", "v", "w"]), "size": np.ones((3, 2)),
        "city": np.array(["x", "y", "q"]),
    }  # fmt: skip
    return model, data


def test_several_inputs_of_texts_and_numbers():
    model, data = features()
    table = np.concatenate(
        [
            layers.StringLookup(vocabulary=["x", "y"], output_mode="one_hot")(data["city"]),
            data["size"],
            layers.Hashing(5, output_mode="one_hot")(data["key"]),
            layers.HashedCrossing(7, output_mode="one_hot")([data["city"][:, None], data["zone"]]),
        ],
        axis=1,
    )
    kernel, bias = model.layers[-1].get_weights()
    np.testing.assert_allclose(model.predict(data, verbose=0), table @ kernel + bias, rtol=1e-5)
    np.testing.assert_array_equal(model(data), model.predict(data, verbose=0))
    model.compile("sgd", "mse")
    model.fit(data, np.ones(3), verbose=0)
    assert model.input_names == ["city", "key", "size", "zone"] or set(model.input_names) == set(data)
    assert model.input_shape == {"city": (None, 1), "size": (None, 2), "key": (None,), "zone": (None, 1)}


def test_files_and_copies_read_the_same_texts(tmp_path):
    for model, data in (features(), (chain([fastnn.Input((1,), dtype="string"), vectorizer()]), TEXTS)):
        expected = model.predict(data, verbose=0)
        model.save(tmp_path / "model.keras")
        read = fastnn.saving.load_model(tmp_path / "model.keras")
        np.testing.assert_array_equal(read.predict(data, verbose=0), expected)
        copy = fastnn.models.clone_model(model)
        copy.set_weights(model.get_weights())
        np.testing.assert_array_equal(copy.predict(data, verbose=0), expected)


def test_what_is_refused():
    text = fastnn.Input((1,), dtype="string", name="words")
    with pytest.raises(TypeError, match=r"Dense .* computes with numbers and got the texts of 'words'; turn them"):
        layers.Dense(2)(text)
    with pytest.raises(TypeError, match=r"TextVectorization .* reads texts, and 'x' is of float32; make it by Input"):
        vectorizer()(fastnn.Input((1,), name="x"))
    with pytest.raises(TypeError, match="works on texts and integers as they are given to a model"):
        layers.Hashing(3)(layers.Dense(1)(fastnn.Input((1,))))
    with pytest.raises(TypeError, match="returns strings, with which no model computes"):
        layers.StringLookup(vocabulary=["a"], invert=True)(text)
    with pytest.raises(ValueError, match="the texts of 'words' are an output"):
        fastnn.Model(text, text)
    model = chain([fastnn.Input((1,), dtype="string"), vectorizer(output_sequence_length=4)])
    with pytest.raises(TypeError, match="takes texts, got an array of float64"):
        model.predict(np.ones(3), verbose=0)
    with pytest.raises(ValueError, match=r"expects texts of shape \(None, 1\) at 'input_layer.*', got \(3, 2\)"):
        model.predict(np.full((3, 2), "a"), verbose=0)
    with pytest.raises((ValueError, TypeError), match="reads texts"):
        model.export("nowhere.onnx", format="onnx")
