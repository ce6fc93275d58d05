"""What a real account was asked and answered, without anybody or anything of that account in it.

Nothing is looked for and taken out: only what is public stays, everything else is replaced by something invented.
"""
