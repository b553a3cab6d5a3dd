"""What the stations of the lessons on applications share, and the instruments that are too long for their cells."""
