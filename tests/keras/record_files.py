"""Records what Keras does with files of weights: python record_files.py, with Keras.

What its editor says and writes, weights in several files, and the orders of weights in the older `.h5`.
"""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path

import file_cases as cases
import numpy as np

import keras

FILES = Path(__file__).parents[1] / "files"


def main() -> None:
    stem = f"{keras.__version__}-{cases.NAMES}"
    model = cases.model(keras, (5, 3), 1, nested=True)
    for old in [*FILES.glob("*-shards*"), *(FILES / "order").glob("*.h5.gz")]:
        old.unlink()
    model.save_weights(str(FILES / stem), max_shard_size=cases.SHARD)
    with tempfile.TemporaryDirectory() as folder:
        source = str(Path(folder) / "source.weights.h5")
        cases.model(keras, (5, 3), 1).save_weights(source)
        found = cases.edited(keras, source, Path(folder))
    found["shards"] = [stem, model.predict(cases.sample(), verbose=0).round(4).tolist()]
    model, name = cases.rounded(keras), f"bfloat16/{keras.__version__}-embedded.keras"
    model.save(FILES / name)
    found["rounded"] = [
        name,
        [np.asarray(one).astype("float32").ravel().tolist() for one in model.get_weights()],
        np.asarray(model.predict(cases.IDS, verbose=0)).astype("float32").tolist(),
    ]
    found["ordered"] = {}
    for kind in cases.ORDERS:
        model = cases.ordered(keras, kind)
        with tempfile.TemporaryDirectory() as folder:
            model.save(f"{folder}/model.h5")
            packed = gzip.compress(Path(folder, "model.h5").read_bytes(), mtime=0)
        (FILES / "order" / f"{keras.__version__}-{kind}.h5.gz").write_bytes(packed)
        found["ordered"][kind] = model.predict(cases.sample(), verbose=0).round(3).tolist()
    (Path(__file__).parent / "editor.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
