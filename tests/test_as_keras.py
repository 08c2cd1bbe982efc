"""`import fastnn.as_keras`: the import lines of scripts, what is not there, worker processes, and other packages."""

# ruff: noqa: E501 - lines as users write them

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

LINES = """
import keras; keras.Sequential is fastnn.Sequential
import keras.layers; keras.layers is fastnn.layers
import keras.layers as L; L is fastnn.layers
import keras.backend as K; K is fastnn.backend
import keras.ops as ops; ops is fastnn.ops
import keras.utils; keras.utils.to_categorical is fastnn.utils.to_categorical
import keras.utils as U; U is fastnn.utils
import keras.optimizers; keras.optimizers is fastnn.optimizers
import tensorflow as tf; tf.keras.layers is fastnn.layers
import tensorflow.keras as tk; tk.layers is fastnn.layers
import tensorflow.keras.layers as L; L is fastnn.layers
import tensorflow.keras.backend as K; K is fastnn.backend
import tensorflow.data; tensorflow.data.Dataset is Dataset
import tensorflow.keras.utils as U; U is fastnn.utils
import tensorflow.image as image; image is stand_in.image
import tensorflow.python.keras.backend as K; K is fastnn.backend
from keras import layers; layers is fastnn.layers
from keras import backend as K; K is fastnn.backend
from keras import Input, Model, Sequential; Model is fastnn.Model
from keras import layers, models, optimizers, regularizers, utils; models is fastnn.models
from keras import ops, random, tree; random is fastnn.random
from keras.activations import relu; relu is fastnn.activations.relu
from keras.backend import mean; mean is fastnn.ops.mean
from keras.callbacks import EarlyStopping, ModelCheckpoint; EarlyStopping is fastnn.callbacks.EarlyStopping
from keras.constraints import MaxNorm; MaxNorm is fastnn.constraints.MaxNorm
from keras.datasets import digits; digits is fastnn.datasets.digits
from keras.engine import Layer; Layer is fastnn.Layer
from keras.engine.base_layer import Layer; Layer is fastnn.Layer
from keras.engine.topology import Input; Input is fastnn.Input
from keras.engine.training import Model; Model is fastnn.Model
from keras.initializers import RandomNormal; RandomNormal is fastnn.initializers.RandomNormal
from keras.initializers.initializers_v2 import Zeros; Zeros is fastnn.initializers.Zeros
from keras.layers import Dense, Dropout; Dense is fastnn.layers.Dense
from keras.layers.advanced_activations import LeakyReLU; LeakyReLU is fastnn.layers.LeakyReLU
from keras.layers.convolutional import Conv2D, MaxPooling2D; Conv2D is fastnn.layers.Conv2D
from keras.layers.core import Dense, Activation, Flatten; Dense is fastnn.layers.Dense
from keras.layers.embeddings import Embedding; Embedding is fastnn.layers.Embedding
from keras.layers.experimental.preprocessing import Rescaling; Rescaling is fastnn.layers.Rescaling
from keras.layers.merge import Concatenate, concatenate; Concatenate is fastnn.layers.Concatenate
from keras.layers.noise import GaussianNoise; GaussianNoise is fastnn.layers.GaussianNoise
from keras.layers.normalization import BatchNormalization; BatchNormalization is fastnn.layers.BatchNormalization
from keras.layers.pooling import GlobalAveragePooling2D; GlobalAveragePooling2D is fastnn.layers.GlobalAveragePooling2D
from keras.layers.preprocessing import RandomFlip; RandomFlip is fastnn.layers.RandomFlip
from keras.layers.recurrent import LSTM, GRU; LSTM is fastnn.layers.LSTM
from keras.layers.wrappers import TimeDistributed, Bidirectional; Bidirectional is fastnn.layers.Bidirectional
from keras.losses import MeanSquaredError; MeanSquaredError is fastnn.losses.MeanSquaredError
from keras.metrics import MeanAbsoluteError; MeanAbsoluteError is fastnn.metrics.MeanAbsoluteError
from keras.models import Model, Sequential, load_model; Model is fastnn.Model
from keras.optimizers import SGD, Adam; Adam is fastnn.optimizers.Adam
from keras.optimizers.legacy import Adam; Adam is fastnn.optimizers.Adam
from keras.optimizers.schedules import ExponentialDecay; ExponentialDecay is fastnn.optimizers.schedules.ExponentialDecay
from keras.optimizer_v2.adam import Adam; Adam is fastnn.optimizers.Adam
from keras.preprocessing import image; image is fastnn.preprocessing.image
from keras.preprocessing import sequence, text; text is fastnn.preprocessing.text
from keras.preprocessing.image import ImageDataGenerator; ImageDataGenerator is fastnn.preprocessing.image.ImageDataGenerator
from keras.preprocessing.image import img_to_array, load_img; load_img is fastnn.utils.load_img
from keras.preprocessing.sequence import pad_sequences; pad_sequences is fastnn.utils.pad_sequences
from keras.preprocessing.text import Tokenizer, one_hot; Tokenizer is fastnn.preprocessing.text.Tokenizer
from keras.regularizers import l2; l2 is fastnn.regularizers.l2
from keras.saving import register_keras_serializable; register_keras_serializable is fastnn.saving.register_keras_serializable
from keras.utils import np_utils; np_utils.to_categorical is fastnn.utils.to_categorical
from keras.utils import to_categorical, set_random_seed; set_random_seed is fastnn.utils.set_random_seed
from keras.utils.generic_utils import get_custom_objects; get_custom_objects is fastnn.utils.get_custom_objects
from keras.src.layers import Dense; Dense is fastnn.layers.Dense
from keras.src.saving.saving_lib import load_model, save_model; save_model is fastnn.saving.save_model
from keras.applications.efficientnet import EfficientNetB0; EfficientNetB0 is fastnn.applications.EfficientNetB0
from keras.utils.np_utils import to_categorical; to_categorical is fastnn.utils.to_categorical
from tensorflow import keras; keras.layers is fastnn.layers
from tensorflow.data import AUTOTUNE, Dataset as D; D is Dataset
from tensorflow.keras import layers, models; layers is fastnn.layers
from tensorflow.keras import Model, Input, Sequential; Model is fastnn.Model
from tensorflow.keras.callbacks import Callback; Callback is fastnn.callbacks.Callback
from tensorflow.keras.layers import *; Dense is fastnn.layers.Dense
from tensorflow.keras.layers import Dense, Conv2D; Dense is fastnn.layers.Dense
from tensorflow.keras.layers.experimental.preprocessing import RandomFlip; RandomFlip is fastnn.layers.RandomFlip
from tensorflow.keras.losses import categorical_crossentropy; categorical_crossentropy is fastnn.losses.categorical_crossentropy
from tensorflow.keras.models import Sequential, load_model; Sequential is fastnn.Sequential
from tensorflow.keras.optimizers import Adam; Adam is fastnn.optimizers.Adam
from tensorflow.keras.optimizers.legacy import SGD; SGD is fastnn.optimizers.SGD
from tensorflow.keras.preprocessing import image_dataset_from_directory as f; f is fastnn.utils.image_dataset_from_directory
from tensorflow.keras.preprocessing.image import ImageDataGenerator as G; G is fastnn.preprocessing.image.ImageDataGenerator
from tensorflow.keras.preprocessing.sequence import TimeseriesGenerator as G; G is fastnn.preprocessing.sequence.TimeseriesGenerator
from tensorflow.keras.preprocessing.text import Tokenizer; Tokenizer is fastnn.preprocessing.text.Tokenizer
from tensorflow.keras.regularizers import l1_l2; l1_l2 is fastnn.regularizers.l1_l2
from tensorflow.keras.utils import to_categorical; to_categorical is fastnn.utils.to_categorical
from tensorflow.python.keras.layers import Dense; Dense is fastnn.layers.Dense
from tensorflow.python.keras.models import Sequential; Sequential is fastnn.Sequential
from tensorflow.python.keras.utils.np_utils import to_categorical as t; t is fastnn.utils.to_categorical
from tf.keras.layers import Dense; Dense is fastnn.layers.Dense
import keras; keras.utils.np_utils.to_categorical is fastnn.utils.to_categorical
import keras; keras.layers.convolutional.Conv2D is fastnn.layers.Conv2D
import keras; keras.layers.core.Dense is fastnn.layers.Dense
import tensorflow as tf; tf.keras.layers.experimental.preprocessing.Rescaling is fastnn.layers.Rescaling
import tensorflow as tf; tf.keras.optimizers.legacy.Adam is fastnn.optimizers.Adam
import tensorflow as tf; tf.keras.preprocessing.image.ImageDataGenerator is fastnn.preprocessing.image.ImageDataGenerator
import tensorflow as tf; tf.keras.utils.image_dataset_from_directory is fastnn.utils.image_dataset_from_directory
import tensorflow as tf; tf.keras.backend.clear_session is fastnn.utils.clear_session
import tensorflow as tf; tf.data.Dataset is Dataset and tf.data.experimental.AUTOTUNE == tf.data.AUTOTUNE
import tensorflow as tf; tf.config.list_physical_devices("GPU") == []
import tensorflow as tf; tf.random.set_seed(1) is None
""".strip().splitlines()


