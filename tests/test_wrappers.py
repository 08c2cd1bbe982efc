"""Estimators of scikit-learn: its own checks, and beside its own perceptrons."""

from __future__ import annotations

import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest

import fastnn
from fastnn import Input, Model, Sequential, layers

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits, load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from fastnn.wrappers import MLPClassifier, MLPRegressor, SKLearnClassifier, SKLearnRegressor, SKLearnTransformer

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
ROUNDS = "sums of weighted and of repeated rows are rounded to float32 in another order"


def perceptron(X, y, loss="mse", end="linear", widths=(10,)):
    """A model whose weights are the same each time it is made."""
    inputs = h = Input((X.shape[1],))
    for width in widths:
        h = layers.Dense(width, "relu", kernel_initializer=fastnn.initializers.GlorotUniform(seed=width))(h)
    last = layers.Dense(y.shape[1], end, kernel_initializer=fastnn.initializers.GlorotUniform(seed=1))
    model = Model(inputs, last(h))
    model.compile(fastnn.optimizers.RMSprop(0.01), loss)
    return model


ONE_HOT = {"loss": "categorical_crossentropy", "end": "softmax", "widths": (20, 20, 20)}


@pytest.mark.parametrize(
    "estimator",
    [
        MLPClassifier(),
        MLPRegressor(),
        SKLearnClassifier(perceptron, model_kwargs=ONE_HOT, fit_kwargs={"epochs": 200, "shuffle": False}),
        SKLearnRegressor(perceptron, fit_kwargs={"shuffle": False}),
        SKLearnTransformer(perceptron, fit_kwargs={"shuffle": False}),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_checks_of_scikit_learn(estimator):
    names = ("dense", "sparse")
    rounds = {f"check_sample_weight_equivalence_on_{kind}_data": ROUNDS for kind in names}
    expected = rounds if isinstance(estimator, (MLPClassifier, MLPRegressor)) else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = check_estimator(estimator, on_fail=None, on_skip=None, expected_failed_checks=expected)
    wrong = [(one["check_name"], one["exception"]) for one in found if one["status"] == "failed"]
    assert not wrong
    assert sum(one["status"] == "passed" for one in found) > 35


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return train_test_split(X / 16, y, random_state=0)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"solver": "sgd", "learning_rate_init": 0.05},
        {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.05},
        # At this rate scikit-learn's own losses differ twofold between two orders of the rows.
        {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.5, "shuffle": False},
        {"activation": "logistic", "alpha": 1.0},
        {"activation": "tanh", "hidden_layer_sizes": (20, 10), "batch_size": 50},
        {"shuffle": False, "beta_1": 0.5, "epsilon": 1e-3},
    ],
    ids=str,
)
def test_a_classifier_trains_as_scikit_learns_own(digits, arguments):
    X, _, y, _ = digits
    given = {"random_state": 3, "max_iter": 5, **arguments}
    theirs, ours = TheirClassifier(**given).fit(X, y), MLPClassifier(**given).fit(X, y)
    tolerance = 2e-3 if not arguments.get("shuffle", True) else 0.06
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=tolerance)
    assert (ours.n_iter_, ours.t_, ours.n_layers_, ours.n_outputs_, ours.out_activation_) == (
        theirs.n_iter_, theirs.t_, theirs.n_layers_, theirs.n_outputs_, theirs.out_activation_,
    )  # fmt: skip
    assert [one.shape for one in ours.coefs_] == [one.shape for one in theirs.coefs_]


@pytest.mark.parametrize("multiple", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_steps_are_those_of_scikit_learn(multiple, weighted):
    random = np.random.RandomState(1)
    X = random.randn(30, 4)
    # Each batch has the same sum of weights, as the penalty wants it: the steps are scikit-learn's own.
    weights = np.concatenate([random.permutation(np.linspace(0.5, 3, 10)) for _ in range(3)]) if weighted else None
    given = {"random_state": 0, "max_iter": 4, "shuffle": False, "batch_size": 10, "alpha": 0.1, "tol": 0}
    Y = (X @ random.randn(4, 3) > 0).astype(int)
    y = Y if multiple else Y[:, 0]
    pairs = [(TheirClassifier, MLPClassifier, y), (TheirRegressor, MLPRegressor, y * 1.5)]
    for Theirs, Ours, targets in pairs:
        theirs, ours = (Made(**given).fit(X, targets, sample_weight=weights) for Made in (Theirs, Ours))
        for mine, other in zip(ours.coefs_, theirs.coefs_, strict=True):
            np.testing.assert_allclose(mine, other, atol=2e-6)


def test_a_penalty_is_divided_by_the_mean_weight():
    random = np.random.RandomState(1)
    X, weights = random.randn(60, 4), random.rand(60) * 3 + 1
    y = (X[:, 0] > 0).astype(int)
    given = {"random_state": 0, "max_iter": 4, "shuffle": False, "batch_size": 20, "alpha": 1.0, "tol": 0}
    theirs, ours = (Made(**given).fit(X, y, sample_weight=weights) for Made in (TheirClassifier, MLPClassifier))
    # The sums of the three batches are not quite alike.
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=5e-3)


