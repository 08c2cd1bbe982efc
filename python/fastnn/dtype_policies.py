"""Policies of element types: "float32", "float64", "mixed_bfloat16", "bfloat16", and those of quantized layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastnn import precision
from fastnn.naming import suggestion

__all__ = ["DTypePolicy", "FloatDTypePolicy", "QuantizedDTypePolicy", "deserialize", "get", "serialize"]


class DTypePolicy:
    """Policy of the element types of a layer: "float32" for weights and for arithmetic, or "float64" for both.

    With "mixed_bfloat16", the inputs, kernels and gradients of `Dense` and `EinsumDense` are rounded to bfloat16 where
    they are multiplied, unless the equation is more than one matrix product; sums, and all else, are float32. Where
    processors have AVX512-BF16, large products then take about half the time; elsewhere they take longer.

    With "bfloat16", the kernels of these layers and the tables of `Embedding` are held in bfloat16, too: half the
    memory, and files of half the size. Each update is rounded to the nearest, so steps of less than 1/512 of a weight
    are lost: train with "mixed_bfloat16" and load the weights into a model of "bfloat16".

    Args:
        name: "float32", "float64", "mixed_bfloat16" or "bfloat16"; None means the one that
            `fastnn.config.dtype_policy()` has. "mixed_float16" and "float16" mean "float32", with a warning.

    Raises:
        ValueError: Another policy is asked for.

    Example:
        >>> fastnn.dtype_policies.DTypePolicy("float32").compute_dtype
        'float32'
    """

    quantization_mode: str | None = None

    def __init__(self, name: Any = None) -> None:
        name = precision.computed_in(getattr(name, "name", getattr(name, "__name__", name)))
        known = (*precision.FLOATS, *precision.ROUNDING)
        if name not in (*known, None):
            hint = suggestion(name, known) if isinstance(name, str) else ""
            raise ValueError(
                f"{type(self).__name__} expects {', '.join(map(repr, known[:-1]))} or {known[-1]!r}, got {name!r}."
                f"{hint} Or leave the policy out: fastnn computes in float32, which processors are fast with"
            )
        self._name = name or precision.default_policy()
        self.compute_dtype = precision.BFLOAT16 if self._name in precision.ROUNDING else self._name
        self.variable_dtype = "float32" if self._name == precision.MIXED else self._name

    @property
    def name(self) -> str:
        """The name: "float32", "float64", "mixed_bfloat16" or "bfloat16"."""
        return self._name

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments from which `from_config` makes an equal policy."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> DTypePolicy:
        """Returns the policy that `get_config` described.

        Args:
            config: The arguments.

        Returns:
            The new policy.
        """
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f'<{type(self).__name__} "{self.name}">'


FloatDTypePolicy = DTypePolicy


class QuantizedDTypePolicy(DTypePolicy):
    """Policy of a layer whose large weights are integers of few bits, made of float32.

    Args:
        mode: "int8".
        source_name: The policy before: "float32", "mixed_bfloat16" or "bfloat16"; None means
            `fastnn.config.dtype_policy()`.

    Raises:
        ValueError: Another mode or policy is asked for.

    Example:
        >>> fastnn.dtype_policies.QuantizedDTypePolicy("int8")
        <QuantizedDTypePolicy "int8_from_float32">
    """

    def __init__(self, mode: str, source_name: str | None = None) -> None:
        super().__init__(source_name)
        if precision.computed(self.variable_dtype) != "float32":
            raise ValueError(
                "QuantizedDTypePolicy expects source_name 'float32', 'mixed_bfloat16' or 'bfloat16', got "
                f"{self._name!r}"
            )
        if mode != "int8":
            raise ValueError(f"QuantizedDTypePolicy expects mode 'int8', the only one that fastnn has, got {mode!r}")
        self.quantization_mode = mode

    @property
    def name(self) -> str:
        """The name: "int8_from_float32", "int8_from_mixed_bfloat16" or "int8_from_bfloat16"."""
        return f"{self.quantization_mode}_from_{self._name}"

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments from which `from_config` makes an equal policy."""
        return {"mode": self.quantization_mode, "source_name": self._name}


def get(identifier: Any) -> DTypePolicy:
    """Returns a policy for a name, a config or a policy.

    Args:
        identifier: "float32", "float64", "mixed_bfloat16", "bfloat16", "int8_from_float32", a config with
            "class_name" and "config", a policy, or None for the one that `fastnn.config.dtype_policy()` has.

    Raises:
        ValueError: It is another policy.

    Example:
        >>> fastnn.dtype_policies.get("float32")
        <DTypePolicy "float32">
    """
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, Mapping):
        return deserialize(identifier)
    mode, quantized, source = identifier.partition("_from_") if isinstance(identifier, str) else ("", "", "")
    return QuantizedDTypePolicy(mode, source) if quantized else DTypePolicy(identifier)


def serialize(dtype_policy: DTypePolicy) -> dict[str, Any]:
    """Returns the config of a policy, as Keras writes it.

    Args:
        dtype_policy: A policy.

    Example:
        >>> fastnn.dtype_policies.serialize(fastnn.dtype_policies.get("float32"))["config"]
        {'name': 'float32'}
    """
    name = type(dtype_policy).__name__
    module = "keras" if name == "DTypePolicy" else "keras.dtype_policies"
    return {"module": module, "class_name": name, "config": dtype_policy.get_config(), "registered_name": None}


def deserialize(config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> DTypePolicy:
    """Returns the policy that a config describes.

    Args:
        config: What `serialize` returned.
        custom_objects: Accepted for Keras compatibility; ignored.

    Raises:
        ValueError: It is the config of another policy.

    Example:
        >>> fastnn.dtype_policies.deserialize({"class_name": "DTypePolicy", "config": {"name": "float32"}})
        <DTypePolicy "float32">
    """
    if not isinstance(config, Mapping):
        return get(config)
    found = _classes.get(str(config.get("class_name")))
    if found is None:
        raise ValueError(
            f"dtype_policies expects the config of a DTypePolicy 'float32' or a QuantizedDTypePolicy 'int8', got "
            f"{dict(config)!r}"
        )
    return found.from_config(config.get("config", {}))


_classes: dict[str, type[DTypePolicy]] = {
    "DTypePolicy": DTypePolicy, "FloatDTypePolicy": DTypePolicy, "QuantizedDTypePolicy": QuantizedDTypePolicy,
}  # fmt: skip


def __dir__() -> list[str]:
    return __all__
