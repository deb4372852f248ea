// SPDX-License-Identifier: GPL-2.0
/*
 * init.c - the first and only service of the nested host
 *
 * Mounts what tests need, reads its job file from the first virtio disk, runs
 * the tests one after another and writes KTAP to the virtio-serial port
 * kvm-interval.result.  Only that port decides the verdict: output on the
 * console can neither fake nor hide one.  The last line is "# end ...": a
 * result without it is incomplete, whatever its other lines say. Ports have
 * their names in /dev/virtio-ports, as with udev.
 *
 * A machine without virtio names other files on the kernel's command line,
 * which passes NAME=VALUE on as environment: KVM_INTERVAL_JOB,
 * KVM_INTERVAL_RESULT (a serial port) and KVM_INTERVAL_LIVE.
 *
 * With KVM_INTERVAL_CPUS=1-N on the command line nothing that init starts can
 * run on another CPU, even if it asks for it: QEMU corrupts the SVM state of
 * emulated CPU 0 (docs/emulator.md).
 *
 * With --host it runs the same job file on an existing machine, and writes the
 * same result into a file (scripts/steps/host).
 *
 * Lines of the job file:
 *	fact NAME VALUE			copied to the result
 *	test NAME SECONDS ARGUMENT...	run /tests/NAME, for at most SECONDS
 *	write PATH WORD			write to a file of the kernel; the run ends if
 *					this fails
 *	run COMMAND			a shell command, with output on the console; the
 *					run ends if it fails
 *	shell [FILE]			a shell on the console; or run FILE, whose exit
 *					status becomes the fact shell-exit
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <linux/kvm.h>

#define PORTS		"/dev/virtio-ports"
#define RESULT_PORT	PORTS "/kvm-interval.result"
#define LIVE_PORT	PORTS "/kvm-interval.live"
#define JOB		"/dev/vda"
#define CGROUPS		"/sys/fs/cgroup"
#define MAX_JOB	65536
#define MAX_ARGS	64
#define KSFT_SKIP	4
#define KSFT_ASSERT	254
#define HEARTBEAT_S	5
#define KILL_WAIT_S	10
#define TERM_WAIT_S	3	/* below the time that scripts wait for init */

/*
 * Writes a line of the result with one write(2), so that a panic cannot cut it
 * in two.  A serial port is slow, so wait until the line is out.
 */
