"""Attention: what each step of one sequence takes from the steps of another.

The scores, the masks, softmax and what it weighs are one node of the core; the projections around it are layers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from fastnn import _core, activations
from fastnn.layer import Layer
from fastnn.seeds import next_seed
from fastnn.symbolic import operators
from fastnn.variable import Variable


def _attend(
    layer: Layer,
    kind: str,
    config: dict[str, Any],
    tensors: Sequence[Any],
    masks: dict[str, Any],
    weights: Sequence[Variable] = (),
    stream: _core.Stream | None = None,
) -> Any:
    """The node on query, value and key, with those of the masks that are there."""
    given = {name: operators["cast"](mask, "bool") for name, mask in masks.items() if mask is not None}
    config = {**config, **dict.fromkeys(given, True)}
    return operators["node"](kind, config, [*tensors, *given.values()], layer.name, weights, stream)


class _ScoredAttention(Layer):
    """A layer that is called on [query, value] or [query, value, key]."""

    takes_many = True
    supports_masking = True
    dropout: float
    use_scale: bool

    def _open(self, seed: int | None) -> None:
        if not 0 <= self.dropout <= 1:
            raise ValueError(f"{self.who()} expects dropout from 0 to 1, got {self.dropout!r}")
        self.stream = _core.Stream(next_seed() if seed is None else int(seed))

    def _sequences(self, inputs: Any) -> list[Any]:
        if not isinstance(inputs, (list, tuple)) or len(inputs) not in (2, 3):
            got = f"a list of {len(inputs)}" if isinstance(inputs, (list, tuple)) else type(inputs).__name__
            raise ValueError(f"{self.who()} expects a list [query, value] or [query, value, key], got {got}")
        return [*inputs, inputs[1]][:3]

    def _scored(
        self,
        config: dict[str, Any],
        weights: Sequence[Variable],
        inputs: Any,
        mask: Any,
        training: bool | None,
        shown: bool,
    ) -> Any:
        if mask is not None and (not isinstance(mask, (list, tuple)) or len(mask) not in (2, 3)):
            raise ValueError(f"{self.who()} expects mask to be a list [query_mask, value_mask], got {mask!r}")
        masks = {} if mask is None else {"value_mask": mask[1], "zero_mask": mask[0]}
        config = {**config, "dropout": self.dropout if training else 0.0, "return_attention_scores": shown}
        kind = type(self).__name__ if type(self) is AdditiveAttention else "Attention"
        made = _attend(self, kind, config, self._sequences(inputs), masks, weights, self.stream)
        return tuple(made) if shown else made

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The query's mask."""
        return None if previous_mask is None else previous_mask[0]


