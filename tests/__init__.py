"""A package by name: a distribution that ships tests of its own would otherwise stand in its place."""
