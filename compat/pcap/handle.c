/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What all of the drop-in's functions need: telling handles apart, and errors. */
#include "handle.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sys/place.h"

const char handle_mark = 0;

/* By it one copy of the drop-in knows another. */
EXPORTED const char nsring_pcap_drop_in[] = NSR_VERSION;

int handle_say(struct handle *h, int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(h->errbuf, sizeof(h->errbuf), fmt, args);
	va_end(args);
	return code;
}

int handle_say_why(struct handle *h, int code, const struct nsr_error *err)
{
	static const char more[] = " ...";
	char words[sizeof(err->text) + sizeof(err->advice) + 2];
	char *end;

	snprintf(words, sizeof(words), "%s%s%s", err->text, err->advice[0] ? ": " : "",
		 err->advice);
	/* libpcap's texts are short: one that is cut ends in a whole word. */
	if (strlen(words) >= sizeof(h->errbuf)) {
		words[sizeof(h->errbuf) - sizeof(more)] = '\0';
		end = strrchr(words, ' ');
		if (end)
			memcpy(end, more, sizeof(more));
	}
	return handle_say(h, code, "%s", words);
}

int handle_check_active(struct handle *h)
{
	return h->capture ? 0
			  : handle_say(h, PCAP_ERROR_NOT_ACTIVATED,
				       "This handle hasn't been activated yet");
}

/* Whether the name begins with a word of places, such as "netns:". */
static bool begins_as_place(const char *name)
{
	size_t len = strcspn(name, ":/");
	char word[32];

	if (!name[len] || !len || len >= sizeof(word))
		return false;
	memcpy(word, name, len);
	word[len] = '\0';
	return nsr_place_reserves(word);
}

bool handle_claims(const char *name, struct nsr_target *target)
{
	*target = (struct nsr_target)NSR_TARGET_INIT;
	if (!name)
		return false;
	if (nsr_target_parse(name, target, NULL) == 0)
		return target->place[0] || target->engine[0];
	return begins_as_place(name);
}

EXPORTED char *pcap_geterr(pcap_t *p)
{
	struct handle *h = handle_of(p);

	return h ? h->errbuf : real_pcap_geterr(p);
}

EXPORTED void pcap_perror(pcap_t *p, const char *prefix)
{
	struct handle *h = handle_of(p);

	if (h)
		fprintf(stderr, "%s: %s\n", prefix, h->errbuf);
	else
		real_pcap_perror(p, prefix);
}
