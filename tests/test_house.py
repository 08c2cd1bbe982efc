"""The rules of the house, read from the source: who may include whom, and what never stands in a kernel.

A file includes its own floor and those below, never above. Between the files of `layers/` sideways is forbidden, on
both sides; in `kernels/` only a few may be used by the others. A new file wants a row in the tables here.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CPP = ROOT / "cpp"
PYTHON = ROOT / "python" / "fastnn"

CPP_FLOORS = [
    (0, r"fastnn/((real|tensor|bfloat16|error|config|window|lazy)\.hpp|tensor\.cpp)"),
    (1, r"fastnn/(parallel|crew|random|text_hashing|packet)\.(hpp|cpp)"),
    (2, r"fastnn/kernels/\w+\.(hpp|cpp|inc)"),
    (3, r"fastnn/instruction_set\.(hpp|cpp)"),
    (3, r"fastnn/(layer|fusing_layer|sizing|targets|recurrence|variable|variable_lock)\.(hpp|cpp)"),
    (3, r"fastnn/(convolution_arguments|dense_arguments|quantization)\.hpp"),
    (3, r"fastnn/layers/\w+\.cpp"),
    (
        4,
        r"fastnn/(graph|differentiation|plan|executor|record|peers|mailbox|columns|feed|division|gradient_sum)\.(hpp|cpp)",
    ),
    (4, r"fastnn/(update_rule|constraint)\.(hpp|cpp)"),
    (4, r"fastnn/optimizers/\w+\.cpp"),
    (5, r"fastnn/(optimizer|sweep|lbfgs|loss_scale|phase|phase_terms|trainer|predictor|projection)\.(hpp|cpp)"),
    (6, r"bindings/\w+\.(hpp|cpp)"),
]
SHARED_KERNELS = {
    "kernel",
    "names",
    "gemm",
    "gemm_int8",
    "processor",
    "tiles",
    "activation",
    "math",
    "math_float",
    "math_double",
    "precise",
    "precise_double",
    "walk",
    "chunks",
}
BORDER_KERNELS = {"table", "library"}  # these see all families
# Headers whose inline code depends on the instruction set: kernels alone may include them.
WINOGRAD = ("winograd_transforms", "winograd_tiles", "winograd_zeros")
INSTRUCTION_SET_HEADERS = {
    "fastnn/packet.hpp",
    *(
        f"fastnn/kernels/{name}.hpp"
        for name in ("math", "math_float", "math_double", "precise", "precise_double", "processor", "tiles", *WINOGRAD)
    ),
}
# One kernel in several files.
CONVOLUTION = ("conv_sweep", "conv_narrow", "conv_int8", "conv3d", "subpixel")
WINOGRAD_PASSES = ("winograd", "winograd_forward", "winograd_backward")
KERNEL_FAMILIES = dict.fromkeys((*CONVOLUTION, *WINOGRAD_PASSES, *WINOGRAD), "conv")
KERNEL_FAMILIES |= dict.fromkeys(("gemm_pack", "gemm_narrow", "gemm_int8", "gemm_bfloat16"), "gemm")

MOST_LINES = 600
MOST_METHODS, MOST_LINES_OF_A_CLASS = 40, 450


def cpp_files() -> list[Path]:
    files = sorted(p for p in CPP.rglob("*") if p.suffix in {".hpp", ".cpp"})
    assert len(files) > 20, "no sources found: the tests want the whole repository around them"
    return files


def without_comments(text: str) -> str:
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)


def cpp_floor(path: str) -> int:
    floors = [floor for floor, pattern in CPP_FLOORS if re.fullmatch(pattern, path)]
    assert len(floors) == 1, f"{path} stands on {len(floors)} floors: give it one in CPP_FLOORS"
    return floors[0]


def includes() -> Iterator[tuple[str, str]]:
    """Pairs (file, file it includes), from `cpp/`."""
    for file in cpp_files():
        name = file.relative_to(CPP).as_posix()
        for included in re.findall(r'^\s*#\s*include\s*"([^"]+)"', file.read_text(), flags=re.MULTILINE):
            here = (file.parent / included).resolve()
            yield name, here.relative_to(CPP).as_posix() if here.exists() else included


def test_no_source_includes_a_floor_above() -> None:
    wrong = [f"{a} includes {b}" for a, b in includes() if cpp_floor(b) > cpp_floor(a)]
    assert not wrong, "\n".join(wrong)
    assert sum(1 for _ in includes()) > 50


def test_headers_are_included_from_the_root_and_exist() -> None:
    wrong = [f"{a} includes {b}" for a, b in includes() if not (CPP / b).exists()]
    wrong += [f"{a} includes {b}" for a, b in includes() if a.startswith("fastnn/") and not b.startswith("fastnn/")]
    assert not wrong, "\n".join(wrong)


def test_families_of_layers_and_kernels_keep_apart() -> None:
    wrong = []
    for a, b in includes():
        if a.startswith("fastnn/kernels/") and b.startswith("fastnn/kernels/") and Path(a).stem not in BORDER_KERNELS:
            family_a, family_b = (KERNEL_FAMILIES.get(Path(f).stem, Path(f).stem) for f in (a, b))
            if family_a != family_b and Path(b).stem not in SHARED_KERNELS:
                wrong.append(f"{a} includes {b}")
        if re.match(r"fastnn/(layers|optimizers)/", b):
            wrong.append(f"{a} includes {b}: layers and update rules are found through their registries")
    assert not wrong, "\n".join(wrong)


def included_by(file: str) -> set[str]:
    """All files of the project that a file includes, directly or not."""
    direct: dict[str, set[str]] = {}
    for a, b in includes():
        direct.setdefault(a, set()).add(b)
    found: set[str] = set()
    waiting = [file]
    while waiting:
        for b in direct.get(waiting.pop(), set()) - found:
            found.add(b)
            waiting.append(b)
    return found


def test_nothing_above_the_kernels_depends_on_the_instruction_set() -> None:
    wrong = []
    for file in cpp_files():
        name = file.relative_to(CPP).as_posix()
        if name.startswith("fastnn/kernels/") or name in INSTRUCTION_SET_HEADERS:
            continue
        code = without_comments(file.read_text())
        if re.search(r"#\s*include\s*<Eigen|\bEigen::|\bstd::fma\b|__AVX|__FMA__", code):
            wrong.append(f"{name} depends on the instruction set")
        if file.suffix == ".cpp":
            wrong += [f"{name} includes {b}" for b in sorted(included_by(name) & INSTRUCTION_SET_HEADERS)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (r"\bstd::(exp|expm1|log|log1p|tanh|erf|pow)f?\s*\(", "the last place of libm differs between machines"),
        (
            r"\.(sum|dot|mean|norm|squaredNorm|prod|maxCoeff)\s*\(",
            "Eigen's reductions depend on the pointer's alignment",
        ),
        (r"\bEigen::(Map|Array|Matrix)\b", "Eigen's expressions end in scalars: results depend on where an array lies"),
        (r"\b(new|malloc|calloc|realloc|aligned_alloc)\b\s*[\w(]", "a step allocates nothing"),
        (r"#\s*pragma\s+omp|#\s*include\s*<omp\.h>|\bomp_\w+", "only parallel.cpp names OpenMP"),
        (r"\brand\s*\(|std::mt19937|random_device", "random numbers are counter-based"),
    ],
    ids=lambda value: value if " " in value and "\\" not in value else "",
)
def test_kernels_and_layers_do_without(pattern: str, why: str) -> None:
    wrong = []
    for file in cpp_files():
        # For doubles the functions are those of the C library, in one file.
        if file.parent.name in {"kernels", "layers"} and file.name != "precise_double.hpp":
            code = without_comments(file.read_text())
            wrong += [f"{file.relative_to(ROOT)}: {found.group(0)}" for found in re.finditer(pattern, code)]
    assert not wrong, f"{why}:\n" + "\n".join(wrong)


@pytest.mark.parametrize(
    "pattern", [r"\bthrow\b", r"std::vector\b", r"std::function\b", r"\bConfig\b", r"std::string\("]
)
def test_kernels_only_compute(pattern: str) -> None:
    wrong = []
    for file in (CPP / "fastnn" / "kernels").iterdir():
        code = without_comments(file.read_text())
        wrong += [f"{file.name}: {found.group(0)}" for found in re.finditer(pattern, code)]
    assert not wrong, "\n".join(wrong)


def test_only_parallel_names_openmp() -> None:
    wrong = []
    for file in cpp_files():
        code = without_comments(file.read_text())
        if file.name != "parallel.cpp" and re.search(r"#\s*pragma\s+omp|<omp\.h>|\bomp_\w+\s*\(", code):
            wrong.append(str(file.relative_to(ROOT)))
        assert "omp_set_num_threads" not in code, f"{file.name} changes the threads of the whole process"
    assert not wrong, wrong


def test_the_bindings_know_no_layer_by_name() -> None:
    registered = r'register_layer(?:_class<[^>]*>)?\s*\(\s*"(\w+)"'
    kinds = set(re.findall(registered, "\n".join(f.read_text() for f in (CPP / "fastnn").rglob("*.cpp"))))
    kinds |= {"Dense", "Conv2D", "MaxPooling2D", "BatchNormalization", "Dropout", "Softmax"}
    assert len(kinds) >= 6
    kinds -= {"Variable"}  # the class of weights has the name of the node that reads one
    wrong = []
    for file in (CPP / "bindings").iterdir():
        quoted = set(re.findall(r'"(\w+)"', without_comments(file.read_text())))
        wrong += [f"{file.name}: {kind}" for kind in sorted(kinds & quoted)]
    assert not wrong, wrong


def test_no_flag_that_changes_numbers() -> None:
    build = (ROOT / "CMakeLists.txt").read_text()
    build = re.sub(r"#[^\n]*", "", build)
    for flag in ("-ffast-math", "-Ofast", "-funsafe-math-optimizations", "-march=native", "/fp:fast"):
        assert flag not in build, flag
    assert "-ffp-contract=off" in build
    assert "EIGEN_DONT_PARALLELIZE" in build


def test_every_source_opens_with_a_paragraph() -> None:
    wrong = []
    for file in cpp_files():
        first = next((line for line in file.read_text().splitlines() if line.strip()), "")
        # A source beside its header needs only a line: the paragraph stands in the header.
        least = 8 if file.suffix == ".cpp" and file.with_suffix(".hpp").exists() else 25
        if not (first.startswith("// ") and len(first) >= least):
            wrong.append(str(file.relative_to(ROOT)))
    for file in [*PYTHON.rglob("*.py"), *PYTHON.rglob("*.pyi"), *Path(__file__).parent.glob("*.py")]:
        if len(ast.get_docstring(ast.parse(file.read_text())) or "") < 20:
            wrong.append(str(file.relative_to(ROOT)))
    for folder in ("examples", "bench"):
        for file in (ROOT / folder).glob("*.py"):
            if len(ast.get_docstring(ast.parse(file.read_text())) or "") < 20:
                wrong.append(str(file.relative_to(ROOT)))
    assert not wrong, wrong


def test_names_say_what_a_file_holds() -> None:
    vague = re.compile(r"(^|_)(utils?|common|helpers?|impl|misc|stuff)$")
    files = [p for folder in (CPP, PYTHON) for p in folder.rglob("*") if p.suffix in {".py", ".hpp", ".cpp"}]
    public_in_keras = {"imagenet_utils"}
    assert not [str(p) for p in files if vague.search(p.stem) and p.stem not in public_in_keras]


# Python ---------------------------------------------------------------------------------------------------------------


def module_name(file: Path) -> str:
    parts = file.relative_to(PYTHON).with_suffix("").parts
    name = ".".join(part for part in parts if part != "__init__")
    return name or "fastnn"


def python_files() -> list[Path]:
    return sorted(PYTHON.rglob("*.py"))


MODULES = {module_name(file) for file in python_files()} | {"_core", "_native", "_native64"}
TREES = {module_name(file): ast.parse(file.read_text()) for file in python_files()}


def floors_of_python() -> dict[str, int]:
    """The floor of each package and top module, from the table in python/README.md."""
    rows = re.findall(r"^\| (\d+) \| (`[^|]+`) \|", (ROOT / "python" / "README.md").read_text(), flags=re.MULTILINE)
    found = {name: int(floor) for floor, names in rows for name in re.findall(r"`(\w+)`", names)}
    assert len(found) > 20, "python/README.md has no table of floors"
    return found


PYTHON_FLOORS = floors_of_python()


def python_floor(module: str) -> int:
    top = module.split(".")[0]
    assert top in PYTHON_FLOORS, f"{top} has no floor: give it one in the table of python/README.md"
    return PYTHON_FLOORS[top]


def only_for_types(tree: ast.Module) -> set[ast.AST]:
    """The statements that no interpreter runs."""
    blocks = [n for n in ast.walk(tree) if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.dump(n.test)]
    return {inner for block in blocks for inner in ast.walk(block)}


def imports() -> Iterator[tuple[str, str]]:
    """Pairs (module, module of fastnn it imports), wherever in the file the import stands; names without "fastnn."."""
    for importer, tree in TREES.items():
        skipped = only_for_types(tree)
        for node in ast.walk(tree):
            if node in skipped:
                continue
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names if alias.name.split(".")[0] == "fastnn"]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{importer}: imports are written from the root"
                if node.module and node.module.split(".")[0] == "fastnn":
                    whole = [f"{node.module}.{alias.name}" for alias in node.names]
                    names = [w if w.removeprefix("fastnn.") in MODULES else str(node.module) for w in whole]
            for name in names:
                yield importer, name.removeprefix("fastnn.")


def test_no_module_imports_a_floor_above() -> None:
    for module in MODULES:
        python_floor(module)
    wrong = sorted({f"{a} imports {b}" for a, b in imports() if python_floor(b) > python_floor(a)})
    assert not wrong, "\n".join(wrong)
    assert sum(1 for _ in imports()) > 200


def test_every_package_of_the_table_exists() -> None:
    tops = {module.split(".")[0] for module in MODULES}
    assert set(PYTHON_FLOORS) == tops


def circles(edges: dict[str, set[str]]) -> list[list[str]]:
    """The groups of modules that import each other (Tarjan's strongly connected components)."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        number[module] = low[module] = len(number)
        stack.append(module)
        for other in sorted(edges[module]):
            if other not in number:
                visit(other)
            if other in stack:
                low[module] = min(low[module], low[other])
        if low[module] == number[module]:
            group = stack[stack.index(module) :]
            del stack[stack.index(module) :]
            if len(group) > 1:
                found.append(sorted(group))

    for module in sorted(edges):
        if module not in number:
            visit(module)
    return found


def test_no_import_runs_in_a_circle() -> None:
    edges: dict[str, set[str]] = {module: set() for module in MODULES}
    for a, b in imports():
        if a != b and b != "fastnn":
            edges[a].add(b)
    assert not circles(edges)
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]