def run(script, *flags, **environment):
    return subprocess.run(
        [sys.executable, "-W", "error", *flags, "-c", script],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment},
    )


def test_import_lines_lead_to_the_same_objects():
    assert len(LINES) >= 90
    script = """
import sys, fastnn, fastnn.as_keras
from fastnn import stand_in
from fastnn.data import Dataset
before = {id(module) for name, module in sys.modules.items() if name.split(".")[0] == "fastnn"}
for line in sys.stdin.read().splitlines():
    statement, _, check = line.partition("; ")
    names = {"fastnn": fastnn, "stand_in": stand_in, "Dataset": Dataset}
    try:
        exec(statement, names)
        assert eval(check, names), "another object"
    except BaseException as error:
        print(line, "->", type(error).__name__, error)
copies = [
    name for name, module in sys.modules.items()
    if name.startswith("keras.layers.") and module.__name__.startswith("fastnn.") and sys.modules[module.__name__] is not module
]
print(copies)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        input="\n".join(LINES),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_a_script_as_users_write_it():
    script = """
import fastnn.as_keras
from keras.models import Sequential
from keras.layers import Dense, Activation
import tensorflow as tf
from tensorflow import keras
from keras import layers, regularizers
import fastnn
model = Sequential()
model.add(Dense(units=5, input_shape=(3,), kernel_regularizer=regularizers.l2(0.01)))
model.add(Activation('relu'))
tf.random.set_seed(1)
print(model.count_params(), keras.__version__, keras.version(), tf.keras.__version__, tf.__version__[:2])
"""
    done = run(script)
    assert done.stderr == ""
    assert done.stdout == "20 3.15.1 3.15.1 3.15.1 2.\n"


@pytest.mark.parametrize("name", ["keras", "tensorflow"])
def test_a_real_keras_is_not_shadowed(name):
    done = run(f"import sys, types; sys.modules['{name}'] = types.ModuleType('{name}'); import fastnn.as_keras")
    assert done.returncode == 1
    assert f"ImportError: fastnn.as_keras: {name} is imported already" in done.stderr


def test_keras_alone():
    script = """
