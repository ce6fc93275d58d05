"""Stored databases: what a version of the tables held, as text, and what was asked of it then.

    python -m tests.stored.make          writes the folder of the version that this code knows

A folder may be made anew until its version is released, and never again after that.
"""