def test_families_of_python_layers_keep_apart() -> None:
    wrong = []
    for a, b in imports():
        from_family, to_family = (m.split(".")[1:2] if m.startswith("layers.") else [] for m in (a, b))
        package = PYTHON / "layers"
        if from_family and to_family and from_family != to_family and (package / to_family[0]).is_dir():
            wrong.append(f"{a} imports {b}")
    assert not wrong, "\n".join(wrong)


def classes() -> Iterator[tuple[str, ast.ClassDef]]:
    for module, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                yield f"{module}.{node.name}", node


def methods(node: ast.ClassDef) -> list[ast.FunctionDef]:
    return [item for item in node.body if isinstance(item, ast.FunctionDef)]


def test_no_class_is_too_large() -> None:
    wrong = []
    for name, node in classes():
        lines = (node.end_lineno or 0) - node.lineno + 1
        if len(methods(node)) > MOST_METHODS or lines > MOST_LINES_OF_A_CLASS:
            wrong.append(f"{name}: {len(methods(node))} methods, {lines} lines")
    assert not wrong, "\n".join(wrong)
    (layer,) = (node for name, node in classes() if name == "engine.layer.Layer")
    assert len(methods(layer)) < 35


def test_no_file_is_too_long() -> None:
    files = [*python_files(), *cpp_files()]
    wrong = [f"{f.relative_to(ROOT)}: {n}" for f in files if (n := len(f.read_text().splitlines())) > MOST_LINES]
    assert not wrong, "\n".join(wrong)