#define result(fmt, ...)						\
do {									\
	dprintf(result_fd, fmt "\n", ##__VA_ARGS__);			\
	if (result_is_serial)						\
		tcdrain(result_fd);					\
} while (0)

/* A test that is running. */
struct test {
	const char *name;
	int number;
	int limit_s;
	char *argv[MAX_ARGS + 1];
	pid_t pid;
	int output;		/* read end of its stdout and stderr */
	double start;
	bool nested;		/* its output is KTAP, and becomes a nested result */
	bool emulator;		/* it detected a fault of the emulator */
	int nested_not_ok;
	char counts[512];	/* its "# guest ..." line, for the summary */
	char last[256];		/* its last line, for a failure or a skip */
	char line[1024];	/* an incomplete line of output */
	size_t line_len;
};

/* With --host init is not PID 1 but an ordinary program. */
static bool on_host;
static const char *job_file = JOB;
static const char *tests_folder = "/tests";
static bool interrupted;		/* set by a signal handler: only through __atomic_*() */
static int result_fd = -1;
static bool result_is_serial;
static const char *first_cpu;		/* whether tests can run on CPU 0, or NULL */
static int passed, failed, skipped;

static bool was_interrupted(void)
{
	return __atomic_load_n(&interrupted, __ATOMIC_RELAXED);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void power_off(void)
{
	if (on_host)
		exit(0);
	sync();
	reboot(RB_POWER_OFF);
	/*
	 * Without ACPI: a PID 1 that ends causes a panic, and a panic ends
	 * QEMU.
	 */
	_exit(1);
}

/*
 * Returns what the machine needs and the kernel lacks.  A missing /dev/kvm
 * proves nothing: the CPU may lack what KVM needs.
 */
static const char *lacks(void)
{
	static const struct {
		const char *path;
		const char *option;
	} needs[] = {
		{ "/dev/console", "DEVTMPFS" },
		{ "/proc/self", "PROC_FS" },
		{ "/sys/bus", "SYSFS" },
		{ "/sys/bus/pci/drivers/virtio-pci", "VIRTIO_PCI" },
		{ "/sys/class/virtio-ports", "VIRTIO_CONSOLE" },
		{ "/sys/bus/virtio/drivers/virtio_blk", "VIRTIO_BLK" },
		{ "/sys/module/kvm", "KVM" },
	};
	static char text[256];
	size_t len = 0;

	for (size_t i = 0; i < sizeof(needs) / sizeof(*needs); i++) {
		if (getenv("KVM_INTERVAL_RESULT") &&
		    !strncmp(needs[i].option, "VIRTIO", 6))
			continue;
		if (access(needs[i].path, F_OK))
			len += snprintf(text + len, sizeof(text) - len, "%s%s",
					len ? ", " : "; not built in: ",
					needs[i].option);
	}
	if (access("/sys/module/kvm_amd", F_OK) &&
	    access("/sys/module/kvm_intel", F_OK))
		snprintf(text + len, sizeof(text) - len, "%s%s",
			 len ? ", " : "; not built in: ",
			 "KVM_AMD or KVM_INTEL");
	return text;
}

/* Nothing can be tested, for which KTAP has a line. */
static void give_up(const char *why)
{
	char what[512];

	snprintf(what, sizeof(what), "%s%s", why, on_host ? "" : lacks());
	result("Bail out! init: %s", what);
	printf("init: %s\n", what);
	power_off();
}

static void bail_out(const char *what)
{
	char text[256];

	snprintf(text, sizeof(text), "%s: %s", what, strerror(errno));
	give_up(text);
}

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool written;

	if (fd < 0)
		return false;
	written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return written;
}

/* Returns the first line of a small file, or @otherwise. */
static const char *read_file(const char *path, const char *otherwise)
{
	static char text[512];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return otherwise;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static void mount_one(const char *type, const char *dir, const char *options)
{
	mkdir(dir, 0755);
	if (mount(type, dir, type, 0, options) && errno != EBUSY)
		printf("init: no %s on %s: %s\n", type, dir, strerror(errno));
}

static void mount_all(void)
{
	mount_one("devtmpfs", "/dev", NULL);
	mount_one("proc", "/proc", NULL);
	mount_one("sysfs", "/sys", NULL);
	mount_one("debugfs", "/sys/kernel/debug", NULL);
	mount_one("tracefs", "/sys/kernel/tracing", NULL);
	mount_one("cgroup2", "/sys/fs/cgroup", NULL);
	mount_one("tmpfs", "/dev/shm", NULL);
	mount_one("tmpfs", "/tmp", NULL);
	symlink("/proc/self/fd", "/dev/fd");
	symlink("fd/0", "/dev/stdin");
	symlink("fd/1", "/dev/stdout");
	symlink("fd/2", "/dev/stderr");
}

/*
 * The kernel opens /dev/console for PID 1 only if it is in the initramfs; here
 * it comes with devtmpfs.
 */
static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR);

	if (fd < 0)
		return;
	dup2(fd, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
	setvbuf(stdout, NULL, _IOLBF, 0);
}

/* There is no udev that names the ports, but sysfs has the names. */
static void name_ports(void)
{
	const char *class = "/sys/class/virtio-ports", *name;
	char path[512], device[512];
	struct dirent *entry;
	DIR *dir = opendir(class);

	mkdir(PORTS, 0755);
	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s/name", class, entry->d_name);
		name = read_file(path, "");
		if (entry->d_name[0] == '.' || !*name)
			continue;
		snprintf(path, sizeof(path), PORTS "/%s", name);
		snprintf(device, sizeof(device), "../%s", entry->d_name);
		symlink(device, path);
	}
	if (dir)
		closedir(dir);
}

