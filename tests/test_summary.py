"""summary(): the three tables of the course notes, exactly, and its arguments."""

from __future__ import annotations

import re

import pytest

from fastnn import Input, Sequential
from fastnn.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, MaxPooling2D

pytestmark = pytest.mark.usefixtures("names_from_the_start")

VALID = """\
_________________________________________________________________
Layer (type)                 Output Shape              Param #
=================================================================
dense (Dense)                (None, 20, 20, 16)        64
_________________________________________________________________
conv2d (Conv2D)              (None, 18, 18, 32)        4640
_________________________________________________________________
conv2d_1 (Conv2D)            (None, 14, 14, 64)        51264
_________________________________________________________________
conv2d_2 (Conv2D)            (None, 8, 8, 128)         401536
_________________________________________________________________
flatten (Flatten)            (None, 8192)              0
_________________________________________________________________
dense_1 (Dense)              (None, 2)                 16386
=================================================================
Total params: 473,890
Trainable params: 473,890
Non-trainable params: 0
_________________________________________________________________
"""

SAME = """\
_________________________________________________________________
Layer (type)                 Output Shape              Param #
=================================================================
dense (Dense)                (None, 20, 20, 16)        64
_________________________________________________________________
conv2d (Conv2D)              (None, 20, 20, 32)        4640
_________________________________________________________________
conv2d_1 (Conv2D)            (None, 20, 20, 64)        51264
_________________________________________________________________
conv2d_2 (Conv2D)            (None, 20, 20, 128)       401536
_________________________________________________________________
flatten (Flatten)            (None, 51200)             0
_________________________________________________________________
dense_1 (Dense)              (None, 2)                 102402
=================================================================
Total params: 559,906
Trainable params: 559,906
Non-trainable params: 0
_________________________________________________________________
"""

POOLED = """\
_________________________________________________________________
Layer (type)                 Output Shape              Param #
=================================================================
dense (Dense)                (None, 20, 20, 16)        64
_________________________________________________________________
conv2d (Conv2D)              (None, 20, 20, 32)        4640
_________________________________________________________________
max_pooling2d (MaxPooling2D) (None, 10, 10, 32)        0
_________________________________________________________________
conv2d_1 (Conv2D)            (None, 10, 10, 64)        51264
_________________________________________________________________
flatten (Flatten)            (None, 6400)              0
_________________________________________________________________
dense_1 (Dense)              (None, 2)                 12802
=================================================================
Total params: 68,770
Trainable params: 68,770
Non-trainable params: 0
_________________________________________________________________
"""


def convolutions(padding):
    return Sequential(
        [
            Dense(16, input_shape=(20, 20, 3), activation="relu"),
            Conv2D(32, kernel_size=(3, 3), activation="relu", padding=padding),
            Conv2D(64, kernel_size=(5, 5), activation="relu", padding=padding),
            Conv2D(128, kernel_size=(7, 7), activation="relu", padding=padding),
            Flatten(),
            Dense(2, activation="softmax"),
        ]
    )


def pooled():
    return Sequential(
        [
            Dense(16, input_shape=(20, 20, 3), activation="relu"),
            Conv2D(32, kernel_size=(3, 3), activation="relu", padding="same"),
            MaxPooling2D(pool_size=(2, 2), strides=2, padding="valid"),
            Conv2D(64, kernel_size=(5, 5), activation="relu", padding="same"),
            Flatten(),
            Dense(2, activation="softmax"),
        ]
    )


@pytest.mark.parametrize(
    ("make", "table"),
    [(lambda: convolutions("valid"), VALID), (lambda: convolutions("same"), SAME), (pooled, POOLED)],
    ids=["valid", "same", "pooled"],
)
def test_the_tables_of_the_notes(make, table, capsys):
    assert make().summary() is None
    printed = capsys.readouterr().out
    assert all(len(line) == 65 for line in printed.splitlines() if " params: " not in line)
    assert "\n".join(line.rstrip() for line in printed.splitlines()) + "\n" == table


def test_a_name_too_long_for_its_column_is_cut(capsys):
    model = Sequential([Input((4, 4, 1)), MaxPooling2D(name="max_pooling2d_1")])
    model.summary()
    row = capsys.readouterr().out.splitlines()[3]
    assert row.startswith("max_pooling2d_1 (MaxPooling2 (None, 2, 2, 1)")


def test_an_unbuilt_model_says_so(capsys):
    Sequential([Dense(2)]).summary()
    printed = capsys.readouterr().out
    assert re.search(r"dense \(Dense\) +\? +unbuilt", printed)
    assert "Total params: 0" in printed


def test_print_fn_gets_the_lines(capsys):
    lines = []
    Sequential([Input((2,)), Dense(3)]).summary(print_fn=lines.append)
    assert capsys.readouterr().out == ""
    assert lines[-4:] == ["Total params: 9", "Trainable params: 9", "Non-trainable params: 0", "_" * 65]


def test_line_length_and_positions():
    lines = []
    Sequential([Input((2,)), Dense(3)]).summary(line_length=80, positions=[0.5, 0.75, 1.0], print_fn=lines.append)
    assert lines[0] == "_" * 80
    assert lines[3] == "dense (Dense)".ljust(40) + "(None, 3)".ljust(20) + "9".ljust(20)


def test_show_trainable_and_counts_of_what_is_frozen():
    model = Sequential([Input((1, 5)), Dense(16), Dense(32), BatchNormalization(axis=1), Dense(2)])
    model.layers[0].trainable = False
    lines = []
    model.summary(show_trainable=True, print_fn=lines.append)
    assert lines[0] == "_" * 76
    assert lines[3].rstrip().endswith("96        N")
    assert lines[5].rstrip().endswith("544       Y")
    assert lines[-4:-1] == ["Total params: 710", "Trainable params: 612", "Non-trainable params: 98"]
    model = Sequential([Input((4,)), Dropout(0.5, trainable=False), Dense(2)])
    lines.clear()
    model.summary(show_trainable=True, print_fn=lines.append)
    assert [line.split()[-1] for line in lines[3:6:2]] == ["-", "Y"]


def test_nested_models_are_one_row_unless_expanded():
    inner = Sequential([Input((3,)), Dense(4), Dense(5)])
    model = Sequential([inner, Dense(2)])
    lines = []
    model.summary(print_fn=lines.append)
    assert [line.split()[0] for line in lines[3:6:2]] == ["sequential", "dense_2"]
    lines.clear()
    model.summary(print_fn=lines.append, expand_nested=True)
    assert lines[5].startswith("|    dense (Dense)")
    assert lines[7].startswith("|    dense_1 (Dense)")
    assert "Total params: 53" in lines


def test_layer_range():
    lines = []
    Sequential([Input((3,)), Dense(4), Dense(5), Dense(6)]).summary(
        layer_range=["dense_1", "dense_2"], print_fn=lines.append
    )
    assert [line.split()[0] for line in lines[3:6:2]] == ["dense_1", "dense_2"]
    with pytest.raises(ValueError, match="no layer whose name matches 'conv'"):
        Sequential([Input((3,)), Dense(4)]).summary(layer_range=["conv", "conv"])


def test_optimizer_slots_are_not_counted():
    model = Sequential([Input((2,)), Dense(3)])
    model.compile("adam", "mse")
    model.fit([[1.0, 2.0]], [[1.0, 2.0, 3.0]], verbose=0)
    lines = []
    model.summary(print_fn=lines.append)
    assert "Total params: 9" in lines
