// SPDX-License-Identifier: GPL-2.0-only
/*
 * What stays of a ktstr that is gone.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "leftovers.h"

/* In the box /tmp lies over the host's, which others write to: look at our layer of it. */
static const char *place(unsigned int i)
{
	static const char *const places[] = { "/dev/shm", "/run", "/tmp", NULL };

	if (i == 2 && !access("/run/tmp/upper", F_OK))
		return "/run/tmp/upper";
	return places[i];
}

void leftovers__list(char *list, size_t size)
{
	size_t len = 0;

	list[0] = '\0';
	for (unsigned int i = 0; place(i); i++) {
		DIR *d = opendir(place(i));
		struct dirent *e;

		while (d && (e = readdir(d)) && len < size)
			len += snprintf(list + len, size - len, "%s/%s\n", place(i), e->d_name);
		if (d)
			closedir(d);
	}
}

static bool has_line(const char *list, const char *line)
{
	size_t len = strlen(line);

	for (; *list; list += strcspn(list, "\n"), list += *list == '\n')
		if (strcspn(list, "\n") == len && !memcmp(list, line, len))
			return true;
	return false;
}

/* What went away meanwhile was not ours. */
const char *leftovers__new(const char *before, char *after)
{
	char *save, *line;

	for (line = strtok_r(after, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (!has_line(before, line))
			return line;
	return NULL;
}

int leftovers__machines(void)
{
	DIR *d = opendir("/sys/kernel/debug/kvm");
	struct dirent *e;
	int n = 0;

	if (!d)
		return -1;
	/* Named PID-FD; the others are counters. */
	while ((e = readdir(d)))
		n += isdigit((unsigned char)e->d_name[0]) && strchr(e->d_name, '-');
	closedir(d);
	return n;
}

long leftovers__open_files(void)
{
	FILE *f = fopen("/proc/sys/fs/file-nr", "r");
	long n = -1;

	if (f && fscanf(f, "%ld", &n) != 1)
		n = -1;
	if (f)
		fclose(f);
	return n;
}
