"""What the user wants: the files of a project as one checked tree."""