def test_type_checkers_see_a_misspelt_attribute() -> None:
    bases = {"configurable.Configurable", "engine.contract.Part", "engine.layer.Layer", "engine.node_layer.NodeLayer"}
    found = {name: node for name, node in classes() if name in bases}
    assert set(found) == bases
    for name, node in found.items():
        answers = [n for n in ast.walk(node) if isinstance(n, ast.FunctionDef) and n.name == "__getattr__"]
        assert not answers, f"{name} answers for every attribute"


def test_bindings_are_short() -> None:
    lines = {file.name: len(file.read_text().splitlines()) for file in (CPP / "bindings").glob("*.cpp")}
    assert len(lines) >= 5
    assert max(lines.values()) < 180, lines


def test_no_private_attribute_is_reached_across_files() -> None:
    wrong = []
    for module, tree in TREES.items():
        # Named tuples spell public methods so, and os a public function.
        own = {"_core", "_native", "_native64", "_replace", "_asdict", "_fields", "_exit"}
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                own.add(node.name)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                own.add(node.attr)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                own.add(node.id)
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                own.add(node.target.id)
        for node in ast.walk(tree):
            if not isinstance(node, ast.Attribute) or not re.match(r"_(?!_)", node.attr) or node.attr in own:
                continue
            if isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}:
                continue
            if isinstance(node.value, ast.Call) and getattr(node.value.func, "id", "") == "super":
                continue
            wrong.append(f"{module}:{node.lineno}: {ast.unparse(node)}")
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong)


