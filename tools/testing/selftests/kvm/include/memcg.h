/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One memory cgroup (v2) of the test's own, below the root, removed when the
 * test ends.  Processes enter and leave it themselves.
 */
#ifndef SELFTEST_KVM_MEMCG_H
#define SELFTEST_KVM_MEMCG_H

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "knob.h"

#define MEMCG_ROOT		"/sys/fs/cgroup"

static char memcg_dir[64];
static char memcg_home[512];
static bool memcg_enabled;

static inline bool memcg_write(const char *file, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", memcg_dir, file);
	return knob_write(path, value);
}

static inline bool memcg_write_bytes(const char *file, uint64_t bytes)
{
	char text[24];

	snprintf(text, sizeof(text), "%lu", (unsigned long)bytes);
	return memcg_write(file, text);
}

/*
 * Returns the value in @file or, if it has several lines, the value after @key;
 * else 0.
 */
static inline uint64_t memcg_read(const char *file, const char *key)
{
	char path[128], name[64];
	unsigned long value = 0;
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", memcg_dir, file);
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (!key)
		found = fscanf(f, "%lu", &value) == 1;
	while (key && !found && fscanf(f, "%63s %lu", name, &value) == 2)
		found = !strcmp(name, key);
	fclose(f);
	return found ? value : 0;
}

static inline bool memcg_has(const char *file)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", memcg_dir, file);
	return !access(path, W_OK);
}

static inline bool memcg_enter(void)
{
	return memcg_write("cgroup.procs", "0");
}

static inline void memcg_leave(void)
{
	knob_write(memcg_home, "0");
}

static inline void memcg_remove(void)
{
	int i;

	memcg_leave();
	/* A killed member may still be exiting. */
	for (i = 0; i < 100 && rmdir(memcg_dir) && errno == EBUSY; i++)
		usleep(20000);
	if (memcg_enabled)
		knob_write(MEMCG_ROOT "/cgroup.subtree_control", "-memory");
}

/* Remembers the caller's cgroup: the line "0::PATH". */
static inline void memcg_remember_home(void)
{
	FILE *f = fopen("/proc/self/cgroup", "r");
	char line[400], *path;

	strcpy(memcg_home, MEMCG_ROOT "/cgroup.procs");
	while (f && fgets(line, sizeof(line), f)) {
		path = strstr(line, "0::/");
		if (path != line)
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(memcg_home, sizeof(memcg_home), MEMCG_ROOT "%s/cgroup.procs", line + 3);
	}
	if (f)
		fclose(f);
}

static inline bool memcg_lists(const char *file)
{
	char list[256];

	return knob_read(file, list, sizeof(list)) && strstr(list, "memory");
}

/* Creates the cgroup once.  Returns why it cannot, or NULL. */
static inline const char *memcg_create(void)
{
	if (memcg_dir[0])
		return NULL;
	if (!memcg_lists(MEMCG_ROOT "/cgroup.controllers"))
		return "no cgroup v2 with a memory controller at " MEMCG_ROOT;
	if (!memcg_lists(MEMCG_ROOT "/cgroup.subtree_control")) {
		if (!knob_write(MEMCG_ROOT "/cgroup.subtree_control", "+memory"))
			return "the memory controller can't be enabled";
		memcg_enabled = true;
	}
	memcg_remember_home();
	snprintf(memcg_dir, sizeof(memcg_dir), MEMCG_ROOT "/kvm-test-%d", getpid());
	if (mkdir(memcg_dir, 0755)) {
		memcg_dir[0] = '\0';
		return "only root can make a cgroup";
	}
	knob_undo(memcg_remove);
	return NULL;
}

#endif /* SELFTEST_KVM_MEMCG_H */
