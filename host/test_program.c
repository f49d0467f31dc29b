// SPDX-License-Identifier: GPL-2.0-only
/*
 * main() of a test program: host and guest in one.
 */
#include <stdbool.h>
#include <unistd.h>

#include <ktstr/plan.h>

/* The two programs that were put together, under names of their own (scripts/build.mk). */
int ktstr_host_main(int argc, char **argv);
int ktstr_guest_main(int argc, char **argv);

int main(int argc, char **argv)
{
	/* The kernel executes it as /init of an image; a container may also give it PID 1. */
	bool guest = getpid() == 1 && !access(KTSTR_PLAN_PATH, F_OK);

	return guest ? ktstr_guest_main(argc, argv) : ktstr_host_main(argc, argv);
}
