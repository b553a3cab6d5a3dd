"""The settings of nbgrader for this course, which grading/nbgrader_config.py loads."""

import sys
from pathlib import Path

from nbgrader import preprocessors as nbgrader

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from grader.preprocessors import Judge, Restore  # noqa: E402 - nbgrader knows nothing of scripts/

c = get_config()  # noqa: F821 - what reads this file defines it
c.CourseDirectory.course_id = "gan_vae_course"
c.GenerateAssignment.preprocessors = [  # nothing to clear: the source has neither answers nor hidden tests
    nbgrader.LockCells,
    nbgrader.ClearOutput,
    nbgrader.CheckCellMetadata,
    nbgrader.ComputeChecksums,
    nbgrader.SaveCells,
]
c.Autograde.sanitize_preprocessors = [
    Restore,
    nbgrader.ClearOutput,
    nbgrader.OverwriteKernelspec,
    nbgrader.OverwriteCells,
    nbgrader.CheckCellMetadata,
]
c.Autograde.autograde_preprocessors = [
    Judge,
    nbgrader.SaveAutoGrades,
    nbgrader.AssignLatePenalties,
    nbgrader.CheckCellMetadata,
]
