"""Mistakes and what they are answered with: what was written, what is raised, and the words of the message.

A message says who, what was expected, what came, and how to mend it. Each line of a table is one mistake; the words
must all stand in the message. Every mistake is reported before any step, and the model is unchanged.
"""

from __future__ import annotations

import _thread
import math
import re
import signal
import threading
import warnings

import numpy as np
import pytest

import fastnn
from fastnn import (
    Input,
    Model,
    Sequential,
    activations,
    callbacks,
    initializers,
    layers,
    losses,
    metrics,
    ops,
    optimizers,
    regularizers,
)  # fmt: skip
from fastnn.layers import (
    GRU,
    LSTM,
    Activation,
    Bidirectional,
    Conv1D,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Layer,
    MaxPooling2D,
    Softmax,
)  # fmt: skip
from fastnn.signatures import WrongKindError

X = np.linspace(-1, 1, 40, dtype="float32").reshape(10, 4)
Y = np.arange(10) % 3
ONE_HOT = np.eye(3)[Y]
IMAGES = np.ones((10, 6, 6, 1), "float32")
COLORED = np.ones((10, 6, 6, 3), "float32")
STEPS = np.ones((10, 5, 4), "float32")


def classifier(**arguments):
    model = Sequential([Dense(5, input_shape=(4,), activation="relu", name="hidden"), Dense(3, activation="softmax")])
    compiled = {"optimizer": "adam", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], **arguments}
    model.compile(**compiled)
    return model


def fitted(members, loss="sparse_categorical_crossentropy", x=X, y=Y, **arguments):
    """Trains a model of these layers for an epoch."""
    model = Sequential([Input(np.shape(x)[1:]), *members])
    model.compile("sgd", loss)
    model.fit(x, y, verbose=0, **arguments)


def network(members, shape):
    return Sequential([Input(shape), *members])


def within_call(function):
    """Builds a layer whose call() is this function."""

    class Custom(Layer):
        def call(self, inputs):
            return function(inputs)

    return network([Custom()], (4,))


def assigned(x):
    x[0] = 1
    return x


class WithoutSuper(Model):
    def __init__(self, units):
        self.units = units

    def call(self, inputs):
        return inputs


class LayerWithoutSuper(Layer):
    def __init__(self, units):
        self.units = units

    def call(self, inputs):
        return inputs


class WithoutCall(Layer):
    pass


class WithForward(Layer):
    def forward(self, inputs):
        return inputs


class NamedFirst(Layer):
    def build(self, input_shape):
        self.kernel = self.add_weight("kernel", (4, 4))


def mistake(written, raised, *words):
    """Returns a row of a table."""
    return pytest.param(written, raised, words, id=re.sub(r"\W+", "-", " ".join(words))[:60])


def told(written, raised, words):
    with pytest.raises(raised) as caught:
        written()
    assert type(caught.value).__module__ in ("builtins", WrongKindError.__module__)
    missing = [word for word in words if word not in str(caught.value)]
    assert not missing, str(caught.value)


V, T, A, N = ValueError, TypeError, AttributeError, NotImplementedError


