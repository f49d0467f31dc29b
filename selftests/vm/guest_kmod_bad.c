// SPDX-License-Identifier: GPL-2.0-only
/* The cases about wrong arguments and about what the module knows of its kernel. */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "guest_kmod.h"

#define KERNEL_MAP	0xffffffff80000000ull	/* Documentation/arch/x86/x86_64/mm.rst */
#define LINKED_TEXT	0xffffffff81000000ull

#define ALL_IOCTLS(x) \
	x(KTSTR_IOC_INFO) x(KTSTR_IOC_BIND) x(KTSTR_IOC_WATERMARK) x(KTSTR_IOC_SET_SIZE) \
	x(KTSTR_IOC_STATS) x(KTSTR_IOC_CLOCK) x(KTSTR_IOC_FACTS) x(KTSTR_IOC_MARK) \
	x(KTSTR_IOC_EMIT) x(KTSTR_IOC_STIMULUS)

static void bad_numbers(int fd)
{
	unsigned long cmd;
	char arg[256] = {};

	/* Every number and direction that is none of ours. */
	for (cmd = 13; cmd < 256; cmd++) {
		NEED_ERRNO(ENOTTY, ioctl(fd, _IO(KTSTR_IOC_MAGIC, cmd), arg));
		NEED_ERRNO(ENOTTY, ioctl(fd, _IOWR(KTSTR_IOC_MAGIC, cmd, arg), arg));
	}
	NEED_ERRNO(ENOTTY, ioctl(fd, KTSTR_IOC_INFO + (1 << _IOC_SIZESHIFT), arg));
	NEED_ERRNO(ENOTTY, ioctl(fd, _IO(KTSTR_IOC_MAGIC, 0), arg));
#define BAD_ADDRESS(cmd) NEED_ERRNO(EFAULT, ioctl(fd, cmd, NULL));
	ALL_IOCTLS(BAD_ADDRESS)
}

static void bad_settings(int fd)
{
	__u32 cpu = sysconf(_SC_NPROCESSORS_CONF);
	__u64 n;
	struct ktstr_dev_stats st = { .cpu = cpu };
	struct ktstr_dev_mark mark = { .id = KTSTR_MARK_KERNEL };
	char page[8192];

	NEED_ERRNO(EINVAL, read(fd, page, sizeof(page)));
	NEED_ERRNO(EINVAL, ioctl(fd, KTSTR_IOC_BIND, &cpu));
	cpu = ~0u;
	NEED_ERRNO(EINVAL, ioctl(fd, KTSTR_IOC_BIND, &cpu));
	cpu = 0;
	NEED(!ioctl(fd, KTSTR_IOC_BIND, &cpu));
	NEED_ERRNO(EBUSY, ioctl(fd, KTSTR_IOC_BIND, &cpu));
	NEED_ERRNO(EINVAL, read(fd, page, page_size() - 1));
	NEED_ERRNO(ESPIPE, lseek(fd, 0, SEEK_SET));
	NEED_ERRNO(EINVAL, write(fd, page, 1));
	NEED_ERRNO(EINVAL, ioctl(fd, KTSTR_IOC_STATS, &st));
	st = (struct ktstr_dev_stats){ .reserved = 1 };
	NEED_ERRNO(EINVAL, ioctl(fd, KTSTR_IOC_STATS, &st));
	NEED_ERRNO(EINVAL, ioctl(fd, KTSTR_IOC_MARK, &mark));
	mark.id = 1;
	NEED_ERRNO(ESHUTDOWN, ioctl(fd, KTSTR_IOC_MARK, &mark));
	for (n = 0; n < 2 * page_size(); n += page_size() / 2)
		NEED_ERRNO(EINVAL, ioctl(fd, KTSTR_IOC_SET_SIZE, &n));
	n = 2 * page_size() + 1;
	NEED_ERRNO(EINVAL, ioctl(fd, KTSTR_IOC_SET_SIZE, &n));
	n = ~0ull << 12;
	NEED_ERRNO(EINVAL, ioctl(fd, KTSTR_IOC_SET_SIZE, &n));
	n = 0;
	NEED_ERRNO(EINVAL, ioctl(fd, KTSTR_IOC_WATERMARK, &n));
	n = ~0ull;
	NEED_ERRNO(EINVAL, ioctl(fd, KTSTR_IOC_WATERMARK, &n));
	NEED(!ioctl(fd, KTSTR_IOC_ENABLE));
	n = 2 * page_size();
	NEED_ERRNO(EBUSY, ioctl(fd, KTSTR_IOC_SET_SIZE, &n));
	NEED_ERRNO(EBUSY, ioctl(fd, KTSTR_IOC_RESET));
	NEED(!ioctl(fd, KTSTR_IOC_MARK, &mark));
	NEED(!fcntl(fd, F_SETFL, O_NONBLOCK));
	NEED_ERRNO(EAGAIN, read(fd, page, sizeof(page)));
	NEED(!ioctl(fd, KTSTR_IOC_DISABLE));
	NEED(!ioctl(fd, KTSTR_IOC_SET_SIZE, &n));
}

