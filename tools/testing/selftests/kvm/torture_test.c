// SPDX-License-Identifier: GPL-2.0
/*
 * If KVM is wrong here, a guest loses writes or reads stale data when several
 * operations of the host meet, each of which works alone.
 *
 * While vCPUs keep writing their memory, threads draw operations of all kinds
 * from one seed and do them to memory, memslots, vCPUs and the machine.
 *
 * Each thread's operations depend on the seed only: operation n of thread t,
 * and its pages, do not depend on earlier operations, nor on those that are
 * left out (-c, or because the machine cannot do them).  How they interleave
 * with each other and the guest is not reproducible.
 *
 * A thread operates on memory that it owns (include/blocks.h); memslots cross
 * the blocks of all threads, and have a lock each.  include/oracle.h defines
 * what each word may hold. Also, memory that nobody can write must not change:
 * memory that is moved away, protected, without a memslot, in a file that is
 * not mapped, a child's after fork(), or a page that KSM has merged with the
 * guest's.  Everything that was written must be in the dirty log. The last
 * operations are logged (include/op_log.h), and a failure report lists those
 * that touched the page.
 *
 * There is one case for one vCPU, one for several, and one for each operation,
 * which fails if the kernel was not seen to do it.
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>

#include "counters.h"
#include "ktap.h"
#include "kvm_util.h"
#include "op_log.h"
#include "options.h"
#include "test_util.h"
#include "torture.h"
#include "torture_failure.h"
#include "torture_machine.h"
#include "torture_memory.h"
#include "torture_slots.h"
#include "trace_count.h"
#include "writers.h"

#define UNMAP			"kvm/kvm_unmap_hva_range"
#define GRACE_US		30000000UL
#define NICE			5	/* that of ksmd */

#define RUN		"writes=%lu ops=%lu invalidations=%lu faults=%lu erased=%lu "		\
			"updates=%lu exits=%lu 2m=%lu ms=%lu"
#define DONE		"writes=%lu ops=%lu invalidations=%lu faults=%lu%s merges=%lu"
#define SEEN		"collapses=%lu splits=%lu swapins=%lu children=%lu updates=%lu "	\
			"exits=%lu dirty=%lu"
#define VERDICTS	"stale=%lu lost=%lu torn=%lu"

static struct trace_count unmaps;

#define ANON	(BIT(ANON_4K) | BIT(ANON_2M))
#define SHMEM	(BIT(SHMEM_4K) | BIT(SHMEM_2M))
#define HUGE	(BIT(ANON_2M) | BIT(SHMEM_2M))
#define TOLD	.by = BY_KVM, .evidence = "invalidations"

/*
 * Order and weights decide what a seed means; operations without weight come
 * last.
 */
static struct operation operations[] = {
	{ "munmap", op_munmap, 6, ANON | SHMEM, .whole = true, TOLD },
	{ "mmap", op_mmap, 6, ANON | SHMEM, .whole = true, TOLD },
	{ "dontneed", op_dontneed, 6, ANON | SHMEM, TOLD },
	{ "mremap", op_mremap, 6, ANON | SHMEM, TOLD },
	{ "mprotect", op_mprotect, 6, ANON | SHMEM, .prepare = prepare_mprotect, TOLD },
	{ "punch", op_punch, 5, SHMEM, TOLD },
	{ "free", op_free, 5, ANON, .by = BY_VMSTAT, .evidence = "pglazyfree" },
	{ "pageout", op_pageout, 6, ANON | SHMEM, .prepare = prepare_swap, .by = BY_VMSTAT,
	  .evidence = "pswpin" },
	{ "cold", op_cold, 3, ANON | SHMEM, .by = BY_VMSTAT, .evidence = "pgdeactivate" },
	{ "collapse", op_collapse, 5, HUGE, .prepare = prepare_collapse,
	  .evidence = "collapses" },
	{ "ksm", op_ksm, 6, BIT(ANON_4K), .prepare = prepare_ksm, .evidence = "merges" },
	{ "fork", op_fork, 3, ANON, .evidence = "children" },
	{ "flags", op_flags, 3, .evidence = "dirty" },
	{ "delete", op_delete, 3, .evidence = "exits" },
	{ "move", op_move, 3, .evidence = "exits" },
	{ "kick", op_kick, 4, .evidence = "signal_exits" },
	{ "cpu", op_cpu, 2, .prepare = prepare_cpus, .evidence = "moves" },
	{ "compact", op_compact, 1, .prepare = prepare_compact, .by = BY_VMSTAT,
	  .evidence = "compact_migrate_scanned" },
	{ "khugepaged", .prepare = prepare_khugepaged, .by = BY_FILE,
	  .evidence = KHUGEPAGED "pages_collapsed" },
	{ "split", .prepare = prepare_huge, .by = BY_VMSTAT, .evidence = "thp_split_pmd" },
};

