"""
Tabular data from a frame
=========================

Columns of categories become embeddings, columns of numbers are normalized.

Needs pandas. A frame of polars or a table of pyarrow works alike.
"""

import numpy as np
import pandas as pd

import fastnn
from fastnn.layers import Concatenate, Dense, Embedding, Input, Normalization, StringLookup

CITIES = ["Basel", "Bern", "Chur", "Geneva", "Zurich"]
PRICES = np.array([9.0, 8.0, 5.0, 12.0, 14.0])  # a square metre, in thousands

# Flats with their prices; some have no known year of construction.
rng = np.random.default_rng(3)
count = 2000
city = rng.integers(0, len(CITIES), count)
area = rng.uniform(30, 200, count)
balcony = rng.random(count) < 0.5
frame = pd.DataFrame(
    {
        "city": np.array(CITIES)[city],
        "area": area,
        "balcony": balcony,
        "year": pd.array(rng.integers(1950, 2025, count), dtype="Int64"),
    }
)
frame.loc[::10, "year"] = pd.NA
price = PRICES[city] * area / 1000 + 0.05 * balcony + rng.normal(0, 0.02, count)

# A text or a missing value would be refused by the name of its column. Words become integers here, missing years the
# median, with a column that says so.
words = StringLookup(vocabulary=CITIES)
frame["city"] = words(frame["city"].to_numpy(dtype=str))
frame["year_known"] = frame["year"].notna()
frame["year"] = frame["year"].fillna(int(frame["year"].median()))

numbers = frame[["area", "balcony", "year", "year_known"]]  # floats, booleans and integers: no conversion is needed
normalize = Normalization()
normalize.adapt(numbers.to_numpy(dtype="float32"))

of_city, of_numbers = Input((), dtype="int32", name="city"), Input((4,), name="numbers")
vector = Embedding(len(CITIES) + 1, 4)(of_city)
hidden = Dense(32, activation="relu")(Concatenate()([vector, normalize(of_numbers)]))
model = fastnn.Model([of_city, of_numbers], Dense(1)(Dense(32, activation="relu")(hidden)))
model.compile("adam", "mse", metrics=["mae"])

data = {"city": frame["city"], "numbers": numbers}
model.fit(data, price, epochs=60, validation_split=0.2, verbose=0)
_, error = model.evaluate(data, price, verbose=0)
print(f"mean error of a price: {error:.3f} million, where prices vary by {price.std():.3f}")
assert error < price.std() / 5
