"""What the benchmarks make of their records."""

import json

import pytest

from bench import compare, report, workloads, zoo


def record(name, ratio, rounds, version="1"):
    figures = {"ratio": ratio, "ratios": rounds, "median": 1.0, "min": 1.0}
    return {"workload": "vgg", "name": name, "version": version, "train": figures}


OLD = [record("fastnn", 1.0, [1.0]), record("torch", 2.0, [1.9, 2.0, 2.1])]


@pytest.mark.parametrize(
    ("ratio", "rounds", "falls"),
    [(1.5, [1.4, 1.5, 1.6], True), (1.5, [1.4, 1.5, 2], False), (1.85, [1.8, 1.85, 1.88], False), (3, [3.0], False)],
)
def test_a_lead_falls_where_no_round_reaches_it(tmp_path, monkeypatch, capsys, ratio, rounds, falls):
    files = tmp_path / "old.jsonl", tmp_path / "new.jsonl"
    for path, records in zip(files, (OLD, [OLD[0], record("torch", ratio, rounds)]), strict=True):
        path.write_text("".join(json.dumps(one) + "\n" for one in records))
    monkeypatch.setattr("sys.argv", ["compare", *map(str, files)])
    if falls:
        with pytest.raises(SystemExit, match="1 of 1 ratios fell: vgg, torch, train"):
            compare.main()
    else:
        compare.main()
    assert "| vgg | torch | train | 2.00x |" in capsys.readouterr().out


def test_other_versions_are_not_compared():
    rows, fallen, left_out = compare.compared(OLD, [OLD[0], record("torch", 1.0, [1.0], "2")], 0.1)
    assert (rows, fallen) == ([], [])
    assert left_out == ["vgg: torch was 1 and is 2"]


def test_the_last_record_of_each_counts(tmp_path):
    path = tmp_path / "records.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in [*OLD, record("torch", 5.0, [5.0])]))
    assert [one["train"]["ratio"] for one in report.earlier(path)] == [1.0, 5.0]


def test_names_of_networks_differ_and_their_weights_can_be_made():
    every = [*workloads.WORKLOADS, *zoo.ZOO]
    assert len({one.name for one in every}) == len(every)
    for one in zoo.ZOO:
        if one.data not in (workloads.mnist_vectors, zoo.reproduced_digits):
            rows, targets = one.data()
            assert len(rows) == len(targets) >= one.batch_size
            assert workloads.initial_weights(one, rows.shape[1:])


def test_scaling_shows_each_number_of_threads_beside_one():
    records = [
        {"workload": "vgg", "name": name, "train": {"median": seconds}, "predict": {"median": seconds / 4}}
        for name, seconds in (("1 thread", 1.0), ("2 threads", 0.5), ("3 threads", 0.4))
    ]
    vgg = next(one for one in workloads.WORKLOADS if one.name == "vgg")
    _, _, training, predicting = report.scaling(records, [vgg]).splitlines()
    assert training.endswith("| 1.00 s | 0.50 s (2.00x) | 0.40 s (2.50x) |")
    assert predicting.endswith("| 0.25 s | 0.12 s (2.00x) | 0.10 s (2.50x) |")
