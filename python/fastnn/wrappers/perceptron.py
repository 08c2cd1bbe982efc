"""The part that the multi-layer perceptrons for classes and for numbers share: arguments, network, training, stopping.

Arguments and attributes are those of scikit-learn's own perceptrons; the network is a model of fastnn. What differs
between classes and numbers (labels, losses, scores) is in `perceptrons.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from fastnn import optimizers
from fastnn.callbacks import Callback
from fastnn.caller import warn
from fastnn.layers import Dense, Input
from fastnn.models import Sequential
from fastnn.naming import suggestion
from fastnn.regularizers import L2

Array = NDArray[Any]

_ACTIVATIONS = {"identity": "linear", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu", "softmax": "softmax",
                "exp": "exponential"}  # fmt: skip
_WORDS = {
    "activation": ("identity", "logistic", "tanh", "relu"),
    "solver": ("lbfgs", "sgd", "adam"),
    "learning_rate": ("constant", "invscaling", "adaptive"),
}
_NUMBERS: dict[str, tuple[Any, Any, Any]] = {
    "alpha": (Real, 0, np.inf),
    "learning_rate_init": (Real, np.finfo("float32").tiny, np.inf),
    "power_t": (Real, 0, np.inf),
    "max_iter": (Integral, 1, np.inf),
    "tol": (Real, 0, np.inf),
    "momentum": (Real, 0, 1),
    "validation_fraction": (Real, 0, np.nextafter(1, 0)),
    "beta_1": (Real, 0, np.nextafter(1, 0)),
    "beta_2": (Real, 0, np.nextafter(1, 0)),
    "epsilon": (Real, np.finfo("float32").tiny, np.inf),
    "n_iter_no_change": (Real, 1, np.inf),
    "max_fun": (Integral, 1, np.inf),
}
"""The kind and the range of each argument that is a number."""


def takes_steps(estimator: Any) -> bool:
    """Returns True where the solver takes the data in batches.

    Args:
        estimator: The perceptron.

    Raises:
        AttributeError: It takes all rows at once.
    """
    if estimator.solver == "lbfgs":
        raise AttributeError("partial_fit needs a solver that takes the data in batches, 'adam' or 'sgd', got 'lbfgs'")
    return True


class Perceptron(BaseEstimator):
    """Base of the multi-layer perceptrons; the arguments are theirs."""

    _loss = ""

    def __sklearn_tags__(self) -> Any:
        """Returns what scikit-learn asks about the estimator."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    # What a perceptron for classes or for numbers says.

    def _encoded(self, y: Array, new: bool, once: bool) -> Array:
        """Returns the targets as the network learns them, (rows, outputs) or labels (rows,)."""
        raise NotImplementedError

    def _outputs_of(self, y: Array) -> tuple[int, str]:
        """Returns the number of outputs and their activation."""
        raise NotImplementedError

    def _objective(self, weighted: bool) -> tuple[Any, float]:
        """Returns the loss, and its factor."""
        raise NotImplementedError

    def _measures(self) -> list[str]:
        """Returns the metrics from which `_loss_of` takes scikit-learn's loss."""
        return []

    def _loss_of(self, logs: Any) -> float:
        """Returns scikit-learn's loss of an epoch from the logs."""
        return float(logs["loss"])

    def _offset(self, y: Array) -> float:
        """Returns what scikit-learn's loss has beyond ours, which does not depend on the network."""
        return 0.0

    def validation_score(self, X: Array, y: Array, sample_weight: Array | None) -> float:
        """Returns the score on encoded targets, by which training is stopped early.

        Args:
            X: The samples.
            y: The encoded targets.
            sample_weight: The weight of each row, or None.
        """
        raise NotImplementedError

    def _strata(self, y: Array) -> Array | None:
        """Returns the labels that both parts of a split should have alike."""
        return None

    # Checks.

    def _sizes(self) -> list[int]:
        given = self.hidden_layer_sizes
        sizes = list(given) if isinstance(given, Iterable) else [given]
        if not all(isinstance(size, Integral) and int(size) > 0 for size in sizes):
            raise ValueError(f"hidden_layer_sizes must be > 0: expected integers of at least 1, got {sizes}")
        return [int(size) for size in sizes]

    def _check_arguments(self) -> None:
        who = type(self).__name__
        for name, words in _WORDS.items():
            value = getattr(self, name)
            if value not in words:
                raise ValueError(
                    f"{who} expects {name} to be one of {', '.join(map(repr, words))}, got {value!r}."
                    f"{suggestion(str(value), words)}"
                )
        for name, (kind, least, most) in _NUMBERS.items():
            value = getattr(self, name)
            if not isinstance(value, kind) or isinstance(value, bool) or not least <= value <= most:
                what = "an integer" if kind is Integral else "a number"
                raise ValueError(f"{who} expects {name} to be {what} from {least:g} to {most:g}, got {value!r}")
        size = self.batch_size
        if size != "auto" and (not isinstance(size, Integral) or size < 1):
            raise ValueError(f"{who} expects batch_size 'auto' or an integer of at least 1, got {size!r}")

    # Training.

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Trains the network.

        Args:
            X: The samples, (rows, features); a sparse matrix is made dense.
            y: The targets, (rows,) or (rows, outputs).
            sample_weight: The weight of each row, or None.

        Returns:
            The estimator.

        Raises:
            ValueError: An argument is out of its range, or the data do not fit together.
        """
        return self._fit(X, y, sample_weight, False)

    @available_if(takes_steps)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Trains the network for one more pass over these rows.

        Args:
            X: The samples, (rows, features).
            y: The targets, (rows,) or (rows, outputs).
            sample_weight: The weight of each row, or None.

        Returns:
            The estimator.
        """
        return self._fit(X, y, sample_weight, True)

    def _fit(self, X: Any, y: Any, sample_weight: Any, once: bool) -> Any:
        self._check_arguments()
        sizes = self._sizes()
        if once and self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True; set it to False, or use fit")
        new = not hasattr(self, "network_") or not (self.warm_start or once)
        X, y = validate_data(self, X, y, accept_sparse=["csr", "csc"], multi_output=True, y_numeric=False, reset=new)
        X = _dense(X)
        y = self._encoded(y, new, once)
        weights = None if sample_weight is None else _check_sample_weight(sample_weight, X, dtype="float32")
        weights = self._weighted(y, weights)
        random = check_random_state(self.random_state)
        if new:
            self._begin([X.shape[1], *sizes], y, random)
        held = None
        if self.early_stopping:
            X, y, weights, held = self._split(X, y, weights, random)
        if new:
            self.network_.__fastnn_training__.row_order.seed = int(random.randint(1 << 31))
        if new or not once or not self.network_.compiled:
            self._compile(len(X), weights)
        self._run(X, y, weights, held, 1 if once else self.max_iter)
        self.coefs_ = [layer.get_weights()[0] for layer in self.network_.layers]
        self.intercepts_ = [layer.get_weights()[1] for layer in self.network_.layers]
        if not all(np.isfinite(weight).all() for weight in (*self.coefs_, *self.intercepts_)):
            raise ValueError(
                "Solver produced non-finite parameter weights. The input data may contain large values and need to be "
                "preprocessed, as by sklearn.preprocessing.StandardScaler"
            )
        return self

    def _weighted(self, y: Array, weights: Array | None) -> Array | None:
        return weights

    def _begin(self, sizes: list[int], y: Array, random: np.random.RandomState) -> None:
        """Makes the network, its weights drawn as scikit-learn draws them."""
        self.n_outputs_, self.out_activation_ = self._outputs_of(y)
        sizes = [*sizes, self.n_outputs_]
        self.n_layers_ = len(sizes)
        kinds = [self.activation] * (self.n_layers_ - 2) + [self.out_activation_]
        layers = [
            Dense(size, _ACTIVATIONS[kind], kernel_initializer="zeros", name=f"layer_{i}")
            for i, (size, kind) in enumerate(zip(sizes[1:], kinds, strict=True))
        ]
        self.network_ = Sequential([Input((sizes[0],), name="x"), *layers], name="perceptron")
        for layer, fan_in, fan_out in zip(layers, sizes, sizes[1:], strict=False):
            bound = np.sqrt((2.0 if self.activation == "logistic" else 6.0) / (fan_in + fan_out))
            layer.set_weights([random.uniform(-bound, bound, size) for size in ((fan_in, fan_out), fan_out)])
        self.t_ = 0
        self.loss_curve_: list[float] = []
        self.best_loss_: float | None = None if self.early_stopping else np.inf
        self.validation_scores_: list[float] | None = [] if self.early_stopping else None
        self.best_validation_score_: float | None = -np.inf if self.early_stopping else None
        self.waited_ = 0

    def _compile(self, rows: int, weights: Array | None) -> None:
        # scikit-learn divides the penalty by the weights of the rows of a batch; here, by what they are on average.
        total = self._rows_of_step(rows) * (1.0 if weights is None else float(weights.mean()))
        dense: Any
        for dense in self.network_.layers:
            dense.kernel.regularizer = L2(0.5 * self.alpha / total)
        if self.solver == "adam":
            made: Any = optimizers.Adam(self.learning_rate_init, self.beta_1, self.beta_2, self.epsilon)
        elif self.solver == "sgd":
            nesterov = self.nesterovs_momentum and self.momentum > 0
            made = optimizers.SGD(self.learning_rate_init, self.momentum, nesterov)
        else:
            made = optimizers.LBFGS(max_iter=1, gradient_tolerance=self.tol)
        loss, factor = self._objective(weights is not None)
        self.network_.compile(made, loss, loss_weights=[factor], weighted_metrics=self._measures())

    def _rows_of_step(self, rows: int) -> int:
        if self.solver == "lbfgs":
            return rows
        if self.batch_size == "auto":
            return min(200, rows)
        if self.batch_size > rows:
            warn(f"batch_size={self.batch_size} is more than the {rows} rows there are; all of them are one batch")
        return int(min(self.batch_size, rows))

    def _split(
        self, X: Array, y: Array, weights: Array | None, random: np.random.RandomState
    ) -> tuple[Array, Array, Array | None, tuple[Array, Array, Array | None]]:
        parts = train_test_split(
            X, y, *([] if weights is None else [weights]), random_state=random, test_size=self.validation_fraction,
            stratify=self._strata(y),
        )  # fmt: skip
        x, held_x, y, held_y, *rest = parts
        if len(held_x) < 2:
            raise ValueError(
                f"The validation set is too small: {len(held_x)} rows. Increase 'validation_fraction' or the size of "
                "your dataset"
            )
        return x, y, (rest[0] if rest else None), (held_x, held_y, rest[1] if rest else None)

    def _run(self, X: Array, y: Array, weights: Array | None, held: Any, passes: int) -> None:
        watch = _Watch(self, self._offset(y), held, len(X))
        self.n_iter_ = 0
        try:
            self.network_.fit(
                X, y, batch_size=self._rows_of_step(len(X)), epochs=passes, shuffle=self.shuffle, verbose=0,
                sample_weight=weights, callbacks=[watch],
            )  # fmt: skip
        except KeyboardInterrupt:
            warn("Training interrupted by user.")
        if watch.best is not None:
            self.network_.set_weights(watch.best)
        if passes > 1 and self.n_iter_ == passes and not self.network_.stop_training:
            warn(
                f"{type(self).__name__}: max_iter={passes} reached, and the optimization hasn't converged yet",
                ConvergenceWarning,
            )

    def _outputs(self, X: Any) -> Array:
        check_is_fitted(self, "network_")
        X = validate_data(self, X, accept_sparse=["csr", "csc"], dtype=("float64", "float32"), reset=False)
        made: Array = self.network_.predict(_dense(X), batch_size=1024, verbose=0)
        return made.astype(X.dtype, copy=False)


