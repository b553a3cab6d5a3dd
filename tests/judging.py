"""A process that trains a judge for a moment, is stopped meanwhile, or lives to print what the judge says."""

import functools

import moments
from helpers import digits

import course_utils.judge

plain_fit = course_utils.judge.fit


@functools.wraps(plain_fit)
def short_fit(*args, **settings):
    return plain_fit(*args, **settings | {"steps": 60, "log_every": 10})


moments.watch(3e-3)
course_utils.judge.fit = short_fit
judge = course_utils.judge.Judge(digits(), n=100)
print(judge.accuracy, judge.floor)
