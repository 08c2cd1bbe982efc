"""Sources of data: generators, iterables of batches and data sets in `fit`, `evaluate` and `predict`.

Where a transcript is compared, it is that of Keras 3.15.1 for the same calls. Two things differ: an item is made before
the hook of its batch, since only then it is known that there is one; Keras calls that hook after the last batch too.
"""

from __future__ import annotations

import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import fastnn
from fastnn import callbacks, layers

Array = NDArray[Any]


def line(rate: float = 0.1) -> fastnn.Sequential:
    """Returns a model of one unit that begins with ones."""
    model = fastnn.Sequential([fastnn.Input((2,)), layers.Dense(1, kernel_initializer="ones", use_bias=False)])
    model.compile(fastnn.optimizers.SGD(rate), "mse")
    return model


def batch(i: int) -> tuple[Array, Array]:
    """Returns the batch of a number."""
    return np.full((3, 2), 0.1 * (i + 1), "float32"), np.full((3, 1), 1.0, "float32")


def batches(count: int | None = None) -> Iterator[tuple[Array, Array]]:
    """Yields so many batches; None: without end."""
    i = 0
    while count is None or i < count:
        yield batch(i)
        i += 1


class Loader:
    """Iterable that can be passed over again and again, and may not know its length, as loaders of other libraries."""

    def __init__(self, count: int, length: int | None = None) -> None:
        self.count, self.length, self.passes = count, length, 0

    def __len__(self) -> int:
        if self.length is None:
            raise TypeError("unknown length")
        return self.length

    def __iter__(self) -> Iterator[Any]:
        self.passes += 1
        return batches(self.count)


