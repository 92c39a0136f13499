"""The doors: in, out, erase, retain, answer. The only way to a profile."""
