"""VGG16: sixteen layers of weights, with kernels of 3x3 throughout.

Source: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition" (2014).
"""

from __future__ import annotations

from fastnn.applications.architecture import kernels
from fastnn.applications.imagenet_utils import decode_predictions, preprocessing
from fastnn.applications.vgg import vgg

__all__ = ["VGG16", "decode_predictions", "preprocess_input"]

VGG16 = vgg(
    "VGG16", __name__, (2, 2, 3, 3, 3),
    kernels("vgg16", "vgg16", "64373286793e3c8b2b4e3219cbf3544b", "6d6bbae143d832006294945121d1f1fc"),
)  # fmt: skip
preprocess_input = preprocessing(__name__, "caffe")
