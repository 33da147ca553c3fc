#pragma once

// The one door to CAF's test framework, so that a newer CAF changes one file.
// Define CAF_SUITE before including this, then write CAF_TEST(name) { ... }
// with CAF_CHECK(expr), CAF_CHECK_EQUAL(x, y), CAF_REQUIRE(expr).
#include <caf/test/unit_test.hpp>
