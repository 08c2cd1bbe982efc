"""`tf.audio`: sounds of WAV files."""

from fastnn.stand_in.files import decode_wav

__all__ = ["decode_wav"]
