"""Models as estimators of scikit-learn, with Keras' names and arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from fastnn.models import Model, clone_model

Array = NDArray[Any]


class ModelEstimator(BaseEstimator):
    """Base of the estimators that hold a model.

    Args:
        model: A compiled model, which is cloned for each `fit`; or a function of (X, y, **model_kwargs) that returns
            one. The function gets the targets as the model will: those of a classifier one-hot.
        warm_start: True to go on training in a further `fit`. A `model` that is no function is then trained itself.
        model_kwargs: Further arguments of the function.
        fit_kwargs: Arguments of `Model.fit`, such as "epochs" and "callbacks".
    """

    def __init__(
        self,
        model: Model | Callable[..., Model],
        warm_start: bool = False,
        model_kwargs: Mapping[str, Any] | None = None,
        fit_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        self.model = model
        self.warm_start = warm_start
        self.model_kwargs = model_kwargs
        self.fit_kwargs = fit_kwargs

    def __sklearn_tags__(self) -> Any:
        """Returns what scikit-learn asks about the estimator."""
        tags = super().__sklearn_tags__()
        # The function of a user may draw random weights.
        tags.non_deterministic = True
        return tags

    @property
    def epoch_(self) -> list[int]:
        """The epochs of the last `fit`, counted from 0."""
        history = getattr(self, "history_", None)
        return [] if history is None else list(history.epoch)

    def _new_model(self, X: Array, y: Array) -> Model:
        if self.warm_start and hasattr(self, "model_"):
            return self.model_
        if not isinstance(self.model, Model):
            if not callable(self.model):
                raise TypeError(
                    f"{type(self).__name__} expects a model, or a function that returns one, got {self.model!r}"
                )
            made = self.model(X=X, y=y, **(self.model_kwargs or {}))
        else:
            made = self.model if self.warm_start else clone_model(self.model)
        if not isinstance(made, Model):
            raise TypeError(
                f"{type(self).__name__} expects a model, or a function that returns one, got {type(made).__name__}"
            )
        if not made.compiled or not made.loss or made.optimizer is None:
            raise RuntimeError(f"{type(self).__name__} expects a model that is compiled with a loss and an optimizer")
        return made

    def fit(self, X: Any, y: Any, **kwargs: Any) -> Any:
        """Trains a new model.

        Args:
            X: The samples, (rows, features).
            y: The targets, (rows,) or (rows, outputs).
            **kwargs: Arguments of `Model.fit`, in place of those of `fit_kwargs`.

        Returns:
            The estimator.

        Raises:
            ValueError: The data do not fit together.
            RuntimeError: The model is not compiled.
        """
        X, y = validate_data(self, X, y, multi_output=True)
        y = self._encoded(y, True)
        model = self._new_model(X, y)
        self._train(model, X, y, {**(self.fit_kwargs or {}), **kwargs})
        return self

    def _train(self, model: Model, X: Array, y: Array, arguments: dict[str, Any]) -> None:
        arguments.setdefault("verbose", 0)
        if arguments.get("sample_weight") is not None:
            arguments["sample_weight"] = np.asarray(arguments["sample_weight"])
        self.history_ = model.fit(X, y, **arguments)
        self.model_ = model

    def partial_fit(self, X: Any, y: Any, **kwargs: Any) -> Any:
        """Trains the model for one more epoch; makes it where there is none.

        Args:
            X: The samples, (rows, features).
            y: The targets, (rows,) or (rows, outputs).
            **kwargs: Arguments of `Model.fit`, in place of those of `fit_kwargs`; for a classifier `classes`, all
                labels that will occur, with the first call.

        Returns:
            The estimator.
        """
        first = not hasattr(self, "model_")
        X, y = validate_data(self, X, y, multi_output=True, reset=first)
        y = self._encoded(y, first, kwargs.pop("classes", None))
        model = self._new_model(X, y) if first else self.model_
        self._train(model, X, y, {**(self.fit_kwargs or {}), **kwargs, "epochs": 1, "initial_epoch": 0})
        return self

    def _outputs(self, X: Any) -> Array:
        check_is_fitted(self, "model_")
        made: Array = self.model_.predict(validate_data(self, X, reset=False), verbose=0)
        return made

    def _encoded(self, y: Array, new: bool, classes: Any = None) -> Array:
        if type_of_target(y) == "unknown":
            raise ValueError(f"Unknown label type: {type(self).__name__} expects numbers as targets, got {y!r}")
        if new:
            self._target_ndim = y.ndim
        return y.reshape(-1, 1) if y.ndim == 1 else y


class SKLearnClassifier(ClassifierMixin, ModelEstimator):
    """Classifier of scikit-learn that trains a model.

    Labels of any type are encoded one-hot, so the model has an output for each class and a categorical loss.

    Args:
        model: A compiled model, which is cloned for each `fit`; or a function of (X, y, **model_kwargs) that returns
            one.
        warm_start: True to go on training in a further `fit`. A `model` that is no function is then trained itself.
        model_kwargs: Further arguments of the function.
        fit_kwargs: Arguments of `Model.fit`, such as "epochs" and "callbacks". The "class_weight" among them is given
            by the labels, or "balanced".

    Attributes:
        model_: The trained model.
        history_: The `History` of the last `fit`.
        classes_: The labels, sorted.

    Example:
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> def network(X, y, width):
        ...     model = fastnn.Sequential(
        ...         [
        ...             layers.Input((X.shape[1],)),
        ...             layers.Dense(width, "relu"),
        ...             layers.Dense(y.shape[1], "softmax"),
        ...         ]
        ...     )
        ...     model.compile("adam", "categorical_crossentropy")
        ...     return model
        >>> fastnn.utils.set_random_seed(1)
        >>> classifier = fastnn.wrappers.SKLearnClassifier(network, model_kwargs={"width": 16})
        >>> classifier.fit(X, y, epochs=100).score(X, y) > 0.9
        True
    """

    def __sklearn_tags__(self) -> Any:
        """Returns what scikit-learn asks about the estimator."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True
        return tags

    def _encoded(self, y: Array, new: bool, classes: Any = None) -> Array:
        check_classification_targets(y)
        kind = type_of_target(y)
        if kind not in ("binary", "multiclass"):
            raise ValueError(
                "Only binary and multiclass target types are supported: SKLearnClassifier expects one label for each "
                f"row, got targets of type {kind!r}"
            )
        y = column_or_1d(y, warn=True)
        if new:
            self.classes_ = np.unique(y if classes is None else classes)
            if len(self.classes_) == 1:
                raise ValueError("Classifier can't train when only one class is present.")
        at = np.minimum(np.searchsorted(self.classes_, y), len(self.classes_) - 1)
        unknown = self.classes_[at] != y
        if np.any(unknown):
            raise ValueError(
                f"SKLearnClassifier does not know the label {y[unknown].tolist()[0]!r}; the classes are "
                f"{self.classes_.tolist()}; give partial_fit all of them as classes="
            )
        encoded: Array = np.eye(len(self.classes_), dtype="float32")[at]
        return encoded

    def _train(self, model: Model, X: Array, y: Array, arguments: dict[str, Any]) -> None:
        weight = arguments.get("class_weight")
        if isinstance(weight, str):
            labels = self.classes_[y.argmax(axis=1)]
            weight = dict(
                zip(self.classes_, compute_class_weight(weight, classes=self.classes_, y=labels), strict=True)
            )
        if weight is not None:
            known = {label: i for i, label in enumerate(self.classes_.tolist())}
            strangers = [label for label in weight if label not in known]
            if strangers:
                raise ValueError(f"class_weight names the label {strangers[0]!r}; the classes are {list(known)}")
            arguments["class_weight"] = {known[label]: float(value) for label, value in weight.items()}
        super()._train(model, X, y, arguments)

    def decision_function(self, X: Any) -> Array:
        """Returns the outputs of the model; for two classes, how far the second exceeds the first.

        Args:
            X: The samples, (rows, features).

        Returns:
            Scores, (rows, classes); (rows,) for two classes, as scikit-learn has it.
        """
        made = self._outputs(X)
        return made[:, 1] - made[:, 0] if made.shape[1] == 2 else made

    def predict_proba(self, X: Any) -> Array:
        """Returns the probability of each class.

        Args:
            X: The samples, (rows, features).

        Returns:
            Probabilities, (rows, classes).

        Raises:
            ValueError: The outputs of the model are no probabilities.
        """
        made = self._outputs(X).astype("float64")
        if made.min(initial=0) < 0 or made.max(initial=0) > 1 + 1e-6:
            raise ValueError(
                "predict_proba expects a model whose outputs are probabilities; end it with a softmax, or use "
                "decision_function"
            )
        probabilities: Array = made / np.maximum(made.sum(axis=1, keepdims=True), np.finfo("float64").tiny)
        return probabilities

    def predict(self, X: Any) -> Array:
        """Returns the class of each row.

        Args:
            X: The samples, (rows, features).
        """
        outputs = self._outputs(X)
        found: Array = self.classes_[outputs.argmax(axis=1)]
        return found


