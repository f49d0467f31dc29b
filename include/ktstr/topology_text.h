/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Topologies as text, and the ones that ktstr knows by name. The grammar is in
 * Documentation/topology.rst.
 */
#ifndef KTSTR_TOPOLOGY_TEXT_H
#define KTSTR_TOPOLOGY_TEXT_H

#include <stddef.h>

#include <ktstr/topology.h>

#define KTSTR_TOPOLOGY_TEXT_MAX		(64u << 10)	/* bytes of a file */
#define KTSTR_TOPOLOGY_ABOUT_MAX	100u		/* characters of its "about" */
#define KTSTR_TOPOLOGY_MEMORY_MAX_MIB	(1u << 20)	/* of one node */

/** struct ktstr_topology_about - what a text says of itself, "" when it does not */
struct ktstr_topology_about {
	char text[KTSTR_TOPOLOGY_ABOUT_MAX + 1];
};

/** struct ktstr_topology_preset - a topology with a name; @text is what a file would have */
struct ktstr_topology_preset {
	const char *name;
	const char *text;
};

/**
 * ktstr_topology__read() - make a topology of a text
 * @text: any bytes
 * @len: how many
 * @name: what to call the text in errors: the file's path
 * @out: result, written only on success; ktstr_topology__free() ends it
 * @about: what the text says of itself; may be NULL
 * @e: sentence on failure, which begins with "NAME:LINE: " where one line is to blame
 *
 * Return: 0; -EINVAL; -ENOMEM.
 */
int ktstr_topology__read(const char *text, size_t len, const char *name,
			 struct ktstr_topology *out, struct ktstr_topology_about *about,
			 struct ktstr_error *e);

/** ktstr_topology__load() - the same for a regular file, %KTSTR_TOPOLOGY_TEXT_MAX at most */
int ktstr_topology__load(const char *path, struct ktstr_topology *out,
			 struct ktstr_topology_about *about, struct ktstr_error *e);

/**
 * ktstr_topology__text() - write a topology
 * @t: checked topology
 * @about: what it shall say of itself, NULL or "" nothing
 *
 * Return: text that ktstr_topology__read() makes an equal topology of, for free();
 * NULL without memory.
 */
char *ktstr_topology__text(const struct ktstr_topology *t, const char *about);

#define KTSTR_TOPOLOGY_SIZE_TEXT	24u	/* bytes that hold any size */

/** ktstr_topology__size() - "32M": a size as texts have it, in the largest unit; return: @dst */
const char *ktstr_topology__size(char *dst, size_t len, uint64_t kib);

/** ktstr_topology_preset__at() - the presets in the order of "ktstr topo"; NULL after the last */
const struct ktstr_topology_preset *ktstr_topology_preset__at(unsigned int i);

/** ktstr_topology_preset__load() - a preset by name; 0, -ENOENT, or as ktstr_topology__read() */
int ktstr_topology_preset__load(const char *name, struct ktstr_topology *out,
				struct ktstr_topology_about *about, struct ktstr_error *e);

#endif /* KTSTR_TOPOLOGY_TEXT_H */
