/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The console contract: what the guest and the machine agree on about the
 * three-port virtio-console, the two serial ports and the wake bytes.
 *
 * Two floors share this header: vmm/ implements it, guest/ relies on it.
 */
#ifndef KTSTR_PORTS_H
#define KTSTR_PORTS_H

/* Ports of the multiport virtio-console (virtio v1.2, 5.3). */
enum ktstr_port {
	KTSTR_PORT_CONSOLE = 0,	/* interactive console; wake bytes to the guest */
	KTSTR_PORT_BULK    = 1,	/* frames of wire.h; replies to the guest */
	KTSTR_PORT_STATS   = 2,	/* transparent pipe to the scheduler's stats socket */
	KTSTR_NR_PORTS     = 3,
};

#define KTSTR_PORT_CONSOLE_NAME	"ktstr-console"
#define KTSTR_PORT_BULK_NAME	"ktstr-bulk"
#define KTSTR_PORT_STATS_NAME	"ktstr-stats"

/* Where Linux puts them when ktstr's console is its only one. */
#define KTSTR_CONSOLE_DEV	"/dev/hvc0"
#define KTSTR_BULK_DEV		"/dev/vport0p1"
#define KTSTR_STATS_DEV		"/dev/vport0p2"
#define KTSTR_COM1_DEV		"/dev/ttyS0"	/* kernel console */
#define KTSTR_COM2_DEV		"/dev/ttyS1"	/* crash payload, synchronous */

/*
 * Queue numbers (virtio v1.2, 5.3.2): port 0 has 0 and 1, control has 2 and
 * 3, and port N >= 1 has 2 + 2N and 3 + 2N. "rx" is host to guest.
 */
enum ktstr_queue {
	KTSTR_Q_CONSOLE_RX = 0,
	KTSTR_Q_CONSOLE_TX = 1,
	KTSTR_Q_CTRL_RX    = 2,
	KTSTR_Q_CTRL_TX    = 3,
	KTSTR_Q_BULK_RX    = 4,
	KTSTR_Q_BULK_TX    = 5,
	KTSTR_Q_STATS_RX   = 6,
	KTSTR_Q_STATS_TX   = 7,
	KTSTR_NR_QUEUES    = 8,
};

#define KTSTR_QUEUE_SIZE_MAX	256

/* Bounds of one pass over a queue; left-over work re-arms itself. */
#define KTSTR_TX_SLICE_MAX	(32u << 10)	/* bytes copied from a descriptor at a time */
#define KTSTR_TX_PASS_BYTES	(256u << 10)	/* per port and transmit pass */
#define KTSTR_RX_PASS_CHAINS	64
#define KTSTR_CTRL_PASS_CHAINS	32

/* Bounds of the host's buffers, per port. */
#define KTSTR_TX_BUF_MAX	(8u << 20)	/* guest to host, waiting for the host */
#define KTSTR_PENDING_RX_MAX	(8u << 20)	/* host to guest, waiting for the guest */

/*
 * Wake bytes, host to guest on port 0. Only in test mode: in shell mode a
 * person owns the terminal and pasted text may hold any byte.
 */
#define KTSTR_WAKE_DUMP		0xD1	/* guest triggers SysRq-D: sched_ext dumps its state */
#define KTSTR_WAKE_SHUTDOWN	0xD3	/* guest ends the run gracefully */
#define KTSTR_WAKE_BPF_DONE	0xBF	/* host finished its writes to BPF maps */
#define KTSTR_WAKE_SYMBOLS	0xAC	/* host can resolve kernel symbols */

#endif /* KTSTR_PORTS_H */
