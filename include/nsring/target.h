/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The target grammar, for programs that must know what a target is before they open it:
 *
 *	[place/][engine:]device[@queue]
 *
 * Names of devices may have '@' in them: what stands behind the last one is the queue if it is a
 * number. If there is a device whose name is all of that, nsr_open() takes that.
 *
 * Most engines capture interfaces: their device comes after the last '/', since a place may have
 * '/' in it. The device of some engines is free text (NSR_ENGINE_FREE_DEVICE), a path or a PCI
 * address: the first segment, from the left, that begins with the name of such an engine and a ':'
 * makes all behind that colon the device. A segment is at the start, or after a '/'.
 */
#ifndef NSRING_TARGET_H
#define NSRING_TARGET_H

#include <nsring/nsring.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct nsr_target - a target taken apart
 * @size:    sizeof(struct nsr_target), set by the caller
 * @place:   as written, without the '/' behind it; "" for the caller's own namespace
 * @engine:  "" when none is named
 * @device:  interface name or alternative name, "any", or the free text; "" where there is only a
 *           place
 * @queue:   -1 when none is named
 * @any:     the device is "any": all devices of the place
 * @all:     the place is all namespaces at once
 * @offline: packets come from no device: the engine reads a file
 */
struct nsr_target {
	size_t size;
	char place[256];
	char engine[16];
	char device[256];
	int queue;
	bool any;
	bool all;
	bool offline;
};

#define NSR_TARGET_INIT NSR_SIZED_INIT(nsr_target)

/**
 * nsr_target_parse() - take a target apart
 * @text:   what the user wrote
 * @target: filled in up to @target->size; left as it was after an error
 * @err:    names the part that is wrong; may be NULL
 *
 * Looks engines up, and may load a plug-in for that: only the engine knows what its device is.
 * Does not look whether place and device exist: nsr_open(), which parses in the same way, does.
 *
 * Return: 0; -EINVAL malformed; -ENOENT no such engine; why its plug-in can't be loaded.
 */
NSR_CHECKED int nsr_target_parse(const char *text, struct nsr_target *target,
				 struct nsr_error *err);

/**
 * nsr_target_parse_place() - read a place alone: "host", "netns:NAME", "pid:N", …
 * @text:   what the user wrote, without a '/' and a device behind it
 * @target: filled in up to @target->size, with no engine and no device; left as it was after an
 *          error
 * @err:    the reason in words; may be NULL
 *
 * Recognises a place by how it begins. The text "netns:/a/b" may be a place with a path, or the
 * place "netns:/a" and the device "b": only looking at what exists tells.
 *
 * Return: 0; -EINVAL it is no place.
 */
NSR_CHECKED int nsr_target_parse_place(const char *text, struct nsr_target *target,
				       struct nsr_error *err);

/**
 * nsr_target_format() - write a target, so that nsr_target_parse() reads the same from it
 * @target: its @place, @engine, @device and @queue are written; where there is only a place, only
 *          that
 * @text:   filled in
 * @room:   bytes at @text
 *
 * Return: characters written; -ENAMETOOLONG @room is too small; -EINVAL @target->size was never
 * set.
 */
int nsr_target_format(const struct nsr_target *target, char *text, size_t room);

#ifdef __cplusplus
}
#endif

#endif
