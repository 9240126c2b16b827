"""Shared code of the reports: from raw extracts to a site that can be trusted.

The data goes one way: sources, metrics, notebook, batch, publish. See docs/architecture.md.
"""
