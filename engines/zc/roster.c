/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The groups that captures of this process are members of. Captures of one process join by this
 * list, for which they need no capability: a process may copy its own descriptors.
 *
 * A member takes itself off the list before it closes anything, so whatever is on the list is open
 * as long as the lock is held. A child of fork(2) begins with an empty list: its parent's members
 * are none of its own. It also closes its copies of what they share, which it could lend to somebody when it
 * has given up its capabilities: the link takes the program off the device, and who writes into the
 * memory has power over the members. Their mappings are not inherited.
 */
#include <errno.h>

#include "newcomer.h"

static pthread_mutex_t roster_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;
static struct zc_group *roster;

static void lock(void)
{
	pthread_mutex_lock(&roster_lock);
}

static void unlock(void)
{
	pthread_mutex_unlock(&roster_lock);
}

static void forget_parents_groups(void)
{
	for (; roster; roster = roster->next)
		zc_shared_disown(roster);
	unlock();
}

static void mind_forks(void)
{
	pthread_atfork(lock, unlock, forget_parents_groups);
}

void zc_roster_add(struct zc_group *group)
{
	pthread_once(&fork_once, mind_forks);
	lock();
	group->ready = false;
	group->next = roster;
	roster = group;
	unlock();
}

void zc_roster_remove(struct zc_group *group)
{
	struct zc_group **at = &roster;

	lock();
	while (*at && *at != group)
		at = &(*at)->next;
	if (*at)
		*at = group->next;
	unlock();
}

void zc_roster_ready(struct zc_group *group)
{
	lock();
	group->ready = true;
	unlock();
}

static int take(const struct zc_group *from, struct zc_group *group)
{
	group->identity = from->identity;
	group->layout = from->layout;
	group->memory = zc_peer_take(ZC_PEER_SELF, from->memory);
	if (group->memory < 0)
		return group->memory;
	group->map = zc_peer_take(ZC_PEER_SELF, from->map);
	if (group->map < 0)
		return group->map;
	group->state = zc_peer_take(ZC_PEER_SELF, from->state);
	if (group->state < 0)
		return group->state;
	return zc_peer_take_fds(ZC_PEER_SELF, &from->fds, group);
}

/* The device's group: the member that was last to come, of those that are ready if any is. */
static const struct zc_group *find(const struct zc_identity *identity)
{
	const struct zc_group *at, *found = NULL;

	for (at = roster; at; at = at->next)
		if (at->identity.cookie == identity->cookie &&
		    at->identity.ifindex == identity->ifindex &&
		    (!found || (at->ready && !found->ready)))
			found = at;
	return found;
}

int zc_roster_take(struct zc_group *group)
{
	const struct zc_group *from;
	int rc;

	lock();
	from = find(&group->identity);
	if (!from)
		rc = -ESRCH;
	else if (from->number != group->number)
		rc = -ENOENT;
	else
		rc = from->ready ? take(from, group) : -EAGAIN;
	unlock();
	return rc;
}
