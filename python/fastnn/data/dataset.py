"""Datasets: where their elements come from. Their steps are those of `Pipeline`."""

from __future__ import annotations

import builtins
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from fastnn.data import draws, elements, specs, steps
from fastnn.data.elements import Structure
from fastnn.data.iteration import INFINITE, UNKNOWN, Passes
from fastnn.data.pipeline import Pipeline, seed_of
from fastnn.data.specs import TensorSpec


class Dataset(Pipeline):
    """Elements that are computed one after the other, in each pass anew, in the interface of `tf.data.Dataset`.

    An element is an array, or a tuple or dictionary of arrays. Each step makes a new dataset, and nothing is computed
    before a pass asks for elements. Orders and random numbers depend on seeds alone, not on threads.

    Functions such as `fastnn.utils.image_dataset_from_directory` return datasets, and `fit`, `evaluate` and `predict`
    take them. After `import fastnn.as_keras` it is `tensorflow.data.Dataset`.

    Datasets are made by `from_tensor_slices`, `from_generator` and the other functions of the class; the constructor is
    for sources of your own.

    Args:
        items: Begins a pass over the items: a function that returns an iterator of elements, or of numbers of rows of a
            table.
        cardinality: Number of elements; -1 where they have no end, -2 where it is not known.
        spec: Function that returns the descriptions of the arrays of an element; None: those of the first element.
        table: Arrays of whose rows the items are numbers; None: items are elements.
        passes: Counters of the passes of the datasets that this one is made of.

    Example:
        >>> from fastnn.data import Dataset
        >>> numbers = Dataset.range(5).map(lambda x: x * x).batch(2)
        >>> [batch.numpy().tolist() for batch in numbers]
        [[0, 1], [4, 9], [16]]
        >>> x, y = np.arange(6.0).reshape(3, 2), np.array([0, 1, 0])
        >>> rows = Dataset.from_tensor_slices((x, y)).shuffle(3, seed=1).batch(3)
        >>> [sorted(labels.tolist()) for images, labels in rows]
        [[0, 0, 1]]
    """

    @staticmethod
    def from_tensor_slices(tensors: Structure, name: str | None = None) -> Dataset:
        """Returns a dataset of the rows of arrays, which are not copied.

        Args:
            tensors: Array, or tuple or dictionary of arrays of the same length. A list is one array.
            name: Ignored.

        Raises:
            ValueError: Lengths differ, or a value has no rows.
        """
        table = elements.read_only(elements.element(tensors, "Dataset.from_tensor_slices"))
        rows = elements.rows_of(table, "Dataset.from_tensor_slices")
        return Dataset(
            lambda: iter(builtins.range(rows)), rows, lambda: specs.without_batch(specs.spec_of(table)), table
        )

    @staticmethod
    def from_tensors(tensors: Structure, name: str | None = None) -> Dataset:
        """Returns a dataset of one element.

        Args:
            tensors: The element: an array, or a tuple or dictionary of arrays. A list is one array.
            name: Ignored.
        """
        only = elements.read_only(elements.element(tensors, "Dataset.from_tensors"))
        return Dataset(lambda: iter((only,)), 1, lambda: specs.spec_of(only))

    @staticmethod
    def from_generator(
        generator: Callable[..., Iterable[Any]],
        output_types: Structure = None,
        output_shapes: Structure = None,
        args: Sequence[Any] | None = None,
        output_signature: Structure = None,
        name: str | None = None,
    ) -> Dataset:
        """Returns a dataset of what a generator yields; each pass starts it anew.

        Args:
            generator: Function that returns an iterable, called at the begin of each pass.
            output_types: Element types, in the structure of an element.
            output_shapes: Shapes; None: any.
            args: Arguments of the generator, passed as arrays.
            output_signature: Descriptions of the arrays of an element, in place of types and shapes.
            name: Ignored.

        Raises:
            TypeError: `generator` is no function, or an element has another type.
            ValueError: An element has another structure or shape than was said; found when it is yielded.
        """
        if not callable(generator):
            raise TypeError(
                f"Dataset.from_generator expects a function that returns an iterator, got {type(generator).__name__}; "
                "pass the generator function itself, without calling it"
            )
        if output_types is not None and output_signature is not None:
            raise TypeError("Dataset.from_generator expects output_types or output_signature, got both")
        signature = output_signature
        if output_types is not None:
            shapes = elements.mapped(lambda _: None, output_types) if output_shapes is None else output_shapes
            signature = _signature(output_types, shapes)
        given = [elements.as_element(one) for one in args or ()]
        who = "Dataset.from_generator"

        def checked(one: Any) -> Structure:
            if signature is None:
                return elements.element(one, who)
            if isinstance(signature, tuple) and isinstance(one, (list, tuple)) and len(one) == len(signature):
                one = tuple(one)
            elif isinstance(signature, (tuple, dict)) and type(one) is not type(signature):
                raise ValueError(f"{who} expects elements of structure {signature}, the generator yielded {one!r}")
            return elements.mapped(lambda spec, value: spec.converted(value, who), signature, one)

        return Dataset(
            lambda: map(checked, generator(*given)), UNKNOWN, None if signature is None else lambda: signature
        )

    @staticmethod
    def range(*args: int, output_type: Any = "int64", name: str | None = None) -> Dataset:
        """Returns a dataset of integers: `range(stop)`, `range(start, stop)` or `range(start, stop, step)`.

        Args:
            *args: Integers: the end, or the first number and the end, which is not among them, and the distance.
            output_type: Element type.
            name: Ignored.
        """
        numbers = builtins.range(*(int(one) for one in args))
        dtype = specs.as_dtype(output_type)

        def items() -> Iterator[Any]:
            return (elements.as_element(dtype.type(number)) for number in numbers)

        return Dataset(items, len(numbers), lambda: TensorSpec((), dtype))

    @staticmethod
    def list_files(
        file_pattern: Any, shuffle: bool | None = None, seed: int | None = None, name: str | None = None
    ) -> Dataset:
        """Returns a dataset of the paths that match patterns such as `"images/*/*.png"`, as text.

        Args:
            file_pattern: Pattern, or list of patterns.
            shuffle: Puts them in random order, a new one in each pass; None: True. Else they are sorted.
            seed: Seed of the order.
            name: Ignored.

        Raises:
            ValueError: No file matches.
        """
        import glob

        patterns = [one.decode() for one in np.atleast_1d(elements.as_element(_paths(file_pattern)).numpy()).tolist()]
        found = sorted({path for pattern in patterns for path in glob.glob(pattern)})
        if not found:
            raise ValueError(f"Dataset.list_files: no files matched pattern {', '.join(patterns)}")
        files = Dataset.from_tensor_slices(found)
        return files if shuffle is False else files.shuffle(len(found), seed)

    @staticmethod
    def zip(*args: Any, datasets: Structure = None, name: str | None = None) -> Dataset:
        """Returns a dataset of tuples, or of other structures, of the elements of several; the shortest ends it.

        Args:
            *args: Datasets, or one tuple or dictionary of datasets.
            datasets: The same as a named argument.
            name: Ignored.
        """
        structure = datasets if datasets is not None else args[0] if len(args) == 1 else args
        parts: list[Pipeline] = elements.values(structure)
        if not parts or not all(isinstance(one, Pipeline) for one in parts):
            raise TypeError(f"Dataset.zip expects datasets, got {structure!r}; give several as a tuple")

        def items() -> Iterator[Any]:
            for ones in zip(*parts, strict=False):
                rest = iter(ones)
                yield elements.mapped(lambda _: next(rest), structure)  # noqa: B023 - used at once

        counts = [int(one.cardinality()) for one in parts]
        known = [count for count in counts if count >= 0]
        total = UNKNOWN if UNKNOWN in counts else min(known) if known else INFINITE

        def spec() -> Structure:
            return elements.mapped(lambda one: one.element_spec, structure)

        return Dataset(items, total, spec, None, _passes_of(parts))

    @staticmethod
    def sample_from_datasets(
        datasets: Sequence[Pipeline],
        weights: Any = None,
        seed: int | None = None,
        stop_on_empty_dataset: bool = False,
        rerandomize_each_iteration: bool | None = None,
    ) -> Dataset:
        """Returns a dataset whose elements are drawn from several at random.

        Args:
            datasets: The datasets.
            weights: Probability of each; None: all the same.
            seed: Seed of the draws; None draws one.
            stop_on_empty_dataset: Ends with the first dataset that ends.
            rerandomize_each_iteration: Draws anew in each pass.
        """
        shares = np.ones(len(datasets)) if weights is None else np.asarray(weights, dtype=float)
        if shares.shape != (len(datasets),) or (shares < 0).any() or not shares.sum():
            raise ValueError(f"sample_from_datasets expects {len(datasets)} weights of at least 0, got {weights!r}")
        start, passes = seed_of(seed), Passes()
        limits = np.cumsum(shares / shares.sum())

        def items() -> Iterator[Any]:
            rng = draws.rng(start, passes.begin() if rerandomize_each_iteration else 0)
            most = len(datasets) - 1
            choices = (min(most, int(np.searchsorted(limits, rng.random(), "right"))) for _ in itertools.count())
            return steps.chosen([iter(one) for one in datasets], choices, stop_on_empty_dataset)

        return Dataset(items, UNKNOWN, lambda: datasets[0].element_spec, None, [*_passes_of(datasets), passes])

    @staticmethod
    def choose_from_datasets(
        datasets: Sequence[Pipeline], choice_dataset: Pipeline, stop_on_empty_dataset: bool = True
    ) -> Dataset:
        """Returns a dataset whose elements come from several, as a dataset of numbers from 0 says.

        Args:
            datasets: The datasets.
            choice_dataset: Integers, each the number of the dataset of the next element.
            stop_on_empty_dataset: Ends with the first dataset that ends; False: goes on with the others.
        """

        def items() -> Iterator[Any]:
            choices = (int(one) for one in choice_dataset)
            return steps.chosen([iter(one) for one in datasets], choices, stop_on_empty_dataset)

        passes = _passes_of([*datasets, choice_dataset])
        return Dataset(items, UNKNOWN, lambda: datasets[0].element_spec, None, passes)


def _passes_of(datasets: Sequence[Pipeline]) -> list[Passes]:
    """Returns what counts the passes of several datasets."""
    return [one for dataset in datasets for one in dataset.__fastnn_passes__()]


def _paths(patterns: Any) -> Any:
    import os

    if isinstance(patterns, (list, tuple)):
        return [os.fspath(one) if isinstance(one, os.PathLike) else one for one in patterns]
    return os.fspath(patterns) if isinstance(patterns, os.PathLike) else patterns


def _signature(types: Structure, shapes: Structure) -> Structure:
    """Returns descriptions of a structure of types and one of shapes, which are tuples themselves."""
    if isinstance(types, dict):
        return {key: _signature(one, shapes[key]) for key, one in types.items()}
    if isinstance(types, (list, tuple)):
        return tuple(_signature(one, None if shapes is None else shapes[i]) for i, one in enumerate(types))
    return TensorSpec(shapes, types)
