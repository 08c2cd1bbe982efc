"""Preprocessing of tables: one layer that encodes columns of numbers, integers and texts, and crosses them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import layers, saving
from fastnn.configurable import Configurable, plain
from fastnn.engine.contract import title
from fastnn.engine.layer import Layer
from fastnn.naming import suggestion, unique_name
from fastnn.symbolic.tensors import is_symbolic

Array = NDArray[Any]


class Cross(Configurable):
    """Several features that are crossed: their combination is hashed into a number of buckets.

    Args:
        feature_names: The names of the features.
        crossing_dim: Positive integer, number of buckets.
        output_mode: "one_hot": a vector for each row. "int": the bucket.

    Raises:
        ValueError: `output_mode` is another.
    """

    __fastnn_keras_module__ = "keras.src.layers.preprocessing.feature_space"
    feature_names: tuple[str, ...]
    crossing_dim: int
    output_mode: str

    def __init__(self, feature_names: Sequence[str], crossing_dim: int, output_mode: str = "one_hot") -> None:
        _check_mode("Cross", output_mode, ("int", "one_hot"))

    @property
    def name(self) -> str:
        """The names of the features, joined by "_X_"."""
        return "_X_".join(self.feature_names)


class Feature(Configurable):
    """One column of a table and how it is encoded.

    Args:
        dtype: Type of the column: "float32", "int32" or "string".
        preprocessor: Layer that is called on the column.
        output_mode: "float": what the layer returns. "int": its integers. "one_hot": a vector for each of them.

    Raises:
        ValueError: `output_mode` is another.
    """

    __fastnn_keras_module__ = "keras.src.layers.preprocessing.feature_space"
    dtype: str
    preprocessor: Any
    output_mode: str

    def __init__(self, dtype: str, preprocessor: Any, output_mode: str) -> None:
        _check_mode("Feature", output_mode, ("int", "one_hot", "float"))
        if isinstance(preprocessor, Mapping):
            self.preprocessor = saving.deserialize_keras_object(preprocessor)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments from which `from_config` makes an equal feature, as plain values."""
        layer = saving.serialize_keras_object(self.preprocessor)
        return {"dtype": self.dtype, "preprocessor": layer, "output_mode": self.output_mode}


