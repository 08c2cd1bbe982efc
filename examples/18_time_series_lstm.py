"""A time series: an LSTM reads the last values and foretells the next ones, better than saying "as it is now".

The series is that of Mackey and Glass (Science, 1977), who describe how the number of blood cells rises and falls: a
delayed feedback, chaotic for a delay of 17.
"""

import numpy as np

import fastnn
from fastnn.callbacks import EarlyStopping
from fastnn.layers import LSTM, Dense, Input
from fastnn.models import Sequential


def mackey_glass(count, delay=17, steps=10):
    """x' = 0.2 x(t - delay) / (1 + x(t - delay)^10) - 0.1 x, in small steps of Euler's; every unit of time a value."""
    x = np.full((delay + count) * steps, 1.2)
    for t in range(delay * steps, len(x)):
        late = x[t - delay * steps]
        x[t] = x[t - 1] + (0.2 * late / (1 + late**10) - 0.1 * x[t - 1]) / steps
    return x[delay * steps :: steps]


WINDOW, AHEAD = 24, 6
series = mackey_glass(2000)[200:]
series = (series - series.mean()) / series.std()
windows = np.lib.stride_tricks.sliding_window_view(series, WINDOW + AHEAD)
x, y = windows[:, :WINDOW, None], windows[:, -1]
cut = 1300  # what comes later is for the test, with a gap, so that no value is in both
x_train, y_train, x_test, y_test = x[:cut], y[:cut], x[cut + WINDOW + AHEAD :], y[cut + WINDOW + AHEAD :]

fastnn.utils.set_random_seed(1)
model = Sequential([Input((WINDOW, 1)), LSTM(32), Dense(1)])
model.compile("adam", loss="mse")
model.summary()
model.fit(
    x_train,
    y_train,
    batch_size=32,
    epochs=30,
    validation_split=0.1,
    callbacks=[EarlyStopping(patience=5, restore_best_weights=True)],
    verbose=2,
)

found = model.predict(x_test, verbose=0)[:, 0]
error = np.sqrt(np.mean((found - y_test) ** 2))
naive = np.sqrt(np.mean((x_test[:, -1, 0] - y_test) ** 2))
print(f"{AHEAD} steps ahead: the LSTM errs by {error:.3f}, 'as it is now' by {naive:.3f} standard deviations")
assert error < naive / 4
