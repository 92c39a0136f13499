"""The command `lethe`: text in, one governance call, text out."""