def test_no_private_name_is_imported() -> None:
    wrong = []
    for module, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fastnn"):
                private = [
                    a.name
                    for a in node.names
                    if re.match(r"_(?!_)", a.name) and a.name not in {"_core", "_native", "_native64"}
                ]
                wrong += [f"{module}: {node.module}.{name}" for name in private]
    assert not wrong, "\n".join(wrong)


def test_docstrings_are_plain_english() -> None:
    begins = re.compile(r"(What|Whether|How|Where|Which|Who|Those|As|That|With|In|Of|By)\b")
    wrong, total = [], 0
    for module, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Module)):
                text = ast.get_docstring(node) or ""
                total += bool(text)
                if begins.match(text):
                    wrong.append(f"{module}: {text.splitlines()[0]}")
    assert len(wrong) <= 0.01 * total, f"{len(wrong)} of {total}:\n" + "\n".join(wrong)


@pytest.mark.parametrize("word", ["whole number", "for Keras' sake", "a chance of"])
def test_the_words_are_those_of_the_field(word: str) -> None:
    files = [*PYTHON.rglob("*.py"), *CPP.rglob("*.[ch]pp"), *ROOT.glob("*.md"), *CPP.glob("*.md")]
    wrong = [str(file.relative_to(ROOT)) for file in files if re.search(word, file.read_text(), flags=re.IGNORECASE)]
    assert not wrong, wrong


