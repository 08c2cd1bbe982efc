"""`import fastnn.as_keras`: the import lines of the course notes, each in its own process."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest


def run(script):
    return subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, timeout=60)


def test_the_import_lines_of_the_notes():
    script = """
import fastnn.as_keras
from keras.models import Sequential
from keras.layers import Dense, Activation
import tensorflow as tf
from tf.keras.layers import Dense as D2
from tf.keras.optimizers import Adam
from tf.keras.metrics import categorical_crossentropy
from tensorflow.keras.optimizers import Adam as A2
from tensorflow.keras.metrics import categorical_crossentropy as c2
from tensorflow import keras
from keras import layers, regularizers
import keras.utils
import fastnn
assert Sequential is fastnn.Sequential and Dense is D2 is tf.keras.layers.Dense is layers.Dense
assert Adam is A2 is fastnn.optimizers.Adam and categorical_crossentropy is c2
assert keras.utils.to_categorical([1]).tolist() == [[0.0, 1.0]]
assert keras.callbacks.EarlyStopping is fastnn.callbacks.EarlyStopping
model = Sequential()
model.add(Dense(units=5, input_shape=(3,), kernel_regularizer=regularizers.l2(0.01)))
model.add(Activation('relu'))
tf.random.set_seed(1)
print(model.count_params())
"""
    done = run(script)
    assert done.stderr == ""
    assert done.stdout == "20\n"


@pytest.mark.parametrize("name", ["keras", "tensorflow"])
def test_a_real_keras_is_not_shadowed(name):
    done = run(f"import sys, types; sys.modules['{name}'] = types.ModuleType('{name}'); import fastnn.as_keras")
    assert done.returncode == 1
    assert f"ImportError: fastnn.as_keras: {name} is imported already" in done.stderr


def test_it_can_be_imported_twice():
    done = run(
        "import fastnn.as_keras, importlib; importlib.reload(fastnn.as_keras); import keras; print(keras.__version__)"
    )
    assert done.returncode == 0, done.stderr


def test_every_public_module_is_reached_and_is_the_same():
    script = """
import fastnn, fastnn.as_keras, importlib, pkgutil, types
from keras.optimizers.schedules import ExponentialDecay
import keras.ops.image, tensorflow.keras.random, tf.keras.layers
assert ExponentialDecay is fastnn.optimizers.schedules.ExponentialDecay
public = [name for name in fastnn.__all__ if isinstance(getattr(fastnn, name), types.ModuleType)]
assert len(public) > 15
for name in public:
    module = getattr(fastnn, name)
    spec = module.__spec__
    for root in ("keras", "tensorflow.keras", "tf.keras"):
        assert importlib.import_module(f"{root}.{name}") is module
    assert module.__spec__ is spec and spec.name == f"fastnn.{name}"
try:
    import keras.no_such_module
except ModuleNotFoundError:
    print("not found")
"""
    done = run(script)
    assert (done.stdout, done.stderr) == ("not found\n", "")


def test_without_it_keras_is_not_touched():
    done = run("import fastnn, sys; print('keras' in sys.modules, 'tqdm' in sys.modules, 'h5py' in sys.modules)")
    assert done.stdout == "False False False\n"


def test_modules_that_keras_2_had_hold_the_same_names():
    script = """
import fastnn.as_keras, fastnn
from keras.layers.normalization import BatchNormalization
from keras.layers.core import Dense, Dropout
from keras.utils.np_utils import to_categorical
from keras.preprocessing.sequence import pad_sequences
from tensorflow.keras.preprocessing.image import img_to_array
from keras.engine.topology import Layer
import keras.layers.pooling
assert BatchNormalization is fastnn.layers.BatchNormalization and Dense is fastnn.layers.Dense
assert keras.layers.pooling.MaxPooling2D is fastnn.layers.MaxPooling2D and Layer is fastnn.Layer
from fastnn.layers.normalization.batch_normalization import BatchNormalization as B2
import fastnn.layers.pooling.max_pooling
assert B2 is BatchNormalization
from keras.optimizers.schedules import ExponentialDecay
model = fastnn.Sequential([keras.Input((2,)), Dense(1), BatchNormalization()])
model.compile(keras.optimizers.SGD(ExponentialDecay(0.1, 10, 0.9)), "mse")
model.fit([[1.0, 2.0]], [[1.0]], verbose=0)
"""
    done = run(script)
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("import tensorflow.data", "ModuleNotFoundError: tensorflow.data is not there: .* give fit.. arrays"),
        ("import tensorflow as tf; tf.data", "AttributeError: tensorflow.data is not there: .*tensorflow means fastnn"),
        ("import tensorflow as tf; tf.reduce_mean", "compute with keras.ops, such as keras.ops.mean"),
        (
            "from keras.datasets import mnist",
            "ModuleNotFoundError: keras.datasets.mnist is not there: .*digits.load_data",
        ),
        ("import keras; keras.datasets.mnist", "AttributeError: keras.datasets.mnist is not .*digits.load_data"),
        (
            "from keras.preprocessing.text import Tokenizer",
            "keras.preprocessing.text is not there: .*TextVectorization",
        ),
        ("from keras.preprocessing.image import ImageDataGenerator", "image.ImageDataGenerator is not .*RandomFlip"),
        ("from tensorflow.keras.applications import VGG16", "keras.applications is not .*no pretrained models"),
        ("from keras.layers import Danse", "keras.layers.Danse is not there: .*Did you mean 'Dense'"),
        ("from keras.layers.core import Danse", "keras.layers.core.Danse is not there: .*Did you mean 'Dense'"),
        ("import keras; keras.layers.Danse", "AttributeError: keras.layers.Danse is not there: .*Did you mean 'Dense'"),
        ("from keras import Sequental", "Did you mean 'Sequential'"),
    ],
)
def test_what_is_not_there(line, said):
    done = run(f"import fastnn.as_keras\n{line}")
    assert done.returncode == 1
    assert re.search(said, done.stderr.splitlines()[-1]), done.stderr