@pytest.mark.parametrize(
    ("written", "raised", "words"),
    [
        # Misspelt names, in any case and by the words of the field.
        mistake(lambda: Dense(3, activation="rellu"), V, "Unknown activation 'rellu'. Did you mean 'relu'?"),
        mistake(lambda: Dense(3, activation="Relu"), V, "Unknown activation 'Relu'. Did you mean 'relu'?"),
        mistake(lambda: Dense(3, activation="ReLU()"), V, "Did you mean 'relu'?"),
        mistake(lambda: Dense(3, activation="LeakyRelu"), V, "Did you mean 'leaky_relu'?"),
        mistake(lambda: Dense(3, activation="logistic"), V, "Did you mean 'sigmoid'?"),
        mistake(lambda: Dense(3, activation=layers.ReLU), T, "got the class ReLU; write ReLU()"),
        mistake(lambda: layers.MultiHeadAttention(2, 4)(Input((5, 8))), T, "layer(query, value); got a query alone"),
        mistake(lambda: layers.GroupQueryAttention(4, 2, 1)(Input((5, 8))), T, "layer(query, value); got a query"),
        mistake(lambda: classifier()(X, True), T, "training= and mask= by name; got 1 more by place"),
        mistake(lambda: classifier()(X, trainning=True), T, "no argument 'trainning'", "Did you mean 'training'?"),
        mistake(lambda: classifier().export("saved"), V, "format='onnx' or format='c', got 'saved'", "SavedModel"),
        mistake(lambda: Dense(3, kernel_initializer="glorot_unifrom"), V, "Did you mean 'glorot_uniform'?"),
        mistake(lambda: Dense(3, kernel_initializer="glort_normal"), V, "Did you mean 'glorot_normal'?"),
        mistake(lambda: Dense(3, kernel_initializer="he"), V, "'he_normal' or 'he_uniform'?"),
        mistake(lambda: Dense(3, kernel_initializer="kaiming_normal"), V, "Did you mean 'he_normal'?"),
        mistake(lambda: Dense(3, kernel_regularizer="l3"), V, "Unknown regularizer 'l3'"),
        mistake(lambda: Dense(3, kernel_constraint="max_nrm"), V, "Unknown constraint", "Did you mean 'max_norm'?"),
        mistake(lambda: optimizers.get("SDG"), V, "Unknown optimizer 'SDG'. Did you mean 'sgd'?"),
        mistake(lambda: optimizers.get("gradient_descent"), V, "Did you mean 'sgd'?"),
        mistake(lambda: losses.get("categorical_crosentropy"), V, "Did you mean 'categorical_crossentropy'?"),
        mistake(
            lambda: losses.get("crossentropy"), V,
            "'sparse_categorical_crossentropy', 'categorical_crossentropy' or 'binary_crossentropy'?",
        ),
        mistake(lambda: losses.get("cross-entropy"), V, "'categorical_crossentropy' or 'binary_crossentropy'?"),
        mistake(lambda: losses.get("CategoricalCrossEntropy"), V, "Did you mean 'CategoricalCrossentropy'?"),
        mistake(lambda: losses.get("log_loss"), V, "Did you mean 'binary_crossentropy' or"),
        mistake(lambda: metrics.get("acuracy"), V, "Unknown metric 'acuracy'. Did you mean 'accuracy'?"),
        mistake(lambda: layers.Conv2d, A, "module 'fastnn.layers' has no attribute 'Conv2d'. Did you mean 'Conv2D'?"),
        mistake(lambda: layers.BatchNorm, A, "Did you mean 'BatchNormalization'?"),
        mistake(lambda: layers.CuDNNLSTM, A, "Did you mean 'LSTM'?"),
        mistake(lambda: losses.CrossEntropy, A, "module 'fastnn.losses'", "'CategoricalCrossentropy' or"),
        mistake(lambda: ops.reduce_mean, A, "Did you mean 'mean'?"),
        mistake(lambda: ops.concat, A, "Did you mean 'concatenate'?"),
        mistake(lambda: fastnn.sequential, A, "module 'fastnn' has no attribute 'sequential'. Did you mean"),
        mistake(lambda: fastnn.utils.to_catagorical, A, "Did you mean 'to_categorical'?"),
        mistake(lambda: classifier().predict_classes(X), A, "gone from Keras 3; write predict(x).argmax(axis=-1)"),
        mistake(lambda: classifier().fit_generator, A, "write fit(generator)"),
        mistake(lambda: classifier().reset_states(), A, "write layer.reset_state() for each layer with stateful=True"),
        mistake(lambda: classifier().predct, A, "'Sequential' object", "Did you mean 'predict'?"),
        mistake(lambda: Dense(64 / 2), T, "expects an integer, got 32.0; write a // b for a quotient of integers"),
        mistake(lambda: layers.LSTM(2.5), T, "units expects an integer, got 2.5"),
        mistake(lambda: losses.MeanSquaredError(reduction="summ"), V, "Did you mean 'sum'?"),
        # Misspelt arguments, and those of Keras 1 and 2.
        mistake(lambda: Dense(3, activaton="relu"), V, "Dense has no argument 'activaton'. Did you mean 'activation'?"),
        mistake(lambda: Dense(unit=3), V, "Dense has no argument 'unit'. Did you mean 'units'?"),
        mistake(lambda: Dense(3, init="he_normal"), V, "Did you mean 'kernel_initializer'?"),
        mistake(lambda: Dense(output_dim=3), V, "Did you mean 'units'?"),
        mistake(lambda: Dense(3, W_regularizer="l2"), V, "Did you mean 'kernel_regularizer'?"),
        mistake(lambda: Dense(3, bias=False), V, "Did you mean 'use_bias'?"),
        mistake(lambda: Conv2D(3, 3, border_mode="same"), V, "Did you mean 'padding'?"),
        mistake(lambda: Conv2D(3, 3, subsample=2), V, "Did you mean 'strides'?"),
        mistake(lambda: Conv2D(nb_filter=3), V, "Did you mean 'filters'?"),
        mistake(lambda: LSTM(3, return_sequence=True), V, "Did you mean 'return_sequences'?"),
        mistake(lambda: LSTM(3, inner_activation="tanh"), V, "Did you mean 'recurrent_activation'?"),
        mistake(lambda: Embedding(vocab_size=9), V, "Did you mean 'input_dim'?"),
        mistake(lambda: Dropout(p=0.5), V, "Did you mean 'rate'?"),
        mistake(lambda: Flatten(input_shap=(2,)), V, "Did you mean 'input_shape'?"),
        mistake(lambda: optimizers.Adam(learing_rate=1), V, "Adam has no argument", "Did you mean 'learning_rate'?"),
        mistake(lambda: optimizers.Adam(decay=1e-4), V, "Did you mean 'learning_rate' or 'weight_decay'?"),
        mistake(lambda: losses.BinaryCrossentropy(logits=True), V, "Did you mean 'from_logits'?"),
        mistake(lambda: callbacks.EarlyStopping(monitr="loss"), T, "EarlyStopping() has no", "Did you mean 'monitor'?"),
        mistake(lambda: callbacks.ModelCheckpoint("m.keras", period=2), T, "Did you mean 'save_freq'?"),
        mistake(lambda: Input((4,), batchsize=2), T, "Input() has no argument", "Did you mean 'batch_size'?"),
        mistake(lambda: classifier().fit(X, Y, epoch=5), T, "Sequential.fit() has no", "Did you mean 'epochs'?"),
        mistake(lambda: classifier().fit(X, Y, nb_epoch=5), T, "'nb_epoch'. Did you mean 'epochs'?"),
        mistake(lambda: classifier().fit(X, Y, val_data=(X, Y)), T, "Did you mean 'validation_data'?"),
        mistake(lambda: classifier().fit(X, Y, batchsize=5), T, "Did you mean 'batch_size'?"),
        mistake(lambda: classifier().fit(X, labels=Y), T, "Did you mean 'y'?"),
        mistake(lambda: classifier(metric=["accuracy"]), T, "Sequential.compile()", "Did you mean 'metrics'?"),
        # Arguments at the wrong position, or of the wrong kind.
        mistake(
            lambda: classifier().compile("adam", "mse", ["accuracy"]), T,
            "loss_weights to be numbers, got ['accuracy']", "metrics=['accuracy']",
        ),
        mistake(
            lambda: classifier().fit(X, Y, X, Y), V,
            "batch_size expects an integer of at least 1, got an array of shape (10, 4)", "validation_data=(x_val,",
        ),
        mistake(lambda: Dense(2)(Dense(3)), T, "a function or a layer is called first"),
        mistake(lambda: Dense(), T, "units"),
        mistake(lambda: Dense("3"), T, "Dense expects units to be an integer, got '3'"),
        mistake(lambda: Dense(2.5), T, "units"),
        mistake(lambda: Dense(3, "relu", "zeros"), T, "Dense expects use_bias to be True or False, got 'zeros'"),
        mistake(lambda: Dense(3, activation=5), T, "activation expects a name"),
        mistake(lambda: Dense(3, kernel_regularizer=0.1), T, "regularizer expects a name"),
        mistake(lambda: Dense(3, kernel_constraint=7), T, "an object of fastnn.constraints or a function, got 7"),
        mistake(lambda: Dense(3)(X, X), T, "expects one input, got two", "Concatenate()([a, b])"),
        mistake(lambda: Conv2D(3, 2)(COLORED, COLORED), T, "expects one argument, its input, got 2; join tensors"),
        mistake(lambda: layers.Concatenate()(X, X), T, "its inputs in one list, such as layer([a, b])"),
        mistake(lambda: Dense(3)(), T, "expects its input when it is called, such as layer(x), got none"),
        mistake(lambda: Dense(3)(None), T, "it is None: what made it may lack a return"),
        mistake(lambda: Sequential([Dense(3)]).compile("mse", "adam"), V, "optimizer first, got the loss 'mse'"),
        mistake(lambda: Dense(3).kernel, AttributeError, "is not built and has no kernel yet"),
        mistake(lambda: Dense(3, trainable="no"), T, "expects trainable to be True or False, got 'no'"),
        mistake(lambda: Dense(3).add_metric(1), NotImplementedError, "compile(metrics=[...])"),
        mistake(lambda: fastnn.mixed_precision.set_global_policy("float8"), V, "leave the policy out"),
        mistake(lambda: losses.get(5), T, "loss expects a name"),
        mistake(lambda: metrics.get(5), T, "metric expects a name"),
        mistake(lambda: optimizers.SGD("fast"), T, "learning_rate to be a number"),
        mistake(lambda: callbacks.EarlyStopping(5), T, "EarlyStopping expects monitor to be a string, got 5"),
        mistake(lambda: callbacks.ReduceLROnPlateau(factor="half"), T, "expects factor to be a number, got 'half'"),
        mistake(lambda: Sequential([Dense]), T, "write Dense(...)"),
        mistake(lambda: Sequential(Dense(3)), T, "Sequential expects layers to be a list or tuple"),
        mistake(lambda: Sequential([]).add(Dense(2), Dense(3)), T, "Sequential.add() too many positional arguments"),
        mistake(lambda: Sequential([Dense(3)]).build(8), T, "begins with the batch, such as (None, 8), got 8"),
        mistake(lambda: Dense(3).build(8), T, 'Dense "dense', "such as (None, 8), got 8"),
        mistake(lambda: Dense(3).compute_output_shape(8), T, "such as (None, 8), got 8"),
        # Values out of range.
        mistake(lambda: Dense(0), V, "units"),
        mistake(lambda: Dense(-2), V, "units"),
        mistake(lambda: Conv2D(0, 3), V, "filters"),
        mistake(lambda: Conv2D(4, 3, padding="full"), V, "padding"),
        mistake(lambda: Conv2D(4, 3, data_format="NCHW"), V, "channels_last, channels_first", "'NCHW'"),
        mistake(lambda: MaxPooling2D(0), V, "pool_size"),
        mistake(lambda: Dropout(1.5), V, "rate"),
        mistake(lambda: Dense(3, input_shape=4), V, "expects input_shape to be a tuple such as (4,), got 4"),
        mistake(lambda: Dense(3, input_shape=(0,)), V, "at least 1"),
        mistake(lambda: Dense(3, dtype="int32"), V, "float32 or float64"),
        mistake(lambda: regularizers.L2(-1), V, "L2 expects l2 to be a number of at least 0, got -1"),
        mistake(lambda: optimizers.SGD(-0.1), V, "SGD expects learning_rate to be a number of at least 0, got -0.1"),
        mistake(lambda: optimizers.SGD(clipnorm=1, clipvalue=1), V, "only one of clipnorm, clipvalue and"),
        mistake(lambda: initializers.VarianceScaling(mode="fan"), V, "fan_in"),
        mistake(lambda: initializers.RandomNormal(seed=-1), V, "seed"),
        mistake(lambda: fastnn.utils.set_random_seed(-1), V, "set_random_seed"),
        mistake(lambda: fastnn.utils.to_categorical([0, 3], 3), V, "labels from 0 to 2, got 3"),
        mistake(lambda: fastnn.config.set_num_threads(-1), V, "at least 0"),
        mistake(lambda: layers.Input(4), T, "expects shape to be a list or tuple such as (4,), got 4"),
        mistake(lambda: layers.Input(), V, "expects a shape"),
    ],
)  # fmt: skip
def test_names_and_arguments(written, raised, words):
    told(written, raised, words)


