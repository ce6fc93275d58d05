"""Accounts of platforms of which nothing was written by hand: made of their documented exchanges, as the kit's are.

The manifest is never seen here, so that an account cannot be wrong in the same way as what is tried with it.
"""
