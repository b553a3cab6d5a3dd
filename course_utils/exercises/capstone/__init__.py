"""The capstone: a published tutorial with defects, mended function by function."""

from course_utils.exercises.capstone import tutorial
from course_utils.exercises.capstone.choose import check_choose
from course_utils.exercises.capstone.compare import check_compare
from course_utils.exercises.capstone.discriminator_loss import check_discriminator_loss
from course_utils.exercises.capstone.discriminator_step import check_discriminator_step
from course_utils.exercises.capstone.draw import check_draw
from course_utils.exercises.capstone.generator_step import check_generator_step
from course_utils.exercises.capstone.r1_penalty import check_r1_penalty
from course_utils.exercises.capstone.repair import Progress
from course_utils.exercises.capstone.reparameterize import check_reparameterize
from course_utils.exercises.capstone.score import check_score
from course_utils.exercises.capstone.split import check_split
from course_utils.exercises.capstone.vae_loss import check_vae_loss
from course_utils.exercises.capstone.vae_step import check_vae_step

REPAIRS = (
    check_split,
    check_discriminator_loss,
    check_r1_penalty,
    check_discriminator_step,
    check_generator_step,
    check_reparameterize,
    check_vae_loss,
    check_vae_step,
    check_draw,
    check_score,
    check_choose,
    check_compare,
)
PUBLISHED = {repair.name: repair.published for repair in REPAIRS}
all_mended = Progress(REPAIRS)

__all__ = [
    "PUBLISHED",
    "REPAIRS",
    "all_mended",
    "check_choose",
    "check_compare",
    "check_discriminator_loss",
    "check_discriminator_step",
    "check_draw",
    "check_generator_step",
    "check_r1_penalty",
    "check_reparameterize",
    "check_score",
    "check_split",
    "check_vae_loss",
    "check_vae_step",
    "tutorial",
]