class Said(callbacks.Callback):
    """Notes what is called, with the losses."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[Any] = []


def _hook(name: str) -> Callable[..., None]:
    def hook(self: Said, *given: Any) -> None:
        *place, logs = given
        place = place if place != [0] or name.startswith("epoch") else []
        said = [name, *(one for one in place if one or name.startswith("epoch"))]
        self.said.append((*said, *(round(float(logs[key]), 5) for key in logs if "batch" not in name)))

    return hook


for _name in (
    "train_begin", "train_end", "epoch_begin", "epoch_end", "train_batch_begin", "train_batch_end", "test_begin",
    "test_end", "test_batch_begin", "test_batch_end",
):  # fmt: skip
    setattr(Said, f"on_{_name}", _hook(_name))


class Counted(fastnn.utils.PyDataset):
    """Data set that notes what is asked of it."""

    def __init__(self, count: int | None, said: list[Any] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.count, self.said = count, [] if said is None else said

    @property
    def num_batches(self) -> int | None:
        return self.count

    def __getitem__(self, index: int) -> Any:
        self.said.append(("item", index))
        return batch(index)

    def on_epoch_begin(self) -> None:
        self.said.append("begin")

    def on_epoch_end(self) -> None:
        self.said.append("end")


def steps(first: int, *numbers: int) -> list[Any]:
    """Returns what is said of the steps of an epoch that take these items."""
    said: list[Any] = []
    for step, number in enumerate(numbers):
        place = (step,) if step else ()
        said += [("item", number), ("train_batch_begin", *place), ("train_batch_end", *place)]
    return said


def arrays(count: int) -> tuple[Array, Array]:
    """Returns so many batches as arrays."""
    xs, ys = zip(*batches(count), strict=True)
    return np.concatenate(xs), np.concatenate(ys)


def no_threads() -> bool:
    """Returns whether all threads that make batches have ended."""
    return not any(thread.name.startswith("fastnn-batches") for thread in threading.enumerate())


class TestGenerators:
    def test_as_keras_for_one_epoch(self) -> None:
        said = Said()
        line().fit(batches(3), callbacks=[said], verbose=0)
        assert said.said == [
            ("train_begin",), ("epoch_begin", 0),
            ("train_batch_begin",), ("train_batch_end",), ("train_batch_begin", 1), ("train_batch_end", 1),
            ("train_batch_begin", 2), ("train_batch_end", 2),
            ("epoch_end", 0, 0.37795), ("train_end", 0.37795),
        ]  # fmt: skip

    def test_steps_go_on_and_an_early_end_warns(self) -> None:
        with pytest.warns(UserWarning, match="ran out of data after 2 of 3 steps"):
            history = line().fit(batches(5), steps_per_epoch=3, epochs=2, verbose=0)
        np.testing.assert_allclose(history.history["loss"], [0.3779508, 0.0140345], rtol=1e-5)

    def test_a_generator_that_has_ended_ends_training(self) -> None:
        with pytest.warns(UserWarning, match="after 1 of 3 epochs.*PyDataset"):
            history = line().fit(batches(3), epochs=3, verbose=0)
        assert len(history.history["loss"]) == 1
        assert no_threads()

    def test_same_bits_as_arrays(self) -> None:
        one, other = line(), line()
        expected = one.fit(*arrays(4), batch_size=3, shuffle=False, epochs=2, verbose=0).history
        found = other.fit((batch(i % 4) for i in range(99)), steps_per_epoch=4, epochs=2, verbose=0).history
        assert found == expected
        np.testing.assert_array_equal(one.get_weights()[0], other.get_weights()[0])

    def test_no_batch_more_than_needed_is_made(self) -> None:
        taken = []

        def endless() -> Iterator[Any]:
            for i in range(10**9):
                taken.append(i)
                yield batch(i)

        data = endless()
        line().fit(data, steps_per_epoch=2, epochs=3, verbose=0)
        assert taken == list(range(6))
        line().evaluate(data, steps=1, verbose=0)
        assert taken == list(range(7))

    def test_an_iterator_without_end(self) -> None:
        history = line(0.01).fit(
            batches(), steps_per_epoch=5, epochs=2, validation_data=batches(), validation_steps=2, verbose=0
        )
        assert len(history.history["val_loss"]) == 2

    def test_batches_of_varying_size(self) -> None:
        x, y = arrays(4)
        model = line(0.0)
        cut = [(x[:5], y[:5]), (x[5:6], y[5:6]), (x[6:], y[6:])]
        found = model.fit(iter(cut), verbose=0).history["loss"][0]
        assert found == pytest.approx(model.evaluate(x, y, verbose=0), rel=1e-6)

    def test_batches_of_varying_length(self) -> None:
        model = fastnn.Sequential([fastnn.Input((None, 1)), layers.GlobalAveragePooling1D(), layers.Dense(1)])
        model.compile(fastnn.optimizers.SGD(0.0), "mse", metrics=["mae"])
        data = [(np.ones((2, size, 1)), np.full((2, 1), float(size))) for size in (3, 5, 3, 4)]
        history = model.fit(iter(data), verbose=0).history
        each = [model.test_on_batch(x, y) for x, y in data]
        np.testing.assert_allclose([history["loss"][0], history["mae"][0]], np.mean(each, axis=0), rtol=1e-6)

    def test_weights_dicts_and_several_ports(self) -> None:
        a, b = fastnn.Input((2,), name="a"), fastnn.Input((1,), name="b")
        model = fastnn.Model({"a": a, "b": b}, [layers.Dense(1, name="p")(a), layers.Dense(1, name="q")(b)])
        model.compile("sgd", ["mse", "mae"])
        x, y = {"a": np.ones((4, 2)), "b": np.ones((4, 1))}, [np.zeros((4, 1)), np.ones((4, 1))]
        weights = [np.array([1.0, 0, 2, 0]), np.ones(4)]
        before = model.get_weights()
        history = model.fit(iter([(x, y, weights)]), verbose=0).history
        found = model.get_weights()
        model.set_weights(before)
        assert history == model.fit(x, y, sample_weight=weights, batch_size=4, shuffle=False, verbose=0).history
        for one, other in zip(model.get_weights(), found, strict=True):
            np.testing.assert_array_equal(one, other)
        assert len(model.predict(iter([(x, y), (x,), x]), verbose=0)[0]) == 12

    def test_class_weight(self) -> None:
        x, y = np.ones((4, 2)), np.array([[0.0], [1], [1], [0]])
        found = line().fit(iter([(x, y)]), class_weight={0: 1.0, 1: 3.0}, verbose=0).history
        assert found == line().fit(x, y, class_weight={0: 1.0, 1: 3.0}, shuffle=False, verbose=0).history

    def test_a_generator_of_validation_is_kept_for_all_epochs(self) -> None:
        model = line(0.0)
        history = model.fit(*arrays(2), epochs=3, validation_data=batches(2), verbose=0).history
        assert history["val_loss"] == [model.evaluate(*arrays(2), batch_size=3, verbose=0)] * 3

    def test_evaluate_and_predict(self) -> None:
        model = line()
        x, y = arrays(4)
        assert model.evaluate(batches(4), verbose=0) == model.evaluate(x, y, batch_size=3, verbose=0)
        for data in (batches(4), (one for one, _ in batches(4)), ((one,) for one, _ in batches(4))):
            np.testing.assert_array_equal(model.predict(data, verbose=0), model.predict(x, verbose=0))
        assert model.predict(batches(), steps=2, verbose=0).shape == (6, 1)
        with pytest.warns(UserWarning, match="ran out of data after 2 of 4 steps"):
            model.evaluate(batches(2), steps=4, verbose=0)

    def test_tensors_of_other_packages_in_lists_as_loaders_of_torch_yield_them(self) -> None:
        class Tensor:
            def __init__(self, array: Array) -> None:
                self.array, self.shape = array, array.shape

            def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
                return self.array

        loader = [[Tensor(x), Tensor(y)] for x, y in batches(3)]
        found = line().fit(iter(loader), verbose=0, validation_data=iter(loader)).history
        expected = line().fit(batches(3), verbose=0, validation_data=batches(3)).history
        assert found == expected

    @pytest.mark.parametrize("length", [None, 4])
    def test_loaders_begin_again_each_epoch(self, length: int | None) -> None:
        loader = Loader(4, length)
        one, other = line(), line()
        found = one.fit(loader, epochs=3, verbose=0, validation_data=Loader(2)).history
        data: Any = arrays(4)
        expected = other.fit(*data, batch_size=3, shuffle=False, epochs=3, validation_data=arrays(2), verbose=0).history
        np.testing.assert_allclose(found["val_loss"], expected["val_loss"], rtol=1e-6)
        assert found["loss"] == expected["loss"]
        assert loader.passes == 3

    @pytest.mark.parametrize("length", [None, 4])
    def test_steps_of_a_loader_go_on_across_epochs(self, length: int | None) -> None:
        one, other = line(), line()
        found = one.fit(Loader(4, length), epochs=4, steps_per_epoch=2, verbose=0).history
        expected = other.fit(*arrays(4), batch_size=3, shuffle=False, epochs=4, steps_per_epoch=2, verbose=0).history
        assert found == expected


class TestPyDataset:
    def test_as_keras(self) -> None:
        said = Said()
        line().fit(Counted(3, said.said, workers=0), epochs=2, shuffle=False, callbacks=[said], verbose=0)
        assert said.said == [
            "begin", ("item", 0), "end",
            ("train_begin",),
            ("epoch_begin", 0), "begin", *steps(0, 0, 1, 2), "end", ("epoch_end", 0, 0.37795),
            ("epoch_begin", 1), "begin", *steps(0, 0, 1, 2), "end", ("epoch_end", 1, 0.353),
            ("train_end", 0.353),
        ]  # fmt: skip

    def test_steps_as_keras(self) -> None:
        said = Said()
        data = Counted(5, said.said, workers=0)
        with pytest.warns(UserWarning, match="ran out of data"):
            line().fit(data, epochs=3, steps_per_epoch=3, shuffle=False, callbacks=[said], verbose=0)
        assert said.said == [
            "begin", ("item", 0), "end",
            ("train_begin",),
            ("epoch_begin", 0), "begin", *steps(0, 0, 1, 2), "end", ("epoch_end", 0, 0.37795),
            ("epoch_begin", 1), "begin", *steps(0, 3, 4), "end", ("epoch_end", 1, 0.01403),
            ("epoch_begin", 2), "begin", *steps(0, 0, 1, 2), "end", ("epoch_end", 2, 0.35122),
            ("train_end", 0.35122),
        ]  # fmt: skip

    def test_validation_as_keras(self) -> None:
        said = Said()
        held = Counted(2, said.said, workers=0)
        line().fit(batches(2), callbacks=[said], validation_data=held, verbose=0)
        at = said.said.index(("test_begin",))
        assert said.said[at:] == [
            ("test_begin",), "begin",
            ("item", 0), ("test_batch_begin",), ("test_batch_end",),
            ("item", 1), ("test_batch_begin", 1), ("test_batch_end", 1),
            "end", ("test_end", 0.48426), ("epoch_end", 0, 0.49618, 0.48426), ("train_end", 0.49618, 0.48426),
        ]  # fmt: skip

    @pytest.mark.parametrize("how", [{"workers": 0}, {"workers": 1}, {"workers": 3, "max_queue_size": 2}])
    def test_the_order_does_not_depend_on_workers(self, how: dict[str, Any]) -> None:
        fastnn.utils.set_random_seed(3)
        model, data = line(), Counted(6, **how)
        history = model.fit(data, epochs=2, verbose=0).history
        fastnn.utils.set_random_seed(3)
        other = line()
        assert other.fit(Counted(6), epochs=2, verbose=0).history == history
        taken = [number for name, number in (one for one in data.said if isinstance(one, tuple))][1:]
        assert sorted(taken[:6]) == sorted(taken[6:]) == list(range(6))
        assert no_threads()

    def test_processes(self) -> None:
        with_processes, data = line(), Counted(4, workers=2, use_multiprocessing=True)
        found = with_processes.fit(data, epochs=2, shuffle=False, verbose=0).history
        assert found == line().fit(Counted(4), epochs=2, shuffle=False, verbose=0).history
        assert ("item", 3) not in data.said

    def test_without_end(self) -> None:
        data = Counted(None)
        history = line(0.01).fit(data, steps_per_epoch=3, epochs=2, verbose=0).history
        assert len(history["loss"]) == 2
        assert [one for one in data.said if isinstance(one, tuple)] == [("item", i) for i in (0, 0, 1, 2, 3, 4, 5)]

    def test_predict_is_in_order(self) -> None:
        model = line()
        np.testing.assert_array_equal(
            model.predict(Counted(5, workers=2), verbose=0), model.predict(arrays(5)[0], verbose=0)
        )

    def test_a_constructor_that_does_not_call_that_of_its_base(self) -> None:
        class Bare(fastnn.utils.PyDataset):
            def __init__(self) -> None:
                pass

            def __len__(self) -> int:
                return 2

            def __getitem__(self, index: int) -> Any:
                return batch(index)

        with pytest.warns(UserWarning, match=r"super\(\).__init__"):
            line().fit(Bare(), verbose=0)

    def test_what_is_missing(self) -> None:
        with pytest.raises(NotImplementedError, match="__len__"):
            line().fit(fastnn.utils.PyDataset(), verbose=0)


class TestErrors:
    def test_the_users_own_error_with_its_traceback(self) -> None:
        def broken() -> Iterator[Any]:
            yield batch(0)
            yield batch(1)
            raise KeyError("my own")

        model = line()
        with pytest.raises(KeyError, match="my own") as caught:
            model.fit(broken(), verbose=0)
        assert "broken" in [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
        assert no_threads()
        other = line()
        other.fit(batches(2), verbose=0)
        np.testing.assert_array_equal(model.get_weights()[0], other.get_weights()[0])

    @pytest.mark.parametrize("processes", [False, True])
    def test_a_worker_that_raises(self, processes: bool) -> None:
        data = Broken(workers=2, use_multiprocessing=processes)
        with pytest.raises(RuntimeError, match="item 2 is broken") as caught:
            line().fit(data, shuffle=False, verbose=0)
        told = "".join(traceback.format_exception(caught.value))
        assert "in __getitem__" in told
        assert no_threads()

    def test_a_wrong_shape_says_which_batch(self) -> None:
        model = line()
        with pytest.raises(
            ValueError, match=r"batch 1 of the generator: .*expects x of shape \(batch, 2\), got \(3, 5\)"
        ):
            model.fit(_two_shapes(), verbose=0)
        assert not np.array_equal(model.get_weights()[0], np.ones((2, 1)))

    def test_nan_says_which_batch(self) -> None:
        with pytest.raises(ValueError, match=r"batch 0 of the list_iterator: .*x holds a NaN in row 0"):
            line().fit(iter([(np.full((3, 2), np.nan), np.ones((3, 1)))]), verbose=0)

    def test_ctrl_c_in_a_generator(self) -> None:
        def stopped() -> Iterator[Any]:
            yield batch(0)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            line().fit(stopped(), verbose=0)
        assert no_threads()

    def test_what_is_no_batch(self) -> None:
        with pytest.raises(ValueError, match="got 4 entries"):
            line().fit(iter([(1, 2, 3, 4)]), verbose=0)
        with pytest.raises(ValueError, match="got None"):
            line().fit(iter([None]), verbose=0)
        with pytest.raises(ValueError, match="yields no batch"):
            line().fit(batches(0), verbose=0)
        with pytest.raises(TypeError, match="single samples"):
            line().fit(Samples(), verbose=0)

    def test_arguments_beside_batches(self) -> None:
        with pytest.raises(ValueError, match=r"^y cannot be given beside the generator"):
            line().fit(batches(2), np.ones(3), verbose=0)
        with pytest.raises(ValueError, match=r"^sample_weight cannot be given beside"):
            line().fit(Counted(2), sample_weight=np.ones(3), verbose=0)
        with pytest.raises(ValueError, match="validation_split splits arrays"):
            line().fit(batches(2), validation_split=0.5, verbose=0)
        line().fit(batches(2), batch_size=7, verbose=0)

    def test_validation_batches_are_checked(self) -> None:
        with pytest.raises(ValueError, match=r"validation data: .*NaN"):
            line().fit(*arrays(2), validation_data=iter([(np.full((3, 2), np.nan), np.ones((3, 1)))]), verbose=0)


class Broken(fastnn.utils.PyDataset):
    """Data set with an item that raises."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> Any:
        if index == 2:
            raise RuntimeError(f"item {index} is broken")
        return batch(index)


