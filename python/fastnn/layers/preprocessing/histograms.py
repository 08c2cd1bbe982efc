"""Layers that spread the values of images evenly: by their range, and by their histograms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn import ops
from fastnn.engine.contract import title
from fastnn.layers.preprocessing.composed_image_layer import ComposedImageLayer
from fastnn.precision import floatx


class AutoContrast(ComposedImageLayer):
    """Layer that stretches the values of each channel of each image to the whole range.

    A channel of one value stays as it is.

    Shapes: input (batch, height, width, channels) or one image without the batch, output of the same shape.

    Args:
        value_range: Pair of numbers, smallest and largest value of a channel.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `value_range` is not a pair of different numbers.

    Example:
        >>> layers.AutoContrast()(np.array([[[50.0], [100.0], [150.0]]])).ravel()
        array([  0. , 127.5, 255. ], dtype=float32)
    """

    __fastnn_in_training_only__ = False
    __fastnn_keeps_places__ = True
    __fastnn_keras_newer_arguments__ = {"data_format": "channels_last"}
    value_range: Sequence[float]
    data_format: str

    def __init__(self, value_range: Sequence[float] = (0, 255), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def _transformed(self, images: Any, transformation: Any) -> Any:
        scaled = self._to_bytes(images)
        low, high = ops.min(scaled, [1, 2], keepdims=True), ops.max(scaled, [1, 2], keepdims=True)
        flat = ops.equal(low, high)
        scale = 255.0 / ops.where(flat, 1.0, high - low)
        made = self._from_bytes(ops.clip((scaled - low) * scale, 0.0, 255.0))
        return ops.where(flat, images, made)


def _counts(values: Any, bins: int) -> Any:
    """Returns how often each of the integers below `bins` occurs along the last axis.

    Counting within a model compares with a few integers at a time: with all at once it would need too much memory.
    """
    spread = ops.expand_dims(values, -1)
    counted = [
        ops.sum(ops.cast(ops.equal(spread, np.arange(i, min(i + _AT_ONCE, bins), dtype=np.int32)), floatx()), -2)
        for i in range(0, bins, _AT_ONCE)
    ]
    return ops.concatenate(counted, -1)


_AT_ONCE = 16
"""Integers that are counted together."""


class Equalization(ComposedImageLayer):
    """Layer that equalizes the histogram of each channel, so that all values are equally frequent.

    As in Keras the histogram is that of a whole batch. The layer is the identity in inference.

    Shapes: input (batch, height, width, channels) or one image without the batch, output of the same shape.

    Args:
        value_range: Pair of numbers, smallest and largest value of a channel.
        bins: Positive integer, number of bins of the histogram.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    References:
        - Hummel, "Image Enhancement by Histogram Transformation", 1977.

    Example:
        >>> layers.Equalization()(np.array([[[9.0], [9.0], [10.0], [11.0]]]), training=True).ravel()
        array([  0.,   0., 128., 255.], dtype=float32)
    """

    __fastnn_keeps_places__ = True
    value_range: Sequence[float]
    bins: int

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        bins: int = 256,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(bins, bool) or not isinstance(bins, int) or bins < 1:
            raise ValueError(f"{title(self)} expects bins to be a positive integer, got {bins!r}")

    def _transformed(self, images: Any, transformation: Any) -> Any:
        channels = [self._equalized(self._to_bytes(images)[..., i]) for i in range(images.shape[-1])]
        return self._from_bytes(ops.stack(channels, -1))

    def _equalized(self, channel: Any) -> Any:
        last = self.bins - 1
        index = ops.cast(ops.clip(channel * (last / 255.0), 0.0, float(last)), "int32")
        # One image after the other: all pixels of a batch in one row would be too many for a graph.
        counts = ops.sum(_counts(ops.reshape(index, (ops.shape(index)[0], -1)), self.bins), 0)
        below = ops.cumsum(counts)
        # The least of the sums that are not 0.
        least = ops.min(ops.where(ops.greater(below, 0.0), below, np.inf))
        span = below[-1] - least
        table = ops.round((below - least) * 255.0 / ops.where(ops.equal(span, 0.0), 1.0, span))
        found = ops.take(ops.clip(table, 0.0, 255.0), index)
        return ops.where(ops.less_equal(ops.sum(ops.cast(ops.greater(counts, 0.0), floatx())), 1.0), channel, found)


class ContrastLimitedAdaptiveHistogramEqualization(ComposedImageLayer):
    """Layer that equalizes the histograms of tiles of images, without amplifying noise (CLAHE).

    A histogram is clipped at `clip_limit` times its mean, and what is above is spread over all values. The values of a
    pixel between the centers of tiles are interpolated between the tables of these tiles.

    Shapes: input (batch, height, width, channels) or one image without the batch, output of the same shape.

    Args:
        value_range: Pair of numbers, smallest and largest value of a channel.
        clip_limit: Number above 0, limit of a histogram as a multiple of its mean; 0 means none.
        tile_grid_size: Pair of positive integers, number of tiles along height and width.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    References:
        - Zuiderveld, "Contrast Limited Adaptive Histogram Equalization", Graphics Gems IV, 1994.

    Example:
        >>> layer = layers.ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(2, 2))
        >>> layer(np.arange(64.0).reshape(8, 8, 1)).shape
        (8, 8, 1)
    """

    __fastnn_in_training_only__ = False
    __fastnn_keeps_places__ = True
    value_range: Sequence[float]
    clip_limit: float
    tile_grid_size: Sequence[int]

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        clip_limit: float = 4.0,
        tile_grid_size: Sequence[int] = (8, 8),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if len(tile_grid_size) != 2 or any(not isinstance(n, int) or n < 1 for n in tile_grid_size):
            raise ValueError(f"{title(self)} expects tile_grid_size to be two positive integers, got {tile_grid_size}")

    def _transformed(self, images: Any, transformation: Any) -> Any:
        _, height, width, channels = images.shape
        if None in (height, width, channels):
            raise ValueError(f"{title(self)} expects images of a known size, got {tuple(images.shape)}")
        rows, columns = self.tile_grid_size
        high, wide = -(-height // rows), -(-width // columns)
        below, beside = high * rows - height, wide * columns - width
        scaled = ops.pad(self._to_bytes(images), [(0, 0), (0, below), (0, beside), (0, 0)], mode="symmetric")
        pixels = ops.cast(ops.clip(scaled, 0.0, 255.0), "int32")
        tiles = ops.transpose(ops.reshape(pixels, (-1, rows, high, columns, wide, channels)), (0, 1, 3, 5, 2, 4))
        tables = self._tables(ops.reshape(tiles, (-1, rows, columns, channels, high * wide)), high * wide)
        made = self._interpolated(tables, pixels, high, wide)
        return self._from_bytes(made[:, :height, :width])

    def _tables(self, tiles: Any, size: int) -> Any:
        """Returns the new value of each of the values 0 to 255, for each tile and channel."""
        counts = _counts(tiles, 256)
        if self.clip_limit > 0:
            clipped = ops.minimum(counts, self.clip_limit * size / 256.0)
            counts = clipped + ops.sum(counts - clipped, -1, keepdims=True) / 256.0
        sums = ops.cumsum(counts, -1)
        least = ops.min(sums, -1, keepdims=True)
        span = float(size) - least
        return ops.clip((sums - least) * 255.0 / ops.where(ops.equal(span, 0.0), 1.0, span), 0.0, 255.0)

    def _interpolated(self, tables: Any, pixels: Any, high: int, wide: int) -> Any:
        """Returns the values of pixels, interpolated between the tables of the tiles around them."""
        rows, columns = self.tile_grid_size
        channels = pixels.shape[-1]
        flat = ops.reshape(tables, (-1, rows * columns * channels * 256))
        sides = [_neighbors(rows, high), _neighbors(columns, wide)]
        made: Any = None
        for row, share_y in sides[0]:
            for column, share_x in sides[1]:
                tile = (row[:, np.newaxis] * columns + column)[:, :, np.newaxis] * channels + np.arange(channels)
                index = pixels + (tile * 256).astype(np.int32)
                taken = ops.take_along_axis(flat, ops.reshape(index, (-1, rows * high * columns * wide * channels)), 1)
                share = (share_y[:, np.newaxis] * share_x)[:, :, np.newaxis].astype(floatx())
                part = ops.reshape(taken, (-1, rows * high, columns * wide, channels)) * share
                made = part if made is None else made + part
        return made


def _neighbors(tiles: int, size: int) -> list[tuple[Any, Any]]:
    """Returns for each pixel along one side the tile before it and the tile behind it, with their shares."""
    place = (np.arange(tiles * size) - size / 2.0) / size
    low = np.floor(place)
    part = place - low
    return [(np.clip(low + i, 0, tiles - 1).astype(np.int64), share) for i, share in ((0, 1.0 - part), (1, part))]
