"""The second view: what it says without an example is what it says when that example was never counted."""

from __future__ import annotations

import numpy as np

from services.ivr.domain.matching.evidence import Evidence, added
from services.ivr.domain.matching.similarity import Vocabulary

TEXTS = ["rent a month", "rent per month", "a dog", "my dog and cat", "pets allowed", "房租多少", "每月房租"]
CLASSES = [0, 0, 1, 1, 1, 2, 2]
VOCABULARY = Vocabulary.of(TEXTS)
VECTORS = [VOCABULARY.vector(text) for text in TEXTS]
FEATURES = len(VOCABULARY.weights)
EVIDENCE = Evidence.of(VECTORS, CLASSES, 3, FEATURES)


def test_left_out_is_the_same_as_never_counted() -> None:
    without = added(EVIDENCE.without_each(VECTORS, np.array(CLASSES, np.int32)))
    for left_out, vector in enumerate(VECTORS):
        others = [n for n in range(len(VECTORS)) if n != left_out]
        fresh = Evidence.of([VECTORS[n] for n in others], [CLASSES[n] for n in others], 3, FEATURES)
        np.testing.assert_allclose(without[left_out], fresh.scores(vector), atol=1e-5)


def test_a_feature_speaks_for_the_question_whose_examples_have_it() -> None:
    assert [int(EVIDENCE.scores(VOCABULARY.vector(text)).argmax()) for text in ("the rent", "dog", "房租")] == [0, 1, 2]


def test_a_question_without_examples_is_never_spoken_for() -> None:
    empty = Evidence.of(VECTORS, CLASSES, 4, FEATURES)
    assert all(int(empty.scores(vector).argmax()) != 3 for vector in VECTORS)
