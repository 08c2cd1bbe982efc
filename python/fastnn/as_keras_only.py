"""`import fastnn.as_keras_only`: from then on `keras` means fastnn, and `tensorflow` stays what it is.

A real TensorFlow is imported after it; its `tensorflow.keras` means fastnn, and its datasets are taken by `fit`.
"""

from fastnn.aliases.install import install

install(("keras",))