class Samples:
    """Data set of single samples, as torch has them."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> Any:
        if index >= 4:
            raise IndexError
        return np.ones(2), np.ones(1)


def _two_shapes() -> Iterator[Any]:
    yield batch(0)
    yield np.ones((3, 5)), np.ones((3, 1))


class Stop(callbacks.Callback):
    """Interrupts training after a number of batches."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.left = after

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("after", [2, 5, 7])
@pytest.mark.parametrize("steps_per_epoch", [None, 3])
@pytest.mark.parametrize("kind", ["dataset", "loader", "generator"])
def test_backups_go_on_where_a_source_was(tmp_path: Any, kind: str, steps_per_epoch: int | None, after: int) -> None:
    def fit(*hooks: callbacks.Callback) -> list[Array]:
        fastnn.utils.set_random_seed(1)
        endless = (batch(i % 5) for i in range(99))
        made: dict[str, Any] = {"dataset": Counted(4), "loader": Loader(4), "generator": endless}
        most = steps_per_epoch or (4 if kind == "generator" else None)
        model = line()
        model.fit(made[kind], epochs=3, steps_per_epoch=most, callbacks=list(hooks), verbose=0)
        return model.get_weights()

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Your input ran out")
        expected = fit()
        with pytest.raises(KeyboardInterrupt):
            fit(callbacks.BackupAndRestore(tmp_path / "b", save_freq=1), Stop(after))
        found = fit(callbacks.BackupAndRestore(tmp_path / "b", save_freq=1))
    np.testing.assert_array_equal(found[0], expected[0])


