"""The chapters of the API reference, in the order of its pages, and what belongs to each.

A name of the package belongs to the first chapter that lists its module, so that what several modules have stands where
a reader looks for it: a layer among the layers, a loss among the losses.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """A part of a chapter.

    Args:
        title: The heading.
        files: The files or packages that define its names, as modules below `fastnn` ("" is `fastnn` itself); none: all
            that are left.
    """

    title: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chapter:
    """A chapter of the reference.

    Args:
        slug: The folder of its pages.
        title: The heading.
        about: One or two sentences, in reStructuredText.
        sources: Modules below `fastnn` whose names it has, or paths of single names. A module stands for those inside
            of it, too.
        sections: Its parts, in order.
    """

    slug: str
    title: str
    about: str
    sources: tuple[str, ...]
    sections: tuple[Section, ...] = (Section(""),)


CHAPTERS = (
    Chapter(
        "models",
        "Models",
        "A model owns layers, and trains, predicts and is saved as a whole.",
        ("Model", "Sequential", "models.Functional", "models.clone_model"),
    ),
    Chapter(
        "layers",
        "Layers",
        "What models are made of. Every layer takes the arguments of :class:`fastnn.layers.Layer`, too, such as "
        "``name`` and ``dtype``, and has its methods.",
        ("layers", "Input"),
        (
            Section("Base classes", ("engine", "layers.wrapper")),
            Section("Core", ("layers.core", "layers.einsum_dense")),
            Section("Activations", ("layers.activations",)),
            Section("Convolution", ("layers.convolutional",)),
            Section("Pooling", ("layers.pooling",)),
            Section("Recurrence", ("layers.rnn",)),
            Section("Attention", ("layers.attention",)),
            Section("Normalization", ("layers.normalization",)),
            Section("Regularization", ("layers.regularization",)),
            Section("Reshaping", ("layers.reshaping",)),
            Section("Merging", ("layers.merging",)),
            Section(
                "Preprocessing of numbers, categories and texts",
                tuple(
                    f"layers.preprocessing.{name}"
                    for name in (
                        "category_encoding",
                        "discretization",
                        "hashed_crossing",
                        "hashing",
                        "integer_lookup",
                        "normalization",
                        "string_lookup",
                        "text_vectorization",
                    )
                ),
            ),
            Section("Preprocessing of sound", ("layers.preprocessing.spectrograms",)),
            Section("Preprocessing and augmentation of images", ("layers.preprocessing",)),
            Section("Layers and configs", ("layers.lookup",)),
        ),
    ),
    Chapter(
        "activations",
        "Activations",
        'Functions of arrays and tensors, which layers take by name too: ``Dense(10, activation="relu")``.',
        ("activations",),
        (
            Section("Rectifiers", ("activations.rectifiers",)),
            Section("Bounded functions and their logarithms", ("activations.squashing",)),
            Section("Along axes", ("activations.along_axes",)),
            Section("Shrinking", ("activations.shrinking",)),
            Section("Look-up by name", ("activations.lookup",)),
        ),
    ),
    Chapter(
        "ops",
        "Operations",
        "Functions on arrays, and on the tensors of a model. On arrays they compute at once; in a model they are part "
        "of what the core runs, with exact gradients.",
        ("ops",),
        (
            Section("Arithmetic", ("ops.arithmetic", "ops.rounding")),
            Section("Exponentials and logarithms", ("ops.exponential",)),
            Section("Trigonometry", ("ops.trigonometry",)),
            Section("Comparison and logic", ("ops.logic",)),
            Section("Reductions", ("ops.reduction", "ops.nan_reduction", "ops.cumulative", "ops.segments")),
            Section("Statistics", ("ops.statistics", "ops.quantiles")),
            Section("Sorting and search", ("ops.ordering", "ops.by_value")),
            Section("Creation", ("ops.creation", "ops.matrices", "ops.window_functions")),
            Section("Types and conversion", ("ops.conversion", "ops.dimensions")),
            Section("Shape and order", ("ops.shaping", "ops.joining")),
            Section("Indexing", ("ops.slicing", "ops.scattering")),
            Section("Products", ("ops.linear", "ops.contraction")),
            Section("Linear algebra", ("ops.factorizations", "ops.linear_systems", "ops.linalg")),
            Section("Activation functions", ("ops.activation_functions",)),
            Section("Convolution, pooling and patches", ("ops.windows",)),
            Section("Normalization and attention", ("ops.normalization", "ops.attention")),
            Section("Losses and encodings", ("ops.losses", "ops.ctc_decoding", "ops.encoding")),
            Section("Images", ("ops.image", "ops.image_sampling", "ops.image_filters")),
            Section("Fourier transforms", ("ops.fourier",)),
            Section("Complex numbers", ("ops.complex_parts", "ops.complex_values")),
            Section("Bits and divisors", ("ops.bits",)),
            Section("Conditions and loops", ("ops.control",)),
        ),
    ),
    Chapter(
        "losses",
        "Losses",
        "What training minimizes. The classes are for ``compile``; the functions return the value of each sample.",
        ("losses",),
        (
            Section("Probabilities", ("losses.probabilistic", "losses.focal")),
            Section("Regression", ("losses.regression",)),
            Section("Hinge", ("losses.hinge_losses",)),
            Section("Overlap of segmentations", ("losses.overlap",)),
            Section("Pairs and sequences", ("losses.pairs_and_sequences",)),
            Section("Base classes", ("losses.loss",)),
            Section("Look-up by name", ("losses.registry",)),
        ),
    ),
    Chapter(
        "metrics",
        "Metrics",
        "What is reported while a model trains and when it is evaluated. Losses may serve as metrics, too.",
        ("metrics",),
        (
            Section("Accuracy", ("metrics.accuracy",)),
            Section("Probabilities", ("metrics.probabilistic",)),
            Section("Regression", ("metrics.regression", "metrics.r2_score", "metrics.correlation")),
            Section(
                "True and false positives",
                ("metrics.confusion", "metrics.auc", "metrics.f_scores", "metrics.threshold_search"),
            ),
            Section("Overlap of segmentations", ("metrics.iou",)),
            Section("Hinge", ("metrics.hinge_metrics",)),
            Section("Means and sums", ("metrics.reduction", "metrics.mean_of_function")),
            Section("Base classes", ("metrics.metric", "metrics.counting_metric")),
            Section("Look-up by name", ("metrics.registry",)),
        ),
    ),
    Chapter(
        "optimizers",
        "Optimizers",
        "Rules by which training updates the weights, and learning rates that change while it runs.",
        ("optimizers",),
        (
            Section("Update rules"),
            Section("Base class", ("optimizers.optimizer",)),
            Section("Learning rate schedules", ("optimizers.schedules",)),
            Section("Optimizers of optimizers", ("optimizers.multi_optimizer", "optimizers.loss_scale_optimizer")),
            Section("Look-up by name", ("optimizers.registry",)),
        ),
    ),
    Chapter("callbacks", "Callbacks", "What happens around training, epoch by epoch.", ("callbacks",)),
    Chapter(
        "data",
        "Data sets from files and arrays",
        "Batches from folders of images, texts and sounds, from time series, and from code of your own.",
        (
            "data",
            *(f"utils.{name}_dataset_from_directory" for name in ("image", "text", "audio")),
            "utils.timeseries_dataset_from_array",
            "utils.split_dataset",
            "utils.PyDataset",
            "utils.pack_x_y_sample_weight",
            "utils.unpack_x_y_sample_weight",
        ),
        (
            Section("Files and arrays", ("utils",)),
            Section("Batches of your own", ("data.py_dataset", "utils.batches")),
            Section("Datasets in the interface of `tf.data`", ("data",)),
        ),
    ),
    Chapter("datasets", "Bundled data", "Small data sets to learn with, which need no download.", ("datasets",)),
    Chapter(
        "applications",
        "Applications",
        "Well-known architectures of image classification.",
        ("applications.imagenet_utils", "applications"),
    ),
    Chapter(
        "initializers",
        "Initializers",
        "First values of weights.",
        ("initializers",),
        (
            Section("Scaled to the size of the layer", ("initializers.scaling",)),
            Section("Other random values", ("initializers.random_values",)),
            Section("Constant values", ("initializers.constants",)),
            Section("Base class", ("initializers.initializer",)),
            Section("Look-up by name", ("initializers.registry",)),
        ),
    ),
    Chapter("regularizers", "Regularizers", "Penalties on weights or outputs, added to the loss.", ("regularizers",)),
    Chapter("constraints", "Constraints", "Projections of weights, applied after each update.", ("constraints",)),
    Chapter(
        "saving",
        "Saving and export",
        "Files of whole models and of their weights, and the names of classes in them. A model is exported to ONNX and "
        "C by :meth:`fastnn.Model.export`, several functions of it by :class:`fastnn.export.ExportArchive`.",
        ("saving", "export", "legacy"),
        (
            Section("Files", ("saving.files",)),
            Section("Weights without the model", ("saving.file_editor",)),
            Section("Export of several functions", ("export.export_archive",)),
            Section("Objects and configs", ("saving.serialization",)),
            Section("Classes and functions of your own", ("custom_objects",)),
            Section("Forms of Keras 2", ("utils.legacy",)),
        ),
    ),
    Chapter(
        "random",
        "Random numbers",
        "Arrays and tensors of random numbers. The same seed gives the same numbers on any number of threads.",
        ("utils.set_random_seed", "random"),
    ),
    Chapter(
        "visualization",
        "Visualization",
        "Pictures of models, data and training; most need Matplotlib.",
        ("visualization", "utils.plot_model", "utils.model_to_dot", "utils.ModelDot", "utils.plot_confusion_matrix"),
    ),
    Chapter("distillation", "Distillation", "A small model learns from a large one.", ("distillation",)),
    Chapter(
        "wrappers",
        "Estimators of scikit-learn",
        "Models with ``fit``, ``predict`` and ``score`` as scikit-learn has them, for its pipelines and searches.",
        ("wrappers",),
    ),
    Chapter(
        "quantizers",
        "Quantizers",
        "Small integers in place of floating-point numbers, with the scales that bring them back.",
        ("Quantizer", "quantizers"),
    ),
    Chapter(
        "distribution",
        "Several processes",
        "One model that is trained by several processes, on one machine or many, each its share of every batch.",
        ("distribution",),
    ),
    Chapter("tree", "Nested structures", "Functions on lists, tuples and dicts of any depth.", ("tree",)),
    Chapter(
        "tensors",
        "Tensors, variables and gradients",
        "What layers, losses and training steps of your own are written with.",
        ("Variable", "KerasTensor", "GradientTape", "function", "remat", "RematScope", "device", "name_scope"),
    ),
    Chapter(
        "config",
        "Settings",
        "What holds for the whole process: threads, types, checks, the bar of ``fit``.",
        ("show_config", "version", "utils.clear_session", "config", "dtype_policies", "mixed_precision", "backend"),
        (
            Section("Settings", ("config", "", "seeds")),
            Section("Element types", ("dtype_policies",)),
            Section("Names of `keras.backend`", ("backend",)),
        ),
    ),
    Chapter(
        "utils",
        "Utilities",
        "What scripts need around a model.",
        ("utils",),
        (
            Section("Arrays and sequences", ("utils.arrays", "utils.sequences")),
            Section("Image files", ("utils.images",)),
            Section("Bounding boxes", ("layers.preprocessing.bounding_boxes",)),
            Section("Downloads", ("utils.downloads",)),
            Section("Where the time goes", ("utils.profiling",)),
            Section("Features of tables", ("utils.feature_space",)),
            Section("More"),
        ),
    ),
    Chapter(
        "preprocessing",
        "Preprocessing of Keras 2",
        "Generators of augmented images, tokenizers and sequences, for scripts that use them. The preprocessing layers "
        "do the same inside of a model.",
        ("preprocessing",),
        (
            Section(
                "Images",
                ("preprocessing.image_data_generator", "preprocessing.image_iterators", "preprocessing.affine"),
            ),
            Section("Sequences", ("preprocessing.sequence",)),
            Section("Texts", ("preprocessing.text",)),
            Section("Files and arrays"),
        ),
    ),
)
