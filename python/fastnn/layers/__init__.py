"""The layers, by family: one folder each, whose files import no other family.

Files directly in this folder are the ground of all families. Only the names in `__all__` are public.
"""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from fastnn.engine.input_spec import InputSpec
from fastnn.engine.layer import Layer
from fastnn.layers.activations.activation import Activation
from fastnn.layers.activations.elu import ELU
from fastnn.layers.activations.leaky_relu import LeakyReLU
from fastnn.layers.activations.prelu import PReLU
from fastnn.layers.activations.relu import ReLU
from fastnn.layers.activations.softmax import Softmax
from fastnn.layers.attention.additive_attention import AdditiveAttention
from fastnn.layers.attention.attention import Attention
from fastnn.layers.attention.grouped_query_attention import GroupQueryAttention
from fastnn.layers.attention.multi_head_attention import MultiHeadAttention
from fastnn.layers.convolutional.convolution import Conv1D, Conv2D, Conv3D, Convolution1D, Convolution2D, Convolution3D
from fastnn.layers.convolutional.depthwise import DepthwiseConv1D, DepthwiseConv2D
from fastnn.layers.convolutional.separable import (
    SeparableConv1D,
    SeparableConv2D,
    SeparableConvolution1D,
    SeparableConvolution2D,
)
from fastnn.layers.convolutional.transposed import (
    Conv1DTranspose,
    Conv2DTranspose,
    Conv3DTranspose,
    Convolution1DTranspose,
    Convolution2DTranspose,
    Convolution3DTranspose,
)
from fastnn.layers.core.dense import Dense
from fastnn.layers.core.embedding import Embedding
from fastnn.layers.core.identity import Identity
from fastnn.layers.core.input_layer import Input, InputLayer
from fastnn.layers.core.lambda_layer import Lambda
from fastnn.layers.core.masking import Masking
from fastnn.layers.core.reversible_embedding import ReversibleEmbedding
from fastnn.layers.einsum_dense import EinsumDense
from fastnn.layers.lookup import classes as _classes
from fastnn.layers.lookup import deserialize, serialize
from fastnn.layers.merging.arithmetic import (
    Add,
    Average,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    maximum,
    minimum,
    multiply,
    subtract,
)
from fastnn.layers.merging.concatenate import Concatenate, concatenate
from fastnn.layers.merging.dot import Dot, dot
from fastnn.layers.normalization.batch_normalization import BatchNormalization
from fastnn.layers.normalization.group_normalization import GroupNormalization
from fastnn.layers.normalization.layer_normalization import LayerNormalization
from fastnn.layers.normalization.rms_normalization import RMSNormalization
from fastnn.layers.normalization.spectral_normalization import SpectralNormalization
from fastnn.layers.normalization.unit_normalization import UnitNormalization
from fastnn.layers.pooling.adaptive_pooling import (
    AdaptiveAveragePooling1D,
    AdaptiveAveragePooling2D,
    AdaptiveAveragePooling3D,
    AdaptiveMaxPooling1D,
    AdaptiveMaxPooling2D,
    AdaptiveMaxPooling3D,
)
from fastnn.layers.pooling.average_pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    AvgPool1D,
    AvgPool2D,
    AvgPool3D,
)
from fastnn.layers.pooling.global_pooling import (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalAvgPool3D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    GlobalMaxPool3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
)
from fastnn.layers.pooling.max_pooling import MaxPool1D, MaxPool2D, MaxPool3D, MaxPooling1D, MaxPooling2D, MaxPooling3D
from fastnn.layers.preprocessing.category_encoding import CategoryEncoding
from fastnn.layers.preprocessing.center_crop import CenterCrop
from fastnn.layers.preprocessing.discretization import Discretization
from fastnn.layers.preprocessing.hashed_crossing import HashedCrossing
from fastnn.layers.preprocessing.hashing import Hashing
from fastnn.layers.preprocessing.histograms import (
    AutoContrast,
    ContrastLimitedAdaptiveHistogramEqualization,
    Equalization,
)
from fastnn.layers.preprocessing.integer_lookup import IntegerLookup
from fastnn.layers.preprocessing.max_num_bounding_boxes import MaxNumBoundingBoxes
from fastnn.layers.preprocessing.mixing import CutMix, MixUp
from fastnn.layers.preprocessing.normalization import Normalization
from fastnn.layers.preprocessing.pipeline import Pipeline
from fastnn.layers.preprocessing.policies import AugMix, RandAugment
from fastnn.layers.preprocessing.random_color import (
    RandomColorDegeneration,
    RandomColorJitter,
    RandomGrayscale,
    RandomHue,
    RandomSaturation,
)
from fastnn.layers.preprocessing.random_crop import RandomCrop
from fastnn.layers.preprocessing.random_distortion import RandomElasticTransform, RandomGaussianBlur, RandomPerspective
from fastnn.layers.preprocessing.random_erasing import RandomErasing
from fastnn.layers.preprocessing.random_geometry import (
    RandomFlip,
    RandomRotation,
    RandomShear,
    RandomTranslation,
    RandomZoom,
)
from fastnn.layers.preprocessing.random_intensity import (
    RandomBrightness,
    RandomContrast,
    RandomInvert,
    RandomPosterization,
    Solarization,
)
from fastnn.layers.preprocessing.random_sharpness import RandomSharpness
from fastnn.layers.preprocessing.rescaling import Rescaling
from fastnn.layers.preprocessing.resizing import Resizing
from fastnn.layers.preprocessing.spectrograms import MelSpectrogram, STFTSpectrogram
from fastnn.layers.preprocessing.string_lookup import StringLookup
from fastnn.layers.preprocessing.text_vectorization import TextVectorization
from fastnn.layers.regularization.activity_regularization import ActivityRegularization
from fastnn.layers.regularization.dropout import AlphaDropout, Dropout
from fastnn.layers.regularization.gaussian_noise import GaussianDropout, GaussianNoise
from fastnn.layers.regularization.spatial_dropout import SpatialDropout1D, SpatialDropout2D, SpatialDropout3D
from fastnn.layers.reshaping.cropping import Cropping1D, Cropping2D, Cropping3D
from fastnn.layers.reshaping.flatten import Flatten
from fastnn.layers.reshaping.permute import Permute
from fastnn.layers.reshaping.repeat_vector import RepeatVector
from fastnn.layers.reshaping.reshape import Reshape
from fastnn.layers.reshaping.up_sampling import UpSampling1D, UpSampling2D, UpSampling3D
from fastnn.layers.reshaping.zero_padding import ZeroPadding1D, ZeroPadding2D, ZeroPadding3D
from fastnn.layers.rnn.bidirectional import Bidirectional
from fastnn.layers.rnn.conv_lstm import ConvLSTM1D, ConvLSTM2D, ConvLSTM3D
from fastnn.layers.rnn.gru import GRU, GRUCell
from fastnn.layers.rnn.lstm import LSTM, LSTMCell
from fastnn.layers.rnn.rnn import RNN
from fastnn.layers.rnn.simple_rnn import SimpleRNN, SimpleRNNCell
from fastnn.layers.rnn.stacked_rnn_cells import StackedRNNCells
from fastnn.layers.rnn.time_distributed import TimeDistributed
from fastnn.layers.wrapper import Wrapper
from fastnn.naming import missing_names as _missing_names

