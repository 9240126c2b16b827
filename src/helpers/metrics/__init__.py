"""Metrics: tidy tables in, new tables out. Pure: no disk, no clock, no network.

One module (or package of the same name) a report family. Each exports `CONTRACTS`, the
definitions of its KPIs.
"""
