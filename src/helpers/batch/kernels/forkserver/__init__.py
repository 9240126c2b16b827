"""The process that warm kernels are forked from.

It runs as `crm_reports_forkserver`, loaded from this folder by `__main__.py`, so that it never
imports `helpers`: a kernel must find the project's own code as it is on disk when it starts.
Nothing here may import from `helpers`, and `wire` and `installed` only from the standard library.
"""