static int open_result_port(void)
{
	name_ports();
	return open(RESULT_PORT, O_WRONLY | O_CLOEXEC);
}

/* The port appears after the driver's handshake with QEMU. */
static void wait_for_result_port(void)
{
	double end = now() + 20;

	while ((result_fd = open_result_port()) < 0 && now() < end)
		usleep(10000);
	if (result_fd < 0)
		bail_out("no virtio-serial port " RESULT_PORT);
	/* A test may report its progress here; see live.h. */
	setenv("KVM_INTERVAL_LIVE", LIVE_PORT, 1);
}

/* Raw mode: the terminal layer must not change the result. */
static void open_serial_result(const char *path)
{
	struct termios t;

	result_fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (result_fd < 0 || tcgetattr(result_fd, &t))
		bail_out(path);
	cfmakeraw(&t);
	cfsetspeed(&t, B115200);
	t.c_cflag |= CLOCAL;
	tcsetattr(result_fd, TCSANOW, &t);
	result_is_serial = true;
}

static void open_result(void)
{
	const char *serial = getenv("KVM_INTERVAL_RESULT");

	if (serial)
		open_serial_result(serial);
	else
		wait_for_result_port();
}

/* --- CPUs ------------------------------------------------------------------ */

/*
 * Used until there is a cpuset, or if the kernel has none: a task may undo it.
 */
static void set_affinity(int first, int last)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	for (int cpu = first; cpu <= last; cpu++)
		CPU_SET(cpu, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

/*
 * Creates a cpuset for init and all its children.  Tests create cgroups below
 * what looks like the root to them, which is this one.  Init itself is in a
 * leaf, because a cgroup with processes cannot enable controllers for others.
 */
static bool enter_cpuset(const char *cpus)
{
	const char *all = CGROUPS "/cgroup.subtree_control";

	if (!write_file(all, "+cpuset"))
		return false;
	write_file(all, "+memory");
	if (mkdir(CGROUPS "/all", 0755) ||
	    !write_file(CGROUPS "/all/cpuset.cpus", cpus) ||
	    !write_file(CGROUPS "/all/cgroup.procs", "0") ||
	    unshare(CLONE_NEWCGROUP) || umount(CGROUPS))
		return false;
	mount_one("cgroup2", CGROUPS, NULL);
	return !mkdir(CGROUPS "/init", 0755) &&
	       write_file(CGROUPS "/init/cgroup.procs", "0");
}

/* Can a task get onto the first CPU?  Leaves the affinity unchanged. */
static bool first_cpu_is_refused(void)
{
	cpu_set_t before, first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_getaffinity(0, sizeof(before), &before) ||
	    CPU_ISSET(0, &before))
		return false;
	if (sched_setaffinity(0, sizeof(first), &first))
		return true;
	sched_setaffinity(0, sizeof(before), &before);
	return false;
}

/* Returns the outcome for the result, or NULL if no CPUs were given. */
static const char *keep_to_cpus(void)
{
	const char *cpus = getenv("KVM_INTERVAL_CPUS");
	int first, last;

	if (!cpus || sscanf(cpus, "%d-%d", &first, &last) != 2)
		return NULL;
	set_affinity(first, last);
	enter_cpuset(cpus);
	return first_cpu_is_refused() ? "refused" : "not used unless asked for";
}

