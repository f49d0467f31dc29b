// SPDX-License-Identifier: GPL-2.0-only
/* The cases about what happens again and again, under load, and to readers that die. */
#include <fcntl.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest_kmod.h"

#define VICTIM	1	/* the CPU that comes and goes */
#define MS	1000000ull

/* Recording with a reader on every CPU, half of them by splice(). */
struct stream {
	int ctl, nr;
	struct pumper p[NR_CPUS];
};

static void stream_start(struct stream *s, const char *params)
{
	int i;

	load(params);
	*s = (struct stream){ .ctl = open_dev(), .nr = sysconf(_SC_NPROCESSORS_ONLN) };
	NEED(!ioctl(s->ctl, KTSTR_IOC_ENABLE));
	for (i = 0; i < s->nr; i++) {
		s->p[i].cpu = i;
		s->p[i].by_splice = i % 2;
		NEED(!pthread_create(&s->p[i].thread, NULL, pumper_main, &s->p[i]));
	}
}

/* Readers get the end of the file; whoever is left holds the module still. */
static void stream_end(struct stream *s)
{
	int i;

	NEED(!ioctl(s->ctl, KTSTR_IOC_DISABLE));
	for (i = 0; i < s->nr; i++)
		pthread_join(s->p[i].thread, NULL);
	say_account(s->ctl);
}

static uint64_t emitted(int ctl)
{
	uint64_t sum = 0;
	int cpu;

	for (cpu = 0; cpu < sysconf(_SC_NPROCESSORS_ONLN); cpu++)
		sum += stats(ctl, cpu).emitted;
	return sum;
}

/* The program is attached: somebody switches, and if it is us. */
static void wait_emitted(int ctl, uint64_t more)
{
	uint64_t want = emitted(ctl) + more;

	while (emitted(ctl) < want)
		sched_yield();
}

#define ATTACHES_PER_PROG	50

/* A program attached to every context switch and away again, @n times, as events stream. */
void case_attach(unsigned int n)
{
	const struct bpf_mark mark = { .id = 9, .arg = 10 };
	struct stream s;
	int prog = -1, link;
	uint64_t before;
	unsigned int i;

	load_start();
	stream_start(&s, "size_kib=32");
	for (i = 0; i < n; i++) {
		if (i % ATTACHES_PER_PROG == 0) {
			if (i)
				close(prog);
			prog = bpf_load_switch(&mark);
		}
		link = bpf_attach(prog);
		wait_emitted(s.ctl, 1);
		close(link);
	}
	stream_end(&s);
	/* Off and on again: no call is on its way any more. Away is away. */
	NEED(!ioctl(s.ctl, KTSTR_IOC_ENABLE));
	before = emitted(s.ctl);
	for (i = 0; i < 10; i++) {
		pin(0);
		pin(1);
	}
	NEED(emitted(s.ctl) == before);
	load_stop();
	close(prog);
	close(s.ctl);
	say("attaches %u\n", n);
	/* The kernel frees a program after a grace period, and says nothing then. */
	while (try_unload())
		NEED(errno == EBUSY || errno == EAGAIN);
}

struct source {
	pthread_t thread;
	int ctl, cpu;
	bool stop;
};

/* Emits on its CPU, or wherever it is when that is away. */
static void *source_main(void *arg)
{
	struct source *s = arg;
	uint64_t number = 0;

	pin(s->cpu);
	for (; !__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE); number += KMOD_PER_CALL) {
		emit(s->ctl, KTSTR_EMIT_TASK, 0, s->cpu << 8, number, KMOD_PER_CALL);
		emit(s->ctl, KTSTR_EMIT_SOFTIRQ, 0, s->cpu << 8 | 1, number, KMOD_PER_CALL);
	}
	return NULL;
}

static void sources_start(struct source *s, int ctl, int nr)
{
	int i;

	for (i = 0; i < nr; i++) {
		s[i] = (struct source){ .ctl = ctl, .cpu = i };
		NEED(!pthread_create(&s[i].thread, NULL, source_main, &s[i]));
	}
}

static void sources_stop(struct source *s, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		__atomic_store_n(&s[i].stop, true, __ATOMIC_RELEASE);
	for (i = 0; i < nr; i++)
		pthread_join(s[i].thread, NULL);
}

/* A CPU goes and comes, @n times, while its events and the others' are on their way out. */
void case_stream_hotplug(unsigned int n)
{
	struct ktstr_stimulus s = {
		.kind = KTSTR_STIM_HOTPLUG, .cpu = VICTIM, .duration_ns = 50 * MS,
	};
	struct source src[NR_CPUS];
	struct stream st;
	uint64_t before;
	unsigned int i;

	load_start();
	stream_start(&st, "stimuli=1 size_kib=16");
	sources_start(src, st.ctl, st.nr);
	for (i = 0; i < n; i++) {
		NEED(!ioctl(st.ctl, KTSTR_IOC_STIMULUS, &s));
		/* It is back, and so are its events and its reader's pages. */
		pin(VICTIM);
		before = stats(st.ctl, VICTIM).read;
		while (stats(st.ctl, VICTIM).read == before)
			emit(st.ctl, KTSTR_EMIT_TASK, 0, 0x80, 0, 1);
		pin(0);
	}
	sources_stop(src, st.nr);
	stream_end(&st);
	load_stop();
	close(st.ctl);
	unload();
	say("cycles %u\n", n);
}

/* The same without ktstr.ko, for comparison: what the kernel says then is its own. */
void case_bare_hotplug(unsigned int n)
{
	unsigned int i;

	load_start();
	say("cycling\n");
	for (i = 0; i < n; i++) {
		set_online(VICTIM, "0");
		set_online(VICTIM, "1");
	}
	load_stop();
	say("cycles %u\n", n);
}

