"""Exercise 2 of lesson 07: what two published training runs have in common, and what not."""

from course_utils.exercises.words import Words

SAME, DIFFERENT, NOT_SAID = "same", "different", "not said"

check_comparison = Words(
    "comparison",
    {
        "data": SAME,
        "decoder": DIFFERENT,
        "latent_dim": DIFFERENT,
        "images seen": DIFFERENT,
        "codes of the picture": DIFFERENT,
        "search for settings": NOT_SAID,
        "number of seeds": NOT_SAID,
    },
    {
        ("data", DIFFERENT): (
            "data: read which set the images of each network come from. How many are drawn, and in which batches, is "
            "another item."
        ),
        ("data", NOT_SAID): "data: the article names what it trains on, once for both networks.",
        ("decoder", SAME): (
            "decoder: what turns codes into images is the generator in a GAN. Write the widths of its layers below "
            "those of the VAE's decoder."
        ),
        ("decoder", NOT_SAID): (
            "decoder: the article lists the layers of both, but that of the GAN goes by another name: it is the "
            "network that turns codes into images."
        ),
        ("latent_dim", SAME): (
            "latent_dim: it is how many numbers a code has, so look at what goes into the generator and into the "
            "VAE's decoder."
        ),
        ("latent_dim", NOT_SAID): (
            "latent_dim: no sentence is about it, but the lists of layers give it away: each of the two networks that "
            "make images begins with it."
        ),
        ("images seen", SAME): (
            "images seen: multiply before you compare: batches times their size for the GAN, epochs times the images "
            "of one epoch for the VAE."
        ),
        ("images seen", NOT_SAID): (
            "images seen: the article counts batches for one and epochs for the other. Both numbers can be worked out "
            "from that."
        ),
        ("codes of the picture", SAME): (
            "codes of the picture: ask of each picture who chose its codes, chance or the author, and how many of them "
            "lie as far out as 3."
        ),
        ("codes of the picture", NOT_SAID): (
            "codes of the picture: read again how each picture was made: a few words say where its codes come from."
        ),
        ("search for settings", SAME): (
            "search for settings: both use Adam, but a setting that is given may be the first that was tried or the "
            "best of a hundred. Is there a sentence that tells which? If not, that is the answer."
        ),
        ("search for settings", DIFFERENT): (
            "search for settings: a learning rate that is given for one only is not yet a search: look for a "
            "sentence on how many settings were tried for each. If there is none, that is the answer."
        ),
        ("number of seeds", SAME): (
            "number of seeds: one picture of each does not mean one run of each: it may be the best of many. Look for "
            "the sentence that counts them. If there is none, that is the answer."
        ),
        ("number of seeds", DIFFERENT): (
            "number of seeds: the batches and epochs are those of one run: look for a sentence that counts the "
            "runs. If there is none, that is the answer."
        ),
    },
    synonyms={
        "equal": SAME,
        "identical": SAME,
        "differ": DIFFERENT,
        "differing": DIFFERENT,
        "unequal": DIFFERENT,
        "not same": DIFFERENT,
        "not equal": DIFFERENT,
        "unknown": NOT_SAID,
        "unsaid": NOT_SAID,
        "not stated": NOT_SAID,
        "unstated": NOT_SAID,
        "not mentioned": NOT_SAID,
        "not given": NOT_SAID,
        "not reported": NOT_SAID,
        "not known": NOT_SAID,
    },
)
