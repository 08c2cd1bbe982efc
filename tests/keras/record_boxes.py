"""Records `keras.utils.bounding_boxes` in `boxes.json`: KERAS_BACKEND=numpy python record_boxes.py, with Keras."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import box_cases as cases

import keras


def rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    return [rounded(one) for one in value] if isinstance(value, list) else float(f"{value:.7g}")


if __name__ == "__main__":
    found = {case: rounded(cases.call(keras.utils.bounding_boxes, case)) for case in cases.CASES}
    text = "{\n" + ",\n".join(f"{json.dumps(case)}: {json.dumps(one)}" for case, one in found.items()) + "\n}\n"
    (Path(__file__).parent / "boxes.json").write_text(text)