static int try_emit(int fd, struct ktstr_dev_emit e)
{
	return ioctl(fd, KTSTR_IOC_EMIT, &e);
}

static void bad_emits(int fd)
{
	struct ktstr_ev_mark m = { .h = { .type = KTSTR_EV_MARK } };
	struct ktstr_dev_emit ok = { .rec = (uintptr_t)&m, .len = sizeof(m), .count = 1 }, e;

#define BAD_EMIT(err, field, value) do { \
	e = ok; \
	e.field = (value); \
	NEED_ERRNO(err, try_emit(fd, e)); \
} while (0)
	BAD_EMIT(EINVAL, len, 0);
	BAD_EMIT(EINVAL, len, sizeof(m) - 1);
	BAD_EMIT(EINVAL, len, KTSTR_EV_SIZE_MAX + 4);
	BAD_EMIT(EINVAL, len, ~0u);
	BAD_EMIT(EINVAL, count, 0);
	BAD_EMIT(EINVAL, count, KTSTR_EMIT_MAX + 1);
	BAD_EMIT(EINVAL, context, 4);
	BAD_EMIT(EINVAL, cpu, 1);
	BAD_EMIT(EFAULT, rec, 0);
	BAD_EMIT(EFAULT, rec, LINKED_TEXT);
	ok.context = KTSTR_EMIT_HARDIRQ;
	BAD_EMIT(EINVAL, cpu, 100000);
	BAD_EMIT(EINVAL, count, KTSTR_EMIT_ATOMIC_MAX + 1);
	NEED(stats(fd, 0).emitted == 0);
}

static int try_stimulus(int fd, struct ktstr_stimulus s)
{
	return ioctl(fd, KTSTR_IOC_STIMULUS, &s);
}

static void bad_stimuli(int fd)
{
	struct ktstr_stimulus ok = { .kind = KTSTR_STIM_HOG, .duration_ns = 1000000 }, s;

#define BAD_STIM(field, value) do { \
	s = ok; \
	s.field = (value); \
	NEED_ERRNO(EINVAL, try_stimulus(fd, s)); \
} while (0)
	BAD_STIM(kind, 0);
	BAD_STIM(kind, KTSTR_STIM_NR);
	BAD_STIM(kind, ~0u);
	BAD_STIM(cpu, 100000);
	BAD_STIM(duration_ns, 0);
	BAD_STIM(duration_ns, KTSTR_STIM_MAX_NS + 1);
	BAD_STIM(duration_ns, ~0ull);
	BAD_STIM(policy, 100);
	BAD_STIM(period_ns, 100000);
	BAD_STIM(runtime_ns, 100000);
	ok.policy = SCHED_FIFO;
	BAD_STIM(prio, 0);
	BAD_STIM(prio, 100);
	BAD_STIM(prio, -1);
	ok.policy = SCHED_DEADLINE;
	BAD_STIM(period_ns, 0);
	ok = (struct ktstr_stimulus){ .kind = KTSTR_STIM_WAKE_STORM, .duration_ns = 1000000 };
	BAD_STIM(period_ns, 0);
	BAD_STIM(period_ns, KTSTR_STIM_MIN_PERIOD - 1);
	BAD_STIM(period_ns, 1000001);
	ok = (struct ktstr_stimulus){ .kind = KTSTR_STIM_SPIN_IRQ, .duration_ns = 1000000 };
	BAD_STIM(policy, SCHED_FIFO);
	BAD_STIM(prio, 1);
	ok.kind = KTSTR_STIM_HOTPLUG;
	BAD_STIM(cpu, KTSTR_STIM_ALL_CPUS);
	ok = (struct ktstr_stimulus){ .kind = KTSTR_STIM_PANIC };
	BAD_STIM(cpu, 1);
	BAD_STIM(duration_ns, 1);
	BAD_STIM(policy, 1);
}

