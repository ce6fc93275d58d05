"""Jobs that a platform works on by itself: submit, wait until it is done, then read what it made."""
