"""`fastnn.preprocessing` and the functions that read folders: beside Keras, arguments, threads and bad input."""

# ruff: noqa: E501 - tables of calls

from __future__ import annotations

import json
import os
import pickle
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from fastnn import Input, Sequential, layers, preprocessing, utils
from fastnn.data import Dataset
from fastnn.preprocessing import image, sequence, text
from fastnn.utils import audio_folders
from fastnn.utils.resampling import resized

sys.path.insert(0, str(Path(__file__).parent / "keras"))
import preprocessing_cases as cases

KERAS = json.loads(cases.RECORD.read_text())


def same(found, expected, at):
    found = json.loads(json.dumps(found, default=lambda one: one.item()))
    assert type(found) is type(expected) or {type(found), type(expected)} == {int, float}, at
    if isinstance(expected, dict):
        assert list(found) == list(expected), at
        for key in expected:
            same(found[key], expected[key], f"{at} / {key}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), at
        for i, (one, other) in enumerate(zip(found, expected, strict=True)):
            same(one, other, f"{at}[{i}]")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=2e-4, abs=2e-2), at
    else:
        assert found == expected, at


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("images")
    cases.make_folder(made)
    return made


def test_image_data_generator_makes_what_keras_makes(folder):
    frame = {
        name: np.array(column, object) if name in ("filename", "class") else column
        for name, column in cases.frame().items()
    }

    class Frame(dict):
        def __getitem__(self, key):
            return np.stack([frame[one] for one in key], 1) if isinstance(key, list) else frame[key]

    same(cases.generators(image, folder, Frame()), KERAS["generators"], "generators")


def test_frames_of_pandas(folder):
    pandas = pytest.importorskip("pandas")
    found, said = cases.told(
        image.ImageDataGenerator().flow_from_dataframe,
        pandas.DataFrame(cases.frame()).iloc[:3], str(folder), class_mode="raw", y_col=["n", "w"], target_size=(8, 9),
    )  # fmt: skip
    assert said == "Found 3 validated image filenames.\n"
    assert next(found)[1].shape == (3, 2)


def test_texts_and_sequences_are_what_keras_makes():
    same(cases.words(text, sequence), KERAS["words"], "words")


def test_datasets_of_folders_and_series_are_what_keras_makes(folder):
    same(cases.datasets(utils, folder), KERAS["datasets"], "datasets")


def test_batches_do_not_depend_on_threads(folder, monkeypatch):
    def passes(threads):
        monkeypatch.setattr("fastnn.preprocessing.image_iterators.workers", lambda count: threads)
        generator = image.ImageDataGenerator(rotation_range=40, zoom_range=0.2)
        flow, _ = cases.told(generator.flow_from_directory, folder, target_size=(16, 16), seed=1, batch_size=5)
        return [next(flow)[0] for _ in range(4)]

    for one, other in zip(passes(1), passes(4), strict=True):
        assert np.array_equal(one, other)


def test_a_users_function_is_called_in_order(folder):
    order = []

    def note(x):
        order.append(float(x.mean()))
        return x + np.random.random()

    arguments = {"target_size": (8, 8), "shuffle": False, "class_mode": None, "batch_size": 9}
    plain, _ = cases.told(image.ImageDataGenerator().flow_from_directory, folder, **arguments)
    means = next(plain).mean(axis=(1, 2, 3))
    noted, _ = cases.told(
        image.ImageDataGenerator(preprocessing_function=note).flow_from_directory, folder, **arguments
    )
    next(noted)
    assert np.allclose(order, means)


def test_shifts_along_height_and_width():
    x = np.arange(6.0).reshape(2, 3, 1)
    down = image.ImageDataGenerator(height_shift_range=[1])
    for seed in range(4):
        amounts = down.get_random_transform(x.shape, seed)
        assert amounts["tx"] == 0 and abs(amounts["ty"]) == 1
        moved = down.apply_transform(x, amounts)[..., 0]
        assert moved.tolist() == ([[3, 4, 5]] * 2 if amounts["ty"] == 1 else [[0, 1, 2]] * 2)
    across = image.ImageDataGenerator(width_shift_range=0.5, data_format="channels_first")
    amounts = across.get_random_transform((1, 2, 8), 0)
    assert amounts["ty"] == 0 and 0 < abs(amounts["tx"]) <= 4


