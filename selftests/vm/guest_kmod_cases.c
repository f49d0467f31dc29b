// SPDX-License-Identifier: GPL-2.0-only
/* The cases about events and the device; those about stimuli are in guest_kmod_stim.c. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest_kmod.h"

/* Two pages: what the ring buffer can do with at least. */
static void smallest(int fd)
{
	__u64 bytes = 2 * page_size();

	NEED(!ioctl(fd, KTSTR_IOC_SET_SIZE, &bytes));
}

void case_load_unload(unsigned int n)
{
	struct ktstr_dev_info info;
	unsigned long before = 0;
	unsigned int i;
	int fd;

	load_start();
	for (i = 0; i < n; i++) {
		/* What a first time leaves behind is no leak. */
		if (i == 10)
			before = free_kib();
		load(i % 2 ? "stimuli=1" : "size_kib=8");
		fd = open_dev();
		NEED(!ioctl(fd, KTSTR_IOC_INFO, &info) && info.version == KTSTR_DEV_VERSION);
		NEED(info.size == (i % 2 ? 256u << 10 : 8u << 10));
		NEED(!(info.flags & KTSTR_DEV_F_STIMULI) == !(i % 2));
		NEED(!(info.flags & KTSTR_DEV_F_ON));
		/* Recording goes on when nobody has it open, and ends with the module. */
		NEED(!ioctl(fd, KTSTR_IOC_ENABLE));
		close(fd);
		unload();
		NEED(access(KTSTR_DEV_NODE, F_OK) && errno == ENOENT);
	}
	say("loads %u free KiB before %lu after %lu\n", i, before, free_kib());
	load_stop();
}

#define ACCOUNT_FIRST	1000u
#define ACCOUNT_AFTER	10u

/* More than fits, on each CPU; what was lost is counted, and told when there is room. */
void case_account(unsigned int n)
{
	struct ktstr_dev_stats st;
	uint64_t stored;
	int fd, ctl;
	int cpu;

	load("stimuli=1");
	ctl = open_dev();
	smallest(ctl);
	for (cpu = 0; cpu < (int)n; cpu++) {
		pin(cpu);
		fd = open_cpu(cpu);
		NEED(!ioctl(ctl, KTSTR_IOC_ENABLE));
		stored = emit(ctl, KTSTR_EMIT_TASK, 0, cpu, 0, ACCOUNT_FIRST);
		NEED(!ioctl(ctl, KTSTR_IOC_DISABLE));
		st = stats(ctl, cpu);
		NEED(st.emitted == ACCOUNT_FIRST && !st.read);
		NEED(st.entries == stored && st.lost == ACCOUNT_FIRST - stored && st.lost);
		drain(cpu, fd);
		st = stats(ctl, cpu);
		NEED(st.read == stored && !st.entries && !st.bytes);
		NEED(!ioctl(ctl, KTSTR_IOC_ENABLE));
		NEED(emit(ctl, KTSTR_EMIT_TASK, 0, cpu, ACCOUNT_FIRST, ACCOUNT_AFTER) ==
		     ACCOUNT_AFTER);
		NEED(!ioctl(ctl, KTSTR_IOC_DISABLE));
		drain(cpu, fd);
		st = stats(ctl, cpu);
		/* And the mark that says so. */
		NEED(st.emitted == ACCOUNT_FIRST + ACCOUNT_AFTER + 1);
		NEED(emit(ctl, KTSTR_EMIT_TASK, 0, cpu, 0, 1) == 0);
		NEED(stats(ctl, cpu).emitted == st.emitted);
		close(fd);
	}
	say_account(ctl);
	/* A reset forgets all of it. */
	NEED(!ioctl(ctl, KTSTR_IOC_RESET));
	st = stats(ctl, 0);
	NEED(!st.emitted && !st.lost && !st.read && !st.entries);
	close(ctl);
	unload();
}