def test_a_metric_that_is_not_there_is_no_other():
    for name in ("ABC", "f7"):
        with pytest.raises(ValueError, match=f"Unknown metric '{name}'. Known are: ") as caught:
            metrics.get(name)
        assert "categorical_accuracy" in str(caught.value)
    with pytest.raises(ValueError, match=r"Unknown metric 'precise'\. Did you mean 'precision'\?"):
        metrics.get("precise")
    with pytest.raises(AttributeError, match=r"has no function 'backend'\.$"):
        _ = ops.backend


def test_an_argument_is_listed_once():
    with pytest.raises(ValueError, match="Known are:") as caught:
        Dense(3, qqq=1)
    assert str(caught.value).count("activity_regularizer") == 1


@pytest.mark.parametrize(
    ("written", "raised", "words"),
    [
        # Layers that do not fit one another.
        mistake(lambda: network([LSTM(4), LSTM(4)], (5, 4)), V, "(batch, time, features)", "return_sequences=True"),
        mistake(lambda: network([Bidirectional(LSTM(4)), GRU(4)], (5, 4)), V, 'GRU "gru', "return_sequences=True"),
        mistake(lambda: network([LSTM(4)], (5,)), V, "add an axis of time with Reshape"),
        mistake(lambda: network([Flatten(), Conv2D(3, 3)], (6, 6, 1)), V, "put it before Flatten and Dense"),
        mistake(lambda: network([Conv2D(3, 3)], (6, 6)), V, "add a last axis of one channel with Reshape"),
        mistake(lambda: network([Conv2D(3, 3, name="c")], (784,)), V, 'Conv2D "c" expects (batch, height, width'),
        mistake(lambda: network([Conv2D(3, 7, name="c")], (4, 4, 1)), V, 'Conv2D "c"'),
        # Layers and models of one's own.
        mistake(lambda: WithoutSuper(3), RuntimeError, "WithoutSuper: call super().__init__() in its constructor"),
        mistake(lambda: LayerWithoutSuper(3), RuntimeError, "LayerWithoutSuper: call super().__init__()"),
        mistake(lambda: WithoutCall()(X), N, "WithoutCall", "says in call(self, inputs) what it computes"),
        mistake(lambda: network([WithoutCall()], (4,)), N, "says in call(self, inputs) what it computes"),
        mistake(lambda: WithForward()(X), N, "rename forward() to call()"),
        mistake(lambda: Layer().add_weight(shap=(4,)), V, "add_weight has no argument", "Did you mean 'shape'?"),
        mistake(lambda: NamedFirst()(X), T, "add_weight expects its shape first, got 'kernel'", "name='kernel'"),
        mistake(lambda: within_call(lambda x: None), T, "call() returned None"),
        # NumPy, TensorFlow and methods of arrays on symbolic tensors.
        mistake(lambda: within_call(lambda x: np.mean(x, axis=1)), T, "np.mean cannot", "use fastnn.ops.mean"),
        mistake(lambda: within_call(lambda x: np.where(x > 0, x, 0)), T, "use fastnn.ops.where"),
        mistake(lambda: within_call(lambda x: np.concatenate([x, x])), T, "use fastnn.ops.concatenate"),
        mistake(lambda: within_call(lambda x: np.exp(x)), T, "use fastnn.ops.exp"),
        mistake(lambda: within_call(lambda x: np.sum(x)), T, "use fastnn.ops.sum"),
        mistake(lambda: within_call(np.asarray), T, "is no array", "fastnn.ops in place of NumPy's or TensorFlow's"),
        mistake(lambda: within_call(lambda x: x.round()), A, "no attribute 'round'; write fastnn.ops.round(x)"),
        mistake(lambda: within_call(lambda x: x.astype("int32")), A, "write fastnn.ops.cast(x)"),
        mistake(lambda: within_call(lambda x: x.flatten()), A, "write fastnn.ops.ravel(x)"),
        mistake(lambda: within_call(lambda x: x.numpy()), A, "it has no numbers yet"),
        mistake(lambda: within_call(assigned), T, "cannot be assigned to", "fastnn.ops.where"),
        mistake(lambda: within_call(lambda x: x if x > 0 else -x), T, "neither true nor false", "fastnn.ops.where"),
        mistake(lambda: within_call(math.sqrt), T, "is no number", "keep computing with fastnn.ops"),
        mistake(lambda: within_call(lambda x: ops.zeros((x.shape[0], 4))), T, "got (None, 4)", "ops.shape(x)[0]"),
        mistake(lambda: within_call(lambda x: ops.arange(x.shape[0])), T, "got None", "ops.shape(x)[0]"),
        mistake(lambda: within_call(lambda x: ops.eye(x.shape[0])), T, "call()", "ops.shape(x)[0]"),
        mistake(lambda: within_call(lambda x: [x for _ in range(x.shape[0])]), T, "ops.shape(x)[0]"),
        mistake(lambda: within_call(lambda x: x / x.shape[0]), T, "got None", "ops.shape(x)[0]"),
        mistake(lambda: classifier(loss=lambda true, y: y.round()).fit(X, Y), A, "write fastnn.ops.round(x)"),
        mistake(lambda: classifier(loss=lambda true, y: None).fit(X, Y), T, "returned None; it must return what"),
    ],
)  # fmt: skip
def test_structure(written, raised, words):
    told(written, raised, words)


