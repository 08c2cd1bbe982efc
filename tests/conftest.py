"""Settings of all tests: they run from any folder, on the installed fastnn, without a terminal."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
