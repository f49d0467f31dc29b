// SPDX-License-Identifier: GPL-2.0-only
/*
 * Real programs, alone and beside workers; judged by their exit status and figures.
 */
#include <ktstr/test.h>

#define NO_FAIR	KTSTR_X_BIT(KTSTR_X_FAIR)
#define EXITS_0(who) KTSTR_X_(KTSTR_X_EXIT_STATUS, .name = (who), .min = 0)

KTSTR_SCENARIO(payload_hackbench, "payload/hackbench",
	.summary = "hackbench: senders and receivers over sockets",
	.tags = "payload wake",
	.without = NO_FAIR,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_RUN("hackbench", "hackbench -g 1 -l 50", .cgroup = "a"),
		KTSTR_WAIT("hackbench")),
	.expect = KTSTR_EXPECT(
		EXITS_0("hackbench"),
		KTSTR_X_(KTSTR_X_METRIC, .name = "hackbench", .metric = "time_s", .max = 60)));

KTSTR_SCENARIO(payload_cyclictest, "payload/cyclictest",
	.summary = "cyclictest: timer wake-ups under load",
	.tags = "payload timer rt",
	.without = NO_FAIR | KTSTR_X_BIT(KTSTR_X_WORK_CONSERVING),
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN("a", .kind = "spin", .per_cpu = 1),
		KTSTR_RUN("cyclictest", "cyclictest -q -l 100 -i 10000 -p 20", .cgroup = "a"),
		KTSTR_WAIT("cyclictest")),
	.expect = KTSTR_EXPECT(
		EXITS_0("cyclictest"),
		KTSTR_X_(KTSTR_X_METRIC, .name = "cyclictest", .metric = "cycles",
			 .min = 100, .max = 100)));

KTSTR_SCENARIO(payload_stress_ng, "payload/stress-ng",
	.summary = "stress-ng: compute, pipes and context switches at once",
	.tags = "payload wake",
	.without = NO_FAIR,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_RUN("stress", "stress-ng --cpu 1 --pipe 1 --switch 1 -t 2 --metrics-brief",
			  .cgroup = "a"),
		KTSTR_WAIT("stress")),
	.expect = KTSTR_EXPECT(
		EXITS_0("stress"),
		KTSTR_X_(KTSTR_X_METRIC, .name = "stress", .metric = "pipe_ops", .min = 1,
			 .max = 1e12)));

/* Two tasks that compute for a moment in every 20 ms, 40 times each. */
#define RT_APP_JSON									\
	"{ \"tasks\": { \"task\": { \"instance\": 2, \"loop\": 1, \"phases\": { \"beat\": {\n"	\
	"  \"loop\": 40, \"run\": 100,\n"						\
	"  \"timer\": { \"ref\": \"unique\", \"period\": 20000 } } } } },\n"		\
	"  \"global\": { \"calibration\": 100, \"logdir\": \"/tmp/rt-app\" } }\n"

/* It writes a log for each task; whose logs they are tells the name of their directory. */
KTSTR_SCENARIO(payload_rt_app, "payload/rt-app",
	.summary = "rt-app: periodic tasks out of a JSON file beside load",
	.tags = "payload timer",
	.without = NO_FAIR,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_CGROUP("b"),
		KTSTR_RUN("json", "sh -c 'mkdir /tmp/rt-app && cat >/tmp/rt-app/json <<END\n"
			  RT_APP_JSON "END\n'"),
		KTSTR_WAIT("json"),
		KTSTR_SPAWN("b", .kind = "spin", .per_cpu = 1),
		KTSTR_RUN("rt-app", "rt-app /tmp/rt-app/json", .cgroup = "a"),
		KTSTR_WAIT("rt-app", .value = 30000),
		KTSTR_RUN("log", "sh -c 'cd /tmp/rt-app && cat *.log'"),
		KTSTR_WAIT("log")),
	.expect = KTSTR_EXPECT(
		EXITS_0("json"),
		EXITS_0("rt-app"),
		EXITS_0("log"),
		KTSTR_X_(KTSTR_X_METRIC, .name = "log", .metric = "runs", .min = 80, .max = 80),
		/* Due every 20 ms; three times that is late even where CPUs are emulated. */
		KTSTR_X_(KTSTR_X_METRIC, .name = "log", .metric = "period_us",
			 .min = 15000, .max = 60000)));
