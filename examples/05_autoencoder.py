"""An autoencoder: learns without labels to reproduce an image through a narrow hidden layer."""

import numpy as np

import fastnn
from fastnn import datasets
from fastnn.layers import Dense, Flatten, Input, Reshape
from fastnn.models import Model, Sequential

fastnn.utils.set_random_seed(1)
(x, _), (x_test, _) = datasets.digits.load_data()
x, x_test = x / 16, x_test / 16

model = Sequential(
    [
        Input((8, 8)),
        Flatten(),
        Dense(40, activation="relu"),
        Dense(8, activation="relu", name="code"),
        Dense(40, activation="relu"),
        Dense(64, activation="sigmoid"),
        Reshape((8, 8)),
    ]
)
model.compile("adam", loss="mse")
model.fit(x, x, batch_size=16, epochs=40, verbose=0)

# Both halves are separate models that share the weights.
encoder = Model(model.inputs, model.get_layer("code").output)
decoder = Model(model.get_layer("code").output, model.outputs)
code = encoder.predict(x_test, verbose=0)
again = decoder.predict(code, verbose=0)
assert np.array_equal(again, model.predict(x_test, verbose=0))
error = ((again - x_test) ** 2).mean()
spread = ((x.mean(axis=0) - x_test) ** 2).mean()
print(f"{x_test[0].size} pixels become {code.shape[1]} numbers and pixels again")
print(f"mean squared error {error:.4f}; of the mean image {spread:.4f}")
assert error < 0.5 * spread

for image in (x_test[0], again[0]):
    print()
    for row in image:
        print("".join(" .:-=+*#%@"[min(9, int(v * 10))] * 2 for v in row))
assert np.isfinite(again).all()
