"""Architectures that Keras and fastnn build alike: their arguments, seeded weights, and what is compared."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

SIDES = {"InceptionV3": 75, "InceptionResNetV2": 75, "Xception": 71}
CLASSES = 7

NAMES = (
    "VGG16", "VGG19", "ResNet50", "ResNet101", "ResNet152", "ResNet50V2", "ResNet101V2", "ResNet152V2", "MobileNet",
    "MobileNetV2", "MobileNetV3Small", "MobileNetV3Large", "DenseNet121", "DenseNet169", "DenseNet201", "Xception",
    "InceptionV3", "InceptionResNetV2", "NASNetMobile", "NASNetLarge", "ConvNeXtTiny", "ConvNeXtSmall", "ConvNeXtBase",
    "ConvNeXtLarge", "ConvNeXtXLarge", *(f"EfficientNetB{i}" for i in range(8)),
    *(f"EfficientNetV2{size}" for size in ("B0", "B1", "B2", "B3", "S", "M", "L")),
)  # fmt: skip

VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "MobileNet-narrow": ("MobileNet", {"alpha": 0.25, "depth_multiplier": 2, "dropout": 0.5}),
    "MobileNetV2-narrow": ("MobileNetV2", {"alpha": 0.35}),
    "MobileNetV2-wide": ("MobileNetV2", {"alpha": 1.4, "include_top": False, "pooling": "avg"}),
    "MobileNetV3Small-plain": ("MobileNetV3Small", {"minimalistic": True, "include_preprocessing": False}),
    "MobileNetV3Small-wide": ("MobileNetV3Small", {"alpha": 1.25, "dropout_rate": 0.0}),
    "MobileNetV3Large-features": ("MobileNetV3Large", {"include_top": False, "pooling": "max", "alpha": 0.75}),
    "ResNet50-features": ("ResNet50", {"include_top": False, "pooling": "avg"}),
    "ResNet50V2-map": ("ResNet50V2", {"include_top": False}),
    "DenseNet121-features": ("DenseNet121", {"include_top": False, "pooling": "max"}),
    "VGG16-features": ("VGG16", {"include_top": False, "pooling": "max"}),
    "EfficientNetB0-features": ("EfficientNetB0", {"include_top": False, "pooling": "avg"}),
    "EfficientNetV2B0-plain": ("EfficientNetV2B0", {"include_preprocessing": False}),
    "EfficientNetV2B0-gray": ("EfficientNetV2B0", {"input_shape": (40, 33, 1)}),
    "ConvNeXtTiny-features": ("ConvNeXtTiny", {"include_top": False, "pooling": "avg"}),
    "ConvNeXtTiny-gray": ("ConvNeXtTiny", {"input_shape": (33, 40, 1)}),
    "NASNetMobile-features": ("NASNetMobile", {"include_top": False, "pooling": "avg"}),
}
"""Further options of the functions, by the name of the case."""

CASES: dict[str, tuple[str, dict[str, Any]]] = {**{name: (name, {}) for name in NAMES}, **VARIANTS}


def build(applications: Any, case: str) -> Any:
    """Returns the model of a case, by `keras.applications` or `fastnn.applications`."""
    name, options = CASES[case]
    side = SIDES.get(name, 32)
    given: dict[str, Any] = {"weights": None, "input_shape": (side, side, 3), "classes": CLASSES, **options}
    if given.get("include_top", True):
        given.setdefault("classifier_activation", None)
    return getattr(applications, name)(**given)


def seeded_weights(model: Any) -> list[np.ndarray]:
    """Returns weights that keep the scale of what flows through a network, the same for the same shapes."""
    random = np.random.RandomState(7)
    weights = []
    for one in model.weights:
        shape = tuple(one.shape)
        if len(shape) < 2:
            weights.append(random.uniform(0.4, 1.0, shape).astype("float32"))
        else:
            # A kernel of so few outputs convolves each channel alone.
            fan_in = np.prod(shape[:-1] if shape[-1] > 2 else shape[:2])
            weights.append((random.standard_normal(shape) * np.sqrt(2.0 / fan_in)).astype("float32"))
    return weights


def images(model: Any) -> np.ndarray:
    """Returns two images for a model."""
    shape = (2, *model.input_shape[1:])
    return np.random.RandomState(3).uniform(0, 255, shape).astype("float32")


def layer_names(model: Any) -> str:
    """Returns a hash of the names and classes of all layers and of the shapes of their outputs, in order."""
    lines = [f"{type(layer).__name__} {layer.name} {tuple(layer.output.shape)}" for layer in model.layers]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def outputs(model: Any) -> np.ndarray:
    """Returns what a model with seeded weights makes of the images: seven numbers for each."""
    model.set_weights(seeded_weights(model))
    made = np.asarray(model.predict(images(model), verbose=0), "float32").reshape(2, -1)
    return made[:, :: max(1, made.shape[1] // CLASSES)][:, :CLASSES]
