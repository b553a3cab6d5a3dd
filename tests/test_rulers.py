"""The rulers of the fight: judges that differ by their seed, and features that never saw a label."""

import dataclasses

import torch
from helpers import digits
from sklearn.neighbors import KNeighborsClassifier

from course_utils.comparison.rulers import Rulers, turned, which_way_up


def test_images_are_turned_by_quarters_and_say_how_often():
    images = digits().train[:5]
    x, turns = turned(images)
    assert x.shape == (20, 1, 28, 28) and turns.tolist() == [0] * 5 + [1] * 5 + [2] * 5 + [3] * 5
    assert torch.equal(x[:5], images) and torch.equal(x[5:10].rot90(-1, (2, 3)), images)
    assert torch.equal(x[10:15], images.flip(2, 3))


def test_features_of_which_way_up_know_classes_that_they_were_never_told():
    unlabelled = dataclasses.replace(digits(), train_labels=torch.zeros_like(digits().train_labels))
    network = which_way_up(unlabelled)  # the same checkpoint: no label has entered
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), which_way_up(digits()).parameters()))
    rulers = Rulers(digits(), n=500, judges=1)
    seen, asked = (rulers.unlabelled.features(images) for images in (digits().train[:3000], digits().test[:1000]))
    knn = KNeighborsClassifier(5).fit(seen, digits().train_labels[:3000])
    assert knn.score(asked, digits().test_labels[:1000]) > 0.7


def test_judges_differ_and_each_has_its_own_floor():
    rulers = Rulers(digits(), n=500, judges=2)
    floors = [judge.floor["frechet"] for judge in (*rulers.judges, rulers.unlabelled)]
    assert len(set(floors)) == 3
