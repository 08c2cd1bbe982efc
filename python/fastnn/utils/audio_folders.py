"""Datasets of the sounds of a folder: WAV files, decoded by the standard library."""

from __future__ import annotations

import io
import math
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.data import AUTOTUNE, Dataset
from fastnn.utils.folder_index import Folder, shuffled_and_mapped


def audio_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    sampling_rate: int | None = None,
    output_sequence_length: int | None = None,
    ragged: bool = False,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    verbose: bool = True,
) -> Any:
    """Returns a dataset of the sound files (.wav) of a folder, with one subfolder for each class.

    Args:
        directory: Path of the folder.
        labels: "inferred": the subfolder of a file is its class; None: no labels, and files in all depths; or a list of
            one integer for each file, in the order of the sorted paths.
        label_mode: "int": labels are integers, int32; "categorical": rows of one-hot vectors, float32; "binary": 0.0 or
            1.0 of shape `(batch, 1)`; None: no labels.
        class_names: Names of the subfolders that are read, in the order of their labels; None: all, sorted.
        batch_size: Sounds of a batch; None: single sounds.
        sampling_rate: Rate in Hz to which sounds are resampled; None: their own.
        output_sequence_length: Number of samples to which sounds are cut or padded by zeros; None: those of a batch are
            padded to the longest.
        ragged: False; there are no ragged arrays here.
        shuffle: Puts files in random order, a new one in each pass; else they are sorted by path.
        seed: Seed of the order.
        validation_split: Share of the files that is kept for validation.
        subset: "training" or "validation": that part of a split; "both": the two datasets.
        follow_links: Follows symbolic links to folders.
        verbose: Prints the numbers of files and classes.

    Returns:
        A `fastnn.data.Dataset` of sounds of shape `(batch, samples, channels)`, float32 from -1 to 1, or of pairs
        (sounds, labels), with the attributes `class_names` and `file_paths`; with subset "both" a tuple of two.

    Raises:
        ValueError: An argument is out of its range, there are no sounds, or a file is no PCM sound.

    Example:
        >>> for name in ("cats", "dogs"):
        ...     __import__("os").makedirs(f"sounds/{name}")
        ...     with __import__("wave").open(f"sounds/{name}/1.wav", "wb") as file:
        ...         file.setparams((1, 2, 8000, 0, "NONE", ""))
        ...         file.writeframes(bytes(200))
        >>> sounds = fastnn.utils.audio_dataset_from_directory("sounds")
        Found 2 files belonging to 2 classes.
        >>> [(waves.shape, sorted(labels.tolist())) for waves, labels in sounds]
        [((2, 100, 1), [0, 1])]
    """
    who = "audio_dataset_from_directory"
    if ragged:
        raise ValueError(f"{who} has no ragged arrays; leave ragged=False, and batches are padded to the longest sound")
    if sampling_rate is not None and (isinstance(sampling_rate, bool) or not isinstance(sampling_rate, int)):
        raise ValueError(f"{who} expects sampling_rate to be an integer, got {sampling_rate!r}")
    if sampling_rate is not None and sampling_rate <= 0:
        raise ValueError(f"{who} expects sampling_rate above 0, got {sampling_rate}")

    def load(path: str) -> NDArray[np.float32]:
        sound, rate = decoded_wav(Path(path).read_bytes(), f"{who}: {path}")
        if sampling_rate is not None and sampling_rate != rate:
            sound = resampled(sound, rate, sampling_rate)
        return sound if output_sequence_length is None else fitted(sound, output_sequence_length)

    def build(rows: Dataset, in_random_order: bool) -> Dataset:
        sounds = shuffled_and_mapped(rows, load, in_random_order, batch_size, seed)
        if batch_size is not None:
            whole = output_sequence_length is not None
            sounds = sounds.batch(batch_size) if whole else sounds.padded_batch(batch_size)
        return sounds.prefetch(AUTOTUNE)

    found = Folder(
        who, "audio", directory, (".wav",), labels, label_mode, class_names, shuffle, seed, validation_split, subset,
        follow_links, verbose,
    ).datasets(build)  # fmt: skip
    return tuple(found) if subset == "both" else found


def decoded_wav(content: bytes, who: str) -> tuple[NDArray[np.float32], int]:
    """Returns the samples of a sound, of shape `(samples, channels)`, from -1 to 1, and its rate in Hz.

    Args:
        content: The bytes of a WAV file, with integers of 8, 16, 24 or 32 bits.
        who: Who asks, for errors.

    Raises:
        ValueError: It is no such file.
    """
    try:
        with wave.open(io.BytesIO(content)) as file:
            width, channels, rate = file.getsampwidth(), file.getnchannels(), file.getframerate()
            data = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(
            f"{who} is no WAV file of integers (PCM): {error or 'it ends too early'}; convert it"
        ) from None
    if width == 1:  # alone of all it has no sign
        flat = np.frombuffer(data, np.uint8).astype(np.float32) - np.float32(128)
    elif width == 3:
        wide = np.zeros((len(data) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(data, np.uint8)[: len(wide) * 3].reshape(-1, 3)
        flat = wide.view("<i4")[:, 0].astype(np.float32) / np.float32(256)
    else:
        flat = np.frombuffer(data, f"<i{width}").astype(np.float32)
    return (flat / np.float32(2 ** (8 * width - 1))).reshape(-1, channels), rate


def fitted(sound: NDArray[np.float32], samples: int) -> NDArray[np.float32]:
    """Returns a sound cut, or padded by zeros, to a number of samples."""
    made = np.zeros((samples, sound.shape[1]), np.float32)
    made[: len(sound)] = sound[:samples]
    return made


def resampled(sound: NDArray[np.float32], rate: int, wanted: int) -> NDArray[np.float32]:
    """Returns a sound at another rate, by a windowed sinc of 16 zero crossings at each side.

    Args:
        sound: Samples of shape `(samples, channels)`.
        rate: Its rate in Hz.
        wanted: The rate of the result.
    """
    count = math.ceil(len(sound) * wanted / rate)
    cut = min(1.0, wanted / rate)
    reach = math.ceil(16 / cut)
    made = np.empty((count, sound.shape[1]), np.float32)
    padded = np.pad(sound, ((reach, reach + 1), (0, 0)))
    for start in range(0, count, 8192):  # bounds the memory for the taps
        at = np.arange(start, min(start + 8192, count)) * (rate / wanted)
        first = np.floor(at).astype(np.int64)
        offsets = np.arange(-reach, reach + 1)
        away = (first[:, None] + offsets) - at[:, None]
        taps = cut * np.sinc(cut * away) * np.where(np.abs(away) < reach, 0.5 + 0.5 * np.cos(np.pi * away / reach), 0.0)
        windows = padded[np.minimum(first[:, None] + offsets + reach, len(padded) - 1)]
        made[start : start + len(at)] = np.einsum("st,stc->sc", taps, windows)
    return made
