"""Random flips, rotations, zooms, translations, shears and crops of images, active in training only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastnn.engine.emission import Emission
from fastnn.layers.preprocessing.factor_ranges import Factor, Range, drawn_between
from fastnn.layers.preprocessing.image_layer import RandomImageLayer


class RandomFlip(RandomImageLayer):
    """In training mirrors each image, with a chance of one half along each of the axes that `mode` names.

    Shapes: the input's, (batch, height, width, channels).

    Args:
        mode: "horizontal" (left to right), "vertical" (top to bottom) or "horizontal_and_vertical".
        seed: A whole number, or None to draw one.
        data_format: "channels_last" or None.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> RandomFlip("horizontal")
    """

    kind = "RandomFlip"

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)


class RandomRotation(RandomImageLayer):
    """In training turns each image about its middle.

    Shapes: the input's, (batch, height, width, channels).

    Args:
        factor: Between which parts of a full turn the angle is drawn: two numbers from -1 to 1, or one for the range
            from -it to it. Positive angles turn counterclockwise.
        fill_mode: What lies beyond the border: "reflect" (d c b a | a b c d | d c b a), "wrap" (a b c d | a b c d),
            "constant" (`fill_value`) or "nearest" (a a a a | a b c d | d d d d).
        interpolation: How a pixel between others is made: "bilinear" or "nearest".
        seed: A whole number, or None to draw one.
        fill_value: What lies beyond the border with "constant".
        data_format: "channels_last" or None.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> RandomRotation(0.1)
    """

    kind = "RandomRotation"

    def __init__(
        self,
        factor: Factor,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)

    def _ranges(self) -> Mapping[str, Range]:
        return {"factor": drawn_between(self.who(), "factor", self.factor, -1, 1)}


class RandomZoom(RandomImageLayer):
    """In training zooms each image about its middle.

    Shapes: the input's, (batch, height, width, channels).

    Args:
        height_factor: Between which parts of its height more is shown: two numbers above -1 and up to 1, or one for the
            range from -it to it. 0.2 shows 20 % more (zooms out), -0.2 shows 20 % less (zooms in).
        width_factor: The same for the width; None: as the height, so that shapes are kept.
        fill_mode: What lies beyond the border: "reflect", "wrap", "constant" or "nearest", as in `RandomRotation`.
        interpolation: How a pixel between others is made: "bilinear" or "nearest".
        seed: A whole number, or None to draw one.
        fill_value: What lies beyond the border with "constant".
        data_format: "channels_last" or None.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> RandomZoom((-0.2, 0.0))
    """

    kind = "RandomZoom"

    def __init__(
        self,
        height_factor: Factor,
        width_factor: Factor | None = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)

    def _ranges(self) -> Mapping[str, Range]:
        ranges = {"height_factor": drawn_between(self.who(), "height_factor", self.height_factor, -1, 1)}
        if self.width_factor is not None:
            ranges["width_factor"] = drawn_between(self.who(), "width_factor", self.width_factor, -1, 1)
        for name, (lower, _) in ranges.items():
            if lower == -1:
                raise ValueError(f"{self.who()} expects {name} above -1: at -1 a single point fills the image")
        return ranges


class RandomTranslation(RandomImageLayer):
    """In training moves each image.

    Shapes: the input's, (batch, height, width, channels).

    Args:
        height_factor: Between which parts of its height it moves down (up where negative): two numbers from -1 to 1,
            or one for the range from -it to it.
        width_factor: The same for its width, to the right (left where negative).
        fill_mode: What lies beyond the border: "reflect", "wrap", "constant" or "nearest", as in `RandomRotation`.
        interpolation: How a pixel between others is made: "bilinear" or "nearest".
        seed: A whole number, or None to draw one.
        fill_value: What lies beyond the border with "constant".
        data_format: "channels_last" or None.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> RandomTranslation(0.1, 0.1)
    """

    kind = "RandomTranslation"

    def __init__(
        self,
        height_factor: Factor,
        width_factor: Factor,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)

    def _ranges(self) -> Mapping[str, Range]:
        return {
            name: drawn_between(self.who(), name, getattr(self, name), -1, 1)
            for name in ("height_factor", "width_factor")
        }


class RandomShear(RandomImageLayer):
    """In training slants each image: rows move along by a part of their number, columns down by a part of theirs.

    Shapes: the input's, (batch, height, width, channels).

    Args:
        x_factor: Between which parts the rows move: two numbers from -1 to 1, or one for the range from -it to it.
            Which way is drawn too.
        y_factor: The same for the columns.
        interpolation: How a pixel between others is made: "bilinear" or "nearest".
        fill_mode: What lies beyond the border: "reflect", "wrap", "constant" or "nearest", as in `RandomRotation`.
        fill_value: What lies beyond the border with "constant".
        data_format: "channels_last" or None.
        seed: A whole number, or None to draw one.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> RandomShear(0.1)
    """

    kind = "RandomShear"

    def __init__(
        self,
        x_factor: Factor = 0.0,
        y_factor: Factor = 0.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)

    def _ranges(self) -> Mapping[str, Range]:
        return {name: drawn_between(self.who(), name, getattr(self, name), -1, 1) for name in ("x_factor", "y_factor")}


class RandomCrop(RandomImageLayer):
    """In training shows a window of the images, the same for all images of a batch.

    In inference, and where the images are smaller, the largest window in the middle that has the output's shape is
    resized.

    Shapes: (batch, h, w, channels) -> (batch, height, width, channels).

    Args:
        height: Rows of the output.
        width: Columns of the output.
        seed: A whole number, or None to draw one.
        data_format: "channels_last" or None.
        name: A name, or None.
        **kwargs: `input_shape`, as in `Layer`.

    Example:
        >>> RandomCrop(24, 24)
    """

    kind = "Resizing"

    def __init__(
        self,
        height: int,
        width: int,
        seed: int | None = None,
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, name=name, **kwargs)

    def _node(self) -> tuple[str, dict[str, Any]] | None:
        return self.kind, {"height": self.height, "width": self.width, "crop_to_aspect_ratio": True}

    def _emit_main(self, emission: Emission, edges: list[int]) -> list[int]:
        height, width = emission.graph.spec(edges[0])[0][1:3]
        size = {"height": self.height, "width": self.width}
        if emission.training and (height or 0) >= self.height and (width or 0) >= self.width:
            return emission.add(self, "RandomCrop", size, edges, self.stream)
        return emission.add(self, self.kind, {**size, "crop_to_aspect_ratio": True}, edges)
