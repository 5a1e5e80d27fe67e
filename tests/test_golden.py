"""Coefficients agree with a fixed table, computed by the definition (`tests/make_golden.py`)."""

import json

import numpy as np
import pytest
from make_golden import (
    FRAME_STEP,
    LOG_EPS,
    SIGNALS,
    TABLE,
    by_definition,
    log_features,
    parameters_of,
)

from skscatter import LogScattering1D, Scattering1D
from skscatter._scattering.settings import NUMERICS

pytestmark = pytest.mark.reliability("Numbers that stay")

GOLDEN = json.loads(TABLE.read_text(encoding="utf-8"))
ROWS = pytest.mark.parametrize("row", GOLDEN["rows"])


def test_the_table_has_the_version_of_the_numerics():
    assert GOLDEN["numerics"] == NUMERICS, "run tests/make_golden.py, and note it in CHANGELOG.md"


def test_the_definition_gives_the_table():
    row = next(iter(GOLDEN["rows"]))
    setting, signal = row.split()
    S, _ = by_definition(SIGNALS[signal], setting)
    np.testing.assert_allclose(
        log_features(S), GOLDEN["rows"][row]["log_features"], rtol=1e-11, atol=1e-11
    )


@ROWS
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-11), ("float32", 2e-6)])
def test_coefficients_agree_with_the_table(row, dtype, tolerance):
    setting, signal = row.split()
    X = SIGNALS[signal][np.newaxis].astype(dtype)
    transformer = Scattering1D(**parameters_of(setting), n_segments=1).fit(X)
    S = transformer.scatter(X)[0, 0]
    np.testing.assert_allclose(
        S[:, ::FRAME_STEP], GOLDEN["rows"][row]["coefficients"], rtol=0, atol=tolerance
    )
    names = transformer.set_params(pooling="mean").get_feature_names_out()
    assert [name.removesuffix("_seg0_mean") for name in names] == GOLDEN["rows"][row]["paths"]


@ROWS
def test_log_features_agree_with_the_table(row):
    setting, signal = row.split()
    parameters = {"log_eps": LOG_EPS, "include_order0": False, "n_segments": 1}
    transformer = LogScattering1D(**(parameters_of(setting) | parameters))
    features = transformer.fit_transform(SIGNALS[signal][np.newaxis])
    np.testing.assert_allclose(
        features[0], GOLDEN["rows"][row]["log_features"], rtol=1e-9, atol=1e-9
    )
