"""The HTTP door: translates requests into the governance calls that the command line makes."""
