"""`tf.io`: files and their decoding."""

from __future__ import annotations

import glob as _glob
import os
import shutil
from typing import Any

from fastnn.stand_in.files import (
    decode_bmp,
    decode_csv,
    decode_gif,
    decode_image,
    decode_jpeg,
    decode_png,
    decode_raw,
    encode_jpeg,
    encode_png,
    matching_files,
    read_file,
    text,
    write_file,
)

__all__ = [
    "decode_bmp", "decode_csv", "decode_gif", "decode_image", "decode_jpeg", "decode_png", "decode_raw", "encode_jpeg",
    "encode_png", "gfile", "matching_files", "read_file", "write_file",
]  # fmt: skip


class gfile:
    """Files and folders of this machine, under the names of `tf.io.gfile`."""

    @staticmethod
    def GFile(name: Any, mode: str = "r") -> Any:
        """Opens a file."""
        return open(text(name), mode)

    @staticmethod
    def exists(path: Any) -> bool:
        """Returns whether there is a file or folder."""
        return os.path.exists(text(path))

    @staticmethod
    def isdir(path: Any) -> bool:
        """Returns whether there is a folder."""
        return os.path.isdir(text(path))

    @staticmethod
    def glob(pattern: Any) -> list[str]:
        """Returns the sorted paths that match a pattern, or one of several."""
        patterns = pattern if isinstance(pattern, (list, tuple)) else [pattern]
        return sorted(path for one in patterns for path in _glob.glob(text(one)))

    @staticmethod
    def listdir(path: Any) -> list[str]:
        """Returns the names in a folder."""
        return os.listdir(text(path))

    @staticmethod
    def makedirs(path: Any) -> None:
        """Makes a folder, and those above it."""
        os.makedirs(text(path), exist_ok=True)

    mkdir = makedirs

    @staticmethod
    def remove(path: Any) -> None:
        """Removes a file."""
        os.remove(text(path))

    @staticmethod
    def rmtree(path: Any) -> None:
        """Removes a folder and all in it."""
        shutil.rmtree(text(path))

    @staticmethod
    def copy(src: Any, dst: Any, overwrite: bool = False) -> None:
        """Copies a file.

        Raises:
            FileExistsError: The other file exists, and `overwrite` is False.
        """
        if not overwrite and os.path.exists(text(dst)):
            raise FileExistsError(f"tf.io.gfile.copy: {text(dst)} exists; give overwrite=True")
        shutil.copyfile(text(src), text(dst))
