"""Loaded once by the pool's fork server, so that every worker starts with papermill imported."""

import logging
import sys

# The runner says why kernels are not warm, from what its workers tell it, and once.
logging.getLogger("traitlets").setLevel(logging.CRITICAL)

# jsonschema asks for this module, to check IRIs that no notebook has, and its import compiles a
# grammar for more than a second. None in its place reads as "not installed".
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

# papermill asks for pyarrow, with all of numpy, to reach files of HDFS; a worker has none.
without = "pyarrow" not in sys.modules
if without:
    sys.modules["pyarrow"] = None  # type: ignore[assignment]

from helpers.batch.execute import warm_up  # noqa: E402

warm_up()
if without:
    del sys.modules["pyarrow"]
