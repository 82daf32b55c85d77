"""Makes a plain checkout work as if it were installed."""

import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parent

if str(ROOT / "src") not in sys.path:
    sys.path.insert(0, str(ROOT / "src"))

import gateproof

if str(ROOT) not in gateproof.__path__ and find_spec("gateproof.suites") is None:
    # suites/, fixtures/ and reference_apps/ are sub-packages only in an installation; a checkout finds them here.
    gateproof.__path__.append(str(ROOT))
