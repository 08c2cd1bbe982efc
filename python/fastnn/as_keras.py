"""`import fastnn.as_keras`: from then on `keras` and `tensorflow.keras` mean fastnn.

Scripts written for Keras run with their own import lines: `from keras.layers import Dense`, `import tensorflow as tf`,
`from tensorflow.keras.optimizers import Adam`. Import it before them. A real Keras or TensorFlow that was imported
earlier is never shadowed; `import fastnn.as_keras_only` shadows Keras alone.

Of TensorFlow there is what prepares data: `tensorflow.data`, `tensorflow.image`, `tensorflow.io`, `tensorflow.strings`,
and the functions that are called in `Dataset.map`; and what steps of one's own need: `tensorflow.GradientTape`,
`tensorflow.function` and the functions that compute. What is not there is an error that says so, and what to write.

`python -m fastnn.as_keras script.py` runs a script without this line, and the processes that it starts.
"""

from __future__ import annotations

import sys

from fastnn.aliases.command import main
from fastnn.aliases.install import install

if __name__ == "__main__":
    main(sys.argv[1:])
else:
    install()
