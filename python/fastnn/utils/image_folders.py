"""Datasets of the images of a folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.config import image_data_format
from fastnn.data import AUTOTUNE, Dataset
from fastnn.utils.folder_index import Folder, check_format, shuffled_and_mapped
from fastnn.utils.images import decoded
from fastnn.utils.resampling import INTERPOLATIONS, centered_window, resized, resized_with_pad

_CHANNELS = {"rgb": "RGB", "rgba": "RGBA", "grayscale": "L"}


def image_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: int | tuple[int, int] = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """Returns a dataset of the images of a folder, with one subfolder for each class.

    Files are read and decoded in threads while a model trains, one a processor; memory holds a few batches. No
    TensorFlow is needed; Pillow decodes.

    Args:
        directory: Path of the folder.
        labels: "inferred": the subfolder of a file is its class; None: no labels, and files in all depths; or a list of
            one integer for each file, in the order of the sorted paths.
        label_mode: "int": labels are integers, int32; "categorical": rows of one-hot vectors, float32; "binary": 0.0 or
            1.0 of shape `(batch, 1)`; None: no labels.
        class_names: Names of the subfolders that are read, in the order of their labels; None: all, sorted.
        color_mode: "rgb", "rgba" or "grayscale": images have 3, 4 or 1 channels.
        batch_size: Images of a batch; None: single images, without a batch axis.
        image_size: Size (height, width) to which images are resized.
        shuffle: Puts files in random order, a new one in each pass; else they are sorted by path.
        seed: Seed of the order.
        validation_split: Share of the files that is kept for validation.
        subset: "training" or "validation": that part of a split; "both": a list of the two datasets.
        interpolation: "bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian" or "mitchellcubic".
        follow_links: Follows symbolic links to folders.
        crop_to_aspect_ratio: Crops images to the aspect ratio of `image_size`, in place of distorting them.
        pad_to_aspect_ratio: Pads images to the aspect ratio of `image_size`, in place of distorting them.
        data_format: "channels_last" or "channels_first"; None: that of `fastnn.config`.
        format: Accepted for Keras compatibility: "tf" and "grain" return the same dataset.
        verbose: Prints the numbers of files and classes.

    Returns:
        A `fastnn.data.Dataset` of images, float32 from 0 to 255, or of pairs (images, labels), whose attributes
        `class_names` and `file_paths` list the classes and the files; with subset "both" a list of two.

    Raises:
        ValueError: An argument is out of its range, or there are no images.
        ImportError: Pillow is not installed.

    Example:
        >>> for name in ("cats", "dogs"):
        ...     __import__("os").makedirs(f"pets/{name}")
        ...     fastnn.utils.save_img(f"pets/{name}/1.png", np.random.random((8, 8, 3)))
        >>> pets = fastnn.utils.image_dataset_from_directory("pets", image_size=(4, 4))
        Found 2 files belonging to 2 classes.
        >>> pets.class_names
        ['cats', 'dogs']
        >>> [(images.shape, sorted(labels.tolist())) for images, labels in pets]
        [((2, 4, 4, 3), [0, 1])]
    """
    who = "image_dataset_from_directory"
    check_format(who, format)
    if color_mode not in _CHANNELS:
        raise ValueError(f"{who} expects color_mode to be one of {tuple(_CHANNELS)}, got {color_mode!r}")
    if isinstance(image_size, int):
        image_size = (image_size, image_size)
    if not isinstance(image_size, (list, tuple)) or len(image_size) != 2:
        raise ValueError(f"{who} expects image_size to be (height, width), got {image_size!r}")
    if interpolation.lower() not in INTERPOLATIONS:
        raise ValueError(f"{who} expects interpolation to be one of {INTERPOLATIONS}, got {interpolation!r}")
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError(f"{who} expects crop_to_aspect_ratio or pad_to_aspect_ratio, got both")
    layout = image_data_format() if data_format is None else data_format
    if layout not in ("channels_last", "channels_first"):
        raise ValueError(f"{who} expects data_format 'channels_last' or 'channels_first', got {data_format!r}")
    size, method = (int(image_size[0]), int(image_size[1])), interpolation.lower()

    def load(path: str) -> NDArray[np.float32]:
        with open(path, "rb") as file:
            image = decoded(file.read(), _CHANNELS[color_mode], f"{who}: {path}")
        if crop_to_aspect_ratio:
            image = centered_window(image, size)
        made = resized_with_pad(image, size, method) if pad_to_aspect_ratio else resized(image, size, method)
        return made if layout == "channels_last" else np.ascontiguousarray(np.moveaxis(made, -1, 0))

    def build(rows: Dataset, in_random_order: bool) -> Dataset:
        images = shuffled_and_mapped(rows, load, in_random_order, batch_size, seed)
        return (images if batch_size is None else images.batch(batch_size)).prefetch(AUTOTUNE)

    return Folder(
        who, "image", directory, (".bmp", ".gif", ".jpeg", ".jpg", ".png"), labels, label_mode, class_names, shuffle,
        seed, validation_split, subset, follow_links, verbose,
    ).datasets(build)  # fmt: skip