__all__ = [
    "ELU",
    "GRU",
    "LSTM",
    "RNN",
    "Activation",
    "ActivityRegularization",
    "AdaptiveAveragePooling1D",
    "AdaptiveAveragePooling2D",
    "AdaptiveAveragePooling3D",
    "AdaptiveMaxPooling1D",
    "AdaptiveMaxPooling2D",
    "AdaptiveMaxPooling3D",
    "Add",
    "AdditiveAttention",
    "AlphaDropout",
    "Attention",
    "AugMix",
    "AutoContrast",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "BatchNormalization",
    "Bidirectional",
    "CategoryEncoding",
    "CenterCrop",
    "Concatenate",
    "ContrastLimitedAdaptiveHistogramEqualization",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "ConvLSTM1D",
    "ConvLSTM2D",
    "ConvLSTM3D",
    "Convolution1D",
    "Convolution1DTranspose",
    "Convolution2D",
    "Convolution2DTranspose",
    "Convolution3D",
    "Convolution3DTranspose",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "CutMix",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Discretization",
    "Dot",
    "Dropout",
    "EinsumDense",
    "Embedding",
    "Equalization",
    "Flatten",
    "GRUCell",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "GroupNormalization",
    "GroupQueryAttention",
    "HashedCrossing",
    "Hashing",
    "Identity",
    "Input",
    "InputLayer",
    "InputSpec",
    "IntegerLookup",
    "LSTMCell",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "MaxNumBoundingBoxes",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "Maximum",
    "MelSpectrogram",
    "Minimum",
    "MixUp",
    "MultiHeadAttention",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "Pipeline",
    "RMSNormalization",
    "RandAugment",
    "RandomBrightness",
    "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomContrast",
    "RandomCrop",
    "RandomElasticTransform",
    "RandomErasing",
    "RandomFlip",
    "RandomGaussianBlur",
    "RandomGrayscale",
    "RandomHue",
    "RandomInvert",
    "RandomPerspective",
    "RandomPosterization",
    "RandomRotation",
    "RandomSaturation",
    "RandomSharpness",
    "RandomShear",
    "RandomTranslation",
    "RandomZoom",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Resizing",
    "ReversibleEmbedding",
    "STFTSpectrogram",
    "SeparableConv1D",
    "SeparableConv2D",
    "SeparableConvolution1D",
    "SeparableConvolution2D",
    "SimpleRNN",
    "SimpleRNNCell",
    "Softmax",
    "Solarization",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "SpectralNormalization",
    "StackedRNNCells",
    "StringLookup",
    "Subtract",
    "TextVectorization",
    "TimeDistributed",
    "UnitNormalization",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "Wrapper",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "serialize",
    "subtract",
]

_classes.update(
    {name: member for name in __all__ if isinstance(member := globals()[name], type) and issubclass(member, Layer)}
)


def __dir__() -> list[str]:
    return [*__all__, "__doc__"]


if not _TYPE_CHECKING:
    __getattr__ = _missing_names(__name__, __all__)