# Packages whose files import a heavy package at their head, and why they may.
HEAD_IMPORTS = {
    "plotting": ("matplotlib", "its figure derives from matplotlib's; it is imported where a figure is made"),
    "wrappers": (
        "sklearn",
        "its classes derive from scikit-learn's; `fastnn.wrappers` imports their files at first use",
    ),
}


def test_heavy_packages_are_imported_where_they_are_used() -> None:
    heavy = {"h5py", "onnx", "tqdm", "matplotlib", "pandas", "scipy", "sklearn", "torch", "tensorflow", "keras"}
    wrong = []
    for file in PYTHON.rglob("*.py"):
        for node in ast.parse(file.read_text()).body:
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            allowed = HEAD_IMPORTS.get(file.relative_to(PYTHON).parts[0], ("",))[0]
            wrong += [f"{module_name(file)}: {n}" for n in names if n.split(".")[0] in heavy - {allowed}]
    assert not wrong, wrong


@pytest.mark.parametrize("package", HEAD_IMPORTS)
def test_a_package_with_a_heavy_head_imports_it_at_first_use(package: str) -> None:
    heavy = HEAD_IMPORTS[package][0]
    code = f"import sys, fastnn, fastnn.{package}; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_no_path_leads_out_of_the_project() -> None:
    outside = "../" + "shared"
    wrong = []
    for file in ROOT.rglob("*"):
        text = file.suffix in {
            ".py",
            ".pyi",
            ".md",
            ".hpp",
            ".cpp",
            ".toml",
            ".txt",
            ".json",
            ".yml",
            ".yaml",
            ".cfg",
            "",
        }
        if file.is_file() and text and ".git" not in file.parts and file.stat().st_size < 1_000_000:
            parts = file.relative_to(ROOT).parts
            if parts[0].startswith((".venv", "build", "dist", "shared")) or "__pycache__" in parts:
                continue
            if outside in file.read_text(errors="ignore"):
                wrong.append("/".join(parts))
    assert not wrong, wrong


def test_the_changelog_tells_of_this_version() -> None:
    found = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), flags=re.MULTILINE)
    assert found is not None
    assert re.search(
        rf"^## {re.escape(found[1])} .*\n(\n|[^#\n].*\n){{50,}}", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )
