"""The batch: plan what is out of date, execute it, keep what is known about each edition.

Knows notebooks as files. Importing this package loads neither pandas nor papermill nor nbformat.
"""
