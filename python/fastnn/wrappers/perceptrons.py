"""Multi-layer perceptrons with scikit-learn's own arguments and attributes, trained by fastnn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels
from sklearn.utils.validation import column_or_1d

from fastnn import losses
from fastnn.wrappers.perceptron import Perceptron, takes_steps

Array = NDArray[Any]


class MLPClassifier(ClassifierMixin, Perceptron):
    """Multi-layer perceptron for classes: scikit-learn's `MLPClassifier`, several times faster.

    Arguments, defaults, initial weights and attributes are scikit-learn's; it computes in float32, and its batches are
    shuffled otherwise. Labels may be of any type; for several labels a row they are an indicator matrix. With weights
    of rows the penalty of each step is divided by the mean weight of all rows, where scikit-learn takes that of its
    batch.

    Args:
        hidden_layer_sizes: The number of units of each hidden layer.
        activation: That of the hidden layers: "identity", "logistic", "tanh" or "relu".
        solver: "adam", "sgd", or "lbfgs", which takes all rows as one batch.
        alpha: Strength of the L2 penalty of the kernels.
        batch_size: The number of rows of a step; "auto": 200, or all where there are fewer.
        learning_rate: With "sgd": "constant", "invscaling" (divided by the number of rows seen to the power of
            `power_t`) or "adaptive" (divided by 5 where training has stopped improving).
        learning_rate_init: The learning rate to begin with.
        power_t: Exponent of "invscaling".
        max_iter: The largest number of epochs; of iterations with "lbfgs".
        shuffle: True to shuffle the rows before each epoch.
        random_state: An integer or a `RandomState` for weights, orders of rows and the split for validation.
        tol: The smallest improvement of the loss, or of the score, that counts; with "lbfgs" the largest element of the
            gradient at which it ends.
        verbose: True to print the loss of each epoch.
        warm_start: True to go on from the weights of the last `fit`.
        momentum: Momentum of "sgd".
        nesterovs_momentum: True for Nesterov's momentum.
        early_stopping: True to keep rows for validation, stop where their score does not improve, and take the best
            weights.
        validation_fraction: The share of rows kept for validation.
        beta_1: Exponential decay rate of the first moment of "adam".
        beta_2: Exponential decay rate of the second moment of "adam".
        epsilon: Added to the denominator of "adam".
        n_iter_no_change: The number of epochs without improvement after which training stops.
        max_fun: Accepted for scikit-learn compatibility; ignored.
        class_weight: A dict from labels to weights, "balanced", or None; scikit-learn's own has no such argument.

    Attributes:
        classes_: The labels, sorted.
        coefs_: The kernel of each layer, (inputs, outputs).
        intercepts_: The bias of each layer.
        loss_: The loss of the last epoch.
        best_loss_: The smallest loss; None with `early_stopping`.
        loss_curve_: The loss of each epoch.
        validation_scores_: The score of each epoch with `early_stopping`, otherwise None.
        best_validation_score_: The best of them, or None.
        n_iter_: The number of epochs of the last `fit`.
        t_: The number of rows that were trained on.
        n_layers_: The number of layers, that of the inputs included.
        n_outputs_: The number of outputs.
        out_activation_: The activation of the outputs.
        network_: The model.

    Example:
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> classifier = fastnn.wrappers.MLPClassifier((16,), learning_rate_init=0.01, max_iter=400, random_state=1)
        >>> classifier.fit(X, y).score(X, y) > 0.9
        True
    """

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        class_weight: Mapping[Any, float] | str | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.class_weight = class_weight

    def __sklearn_tags__(self) -> Any:
        """Returns what scikit-learn asks about the estimator."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    @available_if(takes_steps)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Any:
        """Trains the network for one more pass over these rows.

        Args:
            X: The samples, (rows, features).
            y: The targets, (rows,) or (rows, outputs).
            sample_weight: The weight of each row, or None.
            classes: All labels that will occur, with the first call.

        Returns:
            The estimator.

        Raises:
            ValueError: It is the first call, and the classes are missing.
        """
        if not hasattr(self, "classes_"):
            if classes is None:
                raise ValueError("classes must be passed on the first call to partial_fit: all labels that will occur")
            self._multilabel = type_of_target(y).startswith("multilabel")
            self.classes_ = unique_labels(classes)
        elif classes is not None and not np.array_equal(self.classes_, unique_labels(classes)):
            raise ValueError(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {self.classes_!r}"
            )
        return self._fit(X, y, sample_weight, True)

    def _encoded(self, y: Array, new: bool, once: bool) -> Array:
        check_classification_targets(y)
        multilabel = type_of_target(y).startswith("multilabel")
        if not multilabel:
            y = column_or_1d(y, warn=True)
        classes = unique_labels(y)
        if not once and (new or not hasattr(self, "classes_")):
            self.classes_, self._multilabel = classes, multilabel
        elif self.warm_start and not once and not np.array_equal(classes, self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. Previously "
                f"got {self.classes_}, `y` has {classes}"
            )
        strangers = np.setdiff1d(classes, self.classes_)
        if len(strangers):
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}. `y` has {classes}"
            )
        if multilabel:
            return np.ascontiguousarray(y.toarray() if hasattr(y, "toarray") else y, dtype="float32")
        at = np.searchsorted(self.classes_, y)
        return at if len(self.classes_) > 2 else at[:, None].astype("float32")

    def _outputs_of(self, y: Array) -> tuple[int, str]:
        if self._multilabel:
            return y.shape[1], "logistic"
        return (len(self.classes_), "softmax") if len(self.classes_) > 2 else (1, "logistic")

    def _objective(self, weighted: bool) -> tuple[Any, float]:
        reduction = "mean_with_sample_weight" if weighted else "sum_over_batch_size"
        if self.out_activation_ == "softmax":
            return losses.SparseCategoricalCrossentropy(reduction=reduction), 1.0
        # scikit-learn adds up the outputs, where Keras takes their mean.
        return losses.BinaryCrossentropy(reduction=reduction), float(self.n_outputs_)

    def _weighted(self, y: Array, weights: Array | None) -> Array | None:
        if self.class_weight is None:
            return weights
        labels = y if self._multilabel else self.classes_[y.astype(int).ravel()]
        by_class = compute_sample_weight(self.class_weight, labels).astype("float32")
        return by_class if weights is None else by_class * weights

    def _strata(self, y: Array) -> Array | None:
        return y if self.n_outputs_ == 1 and not self._multilabel else None  # as scikit-learn does

    def validation_score(self, X: Array, y: Array, sample_weight: Array | None) -> float:
        """Returns the accuracy on encoded targets, by which training is stopped early.

        Args:
            X: The samples.
            y: The encoded targets.
            sample_weight: The weight of each row, or None.
        """
        made = self.network_.predict(X, batch_size=1024, verbose=0)
        found = made.argmax(axis=1) if self.out_activation_ == "softmax" else made > 0.5
        right = found == y
        return float(np.average(right if right.ndim == 1 else right.all(axis=1), weights=sample_weight))

    def predict(self, X: Any) -> Array:
        """Returns the class of each row, or the indicators of its labels.

        Args:
            X: The samples, (rows, features).
        """
        made = self._outputs(X)
        if self._multilabel:
            return (made > 0.5).astype(int)
        at = made.argmax(axis=1) if self.out_activation_ == "softmax" else (made[:, 0] > 0.5).astype(int)
        found: Array = self.classes_[np.minimum(at, len(self.classes_) - 1)]
        return found

    def predict_proba(self, X: Any) -> Array:
        """Returns the probability of each class, (rows, classes).

        Args:
            X: The samples, (rows, features).
        """
        made = self._outputs(X).astype("float64")
        if self.out_activation_ == "softmax":
            made /= made.sum(axis=1, keepdims=True)
        elif not self._multilabel:
            made = np.hstack([1 - made, made])
        return made

    def predict_log_proba(self, X: Any) -> Array:
        """Returns the logarithm of the probability of each class, (rows, classes).

        Args:
            X: The samples, (rows, features).
        """
        made: Array = np.log(self.predict_proba(X))
        return made


