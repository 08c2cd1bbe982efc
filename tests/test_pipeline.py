"""`fastnn.data.Dataset`: its steps, their order, random numbers, threads, and errors."""

# ruff: noqa: E501 - tables of calls

from __future__ import annotations

import itertools
import os
import threading
import time

import numpy as np
import pytest

import fastnn
from fastnn import config, layers
from fastnn.data import AUTOTUNE, INFINITE, UNKNOWN, Dataset, TensorSpec
from fastnn.data.elements import Element


def listed(dataset):
    return [plain(one) for one in dataset.as_numpy_iterator()]


def plain(one):
    if isinstance(one, tuple):
        return tuple(plain(part) for part in one)
    if isinstance(one, dict):
        return {key: plain(part) for key, part in one.items()}
    if isinstance(one, (np.ndarray, np.generic)):
        return one.tolist()
    return listed_or_same(one)


def listed_or_same(one):
    return [plain(part) for part in one] if hasattr(one, "__next__") else one


COUNT = Dataset.range(6)

STEPS = {
    "range": (lambda: Dataset.range(1, 7, 2), [1, 3, 5], 3),
    "rows": (lambda: Dataset.from_tensor_slices(([1, 2], ["a", "b"])), [(1, b"a"), (2, b"b")], 2),
    "rows-of-dict": (lambda: Dataset.from_tensor_slices({"x": [[1.5], [2.5]]}), [{"x": [1.5]}, {"x": [2.5]}], 2),
    "one": (lambda: Dataset.from_tensors([1, 2]), [[1, 2]], 1),
    "generator": (lambda: Dataset.from_generator(lambda n: range(n), output_types="int32", args=[2]), [0, 1], UNKNOWN),
    "zip": (lambda: Dataset.zip((COUNT, Dataset.range(10, 12))), [(0, 10), (1, 11)], 2),
    "zip-of-two": (lambda: Dataset.zip(COUNT, {"a": COUNT}["a"]).take(1), [(0, 0)], 1),
    "zip-of-dict": (lambda: Dataset.zip({"a": COUNT, "b": COUNT}).take(1), [{"a": 0, "b": 0}], 1),
    "map": (lambda: COUNT.map(lambda x: x * 2), [0, 2, 4, 6, 8, 10], 6),
    "map-of-pairs": (lambda: Dataset.zip(COUNT, COUNT).map(lambda x, y: (x + y, {"d": x})).take(2),
                     [(0, {"d": 0}), (2, {"d": 1})], 2),
    "map-to-list": (lambda: COUNT.map(lambda x: [x, x]).take(1), [[0, 0]], 1),
    "filter": (lambda: COUNT.filter(lambda x: x % 2 == 1), [1, 3, 5], UNKNOWN),
    "batch": (lambda: COUNT.batch(4), [[0, 1, 2, 3], [4, 5]], 2),
    "batch-dropped": (lambda: COUNT.batch(4, drop_remainder=True), [[0, 1, 2, 3]], 1),
    "batch-of-batches": (lambda: COUNT.batch(2).batch(2), [[[0, 1], [2, 3]], [[4, 5]]], 2),
    "unbatch": (lambda: COUNT.batch(4).unbatch(), [0, 1, 2, 3, 4, 5], UNKNOWN),
    "take": (lambda: COUNT.take(2), [0, 1], 2),
    "take-more": (lambda: COUNT.take(9), [0, 1, 2, 3, 4, 5], 6),
    "take-all": (lambda: COUNT.take(-1), [0, 1, 2, 3, 4, 5], 6),
    "skip": (lambda: COUNT.skip(4), [4, 5], 2),
    "skip-all": (lambda: COUNT.skip(-1), [], 0),
    "repeat": (lambda: COUNT.take(2).repeat(2), [0, 1, 0, 1], 4),
    "repeat-endless": (lambda: COUNT.take(2).repeat().take(5), [0, 1, 0, 1, 0], 5),
    "repeat-nothing": (lambda: COUNT.take(0).repeat(), [], 0),
    "shard": (lambda: COUNT.shard(4, 1), [1, 5], 2),
    "concatenate": (lambda: COUNT.take(1).concatenate(Dataset.range(8, 10)), [0, 8, 9], 3),
    "enumerate": (lambda: Dataset.range(7, 9).enumerate(start=3), [(3, 7), (4, 8)], 2),
    "window": (lambda: COUNT.window(4).map(lambda w: w.reduce(np.int64(0), lambda s, x: s + x)), [6, 9], 2),
    "window-shifted": (lambda: Dataset.range(5).window(2, shift=1, drop_remainder=True).flat_map(lambda w: w.batch(2)),
                       [[0, 1], [1, 2], [2, 3], [3, 4]], UNKNOWN),
    "window-strided": (lambda: Dataset.range(7).window(3, 1, 2, True).flat_map(lambda w: w.batch(3)),
                       [[0, 2, 4], [1, 3, 5], [2, 4, 6]], UNKNOWN),
    "window-far": (lambda: Dataset.range(7).window(2, 3).flat_map(lambda w: w.batch(2)), [[0, 1], [3, 4], [6]], UNKNOWN),
    "window-of-pairs": (lambda: Dataset.zip(COUNT, COUNT).window(3).flat_map(lambda x, y: Dataset.zip(x.batch(3), y)),
                        [([0, 1, 2], 0), ([3, 4, 5], 3)], UNKNOWN),
    "flat-map": (lambda: COUNT.take(3).flat_map(lambda x: Dataset.from_tensors(x).repeat(int(x))), [1, 2, 2], UNKNOWN),
    "interleave": (
        lambda: Dataset.range(1, 6).interleave(lambda x: Dataset.from_tensors(x).repeat(6), cycle_length=2, block_length=4),
        [*[1] * 4, *[2] * 4, 1, 1, 2, 2, *[3] * 4, *[4] * 4, 3, 3, 4, 4, *[5] * 6], UNKNOWN,
    ),
    "padded": (lambda: Dataset.range(1, 4).map(lambda x: np.full(int(x), 7)).padded_batch(2),
               [[[7, 0], [7, 7]], [[7, 7, 7]]], 2),
    "padded-to": (lambda: Dataset.range(1, 3).map(lambda x: (np.full(int(x), 7), x)).padded_batch(2, ([3], []), (-1, 0)),
                  [([[7, -1, -1], [7, 7, -1]], [1, 2])], 1),
    "padded-text": (lambda: Dataset.from_tensors(["a", "b"]).concatenate(Dataset.from_tensors(["c"])).padded_batch(2),
                    [[[b"a", b"b"], [b"c", b""]]], 1),
    "cache": (lambda: COUNT.cache().take(2), [0, 1], 2),
    "prefetch": (lambda: COUNT.map(lambda x: x).prefetch(AUTOTUNE), [0, 1, 2, 3, 4, 5], 6),
    "take-while": (lambda: COUNT.take_while(lambda x: x < 2), [0, 1], UNKNOWN),
    "scan": (lambda: COUNT.take(4).scan(np.int64(0), lambda s, x: (s + x, s + x)), [0, 1, 3, 6], 4),
    "choose": (lambda: Dataset.choose_from_datasets(
        [Dataset.from_tensors("a").repeat(), Dataset.from_tensors("b").repeat(2)], Dataset.range(2).repeat(9)),
        [b"a", b"b", b"a", b"b", b"a"], UNKNOWN),
    "apply": (lambda: COUNT.apply(lambda dataset: dataset.skip(5)), [5], 1),
}  # fmt: skip


