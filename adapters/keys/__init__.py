"""Key stores outside the database, and what is mirrored beside them."""
