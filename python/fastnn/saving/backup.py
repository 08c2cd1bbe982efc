"""Backup of a run of training: a file of weights with the progress of the run.

`callbacks.BackupAndRestore` decides when. An interruption while a backup is written leaves the former one whole.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastnn import random
from fastnn.atomic_files import remove_leftovers, replacing
from fastnn.saving import hdf5, position, weights
from fastnn.saving.untrusted import CorruptFileError

_BEST = "best_weights"


def save(model: Any, files: Sequence[Path], place: dict[str, Any], keep_previous: bool) -> None:
    """Writes a backup.

    Args:
        model: The model in training.
        files: Paths of the backup and of the one before it.
        place: Progress of training, as values of JSON.
        keep_previous: Whether the former backup is kept.
    """
    latest, previous = files
    latest.parent.mkdir(parents=True, exist_ok=True)
    # The weights that other callbacks hold are too many for JSON.
    arrays: dict[str, Any] = {}
    companions = []
    for i, counts in enumerate(place["companions"]):
        best = counts.get(_BEST)
        if best is not None:
            arrays.update({f"{i}/{k}": array for k, array in enumerate(best)})
        companions.append({**counts, **({} if best is None else {_BEST: len(best)})})
    with replacing(latest) as beside:
        with hdf5.written(beside) as file:
            kept = {**place, "companions": companions, "random": random.position()}
            weights.write_tree(file, model, True, kept)
            for name, array in arrays.items():
                file[f"fastnn/companions/{name}"] = array
        if keep_previous and latest.exists():
            os.replace(latest, previous)


def restore(model: Any, files: Sequence[Path]) -> dict[str, Any] | None:
    """Restores a model from its backup.

    Args:
        model: The model.
        files: Paths of the backup and of the one before it, which is used if the first is damaged.

    Returns:
        The progress of training at the time of the backup; None without a backup.

    Raises:
        ValueError: The backup is of another model.
    """
    for path in files:
        remove_leftovers(path)
        if not path.exists():
            continue
        try:
            with hdf5.opened(path) as file:
                state = position.read_position(file)
                place = state["place"]
                counts = place["companions"]
                for i, companion in enumerate(counts):
                    if companion.get(_BEST) is not None:
                        group = hdf5.at(file, f"fastnn/companions/{i}")
                        best = range(int(companion[_BEST]))
                        companion[_BEST] = [hdf5.numbers(hdf5.child(group, str(k))) for k in best]
                weights.read_tree(file, model)
                weights.read_optimizer(file, model)
                position.restore_position(model, state)
                random.resume(place.get("random"))
        except CorruptFileError:
            if path is files[-1]:
                raise
            continue
        except KeyError as error:
            raise ValueError(f"{path} is no backup of training: it holds no {error}") from None
        names = ("epoch", "batch", "position", "since", "companions")
        return {**{name: place[name] for name in names}, "passes": place.get("passes", []), "sums": place.get("sums")}
    return None