@pytest.mark.parametrize("name", STEPS)
def test_steps(name):
    make, expected, count = STEPS[name]
    dataset = make()
    assert listed(dataset) == expected
    assert listed(dataset) == expected, "the second pass"
    assert int(dataset.cardinality()) == count
    if count >= 0:
        assert len(dataset) == count
    else:
        with pytest.raises(TypeError, match="unknown"):
            len(dataset)
    again = dataset.element_spec
    if expected and not name.startswith("window-of"):
        assert again == dataset.element_spec
    assert isinstance(dataset, Dataset)


def test_endless_datasets_have_no_length():
    with pytest.raises(TypeError, match="infinite"):
        len(COUNT.repeat())
    assert int(COUNT.repeat().batch(2).cardinality()) == INFINITE
    assert bool(COUNT.repeat())


def test_descriptions():
    x, y = np.zeros((6, 3), np.float32), np.zeros(6, np.int64)
    rows = Dataset.from_tensor_slices((x, y))
    assert rows.element_spec == (TensorSpec((3,), "float32"), TensorSpec((), "int64"))
    batches = rows.shuffle(6).batch(4)
    assert batches.element_spec == (TensorSpec((None, 3), "float32"), TensorSpec((None,), "int64"))
    assert rows.batch(4, drop_remainder=True).element_spec[0] == TensorSpec((4, 3), "float32")
    mapped = batches.map(lambda x, y: (x[:, :2], y.sum()))
    assert mapped.element_spec == (TensorSpec((None, 2), "float32"), TensorSpec((), "int64"))
    assert batches.unbatch().element_spec == rows.element_spec
    assert Dataset.from_tensor_slices(["a"]).element_spec == TensorSpec((), "string")
    assert repr(TensorSpec((None,), "string")) == "TensorSpec(shape=(None,), dtype=string, name=None)"
    assert TensorSpec((None, 3)).is_compatible_with(x) and not TensorSpec((None, 4)).is_compatible_with(x)
    windows = COUNT.window(2).element_spec
    assert windows.element_spec == TensorSpec((), "int64")


