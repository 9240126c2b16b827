"""Loaded once by the pool's fork server, so that every worker starts with papermill imported."""

import sys

# jsonschema asks for this module, to check IRIs that no notebook has, and its import compiles a
# grammar for more than a second. None in its place reads as "not installed".
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

from helpers.batch.execute import warm_up  # noqa: E402

warm_up()