import sys, types, importlib.util
sys.modules["tensorflow"] = real = types.ModuleType("tensorflow")
import fastnn.as_keras_only, fastnn
import keras, tensorflow
from keras.layers import Dense
print(tensorflow is real, Dense is fastnn.layers.Dense)
from tensorflow.keras.layers import Dense as the_same
print(the_same is Dense, importlib.import_module("keras._tf_keras.keras") is keras)
real.__path__ = []
print([importlib.util.find_spec(f"tensorflow.{name}") for name in ("data", "python")])
"""
    done = run(script)
    assert (done.stdout, done.stderr) == ("True True\nTrue True\n[None, None]\n", "")


def test_it_can_be_imported_twice():
    done = run(
        "import fastnn.as_keras, importlib; importlib.reload(fastnn.as_keras); import keras; print(keras.__version__)"
    )
    assert (done.stdout, done.stderr) == ("3.15.1\n", "")


def test_every_public_module_is_reached_and_keeps_its_specification():
    script = """
import fastnn, fastnn.as_keras, importlib, importlib.util, types
public = [name for name in fastnn.__all__ if isinstance(getattr(fastnn, name), types.ModuleType)]
assert len(public) > 15
for name in public:
    module = getattr(fastnn, name)
    spec = module.__spec__
    for root in ("keras", "tensorflow.keras", "tf.keras"):
        assert importlib.import_module(f"{root}.{name}") is module
        assert importlib.util.find_spec(f"{root}.{name}") is not None
    assert module.__spec__ is spec and spec.name == f"fastnn.{name}"
