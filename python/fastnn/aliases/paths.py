"""Tables of the aliases: where import paths of Keras and TensorFlow lead, and what to do where they lead nowhere."""

from __future__ import annotations

KERAS_VERSION = "3.15.1"
"""The version of Keras whose interface this is."""

ROOTS = {
    "tensorflow.python.keras": "fastnn",
    "tensorflow.keras": "fastnn",
    "tf.keras": "fastnn",
    "keras": "fastnn",
    "tensorflow": "fastnn.stand_in",
    "tf": "fastnn.stand_in",
}
"""Begins of import paths, longer ones first, and the package that has what follows."""

_LAYERS = (
    "activation", "advanced_activations", "attention", "convolutional", "convolutional_recurrent", "core", "embeddings",
    "experimental", "experimental.preprocessing", "merge", "merging", "noise", "normalization", "pooling",
    "preprocessing", "preprocessing.image_preprocessing", "preprocessing.text_vectorization", "recurrent",
    "recurrent_v2", "regularization", "reshaping", "rnn", "wrappers",
)  # fmt: skip
_UTILS = (
    "all_utils", "audio_dataset", "data_utils", "dataset_utils", "generic_utils", "image_dataset", "image_utils",
    "io_utils", "layer_utils", "np_utils", "text_dataset", "timeseries_dataset", "vis_utils",
)  # fmt: skip
_ENGINE = (
    "base_layer", "functional", "input_layer", "input_spec", "keras_tensor", "sequential", "topology", "training",
)  # fmt: skip
_IMAGES = "layers.preprocessing.image_preprocessing"
_SOURCES = (
    "activations", "applications", "backend", "callbacks", "constraints", "datasets",
    "initializers", "layers", "losses", "metrics",
    "models", "ops", "optimizers", "optimizers.schedules", "preprocessing", "random", "regularizers", "saving", "tree",
    "utils", "visualization", "wrappers",
)  # fmt: skip

MOVED = {
    **{f"layers.{name}": "layers" for name in _LAYERS},
    **{f"utils.{name}": "utils" for name in _UTILS},
    **{f"engine.{name}": "" for name in _ENGINE},
    **{f"src.{name}": name for name in _SOURCES},
    "callbacks.callbacks": "callbacks",
    "callbacks.experimental": "callbacks",
    "engine": "",
    "initializers.initializers_v2": "initializers",
    "legacy": "",
    "legacy.saving": "utils.legacy",
    "models.models": "models",
    "optimizer_v2": "optimizers",
    "optimizer_v2.adam": "optimizers",
    "optimizer_v2.gradient_descent": "optimizers",
    "optimizer_v2.learning_rate_schedule": "optimizers.schedules",
    "optimizer_v2.rmsprop": "optimizers",
    "optimizers.experimental": "optimizers",
    "optimizers.legacy": "optimizers",
    "optimizers.optimizer_v2": "optimizers",
    "preprocessing.image_dataset": "preprocessing",
    "preprocessing.text_dataset": "preprocessing",
    "src": "",
    "src.layers.preprocessing": "layers",
    f"src.{_IMAGES}": "layers",
    f"src.{_IMAGES}.base_image_preprocessing_layer": "layers.preprocessing.base_image_preprocessing_layer",
    "src.saving.saving_lib": "saving",
}
"""Modules that Keras 2 had, or in which Keras 3 keeps its sources and other packages seek them, below `keras`, and the
module of fastnn that has their names."""

_TENSORFLOW_1 = "that is TensorFlow 1, which has graphs and sessions; build a model of keras.layers, and call fit()"
_GRADIENTS = "take gradients by tf.GradientTape, in train_step() of a model or in a function decorated by tf.function"
_DISTRIBUTION = "all processors of this machine compute already; remove the strategy and its scope()"

_RAGGED = "there are no ragged arrays; pad sequences by keras.utils.pad_sequences or padded_batch()"
_RECORDS = "records of TensorFlow are not read; convert them to .npz, or use Dataset.from_generator()"

