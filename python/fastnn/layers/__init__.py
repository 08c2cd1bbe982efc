"""The layers, by family."""

from fastnn.layer import Layer as Layer
from fastnn.layers.activation import ELU as ELU
from fastnn.layers.activation import Activation as Activation
from fastnn.layers.activation import LeakyReLU as LeakyReLU
from fastnn.layers.activation import ReLU as ReLU
from fastnn.layers.activation import Softmax as Softmax
from fastnn.layers.convolution import Conv2D as Conv2D
from fastnn.layers.convolution import Convolution2D as Convolution2D
from fastnn.layers.dense import Dense as Dense
from fastnn.layers.input import Input as Input
from fastnn.layers.input import InputLayer as InputLayer
from fastnn.layers.normalization import BatchNormalization as BatchNormalization
from fastnn.layers.pooling import AveragePooling2D as AveragePooling2D
from fastnn.layers.pooling import AvgPool2D as AvgPool2D
from fastnn.layers.pooling import GlobalAveragePooling2D as GlobalAveragePooling2D
from fastnn.layers.pooling import GlobalAvgPool2D as GlobalAvgPool2D
from fastnn.layers.pooling import GlobalMaxPool2D as GlobalMaxPool2D
from fastnn.layers.pooling import GlobalMaxPooling2D as GlobalMaxPooling2D
from fastnn.layers.pooling import MaxPool2D as MaxPool2D
from fastnn.layers.pooling import MaxPooling2D as MaxPooling2D
from fastnn.layers.regularization import ActivityRegularization as ActivityRegularization
from fastnn.layers.regularization import Dropout as Dropout
from fastnn.layers.reshaping import Flatten as Flatten
from fastnn.layers.reshaping import Identity as Identity
from fastnn.layers.reshaping import Reshape as Reshape
