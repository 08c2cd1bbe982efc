"""
A network in scikit-learn
=========================

A pipeline, and a grid search for its width, its rate and the scaling before it.

Needs scikit-learn. `SKLearnClassifier` makes an estimator of any model; `MLPClassifier` has the arguments of
scikit-learn's own perceptron.
"""

from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

import fastnn
from fastnn.layers import Dense, Dropout, Input
from fastnn.wrappers import MLPClassifier, SKLearnClassifier

images, labels = fastnn.datasets.digits.load_data()[0]
x_train, x_test, y_train, y_test = train_test_split(images.reshape(len(images), -1), labels, random_state=0)


# A function of the data, and of what is to be searched for. Labels may be anything: they arrive here one-hot.
def build(X, y, units=32, rate=0.01):
    model = fastnn.Sequential(
        [
            Input((X.shape[1],)),
            Dense(units, activation="relu"),
            Dropout(0.2),
            Dense(y.shape[1], activation="softmax"),
        ]
    )
    model.compile(fastnn.optimizers.Adam(rate), "categorical_crossentropy")
    return model


fastnn.utils.set_random_seed(1)
pipeline = Pipeline(
    [
        ("scale", StandardScaler()),
        ("reduce", PCA(32)),
        ("network", SKLearnClassifier(build, model_kwargs={}, fit_kwargs={"epochs": 10, "verbose": 0})),
    ]
)

# Each candidate is trained on two thirds of the rows and judged on the third, three times over. `n_jobs=2` would share
# them among processes.
grid = GridSearchCV(
    pipeline,
    {
        "reduce": [PCA(32), "passthrough"],
        "network__model_kwargs": [{"units": 16}, {"units": 64}, {"units": 64, "rate": 0.003}],
    },
    cv=3,
)
grid.fit(x_train, y_train)
for score, parameters in sorted(
    zip(grid.cv_results_["mean_test_score"], grid.cv_results_["params"], strict=True), key=lambda pair: -pair[0]
):
    print(f"{score:.3f}  {parameters}")
found = grid.score(x_test, y_test)
print(f"the best, on rows that no search has seen: {found:.1%}")
assert found > 0.93

# Where a plain perceptron will do, no function is needed.
network = MLPClassifier((64,), early_stopping=True, max_iter=300, random_state=1)
perceptron = Pipeline([("scale", StandardScaler()), ("network", network)]).fit(x_train, y_train)
print(f"a perceptron with scikit-learn's arguments: {perceptron.score(x_test, y_test):.1%}")
assert perceptron.score(x_test, y_test) > 0.9