/* How a reader is when it is killed. */
enum {
	DIE_SPLICING,		/* pages in its pipe, more on their way */
	DIE_READING,
	DIE_FULL,		/* asleep in splice(): its pipe has no room */
	DIE_WAITING_SPLICE,	/* asleep in splice(): there is nothing */
	DIE_WAITING_READ,
	DIE_NR,
};

/* Never returns. @moved counts calls that moved pages. */
static void doomed(int kind, unsigned int *moved)
{
	int fd = open_cpu(0), null = open("/dev/null", O_WRONLY), p[2];
	char *page = malloc(16 * page_size());
	bool reads = kind == DIE_READING || kind == DIE_WAITING_READ;

	NEED(null >= 0 && page && !pipe(p));
	if (kind == DIE_FULL)
		NEED(fcntl(p[1], F_SETPIPE_SZ, page_size()) == (int)page_size());
	for (;;) {
		if (reads)
			NEED(read(fd, page, 16 * page_size()) > 0);
		else
			NEED(splice(fd, NULL, p[1], NULL, 16 * page_size(), 0) > 0);
		__atomic_add_fetch(moved, 1, __ATOMIC_RELEASE);
		/* Every other page stays in the pipe for a turn. */
		if (kind == DIE_SPLICING)
			NEED(splice(p[0], NULL, null, NULL, page_size(), 0) > 0);
	}
}

/* Until it has moved pages @calls times, or sleeps as it should. */
static void wait_doomed(int kind, pid_t pid, unsigned int *moved, unsigned int calls)
{
	if (kind == DIE_FULL)
		calls = 1;
	if (kind <= DIE_FULL)
		while (__atomic_load_n(moved, __ATOMIC_ACQUIRE) < calls)
			sched_yield();
	if (kind >= DIE_FULL)
		wait_asleep(pid);
}

static void one_death(int ctl, int kind, unsigned int calls, unsigned int *moved)
{
	bool flows = kind <= DIE_FULL;
	struct source src;
	pid_t pid;
	int status;

	*moved = 0;
	NEED(!ioctl(ctl, KTSTR_IOC_ENABLE));
	pid = fork();
	NEED(pid >= 0);
	if (!pid)
		doomed(kind, moved);
	if (flows)
		sources_start(&src, ctl, 1);
	wait_doomed(kind, pid, moved, calls);
	NEED(!kill(pid, SIGKILL));
	NEED(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	if (flows)
		sources_stop(&src, 1);
	NEED(!ioctl(ctl, KTSTR_IOC_DISABLE));
}

/* What a reader took to its grave has been read; the rest is there for the next one. */
void case_killed(unsigned int n)
{
	unsigned int *moved = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct ktstr_dev_stats st;
	unsigned int i;
	int ctl, fd;

	NEED(moved != MAP_FAILED);
	load("stimuli=1 size_kib=16");
	ctl = open_dev();
	for (i = 0; i < n; i++) {
		one_death(ctl, i % DIE_NR, i / DIE_NR % 7, moved);
		st = stats(ctl, 0);
		NEED(st.emitted == st.read + st.lost + st.entries);
		/* As any reader may, from where the other one was stopped. */
		fd = open_cpu(0);
		drain(0, fd);
		close(fd);
		NEED(!stats(ctl, 0).entries);
	}
	say_account(ctl);
	close(ctl);
	/* The dead hold nothing. */
	unload();
	say("killed %u\n", n);
}

static int open_perf(uint32_t type, uint64_t config, uint64_t period)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr), .type = type, .config = config, .sample_period = period,
	};

	return syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
}

/*
 * A program that emits on every overflow of a perf event: an NMI where there is a PMU,
 * an interrupt of the software clock's timer where there is none; it says which.
 */
void case_perf(unsigned int n)
{
	const struct bpf_mark mark = { .id = 11, .arg = 12 };
	struct ktstr_dev_stats before;
	int ctl, fd, prog, ev;
	bool nmi = true;

	load("size_kib=64");
	ctl = open_dev();
	fd = open_cpu(0);
	pin(0);
	NEED(!ioctl(ctl, KTSTR_IOC_ENABLE));
	prog = bpf_load_perf(&mark);
	ev = open_perf(PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, 1000000);
	if (ev < 0) {
		NEED(errno == ENOENT || errno == EOPNOTSUPP || errno == ENODEV);
		nmi = false;
		ev = open_perf(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, MS);
	}
	NEED(ev >= 0 && !ioctl(ev, PERF_EVENT_IOC_SET_BPF, prog));
	NEED(!ioctl(ev, PERF_EVENT_IOC_ENABLE, 0));
	before = stats(ctl, 0);
	while (stats(ctl, 0).emitted < before.emitted + n)
		;
	close(ev);
	close(prog);
	NEED(!ioctl(ctl, KTSTR_IOC_DISABLE));
	drain(0, fd);
	say("perf events were %s\n", nmi ? "NMIs" : "interrupts");
	say_account(ctl);
	close(fd);
	close(ctl);
	while (try_unload())
		NEED(errno == EBUSY || errno == EAGAIN);
}

/* The kernel's watchmen are awake: memory that was freed is read, and they say so. */
void case_watched(unsigned int n)
{
	static const char what[] = "READ_AFTER_FREE";
	int fd;

	(void)n;
	NEED(!mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL));
	fd = open("/sys/kernel/debug/provoke-crash/DIRECT", O_WRONLY);
	NEED(fd >= 0);
	NEED(write(fd, what, strlen(what)) > 0);
	close(fd);
}