def test_elements_are_arrays_that_answer_numpy():
    image, label = next(iter(Dataset.from_tensor_slices((np.ones((2, 3)), np.array([4, 5])))))
    assert isinstance(image, np.ndarray) and type(image.numpy()) is np.ndarray
    assert (
        label.numpy() == 4
        and isinstance(label.numpy(), np.integer)
        and ["a"] * int(label + 1) + ["b"] == ["a"] * 5 + ["b"]
    )
    assert image[0].numpy() == 1.0 and (image * 2).sum().numpy() == 6.0
    assert [one.numpy() for one in image] == [1.0, 1.0, 1.0]
    text = next(iter(Dataset.from_tensor_slices(["a/b.png"])))
    assert text.numpy() == b"a/b.png" and (text + "!").numpy() == b"a/b.png!"
    assert (text == np.array(["x", "a/b.png"])).tolist() == [False, True]
    with pytest.raises(ValueError, match=r"expects an array of shape \(4,\), got \(3,\)"):
        image.set_shape((4,))


def test_operators_never_change_a_users_array():
    x = np.ones((2, 3))
    (row,) = Dataset.from_tensor_slices(x).take(1)
    row /= 2
    row += 1
    assert row.tolist() == [1.5] * 3 and (x == 1).all()
    (row,) = Dataset.from_tensor_slices(x).take(1)
    with pytest.raises(ValueError, match="read-only"):
        row[0] = 5


def test_numbers_of_python_are_32_bits_and_arrays_keep_their_type():
    (one,) = Dataset.from_tensor_slices(([1], [1.5], np.array([1.5]), np.array([7], np.uint8))).take(1)
    assert [part.dtype.name for part in one] == ["int32", "float32", "float64", "uint8"]


def test_shuffling():
    whole = Dataset.range(100).shuffle(100, seed=1)
    first, second = listed(whole), listed(whole)
    assert sorted(first) == sorted(second) == list(range(100)) and first != second
    again = Dataset.range(100).shuffle(100, seed=1)
    assert [listed(again), listed(again)] == [first, second]
    fixed = Dataset.range(100).shuffle(100, seed=1, reshuffle_each_iteration=False)
    assert listed(fixed) == listed(fixed) == first
    near = listed(Dataset.range(1000).shuffle(10, seed=2))
    assert all(at >= value - 9 for at, value in enumerate(near))
    rows = Dataset.from_tensor_slices(np.arange(50)).shuffle(50, seed=3)
    as_items = Dataset.from_tensor_slices(np.arange(50)).map(lambda x: x).shuffle(50, seed=3)
    assert listed(rows.batch(7)) == listed(as_items.batch(7))
    places = np.array([listed(Dataset.range(4).shuffle(4, seed=s)) for s in range(400)])
    counts = np.array([(places[:, at, None] == np.arange(4)).sum(0) for at in range(4)])
    assert (np.abs(counts - 100) < 40).all(), counts


def test_the_global_seed_decides_orders():
    def order():
        fastnn.utils.set_random_seed(5)
        return listed(Dataset.range(20).shuffle(20)), listed(Dataset.range(20).shuffle(20))

    one = order()
    assert one == order() and one[0] != one[1]