#define NR_OPS	ARRAY_SIZE(operations)
#define NR_DRAWN	(NR_OPS - 2)

static bool on_slots(const struct operation *op)
{
	return op->run == op_flags || op->run == op_delete || op->run == op_move;
}

/* ---- threads ---- */

/*
 * First each operation once, each thread starting at another one, then by
 * weight.
 */
static struct operation *draw(struct thread *t, uint64_t number)
{
	unsigned int sum = 0;
	uint64_t ticket;
	size_t i;

	if (number < NR_DRAWN)
		return &operations[(number + t->id * NR_DRAWN / NR_THREADS) % NR_DRAWN];
	for (i = 0; i < NR_DRAWN; i++)
		sum += operations[i].weight;
	ticket = pick(t, sum);
	for (i = 0; ticket >= operations[i].weight; i++)
		ticket -= operations[i].weight;
	return &operations[i];
}

/* Returns a block of the thread's own of one of these kinds, or NULL. */
static struct block *draw_block(struct thread *t, unsigned int kinds_of_op)
{
	uint64_t blocks = scene.mem.pages / BLOCK_PAGES;
	struct block *fit = NULL;
	uint64_t i, n = 0;

	for (i = t->id; i < blocks; i += NR_THREADS)
		if (kinds_of_op & BIT(scene.mem.block[i].kind) && !pick(t, ++n))
			fit = &scene.mem.block[i];
	return fit;
}

/* Returns a part of such a block, in most cases. */
static struct range draw_range(struct thread *t, const struct operation *op)
{
	uint64_t offset = pick(t, BLOCK_PAGES), n = 1 + pick(t, PART_PAGES);
	struct block *block = draw_block(t, op->kinds);
	struct range r;

	if (!block)
		return (struct range){};
	r = whole_block((block - scene.mem.block) * BLOCK_PAGES);
	if (!pick(t, block_is_huge(block) ? 2 : 16) || op->run == op_collapse ||
	    (op->whole && block->kind == SHMEM_2M))
		return r;
	return (struct range){ r.first + offset, min(n, BLOCK_PAGES - offset) };
}

static unsigned int kind_of(const struct operation *op, struct range r)
{
	return op->kinds ? block_of(&scene.mem, r.first)->kind : 0;
}

/*
 * Draws the pages, none if the operation has no pages.  Returns false if it is
 * not to be done here, or not to these.
 */
static bool draw_target(struct thread *t, const struct operation *op, struct range *r)
{
	*r = (struct range){};
	if (on_slots(op))
		*r = scene.slot[pick(t, NR_SLOTS)].r;
	if (!op->kinds)
		return op->on;
	*r = draw_range(t, op);
	return r->n && op->on & BIT(kind_of(op, *r));
}

static void do_it(struct thread *t, struct operation *op, struct range r, uint64_t number)
{
	struct op_log *h = &scene.op_log[t->id];
	uint64_t told = trace_count_read(&t->told);

	t->op = op;
	t->entry = op_log_begin(h, number, op->full_name[kind_of(op, r)], r.first, r.n);
	op->run(t, r);
	op_log_end(h);
	add(&op->times, 1);
	add(&scene.c.ops, 1);
	if (op->by == BY_KVM)
		add(&op->seen, op->blind ? 1 : trace_count_read(&t->told) - told);
}

/* The host's view is checked before the memory is attacked. */
static void attack_memory(struct thread *t, struct operation *op, struct range r,
			  uint64_t number)
{
	int burst = pick(t, 4) || op->run == op_fork ? 1 : 2 + pick(t, 4);
	struct block *block = block_of(&scene.mem, r.first);

	make_hot(t, r);
	let_guest_work(pick(t, 3) * r.n);
	while (burst-- && !stopping()) {
		pthread_mutex_lock(&block->lock);
		if (writers_verify(&scene.w, r.first, r.n))
			do_it(t, op, r, number);
		pthread_mutex_unlock(&block->lock);
	}
	let_guest_work(pick(t, 2) * r.n);
}

static void attack_slot(struct thread *t, struct operation *op, struct range r, uint64_t number)
{
	struct slot *slot = slot_of(r);

	pthread_mutex_lock(&slot->lock);
	do_it(t, op, r, number);
	pthread_mutex_unlock(&slot->lock);
}

