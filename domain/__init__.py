"""The language of the store: events, entries, acts, the tree, errors. Imports nothing above it."""
