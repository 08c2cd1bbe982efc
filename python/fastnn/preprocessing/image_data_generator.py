"""`ImageDataGenerator`: batches of images that are augmented while a model trains."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastnn.caller import warn
from fastnn.config import floatx, image_data_format
from fastnn.preprocessing.affine import (
    FILL_MODES,
    apply_affine_transform,
    apply_brightness_shift,
    apply_channel_shift,
    pair,
)
from fastnn.preprocessing.image_iterators import DataFrameIterator, DirectoryIterator, NumpyArrayIterator


class ImageDataGenerator:
    """Augmentation and standardization of images, batch by batch.

    New code does better with `fastnn.utils.image_dataset_from_directory` and layers such as `layers.RandomFlip`. This
    class is for scripts that have it. Its random numbers are those that Keras draws with the same seed.

    Args:
        featurewise_center: Subtracts the mean of each channel that `fit` has found.
        samplewise_center: Subtracts the mean of each image.
        featurewise_std_normalization: Divides by the standard deviation of each channel that `fit` has found.
        samplewise_std_normalization: Divides each image by its standard deviation.
        zca_whitening: Makes pixels uncorrelated, by a matrix that `fit` has found.
        zca_epsilon: Added to the standard deviations of the whitening.
        rotation_range: Largest angle of random rotations, in degrees.
        width_shift_range: Largest shift along the width: below 1 a fraction of it, an integer a number of pixels, a
            list the numbers of pixels to choose from.
        height_shift_range: The same along the height.
        brightness_range: Smallest and largest factor of the brightness; None: it stays.
        shear_range: Largest angle of random shears, in degrees.
        zoom_range: Smallest and largest factor of what is seen, or a number r for the range (1 - r, 1 + r).
        channel_shift_range: Largest number that is added to the values.
        fill_mode: Values beyond the border: "constant", "nearest", "reflect" or "wrap".
        cval: Value beyond the border with "constant".
        horizontal_flip: Flips half of the images left to right.
        vertical_flip: Flips half of the images upside down.
        rescale: Factor of the values, applied after all other changes but before the standardization.
        preprocessing_function: Function of an array of one image, applied after augmentation; returns such an array.
        data_format: "channels_last" or "channels_first"; None: that of `fastnn.config`.
        validation_split: Share of the images that `subset="validation"` selects.
        interpolation_order: Order of the interpolation: 0 takes the nearest pixel, 1 is bilinear.
        dtype: Element type of the images; None: `floatx()`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> augment = fastnn.preprocessing.image.ImageDataGenerator(rescale=1 / 255, rotation_range=20)
        >>> images, labels = next(augment.flow(np.full((4, 8, 8, 1), 255), np.arange(4), shuffle=False))
        >>> images.shape, float(images.max()), labels.tolist()
        ((4, 8, 8, 1), 1.0, [0, 1, 2, 3])
    """

    def __init__(
        self, featurewise_center: bool = False, samplewise_center: bool = False,
        featurewise_std_normalization: bool = False, samplewise_std_normalization: bool = False,
        zca_whitening: bool = False, zca_epsilon: float = 1e-6, rotation_range: float = 0,
        width_shift_range: Any = 0.0, height_shift_range: Any = 0.0,
        brightness_range: Sequence[float] | None = None, shear_range: float = 0.0, zoom_range: Any = 0.0,
        channel_shift_range: float = 0.0, fill_mode: str = "nearest", cval: float = 0.0, horizontal_flip: bool = False,
        vertical_flip: bool = False, rescale: float | None = None,
        preprocessing_function: Callable[[NDArray[Any]], Any] | None = None, data_format: str | None = None,
        validation_split: float = 0.0, interpolation_order: int = 1, dtype: Any = None,
    ) -> None:  # fmt: skip
        who = "ImageDataGenerator"
        self.data_format = image_data_format() if data_format is None else data_format
        if self.data_format not in ("channels_last", "channels_first"):
            raise ValueError(f"{who} expects data_format channels_last or channels_first, got {data_format!r}")
        if fill_mode not in FILL_MODES:
            raise ValueError(f"{who} expects fill_mode to be one of {FILL_MODES}, got {fill_mode!r}")
        if validation_split and not 0 < validation_split < 1:
            raise ValueError(f"{who} expects validation_split between 0 and 1, got {validation_split}")
        number = isinstance(zoom_range, (int, float))
        self.zoom_range = list((1 - zoom_range, 1 + zoom_range) if number else pair(who, "zoom_range", zoom_range))
        self.brightness_range = None if brightness_range is None else pair(who, "brightness_range", brightness_range)
        if zca_whitening and featurewise_std_normalization:
            featurewise_std_normalization = False
            warn(f"{who}: zca_whitening replaces featurewise_std_normalization")
        for needs, name in (
            (zca_whitening, "zca_whitening"), (featurewise_std_normalization, "featurewise_std_normalization"),
        ):  # fmt: skip
            if needs and not featurewise_center:
                featurewise_center = True
                warn(f"{who}: {name} sets featurewise_center")
        if samplewise_std_normalization and not samplewise_center:
            samplewise_center = True
            warn(f"{who}: samplewise_std_normalization sets samplewise_center")
        self.featurewise_center = featurewise_center
        self.samplewise_center = samplewise_center
        self.featurewise_std_normalization = featurewise_std_normalization
        self.samplewise_std_normalization = samplewise_std_normalization
        self.zca_whitening = zca_whitening
        self.zca_epsilon = zca_epsilon
        self.rotation_range = rotation_range
        self.width_shift_range = width_shift_range
        self.height_shift_range = height_shift_range
        self.shear_range = shear_range
        self.channel_shift_range = channel_shift_range
        self.fill_mode = fill_mode
        self.cval = cval
        self.horizontal_flip = horizontal_flip
        self.vertical_flip = vertical_flip
        self.rescale = rescale
        self.preprocessing_function = preprocessing_function
        self.validation_split = validation_split
        self.interpolation_order = interpolation_order
        self.dtype = floatx() if dtype is None else dtype
        last = self.data_format == "channels_last"
        self.row_axis, self.col_axis, self.channel_axis = (1, 2, 3) if last else (2, 3, 1)
        self.mean: NDArray[Any] | None = None
        self.std: NDArray[Any] | None = None
        self.zca_whitening_matrix: NDArray[Any] | None = None

    def flow(
        self, x: Any, y: Any = None, batch_size: int = 32, shuffle: bool = True, sample_weight: Any = None,
        seed: int | None = None, save_to_dir: Any = None, save_prefix: str = "", save_format: str = "png",
        ignore_class_split: bool = False, subset: str | None = None,
    ) -> NumpyArrayIterator:  # fmt: skip
        """Returns an iterator over batches of augmented images of an array.

        Args:
            x: Array of shape `(images, height, width, channels)`, or a tuple of it and further arrays of as many rows.
            y: Labels; None: none.
            batch_size: Images of a batch.
            shuffle: Makes a new order in each pass.
            sample_weight: Weights of the images.
            seed: Seed of the orders and of the augmentation.
            save_to_dir: Folder to which augmented images are saved; None: they are not.
            save_prefix: Begin of the names of these files.
            save_format: Format of these files.
            ignore_class_split: Accepts parts that do not have the same labels.
            subset: "training" or "validation": that part of `validation_split`.
        """
        return NumpyArrayIterator(
            x, y, self, batch_size=batch_size, shuffle=shuffle, sample_weight=sample_weight, seed=seed,
            data_format=self.data_format, save_to_dir=save_to_dir, save_prefix=save_prefix, save_format=save_format,
            ignore_class_split=ignore_class_split, subset=subset, dtype=self.dtype,
        )  # fmt: skip

    def flow_from_directory(
        self, directory: Any, target_size: Any = (256, 256), color_mode: str = "rgb", classes: Any = None,
        class_mode: str | None = "categorical", batch_size: int = 32, shuffle: bool = True, seed: int | None = None,
        save_to_dir: Any = None, save_prefix: str = "", save_format: str = "png", follow_links: bool = False,
        subset: str | None = None, interpolation: str = "nearest", keep_aspect_ratio: bool = False,
    ) -> DirectoryIterator:  # fmt: skip
        """Returns an iterator over batches of augmented images of a folder.

        Args:
            directory: Path of the folder, with one subfolder for each class.
            target_size: Size (height, width) to which images are resized.
            color_mode: "rgb", "rgba" or "grayscale".
            classes: Names of the subfolders; None: all, sorted.
            class_mode: Labels: "categorical" (one-hot), "sparse" (integers), "binary" (0 or 1), "input" (the images)
                or None.
            batch_size: Images of a batch.
            shuffle: Makes a new order in each pass.
            seed: Seed of the orders and of the augmentation.
            save_to_dir: Folder to which augmented images are saved; None: they are not.
            save_prefix: Begin of the names of these files.
            save_format: Format of these files.
            follow_links: Follows symbolic links to folders.
            subset: "training" or "validation": that part of `validation_split`, class by class.
            interpolation: Interpolation of the resizing, as in `load_img`.
            keep_aspect_ratio: Crops images in place of distorting them.

        Returns:
            A `DirectoryIterator`, without end, of pairs (images, labels).

        Raises:
            ValueError: An argument is unknown.
        """
        return DirectoryIterator(
            directory, self, target_size=target_size, color_mode=color_mode, classes=classes, class_mode=class_mode,
            batch_size=batch_size, shuffle=shuffle, seed=seed, data_format=self.data_format, save_to_dir=save_to_dir,
            save_prefix=save_prefix, save_format=save_format, follow_links=follow_links, subset=subset,
            interpolation=interpolation, keep_aspect_ratio=keep_aspect_ratio, dtype=self.dtype,
        )  # fmt: skip

    def flow_from_dataframe(
        self, dataframe: Any, directory: Any = None, x_col: str = "filename", y_col: Any = "class",
        weight_col: str | None = None, target_size: Any = (256, 256), color_mode: str = "rgb", classes: Any = None,
        class_mode: str | None = "categorical", batch_size: int = 32, shuffle: bool = True, seed: int | None = None,
        save_to_dir: Any = None, save_prefix: str = "", save_format: str = "png", subset: str | None = None,
        interpolation: str = "nearest", validate_filenames: bool = True, **kwargs: Any,
    ) -> DataFrameIterator:  # fmt: skip
        """Returns an iterator over batches of augmented images that a frame lists.

        Args:
            dataframe: Frame of pandas, or another whose columns are found by their names.
            directory: Folder of the files; None: the frame has whole paths.
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
            save_to_dir: Folder to which augmented images are saved; None: they are not.
            save_prefix: Begin of the names of these files.
            save_format: Format of these files.
            subset: "training" or "validation": that part of `validation_split`.
            interpolation: Interpolation of the resizing, as in `load_img`.
            validate_filenames: Leaves out files that are missing or no images, with a warning.
            **kwargs: `has_ext`, `sort` and `drop_duplicates` of older versions, which are ignored with a warning.

        Returns:
            A `DataFrameIterator`, without end, of batches.

        Raises:
            ValueError: An argument is unknown.
            TypeError: A column holds values of another kind.
        """
        for name in kwargs:
            if name not in ("has_ext", "sort", "drop_duplicates"):
                raise TypeError(f"flow_from_dataframe has no argument {name!r}")
            warn(f"flow_from_dataframe: {name} is deprecated and ignored", DeprecationWarning)
        return DataFrameIterator(
            dataframe, directory, self, x_col=x_col, y_col=y_col, weight_col=weight_col, target_size=target_size,
            color_mode=color_mode, classes=classes, class_mode="raw" if class_mode == "other" else class_mode,
            batch_size=batch_size, shuffle=shuffle, seed=seed, data_format=self.data_format, save_to_dir=save_to_dir,
            save_prefix=save_prefix, save_format=save_format, subset=subset, interpolation=interpolation,
            validate_filenames=validate_filenames, dtype=self.dtype,
        )  # fmt: skip

    def standardize(self, x: NDArray[Any]) -> NDArray[Any]:
        """Returns images rescaled, centered and divided as the arguments say.

        Args:
            x: One image or a batch, floating-point; it is changed in place.
        """
        if self.preprocessing_function:
            x = self.preprocessing_function(x)
        if self.rescale:
            x *= self.rescale
        if self.samplewise_center:
            x -= np.mean(x, keepdims=True)
        if self.samplewise_std_normalization:
            x /= np.std(x, keepdims=True) + 1e-6
        for wanted, name, found in (
            (self.featurewise_center, "featurewise_center", self.mean),
            (self.featurewise_std_normalization, "featurewise_std_normalization", self.std),
            (self.zca_whitening, "zca_whitening", self.zca_whitening_matrix),
        ):
            if wanted and found is None:
                warn(f"ImageDataGenerator: {name} has no effect before fit(images) has found the statistics")
        if self.featurewise_center and self.mean is not None:
            x -= self.mean
        if self.featurewise_std_normalization and self.std is not None:
            x /= self.std + 1e-6
        if self.zca_whitening and self.zca_whitening_matrix is not None:
            size = len(self.zca_whitening_matrix)
            x = (x.reshape(-1, size) @ self.zca_whitening_matrix).reshape(x.shape)
        return x

    def get_random_transform(self, img_shape: Sequence[int], seed: int | None = None) -> dict[str, Any]:
        """Returns random amounts for the augmentation of one image.

        Args:
            img_shape: Shape of the image.
            seed: Seed; None: NumPy's global generator draws.
        """
        return self.draw_transform(img_shape, np.random if seed is None else np.random.RandomState(seed))

    def draw_transform(self, img_shape: Sequence[int], rng: Any) -> dict[str, Any]:
        """Returns random amounts for the augmentation of one image.

        Args:
            img_shape: Shape of the image.
            rng: Generator that draws them.
        """

        def shift(extent: Any, size: int) -> float:
            if not np.any(extent):
                return 0
            if np.ndim(extent) == 0 and not isinstance(extent, (int, np.integer)):
                drawn = rng.uniform(-extent, extent)
            else:  # one of a list, or of the integers below a number
                drawn = rng.choice(extent)
                drawn = drawn * rng.choice([-1, 1])
            return float(drawn * size if np.max(extent) < 1 else drawn)

        theta = rng.uniform(-self.rotation_range, self.rotation_range) if self.rotation_range else 0
        ty = shift(self.height_shift_range, img_shape[self.row_axis - 1])
        tx = shift(self.width_shift_range, img_shape[self.col_axis - 1])
        shear = rng.uniform(-self.shear_range, self.shear_range) if self.shear_range else 0
        zx, zy = (1, 1) if self.zoom_range == [1, 1] else rng.uniform(self.zoom_range[0], self.zoom_range[1], 2)
        horizontal = bool(rng.random_sample() < 0.5) and self.horizontal_flip
        vertical = bool(rng.random_sample() < 0.5) and self.vertical_flip
        extent = self.channel_shift_range
        channel_shift = rng.uniform(-extent, extent) if extent else None
        brightness = None if self.brightness_range is None else rng.uniform(*self.brightness_range)
        return {
            "theta": theta, "tx": tx, "ty": ty, "shear": shear, "zx": zx, "zy": zy, "flip_horizontal": horizontal,
            "flip_vertical": vertical, "channel_shift_intensity": channel_shift, "brightness": brightness,
        }  # fmt: skip

    def apply_transform(self, x: NDArray[Any], transform_parameters: dict[str, Any]) -> NDArray[Any]:
        """Returns one image changed by given amounts.

        Args:
            x: Array of rank 3.
            transform_parameters: "theta", "tx", "ty", "shear", "zx", "zy", "flip_horizontal", "flip_vertical",
                "channel_shift_intensity" and "brightness"; each may be missing.
        """
        amounts = {"theta": 0, "tx": 0, "ty": 0, "shear": 0, "zx": 1, "zy": 1}
        amounts = {name: transform_parameters.get(name, neutral) for name, neutral in amounts.items()}
        rows, columns, channels = self.row_axis - 1, self.col_axis - 1, self.channel_axis - 1
        x = apply_affine_transform(
            x, **amounts, row_axis=rows, col_axis=columns, channel_axis=channels, fill_mode=self.fill_mode,
            cval=self.cval, order=self.interpolation_order,
        )  # fmt: skip
        if transform_parameters.get("channel_shift_intensity") is not None:
            x = apply_channel_shift(x, transform_parameters["channel_shift_intensity"], channels)
        if transform_parameters.get("flip_horizontal", False):
            x = np.flip(x, columns)
        if transform_parameters.get("flip_vertical", False):
            x = np.flip(x, rows)
        if transform_parameters.get("brightness") is not None:
            last = np.moveaxis(x, channels, -1)
            x = np.moveaxis(apply_brightness_shift(last, transform_parameters["brightness"], False), -1, channels)
        return x

    def random_transform(self, x: NDArray[Any], seed: int | None = None) -> NDArray[Any]:
        """Returns one image changed by random amounts.

        Args:
            x: Array of rank 3.
            seed: Seed; None: NumPy's global generator draws.
        """
        return self.apply_transform(x, self.get_random_transform(x.shape, seed))

    def fit(self, x: ArrayLike, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Finds the statistics that `featurewise_center`, `featurewise_std_normalization` and `zca_whitening` use.

        Args:
            x: Array of shape `(images, height, width, channels)`.
            augment: Finds those of augmented images.
            rounds: Number of augmented copies of each image.
            seed: Seed of the augmentation.

        Raises:
            ValueError: `x` has another rank.
        """
        images = np.array(x, dtype=self.dtype)
        if images.ndim != 4:
            raise ValueError(f"ImageDataGenerator.fit expects images of rank 4, got an array of shape {images.shape}")
        if images.shape[self.channel_axis] not in (1, 3, 4):
            warn(
                f"ImageDataGenerator.fit expects 1, 3 or 4 channels on axis {self.channel_axis} (data_format "
                f"{self.data_format!r}), got images of shape {images.shape}"
            )
        if self.rescale:
            images *= self.rescale
        if augment:
            rng = np.random if seed is None else np.random.RandomState(seed)
            images = np.stack(
                [
                    self.apply_transform(image, self.draw_transform(image.shape, rng))
                    for _ in range(rounds)
                    for image in images
                ]
            ).astype(self.dtype)
        axes = (0, self.row_axis, self.col_axis)
        if self.featurewise_center:
            self.mean = np.mean(images, axis=axes, keepdims=True)[0]
            images -= self.mean
        if self.featurewise_std_normalization:
            self.std = np.std(images, axis=axes, keepdims=True)[0]
            images /= self.std + 1e-6
        if self.zca_whitening:
            flat = images.reshape(len(images), -1)
            u, s, _ = np.linalg.svd(flat.T, full_matrices=False)
            self.zca_whitening_matrix = (u * (np.sqrt(len(images)) / (s + self.zca_epsilon))) @ u.T