/* A page that could not be delivered is the next one, and nothing of it is lost. */
static void bad_buffers(int fd)
{
	size_t size = page_size();
	char *mem = mmap(NULL, 4 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	__u64 bytes = 16 * size;

	NEED(mem != MAP_FAILED);
	NEED(!munmap(mem + size, size));
	NEED(!ioctl(fd, KTSTR_IOC_SET_SIZE, &bytes) && !ioctl(fd, KTSTR_IOC_ENABLE));
	NEED(emit(fd, KTSTR_EMIT_TASK, 0, 1, 0, 300) == 300);
	NEED(!ioctl(fd, KTSTR_IOC_DISABLE));
	NEED_ERRNO(EFAULT, read(fd, mem + size, size));
	NEED_ERRNO(EFAULT, read(fd, (void *)LINKED_TEXT, size));
	/* Half of a page cannot be written, and then the second page cannot. */
	NEED_ERRNO(EFAULT, read(fd, mem + size / 2, size));
	NEED(read(fd, mem, 2 * size) == (ssize_t)size);
	send_page(0, mem);
	NEED(poll(&pfd, 1, 0) == 1 && pfd.revents == (POLLIN));
	drain(0, fd);
	NEED(stats(fd, 0).read == 300);
}

void case_bad(unsigned int n)
{
	struct ktstr_stimulus panic = { .kind = KTSTR_STIM_PANIC };
	struct ktstr_ev_mark m = { .h = { .type = KTSTR_EV_MARK } };
	struct ktstr_dev_emit e = { .rec = (uintptr_t)&m, .len = sizeof(m), .count = 1 };
	int fd;

	(void)n;
	pin(0);
	/* Without stimuli=1 root cannot either. */
	load("");
	fd = open_dev();
	NEED_ERRNO(EPERM, try_stimulus(fd, panic));
	NEED_ERRNO(EPERM, try_emit(fd, e));
	close(fd);
	unload();
	load("stimuli=1 size_kib=64");
	fd = open_dev();
	bad_numbers(fd);
	bad_settings(fd);
	bad_emits(fd);
	bad_stimuli(fd);
	bad_buffers(fd);
	say_account(fd);
	/* With it only root can. */
	NEED(!seteuid(1000));
	NEED_ERRNO(EACCES, open(KTSTR_DEV_NODE, O_RDONLY));
	NEED_ERRNO(EPERM, try_stimulus(fd, panic));
	NEED_ERRNO(EPERM, try_emit(fd, e));
	NEED(!seteuid(0));
	close(fd);
	unload();
}

static unsigned long long first_match(const char *path, const char *format, const char *name)
{
	unsigned long long value = 0;
	char line[512], word[256];
	FILE *f = fopen(path, "r");

	NEED(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, format, &value, word) == 2 && !strcmp(word, name))
			break;
	NEED(!feof(f));
	fclose(f);
	return value;
}

/* What the module says of its kernel, against what the kernel says itself. */
void case_facts(unsigned int n)
{
	struct ktstr_dev_facts f = {};
	struct ktstr_dev_clock a, b;
	uint64_t mono, tsc, mono_end, tsc_end;
	uint64_t text = first_match("/proc/kallsyms", "%llx %*c %255s", "_text");
	uint64_t code = first_match("/proc/iomem", " %llx-%*x : %255[^\n]", "Kernel code");
	int fd;

	load("");
	fd = open_dev();
	NEED(!ioctl(fd, KTSTR_IOC_FACTS, &f));
	say("facts %x kaslr %llx phys %llx page %llx tsc %llu\n", f.valid, f.kaslr_offset,
	    f.phys_base, f.page_offset, f.tsc_khz);
	NEED(f.valid == (KTSTR_HELO_KASLR | KTSTR_HELO_PHYS_BASE | KTSTR_HELO_PAGE_OFFSET |
			 KTSTR_HELO_TSC_KHZ));
	NEED(f.kaslr_offset == text - LINKED_TEXT);
	NEED(code == text - KERNEL_MAP + f.phys_base);
	NEED(f.page_offset >= 0xff11000000000000ull && !(f.page_offset & 0x3fffffff));
	NEED(f.tsc_khz > 100000 && f.tsc_khz < 10000000);

	mono = now_ns();
	tsc = __rdtsc();
	NEED(!ioctl(fd, KTSTR_IOC_CLOCK, &a));
	usleep(n * 1000);
	NEED(!ioctl(fd, KTSTR_IOC_CLOCK, &b));
	tsc_end = __rdtsc();
	mono_end = now_ns();
	NEED(mono <= a.mono_ns && a.mono_ns < b.mono_ns && b.mono_ns <= mono_end);
	NEED(tsc <= a.cycles && a.cycles < b.cycles && b.cycles <= tsc_end);
	NEED(b.ring_ns - a.ring_ns + a.window_ns + b.window_ns >= b.mono_ns - a.mono_ns);
	say("clock window %llu %llu ring %llu mono %llu boot %llu cycles %llu\n", a.window_ns,
	    b.window_ns, b.ring_ns - a.ring_ns, b.mono_ns - a.mono_ns, b.boot_ns - a.boot_ns,
	    b.cycles - a.cycles);
	close(fd);
	unload();
}
