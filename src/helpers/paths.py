"""Where things are, independent of the working folder.

nbval runs in the notebook's folder and papermill in the caller's, so every path starts from the
project's root: `CRM_REPORTS_ROOT`, or the checkout this package was installed from.
"""

import hashlib
import os
import re
from pathlib import Path


def root() -> Path:
    """Return the project's root folder."""
    return Path(os.environ.get("CRM_REPORTS_ROOT") or Path(__file__).resolve().parents[2])


def notebooks() -> Path:
    """Return the folder of the parameterised notebooks, one a family."""
    return root() / "notebooks"


def params() -> Path:
    """Return the folder of the parameter files."""
    return root() / "params"


def data() -> Path:
    """Return the folder that holds one folder of raw extracts a source (`CRM_REPORTS_DATA`)."""
    given = os.environ.get("CRM_REPORTS_DATA")
    return (root() / given).resolve() if given else root() / "data"


def output() -> Path:
    """Return the folder of everything generated (`CRM_REPORTS_OUTPUT`)."""
    given = os.environ.get("CRM_REPORTS_OUTPUT")
    return (root() / given).resolve() if given else root() / "reports" / "output"


def snapshots() -> Path:
    """Return the store of cleaned tables."""
    return output() / "store" / "snapshots"


def executed() -> Path:
    """Return the folder of executed notebooks."""
    return output() / "notebooks"


def site() -> Path:
    """Return the folder of the published site."""
    return output() / "site"


def private() -> Path:
    """Return the folder of lists about single customers; never published."""
    return output() / "private"


def slug(slice: str) -> str:
    """Return a slice as a file name: `income=Under 15K` becomes `income-Under-15K-5d1c66`.

    A digest follows wherever characters were replaced, so that two slices never share a name.
    """
    plain = re.sub(r"[^0-9A-Za-z_]+", "-", slice).strip("-")
    if re.fullmatch(r"[A-Za-z]\w*=[0-9A-Za-z_]+", slice, re.ASCII):
        return plain
    return f"{plain}-{hashlib.sha256(slice.encode()).hexdigest()[:6]}"


def stem(period: str, slice: str = "all") -> str:
    """Return the name of a report's files, without folder and ending."""
    return period if slice == "all" else f"{period}--{slug(slice)}"