struct emitter {
	pthread_t thread;
	uint32_t context;
	int cpu;			/* whose events */
	unsigned int calls;
	uint64_t stored;
	int fd;
};

static bool is_remote(const struct emitter *e)
{
	return e->context == KTSTR_EMIT_HARDIRQ || e->context == KTSTR_EMIT_NMI;
}

static void emit_calls(struct emitter *e, unsigned int first, unsigned int end)
{
	/* Interrupts come from another CPU, or they would interrupt only their sender. */
	pin(is_remote(e) ? (e->cpu + 1) % sysconf(_SC_NPROCESSORS_ONLN) : e->cpu);
	for (; first < end; first++)
		e->stored += emit(e->fd, e->context, is_remote(e) ? e->cpu : 0,
				  e->cpu << 8 | e->context, (uint64_t)first * KMOD_PER_CALL,
				  KMOD_PER_CALL);
}

static void *emitter_main(void *arg)
{
	struct emitter *e = arg;

	emit_calls(e, 1, e->calls);
	return NULL;
}

void *pumper_main(void *arg)
{
	struct pumper *p = arg;
	struct pollfd pfd = { .fd = open_cpu(p->cpu), .events = POLLIN };
	const struct sched_param first = { .sched_priority = 10 };
	bool ended;

	/* As the bulk writer is: it would not run otherwise while others only emit. */
	NEED(!sched_setscheduler(0, SCHED_FIFO, &first));
	NEED(!fcntl(pfd.fd, F_SETFL, O_NONBLOCK));
	do {
		NEED(poll(&pfd, 1, -1) == 1);
		NEED(pfd.revents & POLLIN && !(pfd.revents & POLLERR));
		ended = p->by_splice ? splice_pages(p->cpu, pfd.fd) : read_pages(p->cpu, pfd.fd);
	} while (!ended);
	close(pfd.fd);
	return NULL;
}

/* From tasks, softirqs, interrupts and NMIs at once, nested as it comes, while others read. */
static void contexts(unsigned int n, const char *params)
{
	static const unsigned int calls[] = { 100, 50, 50, 5 };
	struct emitter e[4 * NR_CPUS] = {};
	struct pumper p[NR_CPUS] = {};
	int ctl, nr = 0, i;

	load(params);
	ctl = open_dev();
	NEED(!ioctl(ctl, KTSTR_IOC_ENABLE));
	for (i = 0; i < (int)n; i++) {
		p[i].cpu = i;
		p[i].by_splice = i % 2;
		NEED(!pthread_create(&p[i].thread, NULL, pumper_main, &p[i]));
	}
	for (; nr < 4 * (int)n; nr++) {
		e[nr].fd = ctl;
		e[nr].cpu = nr / 4;
		e[nr].context = nr % 4;
		e[nr].calls = calls[nr % 4];
		/* The first ones in peace: all of them fit. */
		emit_calls(&e[nr], 0, 1);
		NEED(e[nr].stored == KMOD_PER_CALL);
	}
	for (i = 0; i < nr; i++)
		NEED(!pthread_create(&e[i].thread, NULL, emitter_main, &e[i]));
	for (i = 0; i < nr; i++) {
		pthread_join(e[i].thread, NULL);
		say("source %x emitted %u stored %llu\n", e[i].cpu << 8 | e[i].context,
		    e[i].calls * KMOD_PER_CALL, (unsigned long long)e[i].stored);
	}
	NEED(!ioctl(ctl, KTSTR_IOC_DISABLE));
	for (i = 0; i < (int)n; i++)
		pthread_join(p[i].thread, NULL);
	say_account(ctl);
	close(ctl);
	unload();
}

void case_contexts(unsigned int n)
{
	contexts(n, "stimuli=1 size_kib=32");
}

/* In no more than the ring buffer can do with. */
void case_two_pages(unsigned int n)
{
	contexts(n, "stimuli=1 size_kib=8");
}

/*
 * The same events by read(), by splice() and by tee(): the same pages but for the time.
 * What has gone into a pipe stays what it was when the buffer has new events.
 */
