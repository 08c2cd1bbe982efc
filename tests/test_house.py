"""The rules of the house, read from the source: who may include whom, and what never stands in a kernel.

A file includes its own floor and those below, never above. Between the files of `layers/` sideways is forbidden, on
both sides; in `kernels/` only a few may be used by the others. A new file wants a row in the tables here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CPP = ROOT / "cpp"
PYTHON = ROOT / "python" / "fastnn"

CPP_FLOORS = [
    (0, r"fastnn/(tensor|error|config|window)\.hpp"),
    (1, r"fastnn/(parallel|random|packet)\.(hpp|cpp)"),
    (2, r"fastnn/kernels/\w+\.(hpp|cpp|inc)"),
    (3, r"fastnn/instruction_set\.(hpp|cpp)"),
    (3, r"fastnn/layer\.(hpp|cpp)"),
    (3, r"fastnn/layers/\w+\.cpp"),
    (4, r"fastnn/(variable|graph|plan|executor|columns)\.(hpp|cpp)"),
    (5, r"fastnn/(loss|metric|optimizer|trainer|predictor)\.(hpp|cpp)"),
    (6, r"bindings/\w+\.(hpp|cpp)"),
]
SHARED_KERNELS = {"kernel", "names", "gemm", "tiles", "activation", "math", "precise", "walk", "chunks"}
BORDER_KERNELS = {"table", "library"}  # these see all families
# Headers whose inline code depends on the instruction set: kernels alone may include them.
WINOGRAD = ("winograd_transforms", "winograd_tiles", "winograd_zeros")
INSTRUCTION_SET_HEADERS = {
    "fastnn/packet.hpp",
    *(f"fastnn/kernels/{name}.hpp" for name in ("math", "precise", "tiles", *WINOGRAD)),
}
# One kernel in several files.
KERNEL_FAMILIES = dict.fromkeys(("winograd", *WINOGRAD, "winograd_forward", "winograd_backward", "conv3d"), "conv")

PYTHON_FLOORS = [
    (7.0, r"_core|_native"),
    (7.5, r"config|configurable|hashing|seeds|symbolic|variable|backend"),
    (8.0, r"activations|initializers|regularizers|constraints"),
    (8.25, r"emission|imaging|layer|vocabulary|windowed"),
    (8.4, r"ops(\..*)?|random"),
    (8.5, r"layers(\..*)?|losses|metrics|optimizers(\..*)?"),
    (9.0, r"models|topology|training|callbacks|progress|saving(\..*)?|datasets(\..*)?|utils(\..*)?|summary"),
    (10.0, r"fastnn|as_keras|__main__"),
]


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
        if a.startswith("fastnn/layers/") and b.startswith("fastnn/layers/"):
            wrong.append(f"{a} includes {b}")
        if a.startswith("fastnn/kernels/") and b.startswith("fastnn/kernels/") and Path(a).stem not in BORDER_KERNELS:
            family_a, family_b = (KERNEL_FAMILIES.get(Path(f).stem, Path(f).stem) for f in (a, b))
            if family_a != family_b and Path(b).stem not in SHARED_KERNELS:
                wrong.append(f"{a} includes {b}")
        if b.startswith("fastnn/layers/") and not a.startswith("fastnn/layers/"):
            wrong.append(f"{a} includes {b}: layers are found through the registry")
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
        if file.parent.name in {"kernels", "layers"}:
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
    assert not [str(p) for p in files if vague.search(p.stem)]


# Python ---------------------------------------------------------------------------------------------------------------


def module_name(file: Path) -> str:
    parts = file.relative_to(PYTHON).with_suffix("").parts
    name = ".".join(part for part in parts if part != "__init__")
    return name or "fastnn"


def python_floor(module: str) -> float:
    floors = [floor for floor, pattern in PYTHON_FLOORS if re.fullmatch(pattern, module)]
    assert len(floors) == 1, f"{module} stands on {len(floors)} floors: give it one in PYTHON_FLOORS"
    return floors[0]


def imports() -> Iterator[tuple[str, str]]:
    """Pairs (module, module of fastnn it imports), wherever in the file the import stands; names without "fastnn."."""
    modules = {module_name(file) for file in PYTHON.rglob("*.py")} | {"_core", "_native"}
    for file in sorted(PYTHON.rglob("*.py")):
        importer = module_name(file)
        for node in ast.walk(ast.parse(file.read_text())):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names if alias.name.split(".")[0] == "fastnn"]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{importer}: imports are written from the root"
                if node.module and node.module.split(".")[0] == "fastnn":
                    whole = [f"{node.module}.{alias.name}" for alias in node.names]
                    names = [w if w.removeprefix("fastnn.") in modules else str(node.module) for w in whole]
            for name in names:
                yield importer, name.removeprefix("fastnn.")


def test_no_module_imports_a_floor_above() -> None:
    for file in PYTHON.rglob("*.py"):
        python_floor(module_name(file))
    wrong = [f"{a} imports {b}" for a, b in imports() if python_floor(b) > python_floor(a)]
    assert not wrong, "\n".join(wrong)
    assert sum(1 for _ in imports()) > 20


def test_families_of_python_layers_keep_apart() -> None:
    wrong = []
    for a, b in imports():
        sideways = a.startswith("layers.") and b.startswith("layers.") and a != b
        if sideways:
            wrong.append(f"{a} imports {b}")
    assert not wrong, "\n".join(wrong)


def test_heavy_packages_are_imported_where_they_are_used() -> None:
    heavy = {"h5py", "onnx", "tqdm", "matplotlib", "pandas", "scipy", "sklearn", "torch", "tensorflow", "keras"}
    wrong = []
    for file in PYTHON.rglob("*.py"):
        for node in ast.parse(file.read_text()).body:
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            wrong += [f"{module_name(file)}: {n}" for n in names if n.split(".")[0] in heavy]
    assert not wrong, wrong


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
