// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/ktstr: pages out, settings in.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pipe_fs_i.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/splice.h>
#include <linux/uaccess.h>

#include "internal.h"

#define NO_CPU	(~0u)

/*
 * struct reader - an open file
 * @lock: held while pages move: they leave in the order in which they were taken
 * @cpu: whose events, or NO_CPU yet
 * @watermark: see include/ktstr/dev.h
 * @back: a page that was taken and could not be delivered: the next one
 */
struct reader {
	struct mutex lock;	/* of @cpu when it is set, and @back */
	unsigned int cpu;
	u64 watermark;
	struct page *back;
};

static struct page *next_page(struct reader *r)
{
	struct page *page = r->back;

	r->back = NULL;
	return page ? page : ktstr_buffer_take(r->cpu, r->watermark);
}

/* Where pages go: to user memory, or away into a pipe. */
struct sink {
	ssize_t (*put)(struct sink *s, struct page *page);
	bool (*has_room)(struct sink *s);
	struct file *file;
	char __user *to;
	struct pipe_inode_info *pipe;
	size_t room;			/* bytes asked for and not delivered yet */
};

static bool read_has_room(struct sink *s)
{
	return s->room >= ktstr_buffer_page_size();
}

static ssize_t read_put(struct sink *s, struct page *page)
{
	unsigned int size = ktstr_buffer_page_size();

	if (copy_to_user(s->to, page_address(page), size))
		return -EFAULT;
	put_page(page);
	s->to += size;
	return size;
}

/*
 * A page in a pipe holds the open file, and by it the module that these functions
 * are in; of the event buffer it holds nothing. fput() comes last and frees later,
 * from the kernel's own code: nothing is left to run here.
 */
static void page_release(struct pipe_inode_info *pipe, struct pipe_buffer *buf)
{
	struct file *file = (struct file *)buf->private;

	put_page(buf->page);
	fput(file);
}

static bool page_get(struct pipe_inode_info *pipe, struct pipe_buffer *buf)
{
	if (!generic_pipe_buf_get(pipe, buf))
		return false;
	get_file((struct file *)buf->private);
	return true;
}

/* The one reference is the pipe's, so that virtio-console can have the page itself. */
static const struct pipe_buf_operations page_ops = {
	.release	= page_release,
	.get		= page_get,
	.try_steal	= generic_pipe_buf_try_steal,
};

static bool splice_has_room(struct sink *s)
{
	/* Without a reader add_to_pipe() would take the page and drop it. */
	return s->room >= ktstr_buffer_page_size() && s->pipe->readers &&
		!pipe_full(s->pipe->head, s->pipe->tail, s->pipe->max_usage);
}

static ssize_t splice_put(struct sink *s, struct page *page)
{
	/* What is behind the last event need not leave, and was not ours before. */
	struct pipe_buffer buf = {
		.page = page, .len = ktstr_buffer_page_used(page), .ops = &page_ops,
		.private = (unsigned long)get_file(s->file),
	};

	return add_to_pipe(s->pipe, &buf);
}

/* As many pages as there are and find room; return: bytes, 0 none there, an errno. */
static ssize_t move_pages(struct reader *r, struct sink *s)
{
	ssize_t done = 0, ret = 0;
	struct page *page;

	while (s->has_room(s)) {
		page = next_page(r);
		if (IS_ERR_OR_NULL(page)) {
			ret = PTR_ERR_OR_ZERO(page);
			break;
		}
		ret = s->put(s, page);
		if (ret < 0) {
			r->back = page;
			break;
		}
		s->room -= ret;
		done += ret;
	}
	return done ? done : ret;
}

/* Sleeps until there is something, unless @nonblock; return: bytes, 0 at the end, an errno. */
static ssize_t deliver(struct reader *r, struct sink *s, bool nonblock)
{
	wait_queue_head_t *readers;
	ssize_t ret;
	bool ended;

	if (READ_ONCE(r->cpu) == NO_CPU || s->room < ktstr_buffer_page_size())
		return -EINVAL;
	readers = ktstr_buffer_readers(r->cpu);
	for (;;) {
		/* Before we look: events may still have come until it was off. */
		ended = ktstr_buffer_is_off();
		if (mutex_lock_interruptible(&r->lock))
			return -ERESTARTSYS;
		ret = move_pages(r, s);
		mutex_unlock(&r->lock);
		if (ret || ended)
			return ret;
		if (nonblock)
			return -EAGAIN;
		ret = wait_event_interruptible(*readers,
					       ktstr_buffer_arm(r->cpu, READ_ONCE(r->watermark)));
		if (ret)
			return ret;
	}
}