static char *read_job(void)
{
	char *job = calloc(1, MAX_JOB + 1);
	int fd = open(job_file, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	if (!job || fd < 0)
		bail_out("no job file");
	while ((n = read(fd, job + len, MAX_JOB - len)) > 0)
		len += n;
	close(fd);
	return job;
}

static void fact_file(const char *name, const char *path)
{
	result("# fact %s %s", name, read_file(path, "none"));
}

/* Words of the "flags" line that KVM platforms depend on. */
static void fact_cpu(void)
{
	FILE *f = fopen("/proc/cpuinfo", "r");
	bool svm = false, vmx = false;
	char *line = NULL, *model = NULL;
	size_t size = 0;

	while (f && getline(&line, &size, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "model name", 10) && !model)
			model = strdup(strchr(line, ':') + 2);
		if (strncmp(line, "flags", 5))
			continue;
		svm |= !!strstr(line, " svm");
		vmx |= !!strstr(line, " vmx");
	}
	if (f)
		fclose(f);
	result("# fact cpu-model %s", model ? model : "none");
	result("# fact virtualization %s", svm ? "svm" : vmx ? "vmx" : "none");
	free(model);
	free(line);
}

/*
 * Runs a guest of one page, in real mode, whose first instruction is HLT;
 * without an interrupt controller that exits to user space.  Returns the exit
 * reason, or -1.
 */
static int run_guest(int kvm, int vm, int vcpu)
{
	size_t size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kvm_run *run = mmap(NULL, size, PROT_READ | PROT_WRITE,
				   MAP_SHARED, vcpu, 0);
	struct kvm_userspace_memory_region region = {
		.memory_size = 4096,
		.userspace_addr = (unsigned long)page,
	};
	struct kvm_regs regs = { .rflags = 2 };
	struct kvm_sregs sregs;
	int reason = -1;

	if (page == MAP_FAILED || run == MAP_FAILED)
		return -1;
	page[0] = 0xf4;
	/* VMX without unrestricted guest needs this for real mode. */
	ioctl(vm, KVM_SET_TSS_ADDR, 0xfffbd000);
	if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) ||
	    ioctl(vcpu, KVM_GET_SREGS, &sregs))
		return -1;
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	if (!ioctl(vcpu, KVM_SET_SREGS, &sregs) &&
	    !ioctl(vcpu, KVM_SET_REGS, &regs) && !ioctl(vcpu, KVM_RUN, 0))
		reason = run->exit_reason;
	/* The mapping keeps the VM alive. */
	munmap(run, size);
	munmap(page, 4096);
	return reason;
}

/* Does KVM run a guest?  A device node proves nothing. */
static bool kvm_works(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	int vcpu = vm < 0 ? -1 : ioctl(vm, KVM_CREATE_VCPU, 0);
	int reason = vcpu < 0 ? -1 : run_guest(kvm, vm, vcpu);
	int err = errno;

	if (reason < 0)
		result("# fact kvm none: %s", strerror(err));
	else if (reason != KVM_EXIT_HLT)
		result("# fact kvm none: a guest that halts has exit reason %d",
		       reason);
	else
		result("# fact kvm works");
	if (vcpu >= 0)
		close(vcpu);
	if (vm >= 0)
		close(vm);
	if (kvm >= 0)
		close(kvm);
	errno = reason < 0 ? err : EPROTO;
	return reason == KVM_EXIT_HLT;
}

static void facts(void)
{
	struct utsname uts;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	sched_getaffinity(0, sizeof(cpus), &cpus);
	uname(&uts);
	result("# fact kernel %s", uts.release);
	result("# fact cpus %d", CPU_COUNT(&cpus));
	if (first_cpu)
		result("# fact cpu-0 %s", first_cpu);
	result("# fact memory-mib %ld", sysconf(_SC_PHYS_PAGES) /
	       (1048576 / sysconf(_SC_PAGESIZE)));
	fact_cpu();
	fact_file("npt", "/sys/module/kvm_amd/parameters/npt");
	fact_file("ept", "/sys/module/kvm_intel/parameters/ept");
	fact_file("tdp-mmu", "/sys/module/kvm/parameters/tdp_mmu");
	fact_file("thp", "/sys/kernel/mm/transparent_hugepage/enabled");
	if (!on_host)
		result("# fact boot-seconds %.1f", now());
}

/* --- one test -------------------------------------------------------------- */

