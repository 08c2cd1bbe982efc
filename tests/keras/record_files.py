"""Records what Keras' editor of files does, and weights that Keras wrote in several files: python record_files.py."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import file_cases as cases

import keras

FILES = Path(__file__).parents[1] / "files"


def main() -> None:
    stem = f"{keras.__version__}-{cases.NAMES}"
    model = cases.model(keras, (5, 3), 1, nested=True)
    for old in FILES.glob("*-shards*"):
        old.unlink()
    model.save_weights(str(FILES / stem), max_shard_size=cases.SHARD)
    with tempfile.TemporaryDirectory() as folder:
        source = str(Path(folder) / "source.weights.h5")
        cases.model(keras, (5, 3), 1).save_weights(source)
        found = cases.edited(keras, source, Path(folder))
    found["shards"] = [stem, model.predict(cases.sample(), verbose=0).round(4).tolist()]
    (Path(__file__).parent / "editor.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
