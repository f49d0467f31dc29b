// SPDX-License-Identifier: GPL-2.0-only
/*
 * The start of every fuzzer.
 */
#include "fuzz.h"

/* No fuzzer has options of its own: the environment tells it more where there is more. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz__init();
	return 0;
}