def test_threads_keep_order_and_random_numbers():
    def noisy(x):
        from fastnn.data import draws

        time.sleep(0.001 * float(draws.current().random() < 0.2))
        return x + draws.current().random()

    fastnn.utils.set_random_seed(1)
    passes = [Dataset.range(60).map(noisy, num_parallel_calls=1) for _ in range(2)]
    fastnn.utils.set_random_seed(1)
    threaded = [Dataset.range(60).map(noisy, num_parallel_calls=n) for n in (2, 5)]
    for one, other in zip(passes, threaded, strict=True):
        first, second = listed(one), listed(one)
        assert first != second and [listed(other), listed(other)] == [first, second]
        assert [int(value) for value in first] == list(range(60))


def test_functions_with_layers_run_in_one_thread():
    flip = layers.RandomFlip("horizontal", seed=1)
    names = []

    def augment(x):
        names.append(threading.current_thread().name)
        return flip(x, training=True)

    images = np.arange(8 * 4 * 4, dtype=np.float32).reshape(8, 4, 4, 1)
    found = listed(Dataset.from_tensor_slices(images).map(augment, num_parallel_calls=AUTOTUNE))
    assert len(found) == 8 and set(names) == {threading.current_thread().name}

    class Holder:
        def __init__(self):
            self.layer = flip

        def augment(self, x):
            return self.layer(x, training=True)

    from fastnn.data import draws

    assert draws.calls_layers(Holder().augment) and draws.calls_layers(lambda x: augment(x))
    assert not draws.calls_layers(lambda x: np.mean(x))


def test_threads_run_at_the_same_time():
    meeting = threading.Barrier(2, timeout=20)
    assert len(listed(Dataset.range(4).map(lambda x: meeting.wait() * 0 + x, num_parallel_calls=2))) == 4


def test_threads_compute_without_teams_of_their_own():
    images = np.random.default_rng(0).random((8, 300, 300, 3)).astype(np.float32)
    alone = [fastnn.ops.image.resize(image, (100, 100)) for image in images]
    threads = config.num_threads()
    config.set_num_threads(4)
    try:
        most = []

        def resized(image):
            made = fastnn.ops.image.resize(image, (100, 100))
            most.append(len(os.listdir("/proc/self/task")))
            return made

        before = len(os.listdir("/proc/self/task"))
        together = [*Dataset.from_tensor_slices(images).map(resized, num_parallel_calls=2).as_numpy_iterator()]
    finally:
        config.set_num_threads(threads)
    assert max(most) <= before + 3, "two workers, and a thread that fetches"
    np.testing.assert_array_equal(together, alone)


def test_errors_come_in_order_and_threads_end():
    def fails(x):
        if x == 3:
            raise KeyError("three")
        return x

    for dataset in (
        Dataset.range(9).map(fails),
        Dataset.range(9).map(fails, num_parallel_calls=4),
        Dataset.range(9).map(fails, num_parallel_calls=4).prefetch(2),
        Dataset.range(9).map(fails).map(lambda x: x, num_parallel_calls=4),
    ):
        seen = []
        with pytest.raises(KeyError, match="three"):
            for one in dataset:
                seen.append(int(one))
        assert seen == [0, 1, 2]
    passing = iter(Dataset.range(10**9).map(lambda x: x, num_parallel_calls=2).prefetch(2))
    assert int(next(passing)) == 0
    passing.close()
    assert not [one for one in threading.enumerate() if one.name.startswith("fastnn-")]


def test_prefetching_computes_ahead_and_no_further():
    taken = []

    def note(x):
        taken.append(int(x))
        return x

    passing = iter(Dataset.range(100).map(note).prefetch(3))
    next(passing)
    deadline = time.monotonic() + 20
    while len(taken) < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    assert 4 <= len(taken) <= 5
    passing.close()


def test_a_cache_is_filled_by_a_complete_pass_only(tmp_path):
    for arguments in ((), (str(tmp_path / "kept"),)):
        calls = []

        def note(x, calls=calls):
            calls.append(1)
            return (x, {"text": b"a\0" if x else b""}, np.ones((2, int(x))), None)

        dataset = Dataset.range(4).map(note).cache(*arguments)
        next(iter(dataset))
        assert listed(dataset) == listed(dataset)
        assert len(calls) == 5
    # Another process would find the file.
    again = Dataset.range(4).map(lambda x: 1 / 0).cache(str(tmp_path / "kept"))
    assert listed(again) == listed(dataset)
    (tmp_path / "other").write_text("no cache\n")
    with pytest.raises(ValueError, match="holds no elements of a dataset"):
        listed(COUNT.cache(str(tmp_path / "other")))


