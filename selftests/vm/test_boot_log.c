// SPDX-License-Identifier: GPL-2.0-only
/*
 * A quiet console, and the whole kernel log all the same when there is no PID 1 to
 * hand it out.
 */
#include <string.h>

#include "selftests/unit/unit.h"
#include "vm_boot.h"

FIXTURE(log)
{
	struct vm vm;
};

FIXTURE_SETUP(log)
{
	memset(&self->vm, 0, sizeof(self->vm));
}

FIXTURE_TEARDOWN(log)
{
	vm__finish(&self->vm, _metadata->exit_code == KSFT_FAIL);
}

/* An initramfs without an init, and no disk to look for one. */
TEST_F_TIMEOUT(log, a_panic_before_init_prints_the_log_from_its_first_line, 120)
{
	const struct vm_file file = { .path = "/nothing", .data = "", .len = 0 };
	const char *com = self->vm.com[0];
	struct ktstr_error e;

	ASSERT_EQ(0, vm__boot(&self->vm, "1,1,1,1", &file, 1, 100, &e)) TH_LOG("%s", e.msg);
	ASSERT_TRUE(vm__wait_end(&self->vm));
	EXPECT_EQ(VMM_END_RESET, vmm__end(self->vm.vmm, NULL, 0));
	EXPECT_NE(NULL, strstr(com, "Kernel panic - not syncing"));
	/* Lines that are quiet otherwise: the first, and one after devices were probed. */
	EXPECT_NE(NULL, strstr(com, "Linux version "));
	EXPECT_NE(NULL, strstr(com, "Unpacking initramfs"));
}

TEST_HARNESS_MAIN