@pytest.mark.parametrize("classes", [2, 3])
def test_early_stopping_keeps_the_rows_that_scikit_learn_keeps(classes):
    random = np.random.RandomState(1)
    X = random.randn(90, 4)
    y = np.digitize(X[:, 0] + X[:, 1] ** 2, [0, 1][: classes - 1])
    given = {"random_state": 0, "max_iter": 30, "shuffle": False, "alpha": 1.0, "early_stopping": True}
    theirs, ours = (Made(**given).fit(X, y) for Made in (TheirClassifier, MLPClassifier))
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-5)
    np.testing.assert_allclose(ours.validation_scores_, theirs.validation_scores_)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("alpha", [1e-4, 1.0])
def test_losses_of_several_outputs(solver, alpha):
    random = np.random.RandomState(1)
    X = random.randn(200, 4)
    y = X @ random.randn(4, 3)
    given = {"solver": solver, "alpha": alpha, "random_state": 0, "max_iter": 20, "hidden_layer_sizes": (5,)}
    theirs, ours = (Made(**given).fit(X, y) for Made in (TheirRegressor, MLPRegressor))
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-4)
    assert ours.best_loss_ == pytest.approx(theirs.best_loss_, rel=1e-4)


@pytest.mark.parametrize("targets", [1, 3])
@pytest.mark.parametrize("alpha", [0.1, 1.0])
def test_where_lbfgs_ends(targets, alpha):
    """It ends where the sum of the losses has no gradient; for one target, where scikit-learn's own search ends."""
    X, y = load_diabetes(return_X_y=True)
    y = np.stack([y / 100, (y / 100) ** 2, np.sin(y)], 1)[:, :targets]
    given = {"hidden_layer_sizes": (), "solver": "lbfgs", "max_iter": 3000, "alpha": alpha, "tol": 1e-7}
    made = MLPRegressor(random_state=0, **given).fit(X, y if targets > 1 else y[:, 0])
    kernel, apart = made.coefs_[0], made.predict(X).reshape(len(X), -1) - y
    value = 0.5 * np.mean(apart**2) + 0.5 * alpha * np.sum(kernel**2) / len(X)
    assert made.loss_ == pytest.approx(value, rel=1e-4)
    np.testing.assert_allclose((X.T @ apart + alpha * kernel) / len(X), 0, atol=1e-4)
    np.testing.assert_allclose(apart.mean(axis=0), 0, atol=1e-3)
    if targets == 1:
        theirs = TheirRegressor(random_state=0, **given).fit(X, y[:, 0])
        assert made.loss_ == pytest.approx(theirs.loss_, rel=1e-6)


def test_poisson():
    random = np.random.RandomState(1)
    X = random.rand(200, 3)
    y = random.poisson(np.exp(X[:, 0] * 2)).astype(float)
    given = {"loss": "poisson", "random_state": 0, "max_iter": 3, "shuffle": False}
    theirs, ours = TheirRegressor(**given).fit(X, y), MLPRegressor(**given).fit(X, y)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-4)
    np.testing.assert_allclose(ours.predict(X[:5]), theirs.predict(X[:5]), rtol=1e-4)
    with pytest.raises(ValueError, match="targets of at least 0"):
        ours.fit(X, y - 9)


def test_early_stopping(digits):
    X, held, y, labels = digits
    made = MLPClassifier(early_stopping=True, random_state=1, n_iter_no_change=3, max_iter=100).fit(X, y)
    scores = made.validation_scores_
    assert made.best_validation_score_ == max(scores) and made.best_loss_ is None
    assert made.n_iter_ == len(scores) < 100
    assert made.score(held, labels) > 0.85
    with pytest.raises(ValueError, match="test_size = 1"):
        MLPClassifier(early_stopping=True).fit(X[:10], [0, 1] * 5)
    with pytest.raises(ValueError, match="does not support early_stopping"):
        made.partial_fit(X, y)


