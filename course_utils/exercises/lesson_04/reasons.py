"""Why a change cures a patient of lesson 04, or why it does not: sentences, the most specific key first.

A key is a patient and a change as written, a patient, an argument and its direction, a patient and an argument, or a
patient alone. The direction of a pair is that of its first number, or "second up" or "second down" if only the second
was changed.
"""

SECOND_BETA = "Only the second of the two was changed, which says how long Adam remembers the size of gradients: {}."
CURED = {
    ("A", "discriminator_lr", "up"): (
        "A faster discriminator learns where the points clump before the generator has moved on, so that hopping from "
        "cloud to cloud no longer pays."
    ),
    ("A", "pack"): (
        "A discriminator that sees several points at once notices that they are all alike, which no single point shows."
    ),
    ("A", "generator_lr", "down"): (
        "A slower generator leaves the discriminator the time to learn where the points clump."
    ),
    "A": "The discriminator now learns where the points clump faster than the generator can leave.",
    ("B", "loss='non_saturating'"): (
        "Its gradient is largest where the discriminator is sure of a sample, and the saturating one's is smallest."
    ),
    ("B", "loss='least_squares'"): (
        "A squared distance keeps growing where the discriminator is sure, so that the generator has a slope again."
    ),
    ("B", "r1_weight"): (
        "The penalty flattens the discriminator around the real points: one that is less sure leaves a slope to learn "
        "from."
    ),
    ("B", "gp_weight"): (
        "The penalty holds the discriminator's slope near 1 between real and generated points: there is a gradient."
    ),
    ("B", "n_critic"): (
        "The discriminator was sure inside the ring and wrong beyond it; with more steps to each of the generator's it "
        "can correct that in time."
    ),
    ("B", "discriminator_lr", "up"): (
        "The discriminator was sure inside the ring and wrong beyond it; a faster one corrects that in time."
    ),
    ("B", "generator_lr", "down"): (
        "A slower generator stays where the discriminator has looked, and leaves it the time to correct itself beyond "
        "the ring."
    ),
    ("B", "pack"): "A pack is judged as one, and this discriminator was another one from the head start on.",
    "B": "The points no longer fly to where the discriminator has never looked.",
    ("C", "betas", "down"): (
        "With less momentum the players answer to where the other one is now, not to where it was some steps ago."
    ),
    ("C", "betas", "second down"): (
        "The momentum is as it was, but Adam now forgets the size of old gradients sooner, so that its steps shrink "
        "sooner when the gradients grow."
    ),
    ("C", "discriminator_lr", "up"): (
        "A faster discriminator catches up with the generator within its swing, so that the swings die out."
    ),
    ("C", "generator_lr", "down"): (
        "A slower generator no longer outruns the discriminator's answer, so that the swings die out."
    ),
    ("C", "loss='least_squares'"): (
        "It pulls the discriminator's outputs back when they go beyond 0 and 1, so that its slopes stay small."
    ),
    ("C", "r1_weight"): "A flatter discriminator pushes less, so that the momentum carries the points less far.",
    ("C", "n_critic"): (
        "The discriminator takes several steps to each of the generator's, and catches up with it within its swing."
    ),
    (
        "C",
        "gp_weight",
    ): "A discriminator of bounded slope pushes less, so that the momentum carries the points less far.",
    ("C", "pack"): (
        "A discriminator that sees several points at once notices that they are all alike, so that they no longer "
        "swing as one clump."
    ),
    "C": "The two players no longer overshoot each other.",
}