def test_rotation_turns_about_the_center_of_a_wide_image():
    x = np.arange(15.0).reshape(3, 5, 1)
    turned = image.apply_affine_transform(x, theta=180, row_axis=0, col_axis=1, channel_axis=2)
    assert np.allclose(turned, x[::-1, ::-1])


def test_iterators_pickle_and_go_on(folder):
    flow = image.ImageDataGenerator(rotation_range=9).flow(np.ones((5, 8, 8, 1)), np.arange(5), batch_size=2, seed=1)
    next(flow)
    copy = pickle.loads(pickle.dumps(flow))
    assert np.array_equal(next(flow)[1], next(copy)[1])
    with pytest.raises(IndexError, match="3 batches, got index 3"):
        flow[3]


def test_augmented_images_are_saved(tmp_path):
    flow = image.ImageDataGenerator().flow(np.ones((3, 8, 8, 1)), batch_size=3, save_to_dir=tmp_path, save_prefix="a")
    next(flow)
    assert len(list(tmp_path.glob("a_*.png"))) == 3


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: image.ImageDataGenerator(fill_mode="mirror"), "fill_mode to be one of"),
        (lambda: image.ImageDataGenerator(zoom_range=(1, 2, 3)), "zoom_range to be a pair"),
        (lambda: image.ImageDataGenerator(brightness_range=0.5), "brightness_range to be a pair"),
        (lambda: image.ImageDataGenerator(validation_split=2), "validation_split between 0 and 1"),
        (lambda: image.ImageDataGenerator(data_format="last"), "data_format channels_last or channels_first"),
        (lambda: image.ImageDataGenerator().flow(np.ones((3, 8, 8))), "images of rank 4"),
        (lambda: image.ImageDataGenerator().flow(np.ones((3, 8, 8, 1)), [1]), "as many rows in y"),
        (lambda: image.ImageDataGenerator().flow(np.ones((3, 8, 8, 1)), subset="test"), "'training' or 'validation'"),
        (lambda: image.ImageDataGenerator().flow(np.ones((3, 8, 8, 1)), batch_size=0), "batch_size to be a positive"),
        (lambda: image.smart_resize(np.ones((3, 3)), (2, 2)), "smart_resize expects images"),
        (lambda: text.Tokenizer(words=3), "no argument 'words'"),
        (lambda: text.Tokenizer().texts_to_matrix(["a"]), "no words"),
        (lambda: sequence.TimeseriesGenerator([1, 2], [1, 2], 3), "no window fits"),
        (lambda: sequence.TimeseriesGenerator([1, 2], [1], 1), "as many targets as data"),
        (lambda: utils.timeseries_dataset_from_array(np.arange(5), None, 2, sampling_rate=5), "sampling_rate above 0 and"),
        (lambda: utils.timeseries_dataset_from_array(np.arange(5), None, 2, end_index=5), "end_index above start_index"),
        (lambda: utils.split_dataset(np.arange(5)), "left_size or right_size"),
        (lambda: utils.split_dataset(np.arange(5), 0.9, 0.5), "shares of at most 1"),
        (lambda: utils.split_dataset(np.arange(5), 9), "integer from 1 to 4"),
        (lambda: utils.split_dataset([[1], [2]], 1), "arrays, got list at index 0"),
        (lambda: utils.split_dataset("abc", 1), "split_dataset expects"),
    ],
)  # fmt: skip
def test_bad_arguments_are_named(call, said):
    with pytest.raises((ValueError, TypeError), match=said):
        call()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"labels": "given"}, "labels to be 'inferred'"),
        ({"labels": [0, 1]}, "got 2 labels, and the folder .* has 9 image files"),
        ({"labels": [0] * 9, "class_names": ["a"]}, "class_names with labels='inferred' only"),
        ({"label_mode": "one_hot"}, "label_mode to be 'int'"),
        ({"label_mode": "binary"}, "exactly two classes"),
        ({"class_names": ["z"]}, r"names of the subfolders, \['a', 'b', 'c'\]"),
        ({"color_mode": "bgr"}, "color_mode to be one of"),
        ({"image_size": (1, 2, 3)}, "image_size to be .height, width."),
        ({"interpolation": "cubic"}, "interpolation to be one of"),
        ({"validation_split": 0.5}, "validation_split and subset together"),
        ({"validation_split": 1.5, "subset": "both"}, "between 0 and 1"),
        ({"validation_split": 0.5, "subset": "training"}, "expects a seed"),
        ({"validation_split": 0.5, "subset": "test", "seed": 1}, "subset to be"),
        ({"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True}, "got both"),
        ({"format": "np"}, "'tf' or 'grain'"),
        ({"data_format": "first"}, "data_format 'channels_last'"),
    ],
)  # fmt: skip
def test_bad_arguments_of_a_folder_are_named(folder, arguments, said):
    with pytest.raises(ValueError, match=f"image_dataset_from_directory expects .*{said}|{said}"):
        utils.image_dataset_from_directory(folder, verbose=False, **arguments)


