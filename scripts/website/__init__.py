"""The web site: its pages from the course (source), what the front page has besides (front), and its links (links)."""