for name in ("keras", "tensorflow", "keras.utils.np_utils", "tensorflow.data"):
    assert importlib.util.find_spec(name) is not None, name
try:
    import keras.no_such_module
except ModuleNotFoundError:
    print("not found")
"""
    done = run(script)
    assert (done.stdout, done.stderr) == ("not found\n", "")


def test_a_star_import_brings_layers_only():
    script = """
import fastnn.as_keras, fastnn
names = {}
exec("from keras.layers import *", names)
del names["__builtins__"]
wrong = [name for name, one in names.items() if not callable(one) or type(one).__name__ == "module"]
print(wrong, sorted(names) == sorted(fastnn.layers.__all__), "Dense" in names)
"""
    done = run(script)
    assert (done.stdout, done.stderr) == ("[] True True\n", "")


def test_without_it_keras_is_not_touched():
    done = run("import fastnn, sys; print('keras' in sys.modules, 'tqdm' in sys.modules, 'h5py' in sys.modules)")
    assert done.stdout == "False False False\n"


def test_models_of_moved_modules_train():
    script = """
import fastnn.as_keras, fastnn, keras
from keras.layers.core import Dense
from fastnn.layers.normalization.batch_normalization import BatchNormalization as B2
from keras.layers.normalization import BatchNormalization
assert B2 is BatchNormalization
import fastnn.layers.pooling.max_pooling
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
        (
            "import tensorflow as tf; tf.data.TFRecordDataset",
            "AttributeError: tensorflow.data.TFRecordDataset is not .*npz",
        ),
        (
            "import tensorflow as tf; tf.gradients",
            "tensorflow.gradients is not there: .*by tf.GradientTape, in train_step",
        ),
        (
            "import tensorflow as tf\nwith tf.GradientTape() as tape: pass",
            "works in a step that is traced: in train_step",
        ),
        ("import tensorflow as tf; tf.Session()", "AttributeError: tensorflow.Session is not there: .*TensorFlow 1"),
        ("import tensorflow.compat.v1 as tf", "ModuleNotFoundError: tensorflow.compat is not there: .*TensorFlow 1"),
        ("import tensorflow as tf; tf.reduce_meen", "compute with keras.ops, such as keras.ops.mean"),
        ("from keras.datasets import mnits", "ModuleNotFoundError: keras.datasets.mnits is not there: .*mean 'mnist'"),
        ("import keras; keras.datasets.mnits", "AttributeError: keras.datasets.mnits is not there: .*mean 'mnist'"),
        ("from keras.src.layers import Danse", "keras.src.layers.Danse is not there: .*private code of Keras"),
        ("import keras.src.trainers", "ModuleNotFoundError: keras.src.trainers is not there: .*private code of Keras"),
        ("from tensorflow.python.framework import ops", "tensorflow.python.framework is not there: .*private code"),
        ("from tensorflow.keras.applications import VGG61", "keras.applications.VGG61 is not there: .*mean 'VGG16'"),
        ("from keras.layers import Danse", "keras.layers.Danse is not there: .*Did you mean 'Dense'"),
        ("from keras.layers.core import Danse", "keras.layers.core.Danse is not there: .*Did you mean 'Dense'"),
        ("import keras; keras.layers.Danse", "AttributeError: keras.layers.Danse is not there: .*Did you mean 'Dense'"),
        ("import keras.backend as K; K.get_session()", "AttributeError: keras.backend.get_session is not there"),
        ("from keras import Sequental", "Did you mean 'Sequential'"),
    ],
)
def test_names_that_are_not_there(line, said):
    done = run(f"import fastnn.as_keras\n{line}")
    assert done.returncode == 1
    assert re.search(said, done.stderr.splitlines()[-1]), done.stderr


