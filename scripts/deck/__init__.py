"""A deck of slides: what stands on which one (plan), how much a slide holds (sizes), and its page (deck.html.j2)."""