class Attention(_ScoredAttention):
    """softmax(score(query, key)) value: for each step of the query a mean of the value's steps.

    Called on [query, value], where the value is the key too, or on [query, value, key]. Call arguments: `mask`, a list
    [query_mask, value_mask] of (batch, steps), where the output is 0 for a query that does not count and no query looks
    at a value that does not; `use_causal_mask`, whether a step looks only at steps up to its own;
    `return_attention_scores`, whether the weights come out too; `training`.

    Shapes: (batch, queries, size), (batch, keys, width), (batch, keys, size) -> (batch, queries, width), and weights of
    (batch, queries, keys); `scale` and `concat_score_weight` are single numbers.

    Args:
        use_scale: Whether there is a `scale` that is learned, by which scores (for "concat" what tanh is given) are
            multiplied.
        score_mode: "dot": the sum of query * key; "concat": that of tanh(query + key), times `concat_score_weight`.
        dropout: The share of weights that is dropped in training.
        seed: A whole number, or None to draw one.
        **kwargs: `name`, `trainable`, as in `Layer`.

    Raises:
        ValueError: An argument is out of its range, or the inputs are no list of two or three.

    Example:
        >>> Attention()([query, value])
    """

    scale: Variable | None = None
    concat_score_weight: Variable | None = None

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if score_mode not in ("dot", "concat"):
            raise ValueError(f"{self.who()} expects score_mode 'dot' or 'concat', got {score_mode!r}")
        self._open(seed)

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights of the scores."""
        self._sequences(input_shape)
        if self.use_scale:
            self.scale = self.add_weight((), "ones", name="scale")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight((), "ones", name="concat_score_weight")
        self.built = True

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: bool | None = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """The output, or a tuple of output and weights; see the class."""
        config = {"score_mode": self.score_mode, "use_scale": self.use_scale, "use_causal_mask": use_causal_mask}
        weights = [weight for weight in (self.scale, self.concat_score_weight) if weight is not None]
        return self._scored(config, weights, inputs, mask, training, return_attention_scores)


class AdditiveAttention(_ScoredAttention):
    """Attention whose scores are the sum of scale * tanh(query + key), as in Bahdanau et al. (2014).

    It is called as `Attention` is.

    Shapes: (batch, queries, size), (batch, keys, width), (batch, keys, size) -> (batch, queries, width); `scale` is
    (size,).

    Args:
        use_scale: Whether there is a `scale` that is learned; else it is 1.
        dropout: The share of weights that is dropped in training.
        seed: A whole number, or None to draw one.
        **kwargs: `name`, `trainable`, as in `Layer`.

    Raises:
        ValueError: An argument is out of its range, or the inputs are no list of two or three.

    Example:
        >>> AdditiveAttention()([query, value])
    """

    scale: Variable | None = None

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._open(seed)

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights of the scores."""
        query = self._sequences(input_shape)[0]
        if self.use_scale:
            self.scale = self.add_weight((query[-1],), "glorot_uniform", name="scale")
        self.built = True

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: bool | None = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """The output, or a tuple of output and weights; see the class."""
        config = {"use_scale": self.use_scale, "use_causal_mask": use_causal_mask}
        weights = [] if self.scale is None else [self.scale]
        return self._scored(config, weights, inputs, mask, training, return_attention_scores)


class _Projecting(Layer):
    """A layer with an argument `output_shape`, which is no attribute of that name: there a layer says its shape."""

    _sizes: tuple[int | None, ...] | None

    def _store(self, arguments: dict[str, Any]) -> None:
        given = arguments.pop("output_shape")
        self._sizes = given if given is None else (given,) if isinstance(given, int) else tuple(given)
        super()._store(arguments)

    def _argument_names(self) -> tuple[str, ...]:
        return tuple(name for name in super()._argument_names() if name != "output_shape")

    def get_config(self) -> dict[str, Any]:
        """The arguments from which `from_config` makes an equal layer without weights, as plain values."""
        return {**super().get_config(), "output_shape": None if self._sizes is None else list(self._sizes)}


