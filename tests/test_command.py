"""`python -m fastnn COMMAND`: from a CSV file or images to a model, a report and predictions."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn.command import main
from fastnn.command.columns import Columns, load, read_rows


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, header: str, rows: Any) -> None:
    Path(name).write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")


@pytest.fixture
def flats() -> None:
    """Rents that follow from a town and an area, and some rows where the area is missing."""
    rng = np.random.default_rng(0)
    towns, areas = rng.choice(["Bern", "Genf, GE"], 300), rng.uniform(20, 160, 300)
    rents = 400 + areas * np.where(towns == "Bern", 12, 20)
    shown = [f"{area:.1f}" if i % 60 else "" for i, area in enumerate(areas)]
    quoted = [f'"{town}"' for town in towns]
    write("flats.csv", "town,area,rent", zip(quoted, shown, rents.round().astype(int), strict=True))


def fails(*arguments: str) -> str:
    with pytest.raises(SystemExit) as error:
        main(list(arguments))
    assert isinstance(error.value.code, str)
    return error.value.code


def test_a_number_is_learned_and_predicted(flats: None, capsys: pytest.CaptureFixture[str]) -> None:
    main(["train", "flats.csv", "--target", "rent", "-o", "rent.keras", "--epochs", "200", "--learning-rate", "0.01"])
    assert "mean absolute error on 60 validation rows" in capsys.readouterr().out
    report = Path("rent.html").read_text()
    assert report.count("<svg") == 2 and "Genf, GE" in report and "2 words" in report
    main(["predict", "rent.keras", "flats.csv", "-o", "out.csv"])
    with open("out.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 300 and rows[0]["town"] in ("Bern", "Genf, GE")
    errors = [abs(float(row["prediction"]) - float(row["rent"])) for row in rows if row["area"]]
    assert np.mean(errors) < 150


def test_classes_are_learned_by_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    x = np.random.default_rng(0).normal(size=(200, 2))
    write("k.csv", "a,b,kind", [(f"{a:.3f}", f"{b:.3f}", "yes" if a > b else "no") for a, b in x])
    main(["train", "k.csv", "--target", "kind", "-o", "k.keras", "--no-report"])
    assert not Path("k.html").exists()
    found = load(Path("k.keras"))
    assert isinstance(found, Columns) and (found.classes, found.words) == (["no", "yes"], {})
    assert found.numbers == pytest.approx({"a": x[:, 0].mean(), "b": x[:, 1].mean()}, abs=1e-3)
    capsys.readouterr()
    write("new.csv", "b,a", [(-2, 2), (2, -2)])
    main(["predict", "k.keras", "new.csv"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "b,a,prediction,probability"
    assert [line.split(",")[2] for line in lines[1:]] == ["yes", "no"]


def test_the_same_seed_gives_the_same_model(flats: None) -> None:
    for name in ("one", "two"):
        main(["train", "flats.csv", "--target", "rent", "-o", f"{name}.keras", "--epochs", "2", "--no-report"])
    one, two = (fastnn.models.load_model(f"{name}.keras").get_weights() for name in ("one", "two"))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


def test_images_are_learned_from_their_folders(capsys: pytest.CaptureFixture[str]) -> None:
    image = pytest.importorskip("PIL.Image")
    (x, y), _ = fastnn.datasets.digits.load_data()
    for digit in (0, 1):
        Path(f"data/{digit}").mkdir(parents=True)
        for i, pixels in enumerate(x[y == digit][:40]):
            image.fromarray(pixels * 15).resize((16, 16)).save(f"data/{digit}/{i}.png")
    main(["train", "data", "--image-size", "16", "-o", "digits.keras", "--epochs", "12", "--no-report"])
    capsys.readouterr()
    main(["predict", "digits.keras", "data/0", "data/1/3.png"])
    lines = capsys.readouterr().out.splitlines()[1:]
    assert len(lines) == 41
    assert np.mean([line.split(",")[1] == "0" for line in lines[:40]]) > 0.8


def test_info_says_what_is_in_a_file(flats: None, capsys: pytest.CaptureFixture[str]) -> None:
    main(["train", "flats.csv", "--target", "rent", "-o", "rent.keras", "--epochs", "1", "--no-report"])
    fastnn.models.load_model("rent.keras").save_weights("rent.weights.h5")
    capsys.readouterr()
    main(["info", "rent.keras"])
    out = capsys.readouterr().out
    for words in ("Total params:", "input 0: (None, 3)", "optimizer: Adam, 8 steps", "loss: mse", "predicts a number"):
        assert words in out
    main(["info", "rent.weights.h5"])
    assert " arrays" in capsys.readouterr().out


def test_export_writes_onnx_and_c(capsys: pytest.CaptureFixture[str]) -> None:
    model = fastnn.Sequential([fastnn.Input((3,)), fastnn.layers.Dense(2)])
    model.save("m.keras")
    main(["export", "m.keras", "m.c"])
    assert "#include" in Path("m.c").read_text()
    main(["export", "m.keras", "m.onnx"])
    assert Path("m.onnx").stat().st_size > 100
    assert "ends in .onnx or .c" in fails("export", "m.keras", "m.txt")


def test_bench_times_a_file_and_built_in_models(capsys: pytest.CaptureFixture[str]) -> None:
    words, numbers = fastnn.Input((5,), dtype="int32"), fastnn.Input((2,))
    looked = fastnn.layers.Flatten()(fastnn.layers.Embedding(4, 2)(words))
    model = fastnn.Model([words, numbers], fastnn.layers.Dense(1)(fastnn.layers.Concatenate()([looked, numbers])))
    model.compile("adam", "mse")
    model.save("m.keras")
    main(["bench", "m.keras", "--seconds", "0.01"])
    assert "m.keras" in capsys.readouterr().out
    main(["bench", "--seconds", "0.01"])
    out = capsys.readouterr().out
    assert "MLP 784-512-10" in out and "threads:" in out and " us" in out
    fastnn.config.set_num_threads(0)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["train", "flats.csv"], "--target COLUMN"),
        (["train", "flats.csv", "--target", "price"], "there is no column 'price'; the columns are 'town'"),
        (["train", "flats.csv", "--target", "town", "--task", "regress"], "expects numbers as the target 'town'"),
        (["train", "flats.csv", "--target", "area"], "missing in 5 rows"),
        (["train", "flats.csv", "--target", "rent", "--ignore", "town", "area"], "no column is left"),
        (["train", "flats.csv", "--target", "rent", "-o", "m.h5"], "ends in .keras"),
        (["train", "flats.csv", "--target", "rent", "--hidden", "8,x"], "--hidden expects positive integers"),
        (["train", "flats.csv", "--target", "rent", "--validation", "1"], "--validation expects a share"),
        (["train", "nothing.csv", "--target", "rent"], "nothing.csv"),
        (["info", "flats.csv"], "flats.csv"),
        (["predict", "flats.csv", "flats.csv"], "flats.columns.json is missing"),
    ],
)
def test_mistakes_end_with_a_line(flats: None, arguments: list[str], expected: str) -> None:
    assert expected in fails(*arguments)


def test_a_row_of_another_length_is_an_error() -> None:
    write("k.csv", "a,b", [(1, 2), (1, 2, 3)])
    with pytest.raises(ValueError, match=r"line 3: expected 2 values.*got more"):
        read_rows(Path("k.csv"))
    Path("k.csv").write_text("a,b\n")
    with pytest.raises(ValueError, match="no rows"):
        read_rows(Path("k.csv"))


def test_what_prediction_cannot_use_is_an_error(flats: None) -> None:
    main(["train", "flats.csv", "--target", "rent", "-o", "rent.keras", "--epochs", "1", "--no-report"])
    write("new.csv", "area", [(3,)])
    assert "no column 'town'" in fails("predict", "rent.keras", "new.csv")
    write("new.csv", "town,area", [("Bern", "large")])
    assert "column 'area' expects numbers, got 'large'" in fails("predict", "rent.keras", "new.csv")
    write("new.csv", "town,area", [("Lugano", 30)])
    main(["predict", "rent.keras", "new.csv"])  # a word that training did not see is none of those it knows


def test_models_and_histories_show_themselves_as_html() -> None:
    model = fastnn.Sequential([fastnn.layers.Dense(2)], name="a<b")
    assert "unbuilt" in model._repr_html_() and "<svg" not in model._repr_html_() and "a&lt;b" in model._repr_html_()
    model.build((None, 3))
    assert (
        "(None, 2)" in model._repr_html_()
        and "<svg" in model._repr_html_()
        and "Total params: 8" in model._repr_html_()
    )
    model.compile("sgd", "mse")
    assert "<svg" in model.fit(np.ones((4, 3)), np.ones((4, 2)), epochs=2, verbose=0)._repr_html_()


def test_mistakes_are_told_before_anything_is_read(flats: None, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("empty").mkdir()
    Path("binary.csv").write_bytes(b"\x89HDF")
    Path("broken.png").write_bytes(b"no image")
    assert fails("train", "nope.csv", "--target", "rent") == "python -m fastnn: there is no file or folder 'nope.csv'"
    assert fails("train", "nofolder").endswith("there is no file or folder 'nofolder'")
    assert fails("info", "nope.keras").endswith("there is no file 'nope.keras'")
    assert fails("predict", "nope.keras", "flats.csv").endswith("there is no file or folder 'nope.keras'")
    assert "binary.csv is no CSV file in UTF-8" in fails("train", "binary.csv", "--target", "rent")
    main(["train", "flats.csv", "--target", "rent", "-o", "rent.keras", "--epochs", "1", "--no-report"])
    assert fails("predict", "rent.keras", "nope.csv").endswith("there is no file or folder 'nope.csv'")
    with pytest.raises(OSError, match=r"load_img: 'broken\.png' is no image that Pillow reads$"):
        fastnn.utils.load_img("broken.png")


@pytest.mark.parametrize("option", ["--epochs", "--patience", "--batch-size", "--image-size"])
def test_counts_are_positive(flats: None, capsys: pytest.CaptureFixture[str], option: str) -> None:
    for value in ("0", "-3", "2.5", "\u00b2"):
        with pytest.raises(SystemExit):
            main(["train", "flats.csv", "--target", "rent", option, value])
        assert f"argument {option}: expects an integer of at least 1, got {value!r}" in capsys.readouterr().err
    assert not Path("model.keras").exists()


def test_without_matplotlib_there_is_no_report(
    flats: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    main(["train", "flats.csv", "--target", "rent", "--epochs", "1"])
    said = capsys.readouterr().out
    assert (
        "no report: it needs matplotlib: pip install matplotlib" in said and "mae: in the units of the target" in said
    )
    assert Path("model.keras").exists() and not Path("model.html").exists()
    assert fails("train", "flats.csv", "--target", "rent", "--report", "r.html").endswith("pip install matplotlib")


def test_images_too_few_to_divide(folder: Path) -> None:
    for name in ("cat", "dog"):
        Path("few", name).mkdir(parents=True)
        fastnn.utils.save_img(f"few/{name}/1.png", np.zeros((4, 4, 3)))
    assert "none of the 2 image files in folder few is left for validation" in fails("train", "few")


def test_what_train_makes_of_numbers_goes_to_c(flats: None) -> None:
    main(["train", "flats.csv", "--target", "rent", "-o", "rent.keras", "--epochs", "1", "--no-report"])
    main(["export", "rent.keras", "rent.c"])
    assert "rent_predict" in Path("rent.c").read_text()