void case_splice(unsigned int n)
{
	unsigned int size = page_size(), len, cut = 0, i, at = 0;
	char *by_read, *by_splice, *by_tee, *page = calloc(1, size);
	int ctl, fd, p[2], q[2];

	load("stimuli=1");
	pin(0);
	ctl = open_dev();
	NEED(!pipe(p) && !pipe(q));
	by_read = calloc(16, size);
	by_splice = calloc(16, size);
	by_tee = calloc(16, size);
	fd = open_cpu(0);
	NEED(!ioctl(ctl, KTSTR_IOC_ENABLE));
	emit(ctl, KTSTR_EMIT_TASK, 0, 1, 0, n);
	NEED(!ioctl(ctl, KTSTR_IOC_DISABLE));
	/* Whole pages only, however much is asked for. */
	len = read(fd, by_read, 16 * size - 1);
	NEED(len && len % size == 0 && len < 16 * size);
	NEED(!ioctl(ctl, KTSTR_IOC_RESET) && !ioctl(ctl, KTSTR_IOC_ENABLE));
	emit(ctl, KTSTR_EMIT_TASK, 0, 1, 0, n);
	NEED(!ioctl(ctl, KTSTR_IOC_DISABLE));
	/* Those end where their events do. */
	for (i = 0; i < len; i += size)
		cut += kmod_page_used(by_read + i);
	NEED(cut < len);
	NEED(splice(fd, NULL, p[1], NULL, 16 * size, 0) == cut);
	NEED(tee(p[0], q[1], 16 * size, 0) == cut);
	NEED(splice(fd, NULL, p[1], NULL, 16 * size, 0) == 0);
	/* Others get the memory that the pages would have been in. */
	NEED(!ioctl(ctl, KTSTR_IOC_ENABLE));
	emit(ctl, KTSTR_EMIT_TASK, 0, 2, 0, 5000);
	NEED(!ioctl(ctl, KTSTR_IOC_DISABLE));
	close(fd);
	NEED(read(p[0], by_splice, 16 * size) == cut);
	NEED(read(q[0], by_tee, 16 * size) == cut);
	NEED(!memcmp(by_splice, by_tee, cut));
	for (i = 0; i < len; i += size) {
		/* The fill level. */
		NEED(!memcmp(by_read + i + 8, by_splice + at + 8, 8));
		memcpy(page, by_splice + at, kmod_page_used(by_splice + at));
		at += kmod_page_used(by_splice + at);
		send_page(0, by_read + i);
		send_page(1, page);
	}
	NEED(at == cut);
	/* A pipe without a reader, and one that is full. */
	signal(SIGPIPE, SIG_IGN);
	fd = open_cpu(0);
	close(p[0]);
	NEED_ERRNO(EPIPE, splice(fd, NULL, p[1], NULL, size, 0));
	NEED(fcntl(q[1], F_SETPIPE_SZ, size) == (int)size);
	NEED(splice(fd, NULL, q[1], NULL, 16 * size, 0) > 0);
	NEED_ERRNO(EAGAIN, splice(fd, NULL, q[1], NULL, 16 * size, SPLICE_F_NONBLOCK));
	say("pages %u\n", len / size);
	close(p[1]);
	close(q[0]);
	close(q[1]);
	close(fd);
	close(ctl);
	unload();
}

struct sleeper {
	pthread_t thread;
	int fd, tid;
	bool by_read;
	short revents;
	ssize_t got;
	uint64_t emitted;		/* when it woke */
};

static void *sleeper_main(void *arg)
{
	struct sleeper *s = arg;
	struct pollfd pfd = { .fd = s->fd, .events = POLLIN };
	char *page = malloc(page_size());

	__atomic_store_n(&s->tid, syscall(SYS_gettid), __ATOMIC_RELEASE);
	if (s->by_read) {
		s->got = read(s->fd, page, page_size());
	} else {
		NEED(poll(&pfd, 1, -1) == 1);
		s->revents = pfd.revents;
	}
	s->emitted = stats(s->fd, 0).emitted;
	free(page);
	return NULL;
}