class EinsumDense(_Projecting):
    """activation(einsum(equation, x, kernel) + bias): a `Dense` between axes of your choice.

    Shapes: as the equation says, a letter for each axis: "abc,cd->abd" is a Dense on sequences, "abc,cde->abde" one
    with two axes of units, "...x,xy->...y" one for any number of axes. The letters of the kernel that the input has get
    their sizes from there, the others from `output_shape`.

    Args:
        equation: The letters of the input, of the kernel and of the output; "..." at the front or the end of input and
            output stands for any axes.
        output_shape: The output's sizes without the batch (with "..." in front, those of its letters alone); None for
            those that are the input's.
        activation: A name or a function of `fastnn.activations`; None: linear.
        bias_axes: The letters of the output that the bias has; None: no bias.
        kernel_initializer: The kernel's first values.
        bias_initializer: The bias' first values.
        kernel_regularizer: A penalty on the kernel.
        bias_regularizer: A penalty on the bias.
        kernel_constraint: What is imposed on the kernel after each update.
        bias_constraint: What is imposed on the bias after each update.
        lora_rank: Not supported; None.
        lora_alpha: Not supported; None.
        gptq_unpacked_column_size: Not supported; None.
        quantization_config: Not supported; None.
        **kwargs: `name`, `trainable`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: The equation is none, or does not go with the input or with `output_shape`.

    Example:
        >>> EinsumDense("abc,cd->abd", output_shape=(None, 64), bias_axes="d")
    """

    kernel: Variable
    bias: Variable | None = None

    def __init__(
        self,
        equation: str,
        output_shape: int | Sequence[int | None],
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        gptq_unpacked_column_size: int | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name in ("lora_rank", "lora_alpha", "gptq_unpacked_column_size", "quantization_config"):
            if getattr(self, name) is not None:
                raise ValueError(f"{self.who()} does not support {name}; leave it at None")
        parts = equation.replace(" ", "").replace("->", ",").split(",")
        plain = [part.replace("...", "") for part in parts]
        if len(parts) != 3 or "->" not in equation or not all(p.isalpha() and len(set(p)) == len(p) for p in plain):
            raise ValueError(
                f"{self.who()} expects an equation such as 'abc,cd->abd', with the letters of input, kernel and "
                f"output, got {equation!r}"
            )
        self._terms = parts

    def _expanded(self, rank: int) -> tuple[str, str, str, int]:
        """The letters of input, kernel and output for an input of so many axes, and how many stand for "..."."""
        given, kernel, out = self._terms
        named = len(given.replace("...", ""))
        left = rank - named
        if left < 0 or (left > 0 and "..." not in given) or ("..." in given) != ("..." in out):
            raise ValueError(
                f"{self.who()} expects an input of {named} axes, as {self.equation!r} says, got one of {rank}"
            )
        spare = "".join(c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in self.equation)[:left]
        return given.replace("...", spare), kernel, out.replace("...", spare), left

    def build(self, input_shape: Any = None) -> None:
        """Makes kernel and bias for inputs of this shape."""
        given, kernel, _, left = self._expanded(len(input_shape))
        sizes = dict(zip(given, input_shape, strict=True))
        leading = self._terms[2].startswith("...")
        named = self._terms[2].replace("...", "")
        asked = named if leading else named[1:]
        wanted = self._sizes or ()
        if len(wanted) != len(asked):
            raise ValueError(
                f"{self.who()} expects output_shape to have {len(asked)} sizes, for {asked!r} of {self.equation!r}, "
                f"got {wanted}"
            )
        for letter, size in zip(asked, wanted, strict=True):
            known = sizes.setdefault(letter, size)
            if size is not None and known is not None and known != size:
                raise ValueError(f"{self.who()}: {letter!r} is {known} in the input and {size} in output_shape")
        for letter in kernel:
            if sizes.get(letter) is None:
                raise ValueError(
                    f"{self.who()} expects a size for {letter!r} of the kernel, from the input {tuple(input_shape)} or "
                    f"from output_shape {wanted}"
                )
        self.kernel = self.add_weight(
            tuple(sizes[letter] for letter in kernel),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        if self.bias_axes:
            for letter in self.bias_axes:
                if letter not in named or sizes.get(letter) is None:
                    raise ValueError(
                        f"{self.who()} expects bias_axes among {named!r}, whose sizes are known, got {self.bias_axes!r}"
                    )
            behind = named[min(named.index(letter) for letter in self.bias_axes) :]
            shape = [sizes[letter] if letter in self.bias_axes else 1 for letter in behind]
            self.bias = self.add_weight(
                (*shape, *([] if leading else [1] * left)),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )
        self._build_shape = tuple(input_shape)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The output; see the class."""
        given, kernel, out, _ = self._expanded(len(inputs.shape))
        summed = "".join(c for c in kernel if c not in out)
        made = "".join(c for c in kernel if c not in given)
        bias = self.bias
        if (
            summed
            and made
            and kernel == summed + made
            and given.endswith(summed)
            and (out == given.removesuffix(summed) + made and len(given) > len(summed))
        ):
            # The axes lie as a Dense wants them: it is one product, with the bias in it where it has all new axes.
            sizes = list(self.kernel.shape[len(summed) :])
            within = bias is not None and list(bias.shape) == sizes
            config = {"contracted": len(summed), "output_shape": sizes, "use_bias": within}
            weights = [self.kernel, *([bias] if within and bias is not None else [])]
            y = operators["node"]("EinsumDense", config, [inputs], self.name, weights)
            bias = None if within else bias
        elif any(letter in given and letter in out for letter in kernel):
            y = self._apart(inputs, given, kernel, out)
        else:
            y = operators["einsum"](f"{given},{kernel}->{out}", inputs, self.kernel)
        if bias is not None:
            y = operators["add"](y, bias)
        return y if self.activation is activations.linear else self.activation(y)

    def _apart(self, inputs: Any, given: str, kernel: str, out: str) -> Any:
        """The output where each place along some axis has a kernel of its own: products, then their sums."""
        letters = given + "".join(c for c in kernel if c not in given)
        order = sorted(range(len(kernel)), key=lambda i: letters.index(kernel[i]))
        sizes = dict(zip(kernel, self.kernel.shape, strict=True))
        factors = operators["transpose"](self.kernel, order)
        factors = operators["reshape"](factors, tuple(sizes.get(letter, 1) for letter in letters[1:]))
        behind: tuple[Any, ...] = (..., *[None] * (len(letters) - len(given)))
        spread = inputs[behind]
        left = [letter for letter in letters if letter in out]
        y = operators["sum"](
            operators["multiply"](spread, factors), axis=tuple(i for i, c in enumerate(letters) if c not in out)
        )
        return operators["transpose"](y, [left.index(letter) for letter in out])


class MultiHeadAttention(_Projecting):
    """Several attentions side by side, each between projections of its own, and a projection of what they make.

    Called with query and value, and a key where it is not the value. Further call arguments: `query_mask`,
    `value_mask`, `key_mask`, (batch, steps), where a step that does not count neither looks nor is looked at (those of
    masked inputs are found by themselves); `attention_mask`, (batch, queries, keys) or with heads after the batch, true
    where a query may look; `use_causal_mask`, whether a step looks only at steps up to its own;
    `return_attention_scores`, whether the weights (batch, heads, queries, keys) come out too; `training`. A query that
    may look nowhere gets the mean of all values.

    Shapes: (batch, queries, n), (batch, keys, m) -> (batch, queries, n), or `output_shape` in place of n. The kernels
    are (n, heads, key_dim) for the query, the same of their sizes for key and value (with `value_dim`), and
    (heads, value_dim, n) for the output.

    Args:
        num_heads: How many attentions.
        key_dim: The size of a head's query and key.
        value_dim: The size of a head's value; None: `key_dim`.
        dropout: The share of weights that is dropped in training.
        use_bias: Whether the projections have a bias.
        output_shape: The output's size, or several, after the steps; None: the query's.
        attention_axes: The axis of the steps; None or 1.
        sliding_window: How far a step may look: at steps less than this away; None: at all.
        flash_attention: Taken for Keras' sake; it says nothing here.
        kernel_initializer: The first values of all kernels.
        bias_initializer: The first values of all biases.
        kernel_regularizer: A penalty on the kernels.
        bias_regularizer: A penalty on the biases.
        activity_regularizer: A penalty on the outputs of the projections.
        kernel_constraint: What is imposed on the kernels after each update.
        bias_constraint: What is imposed on the biases after each update.
        use_gate: Whether what the heads make is multiplied by the sigmoid of one more projection of the query.
        seed: A whole number, or None to draw one.
        **kwargs: `name`, `trainable`, as in `Layer`.

    Raises:
        ValueError: A size is no whole number of at least 1, or the inputs are no sequences that go together.

    Example:
        >>> MultiHeadAttention(num_heads=4, key_dim=16)(x, x, use_causal_mask=True)
    """

    supports_masking = True

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: int | Sequence[int] | None = None,
        attention_axes: int | Sequence[int] | None = None,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name in ("num_heads", "key_dim", "value_dim", "sliding_window"):
            size = getattr(self, name)
            absent = size is None and name in ("value_dim", "sliding_window")
            if not absent and (isinstance(size, bool) or not isinstance(size, int) or size < 1):
                raise ValueError(f"{self.who()} expects {name} to be a whole number of at least 1, got {size!r}")
        if not 0 <= dropout <= 1:
            raise ValueError(f"{self.who()} expects dropout from 0 to 1, got {dropout!r}")
        if attention_axes not in (None, 1, (1,), [1]):
            raise ValueError(
                f"{self.who()} attends along axis 1, the steps of (batch, steps, size), got "
                f"attention_axes={attention_axes!r}; bring the axis there with Permute"
            )
        self.stream = _core.Stream(next_seed() if seed is None else int(seed))

    def _projection(self, word: str, equation: str, sizes: Sequence[int | None], activation: Any = None) -> EinsumDense:
        def anew(initializer: Any) -> Any:
            # An object with a seed repeats itself, one without draws a seed: so do its copies, one for each kernel.
            config = initializer.get_config() if hasattr(initializer, "get_config") else None
            return initializer if config is None else type(initializer).from_config(config)

        new = equation.partition("->")[2][2:]
        made = EinsumDense(
            equation,
            sizes,
            activation,
            new if self.use_bias else None,
            anew(self.kernel_initializer),
            anew(self.bias_initializer),
            self.kernel_regularizer,
            self.bias_regularizer,
            self.kernel_constraint,
            self.bias_constraint,
            activity_regularizer=self.activity_regularizer,
            name=word,
        )
        made.supports_masking = True  # steps stay steps
        return made

    def build(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> None:  # type: ignore[override]
        """Makes the projections.

        Args:
            query_shape: (batch, queries, n).
            value_shape: (batch, keys, m).
            key_shape: The same for the key; None: the value's.

        Raises:
            ValueError: These are no sequences, or value and key differ in their steps.
        """
        key_shape = value_shape if key_shape is None else key_shape
        for name, shape in (("query", query_shape), ("value", value_shape), ("key", key_shape)):
            if len(shape) != 3 or shape[-1] is None:
                raise ValueError(f"{self.who()} expects a {name} of (batch, steps, size), got {tuple(shape)}")
        if value_shape[1] != key_shape[1]:
            raise ValueError(
                f"{self.who()} expects a value and a key of as many steps, got {tuple(value_shape)} and "
                f"{tuple(key_shape)}"
            )
        heads, width = self.num_heads, self.value_dim or self.key_dim
        self.query_dense = self._projection("query", "abc,cde->abde", (None, heads, self.key_dim))
        self.query_dense.build(query_shape)
        self.key_dense = self._projection("key", "abc,cde->abde", (None, heads, self.key_dim))
        self.key_dense.build(key_shape)
        if self.use_gate:
            self.gate_dense = self._projection("gate", "abc,cde->abde", (None, heads, width), "sigmoid")
            self.gate_dense.build(query_shape)
        self.value_dense = self._projection("value", "abc,cde->abde", (None, heads, width))
        self.value_dense.build(value_shape)
        sizes = (query_shape[-1],) if self._sizes is None else self._sizes
        letters = "efghijklmnop"[: len(sizes)]
        self.output_dense = self._projection("attention_output", f"abcd,cd{letters}->ab{letters}", (None, *sizes))
        self.output_dense.build((None, query_shape[1], heads, width))
        self.built = True

    def compute_output_shape(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> Any:  # type: ignore[override]
        """The output's shape: the query's, or with `output_shape` in place of its last size."""
        return tuple(query_shape) if self._sizes is None else (*query_shape[:-1], *self._sizes)

    def _emit_penalty(self, emission: Any, edges: list[int]) -> list[int]:
        return edges  # the projections have it

    def call(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """The output, or a tuple of output and weights; see the class."""
        key = value if key is None else key
        tensors = [self.query_dense(query), self.value_dense(value), self.key_dense(key)]
        config = {
            "factor": 1.0 / math.sqrt(self.key_dim),
            "dropout": self.dropout if training else 0.0,
            "use_causal_mask": use_causal_mask,
            "sliding_window": self.sliding_window,
            "return_attention_scores": return_attention_scores,
        }
        masks = {
            "query_mask": query_mask,
            "value_mask": value_mask,
            "key_mask": key_mask,
            "attention_mask": attention_mask,
        }
        made = _attend(self, "MultiHeadAttention", config, tensors, masks, (), self.stream)
        heads, *scores = made if return_attention_scores else [made]
        if self.use_gate:
            heads = operators["multiply"](heads, self.gate_dense(query))
        output = self.output_dense(heads)
        return (output, *scores) if return_attention_scores else output
