"""Doors for files: JSON Lines, CSV and Parquet become calls or named rejections, and nothing else."""
