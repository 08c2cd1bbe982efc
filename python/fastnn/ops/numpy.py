"""Functions of `fastnn.ops` under the name that Keras has for those of NumPy: `keras.ops.numpy`.

The package fills it when all of them are defined.
"""