class FeatureSpace(Layer):
    """Layer that encodes the columns of a table, given as a dict, and crosses them.

    The kinds of features are "float" (as it is), "float_rescaled", "float_normalized" (mean 0, variance 1),
    "float_discretized" (bins), "integer_categorical" and "string_categorical" (indices in a vocabulary),
    "integer_hashed" and "string_hashed" (buckets). Each is a method of that name too, which takes arguments.

    Shapes: a dict of columns of shape (batch,) or (batch, 1), output (batch, n) with "concat", the features by name and
    then the crosses by name; a dict with "dict".

    Args:
        features: Dict from the name of each column to its kind, or to what a method of that name returns.
        output_mode: "concat": one array. "dict": an array for each feature and cross.
        crosses: List of tuples of names that are crossed, or of what `cross` returns.
        crossing_dim: Number of buckets of a cross that is given by its names.
        hashing_dim: Number of buckets of "integer_hashed" and "string_hashed".
        num_discretization_bins: Number of bins of "float_discretized".
        name: Name of the layer; None derives one from the class name.

    Raises:
        ValueError: There are no features, or a kind, mode or name in a cross is unknown.

    Example:
        >>> space = fastnn.utils.FeatureSpace({"age": "float", "city": "string_categorical"})
        >>> table = {"age": [31.0, 40.0, 7.0], "city": ["Rome", "Oslo", "Rome"]}
        >>> space.adapt(table)
        >>> space(table).tolist()
        [[31.0, 0.0, 1.0, 0.0], [40.0, 0.0, 0.0, 1.0], [7.0, 0.0, 1.0, 0.0]]
    """

    __fastnn_keras_module__ = "keras.utils"
    __fastnn_common_arguments__ = ()
    __fastnn_has_files__ = True
    features: dict[str, Feature]
    output_mode: str
    crosses: list[Cross]
    crossing_dim: int
    hashing_dim: int
    num_discretization_bins: int

    def __init__(
        self,
        features: Mapping[str, Any],
        output_mode: str = "concat",
        crosses: Iterable[Any] | None = None,
        crossing_dim: int = 32,
        hashing_dim: int = 32,
        num_discretization_bins: int = 32,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        if not features:
            raise ValueError("FeatureSpace expects features, a dict of at least one column")
        _check_mode("FeatureSpace", output_mode, ("concat", "dict"))
        self.output_mode = output_mode
        self.crossing_dim, self.hashing_dim = crossing_dim, hashing_dim
        self.num_discretization_bins = num_discretization_bins
        self.features = {name: self._feature(name, kind) for name, kind in features.items()}
        self.crosses = [self._cross(one) for one in crosses or ()]
        self.preprocessors = {name: feature.preprocessor for name, feature in self.features.items()}
        self.crossers = {one.name: layers.HashedCrossing(one.crossing_dim, name=one.name) for one in self.crosses}
        self.one_hot_encoders: dict[str, Any] = {}
        self.concat = layers.Concatenate(axis=-1)
        self._inputs: dict[str, Any] | None = None
        self._encoded: Any = None
        self._adapted = not self._adaptable()

    # Kinds of features.

    @classmethod
    def cross(cls, feature_names: Sequence[str], crossing_dim: int, output_mode: str = "one_hot") -> Cross:
        """Returns a cross of features; see `Cross`.

        Args:
            feature_names: The names of the features.
            crossing_dim: Positive integer, number of buckets.
            output_mode: "one_hot" or "int".
        """
        return Cross(feature_names, crossing_dim, output_mode)

    @classmethod
    def feature(cls, dtype: str, preprocessor: Any, output_mode: str) -> Feature:
        """Returns a feature with a layer of your own; see `Feature`.

        Args:
            dtype: Type of the column: "float32", "int32" or "string".
            preprocessor: Layer that is called on the column.
            output_mode: "float", "int" or "one_hot".
        """
        return Feature(dtype, preprocessor, output_mode)

    @classmethod
    def float(cls, name: str | None = None) -> Feature:
        """Returns a feature of numbers as they are.

        Args:
            name: Begins the name of the layer.
        """
        return Feature("float32", layers.Identity(name=_named("float", name)), "float")

    @classmethod
    def float_rescaled(cls, scale: Any = 1.0, offset: Any = 0.0, name: str | None = None) -> Feature:
        """Returns a feature of numbers that are multiplied by `scale`, and then `offset` is added.

        Args:
            scale: Factor.
            offset: Summand.
            name: Begins the name of the layer.
        """
        layer = layers.Rescaling(scale=scale, offset=offset, name=_named("float_rescaled", name))
        return Feature("float32", layer, "float")

    @classmethod
    def float_normalized(cls, name: str | None = None) -> Feature:
        """Returns a feature of numbers with mean 0 and variance 1, which `adapt` measures.

        Args:
            name: Begins the name of the layer.
        """
        return Feature("float32", layers.Normalization(axis=-1, name=_named("float_normalized", name)), "float")

    @classmethod
    def float_discretized(
        cls, num_bins: int, bin_boundaries: Any = None, output_mode: str = "one_hot", name: str | None = None
    ) -> Feature:
        """Returns a feature of numbers by the bins in which they lie.

        Args:
            num_bins: Number of bins, which `adapt` finds.
            bin_boundaries: Their boundaries, in place of `num_bins`, or None.
            output_mode: "one_hot" or "int".
            name: Begins the name of the layer.
        """
        layer = layers.Discretization(
            num_bins=None if bin_boundaries is not None else num_bins, bin_boundaries=bin_boundaries,
            name=_named("float_discretized", name),
        )  # fmt: skip
        return Feature("float32", layer, output_mode)

    @classmethod
    def integer_categorical(
        cls, max_tokens: int | None = None, num_oov_indices: int = 1, output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:  # fmt: skip
        """Returns a feature of integers by their indices in a vocabulary, which `adapt` finds.

        Args:
            max_tokens: Largest size of the vocabulary, or None.
            num_oov_indices: Number of indices that unknown integers share.
            output_mode: "one_hot" or "int".
            name: Begins the name of the layer.
        """
        layer = layers.IntegerLookup(max_tokens, num_oov_indices, name=_named("integer_categorical", name))
        return Feature("int32", layer, output_mode)

    @classmethod
    def string_categorical(
        cls, max_tokens: int | None = None, num_oov_indices: int = 1, output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:  # fmt: skip
        """Returns a feature of strings by their indices in a vocabulary, which `adapt` finds.

        Args:
            max_tokens: Largest size of the vocabulary, or None.
            num_oov_indices: Number of indices that unknown strings share.
            output_mode: "one_hot" or "int".
            name: Begins the name of the layer.
        """
        layer = layers.StringLookup(max_tokens, num_oov_indices, name=_named("string_categorical", name))
        return Feature("string", layer, output_mode)

    @classmethod
    def string_hashed(cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None) -> Feature:
        """Returns a feature of strings by the buckets of their hashes.

        Args:
            num_bins: Number of buckets.
            output_mode: "one_hot" or "int".
            name: Begins the name of the layer.
        """
        return Feature("string", layers.Hashing(num_bins, name=_named("string_hashed", name)), output_mode)

    @classmethod
    def integer_hashed(cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None) -> Feature:
        """Returns a feature of integers by the buckets of their hashes.

        Args:
            num_bins: Number of buckets.
            output_mode: "one_hot" or "int".
            name: Begins the name of the layer.
        """
        return Feature("int32", layers.Hashing(num_bins, name=_named("integer_hashed", name)), output_mode)

    def _feature(self, name: str, kind: Any) -> Feature:
        if isinstance(kind, Feature):
            return kind
        if isinstance(kind, Mapping):
            made: Feature = saving.deserialize_keras_object(kind)
            return made
        arguments: dict[str, Any] = {
            "float": {}, "float_rescaled": {}, "float_normalized": {}, "integer_categorical": {},
            "string_categorical": {}, "float_discretized": {"num_bins": self.num_discretization_bins},
            "integer_hashed": {"num_bins": self.hashing_dim}, "string_hashed": {"num_bins": self.hashing_dim},
        }  # fmt: skip
        if kind not in arguments:
            raise ValueError(f"FeatureSpace: unknown kind {kind!r} of {name!r}.{suggestion(str(kind), arguments)}")
        found: Feature = getattr(type(self), kind)(**arguments[kind], name=name)
        return found

    def _cross(self, given: Any) -> Cross:
        made = saving.deserialize_keras_object(given) if isinstance(given, Mapping) else given
        made = made if isinstance(made, Cross) else Cross(tuple(made), self.crossing_dim)
        for name in made.feature_names:
            if name not in self.features:
                raise ValueError(
                    f"FeatureSpace: crosses name {name!r}, which is no feature.{suggestion(name, self.features)}"
                )
        return made

    # Learning from data.

    def _adaptable(self) -> list[str]:
        return [name for name, layer in self.preprocessors.items() if hasattr(layer, "adapt") and not _is_set(layer)]

    def adapt(self, dataset: Any) -> None:
        """Finds the vocabularies, bins, means and variances of the features.

        Args:
            dataset: A dict of columns, or an iterable of such dicts, one for each batch.

        Raises:
            ValueError: It is neither, or has no column of a feature.
        """
        batches = [dataset] if isinstance(dataset, Mapping) else list(dataset) if _iterates(dataset) else None
        if not batches or not all(isinstance(batch, Mapping) for batch in batches):
            raise ValueError(
                "FeatureSpace.adapt expects a dict of columns, or a Dataset of such dicts, got "
                f"{type(dataset).__name__}"
            )
        for name in self._adaptable():
            columns = [_column(self._of(batch, name)) for batch in batches]
            self.preprocessors[name].adapt(np.concatenate(columns))
        self._adapted = True
        self._encoded, self.one_hot_encoders = None, {}

    def _of(self, table: Mapping[str, Any], name: str) -> Any:
        if name not in table:
            raise ValueError(f"{title(self)} expects the column {name!r}, got {', '.join(map(repr, table))}")
        return table[name]

    def _check_adapted(self) -> None:
        if not self._adapted:
            raise ValueError(
                f"{title(self)} does not know {', '.join(map(repr, self._adaptable()))} yet; call adapt(dataset) first"
            )

    # Encoding.

    def __call__(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        """Returns the encoded features of a table, or of one row.

        Args:
            data: Dict of columns of shape (batch,) or (batch, 1), or of single values.
            *args: None.
            **kwargs: None.

        Returns:
            A float32 array, or a dict of arrays.

        Raises:
            ValueError: It is no dict, lacks a feature, or `adapt` was not called.
        """
        self._check_adapted()
        if not isinstance(data, Mapping):
            raise ValueError(f"{title(self)} expects a dict of columns, got {type(data).__name__}")
        table = {name: self._of(data, name) for name in self.features}
        if is_symbolic(data):
            return self._merged(table)
        alone = all(np.ndim(value) == 0 for value in table.values())
        encoded = self._merged({name: _column(value) for name, value in table.items()})
        if not alone:
            return encoded
        return encoded[0] if self.output_mode == "concat" else {name: value[0] for name, value in encoded.items()}

    def _merged(self, table: Mapping[str, Any]) -> Any:
        """Returns the encoded features of columns of arrays or symbolic tensors."""
        made = {name: layer(table[name]) for name, layer in self.preprocessors.items()}
        crossed = {
            one.name: self.crossers[one.name]([made[name] for name in one.feature_names]) for one in self.crosses
        }
        specs: dict[str, Any] = {**self.features, **{one.name: one for one in self.crosses}}
        encoded = {}
        for name, value in [*sorted(made.items()), *sorted(crossed.items())]:
            if specs[name].output_mode == "one_hot":
                if name not in self.one_hot_encoders:
                    size = self._cardinality(name)
                    self.one_hot_encoders[name] = layers.CategoryEncoding(size, output_mode="multi_hot")
                value = self.one_hot_encoders[name](value)
            elif self.output_mode == "concat" and str(value.dtype)[:3] in ("int", "str"):
                raise ValueError(
                    f"{title(self)}: {name!r} is of {value.dtype} and cannot be joined with the others; give it "
                    "output_mode='one_hot', or the space output_mode='dict'"
                )
            encoded[name] = value
        if self.output_mode == "dict":
            return encoded
        joined = list(encoded.values())
        return joined[0] if len(joined) == 1 else self.concat(joined)

    def _cardinality(self, name: str) -> int:
        layer = self.preprocessors.get(name) or self.crossers[name]
        if hasattr(layer, "vocabulary_size"):
            return int(layer.vocabulary_size())
        if isinstance(layer, layers.Discretization):
            return layer.num_bins or len(layer.bin_boundaries or ()) + 1
        size = getattr(layer, "num_bins", None) or getattr(layer, "num_tokens", None)
        if size is None:
            raise ValueError(
                f"{title(self)}: {name!r} has output_mode='one_hot', but how many integers {title(layer)} returns is "
                "not known; use output_mode='int'"
            )
        return int(size)

    def get_inputs(self) -> dict[str, Any]:
        """Returns an `Input` for each feature, with which a model begins that reads the table as it is."""
        self._check_adapted()
        if self._inputs is None:
            self._inputs = {
                name: layers.Input((1,), dtype=feature.dtype, name=name) for name, feature in self.features.items()
            }
        return self._inputs

    def get_encoded_features(self) -> Any:
        """Returns the encoded features of `get_inputs()` as symbolic tensors, on which layers are called.

        Example:
            >>> space = fastnn.utils.FeatureSpace({"age": "float", "size": "float"})
            >>> x = space.get_encoded_features()
            >>> model = fastnn.Model(space.get_inputs(), layers.Dense(1)(x))
            >>> model.predict({"age": np.ones(3), "size": np.ones(3)}, verbose=0).shape
            (3, 1)
        """
        inputs = self.get_inputs()
        if self._encoded is None:
            self._encoded = self._merged(inputs)
        return self._encoded

    def get_build_config(self) -> dict[str, Any]:
        """Returns what `build_from_config` builds the layers of the features from, by the names of the features."""
        return {name: layer.get_build_config() for name, layer in self.preprocessors.items()}

    def build_from_config(self, config: Mapping[str, Any]) -> None:
        """Builds the layers of the features; their values are read from the file.

        Args:
            config: What `get_build_config` returned.
        """
        for name, of_layer in config.items():
            layer = self.preprocessors.get(name)
            if layer is not None and of_layer and not layer.built:
                layer.build_from_config(of_layer)
        self._adapted = True

    def save(self, filepath: Any) -> None:
        """Writes the layer, with what `adapt` has found, into a file that `saving.load_model` reads.

        Args:
            filepath: Path that ends in ".keras".
        """
        saving.save_model(self, filepath)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments from which `from_config` makes an equal layer, as plain values."""
        return {
            "features": {name: saving.serialize_keras_object(one) for name, one in self.features.items()},
            "output_mode": self.output_mode,
            "crosses": [saving.serialize_keras_object(one) for one in self.crosses],
            **{n: plain(getattr(self, n)) for n in ("crossing_dim", "hashing_dim", "num_discretization_bins", "name")},
        }


def _check_mode(who: str, given: Any, modes: Sequence[str]) -> None:
    if given not in modes:
        raise ValueError(f"{who} expects output_mode to be {' or '.join(map(repr, modes))}, got {given!r}")


def _named(kind: str, name: str | None) -> str:
    return f"{name or unique_name(kind)}_preprocessor"


def _is_set(layer: Any) -> bool:
    """Returns whether the constructor of a layer was given what `adapt` would find."""
    return any(getattr(layer, name, None) is not None for name in ("vocabulary", "bin_boundaries", "input_mean"))


def _iterates(dataset: Any) -> bool:
    return hasattr(dataset, "__iter__") and not isinstance(dataset, (str, bytes, np.ndarray))


def _column(value: Any) -> Array:
    """Returns values as a column, (batch, 1), or as they are where they have more columns."""
    array = np.asarray(value)
    return array.reshape(-1, 1) if array.ndim < 2 else array
