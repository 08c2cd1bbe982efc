"""Windows of time series, under the name of `keras.preprocessing.timeseries`."""

from fastnn.utils.time_series import timeseries_dataset_from_array

__all__ = ["timeseries_dataset_from_array"]


def __dir__() -> list[str]:
    return __all__