class TestTerminateOnNaN:
    @staticmethod
    def fit(capsys: pytest.CaptureFixture[str], *hooks: callbacks.Callback) -> tuple[str, Any, Array]:
        """Returns what a fit prints whose loss grows beyond all bounds, its history and its weights."""
        model = line(1e8)
        history = model.fit(*arrays(9), batch_size=3, epochs=3, shuffle=False, verbose=0, callbacks=list(hooks))
        return capsys.readouterr().out, history.history, model.get_weights()[0]

    def test_it_costs_no_call_of_python_while_the_loss_is_finite(self) -> None:
        hooks = callbacks.CallbackList([callbacks.TerminateOnNaN()])
        begin, end, watching = hooks.batch_hooks("train")
        assert (begin, end, len(watching)) == ([], [], 1)

        class Each(callbacks.TerminateOnNaN):
            def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
                super().on_train_batch_end(batch, logs)

        assert len(callbacks.CallbackList([Each()]).batch_hooks("train")[1]) == 1
        assert len(callbacks.CallbackList([callbacks.TerminateOnNaN(), Said()]).batch_hooks("train")[1]) == 2

    def test_it_stops_at_the_same_step_as_with_a_call_after_each(self, capsys: pytest.CaptureFixture[str]) -> None:
        told, history, weights = self.fit(capsys, callbacks.TerminateOnNaN())
        assert "Invalid loss, terminating training" in told
        assert told != "Batch 0: Invalid loss, terminating training\n"
        other = self.fit(capsys, callbacks.TerminateOnNaN(), Said())
        assert (told, str(history)) == (other[0], str(other[1]))
        np.testing.assert_array_equal(weights, other[2])
        assert len(history["loss"]) == 1
