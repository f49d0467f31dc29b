// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tests linked into this program: the linker puts pointers to them side by side.
 */
#include <string.h>

#include <ktstr/test.h>

/* Weak: a program without a test has no such section. */
extern const struct ktstr_test *const __start_ktstr_tests[] __attribute__((weak));
extern const struct ktstr_test *const __stop_ktstr_tests[] __attribute__((weak));

const struct ktstr_test *ktstr_test__at(unsigned int i)
{
	return i < (size_t)(__stop_ktstr_tests - __start_ktstr_tests) ? __start_ktstr_tests[i] :
									NULL;
}

const struct ktstr_test *ktstr_test__find(const char *name)
{
	const struct ktstr_test *t;

	for (unsigned int i = 0; (t = ktstr_test__at(i)); i++)
		if (!strcmp(t->name, name))
			return t;
	return NULL;
}

const struct ktstr_test *ktstr_test__namesake(void)
{
	const struct ktstr_test *t;

	for (unsigned int i = 0; (t = ktstr_test__at(i)); i++)
		if (ktstr_test__find(t->name) != t)
			return t;
	return NULL;
}