static void start_sleeper(struct sleeper *s, int fd, bool by_read)
{
	*s = (struct sleeper){ .fd = fd, .by_read = by_read };
	NEED(!pthread_create(&s->thread, NULL, sleeper_main, s));
	while (!__atomic_load_n(&s->tid, __ATOMIC_ACQUIRE))
		sched_yield();
	wait_asleep(s->tid);
}

/* One record at a time: ready exactly from the watermark on. Return: how many it took. */
static uint64_t emit_to(int ctl, int fd, __u64 watermark)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	uint64_t number = 0;

	while (stats(ctl, 0).bytes < watermark) {
		NEED(poll(&pfd, 1, 0) == 0);
		NEED(emit(ctl, KTSTR_EMIT_TASK, 0, 1, number++, 1) == 1);
	}
	return number;
}

void case_poll(unsigned int n)
{
	__u64 watermark = n, big;
	struct sleeper s;
	uint64_t number = 0, sent;
	int ctl, fd, other, i;

	load("stimuli=1 size_kib=32");
	pin(0);
	ctl = open_dev();
	fd = open_cpu(0);
	other = open_cpu(0);
	NEED(!ioctl(fd, KTSTR_IOC_WATERMARK, &watermark));
	NEED(!ioctl(other, KTSTR_IOC_WATERMARK, &watermark));
	for (i = 0; i < 2; i++) {
		NEED(!ioctl(ctl, KTSTR_IOC_RESET) && !ioctl(ctl, KTSTR_IOC_ENABLE));
		start_sleeper(&s, fd, i);
		/* A second time it takes as many; but who reads then takes them away. */
		if (!i)
			number = emit_to(ctl, other, watermark);
		else
			for (sent = 0; sent < number; sent++)
				NEED(emit(ctl, KTSTR_EMIT_TASK, 0, 1, sent, 1) == 1);
		/* The host's deadline is the limit. */
		pthread_join(s.thread, NULL);
		NEED(s.emitted == number);
		NEED(i ? s.got == page_size() : s.revents == POLLIN);
		say("woke after %llu records\n", (unsigned long long)number);
		NEED(!ioctl(ctl, KTSTR_IOC_DISABLE));
	}
	/* Recording goes off under a sleeper. */
	for (i = 0; i < 2; i++) {
		NEED(!ioctl(ctl, KTSTR_IOC_RESET) && !ioctl(ctl, KTSTR_IOC_ENABLE));
		start_sleeper(&s, fd, i);
		NEED(!ioctl(ctl, KTSTR_IOC_DISABLE));
		pthread_join(s.thread, NULL);
		NEED(i ? s.got == 0 : s.revents & POLLIN);
	}
	/* A lower watermark under a sleeper. */
	NEED(!ioctl(ctl, KTSTR_IOC_RESET) && !ioctl(ctl, KTSTR_IOC_ENABLE));
	big = 16 << 10;
	NEED(!ioctl(fd, KTSTR_IOC_WATERMARK, &big));
	start_sleeper(&s, fd, true);
	NEED(emit(ctl, KTSTR_EMIT_TASK, 0, 1, 0, 1) == 1);
	NEED(pthread_tryjoin_np(s.thread, NULL) == EBUSY);
	big = 1;
	NEED(!ioctl(fd, KTSTR_IOC_WATERMARK, &big));
	pthread_join(s.thread, NULL);
	NEED(s.got == page_size());
	NEED(!ioctl(ctl, KTSTR_IOC_DISABLE));
	/* A watermark that the buffer has become too small for: half of it will do. */
	big = 16 << 10;
	NEED(!ioctl(fd, KTSTR_IOC_WATERMARK, &big));
	smallest(ctl);
	NEED(!ioctl(ctl, KTSTR_IOC_ENABLE));
	start_sleeper(&s, fd, false);
	emit_to(ctl, other, page_size());
	pthread_join(s.thread, NULL);
	NEED(s.revents == POLLIN);
	NEED(!ioctl(ctl, KTSTR_IOC_DISABLE));
	drain(0, fd);
	say_account(ctl);
	close(fd);
	close(other);
	close(ctl);
	unload();
}

