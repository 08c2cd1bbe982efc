"""Pooling over sequences, images and volumes."""

from __future__ import annotations

from fastnn.layers.pooling.average_pooling import AveragePooling1D, AveragePooling2D, AveragePooling3D
from fastnn.layers.pooling.global_pooling import (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
)
from fastnn.layers.pooling.max_pooling import MaxPooling1D, MaxPooling2D, MaxPooling3D

MaxPool1D = MaxPooling1D


MaxPool2D = MaxPooling2D


MaxPool3D = MaxPooling3D


AvgPool1D = AveragePooling1D


AvgPool2D = AveragePooling2D


AvgPool3D = AveragePooling3D


GlobalMaxPool1D = GlobalMaxPooling1D


GlobalMaxPool2D = GlobalMaxPooling2D


GlobalMaxPool3D = GlobalMaxPooling3D


GlobalAvgPool1D = GlobalAveragePooling1D


GlobalAvgPool2D = GlobalAveragePooling2D


GlobalAvgPool3D = GlobalAveragePooling3D