class SKLearnRegressor(RegressorMixin, ModelEstimator):
    """Regressor of scikit-learn that trains a model.

    Args:
        model: A compiled model, which is cloned for each `fit`; or a function of (X, y, **model_kwargs) that returns
            one.
        warm_start: True to go on training in a further `fit`. A `model` that is no function is then trained itself.
        model_kwargs: Further arguments of the function.
        fit_kwargs: Arguments of `Model.fit`, such as "epochs" and "callbacks".

    Attributes:
        model_: The trained model.
        history_: The `History` of the last `fit`.

    Example:
        >>> model = fastnn.Sequential([layers.Input((1,)), layers.Dense(1)])
        >>> model.compile(fastnn.optimizers.SGD(0.1), "mse")
        >>> X = np.linspace(-1, 1, 32).reshape(-1, 1)
        >>> regressor = fastnn.wrappers.SKLearnRegressor(model, fit_kwargs={"epochs": 100})
        >>> round(regressor.fit(X, 3 * X[:, 0]).score(X, 3 * X[:, 0]), 3)
        1.0
    """

    def __sklearn_tags__(self) -> Any:
        """Returns what scikit-learn asks about the estimator."""
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True
        tags.target_tags.multi_output = True
        return tags

    def predict(self, X: Any) -> Array:
        """Returns the outputs of the model, in the shape of the targets.

        Args:
            X: The samples, (rows, features).
        """
        # Numbers of the type that scikit-learn's metrics compute with.
        made = self._outputs(X).astype("float64")
        return made[:, 0] if self._target_ndim == 1 and made.ndim == 2 and made.shape[1] == 1 else made


class SKLearnTransformer(TransformerMixin, ModelEstimator):
    """Transformer of scikit-learn whose features are the outputs of a model.

    Args:
        model: A compiled model, which is cloned for each `fit`; or a function of (X, y, **model_kwargs) that returns
            one. A model that is trained already stands in a pipeline as `sklearn.frozen.FrozenEstimator`.
        warm_start: True to go on training in a further `fit`. A `model` that is no function is then trained itself.
        model_kwargs: Further arguments of the function.
        fit_kwargs: Arguments of `Model.fit`, such as "epochs" and "callbacks".

    Attributes:
        model_: The trained model.
        history_: The `History` of the last `fit`.

    Example:
        >>> model = fastnn.Sequential([layers.Input((3,)), layers.Dense(2, "tanh")])
        >>> model.compile("adam", "mse")
        >>> X = np.linspace(-1, 1, 12).reshape(4, 3)
        >>> fastnn.wrappers.SKLearnTransformer(model).fit(X, X[:, :2]).transform(X).shape
        (4, 2)
    """

    def __sklearn_tags__(self) -> Any:
        """Returns what scikit-learn asks about the estimator."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags

    def transform(self, X: Any) -> Array:
        """Returns the outputs of the model.

        Args:
            X: The samples, (rows, features).
        """
        return self._outputs(X)