static bool is_busy(void)
{
	return try_unload() == -1 && (errno == EBUSY || errno == EAGAIN);
}

/* Whoever needs the module keeps it: an open file, a reader asleep, a page in a pipe. */
void case_busy(unsigned int n)
{
	const struct bpf_mark mark = { .id = 7, .arg = 8 };
	struct sleeper s;
	int ctl, fd, p[2], prog, result;
	char *page = calloc(1, page_size());
	unsigned int i, got;

	for (i = 0; i < n; i++) {
		load("stimuli=1");
		pin(0);
		ctl = open_dev();
		NEED(is_busy());
		fd = open_cpu(0);
		NEED(!ioctl(ctl, KTSTR_IOC_ENABLE));
		start_sleeper(&s, fd, true);
		NEED(is_busy());
		NEED(!ioctl(ctl, KTSTR_IOC_DISABLE));
		pthread_join(s.thread, NULL);
		NEED(!s.got);
		/* It was refused; it works as before. */
		NEED(!ioctl(ctl, KTSTR_IOC_ENABLE));
		NEED(emit(ctl, KTSTR_EMIT_TASK, 0, 1, 0, 1) == 1);
		NEED(!ioctl(ctl, KTSTR_IOC_DISABLE));
		NEED(!pipe(p));
		/* One record: most of the page stays behind. */
		got = splice(fd, NULL, p[1], NULL, page_size(), 0);
		NEED(got > 0 && got < page_size());
		close(fd);
		close(ctl);
		NEED(is_busy());
		NEED(read(p[0], page, page_size()) == got && got == kmod_page_used(page));
		send_page(0, page);
		prog = bpf_load_syscall(&mark, &result);
		NEED(result == -ESHUTDOWN);
		NEED(is_busy());
		close(prog);
		close(p[0]);
		close(p[1]);
		/* The kernel frees a program after a grace period, and says nothing then. */
		while (try_unload())
			NEED(errno == EBUSY || errno == EAGAIN);
	}
	free(page);
}

/* Programs that emit: one that is run, one at every context switch. */
void case_bpf(unsigned int n)
{
	const struct bpf_mark called = { .id = 7, .arg = 8 }, switched = { .id = 9, .arg = 10 };
	struct ktstr_dev_stats st;
	int ctl, prog, link, result, fd[NR_CPUS];
	int cpu, nr = sysconf(_SC_NPROCESSORS_ONLN);

	load("");
	ctl = open_dev();
	for (cpu = 0; cpu < nr; cpu++)
		fd[cpu] = open_cpu(cpu);
	NEED(!ioctl(ctl, KTSTR_IOC_ENABLE));
	pin(0);
	prog = bpf_load_syscall(&called, &result);
	NEED(result == 0);
	NEED(stats(ctl, 0).emitted == 1);
	close(prog);
	prog = bpf_load_switch(&switched);
	link = bpf_attach(prog);
	for (cpu = 0; cpu < nr; cpu++) {
		st = stats(ctl, cpu);
		/* To a CPU and away again is two switches there, at least. */
		while (stats(ctl, cpu).emitted < st.emitted + n) {
			pin(cpu);
			pin((cpu + 1) % nr);
		}
	}
	close(link);
	close(prog);
	NEED(!ioctl(ctl, KTSTR_IOC_DISABLE));
	for (cpu = 0; cpu < nr; cpu++) {
		drain(cpu, fd[cpu]);
		close(fd[cpu]);
	}
	say_account(ctl);
	close(ctl);
	while (try_unload())
		NEED(errno == EBUSY || errno == EAGAIN);
}
