// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the corpus of fuzz_stats began with: conversations in its own words, see there.
 */
#include <string.h>

#include <ktstr/stats.h>

#include "seeds.h"

#define ASK	"\001"
#define WAIT	"\002"
#define CANCEL	"\003"
#define FREEZE	"\004"
#define THAW	"\005"
#define GOOD	"{\"errno\":0,\"args\":{\"resp\":{\"a\":1}}}\n"

static const struct {
	const char *name;
	const char *text;
} conversations[] = {
	{ "good", ASK GOOD ASK "{\"errno\":0,\"args\":{\"resp\":[1.5,true,null,\"s\"]}}\n" },
	{ "no", ASK "{\"errno\":22,\"args\":{\"resp\":\"no \\u00e9\"}}\n" },
	{ "relay", ASK KTSTR_STATS_NO_SOCKET ASK "{\"errno\":0" KTSTR_STATS_LOST },
	{ "late", ASK WAIT ASK GOOD GOOD },
	{ "half_late", ASK "{\"errno\":" WAIT ASK "0}\n" GOOD },
	{ "cancelled", ASK CANCEL GOOD ASK GOOD },
	{ "frozen", FREEZE ASK THAW ASK FREEZE WAIT THAW GOOD },
	{ "stray", GOOD "[" ASK "]\n" GOOD },
	{ "deep", ASK "{\"errno\":0,\"args\":{\"resp\":[[[[[[[[1]]]]]]]]}}\n" },
	{ "many", ASK "{\"errno\":0,\"args\":{\"resp\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]}}\n" },
	{ "big", ASK "{\"errno\":0,\"args\":{\"resp\":18446744073709551615}}\n" },
	{ "no_reply", ASK "{}\n" ASK "[]\n" ASK "{\"errno\":1}\n" ASK "\"" },
	/* Longer than a line may be there. */
	{ "long", ASK "\"................................................................"
	  "................................................................"
	  "................................................................"
	  "................................................................" ASK "\"\n" GOOD },
};

void seeds__stats(const char *dir)
{
	for (size_t i = 0; i < sizeof(conversations) / sizeof(conversations[0]); i++) {
		FILE *f = seeds__create(dir, conversations[i].name);

		fputs(conversations[i].text, f);
		seeds__finish(f);
	}
}