static ssize_t ktstr_read(struct file *file, char __user *to, size_t count, loff_t *ppos)
{
	struct sink s = {
		.put = read_put, .has_room = read_has_room, .to = to, .room = count,
	};

	return deliver(file->private_data, &s, file->f_flags & O_NONBLOCK);
}

static ssize_t ktstr_splice_read(struct file *file, loff_t *ppos, struct pipe_inode_info *pipe,
				 size_t len, unsigned int flags)
{
	struct sink s = {
		.put = splice_put, .has_room = splice_has_room, .file = file, .pipe = pipe,
		.room = len,
	};

	if (!pipe->readers) {
		send_sig(SIGPIPE, current, 0);
		return -EPIPE;
	}
	return deliver(file->private_data, &s,
		       (flags & SPLICE_F_NONBLOCK) || (file->f_flags & O_NONBLOCK));
}

static __poll_t ktstr_poll(struct file *file, poll_table *wait)
{
	struct reader *r = file->private_data;
	unsigned int cpu = READ_ONCE(r->cpu);
	struct ktstr_dev_stats st = { .cpu = cpu };
	bool off = ktstr_buffer_is_off();

	if (cpu == NO_CPU)
		return EPOLLERR;
	poll_wait(file, ktstr_buffer_readers(cpu), wait);
	if (!ktstr_buffer_arm(cpu, READ_ONCE(r->watermark)) && !READ_ONCE(r->back))
		return 0;
	ktstr_buffer_stats(&st);
	return EPOLLIN | EPOLLRDNORM |
		(off && !st.entries && !READ_ONCE(r->back) ? EPOLLHUP : 0);
}