static void split_args(struct test *t, char *args)
{
	/* The selftests' library opens the test's own file by this name. */
	static char path[512];
	int argc = 0;
	char *save, *word;

	snprintf(path, sizeof(path), "%s/%s", tests_folder, t->name);
	t->argv[argc++] = path;
	for (word = strtok_r(args, " ", &save); word && argc < MAX_ARGS;
	     word = strtok_r(NULL, " ", &save))
		t->argv[argc++] = word;
	t->argv[argc] = NULL;
}

static void exec_test(const struct test *t, int output)
{
	setsid();
	/* Only with --host: in the nested host the kernel ends with PID 1. */
	if (on_host)
		prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGPIPE, SIG_DFL);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
	execv(t->argv[0], t->argv);
	printf("can't run %s: %s\n", t->argv[0], strerror(errno));
	_exit(127);
}

static int start_test(struct test *t)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	fflush(stdout);
	t->start = now();
	t->pid = fork();
	if (!t->pid)
		exec_test(t, ends[1]);
	close(ends[1]);
	t->output = ends[0];
	fcntl(t->output, F_SETFL, O_NONBLOCK);
	return t->pid < 0 ? -1 : 0;
}

static bool is_ktap(const char *line)
{
	return !strncmp(line, "ok ", 3) || !strncmp(line, "not ok ", 7) ||
	       !strncmp(line, "# ", 2) || !strncmp(line, "1..", 3);
}

static void note_line(struct test *t, const char *line)
{
	bool counts = !strncmp(line, "# guest ", 8);

	if (counts)
		snprintf(t->counts, sizeof(t->counts), "%s", line + 2);
	if (strstr(line, "EMULATOR-FAULT"))
		t->emulator = true;
	if (*line && !counts)
		snprintf(t->last, sizeof(t->last), "%s", line);
}

/*
 * A line of a test becomes a diagnostic line, unless the test prints KTAP: that
 * becomes a nested result, indented by two spaces.
 */
static void test_line(struct test *t, const char *line)
{
	note_line(t, line);
	if (!strncmp(line, "KTAP version", 12) ||
	    !strncmp(line, "TAP version", 11)) {
		t->nested = true;
		result("  KTAP version 1");
		return;
	}
	if (!t->nested || !is_ktap(line)) {
		result("%s# %s", t->nested ? "  " : "", line);
		return;
	}
	if (!strncmp(line, "not ok ", 7) && !strcasestr(line, "# skip") &&
	    !strcasestr(line, "# todo"))
		t->nested_not_ok++;
	result("  %s", line);
}

static void end_of_line(struct test *t)
{
	t->line[t->line_len] = '\0';
	t->line_len = 0;
	test_line(t, t->line);
}

/* Returns false when nobody holds the other end any more. */
static bool read_output(struct test *t)
{
	char text[4096];
	ssize_t n;

	while ((n = read(t->output, text, sizeof(text))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (text[i] == '\n' ||
			    t->line_len == sizeof(t->line) - 1)
				end_of_line(t);
			/* Replace control characters: the result is text. */
			if (text[i] != '\n')
				t->line[t->line_len++] =
					text[i] >= ' ' && text[i] < 127 ?
					text[i] : ' ';
		}
	}
	return n < 0 && errno == EAGAIN;
}

/* Shows where everything hangs: CPUs, blocked tasks, then all tasks. */
static void dump_tasks(const struct test *t)
{
	printf("init: %s is over its %d s, state of the machine follows\n",
	       t->name, t->limit_s);
	write_file("/proc/sys/kernel/printk", "8");
	write_file("/proc/sysrq-trigger", "l");
	write_file("/proc/sysrq-trigger", "w");
	write_file("/proc/sysrq-trigger", "t");
}

/*
 * Waits for the test for at most @seconds, or a signal; returns true when it
 * has ended.
 */
static bool wait_test(struct test *t, double seconds, int *status)
{
	double end = now() + seconds, beat = now() + HEARTBEAT_S;
	struct pollfd fd = { .fd = t->output, .events = POLLIN };

	for (;;) {
		poll(&fd, 1, 50);
		if (!read_output(t))
			fd.fd = -1;
		if (waitpid(t->pid, status, WNOHANG) == t->pid)
			return true;
		if (now() >= end || was_interrupted())
			return false;
		if (now() >= beat) {
			beat += HEARTBEAT_S;
			result("# alive %s %.0f s", t->name, now() - t->start);
		}
	}
}