/*
 * Operation @number of this thread depends on the seed, not on earlier
 * operations.
 */
static void step(struct thread *t, uint64_t number)
{
	struct operation *op;
	struct range r;

	t->rng = oracle_mix(oracle_mix(opt.seed + t->id * 0x10001) + number) | 1;
	op = draw(t, number);
	if (!draw_target(t, op, &r))
		return;
	if (on_slots(op))
		attack_slot(t, op, r, number);
	else if (op->kinds)
		attack_memory(t, op, r, number);
	else
		do_it(t, op, r, number);
}

static void *thread_main(void *arg)
{
	struct thread *t = arg;
	uint64_t number;

	WRITE_ONCE(t->tid, syscall(SYS_gettid));
	trace_count_open_task(&t->told, UNMAP, 0);
	/*
	 * Thread stacks must be mapped before the first hole, or they might be
	 * mapped in it.
	 */
	pthread_barrier_wait(&scene.start_line);
	for (number = 0; !stopping(); number++)
		step(t, number);
	trace_count_close(&t->told);
	__atomic_store_n(&t->ended, true, __ATOMIC_RELEASE);
	return NULL;
}

static void join_threads(void)
{
	int i;

	for (i = 0; i < NR_THREADS; i++) {
		while (!__atomic_load_n(&scene.thread[i].ended, __ATOMIC_ACQUIRE)) {
			usleep(1000);
			watch_threads();
		}
		pthread_join(scene.thread[i].thread, NULL);
	}
}

static void create_thread(struct thread *t, int id)
{
	t->id = id;
	op_log_create(&scene.op_log[id], id);
	t->spare = reserve(WRITERS_HUGE);
	t->image = malloc(WRITERS_HUGE);
	t->twin = mmap(NULL, NR_TWINS * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);
	TEST_ASSERT(t->image && t->twin != MAP_FAILED, "out of memory");
	madvise(t->twin, NR_TWINS * PAGE, MADV_NOHUGEPAGE);
	madvise(t->twin, NR_TWINS * PAGE, MADV_MERGEABLE);
}

static void destroy_thread(struct thread *t)
{
	op_log_destroy(&scene.op_log[t->id]);
	munmap(t->spare, WRITERS_HUGE);
	munmap(t->twin, NR_TWINS * PAGE);
	free(t->image);
}

/* ---- a run ---- */

/*
 * Memslot boundaries differ from block boundaries, within blocks of small or
 * any pages.
 */
static void create_slots(void)
{
	uint64_t i, first = 0, end, each = scene.mem.pages / NR_SLOTS;

	for (i = 0; i < NR_SLOTS; i++, first = end) {
		struct slot *slot = &scene.slot[i];

		end = i == NR_SLOTS - 1 ? scene.mem.pages : (i + 1) * each - 77 * (i + 1);
		*slot = (struct slot) { .r = { first, end - first }, .window = { 0, 1 } };
		pthread_mutex_init(&slot->lock, NULL);
		dirty_log_create(&slot->dirty, &scene.w);
		slot->dirty.harvest = harvest;
		slot->dirty.owner = slot;
		slot_set_flags(slot, 0);
	}
}

static void create_scene(int vcpus)
{
	struct writers_setup setup = {
		.nr_vcpus = vcpus,
		.huge = true,
		.nr_hot = NR_THREADS,
		.seed = opt.seed,
		.windows = WINDOWS,
	};
	int i;

	memset(&scene, 0, sizeof(scene));
	scene.sharing = counter_read(KSM "pages_sharing");
	pthread_barrier_init(&scene.start_line, NULL, NR_THREADS);
	pthread_mutex_init(&scene.ksm_lock, NULL);
	for (i = 0; i < NR_THREADS; i++)
		create_thread(&scene.thread[i], i);
	blocks_create(&scene.mem, &scene.w, opt.mib / 2, NR_THREADS, kinds,
		      scene.thread[0].spare);
	setup.hva = scene.mem.hva;
	setup.pages = scene.mem.pages;
	writers_create_from(&scene.w, &setup);
	scene.w.stall_seconds = opt.stall;
	scene.w.on_exit = on_exit_of_vcpu;
	scene.written = calloc(scene.mem.pages, 1);
	TEST_ASSERT(scene.written, "out of memory");
	create_slots();
}