def test_folders_without_images(tmp_path):
    with pytest.raises(FileNotFoundError, match="expects the path of a folder"):
        utils.image_dataset_from_directory(tmp_path / "none")
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match="expects the path of a folder"):
        utils.image_dataset_from_directory(tmp_path / "file")
    (tmp_path / "a").mkdir()
    with pytest.raises(ValueError, match=r"no image files found .* end in \.bmp, \.gif"):
        utils.image_dataset_from_directory(tmp_path, verbose=False)
    (tmp_path / "a" / "broken.png").write_bytes(b"no image")
    found = utils.image_dataset_from_directory(tmp_path, verbose=False)
    with pytest.raises(ValueError, match=r"broken.png is no image that Pillow reads"):
        next(iter(found))


def test_folders_are_shuffled_anew_in_each_pass(folder):
    found = utils.image_dataset_from_directory(
        folder, image_size=(4, 4), batch_size=9, seed=3, labels=list(range(9)), verbose=False
    )
    first, second = (next(iter(found))[1].tolist() for _ in range(2))
    assert sorted(first) == sorted(second) == list(range(9)) and first != second
    again = utils.image_dataset_from_directory(
        folder, image_size=(4, 4), batch_size=9, seed=3, labels=list(range(9)), verbose=False
    )
    assert [next(iter(again))[1].tolist() for _ in range(2)] == [first, second]
    assert len(found) == 1 and found.class_names == [str(i) for i in range(9)]


def test_padding_keeps_the_aspect_ratio(tmp_path):
    (tmp_path / "a").mkdir()
    utils.save_img(tmp_path / "a" / "wide.png", np.full((4, 8, 3), 200.0), scale=False)
    found = utils.image_dataset_from_directory(tmp_path, image_size=(8, 8), pad_to_aspect_ratio=True, verbose=False)
    pixels = next(iter(found))[0][0, :, :, 0]
    assert pixels[:2].tolist() == pixels[6:].tolist() == [[0.0] * 8] * 2 and (pixels[2:6] == 200).all()