/* With --host a test gets time to restore the settings that it has changed. */
static bool ends_by_request(struct test *t, int *status)
{
	kill(-t->pid, SIGTERM);
	return wait_test(t, TERM_WAIT_S, status);
}

/*
 * Ends a test that is over its time: dump, kill, and report if even that
 * failed.
 */
static const char *end_by_force(struct test *t)
{
	bool stopped = was_interrupted();
	int status;

	__atomic_store_n(&interrupted, false, __ATOMIC_RELAXED);
	if (!stopped)
		result("# time-out of %d s, see the console for stacks", t->limit_s);
	if (on_host) {
		if (ends_by_request(t, &status))
			return stopped ? "interrupted" : "TIMEOUT ended";
	} else {
		dump_tasks(t);
	}
	kill(-t->pid, SIGKILL);
	if (wait_test(t, KILL_WAIT_S, &status))
		return stopped ? "interrupted, killed" : "TIMEOUT killed";
	return "TIMEOUT and can't be killed";
}

static void verdict(struct test *t, const char *word, const char *why)
{
	const char *sep = t->counts[0] && why[0] ? "; " : "";

	result("%s %d %s # %s%.1f s; %s%s%s", word, t->number, t->name,
	       !strcmp(why, "SKIP") ? "SKIP " : "", now() - t->start,
	       !strcmp(why, "SKIP") ? t->last : why, sep, t->counts);
}

static void not_ok(struct test *t, const char *why)
{
	failed++;
	verdict(t, "not ok", why);
}