NOT_CURED = {
    ("A", "discriminator_lr", "down"): "This discriminator was too slow already; try the other direction.",
    ("A", "discriminator_lr", "up"): "The direction is right; it takes another size.",
    ("A", "generator_lr", "down"): (
        "The direction is right, since the discriminator gains on the generator, but it takes another size, with which "
        "the points also arrive in 2,000 steps."
    ),
    ("A", "generator_lr", "up"): "The generator outran the discriminator already; this makes it faster still.",
    ("A", "r1_weight"): (
        "The penalty calms the discriminator, but this one is too slow already: it is never sure of anything."
    ),
    ("A", "gp_weight"): (
        "The penalty holds the discriminator's slope, but this one is too slow already: it is never sure of anything."
    ),
    ("A", "n_critic"): (
        "More steps for the discriminator are the right idea, but they are tiny: look at what makes them so."
    ),
    ("A", "betas", "second up"): SECOND_BETA.format("look at how fast each of the players learns"),
    ("A", "betas", "second down"): SECOND_BETA.format("look at how fast each of the players learns"),
    ("A", "betas"): "Momentum is not what ails it: look at how fast each of the players learns.",
    ("A", "loss"): (
        "Another loss asks the same slow discriminator: it has not yet seen where the points are when they are gone."
    ),
    "A": "Look at how fast each of the players learns, or at what the discriminator sees.",
    ("B", "loss='wasserstein'"): (
        "This loss needs a critic whose slope is bounded, and nothing bounds this one's: its gradients are of any size."
    ),
    ("B", "loss='hinge'"): (
        "Its gradient does not fade for the generator, but the sure discriminator is steep, and the points overshoot."
    ),
    ("B", "r1_weight"): "The direction is right, but it takes another size.",
    ("B", "gp_weight"): (
        "The slope between real and generated points is held, but that is not enough for most copies in 2,000 steps."
    ),
    ("B", "loss"): "This loss does not help enough against a discriminator that is so far ahead.",
    ("B", "discriminator_lr", "down"): (
        "The discriminator is sure of the ring, but wrong far outside, and now it corrects that even later."
    ),
    ("B", "discriminator_lr", "up"): (
        "The direction is right, since the discriminator has to correct itself beyond the ring; it takes another size."
    ),
    ("B", "generator_lr", "down"): (
        "The direction is right, since a slower generator stays near the ring; it takes another size, with which it "
        "also arrives in 2,000 steps."
    ),
    ("B", "generator_lr", "up"): (
        "Beyond the ring the discriminator is wrong and calls the points there, and now they fly there even faster: "
        "try the other direction."
    ),
    ("B", "n_critic"): (
        "It may take another number: the discriminator must correct its answers beyond the ring and still leave the "
        "generator enough steps."
    ),
    ("B", "pack"): "Too few copies recover with packs of this size.",
    ("B", "betas", "second up"): SECOND_BETA.format(
        "look at the slope of the generator's loss where the discriminator is sure"
    ),
    ("B", "betas", "second down"): SECOND_BETA.format(
        "look at the slope of the generator's loss where the discriminator is sure"
    ),
    ("B", "betas"): "Momentum does not change where the discriminator sends the points.",
    "B": "Look at the slope of the generator's loss where the discriminator is sure.",
    ("C", "pack"): "It sees the clump, but the players still overshoot each other: ask what carries them too far.",
    ("C", "n_critic"): (
        "The idea is right, since the discriminator must catch up with the generator within its swing, but it takes "
        "another number: the generator needs steps enough of its own."
    ),
    ("C", "loss"): "The loss says where to go; what carries the players too far is still there.",
    ("C", "r1_weight"): (
        "The penalty brakes the discriminator, but with this weight the players' momentum still carries too many of "
        "the copies too far."
    ),
    ("C", "gp_weight"): (
        "The penalty holds the discriminator's slope, but with this weight the players' momentum still carries too "
        "many of the copies too far."
    ),
    ("C", "discriminator_lr", "down"): "A slower discriminator answers even later: try the other direction.",
    ("C", "discriminator_lr", "up"): "The direction is right; it takes another size.",
    ("C", "generator_lr", "up"): "The generator overshoots already: try the other direction.",
    ("C", "generator_lr", "down"): "The direction is right, but it takes another size.",
    ("C", "betas", "up"): "This is more momentum, which is what carries the players too far: try the other direction.",
    ("C", "betas", "down"): "The direction is right: take away more of the momentum, which is the first of the two.",
    ("C", "betas", "second up"): SECOND_BETA.format("the first is the momentum, which carries the players too far"),
    ("C", "betas", "second down"): SECOND_BETA.format("the first is the momentum, which carries the players too far"),
    "C": "Ask what carries the players past each other.",
}
