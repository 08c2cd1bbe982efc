"""Named values that may be frozen."""

from __future__ import annotations

import json
from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from typing import Any

from fastnn.naming import suggestion


class Config:
    """Named values, read and set as attributes or as entries, which may be frozen.

    Args:
        **kwargs: The first values, by name.

    Example:
        >>> settings = fastnn.utils.Config(rate=0.1)
        >>> settings.epochs = 5
        >>> settings["rate"], settings.to_json()
        (0.1, '{"rate": 0.1, "epochs": 5}')
        >>> settings.freeze()
        >>> settings.epochs = 6
        Traceback (most recent call last):
        ValueError: Config is frozen: its values cannot change before unfreeze()
    """

    _config: dict[str, Any]
    _frozen: bool

    def __init__(self, **kwargs: Any) -> None:
        object.__setattr__(self, "_config", kwargs)
        object.__setattr__(self, "_frozen", False)

    @property
    def frozen(self) -> bool:
        """True while the values cannot change."""
        return self._frozen

    def freeze(self) -> None:
        """Makes each change of a value an error."""
        object.__setattr__(self, "_frozen", True)

    def unfreeze(self) -> None:
        """Lets values change again."""
        object.__setattr__(self, "_frozen", False)

    def as_dict(self) -> dict[str, Any]:
        """Returns the values as a new dict."""
        return dict(self._config)

    def to_json(self) -> str:
        """Returns the values as JSON."""
        return json.dumps(self._config)

    def keys(self) -> KeysView[str]:
        """Returns the names."""
        return self._config.keys()

    def values(self) -> ValuesView[Any]:
        """Returns the values."""
        return self._config.values()

    def items(self) -> ItemsView[str, Any]:
        """Returns pairs of names and values."""
        return self._config.items()

    def get(self, keyname: str, value: Any = None) -> Any:
        """Returns a value by its name.

        Args:
            keyname: The name.
            value: What is returned where there is no such name.
        """
        return self._config.get(keyname, value)

    def pop(self, *args: Any) -> Any:
        """Removes a name and returns its value.

        Args:
            *args: The name, and what is returned where there is no such name.

        Returns:
            The value.

        Raises:
            ValueError: It is frozen.
            KeyError: There is no such name.
        """
        return self._changing().pop(*args)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Sets several values.

        Args:
            *args: A dict of them.
            **kwargs: The same, by name.

        Raises:
            ValueError: It is frozen.
        """
        self._changing().update(*args, **kwargs)

    def _changing(self) -> dict[str, Any]:
        if self._frozen:
            raise ValueError("Config is frozen: its values cannot change before unfreeze()")
        return self._config

    def __setattr__(self, name: str, value: Any) -> None:
        if name in dir(type(self)):
            raise ValueError(f"Config has a method or attribute {name!r} of its own; set config[{name!r}]")
        self._changing()[name] = value

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "_config" not in vars(self):
            raise AttributeError(name)
        if name not in self._config:
            raise AttributeError(f"Config has no value {name!r}.{suggestion(name, list(self._config))}")
        return self._config[name]

    def __setitem__(self, key: str, item: Any) -> None:
        self._changing()[key] = item

    def __getitem__(self, key: str) -> Any:
        return self._config[key]

    def __delitem__(self, key: str) -> None:
        del self._changing()[key]

    def __contains__(self, item: object) -> bool:
        return item in self._config

    def __iter__(self) -> Iterator[str]:
        return iter(self._config)

    def __len__(self) -> int:
        return len(self._config)

    def __repr__(self) -> str:
        return f"<Config {self._config}>"
