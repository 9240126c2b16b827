"""Loaded once by the pool's fork server, so that every worker starts with papermill imported."""

from helpers.batch.execute import warm_up

warm_up()