def test_list_files(tmp_path):
    for name in ("b.txt", "a.txt", "c.png"):
        (tmp_path / name).touch()
    files = Dataset.list_files(str(tmp_path / "*.txt"), shuffle=False)
    assert [path.rsplit(b"/", 1)[1] for path in listed(files)] == [b"a.txt", b"b.txt"]
    assert sorted(listed(Dataset.list_files([str(tmp_path / "*.txt"), str(tmp_path / "c.*")]))) != []
    with pytest.raises(ValueError, match="no files matched"):
        Dataset.list_files(str(tmp_path / "*.jpg"))


def test_sampling_follows_the_weights():
    parts = [Dataset.from_tensors(i).repeat() for i in range(3)]
    drawn = np.array(listed(Dataset.sample_from_datasets(parts, [0.5, 0.5, 0.0], seed=1).take(400)))
    assert 150 < (drawn == 0).sum() < 250 and not (drawn == 2).any()
    short = Dataset.sample_from_datasets([Dataset.range(2), Dataset.range(50)], seed=1, stop_on_empty_dataset=True)
    assert len(listed(short)) < 52


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: Dataset.from_tensor_slices(([1], [1, 2])), "arrays of the same length, got lengths 1, 2"),
        (lambda: Dataset.from_tensor_slices(3), "expects arrays with rows"),
        (lambda: Dataset.from_tensor_slices([[1], [1, 2]]), "rows of different lengths"),
        (lambda: Dataset.from_tensor_slices([object()]), "numbers or strings, got object"),
        (lambda: Dataset.from_generator(iter([1])), "without calling it"),
        (lambda: listed(Dataset.from_generator(lambda: [[1, 2]], output_signature=TensorSpec((3,), "int32"))),
         r"elements of shape \(3,\), got \(2,\)"),
        (lambda: listed(Dataset.from_generator(lambda: ["a"], output_types="int32")), "elements of dtype int32, got 'a'"),
        (lambda: listed(Dataset.from_generator(lambda: [1], output_types=("int32", "int32"))), "of structure"),
        (lambda: listed(Dataset.range(3).map(lambda x: np.zeros(int(x))).batch(2)), r"\(0,\) in element 0 .* \(1,\)"),
        (lambda: listed(Dataset.from_tensors([1, 2]).padded_batch(1, [1])), r"pads to \(1,\), got elements of up to \(2,\)"),
        (lambda: COUNT.batch(0), "batch_size to be a positive integer"),
        (lambda: COUNT.shuffle(0), "buffer_size to be a positive integer"),
        (lambda: COUNT.map(3), "expects a function, got 3"),
        (lambda: COUNT.shard(2, 2), "index from 0 to 1"),
        (lambda: listed(COUNT.map(lambda x: object())), "numbers or strings, got object"),
        (lambda: Dataset.zip(COUNT, [1]), "expects datasets"),
        (lambda: listed(COUNT.unbatch()), "expects arrays with rows"),
        (lambda: COUNT.get_single_element(), "the dataset has more"),
        (lambda: Dataset.sample_from_datasets([COUNT], [1, 2]), "expects 1 weights"),
    ],
)  # fmt: skip
def test_errors(call, said):
    with pytest.raises((ValueError, TypeError), match=said):
        call()


def test_missing_methods_are_proposed():
    with pytest.raises(AttributeError, match="Did you mean 'batch'"):
        COUNT.bach(2)
    with pytest.raises(AttributeError, match=r"read it before map\(\)"):
        _ = COUNT.class_names


def test_texts_reach_text_layers():
    texts = Dataset.from_tensor_slices(["a cat", "a hat"]).batch(2)
    vectorize = layers.TextVectorization()
    vectorize.adapt(texts)
    assert [vectorize(batch).shape for batch in texts] == [(2, 2)]
    assert vectorize.get_vocabulary()[2] == "a"


def test_rows_are_gathered_without_copies_of_the_whole(tmp_path):
    values = np.memmap(tmp_path / "x", np.float32, "w+", shape=(1000, 10))
    values[:] = np.arange(1000)[:, None]
    rows = Dataset.from_tensor_slices(values)
    (first,) = rows.take(1)
    assert np.shares_memory(first, values)
    assert [batch.shape for batch in rows.shuffle(1000).batch(400)] == [(400, 10), (400, 10), (200, 10)]
    assert isinstance(next(itertools.islice(rows.batch(2), 1, None)), Element)