WORKERS = """
import multiprocessing, sys
from keras.layers import Dense
import tensorflow as tf

def work(units):
    import keras
    return f"{keras.__version__} {tf.keras.layers.Dense(units).units} {sys.argv[1:]}"

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    with context.Pool(1) as pool:
        print(*pool.map(work, [3]))
"""


@pytest.mark.parametrize("start", ["spawn", "forkserver"])
def test_a_script_and_its_worker_processes_run_unchanged(tmp_path, start):
    (tmp_path / "script.py").write_text(WORKERS)
    done = subprocess.run(
        [sys.executable, "-m", "fastnn.as_keras", "script.py", start],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
    )
    assert (done.stdout, done.stderr) == (f"3.15.1 3 ['{start}']\n", "")


def test_a_folder_on_the_path_does_the_same(tmp_path):
    for flags, said in (([], "3.15.1 True\n"), (["--keras-only"], "3.15.1 False\n")):
        told = subprocess.run(
            [sys.executable, "-m", "fastnn.as_keras", *flags, "--path"], capture_output=True, text=True, timeout=60
        )
        folder = told.stdout.strip()
        assert os.path.isdir(folder)
        script = (
            "import keras, importlib.util, fastnn\n"
            "assert keras.layers is fastnn.layers\n"
            "print(keras.__version__, importlib.util.find_spec('tensorflow') is not None)"
        )
        done = run(script, PYTHONPATH=os.pathsep.join(filter(None, [folder, os.environ.get("PYTHONPATH")])))
        assert (done.stdout, done.stderr) == (said, "")


def test_a_module_is_run(tmp_path):
    (tmp_path / "mine.py").write_text("import sys, keras; print(keras.__version__, sys.argv[1:])")
    done = subprocess.run(
        [sys.executable, "-m", "fastnn.as_keras", "-m", "mine", "--epochs", "3"],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
    )
    assert (done.stdout, done.stderr) == ("3.15.1 ['--epochs', '3']\n", "")


def test_tensorboard_is_told_that_there_is_no_tensorflow():
    done = run("import fastnn.as_keras, tensorflow, tensorboard.compat.notf" if _has("tensorboard") else _ASKED)
    assert done.returncode == 0, done.stderr


_ASKED = """
import fastnn.as_keras, sys, types, importlib
sys.modules["tensorboard"] = types.ModuleType("tensorboard")
sys.modules["tensorboard.compat"] = parent = types.ModuleType("tensorboard.compat")
parent.__path__ = []
importlib.import_module("tensorboard.compat.notf")
"""


def _has(name):
    import importlib.util

    return importlib.util.find_spec(name) is not None
