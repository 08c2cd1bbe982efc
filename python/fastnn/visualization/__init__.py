"""Pictures of images, of what a model makes of them, and of its weights and gradients.

Pictures need matplotlib (`pip install matplotlib`), and boxes drawn on images need Pillow.
"""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from fastnn.naming import missing_names as _missing_names
from fastnn.visualization.drawing import draw_bounding_boxes, draw_segmentation_masks
from fastnn.visualization.galleries import (
    plot_bounding_box_gallery,
    plot_image_gallery,
    plot_segmentation_mask_gallery,
)
from fastnn.visualization.insides import plot_feature_maps, plot_gradients, plot_weights

__all__ = [
    "draw_bounding_boxes",
    "draw_segmentation_masks",
    "plot_bounding_box_gallery",
    "plot_feature_maps",
    "plot_gradients",
    "plot_image_gallery",
    "plot_segmentation_mask_gallery",
    "plot_weights",
]


def __dir__() -> list[str]:
    return __all__


if not _TYPE_CHECKING:
    __getattr__ = _missing_names(__name__, __all__)
