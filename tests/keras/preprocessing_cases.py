"""Images, texts, sequences and folders, prepared by Keras and by fastnn alike: the calls, and a short form of results.

    KERAS_BACKEND=jax python tests/keras/preprocessing_cases.py

records what Keras returns in `preprocessing.json`; it needs Pillow, SciPy, pandas and grain beside Keras.
"""

from __future__ import annotations

import contextlib
import io
import json
import random
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

RECORD = Path(__file__).with_name("preprocessing.json")

GENERATORS: dict[str, dict[str, Any]] = {
    "plain": {},
    "rotation": {"rotation_range": 30},
    "rotation-nearest": {"rotation_range": 45, "interpolation_order": 0},
    "shear-reflect": {"shear_range": 20.0, "fill_mode": "reflect"},
    "zoom-constant": {"zoom_range": 0.3, "fill_mode": "constant", "cval": 7.0},
    "zoom-wrap": {"zoom_range": (0.5, 1.5), "fill_mode": "wrap"},
    "flips": {"horizontal_flip": True, "vertical_flip": True},
    "channels": {"channel_shift_range": 20.0},
    "brightness": {"brightness_range": (0.5, 1.5)},
    "samplewise": {"samplewise_center": True, "samplewise_std_normalization": True, "rescale": 1 / 255},
}
DIRECTORIES: list[dict[str, Any]] = [
    {},
    {"class_mode": "sparse", "shuffle": False},
    {"class_mode": "binary", "color_mode": "grayscale"},
    {"class_mode": "input", "color_mode": "rgba"},
    {"class_mode": None, "classes": ["c", "a"]},
    {"interpolation": "bilinear", "keep_aspect_ratio": True},
    {"subset": "training", "shuffle": False},
    {"subset": "validation", "shuffle": False},
]
FRAMES: list[dict[str, Any]] = [
    {},
    {"class_mode": "sparse", "weight_col": "w"},
    {"class_mode": "raw", "y_col": "n"},
    {"class_mode": "raw", "y_col": ["n", "w"]},
    {"class_mode": "multi_output", "y_col": ["n", "w"]},
    {"classes": ["y"]},
    {"class_mode": None},
]
FOLDERS: list[dict[str, Any]] = [
    {},
    {"label_mode": "categorical"},
    {"label_mode": None},
    {"labels": None},
    {"labels": list(range(9))},
    {"class_names": ["b", "a"]},
    {"class_names": ["c", "b"], "label_mode": "binary"},
    {"color_mode": "grayscale"},
    {"color_mode": "rgba"},
    {"interpolation": "nearest"},
    {"interpolation": "bicubic"},
    {"interpolation": "lanczos3"},
    {"crop_to_aspect_ratio": True},
    {"batch_size": None},
    {"validation_split": 0.3, "subset": "training"},
    {"validation_split": 0.3, "subset": "validation"},
    {"image_size": 8},
    {"data_format": "channels_first"},
]
SERIES: list[dict[str, Any]] = [
    {},
    {"sequence_stride": 2, "sampling_rate": 2},
    {"start_index": 3, "end_index": 20},
    {"batch_size": None},
]


def short(value: Any) -> Any:
    """The shape, the sum and a weighted sum of an array, and those of the arrays of a list."""
    if isinstance(value, (list, tuple)):
        return [short(one) for one in value]
    array = np.asarray(value, np.float64)
    weights = np.arange(array.size).reshape(array.shape)
    return [list(array.shape), float(array.sum()), float((array * weights).sum() / max(array.size, 1))]


def make_folder(folder: Path) -> None:
    """Writes images of three classes, some of them deeper."""
    from PIL import Image

    rng = np.random.RandomState(1)
    for name, count in (("b", 3), ("a", 4), ("c", 2)):
        (folder / name / "sub").mkdir(parents=True)
        for i in range(count):
            pixels = rng.randint(0, 255, (20 + i, 14, 3)).astype("uint8")
            Image.fromarray(pixels).save(folder / name / ("sub" if i == 1 else "") / f"{i}.png")


def told(function: Any, *args: Any, **kwargs: Any) -> tuple[Any, str]:
    """What a function returns and prints."""
    with contextlib.redirect_stdout(io.StringIO()) as output:
        return function(*args, **kwargs), output.getvalue()