ADVICE = {
    "keras.estimator": "give fit() arrays or a dataset",
    "keras.experimental": "schedules are in keras.optimizers.schedules, layers in keras.layers",
    "keras.src": "that is private code of Keras; import the name from keras, keras.layers or another public module",
    "keras.utils.multi_gpu_model": _DISTRIBUTION,
    "keras.utils.multi_gpu_utils": _DISTRIBUTION,
    "keras.wrappers": "scikit-learn's interface is keras.wrappers.SKLearnClassifier and SKLearnRegressor, or scikeras",
    "tensorflow.gradients": _GRADIENTS,
    "tensorflow.Graph": _TENSORFLOW_1,
    "tensorflow.RaggedTensor": _RAGGED,
    "tensorflow.ragged": _RAGGED,
    "tensorflow.Session": _TENSORFLOW_1,
    "tensorflow.Module": "derive from keras.layers.Layer or keras.Model",
    "tensorflow.TensorArray": "append to a list of Python, and join it by tf.stack",
    "tensorflow.custom_gradient": "write the function so that tf.stop_gradient cuts the gradient where it must",
    "tensorflow.group": "write the updates one after the other; a step does them in this order",
    "tensorflow.no_op": "leave it out",
    "tensorflow.recompute_grad": "leave it out; the memory of a step is planned as a whole",
    "tensorflow.scan": "use a loop of Python over a fixed count, or keras.ops.scan",
    "tensorflow.tensor_scatter_nd_update": "use keras.ops.scatter_update",
    "tensorflow.scatter_nd": "use keras.ops.scatter",
    "tensorflow.vectorized_map": "use keras.ops.vectorized_map",
    "tensorflow.while_loop": "use a loop of Python over a fixed count",
    "tensorflow.compat": _TENSORFLOW_1,
    "tensorflow.contrib": _TENSORFLOW_1,
    "tensorflow.data.TFRecordDataset": _RECORDS,
    "tensorflow.data": "there is tensorflow.data.Dataset; read tables by pandas and give Dataset.from_tensor_slices() "
    "their columns",
    "tensorflow.distribute": _DISTRIBUTION,
    "tensorflow.estimator": _TENSORFLOW_1,
    "tensorflow.feature_column": "use keras.layers.Normalization, StringLookup, CategoryEncoding and Discretization",
    "tensorflow.global_variables_initializer": _TENSORFLOW_1,
    "tensorflow.image": "augment images by layers such as keras.layers.RandomRotation, which run in map() too",
    "tensorflow.io": _RECORDS,
    "tensorflow.lite": "export the model for small devices by model.export(path, format='c')",
    "tensorflow.lookup": "use keras.layers.StringLookup or IntegerLookup",
    "tensorflow.placeholder": _TENSORFLOW_1,
    "tensorflow.python": "that is private code of TensorFlow; keras.ops has the functions",
    "tensorflow.saved_model": "save by model.save('model.keras'), export by model.export('model.onnx', format='onnx')",
    "tensorflow.signal": "compute with NumPy or SciPy before training",
    "tensorflow.sparse": "there are no sparse tensors; use arrays",
    "tensorflow.summary": "log by keras.callbacks.TensorBoard",
    "tensorflow.train.Checkpoint": "save by model.save('model.keras'), go on by keras.callbacks.BackupAndRestore",
    "tensorflow.train.CheckpointManager": "use keras.callbacks.ModelCheckpoint or BackupAndRestore",
    "tensorflow.train.latest_checkpoint": "load by model.load_weights() what keras.callbacks.ModelCheckpoint saved",
    "tensorflow.train": "records of TensorFlow are not written; save by numpy.savez, and models by model.save()",
    "tensorflow": "it has what prepares data, and tensorflow.keras; compute with keras.ops, such as keras.ops.mean",
}
"""What to do where a name is not there, by what the name begins with; the longest that fits."""


def advice(name: str) -> str | None:
    """Returns what to do where a name is not there; None: nothing special.

    Args:
        name: Dotted name that begins with `keras` or `tensorflow`.
    """
    fitting = [begin for begin in ADVICE if f"{name}.".startswith(f"{begin}.")]
    return ADVICE[max(fitting, key=len)] if fitting else None