static void destroy_scene(void)
{
	int i;

	for (i = 0; i < NR_SLOTS; i++)
		dirty_log_destroy(&scene.slot[i].dirty);
	for (i = 0; i < NR_THREADS; i++)
		destroy_thread(&scene.thread[i]);
	free(scene.written);
	writers_destroy(&scene.w);
	blocks_destroy(&scene.mem);
}

/* The interval notifier's own statistics; other kernels have none. */
static const char * const retries[] = {
	"mmu_interval_retry_overlap", "mmu_interval_retry_overflow",
	"mmu_interval_retry_internal",
};

static const char * const waits[] = { "mmu_interval_wait" };

static uint64_t sum_stats(const char * const *names, size_t nr)
{
	uint64_t sum = 0, n;
	size_t i;
	int v;

	for (v = 0; v < scene.w.nr_vcpus; v++)
		for (i = 0; i < nr; i++)
			if (kvm_stats_get(&scene.w.thread[v].stats, names[i], &n))
				sum += n;
	return sum;
}

static bool has_interval(void)
{
	uint64_t n;

	return kvm_stats_get(&scene.w.thread[0].stats, waits[0], &n);
}

static struct operation *find_op(const char *name)
{
	struct operation *op = operations;

	while (strcmp(op->name, name))
		op++;
	return op;
}

static void sample_ksm(void)
{
	struct operation *op = find_op("ksm");
	uint64_t now = counter_read(KSM "pages_sharing");

	if (op->on && now > scene.sharing) {
		scene.c.merges += now - scene.sharing;
		add(&op->seen, now - scene.sharing);
	}
	scene.sharing = now;
}

static void collect(uint64_t start)
{
	struct counts *c = &scene.c;
	int i;

	c->writes = writers_writes(&scene.w);
	c->faults = writers_faults(&scene.w);
	c->erased = writers_erased(&scene.w);
	c->retries = sum_stats(retries, ARRAY_SIZE(retries));
	c->waits = sum_stats(waits, ARRAY_SIZE(waits));
	c->huge = max(c->huge, vm_get_stat(scene.w.vm, "pages_2m"));
	for (c->dirty = 0, i = 0; i < NR_SLOTS; i++)
		c->dirty += READ_ONCE(scene.slot[i].dirty.dirty);
	c->usec = now_us() - start;
}

static uint64_t evidence_now(const struct operation *op)
{
	uint64_t value = 0;

	if (op->by == BY_VMSTAT && !op->blind)
		counter_vmstat(op->evidence, &value);
	else if (op->by == BY_FILE)
		value = counter_read(op->evidence);
	else
		value = READ_ONCE(op->seen);
	return value;
}

static uint64_t evidence(const struct operation *op)
{
	if (!op->on)
		return 0;
	return op->blind ? READ_ONCE(op->times) : evidence_now(op) - op->base;
}

/* Returns what did not happen in a run that found nothing wrong, or NULL. */
static const char *nothing_happened(void)
{
	const struct counts *c = &scene.c;

	if (!c->writes)
		return "the guest wrote nothing";
	if (!c->faults)
		return "KVM fixed no fault";
	if (!c->ops)
		return "nothing was done";
	if (has_huge() && !c->huge)
		return "KVM mapped nothing with 2 MiB";
	return NULL;
}

static bool all_seen(void)
{
	size_t i;

	for (i = 0; i < NR_OPS; i++)
		if (operations[i].on && !evidence(&operations[i]))
			return false;
	return true;
}

static void wait_for_end(uint64_t usec, bool last)
{
	uint64_t start = now_us();

	while (!writers_failed(&scene.w)) {
		usleep(20000);
		writers_watch(&scene.w);
		watch_threads();
		sample_ksm();
		collect(start);
		if (scene.c.usec > usec && !nothing_happened() && (!last || all_seen()))
			break;
		if (scene.c.usec > usec + GRACE_US)
			break;
	}
	WRITE_ONCE(scene.stop, true);
}

static void check_all(void)
{
	struct range all = { 0, scene.mem.pages };
	uint64_t i;

	writers_verify_all(&scene.w);
	if (!writers_failed(&scene.w))
		blocks_check_retired(&scene.mem, all);
	for (i = 0; i < NR_THREADS * NR_TWINS && !writers_failed(&scene.w); i++)
		check_twin(&scene.thread[i / NR_TWINS], i % NR_TWINS);
}

