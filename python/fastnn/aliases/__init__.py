"""Import paths of Keras and TensorFlow that lead to fastnn, for scripts that are run as they are."""
