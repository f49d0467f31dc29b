/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's kselftest harness under this project's warnings.
 *
 * Its macros define functions without prototypes and compare literals with
 * whatever a test hands them; these warnings are off where it is used, and
 * nowhere else.
 */
#ifndef UNIT_H
#define UNIT_H

#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wsign-compare"

#include "kselftest_harness.h"

#endif /* UNIT_H */