/* One run with @vcpus vCPUs.  Returns what was wrong, or NULL. */
static const char *run_with(int vcpus, uint64_t usec, bool last)
{
	uint64_t before = trace_count_read(&unmaps);
	int i;

	create_scene(vcpus);
	writers_start(&scene.w);
	for (i = 0; i < NR_THREADS; i++)
		TEST_ASSERT(!pthread_create(&scene.thread[i].thread, NULL, thread_main,
					    &scene.thread[i]), "pthread_create");
	wait_for_end(usec, last);
	join_threads();
	writers_stop(&scene.w);
	scene.c.invalidations = trace_count_read(&unmaps) - before;
	if (!writers_failed(&scene.w))
		check_all();
	if (!writers_failed(&scene.w))
		return nothing_happened();
	explain();
	return "see above";
}

/* ---- all cases ---- */

struct summary {
	struct counts total;
	uint64_t found[ORACLE_VERDICTS];
	bool has_interval;
};

static int nr_runs(void)
{
	return opt.vcpus > 1 ? 2 : 1;
}

/* Is any operation selected that the kernel does not do by itself? */
static bool any_drawn(void)
{
	size_t i;

	for (i = 0; i < NR_OPS; i++)
		if (operations[i].on && operations[i].weight)
			return true;
	return false;
}

static void add_counts(struct counts *to, const struct counts *c)
{
	to->writes += c->writes;
	to->ops += c->ops;
	to->invalidations += c->invalidations;
	to->faults += c->faults;
	to->retries += c->retries;
	to->waits += c->waits;
	to->erased += c->erased;
	to->updates += c->updates;
	to->exits += c->exits;
	to->dirty += c->dirty;
	to->merges += c->merges;
}

static bool is_chosen(const char *name)
{
	const char *word = opt.filter;
	char one[64];
	size_t len;

	if (!word)
		return true;
	for (;; word += len + 1) {
		len = strcspn(word, ",");
		snprintf(one, sizeof(one), "%.*s", (int)len, word);
		if (len && strstr(name, one))
			return true;
		if (!word[len])
			return false;
	}
}

/* Names of operations on memory end with the kind of memory. */
static unsigned int chosen_kinds(struct operation *op, bool list)
{
	unsigned int k, chosen = 0, kinds_or_1 = op->kinds ?: 1;

	for (k = 0; k < BLOCK_KINDS; k++) {
		if (!(kinds_or_1 & BIT(k)))
			continue;
		snprintf(op->full_name[k], sizeof(op->full_name[k]), op->kinds ? "%s/%s" : "%s",
			 op->name, block_kinds[k]);
		if (!is_chosen(op->full_name[k]))
			continue;
		chosen |= BIT(k);
		if (list)
			puts(op->full_name[k]);
	}
	return chosen;
}

/* Returns the number of selected operations. */
static int choose(bool list)
{
	size_t i;
	int n = 0;

	for (i = 0; i < NR_OPS; i++) {
		operations[i].on = chosen_kinds(&operations[i], list);
		operations[i].chosen = operations[i].on;
		n += operations[i].chosen;
	}
	return n;
}

/*
 * Leaves out what cannot be done here; operations that cannot be observed are
 * still done.
 */
static void prepare(struct operation *op)
{
	uint64_t value;

	if (op->kinds && !(op->on & kinds))
		op->why_not = "there is no such memory here";
	else if (op->prepare)
		op->why_not = op->prepare();
	op->blind = (op->by == BY_KVM && !unmaps.cpus) ||
		    (op->by == BY_VMSTAT && !counter_vmstat(op->evidence, &value));
	if (op->blind && !op->weight)
		op->why_not = op->why_not ?: "it can't be counted here";
	if (op->why_not)
		op->on = 0;
	else if (op->blind)
		ktap_info("%s is not judged: %s can't be counted here", op->name, op->evidence);
	op->base = evidence_now(op);
}

static void report_run(const char *name, const char *why)
{
	const struct counts *c = &scene.c;

	if (why)
		ktap_fail(name, "%s; stale=%lu lost=%lu torn=%lu seed=%lu after %lu ms", why,
			  scene.w.found[ORACLE_STALE], scene.w.found[ORACLE_LOST],
			  scene.w.found[ORACLE_TORN], opt.seed, c->usec / 1000);
	else
		ktap_pass(name, RUN,
			  c->writes, c->ops, c->invalidations, c->faults, c->erased, c->updates,
			  c->exits, c->huge, c->usec / 1000);
}

/*
 * One vCPU, then several.  Returns why the operations are not judged, or NULL.
 */