@pytest.mark.parametrize(
    ("written", "raised", "words"),
    [
        # Shapes of x.
        mistake(
            lambda: network([Conv2D(2, 3)], (6, 6, 3)).predict(np.moveaxis(COLORED, -1, 1)), V,
            "expects x of shape (batch, 6, 6, 3), got (10, 3, 6, 6)", "np.moveaxis(x, 1, -1)",
        ),
        mistake(
            lambda: network([Conv2D(2, 3)], (6, 6, 1)).predict(np.moveaxis(IMAGES, -1, 1)), V, "np.moveaxis(x, 1, -1)"
        ),
        mistake(lambda: network([Conv2D(2, 3)], (6, 6, 1)).predict(IMAGES[0]), V, "a single sample needs a batch axis"),
        mistake(
            lambda: network([Conv2D(2, 3)], (6, 6, 1)).predict(IMAGES[0, :, :, 0]), V, "a single sample needs a batch"
        ),
        mistake(
            lambda: network([Conv2D(2, 3)], (6, 6, 1)).predict(IMAGES.reshape(10, 36)), V, "x.reshape(len(x), 6, 6, 1)"
        ),
        mistake(lambda: network([Dense(2)], (36,)).predict(IMAGES), V, "put Flatten() first", "x.reshape(len(x), 36)"),
        mistake(lambda: classifier().predict(X[0]), V, "a single sample needs a batch axis: x[np.newaxis]"),
        mistake(lambda: classifier().fit((X, Y)), V, "got a tuple of 2 arrays", "fit(x, y)"),
        mistake(lambda: classifier().fit((X, X)), V, "got a tuple of 2 arrays", "fit(x, y)"),
        # Kinds of x and y.
        mistake(lambda: classifier().fit(["a text"] * 10, Y), T, "x has dtype <U6", "layers.TextVectorization"),
        mistake(lambda: classifier().fit(X.astype(str), Y), T, "x has dtype", "x.astype('float32')"),
        mistake(lambda: classifier().fit([[1, None, 2, 3]], [1]), T, "it holds None"),
        mistake(lambda: classifier().fit(X, ["cat"] * 10), T, "y has dtype <U3", "np.unique(y, return_inverse=True)"),
        mistake(lambda: classifier().fit({1, 2}, Y), T, "pass an array"),
        # A forgotten Flatten.
        mistake(
            lambda: fitted([Conv2D(2, 3), Dense(3)], x=IMAGES), V,
            "one answer for each place of an image; put Flatten() or GlobalAveragePooling2D() before it",
        ),
        mistake(
            lambda: fitted([Conv2D(2, 3), Dense(3)], "categorical_crossentropy", IMAGES, ONE_HOT), V, "put Flatten() or"
        ),
        mistake(lambda: fitted([Conv2D(2, 3), Dense(1)], "mse", IMAGES), V, "put Flatten() or GlobalAveragePooling2D"),
        mistake(lambda: fitted([Conv1D(2, 3), Dense(3)], x=STEPS), V, "one answer for each step; put Flatten() or"),
        mistake(lambda: fitted([LSTM(2, return_sequences=True), Dense(3)], x=STEPS), V, "leave return_sequences=True"),
        # Outputs that do not go with the labels.
        mistake(lambda: fitted([Dense(1, "sigmoid")]), V, "the last layer has one unit", "loss='binary_crossentropy'"),
        mistake(lambda: fitted([Dense(2)], "mse"), V, "(batch, 2), got (10,)", "Dense(1) has one"),
        mistake(lambda: fitted([Dense(3)], "mse", y=np.zeros((10, 2))), V, "(batch, 3), got (10, 2)", "as many units"),
        mistake(lambda: fitted([Dense(3)], "categorical_crossentropy"), V, "utils.to_categorical(y, 3), or use sparse"),
        # Infinity.
        mistake(lambda: classifier().fit(np.where(X > 0.9, np.inf, X), Y), V, "x holds inf in row 9"),
        mistake(lambda: classifier().fit(X.astype("float64") * 1e300, Y), V, "x holds -1e+300 in row 0"),
        mistake(lambda: fitted([Dense(1)], "mse", y=np.full(10, -np.inf)), V, "y holds -inf in row 0", "set_check_nan"),
        mistake(
            lambda: classifier().fit(X, Y, sample_weight=np.full(10, np.inf)), V, "sample_weight holds inf in row 0"
        ),
        # Files.
        mistake(lambda: Sequential([Dense(3)]).load_weights(__file__), V, "no weights to load into", "build() it"),
    ],
)  # fmt: skip
def test_data(written, raised, words):
    told(written, raised, words)


