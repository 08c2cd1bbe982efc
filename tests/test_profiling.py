"""`utils.profile`: what is measured, and that the model is afterwards as it was."""

import json
from pathlib import Path

import numpy as np
import pytest

import fastnn
from fastnn import layers
from fastnn.utils.profiling import ProfileRow

X = np.random.default_rng(0).normal(size=(64, 12, 12, 3)).astype("float32")
Y = np.random.default_rng(1).integers(0, 4, size=64)


@pytest.fixture
def model() -> fastnn.Model:
    return made()


def made() -> fastnn.Model:
    fastnn.utils.set_random_seed(0)
    model = fastnn.Sequential(
        [
            layers.Input((12, 12, 3)),
            layers.Conv2D(8, 3, activation="relu", name="first"),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.Flatten(),
            layers.Dense(4, "softmax", name="last"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def rows_of(profile: fastnn.utils.Profile) -> dict[str, ProfileRow]:
    return {row.name: row for row in profile.rows}


@pytest.mark.parametrize("training", [True, False])
def test_time_of_each_layer(model: fastnn.Model, training: bool) -> None:
    profile = fastnn.utils.profile(model, X, Y if training else None, batch_size=32, steps=4)
    rows = rows_of(profile)
    assert {"data", "first", "last"} <= set(rows)
    assert ("optimizer" in rows) == training
    for name in ("first", "last"):
        assert rows[name].forward > 0
        assert (rows[name].backward > 0) == training
    assert sum(row.share for row in profile.rows) == pytest.approx(1)
    assert sum(row.seconds for row in profile.rows) == pytest.approx(profile.seconds)
    assert 0 < profile.packed < profile.memory
    assert (profile.steps, profile.batch_size, profile.threads) == (4, 32, fastnn.config.num_threads())
    # 2 operations for each of 10 * 10 * 8 outputs of 3 * 3 * 3 products.
    assert rows["first"].gflops * rows["first"].forward * 1e9 == pytest.approx(2 * 32 * 800 * 27)
    assert rows["last"].gflops * rows["last"].forward * 1e9 == pytest.approx(2 * 32 * 800 * 4)
    # The data have no gradient.
    for name, passes in (("first", 27), ("last", 2 * 4)):
        done = rows[name].backward_gflops * rows[name].backward * 1e9
        assert done == pytest.approx(2 * 32 * 800 * passes if training else 0)
    assert rows["first"].algorithm == "direct"
    text = str(profile)
    assert all(name in text for name in rows)
    assert "ms a step of 32 rows, mean of 4" in text


def test_the_model_is_as_it_was() -> None:
    model, other = made(), made()  # of the same seeds
    for one in (model, other):
        one.fit(X, Y, batch_size=16, shuffle=False, verbose=0)
    variables = [variable.numpy().copy() for variable in [*model.variables, *model.optimizer.variables]]
    fastnn.utils.profile(model, X, Y, steps=2)
    for variable, before in zip([*model.variables, *model.optimizer.variables], variables, strict=True):
        np.testing.assert_array_equal(variable.numpy(), before)
    histories = [one.fit(X, Y, batch_size=16, shuffle=False, verbose=0).history for one in (model, other)]
    assert histories[0] == histories[1]


def test_a_step_of_the_model_s_own() -> None:
    class Own(fastnn.Sequential):
        def train_step(self, data):  # type: ignore[no-untyped-def]
            x, y = data
            with fastnn.GradientTape() as tape:
                loss = self.compute_loss(y=y, y_pred=self(x, training=True))
            weights = self.trainable_variables
            self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
            return {"loss": loss}

    own = Own([layers.Input((5,)), layers.Dense(3, name="only")])
    own.compile("sgd", "mse")
    profile = fastnn.utils.profile(own, np.ones((8, 5)), np.ones((8, 3)), batch_size=8, steps=2)
    row = rows_of(profile)["only"]
    assert row.forward > 0
    assert row.backward > 0
    assert "optimizer" in rows_of(profile)


def test_multiply_adds_of_other_layers() -> None:
    x = layers.Input((10, 6))
    recurrent = layers.LSTM(7, return_sequences=True, name="lstm")(x)
    attended = layers.MultiHeadAttention(2, 4, name="attention")(recurrent, recurrent)
    model = fastnn.Model(x, attended)
    profile = fastnn.utils.profile(model, np.zeros((8, 10, 6)), batch_size=8, steps=2)
    done = {row.name: row.gflops * row.forward * 1e9 / 16 for row in profile.rows}
    assert done["lstm"] == pytest.approx(10 * (6 + 7) * 4 * 7)
    # Scores and weighted sums of two heads.
    assert any(amount == pytest.approx(2 * 10 * 10 * (4 + 4)) for amount in done.values())


def test_trace(model: fastnn.Model, tmp_path: Path) -> None:
    profile = fastnn.utils.profile(model, X, Y, steps=3)
    profile.save_trace(tmp_path / "trace.json")
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert sum(event["name"] == "first" and event["cat"] == "forward" for event in events) >= 3
    assert all(event["ph"] == "X" and event["dur"] >= 0 for event in events)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "batch_size expects an integer of at least 1, got 0"),
        ({"steps": 1.5}, "steps expects an integer of at least 1, got 1.5"),
        ({"batch_size": 65}, "at least batch_size=65 rows, got 64"),
    ],
)
def test_mistakes(model: fastnn.Model, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fastnn.utils.profile(model, X, Y, **arguments)  # type: ignore[arg-type]


def test_steps_of_fit(model: fastnn.Model, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    measure = fastnn.utils.ProfileSteps(start=3, steps=6, batch_size=16, trace=tmp_path / "trace.json")
    model.fit(X, Y, batch_size=16, epochs=3, verbose=0, callbacks=[measure])
    assert measure.profile is not None and measure.profile.steps == 6
    rows = rows_of(measure.profile)
    assert {"first", "last", "optimizer"} <= set(rows) and rows["first"].backward > 0
    assert rows["first"].gflops * rows["first"].forward * 1e9 == pytest.approx(2 * 16 * 800 * 27)
    assert capsys.readouterr().out.strip() == str(measure.profile)
    assert json.loads((tmp_path / "trace.json").read_text())
    # The weights are those of a training without it, and nothing is recorded any more.
    other = made()
    other.fit(X, Y, batch_size=16, epochs=3, verbose=0)
    for one, two in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    # Training that ends before, or is interrupted.
    model.fit(X, Y, batch_size=16, verbose=0, callbacks=[measure])
    assert measure.profile.steps == 1
    capsys.readouterr()
    model.fit(X[:16], Y[:16], batch_size=16, verbose=0, callbacks=[measure])
    assert measure.profile is None
    assert "training had 1 steps, start=3 come before the first" in capsys.readouterr().out

    def stop(batch: int, logs: object) -> None:
        if batch == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupting = fastnn.callbacks.LambdaCallback(on_train_batch_begin=stop)
        model.fit(X, Y, batch_size=16, verbose=0, callbacks=[measure, interrupting])
    model.fit(X, Y, batch_size=8, epochs=2, verbose=0, callbacks=[measure])
    assert measure.profile.steps == 6


@pytest.mark.parametrize("wrong", [{"start": -1}, {"steps": 0}, {"batch_size": 0}])
def test_what_a_callback_refuses(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=f"ProfileSteps expects {next(iter(wrong))} to be an integer of at least"):
        fastnn.utils.ProfileSteps(**wrong)
