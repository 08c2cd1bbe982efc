"""Batches of augmented images without end: of arrays, of the files of a folder, and of the files that a frame lists.

Random numbers are drawn in the order of the images before threads read and change them, so that they are the same on
any number of threads. With a seed they depend on it and the number of the batch; without one NumPy's global generator
draws them.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator as IteratorOf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.caller import warn
from fastnn.config import floatx, image_data_format
from fastnn.data import steps
from fastnn.data.pipeline import workers
from fastnn.data.py_dataset import PyDataset
from fastnn.utils.folder_index import existing_folder
from fastnn.utils.images import array_to_img, img_to_array, load_img

FORMATS = ("png", "jpg", "jpeg", "bmp", "ppm", "tif", "tiff")
_CHANNELS = {"rgb": 3, "rgba": 4, "grayscale": 1}


class Iterator(PyDataset):
    """Base of the iterators over images.

    `len(iterator)` is the number of batches of a pass, `iterator[i]` the i-th batch of it; as an iterator it goes on
    without end.

    Args:
        n: Number of images.
        batch_size: Images of a batch.
        shuffle: Makes a new order in each pass.
        seed: Seed of the orders and of the augmentation; None: NumPy's global generator draws.
        **kwargs: Those of `PyDataset`: `workers`, `use_multiprocessing` and `max_queue_size`.

    Raises:
        ValueError: `batch_size` is no positive integer.

    Example:
        >>> numbers = fastnn.preprocessing.image.ImageDataGenerator().flow(np.zeros((5, 8, 8, 1)), batch_size=2)
        >>> isinstance(numbers, fastnn.preprocessing.image.Iterator), len(numbers)
        (True, 3)
    """

    white_list_formats = FORMATS

    def __init__(self, n: int, batch_size: int, shuffle: bool, seed: int | None, **kwargs: Any) -> None:
        if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
            raise ValueError(f"{type(self).__name__} expects batch_size to be a positive integer, got {batch_size!r}")
        super().__init__(**kwargs)
        self.n = n
        self.batch_size = int(batch_size)
        self.seed = seed
        self.shuffle = shuffle
        self.batch_index = 0
        self.total_batches_seen = 0
        self.index_array: NDArray[Any] | None = None
        self._lock = threading.Lock()
        self._rng: Any = np.random

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        del state["_lock"]
        if self._rng is np.random:
            state["_rng"] = None
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock(), _rng=state["_rng"] or np.random)

    def _begin_batch(self) -> Any:
        """Returns the generator of the next batch."""
        if self.seed is not None:
            self._rng = np.random.RandomState(self.seed + self.total_batches_seen)
        self.total_batches_seen += 1
        return self._rng

    def _new_order(self) -> None:
        self.index_array = self._rng.permutation(self.n) if self.shuffle else np.arange(self.n)

    def __len__(self) -> int:
        return -(-self.n // self.batch_size)

    def __getitem__(self, idx: int) -> Any:
        if not 0 <= idx < len(self):
            raise IndexError(f"{type(self).__name__} has {len(self)} batches, got index {idx}")
        with self._lock:
            rng = self._begin_batch()
            if self.index_array is None:
                self._new_order()
            assert self.index_array is not None
            taken = self.index_array[self.batch_size * idx : self.batch_size * (idx + 1)]
        return self._batch(taken, rng)

    def __iter__(self) -> IteratorOf[Any]:
        return self

    def __next__(self) -> Any:
        if self.n == 0:
            raise ValueError(f"{type(self).__name__} has no images: check the folder, the formats and the subset")
        with self._lock:
            rng = self._begin_batch()
            if self.batch_index == 0 or self.index_array is None:
                self._new_order()
            assert self.index_array is not None
            first = self.batch_index * self.batch_size
            self.batch_index = self.batch_index + 1 if first + self.batch_size < self.n else 0
            taken = self.index_array[first : first + self.batch_size]
        return self._batch(taken, rng)

    def next(self) -> Any:
        """Returns the next batch."""
        return next(self)

    def reset(self) -> None:
        """Begins a new pass with the next batch."""
        self.batch_index = 0

    def on_epoch_end(self) -> None:
        """Makes a new order for the next pass."""
        self._new_order()

    def _batch(self, taken: NDArray[Any], rng: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} is the base of the iterators; use ImageDataGenerator.flow()")


class ImageIterator(Iterator):
    """Iterator that augments images and may save them.

    Args:
        generator: The `ImageDataGenerator`; None: images stay as they are.
        data_format: "channels_last" or "channels_first".
        dtype: Element type of the images.
        save: Folder, prefix and format of the files to which augmented images are saved; folder None: they are not.
        n: Number of images.
        batch_size: Images of a batch.
        shuffle: Makes a new order in each pass.
        seed: Seed of the orders and of the augmentation.
    """

    def __init__(
        self, generator: Any, data_format: str | None, dtype: Any, save: tuple[Any, str, str], n: int, batch_size: int,
        shuffle: bool, seed: int | None,
    ) -> None:  # fmt: skip
        super().__init__(n, batch_size, shuffle, seed)
        self.image_data_generator = generator
        self.data_format = image_data_format() if data_format is None else data_format
        self.dtype = floatx() if dtype is None else dtype
        self.save_to_dir, self.save_prefix, self.save_format = save

    def _image(self, index: int) -> NDArray[Any]:
        """Returns an image as it is stored."""
        raise NotImplementedError

    def _shape(self) -> tuple[int, ...]:
        """Returns the shape of an image."""
        raise NotImplementedError

    def _images(self, taken: NDArray[Any], rng: Any) -> NDArray[Any]:
        """Returns the augmented images of a batch."""
        generator = self.image_data_generator
        shape = self._shape()
        drawn = [None if generator is None else generator.draw_transform(shape, rng) for _ in taken]

        def changed(job: tuple[Any, Any]) -> NDArray[Any]:
            image, amounts = job
            if generator is None:
                return np.asarray(image, self.dtype)
            return np.asarray(generator.standardize(generator.apply_transform(image, amounts)))

        def read(index: Any) -> NDArray[Any]:
            return self._image(int(index)).astype(self.dtype)

        threads = min(workers(-1), len(taken))
        found: Any
        if threads < 2:
            found = map(changed, zip(map(read, taken), drawn, strict=True))
        elif generator is not None and generator.preprocessing_function is not None:
            # A user's function may draw random numbers, whose order threads would change.
            found = map(changed, zip(steps.in_threads(read, taken, threads), drawn, strict=True))
        else:
            jobs = zip(taken, drawn, strict=True)
            found = steps.in_threads(lambda job: changed((read(job[0]), job[1])), jobs, threads)
        batch = np.zeros((len(taken), *shape), self.dtype)
        for i, image in enumerate(found):
            batch[i] = image
        if self.save_to_dir:
            for i, index in enumerate(taken):
                name = f"{self.save_prefix}_{index}_{rng.randint(10**7)}.{self.save_format}"
                last = batch[i] if self.data_format == "channels_last" else np.moveaxis(batch[i], 0, -1)
                array_to_img(last, scale=True).save(os.path.join(self.save_to_dir, name))
        return batch


class NumpyArrayIterator(ImageIterator):
    """Iterator over images in an array, as `ImageDataGenerator.flow` makes it.

    Args:
        x: Array of shape `(images, height, width, channels)`, or a tuple of it and further arrays of as many rows.
        y: Labels; None: none.
        image_data_generator: The `ImageDataGenerator`.
        batch_size: Images of a batch.
        shuffle: Makes a new order in each pass.
        sample_weight: Weights of the images.
        seed: Seed of the orders and of the augmentation.
        data_format: "channels_last" or "channels_first".
        save_to_dir: Folder to which augmented images are saved; None: they are not.
        save_prefix: Begin of the names of these files.
        save_format: Format of these files.
        subset: "training" or "validation": that part of the generator's `validation_split`.
        ignore_class_split: Accepts parts that do not have the same labels.
        dtype: Element type of the images.

    Raises:
        ValueError: Arrays do not fit each other, or `subset` is unknown.

    Example:
        >>> augment = fastnn.preprocessing.image.ImageDataGenerator(horizontal_flip=True)
        >>> images, labels = next(augment.flow(np.zeros((5, 8, 8, 1)), np.arange(5), batch_size=2))
        >>> images.shape, labels.shape
        ((2, 8, 8, 1), (2,))
    """

    def __init__(
        self, x: Any, y: Any, image_data_generator: Any, batch_size: int = 32, shuffle: bool = False,
        sample_weight: Any = None, seed: int | None = None, data_format: str | None = None, save_to_dir: Any = None,
        save_prefix: str = "", save_format: str = "png", subset: str | None = None, ignore_class_split: bool = False,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        further: list[NDArray[Any]] = []
        if isinstance(x, (tuple, list)):
            further = [np.asarray(one) for one in (x[1] if isinstance(x[1], list) else [x[1]])]
            x = x[0]
        images = np.asarray(x)
        who = "ImageDataGenerator.flow"
        if images.ndim != 4:
            raise ValueError(
                f"{who} expects images of rank 4, such as (images, height, width, channels), got {images.shape}"
            )
        labels = None if y is None else np.asarray(y)
        weights = None if sample_weight is None else np.asarray(sample_weight)
        for name, one in (("y", labels), ("sample_weight", weights), *(("x[1]", one) for one in further)):
            if one is not None and len(one) != len(images):
                raise ValueError(
                    f"{who} expects as many rows in {name} as there are images, got {len(one)} and {len(images)}"
                )
        if subset is not None:
            part = _part(subset, len(images), image_data_generator, who)
            rest = np.delete(np.arange(len(images)), part)
            if labels is not None and not ignore_class_split:
                here, there = np.unique(labels[part]), np.unique(labels[rest])
                if not np.array_equal(here, there):
                    raise ValueError(
                        f"{who}: the training and the validation part have different classes; shuffle sorted rows first"
                    )
            images, further = images[part], [one[part] for one in further]
            labels = None if labels is None else labels[part]
            weights = None if weights is None else weights[part]
        super().__init__(
            image_data_generator, data_format, dtype, (save_to_dir, save_prefix, save_format), len(images), batch_size,
            shuffle, seed,
        )  # fmt: skip
        axis = 3 if self.data_format == "channels_last" else 1
        if images.shape[axis] not in (1, 3, 4):
            warn(
                f"{who} expects 1, 3 or 4 channels on axis {axis} (data_format {self.data_format!r}), got images "
                f"of shape {images.shape}"
            )
        self.x, self.y, self.x_misc, self.sample_weight = images, labels, further, weights

    def _image(self, index: int) -> NDArray[Any]:
        return np.asarray(self.x[index])

    def _shape(self) -> tuple[int, ...]:
        return tuple(self.x.shape[1:])

    def _batch(self, taken: NDArray[Any], rng: Any) -> Any:
        images = self._images(taken, rng)
        inputs = [images, *(one[taken] for one in self.x_misc)] if self.x_misc else images
        if self.y is None:
            return inputs
        made = (inputs, self.y[taken])
        return made if self.sample_weight is None else (*made, self.sample_weight[taken])


def _part(subset: str, count: int, generator: Any, who: str) -> NDArray[Any]:
    """Returns the rows of a subset: the first ones are for validation."""
    if subset not in ("training", "validation"):
        raise ValueError(f"{who} expects subset to be 'training' or 'validation', got {subset!r}")
    at = int(count * generator.validation_split)
    return np.arange(at) if subset == "validation" else np.arange(at, count)


class FileIterator(ImageIterator):
    """Iterator over image files.

    Args:
        filepaths: The files.
        target_size: Size (height, width) of the images.
        color_mode: "rgb", "rgba" or "grayscale".
        interpolation: Interpolation of the resizing, as in `load_img`.
        keep_aspect_ratio: Crops images in place of distorting them.
        **kwargs: Arguments of `ImageIterator`.

    Raises:
        ValueError: `color_mode` is unknown.
    """

    class_mode: str | None
    classes: Any
    class_indices: dict[Any, int]
    sample_weight: NDArray[Any] | None = None
    targets: Any = None

    def __init__(
        self, filepaths: list[str], target_size: Any, color_mode: str, interpolation: str, keep_aspect_ratio: bool,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(n=len(filepaths), **kwargs)
        if color_mode not in _CHANNELS:
            raise ValueError(
                f"{type(self).__name__} expects color_mode to be one of {tuple(_CHANNELS)}, got {color_mode!r}"
            )
        self.filepaths = filepaths
        self.samples = len(filepaths)
        self.target_size = tuple(target_size)
        self.color_mode = color_mode
        self.interpolation = interpolation
        self.keep_aspect_ratio = keep_aspect_ratio
        channels = _CHANNELS[color_mode]
        last = (*self.target_size, channels)
        self.image_shape = last if self.data_format == "channels_last" else (channels, *self.target_size)

    @property
    def labels(self) -> Any:
        """The labels of all files."""
        return self.classes if self.targets is None else self.targets

    def _shape(self) -> tuple[int, ...]:
        return self.image_shape

    def _image(self, index: int) -> NDArray[Any]:
        image = load_img(
            self.filepaths[index], self.color_mode, self.target_size, self.interpolation, self.keep_aspect_ratio
        )
        array = img_to_array(image)
        return array if self.data_format == "channels_last" else np.ascontiguousarray(np.moveaxis(array, -1, 0))

    def _batch(self, taken: NDArray[Any], rng: Any) -> Any:
        images = self._images(taken, rng)
        if self.class_mode is None:
            return images
        if self.class_mode == "input":
            labels: Any = images.copy()
        elif self.class_mode in ("binary", "sparse"):
            labels = np.asarray([self.classes[i] for i in taken], self.dtype)
        elif self.class_mode == "categorical":
            labels = np.zeros((len(taken), len(self.class_indices)), self.dtype)
            for row, i in enumerate(taken):
                labels[row, self.classes[i]] = 1
        elif self.class_mode == "multi_output":
            labels = [one[taken] for one in self.targets]
        else:
            labels = self.targets[taken]
        return (images, labels) if self.sample_weight is None else (images, labels, self.sample_weight[taken])


class DirectoryIterator(FileIterator):
    """Iterator over the images of a folder, as `ImageDataGenerator.flow_from_directory` makes it.

    Attributes `classes` are the labels of the files, `class_indices` the labels by class, `filenames` the paths within
    the folder, `samples` the number of images.

    Args:
        directory: Path of the folder, with one subfolder for each class.
        image_data_generator: The `ImageDataGenerator`.
        target_size: Size (height, width) to which images are resized.
        color_mode: "rgb", "rgba" or "grayscale".
        classes: Names of the subfolders; None: all, sorted.
        class_mode: "categorical", "binary", "sparse", "input" or None.
        batch_size: Images of a batch.
        shuffle: Makes a new order in each pass.
        seed: Seed of the orders and of the augmentation.
        data_format: "channels_last" or "channels_first".
        save_to_dir: Folder to which augmented images are saved; None: they are not.
        save_prefix: Begin of the names of these files.
        save_format: Format of these files.
        follow_links: Follows symbolic links to folders.
        subset: "training" or "validation": that part of the generator's `validation_split`, class by class.
        interpolation: Interpolation of the resizing, as in `load_img`.
        keep_aspect_ratio: Crops images in place of distorting them.
        dtype: Element type of the images.

    Raises:
        ValueError: An argument is unknown.
        FileNotFoundError: There is no such folder.

    Example:
        >>> __import__("os").makedirs("two/zeros")
        >>> fastnn.utils.save_img("two/zeros/1.png", np.zeros((8, 8, 1)))
        >>> images = fastnn.preprocessing.image.ImageDataGenerator().flow_from_directory("two", target_size=(4, 4))
        Found 1 images belonging to 1 classes.
        >>> next(images)[0].shape, images.class_indices
        ((1, 4, 4, 3), {'zeros': 0})
    """

    def __init__(
        self, directory: Any, image_data_generator: Any, target_size: Any = (256, 256), color_mode: str = "rgb",
        classes: Any = None, class_mode: str | None = "categorical", batch_size: int = 32, shuffle: bool = True,
        seed: int | None = None, data_format: str | None = None, save_to_dir: Any = None, save_prefix: str = "",
        save_format: str = "png", follow_links: bool = False, subset: str | None = None,
        interpolation: str = "nearest", keep_aspect_ratio: bool = False, dtype: Any = None,
    ) -> None:  # fmt: skip
        who = "flow_from_directory"
        if class_mode not in ("categorical", "binary", "sparse", "input", None):
            raise ValueError(f"{who} expects class_mode categorical, binary, sparse, input or None, got {class_mode!r}")
        folder = existing_folder(directory, who)
        names = classes or sorted(one.name for one in os.scandir(folder) if one.is_dir())
        self.directory, self.class_mode, self.num_classes = directory, class_mode, len(names)
        self.class_indices = {name: i for i, name in enumerate(names)}
        self.filenames: list[str] = []
        labels: list[int] = []
        for name, label in self.class_indices.items():
            files = _image_files(folder, name, follow_links)
            if subset is not None:
                files = [files[i] for i in _part(subset, len(files), image_data_generator, who)]
            self.filenames += files
            labels += [label] * len(files)
        self.classes = np.asarray(labels, np.int32)
        super().__init__(
            [os.path.join(folder, name) for name in self.filenames], target_size, color_mode, interpolation,
            keep_aspect_ratio, generator=image_data_generator, data_format=data_format, dtype=dtype,
            save=(save_to_dir, save_prefix, save_format), batch_size=batch_size, shuffle=shuffle, seed=seed,
        )  # fmt: skip
        print(f"Found {self.samples} images belonging to {self.num_classes} classes.")


def _image_files(folder: str, name: str, follow_links: bool) -> list[str]:
    """Returns the paths of the images of a class, within the folder."""
    found = []
    top = os.path.join(folder, name)
    for root, _, files in sorted(os.walk(top, followlinks=follow_links), key=lambda step: step[0]):
        found += [os.path.join(root, file) for file in sorted(files) if file.lower().endswith(FORMATS)]
    return [os.path.join(name, os.path.relpath(path, top)) for path in found]


class DataFrameIterator(FileIterator):
    """Iterator over the images that a frame lists, as `ImageDataGenerator.flow_from_dataframe` makes it.

    Args:
        dataframe: Frame of pandas, or another whose columns are found by their names.
        directory: Folder of the files; None: the frame has whole paths.
        image_data_generator: The `ImageDataGenerator`; None: images stay as they are.
        x_col: Column of the names of the files.
        y_col: Column, or list of columns, of the labels.
        weight_col: Column of the weights; None: none.
        target_size: Size (height, width) to which images are resized.
        color_mode: "rgb", "rgba" or "grayscale".
        classes: Names of the classes; None: those of the column, sorted.
        class_mode: "categorical", "binary", "sparse", "input", "multi_output", "raw" or None.
        batch_size: Images of a batch.
        shuffle: Makes a new order in each pass.
        seed: Seed of the orders and of the augmentation.
        data_format: "channels_last" or "channels_first".
        save_to_dir: Folder to which augmented images are saved; None: they are not.
        save_prefix: Begin of the names of these files.
        save_format: Format of these files.
        subset: "training" or "validation": that part of the generator's `validation_split`.
        interpolation: Interpolation of the resizing, as in `load_img`.
        keep_aspect_ratio: Crops images in place of distorting them.
        dtype: Element type of the images.
        validate_filenames: Leaves out files that are missing or no images, with a warning.

    Raises:
        ValueError: An argument is unknown.
        TypeError: A column holds values of another kind.

    Example:
        >>> fastnn.utils.save_img("7.png", np.zeros((8, 8, 1)))
        >>> frame = {"filename": ["7.png"], "class": ["seven"]}
        >>> images = fastnn.preprocessing.image.ImageDataGenerator().flow_from_dataframe(frame, target_size=(4, 4))
        Found 1 validated image filenames belonging to 1 classes.
        >>> next(images)[1]
        array([[1.]], dtype=float32)
    """

    def __init__(
        self, dataframe: Any, directory: Any = None, image_data_generator: Any = None, x_col: str = "filename",
        y_col: Any = "class", weight_col: str | None = None, target_size: Any = (256, 256), color_mode: str = "rgb",
        classes: Any = None, class_mode: str | None = "categorical", batch_size: int = 32, shuffle: bool = True,
        seed: int | None = None, data_format: str | None = "channels_last", save_to_dir: Any = None,
        save_prefix: str = "", save_format: str = "png", subset: str | None = None, interpolation: str = "nearest",
        keep_aspect_ratio: bool = False, dtype: Any = "float32", validate_filenames: bool = True,
    ) -> None:  # fmt: skip
        who = "flow_from_dataframe"
        modes = ("categorical", "binary", "sparse", "input", "multi_output", "raw", None)
        if class_mode not in modes:
            raise ValueError(f"{who} expects class_mode to be one of {modes}, got {class_mode!r}")
        if class_mode == "multi_output" and not isinstance(y_col, list):
            raise TypeError(
                f"{who} expects y_col to be a list of columns with class_mode='multi_output', got {y_col!r}"
            )
        named = class_mode in ("categorical", "binary", "sparse")
        if classes and not named:
            warn(f"{who}: `classes` is ignored with class_mode={class_mode!r}")
        self.directory, self.class_mode = directory or "", class_mode
        names = list(dataframe[x_col])
        if not all(isinstance(name, str) for name in names):
            raise TypeError(f"{who} expects strings in column x_col={x_col!r}")
        paths = [os.path.join(self.directory, name) for name in names]
        kept = list(range(len(names)))
        if validate_filenames:
            kept = [i for i in kept if paths[i].lower().endswith(FORMATS) and os.path.isfile(paths[i])]
            if len(kept) < len(names):
                warn(
                    f"{who}: {len(names) - len(kept)} of {len(names)} files of column x_col={x_col!r} are missing or "
                    "no images, and are ignored"
                )
        labels: dict[int, Any] = {}
        if named:
            labels, known = _classes(list(dataframe[y_col]), kept, class_mode or "", classes, y_col, who)
            self.class_indices = {name: i for i, name in enumerate(known)}
            kept = list(labels)
        if subset is not None:
            kept = [kept[i] for i in _part(subset, len(kept), image_data_generator, who)]
        self.filenames = [names[i] for i in kept]
        if named:
            self.classes = [
                [self.class_indices[one] for one in labels[i]] if isinstance(labels[i], (list, tuple))
                else self.class_indices[labels[i]]
                for i in kept
            ]  # fmt: skip
        elif class_mode == "multi_output":
            self.targets = [np.array(list(dataframe[column]))[kept] for column in y_col]
        elif class_mode == "raw":
            self.targets = np.asarray(dataframe[y_col])[kept]
        if weight_col:
            weights = np.asarray(dataframe[weight_col])
            if weights.dtype.kind not in "fiu":
                raise TypeError(f"{who} expects numbers in column weight_col={weight_col!r}")
            self.sample_weight = weights[kept]
        super().__init__(
            [paths[i] for i in kept], target_size, color_mode, interpolation, keep_aspect_ratio,
            generator=image_data_generator, data_format=data_format, dtype=dtype,
            save=(save_to_dir, save_prefix, save_format), batch_size=batch_size, shuffle=shuffle, seed=seed,
        )  # fmt: skip
        classes_found = f" belonging to {len(self.class_indices)} classes" if named else ""
        print(f"Found {self.samples} {'' if validate_filenames else 'non-'}validated image filenames{classes_found}.")


def _classes(
    column: list[Any], kept: list[int], mode: str, classes: Any, y_col: Any, who: str
) -> tuple[dict[int, Any], list[Any]]:
    """Returns the labels by row, of those rows that have one, and the names of the classes."""
    kinds: tuple[type, ...] = (str, list, tuple) if mode == "categorical" else (str,)
    for value in column:
        if not isinstance(value, kinds):
            raise TypeError(
                f"{who} expects {'strings, lists or tuples' if len(kinds) > 1 else 'strings'} in column y_col={y_col!r}"
                f" with class_mode={mode!r}, got {value!r}; convert numbers by .astype(str), or use class_mode='raw'"
            )
    held = {one for i in kept for one in (column[i] if isinstance(column[i], (list, tuple)) else [column[i]])}
    known = list(dict.fromkeys(classes)) if classes else sorted(held)
    if mode == "binary" and len(set(classes) if classes else held) != 2:
        raise ValueError(f"{who} expects two classes with class_mode='binary', got {known}")
    labels: dict[int, Any] = {}
    for i in kept:
        value = column[i]
        if isinstance(value, (list, tuple)):
            value = [one for one in value if one in known] or None
        elif value not in known:
            value = None
        if value is not None:
            labels[i] = value
    return labels, known