static int ioctl_info(void __user *arg)
{
	const struct ktstr_dev_info info = {
		.version = KTSTR_DEV_VERSION,
		.flags = (ktstr_stimuli ? KTSTR_DEV_F_STIMULI : 0) |
			 (ktstr_buffer_is_on() ? KTSTR_DEV_F_ON : 0),
		.page_size = ktstr_buffer_page_size(),
		.commit_offset = offsetof(struct ktstr_page_head, commit),
		.commit_size = sizeof_field(struct ktstr_page_head, commit),
		.data_offset = offsetof(struct ktstr_page_head, data),
		.clock = KTSTR_CLOCK_LOCAL,
		.nr_cpus = nr_cpu_ids,
		.size = ktstr_buffer_size(),
	};

	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static int ioctl_bind(struct reader *r, void __user *arg)
{
	unsigned int cpu;
	int ret = -EBUSY;

	if (copy_from_user(&cpu, arg, sizeof(cpu)))
		return -EFAULT;
	if (cpu >= nr_cpu_ids || !cpu_possible(cpu))
		return -EINVAL;
	mutex_lock(&r->lock);
	if (r->cpu == NO_CPU) {
		WRITE_ONCE(r->cpu, cpu);
		ret = 0;
	}
	mutex_unlock(&r->lock);
	return ret;
}

static int ioctl_watermark(struct reader *r, void __user *arg)
{
	u64 bytes;

	if (copy_from_user(&bytes, arg, sizeof(bytes)))
		return -EFAULT;
	/* More than the buffer holds would never be reached. */
	if (!bytes || bytes > ktstr_buffer_size() / 2)
		return -EINVAL;
	WRITE_ONCE(r->watermark, bytes);
	/* Who sleeps already looks again. */
	if (READ_ONCE(r->cpu) != NO_CPU)
		wake_up_all(ktstr_buffer_readers(r->cpu));
	return 0;
}

static int ioctl_set_size(void __user *arg)
{
	u64 bytes;

	return copy_from_user(&bytes, arg, sizeof(bytes)) ? -EFAULT : ktstr_buffer_set_size(bytes);
}

static int ioctl_stats(void __user *arg)
{
	struct ktstr_dev_stats st;

	if (copy_from_user(&st, arg, sizeof(st)))
		return -EFAULT;
	if (st.cpu >= nr_cpu_ids || !cpu_possible(st.cpu) || st.reserved)
		return -EINVAL;
	ktstr_buffer_stats(&st);
	return copy_to_user(arg, &st, sizeof(st)) ? -EFAULT : 0;
}

static int ioctl_clock(void __user *arg)
{
	struct ktstr_dev_clock c;

	ktstr_buffer_clock(&c);
	return copy_to_user(arg, &c, sizeof(c)) ? -EFAULT : 0;
}

static int ioctl_facts(void __user *arg)
{
	struct ktstr_dev_facts f = {};

	ktstr_arch_facts(&f);
	return copy_to_user(arg, &f, sizeof(f)) ? -EFAULT : 0;
}

static int ioctl_mark(void __user *arg)
{
	struct ktstr_dev_mark m;

	if (copy_from_user(&m, arg, sizeof(m)))
		return -EFAULT;
	return m.id & KTSTR_MARK_KERNEL ? -EINVAL : ktstr_buffer_mark(m.id, m.arg);
}

static int ioctl_emit(void __user *arg)
{
	struct ktstr_dev_emit e;
	int ret;

	if (copy_from_user(&e, arg, sizeof(e)))
		return -EFAULT;
	ret = ktstr_emit_records(&e);
	return copy_to_user(arg, &e, sizeof(e)) ? -EFAULT : ret;
}

static int ioctl_stimulus(void __user *arg)
{
	struct ktstr_stimulus s;
	int ret;

	if (copy_from_user(&s, arg, sizeof(s)))
		return -EFAULT;
	ret = ktstr_stimulate(&s);
	return copy_to_user(arg, &s, sizeof(s)) ? -EFAULT : ret;
}

static long ktstr_ioctl(struct file *file, unsigned int cmd, unsigned long argument)
{
	void __user *arg = (void __user *)argument;

	switch (cmd) {
	case KTSTR_IOC_INFO:
		return ioctl_info(arg);
	case KTSTR_IOC_BIND:
		return ioctl_bind(file->private_data, arg);
	case KTSTR_IOC_WATERMARK:
		return ioctl_watermark(file->private_data, arg);
	case KTSTR_IOC_SET_SIZE:
		return ioctl_set_size(arg);
	case KTSTR_IOC_ENABLE:
		ktstr_buffer_enable();
		return 0;
	case KTSTR_IOC_DISABLE:
		ktstr_buffer_disable();
		return 0;
	case KTSTR_IOC_RESET:
		return ktstr_buffer_reset();
	case KTSTR_IOC_STATS:
		return ioctl_stats(arg);
	case KTSTR_IOC_CLOCK:
		return ioctl_clock(arg);
	case KTSTR_IOC_FACTS:
		return ioctl_facts(arg);
	case KTSTR_IOC_MARK:
		return ioctl_mark(arg);
	case KTSTR_IOC_EMIT:
		return ioctl_emit(arg);
	case KTSTR_IOC_STIMULUS:
		return ioctl_stimulus(arg);
	default:
		return -ENOTTY;
	}
}

static int ktstr_open(struct inode *inode, struct file *file)
{
	struct reader *r = kzalloc(sizeof(*r), GFP_KERNEL);

	if (!r)
		return -ENOMEM;
	mutex_init(&r->lock);
	r->cpu = NO_CPU;
	r->watermark = ktstr_buffer_page_size();
	file->private_data = r;
	return stream_open(inode, file);
}

static int ktstr_release(struct inode *inode, struct file *file)
{
	struct reader *r = file->private_data;

	if (r->back)
		put_page(r->back);
	kfree(r);
	return 0;
}

static const struct file_operations ktstr_fops = {
	.owner		= THIS_MODULE,
	.open		= ktstr_open,
	.release	= ktstr_release,
	.read		= ktstr_read,
	.splice_read	= ktstr_splice_read,
	.poll		= ktstr_poll,
	.unlocked_ioctl	= ktstr_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

static struct miscdevice ktstr_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "ktstr",
	.fops	= &ktstr_fops,
	.mode	= 0600,
};

int ktstr_chardev_init(void)
{
	return misc_register(&ktstr_misc);
}

void ktstr_chardev_exit(void)
{
	misc_deregister(&ktstr_misc);
}
