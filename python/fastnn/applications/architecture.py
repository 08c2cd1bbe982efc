"""Common parts of all architectures: their arguments, the input, the end of the network, pretrained weights.

A family's file has tables of blocks and what is special about it. `Request` holds the arguments that all functions
share and says what is wrong with them; `architecture` makes the function of a network that has no others.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from typing import Any, NamedTuple, TypeVar

from fastnn import activations, config
from fastnn.caller import warn
from fastnn.layers import Dense, GlobalAveragePooling2D, GlobalMaxPooling2D, Input, ZeroPadding2D
from fastnn.models import Model
from fastnn.symbolic.tensors import KerasTensor
from fastnn.utils import get_source_inputs
from fastnn.utils.downloads import get_file

STORE = "https://storage.googleapis.com/tensorflow/keras-applications/"
"""The folder on the web under which Keras keeps pretrained weights."""
CLASSES = 1000
"""The number of classes of ImageNet."""


class Published(NamedTuple):
    """Files of pretrained weights of one network: with and without the classifier, each (name, hash)."""

    folder: str
    with_top: tuple[str, str | None]
    without_top: tuple[str, str | None]
    cached: tuple[str, str] | None = None
    """Names in the cache, where they differ from those on the web."""

    def fetch(self, include_top: bool) -> str:
        """Returns the path of the file, which is downloaded where the cache does not have it."""
        name, file_hash = self.with_top if include_top else self.without_top
        local = name if self.cached is None else self.cached[0 if include_top else 1]
        return get_file(local, self.folder + name, cache_subdir="models", file_hash=file_hash)


def published(folder: str, stem: str, with_top: str | None, without_top: str | None) -> Published:
    """Returns the files `stem.h5` and `stem_notop.h5` of a folder with the given hashes."""
    return Published(folder, (f"{stem}.h5", with_top), (f"{stem}_notop.h5", without_top))


def kernels(folder: str, stem: str, with_top: str, without_top: str) -> Published:
    """Returns files in the naming of the older architectures."""
    return published(f"{STORE}{folder}/", f"{stem}_weights_tf_dim_ordering_tf_kernels", with_top, without_top)


def channel_axis() -> int:
    """Returns the axis of the channels of an image in a batch."""
    return 1 if config.image_data_format() == "channels_first" else -1


def channels(x: Any) -> int:
    """Returns the number of channels of a batch of images."""
    return int(x.shape[channel_axis()])


def sides(x: Any) -> tuple[int | None, int | None]:
    """Returns height and width of a batch of images."""
    height, width = x.shape[2:] if channel_axis() == 1 else x.shape[1:3]
    return height, width


def pad_for_stride(x: Any, kernel: int, name: str) -> Any:
    """Pads images for a kernel with strides of 2: odd sides get the border on both ends, even ones less before."""
    height, width = sides(x)
    border = kernel // 2
    adjust = (1, 1) if height is None else (1 - height % 2, 1 - (width or 1) % 2)
    return ZeroPadding2D(tuple((border - less, border) for less in adjust), name=name)(x)


def divisible(number: float, divisor: int = 8, bound: float = 0.9) -> int:
    """Rounds a number of channels to a multiple of `divisor` that is not below `bound` of the number."""
    rounded = max(divisor, int(number + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < bound * number else rounded


@dataclass
class Request:
    """Arguments that all architectures share, checked.

    Raises:
        ValueError: An argument is out of its range.
    """

    who: str
    include_top: bool
    weights: Any
    input_tensor: Any
    input_shape: Any
    pooling: str | None
    classes: int
    classifier_activation: Any
    name: str | None
    shape: tuple[int | None, ...] = ()

    def __post_init__(self) -> None:
        known = isinstance(self.weights, (str, os.PathLike)) and os.path.exists(self.weights)
        if not known and self.weights not in (None, "imagenet"):
            raise ValueError(
                f"{self.who} expects weights=None, for new weights, 'imagenet', for pretrained ones, or the path of a "
                f"weights file that exists, got {self.weights!r}"
            )
        if self.pooling not in (None, "avg", "max"):
            raise ValueError(f"{self.who} expects pooling None, 'avg' or 'max', got {self.pooling!r}")
        if self.pretrained and self.include_top and self.classes != CLASSES:
            raise ValueError(
                f"{self.who} expects classes=1000 with weights='imagenet', got {self.classes}; give weights=None, or "
                "include_top=False and a classifier of your own"
            )
        plain = (activations.get("softmax"), activations.get(None))
        loaded = self.include_top and self.weights is not None
        if loaded and activations.get(self.classifier_activation) not in plain:
            raise ValueError(
                f"{self.who} expects classifier_activation None or 'softmax' where weights are loaded, got "
                f"{self.classifier_activation!r}; give weights=None, or None and apply the activation afterwards"
            )
        if self.input_tensor is not None and not isinstance(self.input_tensor, KerasTensor):
            raise ValueError(
                f"{self.who} expects a symbolic tensor as input_tensor, such as keras.Input(...) returns, got "
                f"{type(self.input_tensor).__name__}"
            )

    @property
    def pretrained(self) -> bool:
        """True where pretrained weights are asked for by name."""
        return isinstance(self.weights, str) and self.weights == "imagenet"

    def images(self, side: int, smallest: int = 32, any_size: bool = False) -> Any:
        """Returns the symbolic tensor of the images, and keeps their shape.

        Args:
            side: Height and width for which the network was made.
            smallest: The least height and width that it takes.
            any_size: Whether its classifier takes images of any height and width.
        """
        first = config.image_data_format() == "channels_first"
        whole = (3, side, side) if first else (side, side, 3)
        if self.input_shape is not None:
            self.shape = self._checked_shape(whole, smallest, fixed=self.include_top and not any_size)
        elif any_size and self.input_tensor is not None:
            self.shape = tuple(self.input_tensor.shape[1:])
        else:
            free = side if self.include_top and not any_size else None
            self.shape = (3, free, free) if first else (free, free, 3)
        return Input(self.shape) if self.input_tensor is None else self.input_tensor

    def _checked_shape(self, whole: tuple[int, ...], smallest: int, fixed: bool) -> tuple[int | None, ...]:
        shape = tuple(self.input_shape)
        if len(shape) != 3:
            raise ValueError(f"{self.who} expects an input_shape of three numbers, such as {whole}, got {shape}")
        depth, *extent = shape if channel_axis() == 1 else (shape[2], *shape[:2])
        if self.pretrained and fixed and shape != whole:
            raise ValueError(
                f"{self.who} expects input_shape={whole} with weights='imagenet', got {shape}; with include_top=False "
                "images of other sizes serve too"
            )
        if self.pretrained and depth != 3:
            raise ValueError(f"{self.who} expects images of 3 channels with weights='imagenet', got {shape}")
        if depth not in (1, 3):
            warn(f"{self.who} was made for images of 1 or 3 channels, got input_shape={shape}")
        if any(one is not None and one < smallest for one in extent):
            raise ValueError(f"{self.who} expects images of at least {smallest}x{smallest} pixels, got {shape}")
        if fixed and None in shape:
            raise ValueError(
                f"{self.who} expects an input_shape without None with a classifier, got {shape}; give the size of the "
                "images, or include_top=False"
            )
        return shape

    @property
    def height(self) -> int | None:
        """The height of the images that were asked for."""
        return self.shape[1 if channel_axis() == 1 else 0]

    def pool(self, x: Any, named: bool = True) -> Any:
        """Pools the features of a network without classifier, where that was asked for."""
        if self.pooling is None:
            return x
        layer = GlobalAveragePooling2D if self.pooling == "avg" else GlobalMaxPooling2D
        return layer(name=f"{self.pooling}_pool" if named else None)(x)

    def classify(self, x: Any, **arguments: Any) -> Any:
        """Appends the classifier."""
        return Dense(self.classes, self.classifier_activation, name="predictions", **arguments)(x)

    def model(self, images: Any, x: Any, files: Published | None) -> Model:
        """Returns the model from the images to `x`, with the weights that were asked for.

        Args:
            images: The symbolic tensor of the images.
            x: The symbolic tensor of the outputs.
            files: The pretrained weights; None: there are none.
        """
        sources = images if self.input_tensor is None else get_source_inputs(self.input_tensor)
        model = Model(sources, x, name=self.name)
        if self.pretrained:
            if files is None:
                raise ValueError(f"{self.who} has no pretrained weights of this form; give weights=None")
            model.load_weights(files.fetch(self.include_top))
        elif self.weights is not None:
            model.load_weights(self.weights)
        return model


_ARGUMENTS = {
    "input_shape": "Shape of an image. The default is {shape}, and without a classifier any height and width.",
    "include_top": "Whether the network ends with a classifier.",
    "weights": 'None for new weights, "imagenet" for pretrained ones, which are downloaded once, or the path of a\n'
    "        weights file.",
    "input_tensor": "Symbolic tensor of the images, in place of a new input.",
    "pooling": 'Pooling of the features of a network without classifier: "avg", "max", or None for images of\n'
    "        features.",
    "classes": "The number of classes.",
    "classifier_activation": "Activation of the classifier; None for logits.",
    "include_preprocessing": "Whether the network begins with layers that scale images of values from 0 to 255.",
    "name": "The name of the model.",
}
"""Descriptions of the arguments that several architectures share."""
SCALED_OUTSIDE = "Images are scaled by `preprocess_input` of the same module."
SCALED_INSIDE = "Images have values from 0 to 255; scaling them is part of the network."

Build = TypeVar("Build", bound=Callable[..., Model])


def described(
    side: int, says: str, least: int = 32, light: bool = True, **texts: str
) -> Callable[[Build], Build]:  # fmt: skip
    """Returns a decorator that completes the docstring of a function which builds a network.

    Args:
        side: Height and width for which the network was made.
        says: The sentences about it, after the first.
        least: Height and width of the images of the example.
        light: Whether the example builds the network; else it shows an error.
        texts: Descriptions of arguments that it has alone.
    """

    def complete(build: Build) -> Build:
        known = {**_ARGUMENTS, **texts}
        arguments = [f"    {name}: {known[name].format(shape=(side, side, 3))}" for name in signature(build).parameters]
        title = build.__name__
        lines: tuple[str, ...] = (
            f">>> build = fastnn.applications.{title}",
            f">>> build(weights=None, input_shape=({least}, {least}, 3), classes=10).output_shape",
            "(None, 10)",
        )
        if not light:
            lines = (
                f">>> fastnn.applications.{title}(classes=10)  # doctest: +ELLIPSIS",
                "Traceback (most recent call last):",
                "    ...",
                f"ValueError: {title} expects classes=1000 with weights='imagenet', got 10; ...",
            )
        rest = [
            says, "", "Args:", *arguments, "",
            "Returns:", "    A model of images (batch, height, width, channels).", "",
            "Raises:", "    ValueError: `weights` is no file, or an argument is out of its range.", "", "Example:",
            *(f"    {line}" for line in lines),
        ]  # fmt: skip
        build.__doc__ = f"{build.__doc__}\n\n" + "\n".join(rest)
        return build

    return complete


def named(build: Build, title: str, module: str) -> Build:
    """Gives a function that builds a network the name under which it is found.

    Args:
        build: The function.
        title: The name of the network.
        module: The module in which it stands.
    """
    build.__name__ = build.__qualname__ = title
    build.__module__ = module
    build.__doc__ = f"Builds the network {title}."
    return build


def architecture(
    title: str, module: str, features: Callable[[Any], Any], top: Callable[[Request, Any], Any], files: Published, *,
    side: int = 224, smallest: int = 32, named_pools: bool = True, says: str, channels_last_only: bool = False,
    light: bool = True, name: str = "",
) -> Callable[..., Model]:  # fmt: skip
    """Returns the function that builds one network whose arguments are the common ones.

    Args:
        title: The name of the network.
        module: The module in which it stands.
        features: From the symbolic tensor of the images to that of the features.
        top: From the arguments and the features to the outputs of the classifier.
        files: The pretrained weights.
        side: Height and width for which it was made.
        smallest: The least height and width.
        named_pools: Whether the pooling of features bears a name.
        says: The sentences about it in the docstring.
        channels_last_only: Whether images with channels first are refused.
        light: Whether the example in the docstring builds the network.
        name: The name of the model, unless another is given; "": the title in small letters.
    """
    default = name or title.lower()

    def build(
        include_top: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        input_shape: Any = None,
        pooling: str | None = None,
        classes: int = CLASSES,
        classifier_activation: Any = "softmax",
        name: str = default,
    ) -> Model:
        if channels_last_only:
            refuse_channels_first(title)
        request = Request(
            title, include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name
        )
        images = request.images(side, smallest)
        x = features(images)
        x = top(request, x) if include_top else request.pool(x, named_pools)
        return request.model(images, x, files)

    return described(side, says, smallest, light)(named(build, title, module))


def average_and_classify(request: Request, x: Any) -> Any:
    """Appends the most common classifier: the mean of each channel, then a dense layer."""
    return request.classify(GlobalAveragePooling2D(name="avg_pool")(x))


def refuse_channels_first(who: str) -> None:
    """Raises an error where images have their channels first.

    Raises:
        ValueError: The configuration has `channels_first`.
    """
    if config.image_data_format() == "channels_first":
        raise ValueError(
            f"{who} expects images with channels last; call keras.config.set_image_data_format('channels_last') first"
        )