class _Watch(Callback):
    """Notes the losses and scores of a perceptron, and stops it where they do not improve.

    Args:
        perceptron: The perceptron.
        offset: What is added to each loss.
        held: The rows, targets and weights of validation, or None.
        rows: The number of rows of an epoch.

    Attributes:
        best: The weights of the best score; None without validation.
    """

    def __init__(self, perceptron: Any, offset: float, held: Any, rows: int) -> None:
        super().__init__()
        self._own = perceptron
        self._offset = offset
        self._held = held
        self._rows = rows
        self.best: list[Array] | None = None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Notes the loss, measures the score, and sets the learning rate of the next epoch."""
        own = self._own
        own.loss_ = own._loss_of(logs or {}) + self._offset
        own.n_iter_ += 1
        own.t_ += self._rows
        if own.solver == "lbfgs":
            return
        own.loss_curve_.append(own.loss_)
        if own.verbose:
            print(f"Iteration {own.n_iter_}, loss = {own.loss_:.8f}")
        self._wait(own)
        optimizer = self.model.optimizer
        if own.solver == "sgd" and own.learning_rate == "invscaling":
            optimizer.learning_rate = own.learning_rate_init / (own.t_ + 1) ** own.power_t
        if own.waited_ > own.n_iter_no_change:
            self._stop(own, optimizer)

    def _wait(self, own: Any) -> None:
        if self._held is None:
            worse = own.loss_ > own.best_loss_ - own.tol
            own.best_loss_ = min(own.loss_, own.best_loss_)
        else:
            score = own.validation_score(*self._held)
            own.validation_scores_.append(score)
            if own.verbose:
                print(f"Validation score: {score:f}")
            worse = score < own.best_validation_score_ + own.tol
            if score > own.best_validation_score_:
                own.best_validation_score_ = score
                self.best = self.model.get_weights()
        own.waited_ = own.waited_ + 1 if worse else 0

    def _stop(self, own: Any, optimizer: Any) -> None:
        rate = float(optimizer.learning_rate)
        lowers = own.solver == "sgd" and own.learning_rate == "adaptive" and rate > 1e-6
        what = "Training loss" if self._held is None else "Validation score"
        if own.verbose:
            then = f"Setting learning rate to {rate / 5:f}" if lowers else "Stopping."
            print(f"{what} did not improve more than tol={own.tol:f} for {own.n_iter_no_change} epochs. {then}")
        if lowers:
            optimizer.learning_rate = rate / 5
            own.waited_ = 0
        else:
            self.model.stop_training = True


def _dense(X: Any) -> Array:
    """Returns samples as a dense array of float32."""
    made: Array = np.ascontiguousarray(X.toarray() if hasattr(X, "toarray") else X, dtype="float32")
    return made
