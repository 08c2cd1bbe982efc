"""VGG19: nineteen layers of weights, with kernels of 3x3 throughout.

Source: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition" (2014).
"""

from __future__ import annotations

from fastnn.applications.architecture import kernels
from fastnn.applications.imagenet_utils import decode_predictions, preprocessing
from fastnn.applications.vgg import vgg

__all__ = ["VGG19", "decode_predictions", "preprocess_input"]

VGG19 = vgg(
    "VGG19", __name__, (2, 2, 4, 4, 4),
    kernels("vgg19", "vgg19", "cbe5617147190e668d6c5d5026f83318", "253f8cb515780f3b799900260a226db6"),
)  # fmt: skip
preprocess_input = preprocessing(__name__, "caffe")
