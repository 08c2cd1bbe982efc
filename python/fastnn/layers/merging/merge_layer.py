"""Bases of the layers that merge several inputs into one output, and their masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from fastnn import ops
from fastnn.configurable import is_foreign
from fastnn.engine.channels import add_between_transposes
from fastnn.engine.contract import title
from fastnn.engine.emission import Emission
from fastnn.engine.masks import keep_mask
from fastnn.engine.node_layer import NodeLayer


def _logical_or(emission: Emission, masks: Sequence[int], who: str) -> int:
    """Returns the edge of the logical or of masks."""
    made = masks[0]
    for mask in masks[1:]:
        if mask != made:
            made = emission.run(ops.logical_or, [made, mask], who)[1][0]
    return made


class Merge(NodeLayer):
    """Base of the layers that are called on a list of inputs."""

    __fastnn_makes_masks__ = False
    __fastnn_takes_many__ = True
    supports_masking = True
    __fastnn_elementwise__: ClassVar[bool] = True
    """True if inputs of one shape meet element by element."""
    __fastnn_least__: ClassVar[int] = 1

    def __fastnn_separate_inputs__(self, inputs: Any) -> list[Any]:
        """Returns the tensors, arrays or shapes of a call, one by one."""
        items = list(inputs) if isinstance(inputs, (list, tuple)) else None
        if items is None or len(items) < self.__fastnn_least__ or any(isinstance(item, Mapping) for item in items):
            got = f"a list of {len(items)}" if items is not None else type(inputs).__name__
            many = "two" if self.__fastnn_least__ == 2 else "its inputs"
            raise ValueError(f"{title(self)} expects a list of {many}, such as [a, b], got {got}")
        return items

    def __fastnn_add_core_node__(self, emission: Emission, edges: list[int]) -> list[int]:
        """Adds the node to a graph; returns its output edges."""
        if not self.__fastnn_elementwise__ or len({tuple(emission.graph.spec(edge)[0]) for edge in edges}) > 1:
            return super().__fastnn_add_core_node__(emission, edges)
        add = super().__fastnn_add_core_node__
        return add_between_transposes(emission, edges, self.name, lambda moved: add(emission, moved))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Returns the logical or of the masks; None where an input has none.

        Args:
            inputs: A list of tensors or arrays.
            mask: A list of their masks, or None.

        Raises:
            ValueError: These are no lists of one length.
        """
        if mask is None:
            return None
        masks = self._listed_masks(inputs, mask)
        if any(one is None for one in masks):
            return None
        made = ops.cast(masks[0], "bool")
        for one in masks[1:]:
            made = ops.logical_or(made, one)
        return made

    def _listed_masks(self, inputs: Any, masks: Any) -> list[Any]:
        if not isinstance(masks, (list, tuple)) or len(masks) != len(self.__fastnn_separate_inputs__(inputs)):
            raise ValueError(f"{title(self)} expects a list of a mask, or None, for each input, got {masks!r}")
        return list(masks)

    def __fastnn_set_output_masks__(
        self, emission: Emission, edges: list[int], masks: Sequence[int | None], outputs: list[int]
    ) -> None:
        """Gives the output its mask: that of a `compute_mask` of the user's, or the masks of the inputs merged."""
        own = type(self).compute_mask
        if any(own is vars(base).get("compute_mask") for base in type(self).__mro__ if not is_foreign(base)):
            if any(mask is not None for mask in masks):
                keep_mask(emission, self.__fastnn_merge_masks__(emission, edges, masks, outputs), outputs)
        else:
            super().__fastnn_set_output_masks__(emission, edges, masks, outputs)

    def __fastnn_merge_masks__(
        self, emission: Emission, edges: list[int], masks: Sequence[int | None], outputs: list[int]
    ) -> int | None:
        """Returns the logical or of the masks; None where an input has no mask, since all of its positions count."""
        given = [mask for mask in masks if mask is not None]
        if len(given) < len(masks):
            return None
        if len({len(emission.graph.spec(mask)[0]) for mask in given}) > 1:
            return None
        return _logical_or(emission, given, title(self))


class MaskedMerge(Merge):
    """Base of the layers in which masked elements take no part."""

    def __fastnn_add_masked_node__(
        self, emission: Emission, edges: list[int], masks: Sequence[int | None]
    ) -> list[int]:
        """Adds the node to a graph; a layer that reads masks adds more, or another."""
        ranks = {len(emission.graph.spec(edge)[0]) for edge in edges}
        given = [mask for mask in masks if mask is not None]
        if not given or len(ranks) > 1:
            return self.__fastnn_add_core_node__(emission, edges)
        rank = ranks.pop()

        def merged(*tensors: Any) -> Any:
            rest = iter(tensors[len(edges) :])
            counts = [None if mask is None else next(rest) for mask in masks]
            spread = [
                None if one is None else ops.reshape(one, (-1, *one.shape[1:], *[1] * (rank - len(one.shape))))
                for one in counts
            ]
            return self._merge_unmasked(list(tensors[: len(edges)]), spread)

        return emission.run(merged, [*edges, *given], title(self))[1]

    def _merge_unmasked(self, inputs: list[Any], counts: list[Any]) -> Any:
        """Returns the output.

        Args:
            inputs: Tensors.
            counts: For each tensor its mask, true where it counts, or None.
        """
        raise NotImplementedError
