"""
Texts
=====

Words become integers, integers vectors, vectors a class. Is a guest happy with a hotel, or not?

The reviews are combinations of phrases; those of the test are new combinations.
"""

import numpy as np

import fastnn
from fastnn.layers import LSTM, Dense, Embedding, GlobalAveragePooling1D, Input, TextVectorization
from fastnn.models import Sequential
from fastnn.optimizers import Adam

THINGS = ["the room", "our bed", "the breakfast", "the staff", "the view", "the bathroom", "dinner", "the pool"]
GOOD = ["lovely", "clean and quiet", "excellent", "better than expected", "a delight", "friendly", "spotless"]
BAD = ["dirty", "noisy and cold", "terrible", "worse than expected", "a disappointment", "rude", "broken"]
FRAMES = ["{} was {}.", "We found {} {}!", "I must say that {} was {}.", "For us, {} was really {}."]


def review(rng, happy):
    """Returns a review of one to three sentences."""
    opinions = GOOD if happy else BAD
    parts = [FRAMES[rng.integers(4)].format(*map(rng.choice, (THINGS, opinions))) for _ in range(rng.integers(1, 4))]
    return " ".join(parts)


rng = np.random.default_rng(1)
labels = rng.integers(0, 2, size=700)
texts = np.array([review(rng, happy) for happy in labels])
new = ~np.isin(texts, texts[:500])  # a short review may occur twice; then it is not used for the test
new[:500] = False
train, y_train, test, y_test = texts[:500], labels[:500], texts[new], labels[new]

# The vocabulary is learned from the training texts; 0 pads the shorter ones, 1 is an unknown word.
words = TextVectorization(max_tokens=200, output_sequence_length=24)
words.adapt(train)
x_train, x_test = words(train), words(test)
print(f"{str(train[0])!r} becomes {x_train[0]}")
assert x_train.shape == (500, 24)


def classifier(name, middle, mask_zero):
    fastnn.utils.set_random_seed(1)
    model = Sequential(
        [
            Input((None,), dtype="int32"),
            Embedding(words.vocabulary_size(), 16, mask_zero=mask_zero),
            middle,
            Dense(1, activation="sigmoid"),
        ],
        name=name,
    )
    model.compile(Adam(learning_rate=0.01), loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=16, epochs=8, validation_split=0.1, verbose=2)
    accuracy = model.evaluate(x_test, y_test, verbose=0)[1]
    print(f"{name}: {accuracy:.1%} of {len(test)} new reviews classified correctly")
    assert accuracy > 0.95
    return model


mean_of_words = classifier("mean_of_words", GlobalAveragePooling1D(), mask_zero=False)
in_order = classifier("in_order", LSTM(16), mask_zero=True)
mean_of_words.summary()

# With mask_zero the LSTM skips the padding: more of it changes nothing.
short = words(["The staff was friendly!"])
longer = np.pad(short, ((0, 0), (0, 10)))
assert np.array_equal(in_order.predict(longer, verbose=0), in_order.predict(short, verbose=0))

for text in ["The bathroom was spotless, and the breakfast a delight.", "Rude staff, broken shower, noisy and cold."]:
    chance = mean_of_words.predict(words([text]), verbose=0)[0, 0]
    print(f"{chance:.0%} happy: {text}")
