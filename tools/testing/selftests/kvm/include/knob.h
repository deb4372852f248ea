/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Settings under /sys and /proc that a test changes, and that are restored when
 * it ends for whatever reason: at exit (also after a failed TEST_ASSERT) and on
 * the usual signals.  Only SIGKILL leaves them changed.
 */
#ifndef SELFTEST_KVM_KNOB_H
#define SELFTEST_KVM_KNOB_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "kselftest.h"

#define KNOB_DEBUGFS	"/sys/kernel/debug"

#define KNOB_MAX	16
#define KNOB_MAX_UNDO	4

struct knob {
	const char *path;
	char old[64];
};

static struct knob knobs[KNOB_MAX];
static int nr_knobs;
static void (*knob_undos[KNOB_MAX_UNDO])(void);
static int nr_knob_undos;

/* Reads the value; of "always [madvise] never" only the word in brackets. */
static inline bool knob_read(const char *path, char *value, size_t size)
{
	int fd = open(path, O_RDONLY);
	char *open_bracket, *end;
	ssize_t len;

	if (fd < 0)
		return false;
	len = read(fd, value, size - 1);
	close(fd);
	if (len <= 0)
		return false;
	value[len] = '\0';
	value[strcspn(value, "\n")] = '\0';

	open_bracket = strchr(value, '[');
	end = open_bracket ? strchr(open_bracket, ']') : NULL;
	if (end) {
		*end = '\0';
		memmove(value, open_bracket + 1, end - open_bracket);
	}
	return true;
}

static inline bool knob_write(const char *path, const char *value)
{
	ssize_t len = strlen(value);
	int fd = open(path, O_WRONLY);
	bool done;

	if (fd < 0)
		return false;
	done = write(fd, value, len) == len;
	close(fd);
	return done;
}

/*
 * Undo functions run first: what they remove may depend on a changed setting.
 */
static inline void knob_restore_all(void)
{
	while (nr_knob_undos)
		knob_undos[--nr_knob_undos]();
	while (nr_knobs) {
		nr_knobs--;
		knob_write(knobs[nr_knobs].path, knobs[nr_knobs].old);
	}
}

static inline void knob_on_signal(int sig)
{
	knob_restore_all();
	signal(sig, SIG_DFL);
	raise(sig);
}

static inline void knob_arm(void)
{
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGSEGV, SIGBUS, SIGABRT };
	static bool armed;
	size_t i;

	if (armed)
		return;
	armed = true;
	atexit(knob_restore_all);
	for (i = 0; i < ARRAY_SIZE(sigs); i++)
		signal(sigs[i], knob_on_signal);
}

/*
 * Calls @undo on the same occasions, for state that is not a file, e.g. swap
 * space.
 */
static inline void knob_undo(void (*undo)(void))
{
	knob_arm();
	if (nr_knob_undos < KNOB_MAX_UNDO)
		knob_undos[nr_knob_undos++] = undo;
}

/* For a child process: its parent restores the settings. */
static inline void knob_forget(void)
{
	nr_knobs = 0;
	nr_knob_undos = 0;
}

/* Returns why debugfs cannot be used, or NULL. */
static inline const char *knob_debugfs_why_not(void)
{
	struct statfs fs;

	if (statfs(KNOB_DEBUGFS, &fs) || fs.f_type != DEBUGFS_MAGIC)
		return "debugfs is not mounted at " KNOB_DEBUGFS;
	return access(KNOB_DEBUGFS, X_OK) ? "debugfs is not accessible to this user" : NULL;
}

static inline bool knob_is_changed(const char *path)
{
	int i;

	for (i = 0; i < nr_knobs; i++)
		if (!strcmp(knobs[i].path, path))
			return true;
	return false;
}

/*
 * Returns false if the setting does not exist or cannot be changed.  It may be
 * set several times; the first value is restored.  @path must stay valid.
 */
static inline bool knob_set(const char *path, const char *value)
{
	struct knob *k = &knobs[nr_knobs];

	if (knob_is_changed(path))
		return knob_write(path, value);
	if (nr_knobs == KNOB_MAX || !knob_read(path, k->old, sizeof(k->old)))
		return false;
	if (!strcmp(k->old, value))
		return true;
	knob_arm();
	k->path = path;
	nr_knobs++;
	if (knob_write(path, value))
		return true;
	nr_knobs--;
	return false;
}

#endif /* SELFTEST_KVM_KNOB_H */
