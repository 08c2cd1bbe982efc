"""`import fastnn.as_keras_only`: from then on `keras` means fastnn, and `tensorflow` stays what it is."""

from fastnn.aliases.install import install

install(("keras",))