def test_text_folders(tmp_path):
    for name, content in (("bad/1.txt", "dull é"), ("good/1.txt", "joy"), ("good/2.txt", "great")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    found = utils.text_dataset_from_directory(tmp_path, shuffle=False, max_length=6, label_mode="binary", verbose=False)
    texts, labels = next(iter(found))
    assert [one.decode() for one in texts.tolist()] == ["dull é", "joy", "great"]
    assert labels.tolist() == [[0.0], [1.0], [1.0]] and labels.dtype == np.float32
    assert found.class_names == ["bad", "good"]
    pair = utils.text_dataset_from_directory(tmp_path, validation_split=0.4, subset="both", seed=1, verbose=False)
    assert [len(part.file_paths) for part in pair] == [2, 1]


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_audio_folders(tmp_path, width):
    levels = np.array([0.0, 0.5, -0.5, -1.0])
    for name, count in (("a/1.wav", 4), ("b/1.wav", 3)):
        (tmp_path / name).parent.mkdir()
        whole = (levels[:count] * 2 ** (8 * width - 1)).astype(np.int64) + (128 if width == 1 else 0)
        frames = b"".join(int(one).to_bytes(width, "little", signed=width > 1) for one in whole)
        with wave.open(str(tmp_path / name), "wb") as file:
            file.setparams((1, width, 8000, 0, "NONE", ""))
            file.writeframes(frames)
    found = utils.audio_dataset_from_directory(tmp_path, shuffle=False, verbose=False)
    sounds, labels = next(iter(found))
    assert sounds[..., 0].tolist() == [[0.0, 0.5, -0.5, -1.0], [0.0, 0.5, -0.5, 0.0]] and labels.tolist() == [0, 1]
    short = utils.audio_dataset_from_directory(
        tmp_path, output_sequence_length=2, batch_size=1, labels=None, verbose=False
    )
    assert next(iter(short)).shape == (1, 2, 1)


def test_sounds_are_resampled(tmp_path):
    time = np.arange(8000) / 8000
    tone = np.sin(2 * np.pi * 440 * time).astype(np.float32)[:, None]
    for rate in (4000, 11025, 16000):
        made = audio_folders.resampled(tone, 8000, rate)
        exact = np.sin(2 * np.pi * 440 * np.arange(len(made)) / rate)
        assert len(made) == rate
        assert np.abs(made[200:-200, 0] - exact[200:-200]).max() < 2e-3
    high = np.sin(2 * np.pi * 3500 * time).astype(np.float32)[:, None]
    assert np.abs(audio_folders.resampled(high, 8000, 4000)[200:-200]).max() < 0.05
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.wav").write_bytes(b"RIFF")
    with pytest.raises(ValueError, match=r"x.wav is no WAV file of integers"):
        next(iter(utils.audio_dataset_from_directory(tmp_path, verbose=False)))
    with pytest.raises(ValueError, match="no ragged arrays"):
        utils.audio_dataset_from_directory(tmp_path, ragged=True)


@pytest.mark.parametrize("interpolation", ["area", "gaussian", "mitchellcubic"])
def test_further_interpolations(interpolation):
    flat = np.full((9, 7, 2), 3.0, np.float32)
    assert np.allclose(resized(flat, (4, 11), interpolation), 3.0, atol=1e-5)
    halves = np.arange(16.0).reshape(4, 4, 1)
    if interpolation == "area":
        expected = halves.reshape(2, 2, 2, 2).mean(axis=(1, 3))
        assert np.allclose(resized(halves, (2, 2), interpolation)[..., 0], expected)
    batch = np.random.default_rng(0).random((2, 9, 7, 3)).astype(np.float32)
    assert np.allclose(resized(batch, (5, 6), interpolation)[1], resized(batch[1], (5, 6), interpolation))


def test_split_dataset():
    x, y = np.arange(20).reshape(10, 2), np.arange(10)
    left, right = utils.split_dataset((x, y), left_size=7)
    assert len(left) == 7 and len(right) == 3
    assert [int(label) for _, label in right] == [7, 8, 9]
    left, right = utils.split_dataset(Dataset.from_tensor_slices((x, y)).batch(4), right_size=0.5)
    assert [one[1].tolist() for one in left] == [[0, 1, 2, 3], [4]]
    shuffled = [utils.split_dataset([x, y], 0.5, shuffle=True, seed=2)[0] for _ in range(2)]
    assert [int(b) for _, b in shuffled[0]] == [int(b) for _, b in shuffled[1]] != list(range(5))


def test_names_are_those_of_keras():
    assert preprocessing.image_dataset_from_directory is utils.image_dataset_from_directory
    assert preprocessing.timeseries.timeseries_dataset_from_array is utils.timeseries_dataset_from_array
    assert set(dir(preprocessing)) >= {"image", "sequence", "text", "text_dataset_from_directory"}
    assert os.path.basename(image.__file__) == "image.py"


def test_iterators_are_data_sets_with_workers():
    flow = image.ImageDataGenerator().flow(np.zeros((5, 4, 4, 1)), batch_size=2)
    windows = sequence.TimeseriesGenerator(np.arange(9.0), np.arange(9.0), 3, workers=2)
    for batches in (flow, windows):
        assert isinstance(batches, utils.Sequence) and batches.num_batches == len(batches)
    assert (flow.workers, windows.workers, windows.max_queue_size) == (1, 2, 10)
    with pytest.raises(TypeError, match="worker"):
        sequence.TimeseriesGenerator(np.arange(9.0), np.arange(9.0), 3, worker=2)
    model = Sequential([Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    assert len(model.fit(windows, epochs=2, verbose=0).history["loss"]) == 2


def test_a_folder_that_is_not_there(tmp_path):
    generator = image.ImageDataGenerator()
    with pytest.raises(FileNotFoundError, match=r"flow_from_directory expects the path of a folder, got '.*none'"):
        generator.flow_from_directory(tmp_path / "none")
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="flow_from_directory expects the path of a folder"):
        generator.flow_from_directory(str(tmp_path / "file"))