static void judge(struct test *t, int status)
{
	char why[320];

	if (t->emulator) {
		not_ok(t, "EMULATOR-FAULT");
	} else if (WIFSIGNALED(status)) {
		snprintf(why, sizeof(why), "signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
		not_ok(t, why);
	} else if (WEXITSTATUS(status) == KSFT_SKIP) {
		skipped++;
		verdict(t, "ok", "SKIP");
	} else if (WEXITSTATUS(status)) {
		snprintf(why, sizeof(why), "%s, exit %d",
			 WEXITSTATUS(status) == KSFT_ASSERT ? "assertion failed" :
			 "failed", WEXITSTATUS(status));
		not_ok(t, why);
	} else if (t->nested_not_ok) {
		snprintf(why, sizeof(why), "exit 0, but %d not ok inside",
			 t->nested_not_ok);
		not_ok(t, why);
	} else {
		passed++;
		verdict(t, "ok", "");
	}
}

static void run_test(int number, const char *name, int limit_s, char *args)
{
	struct test t = { .name = name, .number = number, .limit_s = limit_s };
	int status;

	split_args(&t, args);
	printf("init: test %d %s\n", number, name);
	result("# start %d %s, at most %d s", number, name, limit_s);
	if (start_test(&t)) {
		not_ok(&t, strerror(errno));
		return;
	}
	if (wait_test(&t, limit_s, &status)) {
		/* Also end its background processes. */
		kill(-t.pid, SIGKILL);
		read_output(&t);
		if (t.line_len)
			end_of_line(&t);
		judge(&t, status);
	} else {
		bool stopped = was_interrupted();

		not_ok(&t, end_by_force(&t));
		if (kill(t.pid, 0) == 0)
			give_up("a test can't be killed");
		if (stopped)
			give_up("interrupted");
	}
	close(t.output);
	/* Reap orphans. */
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

/* --- job ---------------------------------------------------------------- */

static int count_tests(const char *job)
{
	int n = !strncmp(job, "test ", 5);
	const char *p;

	for (p = job; (p = strstr(p, "\ntest ")); p++)
		n++;
	return n;
}

/* Returns the exit status of the shell, as another shell reports it. */
static int run_sh(const char *option, const char *arg)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		setsid();
		/* Background processes must not lose their terminal. */
		if (arg)
			dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
		else
			ioctl(STDIN_FILENO, TIOCSCTTY, 1);
		setenv("HOME", "/", 1);
		/* A test opens its own file by the name it was called by. */
		if (chdir("/tests"))
			printf("init: no /tests\n");
		execl("/bin/sh", "sh", option, arg, NULL);
		_exit(127);
	}
	while (waitpid(-1, &status, 0) != pid)
		;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

static void job_shell(const char *file)
{
	if (!file[0])
		printf("init: a shell; tests are in /tests; `exit` powers off\n");
	result("# fact shell-exit %d",
	       file[0] ? run_sh("--", file) : run_sh("-l", NULL));
}

static void job_run(const char *command)
{
	int status;

	result("# run %s", command);
	status = run_sh("-c", command);
	result("# run ended with %d", status);
	if (status)
		give_up("that command failed: see the console");
}

/* @line is NAME SECONDS ARGUMENT... */
static void job_test(int number, char *line)
{
	char *name = strsep(&line, " ");
	char *seconds = strsep(&line, " ");

	run_test(number, name, seconds ? atoi(seconds) : 60, line ? line : "");
}

/* @line is PATH WORD */
static void job_write(char *line)
{
	const char *path = strsep(&line, " ");
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t len = line ? strlen(line) : 0;

	result("# write %s %s", path, line ? line : "");
	if (fd < 0 || write(fd, line, len) != (ssize_t)len)
		bail_out("can't write there: see the line before");
	close(fd);
}

static void run_job(char *job, bool kvm)
{
	char *line;
	int number = 0;

	while ((line = strsep(&job, "\n"))) {
		if (!strncmp(line, "test ", 5) && kvm)
			job_test(++number, line + 5);
		else if (!strncmp(line, "write ", 6))
			job_write(line + 6);
		else if (!strncmp(line, "fact ", 5))
			result("# %s", line);
		else if (!strncmp(line, "run ", 4))
			job_run(line + 4);
		else if (!strcmp(line, "shell"))
			job_shell("");
		else if (!strncmp(line, "shell ", 6))
			job_shell(line + 6);
	}
}

static void on_signal(int sig)
{
	(void)sig;
	__atomic_store_n(&interrupted, true, __ATOMIC_RELAXED);
}

static void start_machine(void)
{
	mount_all();
	open_console();
	setenv("PATH", "/bin:/tests", 1);
	first_cpu = keep_to_cpus();
	if (getenv("KVM_INTERVAL_JOB"))
		job_file = getenv("KVM_INTERVAL_JOB");
	open_result();
}

static void start_on_host(const char *job, const char *tests, const char *file)
{
	struct sigaction sa = { .sa_handler = on_signal };

	on_host = true;
	job_file = job;
	tests_folder = tests;
	result_fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (result_fd < 0) {
		fprintf(stderr, "init: %s: %s\n", file, strerror(errno));
		exit(1);
	}
	/*
	 * Orphans of a test are children of this process, not of the machine's
	 * init.
	 */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
}

int main(int argc, char **argv)
{
	char *job;
	int tests;
	bool kvm;

	if (argc == 5 && !strcmp(argv[1], "--host")) {
		start_on_host(argv[2], argv[3], argv[4]);
	} else if (getpid() == 1) {
		start_machine();
	} else {
		fprintf(stderr, "Usage: %s --host JOB FOLDER-OF-TESTS RESULT\n"
			"else this is for PID 1 of the nested host\n", argv[0]);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);

	job = read_job();
	tests = count_tests(job);
	result("KTAP version 1");
	result("1..%d", tests);
	facts();
	kvm = kvm_works();
	if (tests && !kvm)
		bail_out("no usable KVM");
	run_job(job, kvm);
	result("# end passed %d failed %d skipped %d", passed, failed, skipped);
	printf("init: end\n");
	power_off();
}
