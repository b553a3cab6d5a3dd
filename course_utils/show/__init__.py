"""What a notebook shows: figures, tables, sliders."""