static const char *run_cases(struct summary *sum)
{
	int vcpus[] = { 1, opt.vcpus }, n = nr_runs(), i;
	const char *why = NULL, *skip = NULL;
	char name[32];

	if (!any_drawn())
		skip = "none of the chosen operations can be done here";
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "vcpus=%d", vcpus[i]);
		if (skip) {
			ktap_skip(name, "%s", skip);
			continue;
		}
		why = run_with(vcpus[i], opt.seconds * 1000000UL / n, i == n - 1);
		report_run(name, why);
		skip = why ? "an earlier case has failed" : NULL;
		add_counts(&sum->total, &scene.c);
		sum->has_interval = has_interval();
		oracle_add(sum->found, scene.w.found);
		destroy_scene();
	}
	return skip;
}

static void report_op(const struct operation *op, const char *skip)
{
	const char *slash = strrchr(op->evidence, '/'), *name = slash ? slash + 1 : op->evidence;

	if (op->why_not || skip)
		ktap_skip(op->name, "%s", op->why_not ?: skip);
	else if (!evidence(op))
		ktap_fail(op->name, "the kernel was not seen to do it: %s=0 times=%lu seed=%lu",
			  name, op->times, opt.seed);
	else
		ktap_pass(op->name, "times=%lu %s=%lu", op->times, name, evidence(op));
}

static void print_totals(const struct summary *sum)
{
	const struct counts *c = &sum->total;
	char interval[64] = "";

	if (sum->has_interval)
		snprintf(interval, sizeof(interval), " retries=%lu waits=%lu", c->retries,
			 c->waits);
	ktap_info("guest " DONE " " SEEN " " VERDICTS,
		  c->writes, c->ops, c->invalidations, c->faults, interval, c->merges,
		  evidence(find_op("collapse")) + evidence(find_op("khugepaged")),
		  evidence(find_op("split")), evidence(find_op("pageout")),
		  evidence(find_op("fork")), c->updates, c->exits, c->dirty,
		  sum->found[ORACLE_STALE], sum->found[ORACLE_LOST], sum->found[ORACLE_TORN]);
}

/* Memory, two files, swap space and copies of children must fit. */
static void fit_memory(void)
{
	FILE *f = fopen("/proc/meminfo", "r");
	unsigned long kb = 0;
	char line[128];
	int fits;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %lu kB", &kb) == 1)
			break;
	if (f)
		fclose(f);
	fits = kb / 1024 / 8 & ~1UL;
	if (!kb || fits >= opt.mib)
		return;
	fits = max(fits, 2 * NR_THREADS);
	ktap_info("%d MiB of memory instead of %d: only %lu are available", fits, opt.mib,
		  kb / 1024);
	opt.mib = fits;
}

static int run_all(int chosen)
{
	struct summary sum = {};
	const char *skip;
	size_t i;

	ktap_start(nr_runs() + chosen);
	fit_memory();
	ktap_info("seed=%lu vcpus=%s%d mib=%d seconds=%d threads=%d paging=%s", opt.seed,
		  opt.vcpus > 1 ? "1," : "", opt.vcpus, opt.mib, opt.seconds, NR_THREADS,
		  kvm_is_tdp_enabled() ? "tdp" : "shadow");
	kinds = find_kinds();
	for (i = 0; i < NR_OPS; i++)
		if (operations[i].on)
			prepare(&operations[i]);
	skip = run_cases(&sum);
	for (i = 0; i < NR_OPS; i++)
		if (operations[i].chosen)
			report_op(&operations[i], skip);
	print_totals(&sum);
	finished = true;
	return ktap_finish();
}

int main(int argc, char **argv)
{
	int chosen;

	options_parse(&opt, argc, argv);
	if (opt.mib < 2 * NR_THREADS) {
		fprintf(stderr, "at least %d MiB, for each thread has a block\n", 2 * NR_THREADS);
		return 2;
	}
	/*
	 * With a single malloc arena nothing else is mapped where an operation
	 * left a hole.
	 */
	mallopt(M_ARENA_MAX, 1);
	chosen = choose(opt.list);
	if (opt.list)
		return 0;
	if (!any_drawn()) {
		fprintf(stderr, "nothing to draw has '%s' in its name; -l lists all\n", opt.filter);
		return 2;
	}
	guard_init();
	/*
	 * Guests with a higher priority than ksmd would leave it no CPU time.
	 */
	if (nice(NICE) < 0)
		perror("nice");
	sched_getaffinity(0, sizeof(cpus), &cpus);
	trace_count_open(&unmaps, UNMAP);
	atexit(on_early_exit);
	return run_all(chosen);
}
