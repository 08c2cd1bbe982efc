"""Many small models trained side by side in one process: cross-validation, ensembles, searches.

A small network leaves no work for a second thread, and a process for each model costs more than its training. Here each
model is trained by one thread from its first step to its last, as many at a time as there are threads, and all read the
same arrays. Its result has the bits of a `fit` by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any

import numpy as np

from fastnn import config
from fastnn.data.batches import yields_batches
from fastnn.data.worker_threads import single_threads

_KINDS = "a list of compiled models, or a function that builds one, with `arguments` for each model"


def fit_many(
    models: Any,
    x: Any,
    y: Any = None,
    *,
    arguments: Sequence[Mapping[str, Any]] | int | None = None,
    rows: Sequence[Any] | None = None,
    validation_rows: Sequence[Any] | None = None,
    threads: int | None = None,
    verbose: str | int = 0,
    callbacks: Callable[[], Any] | None = None,
    **fit: Any,
) -> list[Any]:
    """Trains many models side by side, each on one thread.

    The models are those that `fit` would train one after the other, bit for bit. A model that is built here is built in
    the order of `arguments`, in the thread that calls. Where one raises an error, no further model begins, those in
    training end after their step, and the error says which it was.

    Args:
        models: The compiled models; or a function that returns one, called once for each of `arguments`.
        x: The samples that all models are trained on, (batch, ...), as in `fit`; arrays are not copied.
        y: The targets.
        arguments: For a function: the keyword arguments of each call, as dicts, or the number of calls without any.
        rows: For each model the indices of the rows that it is trained on, such as one fold of a cross-validation;
            None: all rows.
        validation_rows: For each model the indices of the rows that it is validated on; None: as the further arguments
            say.
        threads: The number of models in training at a time; None: one more than the core has threads, if it has
            several, since one of them mostly waits for the interpreter.
        verbose: As in `fit`, for each model; 0 by default, since several bars would write over one another.
        callbacks: A function that returns the callbacks of one model; None: no callbacks.
        **fit: Further arguments of `fit`, the same for all models.

    Returns:
        The models in their order; each has its `history`.

    Raises:
        ValueError: The number of `rows` is not that of the models; a model stands in the list twice; data do not fit.
        TypeError: `models` is neither a list of models nor a function, or x yields batches.

    Example:
        >>> def build(units):
        ...     model = fastnn.Sequential([layers.Input((1,)), layers.Dense(units), layers.Dense(1)])
        ...     model.compile("sgd", "mse")
        ...     return model
        >>> x = np.linspace(0, 1, 40)[:, np.newaxis]
        >>> models = fastnn.wrappers.fit_many(build, x, 2 * x, arguments=[{"units": 2}, {"units": 8}], epochs=2)
        >>> [len(model.history.history["loss"]) for model in models]
        [2, 2]
    """
    if yields_batches(x):
        raise TypeError(f"fit_many expects arrays that all models can share, got x as a {type(x).__name__}")
    if callbacks is not None and not callable(callbacks):
        raise TypeError(
            "fit_many expects callbacks to be a function that returns the callbacks of one model, since each keeps "
            f"counts of its own, got a {type(callbacks).__name__}; write callbacks=lambda: [...]"
        )
    calls, count = _calls(models, arguments)
    for name, given in (("rows", rows), ("validation_rows", validation_rows)):
        if given is not None and len(given) != count:
            raise ValueError(
                f"fit_many expects {name} to have an entry for each of the {count} models, got {len(given)}"
            )
    cores = config.num_threads()
    size = (cores + 1 if cores > 1 else 1) if threads is None else threads
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise ValueError(f"fit_many expects threads to be an integer of at least 1, got {threads!r}")
    if count == 0:
        return []
    stop = threading.Event()
    made: list[Any] = []

    def train(place: int, model: Any) -> None:
        if stop.is_set():
            return
        data, targets, own = x, y, dict(fit)
        if rows is not None:
            data, targets = _taken(x, rows[place]), _taken(y, rows[place])
        if validation_rows is not None:
            own["validation_data"] = (_taken(x, validation_rows[place]), _taken(y, validation_rows[place]))
        model.fit(data, targets, verbose=verbose, callbacks=None if callbacks is None else callbacks(), **own)

    executor = single_threads(size, "fit-many")
    running: dict[Future[None], int] = {}
    try:
        for place, call in enumerate(calls):
            made.append(call())
            running[executor.submit(train, place, made[-1])] = place
            # A function builds only what is about to be trained.
            while len(running) > 2 * size:
                _finish_some(running)
        while running:
            _finish_some(running)
    except BaseException:
        stop.set()
        for future in running:
            future.cancel()
        while any(not future.done() for future in running):
            # `fit` begins by setting it to False.
            for place in running.values():
                made[place].stop_training = True
            wait(running, timeout=0.05)
        raise
    finally:
        executor.shutdown()
    return made


def _finish_some(running: dict[Future[None], int]) -> None:
    """Waits until a model is trained, and forgets those that are."""
    done, _ = wait(running, return_when=FIRST_COMPLETED)
    for future in sorted(done, key=running.__getitem__):
        place = running.pop(future)
        try:
            future.result()
        except Exception as error:
            note = f"model {place} of fit_many"
            if hasattr(error, "add_note"):
                error.add_note(f"in {note}")
                raise
            raise type(error)(f"{note}: {error}") from error


def _calls(models: Any, arguments: Any) -> tuple[Iterator[Callable[[], Any]], int]:
    """Returns functions that return the models, and their number."""
    if hasattr(models, "fit"):
        raise TypeError(f"fit_many expects {_KINDS}, got one model; train it with its fit()")
    if callable(models):
        if arguments is None:
            raise TypeError(
                "fit_many was given a function that builds a model; pass arguments=[{...}, ...] or a number"
            )
        each = [{}] * arguments if isinstance(arguments, int) else list(arguments)
        return (lambda one=one: models(**one) for one in each), len(each)
    if arguments is not None:
        raise TypeError("fit_many takes arguments only beside a function that builds a model")
    if not isinstance(models, Sequence) or not all(hasattr(model, "fit") for model in models):
        raise TypeError(f"fit_many expects {_KINDS}, got {type(models).__name__}")
    if len({id(model) for model in models}) < len(models):
        raise ValueError("fit_many expects each model once; make copies with fastnn.models.clone_model")
    return (lambda one=one: one for one in models), len(models)


def _taken(data: Any, rows: Any) -> Any:
    """Returns rows of arrays, which may stand in a list or dict."""
    if data is None:
        return None
    if isinstance(data, Mapping):
        return {name: _taken(one, rows) for name, one in data.items()}
    if isinstance(data, (list, tuple)) and data and np.ndim(data[0]):
        return [_taken(one, rows) for one in data]
    return np.asarray(data)[rows]