def test_folders(tmp_path):
    model = network([Dense(1)], (2,))
    for read in (fastnn.models.load_model, model.load_weights):
        told(lambda read=read: read(tmp_path), ValueError, ("is a folder, which fastnn does not read", ".keras"))
    (tmp_path / "saved_model.pb").write_bytes(b"")
    for read in (fastnn.models.load_model, model.load_weights):
        told(lambda read=read: read(tmp_path), ValueError, ("a SavedModel of TensorFlow", "model.save('model.keras')"))


def test_a_damaged_file_raises_a_value_error(tmp_path):
    path = tmp_path / "m.keras"
    path.write_bytes(b"nonsense")
    with pytest.raises(ValueError, match=r"is no whole \.keras archive") as caught:
        fastnn.models.load_model(path)
    assert type(caught.value).__name__ == "CorruptFileError"


def sigmoid(loss="binary_crossentropy", y=Y % 2):
    fitted([Dense(1, "sigmoid")], loss, y=y)


def frozen():
    model = classifier()
    model.trainable = False
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(X, Y, verbose=0)


SPARSE_LOGITS = losses.SparseCategoricalCrossentropy(from_logits=True)
BINARY_LOGITS = losses.BinaryCrossentropy(from_logits=True)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (lambda: sigmoid(y=np.where(Y == 1, 1, -1)), "binary_crossentropy expects y from 0 to 1, got -1 in row 0"),
        (lambda: sigmoid(y=np.where(Y == 1, 255, 0)), "got 255 in row 1; write classes as 0 and 1"),
        (lambda: sigmoid(y=np.where(Y == 1, 1, 2)), "got 2 in row 0"),
        (lambda: sigmoid("binary_focal_crossentropy", np.where(Y == 1, 1, -1)), "from 0 to 1, got -1 in row 0"),
        (lambda: sigmoid("categorical_focal_crossentropy", ONE_HOT[:, :1] * 2), "from 0 to 1, got 2.0 in row"),
        (lambda: sigmoid("hinge", Y + 1), "hinge expects y from -1 to 1, got 2 in row 1; write two classes as -1"),
        (lambda: sigmoid("squared_hinge", Y + 1), "squared_hinge expects y from -1 to 1, got 2 in row 1"),
        (lambda: sigmoid("categorical_hinge", Y - 1), "categorical_hinge expects y from 0 to 1, got -1 in row 0"),
        (lambda: sigmoid("poisson", Y - 1), "poisson expects y from 0 to inf, got -1 in row 0; these are counts"),
        (lambda: fitted([Dense(3, "softmax")], "categorical_crossentropy", y=ONE_HOT * 255), "got 255.0 in row 0"),
    ],
)  # fmt: skip
def test_labels_without_a_meaning(written, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        written()


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (lambda: fitted([Dense(1, "softmax")], "binary_crossentropy", y=Y % 2), "a softmax over one unit"),
        (lambda: fitted([Dense(1), Softmax()], "binary_crossentropy", y=Y % 2), "use activation='sigmoid'"),
        (lambda: fitted([Dense(1), Activation("softmax")], "binary_crossentropy", y=Y % 2), "which is always 1"),
        (lambda: fitted([Dense(1)], "categorical_crossentropy", y=Y % 2), "expects more than one class"),
        (lambda: fitted([Dense(3, "softmax")], SPARSE_LOGITS), "from_logits=True, but the output is that of a softmax"),
        (lambda: fitted([Dense(3), Softmax()], SPARSE_LOGITS), "leave from_logits out, or the activation"),
        (lambda: sigmoid(BINARY_LOGITS), "from_logits=True, but the output is that of a sigmoid"),
        (frozen, "has no trainable weights, so that training changes nothing"),
    ],
)  # fmt: skip
def test_warnings(written, words):
    with pytest.warns(UserWarning, match=re.escape(words)) as caught:
        written()
    assert {warning.filename for warning in caught} == {__file__}


def test_what_is_right_does_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sigmoid()
        sigmoid(y=np.linspace(0, 1, 10))
        fitted([Dense(1)], BINARY_LOGITS, y=Y % 2)
        fitted([Dense(3)], SPARSE_LOGITS)
        fitted([Dense(3, "softmax")], "categorical_crossentropy", y=ONE_HOT)


# Structure.


def test_add_that_fails_leaves_the_model():
    model = Sequential([Input((4,)), Dense(3)])
    with pytest.raises(ValueError, match="Conv2D"):
        model.add(Conv2D(3, 3))
    assert len(model.layers) == 1
    assert model.output_shape == (None, 3)


def test_equal_names():
    with pytest.raises(ValueError, match="has a layer called 'a' already"):
        Sequential([Dense(2, name="a"), Dense(2, name="a")])


def test_input_must_be_first():
    with pytest.raises(ValueError, match="an Input stands first"):
        Sequential([Dense(2), Input((3,))])


def test_a_build_that_fails_makes_no_weights():
    model = Sequential([Dense(4), Conv2D(3, 3)])
    with pytest.raises(ValueError, match="Conv2D"):
        model.build((None, 5))
    assert not model.built and not model.layers[0].built and model.weights == []


def test_a_layer_built_for_another_shape():
    shared = Dense(2, name="shared")
    Sequential([Input((3,)), shared])
    with pytest.raises(ValueError, match='Dense "shared" was built for inputs of shape \\(None, 3\\)'):
        Sequential([Input((4,)), shared])


def test_get_layer_pop_and_count_params():
    model = Sequential([Dense(3, name="a")])
    with pytest.raises(ValueError, match="no layer 'b'; it has: a"):
        model.get_layer("b")
    with pytest.raises(ValueError, match="get_layer got index 4"):
        model.get_layer(index=4)
    with pytest.raises(ValueError, match="not built"):
        model.count_params()
    model.pop()
    with pytest.raises(ValueError, match="no layers to pop"):
        model.pop()


def test_set_weights():
    model = classifier()
    before = model.get_weights()
    kernel, bias = model.layers[0].get_weights()
    with pytest.raises(ValueError, match="has 4 weights, set_weights got 1"):
        model.set_weights([kernel])
    with pytest.raises(ValueError, match=r"shape \(5,\) for hidden/bias, got \(4,\)"):
        model.layers[0].set_weights([kernel + 1, bias[:4]])
    with pytest.raises(ValueError, match="is built"):
        Dense(3).set_weights([kernel])
    with pytest.raises(ValueError, match=r'"hidden/kernel" has shape \(4, 5\), got \(5, 4\)'):
        model.layers[0].kernel.assign(kernel.T)
    assert all(a.tobytes() == b.tobytes() for a, b in zip(before, model.get_weights(), strict=True))


# Checks of fit.


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X.reshape(10, 2, 2), Y, "expects x of shape (batch, 4), got (10, 2, 2); put Flatten() first"),
        (X[:, :3], Y, "expects x of shape (batch, 4), got (10, 3)"),
        (X[0], Y[:1], "a single sample needs a batch axis: x[np.newaxis]"),
        (X, Y[:9], "x has 10 rows and y has 9"),
        (X[:0], Y[:0], "x is empty"),
        (X, None, "y is missing"),
        (None, Y, "x is missing"),
        (X, Y + 1, "y holds the label 3 in row 2, but the model has 3 outputs: labels must be integers from 0 to"),
        (X, Y - 1, "y holds the label -1 in row 0"),
        (X, Y + 0.5, "y holds the label 0.5 in row 0"),
        (X, np.eye(3)[Y], "for one-hot rows use loss='categorical_crossentropy', or pass y.argmax(axis=-1)"),
        (np.where(np.arange(40).reshape(10, 4) == 13, np.nan, X), Y, "x holds a NaN in row 3"),
        ([[1.0, 2.0], [1.0]], Y[:2], "rows must have equal lengths"),
        (3.0, Y, "got a single number"),
    ],
    ids=[
        "rank", "features", "one-sample", "lengths", "empty", "no-y", "no-x", "label-high", "label-low", "label-half",
        "one-hot", "nan", "ragged", "number",
    ],
)  # fmt: skip
def test_data_of_fit(x, y, message):
    model = classifier()
    before = model.get_weights()
    with pytest.raises(ValueError, match=re.escape(message)):
        model.fit(x, y, verbose=0)
    assert model.optimizer.iterations == 0
    assert all(a.tobytes() == b.tobytes() for a, b in zip(before, model.get_weights(), strict=True))
    model.fit(X, Y, verbose=0)
    assert model.optimizer.iterations == 1


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X.astype(object), Y, "x has dtype object, expected numbers"),
        (X, np.array(["cat"] * 10), "np.unique(y, return_inverse=True)"),
        (X, np.array(["cat"] * 10, dtype=object), "np.unique(y, return_inverse=True)"),
        (X.astype(complex), Y, "x has dtype complex128"),
    ],
    ids=["object", "strings", "objects", "complex"],
)
def test_types_of_fit(x, y, message):
    with pytest.raises(TypeError, match=re.escape(message)):
        classifier().fit(x, y, verbose=0)


def test_labels_for_a_one_hot_loss():
    model = classifier(loss="categorical_crossentropy")
    with pytest.raises(
        ValueError, match=re.escape("utils.to_categorical(y, 3), or use sparse_categorical_crossentropy")
    ):
        model.fit(X, Y, verbose=0)


def test_y_of_the_wrong_width():
    model = classifier(loss="mse", metrics=None)
    with pytest.raises(ValueError, match=re.escape("mean_squared_error expects y of shape (batch, 3), got (10, 2)")):
        model.fit(X, np.zeros((10, 2)), verbose=0)


def test_nan_in_y_and_the_check_lifted():
    model = Sequential([Dense(1, input_shape=(4,))])
    model.compile("sgd", "mse")
    y = np.full((10, 1), np.nan)
    with pytest.raises(ValueError, match="y holds a NaN in row 0"):
        model.fit(X, y, verbose=0)
    assert np.isnan(model.evaluate(X, y, verbose=0))
    fastnn.config.set_check_nan(False)
    try:
        model.fit(X, y, verbose=0)
    finally:
        fastnn.config.set_check_nan(True)
    assert np.isnan(model.get_weights()[0]).all()


def test_nan_goes_through_predict():
    x = X.copy()
    x[1, 0] = np.nan
    predicted = classifier().predict(x, verbose=0)
    assert np.isnan(predicted[1]).all() and not np.isnan(np.delete(predicted, 1, axis=0)).any()


def test_the_notes_validation_set_of_pairs():
    pairs = [(X[i], Y[i]) for i in range(4)]
    for data in (pairs, pairs[:2], tuple(pairs)):
        with pytest.raises(
            ValueError, match=r"\(x_val, y_val\), two arrays, got a list of \(sample, label\) pairs; convert"
        ):
            classifier().fit(X, Y, validation_data=data, verbose=0)
    samples, labels = zip(*pairs, strict=True)
    classifier().fit(X, Y, validation_data=(np.array(samples), np.array(labels)), verbose=0)


@pytest.mark.parametrize("data", [X, (X,), 5], ids=["array", "one", "number"])
def test_validation_data_of_another_kind(data):
    with pytest.raises(ValueError, match=r"validation_data expects \(x_val, y_val\)"):
        classifier().fit(X, Y, validation_data=data, verbose=0)


def test_validation_data_is_checked_before_the_first_step():
    model = classifier()
    with pytest.raises(ValueError, match=r"validation data: .* y holds the label 7"):
        model.fit(X, Y, validation_data=(X[:1], [7]), verbose=0)
    assert model.optimizer.iterations == 0


@pytest.mark.parametrize("share", [1e-17, 0.99999, 1.5, -0.1])
def test_validation_split(share):
    with pytest.raises(ValueError, match="validation_split"):
        classifier().fit(X, Y, validation_split=share, verbose=0)


@pytest.mark.parametrize(
    "arguments",
    [
        {"batch_size": 0},
        {"batch_size": 2.5},
        {"epochs": -1},
        {"verbose": 7},
        {"steps_per_epoch": 0},
        {"initial_epoch": -1},
    ],
    ids=lambda arguments: next(iter(arguments)),
)
def test_numbers_of_fit(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        classifier().fit(X, Y, **{"verbose": 0, **arguments})


def test_weights_of_samples_and_classes():
    model = classifier()
    with pytest.raises(ValueError, match="cannot both be given"):
        model.fit(X, Y, sample_weight=np.ones(10), class_weight={0: 1.0}, verbose=0)
    with pytest.raises(ValueError, match=re.escape("sample_weight of shape (10,), one for each row, got (9,)")):
        model.fit(X, Y, sample_weight=np.ones(9), verbose=0)
    with pytest.raises(ValueError, match=r"for the label 7, but the model has 3 outputs: labels must .* 0 to 2"):
        model.fit(X, Y, class_weight={0: 1.0, 7: 2.0}, verbose=0)
    with pytest.raises(TypeError, match="class_weight expects a dict"):
        model.fit(X, Y, class_weight=[1, 2, 3], verbose=0)
    for wrong in ("a", 0.5):
        with pytest.raises(TypeError, match="class_weight expects labels that are integers, got " + repr(wrong)):
            model.fit(X, Y, class_weight={wrong: 1.0}, verbose=0)
    for wrong in ("a", None, np.nan):
        with pytest.raises(ValueError, match=f"class_weight expects finite numbers, got {wrong!r} for the label 0"):
            model.fit(X, Y, class_weight={0: wrong}, verbose=0)
    model.fit(X, Y, class_weight={np.int64(0): np.float32(2.0), 1.0: 1}, verbose=0)


def test_before_compile_and_without_a_loss():
    model = Sequential([Dense(3, input_shape=(4,))])
    for call in (model.fit, model.evaluate, model.train_on_batch, model.test_on_batch, model.gradients):
        with pytest.raises(ValueError, match=r"call compile\(\) before"):
            call(X, Y)
    model.compile("adam")
    with pytest.raises(ValueError, match="compiled without a loss"):
        model.fit(X, Y, verbose=0)


def test_compile_that_fails_changes_nothing():
    model = classifier()
    optimizer = model.optimizer
    with pytest.raises(ValueError, match="Did you mean"):
        model.compile("sgd", "mse", metrics=["acuracy"])
    assert model.optimizer is optimizer and model.loss == "sparse_categorical_crossentropy"


def test_functions_say_their_shapes():
    with pytest.raises(ValueError, match=re.escape("mean_squared_error expects y_true of shape (4, 2), got (3, 2)")):
        losses.mean_squared_error(np.zeros((3, 2)), np.zeros((4, 2)))
    with pytest.raises(ValueError, match="axis 2"):
        activations.softmax(np.zeros((2, 2)), axis=2)


def test_ctrl_c_leaves_whole_steps():
    model = Sequential([Dense(256, input_shape=(256,), activation="relu"), Dense(256)])
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(4096, 256)).astype("float32")
    timer = threading.Timer(0.3, _thread.interrupt_main)
    # A shell's background jobs begin with Ctrl-C ignored.
    outer = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            model.fit(x, x, epochs=10_000, verbose=0)
        timer.join()
    finally:
        signal.signal(signal.SIGINT, outer)
    done = int(model.optimizer.iterations)
    assert done > 0
    assert np.isfinite(model.get_weights()[0]).all()
    model.fit(x[:32], x[:32], verbose=0)
    assert model.optimizer.iterations == done + 1
