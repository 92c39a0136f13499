"""What touches the world: databases, key stores, files, the terminal."""
