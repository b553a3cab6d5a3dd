"""An exercise of lesson 04: which of three sick GANs has which illness."""

from course_utils.exercises.words import Words

COLLAPSE, VANISHING, OSCILLATION = "collapse", "vanishing gradient", "oscillation"

check_diagnosis = Words(
    "diagnosis",
    {"A": COLLAPSE, "B": VANISHING, "C": OSCILLATION},
    {
        ("A", VANISHING): (
            "A's discriminator is not sure at all: its answers for real and generated points are both near 1/2. Count "
            "the clouds that the generated points reach."
        ),
        ("A", OSCILLATION): (
            "A's points do move from place to place, but along the ring, and the curves are calm. Look at one moment, "
            "and count the clouds that the points reach."
        ),
        ("B", COLLAPSE): (
            "B's points do miss the clouds, but look at how sure the discriminator is in the end, and at how far away "
            "the points are."
        ),
        ("B", OSCILLATION): (
            "B does not swing: its points are gone, and stay away. Look at how sure the discriminator is."
        ),
        ("C", COLLAPSE): (
            "C's points lie close together too, but follow them from picture to picture, and see whether they stay on "
            "the ring. Compare its curve with that of A."
        ),
        ("C", VANISHING): (
            "C's discriminator is never sure for long, so that the generator has a gradient. Look how far the points "
            "move from picture to picture."
        ),
    },
    synonyms={
        "mode collapse": COLLAPSE,
        "collapsed": COLLAPSE,
        "collapsing": COLLAPSE,
        "vanishing": VANISHING,
        "vanished gradient": VANISHING,
        "gradient vanishes": VANISHING,
        "saturation": VANISHING,
        "oscillating": OSCILLATION,
        "oscillates": OSCILLATION,
        "swinging": OSCILLATION,
    },
)
