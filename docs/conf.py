"""Sphinx: `python -m sphinx -W --keep-going -j 2 -b html docs build/site` builds the site.

The course and the examples are the scripts of `examples/`, run by sphinx-gallery; the guides are Markdown whose cells
are run by myst-nb. With FASTNN_DATA in the environment the pages on digits use MNIST. With FASTNN_DOCS_ONLINE set names
of Python, NumPy, matplotlib and scikit-learn are links to their documentation; otherwise no network is needed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

# Two processes run the scripts, each on one thread; results do not depend on it. Pictures are drawn into files.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "agg")

import fastnn

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

project = "fastnn"
author = "the fastnn authors"
project_copyright = author
release = version = fastnn.__version__

# The API reference is made by docs/api.
sys.path.insert(0, str(HERE / "api"))

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.intersphinx",
    "sphinx.ext.viewcode",
    "myst_nb",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "mathml",
    "tables",
    "reference",
]
exclude_patterns = ["_ext", "_static", "generated/*.md", "**/GALLERY_HEADER.rst", "jupyter_execute", "**/*.ipynb"]
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb"}
language = "en"
nitpicky = True
# Names of other projects, which are links only where their inventories can be fetched.
nitpick_ignore_regex = [("py:.*", r"(?!fastnn\.).*")]
suppress_warnings = ["config.cache"]

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "attrs_block"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_merge_streams = True
html_math_renderer = "mathml"

autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False

sphinx_gallery_conf = {
    "examples_dirs": ["../examples/course", "../examples/further"],
    "gallery_dirs": ["course", "examples"],
    "filename_pattern": r"/\d\d_\w+\.py$",
    "within_subsection_order": "FileNameSortKey",
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("fastnn",),
    "reference_url": {"fastnn": None},
    "parallel": True,
    "image_scrapers": ("matplotlib", "figures.scrape"),
    "reset_modules": ("matplotlib", "figures.reset"),
    "capture_repr": ("_repr_html_",),
    "default_thumb_file": str(HERE / "_static" / "mark.svg"),
    "show_memory": False,
    "write_computation_times": False,
    "remove_config_comments": True,
    "abort_on_example_error": False,
    "matplotlib_animations": False,
    "image_srcset": ["2x"],
    "download_all_examples": False,
}

intersphinx_mapping = (
    {
        "python": ("https://docs.python.org/3", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "matplotlib": ("https://matplotlib.org/stable", None),
        "sklearn": ("https://scikit-learn.org/stable", None),
    }
    if os.environ.get("FASTNN_DOCS_ONLINE")
    else {}
)

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_exclude = ".linenos, .gp, .go"

html_theme = "pydata_sphinx_theme"
html_title = f"fastnn {release}"
html_static_path = ["_static"]
templates_path = ["_templates"]
html_css_files = ["pages.css"]
html_favicon = "_static/mark.svg"
html_search_scorer = str(HERE / "_static" / "scorer.js")
# The summaries under the results of a search are fetched from pages, which browsers forbid for pages opened as files.
html_show_search_summary = False
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "fastnn", "image_light": "_static/mark.svg", "image_dark": "_static/mark.svg"},
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "header_links_before_dropdown": 6,
    "show_prev_next": True,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    # A page lists its own branch of the tree alone; with the whole tree the reference would have 150 megabytes.
    "collapse_navigation": True,
}
html_sidebars = {"index": [], "benchmarks": [], "glossary": [], "api/generated/**": ["chapter.html"]}
html_context = {"default_mode": "auto"}