def test_adaptive_learning_rate_stops_in_the_end():
    X = np.linspace(-1, 1, 20).reshape(-1, 1)
    made = MLPRegressor(
        hidden_layer_sizes=(3,), solver="sgd", learning_rate="adaptive", learning_rate_init=0.1, tol=1e-3,
        n_iter_no_change=2, max_iter=500, random_state=0,
    ).fit(X, X[:, 0])  # fmt: skip
    assert made.n_iter_ < 500 and float(made.network_.optimizer.learning_rate) < 1e-6


def test_labels_of_any_kind(digits):
    X, held, y, labels = digits
    names = np.array(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])
    made = MLPClassifier(random_state=1, max_iter=30).fit(X, names[y])
    assert set(made.predict(held)) <= set(names) and made.score(held, names[labels]) > 0.9
    np.testing.assert_allclose(made.predict_proba(held).sum(axis=1), 1)
    np.testing.assert_allclose(np.exp(made.predict_log_proba(held)), made.predict_proba(held))
    two = MLPClassifier(random_state=1, max_iter=30).fit(X, y > 4)
    assert two.predict(held).dtype == bool and two.predict_proba(held).shape == (len(held), 2)


def test_several_labels_a_row():
    X, Y = make_multilabel_classification(200, 10, n_classes=3, random_state=1)
    made = MLPClassifier(random_state=1, max_iter=100).fit(X, Y)
    assert made.predict(X).shape == Y.shape and made.score(X, Y) > 0.6


def test_weights_of_classes_and_rows():
    random = np.random.RandomState(0)
    X = random.randn(300, 2)
    y = np.where(X[:, 0] + random.randn(300) > 1.5, "rare", "common")
    given = {"random_state": 0, "max_iter": 50}
    plain = MLPClassifier(**given).fit(X, y)
    balanced = MLPClassifier(class_weight="balanced", **given).fit(X, y)
    by_name = MLPClassifier(class_weight={"rare": 9.0, "common": 1.0}, **given).fit(X, y)
    by_row = MLPClassifier(**given).fit(X, y, sample_weight=np.where(y == "rare", 9.0, 1.0))
    rare = [np.mean(one.predict(X) == "rare") for one in (plain, balanced, by_name)]
    assert rare[1] > rare[0] and rare[2] > rare[0]
    np.testing.assert_array_equal(by_name.predict_proba(X), by_row.predict_proba(X))


def test_partial_fit_and_warm_start():
    X, y = load_iris(return_X_y=True)
    made = MLPClassifier((8,), random_state=1, learning_rate_init=0.01)
    with pytest.raises(ValueError, match="classes must be passed"):
        made.partial_fit(X[:50], y[:50])
    for _ in range(60):
        made.partial_fit(X[:100], y[:100], classes=[0, 1, 2])
        made.partial_fit(X[100:], y[100:])
    assert made.t_ == 60 * 150 and made.score(X, y) > 0.5
    with pytest.raises(ValueError, match="classes not in"):
        made.partial_fit(X, y + 1)
    with pytest.raises(AttributeError, match="has no attribute 'partial_fit'"):
        MLPClassifier(solver="lbfgs").partial_fit(X, y, classes=[0, 1, 2])
    warm = MLPClassifier((8,), random_state=1, warm_start=True, max_iter=5).fit(X, y)
    first = warm.loss_
    assert warm.fit(X, y).loss_ < first and len(warm.loss_curve_) == 10
    with pytest.raises(ValueError, match="same classes"):
        warm.fit(X[:100], y[:100])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"activation": "relus"}, "Did you mean 'relu'"),
        ({"solver": "rmsprop"}, "'lbfgs', 'sgd', 'adam'"),
        ({"alpha": -1}, "alpha to be a number from 0"),
        ({"max_iter": 1.5}, "max_iter to be an integer"),
        ({"batch_size": 0}, "batch_size 'auto' or an integer"),
        ({"hidden_layer_sizes": (3, 0)}, "hidden_layer_sizes must be > 0"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_wrong_arguments_are_explained(arguments, told):
    with pytest.raises(ValueError, match=told):
        MLPClassifier(**arguments).fit(np.ones((4, 2)), [0, 1, 0, 1])


def test_training_that_has_not_converged_is_told_of(digits):
    X, _, y, _ = digits
    with pytest.warns(ConvergenceWarning, match="max_iter=2 reached"):
        MLPClassifier(max_iter=2).fit(X, y)
    with pytest.raises(NotFittedError):
        MLPClassifier().predict(X)


def test_the_same_seed_gives_the_same_bits(digits):
    X, held, y, _ = digits
    made = MLPClassifier(random_state=7, max_iter=3).fit(X, y)
    fastnn.utils.set_random_seed(99)
    again = pickle.loads(pickle.dumps(clone(made).fit(X, y)))
    np.testing.assert_array_equal(made.predict_proba(held), again.predict_proba(held))


def test_grid_search_in_two_processes():
    X, y = load_iris(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(random_state=1, max_iter=300, learning_rate_init=0.02))
    search = GridSearchCV(
        pipeline, {"mlpclassifier__hidden_layer_sizes": [(1,), (16,)]}, n_jobs=2, cv=3, error_score="raise"
    ).fit(X, y)
    assert search.best_params_["mlpclassifier__hidden_layer_sizes"] == (16,) and search.best_score_ > 0.8


def test_a_model_as_a_classifier():
    X, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    made = SKLearnClassifier(perceptron, model_kwargs=ONE_HOT, fit_kwargs={"epochs": 30})
    assert made.epoch_ == []
    made.fit(X, names, class_weight={"setosa": 1.0, "versicolor": 2.0, "virginica": 2.0})
    assert made.score(X, names) > 0.8 and made.epoch_ == list(range(30)) and "loss" in made.history_.history
    np.testing.assert_allclose(made.predict_proba(X).sum(axis=1), 1)
    assert pickle.loads(pickle.dumps(made)).score(X, names) == made.score(X, names)
    made.fit(X, names, class_weight="balanced", epochs=1)
    with pytest.raises(ValueError, match="names the label 'rose'"):
        made.fit(X, names, class_weight={"rose": 1.0})
    copy = clone(made)
    assert copy.fit_kwargs == made.fit_kwargs and not hasattr(copy, "model_")
    with pytest.raises(ValueError, match="does not know the label 'rose'"):
        made.partial_fit(X, np.where(y == 0, "rose", names))


def test_a_model_that_is_given_is_cloned():
    X = np.linspace(-1, 1, 32, dtype="float32").reshape(-1, 1)
    model = perceptron(X, X, widths=())
    before = model.get_weights()
    made = SKLearnRegressor(model, fit_kwargs={"epochs": 5}).fit(X, X[:, 0])
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    assert made.model_ is not model and made.predict(X).shape == (32,)
    warm = SKLearnRegressor(model, warm_start=True).fit(X, X[:, 0])
    assert warm.model_ is model and model.get_weights()[0] != before[0]
    after = model.get_weights()[0].copy()
    assert warm.fit(X, X[:, 0]).model_ is model and model.get_weights()[0] != after
    for _ in range(3):
        warm.partial_fit(X, X[:, 0])
    assert warm.model_ is model and len(warm.history_.epoch) == 1
    with pytest.raises(RuntimeError, match="compiled with a loss"):
        SKLearnRegressor(Sequential([Input((1,)), layers.Dense(1)])).fit(X, X)
    with pytest.raises(TypeError, match="got int"):
        SKLearnRegressor(lambda X, y: 7).fit(X, X)


def test_a_model_that_is_none():
    with pytest.raises(TypeError, match="SKLearnClassifier expects a model, or a function that returns one, got 'x'"):
        SKLearnClassifier("x").fit(np.ones((4, 2)), [0, 1, 0, 1])


def test_a_model_as_a_transformer():
    X = np.random.RandomState(0).randn(30, 4)
    made = SKLearnTransformer(perceptron).fit(X, X[:, :2])
    np.testing.assert_array_equal(made.transform(X), made.model_.predict(X, verbose=0))


def test_scikit_learn_is_imported_where_it_is_used():
    code = (
        "import sys, fastnn, fastnn.wrappers\n"
        "assert 'sklearn' not in sys.modules\n"
        "sys.modules['sklearn'] = None\n"
        "try: fastnn.wrappers.MLPClassifier\n"
        "except ImportError as error: assert 'pip install scikit-learn' in str(error)\n"
        "else: raise SystemExit('no error')"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONPATH": sys.path[0], **__import__("os").environ}
        ).returncode
        == 0
    )