def generators(image: Any, folder: Path, frame: Any) -> dict[str, Any]:
    """What `ImageDataGenerator` makes."""
    rng = np.random.RandomState(0)
    x, y = rng.randint(0, 255, (10, 12, 12, 3)).astype("float32"), np.arange(10)
    made: dict[str, Any] = {}
    for name, arguments in GENERATORS.items():
        flow = image.ImageDataGenerator(**arguments).flow(x, y, batch_size=4, seed=3)
        made[name] = [short(next(flow)) for _ in range(4)]
        flow = image.ImageDataGenerator(**arguments).flow(x, y, batch_size=4, seed=3, shuffle=False)
        made[f"{name}, by index"] = [short(flow[1]), len(flow)]
    featurewise = image.ImageDataGenerator(featurewise_center=True, featurewise_std_normalization=True)
    featurewise.fit(x)
    made["featurewise"] = short(next(featurewise.flow(x, shuffle=False)))
    whitening = image.ImageDataGenerator(featurewise_center=True, zca_whitening=True, zca_epsilon=1.0)
    whitening.fit(x)
    made["whitening"] = short(np.abs(next(whitening.flow(x, shuffle=False))))
    halves = image.ImageDataGenerator(validation_split=0.3)
    for subset in ("training", "validation"):
        flow = halves.flow(x, y % 2, subset=subset, shuffle=False, batch_size=20)
        made[f"flow, {subset}"] = next(flow)[1].tolist()
    for arguments in DIRECTORIES:
        generator = image.ImageDataGenerator(validation_split=0.4, horizontal_flip=True)
        flow, said = told(
            generator.flow_from_directory, str(folder), target_size=(8, 9), batch_size=4, seed=5, **arguments
        )
        facts = [flow.filenames, flow.class_indices, np.asarray(flow.classes).tolist(), flow.samples, len(flow)]
        made[f"directory {arguments}"] = [short(next(flow)), said, *facts, list(flow.image_shape)]
    for arguments in FRAMES:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # one file is missing
            flow, said = told(
                image.ImageDataGenerator().flow_from_dataframe, frame, str(folder), target_size=(8, 9), batch_size=4,
                seed=5, **arguments,
            )  # fmt: skip
        made[f"frame {arguments}"] = [short(next(flow)), said]
    return made


def words(text: Any, sequence: Any) -> dict[str, Any]:
    """What `Tokenizer` and the functions of sequences make."""
    documents = ["The cat sat on the mat.", "The dog ate, the cat ran!", "a b"]
    tokenizer = text.Tokenizer(num_words=5, oov_token="<o>")
    tokenizer.fit_on_texts(documents)
    letters = text.Tokenizer(char_level=True)
    letters.fit_on_texts(documents)
    again = text.tokenizer_from_json(tokenizer.to_json())
    random.seed(1)
    pairs = sequence.skipgrams([1, 2, 0, 3, 4], 6, window_size=2, seed=4)
    random.seed(1)
    rows = sequence.skipgrams([1, 2, 3], 6, window_size=1, categorical=True, shuffle=False)
    windows = sequence.TimeseriesGenerator(
        np.arange(50).reshape(25, 2), np.arange(25), length=10, sampling_rate=2, stride=3, batch_size=2, reverse=True
    )
    return {
        "index": tokenizer.word_index,
        "sequences": tokenizer.texts_to_sequences([*documents, "zzz the"]),
        "texts": tokenizer.sequences_to_texts([[1, 2, 9, 3]]),
        "matrices": [short(tokenizer.texts_to_matrix(documents, m)) for m in ("binary", "count", "freq", "tfidf")],
        "read again": again.texts_to_sequences(documents),
        "config": sorted(tokenizer.get_config()),
        "letters": [letters.word_index, letters.texts_to_sequences(documents)],
        "hashes": text.hashing_trick("the cat the hat", 100, "md5"),
        "words": text.text_to_word_sequence("A,b c--D"),
        "skipgrams": pairs,
        "skipgrams, categorical": rows,
        "sampling table": short(sequence.make_sampling_table(100)),
        "windows": [len(windows), [short(windows[i]) for i in range(len(windows))]],
    }


def datasets(utils: Any, folder: Path, **form: Any) -> dict[str, Any]:
    """What the functions make that return datasets."""
    made: dict[str, Any] = {}

    def below(paths: list[str]) -> list[str]:
        return [Path(path).relative_to(folder).as_posix() for path in paths]

    for arguments in FOLDERS:
        whole = {"image_size": (8, 9), "batch_size": 4, "shuffle": False, **arguments}
        found, said = told(utils.image_dataset_from_directory, str(folder), **whole, **form)
        first = next(iter(found))
        parts = first if isinstance(first, (tuple, list)) else [first]
        facts = [[str(one.dtype) for one in parts], said, found.class_names, below(found.file_paths)]
        made[f"images {arguments}"] = [short(list(parts)), *facts]
    (left, right), said = told(
        utils.image_dataset_from_directory, str(folder), seed=7, validation_split=0.3, subset="both", **form
    )
    made["both"] = [said, below(left.file_paths), below(right.file_paths)]
    for arguments in SERIES:
        windows = utils.timeseries_dataset_from_array(
            np.arange(60).reshape(30, 2), np.arange(30) * 10, 5, **arguments, **form
        )
        made[f"series {arguments}"] = [short(list(one)) for one in windows]
    windows = utils.timeseries_dataset_from_array(np.arange(60).reshape(30, 2), None, 5, batch_size=7, **form)
    made["series without targets"] = [short(one) for one in windows]
    return made


def frame() -> dict[str, list[Any]]:
    """The columns of a table of images."""
    files = ["b/0.png", "a/0.png", "c/0.png", "missing.png"]
    return {"filename": files, "class": ["x", "y", "x", "y"], "n": [1, 2, 3, 4], "w": [0.1, 0.2, 0.3, 0.4]}


def main() -> None:
    """Records what Keras returns."""
    import tempfile

    import pandas
    from keras._tf_keras.keras.preprocessing import image, sequence, text

    import keras

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_folder(folder)
        record = {
            "keras": keras.__version__,
            "generators": generators(image, folder, pandas.DataFrame(frame())),
            "words": words(text, sequence),
            "datasets": datasets(keras.utils, folder, format="grain"),
        }
    RECORD.write_text(json.dumps(record, default=lambda one: one.item(), indent=None, separators=(",", ":")) + "\n")
    print(f"{RECORD}: {RECORD.stat().st_size} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