class MLPRegressor(RegressorMixin, Perceptron):
    """Multi-layer perceptron for numbers: scikit-learn's `MLPRegressor`, several times faster.

    Arguments, defaults, initial weights and attributes are scikit-learn's; it computes in float32, and its batches are
    shuffled otherwise. The arguments are those of `MLPClassifier`, without `class_weight`, and the loss. For several
    targets training minimizes the sum of their losses, and `loss_` tells their mean, as there; with "lbfgs" it ends
    where the sum is least, while scikit-learn gives its search the value of the mean with the gradient of the sum, and
    so stops before.

    Args:
        loss: "squared_error", half of the square; or "poisson", half of the deviance, with targets of at least 0 and
            the exponential function at the end.
        hidden_layer_sizes: The number of units of each hidden layer.
        activation: That of the hidden layers: "identity", "logistic", "tanh" or "relu".
        solver: "adam", "sgd", or "lbfgs", which takes all rows as one batch.
        alpha: Strength of the L2 penalty of the kernels.
        batch_size: The number of rows of a step; "auto": 200, or all where there are fewer.
        learning_rate: With "sgd": "constant", "invscaling" or "adaptive".
        learning_rate_init: The learning rate to begin with.
        power_t: Exponent of "invscaling".
        max_iter: The largest number of epochs; of iterations with "lbfgs".
        shuffle: True to shuffle the rows before each epoch.
        random_state: An integer or a `RandomState` for weights, orders of rows and the split for validation.
        tol: The smallest improvement of the loss, or of the score, that counts.
        verbose: True to print the loss of each epoch.
        warm_start: True to go on from the weights of the last `fit`.
        momentum: Momentum of "sgd".
        nesterovs_momentum: True for Nesterov's momentum.
        early_stopping: True to keep rows for validation, and stop where their score (R2) does not improve.
        validation_fraction: The share of rows kept for validation.
        beta_1: Exponential decay rate of the first moment of "adam".
        beta_2: Exponential decay rate of the second moment of "adam".
        epsilon: Added to the denominator of "adam".
        n_iter_no_change: The number of epochs without improvement after which training stops.
        max_fun: Accepted for scikit-learn compatibility; ignored.

    Attributes:
        coefs_: The kernel of each layer, (inputs, outputs).
        intercepts_: The bias of each layer.
        loss_: The loss of the last epoch.
        loss_curve_: The loss of each epoch.
        n_iter_: The number of epochs of the last `fit`.
        network_: The model.

    Example:
        >>> X = np.linspace(-1, 1, 64).reshape(-1, 1)
        >>> regressor = fastnn.wrappers.MLPRegressor(
        ...     hidden_layer_sizes=(32,), learning_rate_init=0.01, tol=1e-5, max_iter=500, random_state=1
        ... )
        >>> regressor.fit(X, X[:, 0] ** 2).score(X, X[:, 0] ** 2) > 0.95
        True
    """

    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
    ) -> None:
        self.loss = loss
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun

    def __sklearn_tags__(self) -> Any:
        """Returns what scikit-learn asks about the estimator."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _encoded(self, y: Array, new: bool, once: bool) -> Array:
        if self.loss not in ("squared_error", "poisson"):
            raise ValueError(f"MLPRegressor expects loss to be 'squared_error' or 'poisson', got {self.loss!r}")
        y = np.asarray(y, dtype="float32")
        if self.loss == "poisson" and y.min(initial=0) < 0:
            raise ValueError(f"loss='poisson' expects targets of at least 0, got {y.min()}")
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if new:
            self._flat = y.ndim == 1
        return y[:, None] if y.ndim == 1 else y

    def _outputs_of(self, y: Array) -> tuple[int, str]:
        return y.shape[1], "exp" if self.loss == "poisson" else "identity"

    def _objective(self, weighted: bool) -> tuple[Any, float]:
        reduction = "mean_with_sample_weight" if weighted else "sum_over_batch_size"
        # The gradient of scikit-learn adds up the outputs, where Keras takes their mean.
        if self.loss == "poisson":
            return losses.Poisson(reduction=reduction), float(self.n_outputs_)
        return losses.MeanSquaredError(reduction=reduction), 0.5 * self.n_outputs_

    # The loss that scikit-learn tells is the mean of the outputs, while it follows the gradient of their sum.

    def _measures(self) -> list[str]:
        return ["mse"] if self.loss == "squared_error" and self.n_outputs_ > 1 else []

    def _loss_of(self, logs: Any) -> float:
        return float(logs["loss"]) - 0.5 * (self.n_outputs_ - 1) * float(logs.get("mse", 0.0))

    def _offset(self, y: Array) -> float:
        return float(np.mean(y * np.log(np.maximum(y, 1e-30)) - y)) * y.shape[1] if self.loss == "poisson" else 0.0

    def validation_score(self, X: Array, y: Array, sample_weight: Array | None) -> float:
        """Returns R2, by which training is stopped early.

        Args:
            X: The samples.
            y: The targets.
            sample_weight: The weight of each row, or None.
        """
        return float(r2_score(y, self.network_.predict(X, batch_size=1024, verbose=0), sample_weight=sample_weight))

    def predict(self, X: Any) -> Array:
        """Returns the outputs, in the shape of the targets.

        Args:
            X: The samples, (rows, features).
        """
        made = self._outputs(X)
        return made[:, 0] if self._flat else made
