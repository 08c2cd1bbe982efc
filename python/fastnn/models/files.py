"""Files of models, as `keras.models` offers them; what they are like is said in `fastnn.saving`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any


def save_model(model: Any, filepath: str | os.PathLike[str], overwrite: bool = True, **kwargs: Any) -> None:
    """Writes a model into a file.

    Args:
        model: A model that is built.
        filepath: `m.keras`, or the older `m.h5`.
        overwrite: True to replace a file that exists.
        **kwargs: See `fastnn.saving.save_model`.

    Raises:
        ValueError: The model is not built, or the name has another ending.
    """
    from fastnn import saving

    saving.save_model(model, filepath, overwrite, **kwargs)


def load_model(
    filepath: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Any:
    """Returns the model of a file of fastnn or Keras.

    Args:
        filepath: The file.
        custom_objects: Classes and functions by the names that the file uses for them.
        compile: True to compile the model as it was, with the state of the optimizer.
        safe_mode: Accepted for Keras compatibility; Python code in a file is refused either way.

    Raises:
        ValueError: The file is damaged, names something that is unknown, or holds no model.
        FileNotFoundError: There is no such file.
    """
    from fastnn import saving

    return saving.load_model(filepath, custom_objects, compile, safe_mode)


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Returns a model with fresh weights from what `to_json` returned.

    Args:
        json_string: The text.
        custom_objects: Classes and functions by the names that the text uses for them.

    Raises:
        ValueError: The text describes no model, or names something that is unknown.

    Example:
        >>> model = fastnn.Sequential([layers.Input((2,)), layers.Dense(3)])
        >>> fastnn.models.model_from_json(model.to_json()).output_shape
        (None, 3)
    """
    from fastnn import saving

    return saving.model_from_json(json_string, custom_objects)
