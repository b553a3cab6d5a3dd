"""The web site: how its pages come from the course (source), and whether every link of it leads somewhere (links)."""
