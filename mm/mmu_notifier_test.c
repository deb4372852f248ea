// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of mm/mmu_notifier.c
 *
 * Each case has an mm of its own, which no process uses, and starts and ends
 * invalidations of it.  Calls that might never return if the code under test is
 * wrong run in a thread, and the case fails when they take too long;
 * test_exit() then makes up for the missing end, so that other cases can run.
 *
 * A case ends at its first failure: KUnit keeps 512 bytes of output of a case.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mmu_interval_range.h>
#include <linux/mmu_notifier.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/spinlock.h>

#include "internal.h"

/* Adjacent subscriptions */
#define TEST_START	(16UL << 20)
#define TEST_SUBS	3
#define TEST_SUB_PAGES	512UL
#define TEST_ALL	(TEST_SUBS * TEST_SUB_PAGES)

/* Concurrent invalidations: fewer, and more, than the table has places */
#define TEST_FEW	32
#define TEST_MANY	(BITS_PER_LONG + TEST_FEW)

/* Time limit for expected events, and for events that must not happen */
#define TEST_LONG	(5 * HZ)
#define TEST_SHORT	(HZ / 10)

/* A user of an interval notifier. */
struct test_sub {
	struct mmu_interval_notifier notifier;
	spinlock_t lock;	/* the "user lock" of the notifier's rules */
	bool inserted;
	bool refuse;		/* invalidations that must not block */
	bool publish;		/* the range, instead of a sequence count */
	bool active;		/* first and last byte, when published */
	unsigned long seq;	/* the user's own sequence count */
	u64 id;			/* of the last invalidation */
	int calls;
	int non_block_depth;	/* of the callback's context */
};

/* A user of an hlist notifier, which is called for the whole mm */
struct test_hlist {
	struct mmu_notifier notifier;
	bool registered;
	int starts;
	int ends;
	bool active;		/* the range, in its last end */
};

/* An invalidation that is under way */
struct test_inv {
	struct mmu_notifier_range range;
	struct list_head open;
};

/* A call that may not return */
struct test_thread {
	void (*fn)(void *arg);
	void *arg;
	struct task_struct *task;
	struct completion done;
	struct list_head late;
};

/* A waiter for the end of an invalidation */
struct test_wait {
	struct mmu_interval_wait wait;
	int woken;
	bool irqs_off;
};

/* State of a case; test->priv */
struct test_mm {
	struct mm_struct *mm;
	bool released;
	struct test_sub sub[TEST_SUBS];
	struct test_hlist refuser;
	struct test_hlist partner;
	struct mmu_notifier_range refused;
	struct list_head open;		/* of test_inv */
	struct list_head late;		/* threads that have not returned yet */
};

/* Nesting depth of non_block_start(), if the kernel counts it */
static int non_block_depth(void)
{
#ifdef CONFIG_DEBUG_ATOMIC_SLEEP
	return current->non_block_count;
#else
	return 0;
#endif
}

static unsigned long page_start(unsigned long page)
{
	return TEST_START + page * PAGE_SIZE;
}

static unsigned long page_last(unsigned long page)
{
	return page_start(page + 1) - 1;
}

/*
 * --- users of the notifiers ------------------------------------------------
 */

static bool test_invalidate(struct mmu_interval_notifier *notifier,
			    const struct mmu_notifier_range *range,
			    unsigned long cur_seq)
{
	struct test_sub *sub =
		container_of(notifier, struct test_sub, notifier);
	struct mm_struct *mm = notifier->mm;
	unsigned long last = range->end - 1;

	sub->calls++;
	sub->id = range->id;
	sub->non_block_depth = non_block_depth();

	if (sub->refuse && !mmu_notifier_range_blockable(range))
		return false;

	spin_lock(&sub->lock);
	if (sub->publish) {
		mmu_interval_set_range(notifier, range);
		sub->active = mmu_interval_range_active(mm, range->start,
							range->start) &&
			      mmu_interval_range_active(mm, last, last);
		/* Pairs with the acquire in mmu_interval_range_try_begin() */
		smp_store_release(&sub->seq, sub->seq + 1);
	} else {
		mmu_interval_set_seq(notifier, cur_seq);
	}
	spin_unlock(&sub->lock);
	return true;
}

static const struct mmu_interval_notifier_ops test_interval_ops = {
	.invalidate = test_invalidate,
};

/*
 * A notifier that may refuse has no invalidate_range_end(): see
 * mn_hlist_invalidate_range_start().
 */
static int test_refuse(struct mmu_notifier *notifier,
		       const struct mmu_notifier_range *range)
{
	container_of(notifier, struct test_hlist, notifier)->starts++;
	return mmu_notifier_range_blockable(range) ? 0 : -EAGAIN;
}

static const struct mmu_notifier_ops test_refuser_ops = {
	.invalidate_range_start = test_refuse,
};

static int test_start(struct mmu_notifier *notifier,
		      const struct mmu_notifier_range *range)
{
	container_of(notifier, struct test_hlist, notifier)->starts++;
	return 0;
}

static void test_end(struct mmu_notifier *notifier,
		     const struct mmu_notifier_range *range)
{
	struct test_hlist *hlist = container_of(notifier, struct test_hlist,
						notifier);

	hlist->ends++;
	hlist->active = mmu_interval_range_active(range->mm, range->start,
						  range->end - 1);
}

static const struct mmu_notifier_ops test_partner_ops = {
	.invalidate_range_start = test_start,
	.invalidate_range_end = test_end,
};

static void test_register(struct kunit *test, struct test_hlist *hlist,
			  const struct mmu_notifier_ops *ops)
{
	struct test_mm *t = test->priv;

	hlist->notifier.ops = ops;
	KUNIT_ASSERT_EQ(test, 0,
			mmu_notifier_register(&hlist->notifier, t->mm));
	hlist->registered = true;
}

/* Insert the @i'th subscription. */
static struct test_sub *
test_insert_ops(struct kunit *test, int i,
		const struct mmu_interval_notifier_ops *ops)
{
	struct test_mm *t = test->priv;
	struct test_sub *sub = &t->sub[i];
	int ret;

	ret = mmu_interval_notifier_insert(&sub->notifier, t->mm,
					   page_start(i * TEST_SUB_PAGES),
					   TEST_SUB_PAGES * PAGE_SIZE, ops);
	KUNIT_ASSERT_EQ(test, ret, 0);
	sub->inserted = true;
	return sub;
}

static struct test_sub *test_insert(struct kunit *test, int i)
{
	return test_insert_ops(test, i, &test_interval_ops);
}

static struct test_sub *test_insert_publisher(struct kunit *test, int i)
{
	struct test_sub *sub = test_insert(test, i);

	sub->publish = true;
	return sub;
}

static void test_insert_all(struct kunit *test)
{
	int i;

	for (i = 0; i < TEST_SUBS; i++)
		test_insert(test, i);
}

/*
 * --- invalidations ---------------------------------------------------------
 */

static void test_range(struct test_mm *t, struct mmu_notifier_range *range,
		       unsigned long page, unsigned long pages)
{
	*range = (struct mmu_notifier_range) {
		.event	= MMU_NOTIFY_CLEAR,
		.mm	= t->mm,
		.start	= page_start(page),
		.end	= page_start(page + pages),
	};
}

static struct test_inv *test_new_inv(struct kunit *test, unsigned long page,
				     unsigned long pages)
{
	struct test_inv *inv = kunit_kzalloc(test, sizeof(*inv), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, inv);
	test_range(test->priv, &inv->range, page, pages);
	return inv;
}

static struct test_inv *test_begin(struct kunit *test, unsigned long page,
				   unsigned long pages)
{
	struct test_inv *inv = test_new_inv(test, page, pages);
	struct test_mm *t = test->priv;

	mmu_notifier_invalidate_range_start(&inv->range);
	list_add(&inv->open, &t->open);
	return inv;
}

static struct test_inv *test_begin_nonblock(struct kunit *test,
					    unsigned long page,
					    unsigned long pages)
{
	struct test_inv *inv = test_new_inv(test, page, pages);
	struct test_mm *t = test->priv;
	int ret;

	ret = mmu_notifier_invalidate_range_start_nonblock(&inv->range);
	KUNIT_ASSERT_EQ(test, ret, 0);
	list_add(&inv->open, &t->open);
	return inv;
}

static void test_finish(struct test_inv *inv)
{
	list_del(&inv->open);
	mmu_notifier_invalidate_range_end(&inv->range);
}

static void test_finish_some(struct test_inv **inv, int n)
{
	while (n--)
		test_finish(*inv++);
}

/* Start and end an invalidation of all pages of one subscription. */
static void test_invalidate_sub(struct kunit *test, int i)
{
	test_finish(test_begin(test, i * TEST_SUB_PAGES, TEST_SUB_PAGES));
}

/* Start a non-blockable invalidation that is refused. */
static void test_refused(struct kunit *test, unsigned long page,
			 unsigned long pages)
{
	struct test_mm *t = test->priv;
	int ret;

	test_range(t, &t->refused, page, pages);
	ret = mmu_notifier_invalidate_range_start_nonblock(&t->refused);
	KUNIT_ASSERT_EQ(test, ret, -EAGAIN);
}

static bool test_active(struct kunit *test, unsigned long start,
			unsigned long last)
{
	struct test_mm *t = test->priv;

	return mmu_interval_range_active(t->mm, start, last);
}

static bool test_page_active(struct kunit *test, unsigned long page)
{
	return test_active(test, page_start(page), page_last(page));
}

static bool test_any_active(struct kunit *test)
{
	return test_active(test, 0, ULONG_MAX);
}

/*
 * --- calls that may not return ---------------------------------------------
 */

static int test_thread_fn(void *data)
{
	struct test_thread *thread = data;

	thread->fn(thread->arg);
	complete(&thread->done);
	return 0;
}

static struct test_thread *test_run(struct kunit *test, void (*fn)(void *arg),
				    void *arg)
{
	struct test_mm *t = test->priv;
	struct test_thread *thread;

	thread = kunit_kzalloc(test, sizeof(*thread), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, thread);
	thread->fn = fn;
	thread->arg = arg;
	init_completion(&thread->done);

	thread->task = kthread_create(test_thread_fn, thread,
				      "mmu_notifier_test");
	KUNIT_ASSERT_FALSE(test, IS_ERR(thread->task));
	get_task_struct(thread->task);
	list_add(&thread->late, &t->late);
	wake_up_process(thread->task);
	return thread;
}

static bool test_returned(struct test_thread *thread, unsigned long time)
{
	if (!wait_for_completion_timeout(&thread->done, time))
		return false;
	list_del(&thread->late);
	put_task_struct(thread->task);
	return true;
}

static bool test_returns(struct kunit *test, void (*fn)(void *arg), void *arg)
{
	return test_returned(test_run(test, fn, arg), TEST_LONG);
}

static void test_read(void *arg)
{
	struct test_sub *sub = arg;

	mmu_interval_read_begin(&sub->notifier);
}

static void test_remove(void *arg)
{
	struct test_sub *sub = arg;

	sub->inserted = false;
	mmu_interval_notifier_remove(&sub->notifier);
}

/*
 * --- the mm ----------------------------------------------------------------
 */

static int test_init(struct kunit *test)
{
	struct test_mm *t;
	int i;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	if (!t)
		return -ENOMEM;

	t->mm = mm_alloc();
	if (!t->mm)
		return -ENOMEM;

	INIT_LIST_HEAD(&t->open);
	INIT_LIST_HEAD(&t->late);
	for (i = 0; i < TEST_SUBS; i++)
		spin_lock_init(&t->sub[i].lock);
	test->priv = t;
	return 0;
}

/*
 * Only a case that has failed has threads that do not return.  They wait for
 * the end of the refused invalidation, which no caller ends, or were not woken
 * by the end that they waited for.
 */
static void test_make_return(struct kunit *test, struct test_thread *thread)
{
	struct test_mm *t = test->priv;

	while (!test_returned(thread, TEST_LONG)) {
		if (t->refused.mm)
			mmu_notifier_invalidate_range_end(&t->refused);
		test_finish(test_begin(test, 0, TEST_ALL));
	}
}

static void test_unregister(struct test_mm *t, struct test_hlist *hlist)
{
	if (hlist->registered)
		mmu_notifier_unregister(&hlist->notifier, t->mm);
}

static void test_exit(struct kunit *test)
{
	struct test_mm *t = test->priv;
	struct test_thread *thread, *next_thread;
	struct test_inv *inv, *next_inv;
	int i;

	/* KUnit calls this after a failed test_init(), too. */
	if (!t)
		return;

	list_for_each_entry_safe(inv, next_inv, &t->open, open)
		test_finish(inv);
	list_for_each_entry_safe(thread, next_thread, &t->late, late)
		test_make_return(test, thread);
	for (i = 0; i < TEST_SUBS; i++) {
		if (t->sub[i].inserted)
			test_make_return(test, test_run(test, test_remove,
							&t->sub[i]));
	}
	test_unregister(t, &t->refuser);
	test_unregister(t, &t->partner);
	if (t->released)
		mmdrop(t->mm);
	else
		mmput(t->mm);
}

/*
 * --- an end for each start -------------------------------------------------
 */

static void refused_by_hlist_then_read(struct kunit *test)
{
	struct test_mm *t = test->priv;
	struct test_sub *sub = test_insert(test, 0);

	test_register(test, &t->refuser, &test_refuser_ops);
	test_refused(test, 0, 1);
	KUNIT_ASSERT_EQ(test, sub->calls, 1);

	KUNIT_ASSERT_TRUE(test, test_returns(test, test_read, sub));
}

static void refused_by_hlist_then_remove(struct kunit *test)
{
	struct test_mm *t = test->priv;
	struct test_sub *sub = test_insert(test, 0);

	test_register(test, &t->refuser, &test_refuser_ops);
	test_refused(test, 0, 1);

	KUNIT_ASSERT_TRUE(test, test_returns(test, test_remove, sub));
}

/* A new subscription is inserted at once: the next invalidation calls it. */
static void refused_by_hlist_then_insert(struct kunit *test)
{
	struct test_mm *t = test->priv;
	struct test_sub *sub;

	test_insert(test, 0);
	test_register(test, &t->refuser, &test_refuser_ops);
	test_refused(test, 0, 1);

	sub = test_insert(test, 1);
	test_invalidate_sub(test, 1);
	KUNIT_ASSERT_EQ(test, sub->calls, 1);
	KUNIT_ASSERT_TRUE(test, test_returns(test, test_read, sub));
}

/*
 * No subscription overlaps the refused range: the missing end would show later,
 * when another range is invalidated.
 */
static void refused_by_hlist_elsewhere(struct kunit *test)
{
	struct test_mm *t = test->priv;
	struct test_sub *sub = test_insert(test, 0);

	test_register(test, &t->refuser, &test_refuser_ops);
	test_refused(test, TEST_SUB_PAGES, 1);
	KUNIT_ASSERT_EQ(test, sub->calls, 0);

	test_invalidate_sub(test, 0);
	KUNIT_ASSERT_EQ(test, sub->calls, 1);
	KUNIT_ASSERT_TRUE(test, test_returns(test, test_read, sub));
}

/* A subscription that is inserted later must not look as if it were hit. */
static void refused_by_hlist_before_insert(struct kunit *test)
{
	struct test_mm *t = test->priv;

	test_insert(test, 0);
	test_register(test, &t->refuser, &test_refuser_ops);
	test_refused(test, TEST_SUB_PAGES, 1);

	KUNIT_ASSERT_TRUE(test, test_returns(test, test_read,
					     test_insert(test, 1)));
}

/* Each of several notifiers, of both kinds, gets an end for its start. */
static void refused_by_hlist_with_others(struct kunit *test)
{
	struct test_mm *t = test->priv;
	int i;

	test_insert_all(test);
	test_register(test, &t->partner, &test_partner_ops);
	test_register(test, &t->refuser, &test_refuser_ops);

	test_refused(test, 0, TEST_ALL);
	KUNIT_ASSERT_EQ(test, t->refuser.starts, 1);
	KUNIT_ASSERT_EQ(test, t->partner.starts, 1);
	KUNIT_ASSERT_EQ(test, t->partner.ends, 1);

	for (i = 0; i < TEST_SUBS; i++) {
		KUNIT_ASSERT_EQ(test, t->sub[i].calls, 1);
		KUNIT_ASSERT_TRUE(test, test_returns(test, test_read,
						     &t->sub[i]));
	}
}

/* A refusal ends one invalidation; another one stays under way. */
static void refused_by_hlist_while_another_runs(struct kunit *test)
{
	struct test_mm *t = test->priv;
	struct test_sub *sub = test_insert(test, 0);
	struct test_thread *reader;
	struct test_inv *outer;

	test_register(test, &t->refuser, &test_refuser_ops);
	outer = test_begin(test, 0, 1);
	test_refused(test, 0, 1);

	reader = test_run(test, test_read, sub);
	KUNIT_ASSERT_FALSE(test, test_returned(reader, TEST_SHORT));
	test_finish(outer);
	KUNIT_ASSERT_TRUE(test, test_returned(reader, TEST_LONG));
}

/* A refusal is correct without an interval side to be ended. */
static void refused_without_interval(struct kunit *test)
{
	struct test_mm *t = test->priv;

	test_register(test, &t->refuser, &test_refuser_ops);
	test_refused(test, 0, 1);
	KUNIT_ASSERT_EQ(test, t->refuser.starts, 1);

	test_insert(test, 0);
	test_invalidate_sub(test, 0);
	KUNIT_ASSERT_TRUE(test, test_returns(test, test_read, &t->sub[0]));
}

/* The last of several subscriptions refuses; the hlist is not called. */
static void refused_by_interval(struct kunit *test)
{
	struct test_mm *t = test->priv;
	int i;

	test_insert_all(test);
	test_register(test, &t->partner, &test_partner_ops);
	t->sub[TEST_SUBS - 1].refuse = true;

	test_refused(test, 0, TEST_ALL);
	KUNIT_ASSERT_EQ(test, t->partner.starts, 0);
	for (i = 0; i < TEST_SUBS; i++) {
		KUNIT_ASSERT_EQ(test, t->sub[i].calls, 1);
		KUNIT_ASSERT_TRUE(test, test_returns(test, test_read,
						     &t->sub[i]));
	}
	KUNIT_ASSERT_TRUE(test, test_returns(test, test_remove, &t->sub[0]));
}

/*
 * --- callbacks that must not sleep -----------------------------------------
 */

static void skip_if_not_counted(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP))
		kunit_skip(test,
			   "non_block_start() needs CONFIG_DEBUG_ATOMIC_SLEEP");
}

static void nonblock_is_annotated(struct kunit *test)
{
	struct test_mm *t = test->priv;
	int i;

	skip_if_not_counted(test);
	test_insert_all(test);

	test_finish(test_begin_nonblock(test, 0, TEST_ALL));
	for (i = 0; i < TEST_SUBS; i++)
		KUNIT_ASSERT_EQ(test, t->sub[i].non_block_depth, 1);
	KUNIT_ASSERT_EQ(test, non_block_depth(), 0);
}

static void nonblock_is_annotated_if_refused(struct kunit *test)
{
	struct test_mm *t = test->priv;

	skip_if_not_counted(test);
	test_insert(test, 0);
	test_insert(test, 1)->refuse = true;

	test_refused(test, 0, TEST_ALL);
	KUNIT_ASSERT_EQ(test, t->sub[0].non_block_depth, 1);
	KUNIT_ASSERT_EQ(test, t->sub[1].non_block_depth, 1);
	KUNIT_ASSERT_EQ(test, non_block_depth(), 0);
}

static void blockable_is_not_annotated(struct kunit *test)
{
	struct test_sub *sub;

	skip_if_not_counted(test);
	sub = test_insert(test, 0);
	sub->non_block_depth = -1;

	test_invalidate_sub(test, 0);
	KUNIT_ASSERT_EQ(test, sub->non_block_depth, 0);
	KUNIT_ASSERT_EQ(test, non_block_depth(), 0);
}

static struct kunit_case mmu_notifier_cases[] = {
	KUNIT_CASE(refused_by_hlist_then_read),
	KUNIT_CASE(refused_by_hlist_then_remove),
	KUNIT_CASE(refused_by_hlist_then_insert),
	KUNIT_CASE(refused_by_hlist_elsewhere),
	KUNIT_CASE(refused_by_hlist_before_insert),
	KUNIT_CASE(refused_by_hlist_with_others),
	KUNIT_CASE(refused_by_hlist_while_another_runs),
	KUNIT_CASE(refused_without_interval),
	KUNIT_CASE(refused_by_interval),
	KUNIT_CASE(nonblock_is_annotated),
	KUNIT_CASE(nonblock_is_annotated_if_refused),
	KUNIT_CASE(blockable_is_not_annotated),
	{}
};

static struct kunit_suite mmu_notifier_suite = {
	.name = "mmu_notifier",
	.init = test_init,
	.exit = test_exit,
	.test_cases = mmu_notifier_cases,
};

/*
 * --- active ranges ----------------------------------------------------------
 */

/*
 * Check that pages 4 to 7 are being invalidated, and no byte just before or
 * after them.
 */
static void check_edges_near(struct kunit *test)
{
	unsigned long start = page_start(4), last = page_last(7);

	KUNIT_ASSERT_FALSE(test, test_active(test, start - 1, start - 1));
	KUNIT_ASSERT_TRUE(test, test_active(test, start - 1, start));
	KUNIT_ASSERT_TRUE(test, test_active(test, start, start));
	KUNIT_ASSERT_TRUE(test, test_active(test, start, last));
	KUNIT_ASSERT_TRUE(test, test_active(test, start + 1, last - 1));
	KUNIT_ASSERT_TRUE(test, test_active(test, last, last));
	KUNIT_ASSERT_TRUE(test, test_active(test, last, last + 1));
	KUNIT_ASSERT_FALSE(test, test_active(test, last + 1, last + 1));
}

/* Check the same for the whole mm. */
static void check_edges(struct kunit *test)
{
	check_edges_near(test);
	KUNIT_ASSERT_FALSE(test, test_active(test, 0, page_start(4) - 1));
	KUNIT_ASSERT_FALSE(test, test_active(test, page_last(7) + 1,
					     ULONG_MAX));
	KUNIT_ASSERT_TRUE(test, test_any_active(test));
}

static void active_to_the_byte(struct kunit *test)
{
	struct test_sub *sub = test_insert_publisher(test, 0);
	struct test_inv *inv;

	KUNIT_ASSERT_FALSE(test, test_any_active(test));
	inv = test_begin(test, 4, 4);
	KUNIT_ASSERT_TRUE(test, sub->active);
	check_edges(test);
	test_finish(inv);
	KUNIT_ASSERT_FALSE(test, test_any_active(test));

	inv = test_begin_nonblock(test, 4, 4);
	check_edges(test);
	test_finish(inv);
	KUNIT_ASSERT_FALSE(test, test_any_active(test));
}

/* Users of sequence counts, and ranges without a subscription, do not count. */
static void active_only_if_published(struct kunit *test)
{
	struct test_sub *sub = test_insert(test, 0);
	struct test_inv *hit, *miss;

	hit = test_begin(test, 0, 4);
	miss = test_begin(test, TEST_SUB_PAGES, 4);
	KUNIT_ASSERT_EQ(test, sub->calls, 1);
	KUNIT_ASSERT_FALSE(test, test_any_active(test));
	test_finish(hit);
	test_finish(miss);
	KUNIT_ASSERT_FALSE(test, test_any_active(test));
}

/* A range hits three subscriptions, one of which publishes it. */
static void active_if_one_publishes(struct kunit *test)
{
	struct test_inv *inv;

	test_insert(test, 0);
	test_insert_publisher(test, 1);
	test_insert(test, 2);

	inv = test_begin(test, 0, TEST_ALL);
	KUNIT_ASSERT_TRUE(test, test_page_active(test, 0));
	KUNIT_ASSERT_TRUE(test, test_page_active(test, TEST_ALL - 1));
	KUNIT_ASSERT_FALSE(test, test_page_active(test, TEST_ALL));
	test_finish(inv);
	KUNIT_ASSERT_FALSE(test, test_any_active(test));
}

static void active_until_each_has_ended(struct kunit *test)
{
	struct test_inv *outer, *inner, *same;

	test_insert_publisher(test, 0);
	outer = test_begin(test, 0, 10);
	inner = test_begin(test, 4, 2);
	same = test_begin(test, 4, 2);
	KUNIT_ASSERT_TRUE(test, test_page_active(test, 9));

	test_finish(outer);
	KUNIT_ASSERT_FALSE(test, test_page_active(test, 3));
	KUNIT_ASSERT_TRUE(test, test_page_active(test, 4));
	KUNIT_ASSERT_FALSE(test, test_page_active(test, 6));

	test_finish(inner);
	KUNIT_ASSERT_TRUE(test, test_page_active(test, 5));
	test_finish(same);
	KUNIT_ASSERT_FALSE(test, test_any_active(test));
}

/* Start many invalidations of one page each, at every other page. */
static void test_begin_some(struct kunit *test, struct test_inv **inv,
			    int first, int n)
{
	int i;

	for (i = first; i < first + n; i++)
		inv[i] = test_begin(test, 2 * i, 1);
}

static void check_exact(struct kunit *test, int first, int last)
{
	int i;

	for (i = 0; i < TEST_MANY; i++) {
		bool under_way = first <= i && i <= last;

		KUNIT_ASSERT_EQ_MSG(test, test_page_active(test, 2 * i),
				    under_way, "range %d", i);
		KUNIT_ASSERT_FALSE(test, test_page_active(test, 2 * i + 1));
	}
}

static void active_one_by_one(struct kunit *test)
{
	struct test_inv *inv[TEST_FEW];
	int i;

	test_insert_publisher(test, 0);
	test_begin_some(test, inv, 0, TEST_FEW);
	for (i = 0; i < TEST_FEW; i++) {
		check_exact(test, i, TEST_FEW - 1);
		test_finish(inv[i]);
	}
	KUNIT_ASSERT_FALSE(test, test_any_active(test));
}

/* More ranges than the table has places: exactly they are active. */
static void active_if_too_many(struct kunit *test)
{
	struct test_inv *inv[TEST_MANY];
	int i;

	test_insert_publisher(test, 0);
	test_begin_some(test, inv, 0, TEST_MANY);
	check_exact(test, 0, TEST_MANY - 1);

	/* End the last ones first: the list before the table. */
	test_finish_some(inv + TEST_FEW, TEST_MANY - TEST_FEW);
	check_exact(test, 0, TEST_FEW - 1);

	/* End the first ones first. */
	test_begin_some(test, inv, TEST_FEW, TEST_MANY - TEST_FEW);
	for (i = 0; i < TEST_MANY; i++) {
		check_exact(test, i, TEST_MANY - 1);
		test_finish(inv[i]);
	}
	KUNIT_ASSERT_FALSE(test, test_any_active(test));

	/* No ended range is left in the list. */
	test_begin_some(test, inv, 0, TEST_FEW);
	check_exact(test, 0, TEST_FEW - 1);
}

/* A range on the list, published from its start, is exact to the byte. */
static void active_to_the_byte_if_too_many(struct kunit *test)
{
	struct test_inv *inv[TEST_MANY], *last;

	test_insert_publisher(test, 0);
	/* Invalidations of pages 16, 18 and so on take all places. */
	test_begin_some(test, inv, 8, TEST_MANY - 8);
	last = test_begin(test, 4, 4);
	check_edges_near(test);
	test_finish(last);
	KUNIT_ASSERT_FALSE(test, test_active(test, 0, page_last(15)));
	test_finish_some(inv + 8, TEST_MANY - 8);
}

static void refused_by_hlist_is_not_active(struct kunit *test)
{
	struct test_mm *t = test->priv;
	struct test_sub *sub = test_insert_publisher(test, 0);

	test_register(test, &t->refuser, &test_refuser_ops);
	test_refused(test, 0, 1);
	KUNIT_ASSERT_TRUE(test, sub->active);
	KUNIT_ASSERT_FALSE(test, test_any_active(test));
}

static void refused_by_hlist_if_too_many(struct kunit *test)
{
	struct test_inv *inv[TEST_MANY];
	struct test_mm *t = test->priv;

	test_insert_publisher(test, 0);
	test_register(test, &t->refuser, &test_refuser_ops);
	test_begin_some(test, inv, 0, TEST_MANY);
	test_refused(test, 1, 1);
	check_exact(test, 0, TEST_MANY - 1);
	test_finish_some(inv, TEST_MANY);
	KUNIT_ASSERT_FALSE(test, test_any_active(test));
}

static void refused_by_interval_is_not_active(struct kunit *test)
{
	struct test_sub *sub = test_insert_publisher(test, 0);

	test_insert_publisher(test, 1)->refuse = true;
	test_refused(test, 0, TEST_ALL);
	KUNIT_ASSERT_TRUE(test, sub->active);
	KUNIT_ASSERT_FALSE(test, test_any_active(test));
}

/*
 * Readers proceed when the range is no longer active, so the hlist's end must
 * have been called by then.
 */
static void active_until_the_hlist_has_ended(struct kunit *test)
{
	struct test_mm *t = test->priv;

	test_insert_publisher(test, 0);
	test_register(test, &t->partner, &test_partner_ops);
	test_invalidate_sub(test, 0);
	KUNIT_ASSERT_EQ(test, t->partner.ends, 1);
	KUNIT_ASSERT_TRUE(test, t->partner.active);
	KUNIT_ASSERT_FALSE(test, test_any_active(test));
}

/* All callbacks of one invalidation, and no others, see the same ID. */
static void id_is_of_the_invalidation(struct kunit *test)
{
	struct test_mm *t = test->priv;
	struct test_inv *inv[TEST_MANY];
	u64 last_id = 0;
	int i;

	test_insert_all(test);
	for (i = 0; i < TEST_MANY; i++) {
		inv[i] = test_begin(test, 0, TEST_ALL);
		KUNIT_ASSERT_GT(test, t->sub[0].id, last_id);
		KUNIT_ASSERT_EQ(test, t->sub[1].id, t->sub[0].id);
		KUNIT_ASSERT_EQ(test, t->sub[2].id, t->sub[0].id);
		last_id = t->sub[0].id;
	}
	test_finish_some(inv, TEST_MANY);
}

/* The end of the mm invalidates all of it, once. */
static void active_during_release(struct kunit *test)
{
	struct test_mm *t = test->priv;
	struct test_sub *sub = test_insert_publisher(test, 0);

	mmgrab(t->mm);
	t->released = true;
	mmput(t->mm);
	KUNIT_ASSERT_EQ(test, sub->calls, 1);
	KUNIT_ASSERT_TRUE(test, sub->active);
	KUNIT_ASSERT_FALSE(test, test_any_active(test));
}

/*
 * --- waiting ---------------------------------------------------------------
 */

static void test_wake(struct mmu_interval_wait *wait)
{
	struct test_wait *w = container_of(wait, struct test_wait, wait);

	w->woken++;
	w->irqs_off = irqs_disabled();
}

static struct test_wait *test_new_wait(struct kunit *test, unsigned long page,
				       unsigned long pages)
{
	struct test_wait *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, w);
	w->wait.start = page_start(page);
	w->wait.last = page_last(page + pages - 1);
	w->wait.wake = test_wake;
	return w;
}

static bool test_arm(struct kunit *test, struct test_wait *w)
{
	struct test_mm *t = test->priv;

	return mmu_interval_wait_arm(t->mm, &w->wait);
}

static void test_disarm(struct kunit *test, struct test_wait *w)
{
	struct test_mm *t = test->priv;

	mmu_interval_wait_disarm(t->mm, &w->wait);
}

/* Arming fails if no invalidation overlaps. */
static void wait_is_not_armed(struct kunit *test)
{
	struct test_wait *w;
	struct test_inv *inv;

	test_insert_publisher(test, 0);
	w = test_new_wait(test, 4, 4);
	KUNIT_ASSERT_FALSE(test, test_arm(test, w));
	inv = test_begin(test, 0, 4);
	KUNIT_ASSERT_FALSE(test, test_arm(test, w));
	test_finish(inv);
	inv = test_begin(test, 8, 4);
	KUNIT_ASSERT_FALSE(test, test_arm(test, w));
	test_finish(inv);

	test_finish(test_begin(test, 4, 4));
	KUNIT_ASSERT_EQ(test, w->woken, 0);
}

static void wait_is_woken_once(struct kunit *test)
{
	struct test_wait *w;
	struct test_inv *inv;

	test_insert_publisher(test, 0);
	w = test_new_wait(test, 4, 4);
	inv = test_begin(test, 0, 8);
	KUNIT_ASSERT_TRUE(test, test_arm(test, w));
	KUNIT_ASSERT_EQ(test, w->woken, 0);
	test_finish(inv);
	KUNIT_ASSERT_EQ(test, w->woken, 1);
	KUNIT_ASSERT_TRUE(test, w->irqs_off);

	test_finish(test_begin(test, 0, 8));
	KUNIT_ASSERT_EQ(test, w->woken, 1);

	/* A waiter can be armed again, and disarmed after it was woken. */
	inv = test_begin(test, 7, 1);
	KUNIT_ASSERT_TRUE(test, test_arm(test, w));
	test_finish(inv);
	test_disarm(test, w);
	KUNIT_ASSERT_EQ(test, w->woken, 2);
}

/* The first end of an overlapping invalidation wakes, exact to the byte. */
static void wait_is_for_what_overlaps(struct kunit *test)
{
	struct test_inv *before, *over, *after;
	struct test_wait *w;

	test_insert_publisher(test, 0);
	w = test_new_wait(test, 4, 4);
	before = test_begin(test, 0, 4);
	over = test_begin(test, 7, 2);
	after = test_begin(test, 8, 4);
	KUNIT_ASSERT_TRUE(test, test_arm(test, w));

	test_finish(before);
	test_finish(after);
	KUNIT_ASSERT_EQ(test, w->woken, 0);
	test_finish(over);
	KUNIT_ASSERT_EQ(test, w->woken, 1);
}

static void wait_of_several(struct kunit *test)
{
	struct test_wait *all, *first, *second;
	struct test_inv *one, *two;

	test_insert_publisher(test, 0);
	all = test_new_wait(test, 0, 8);
	first = test_new_wait(test, 0, 1);
	second = test_new_wait(test, 7, 1);
	one = test_begin(test, 0, 4);
	two = test_begin(test, 4, 4);
	KUNIT_ASSERT_TRUE(test, test_arm(test, all));
	KUNIT_ASSERT_TRUE(test, test_arm(test, first));
	KUNIT_ASSERT_TRUE(test, test_arm(test, second));

	test_finish(one);
	KUNIT_ASSERT_EQ(test, all->woken, 1);
	KUNIT_ASSERT_EQ(test, first->woken, 1);
	KUNIT_ASSERT_EQ(test, second->woken, 0);
	test_finish(two);
	KUNIT_ASSERT_EQ(test, all->woken, 1);
	KUNIT_ASSERT_EQ(test, first->woken, 1);
	KUNIT_ASSERT_EQ(test, second->woken, 1);
}

static void wait_is_disarmed(struct kunit *test)
{
	struct test_wait *w;
	struct test_inv *inv;

	test_insert_publisher(test, 0);
	w = test_new_wait(test, 4, 4);
	inv = test_begin(test, 0, 8);
	KUNIT_ASSERT_TRUE(test, test_arm(test, w));
	test_disarm(test, w);
	test_finish(inv);
	KUNIT_ASSERT_EQ(test, w->woken, 0);
}

/* Of the ranges on the list, too, only one that overlaps wakes. */
static void wait_if_too_many(struct kunit *test)
{
	struct test_inv *inv[TEST_MANY];
	struct test_wait *last, *none;

	test_insert_publisher(test, 0);
	last = test_new_wait(test, 2 * (TEST_MANY - 1), 1);
	none = test_new_wait(test, 1, 1);
	test_begin_some(test, inv, 0, TEST_MANY);
	KUNIT_ASSERT_FALSE(test, test_arm(test, none));
	KUNIT_ASSERT_TRUE(test, test_arm(test, last));
	test_finish_some(inv, TEST_MANY - 1);
	KUNIT_ASSERT_EQ(test, last->woken, 0);
	test_finish(inv[TEST_MANY - 1]);
	KUNIT_ASSERT_EQ(test, last->woken, 1);
	KUNIT_ASSERT_FALSE(test, test_arm(test, last));
}

/*
 * --- reading -----------------------------------------------------------------
 */

/* A reader of pages 4 to 7 that sleeps, and its result */
struct test_reader {
	struct test_sub *sub;
	unsigned long seq;
	bool active;		/* part of it, when it had begun to read */
	int ret;
};

static void test_begin_to_read(void *arg)
{
	struct test_reader *r = arg;
	struct mm_struct *mm = r->sub->notifier.mm;

	allow_signal(SIGKILL);
	r->ret = mmu_interval_range_begin(mm, page_start(4), page_last(7),
					  &r->sub->seq, &r->seq);
	r->active = mmu_interval_range_active(mm, page_start(4), page_last(7));
}

static struct test_reader *test_new_reader(struct kunit *test,
					   struct test_sub *sub)
{
	struct test_reader *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->sub = sub;
	r->ret = -EINVAL;
	return r;
}

static void check_has_begun(struct kunit *test, struct test_reader *r)
{
	KUNIT_ASSERT_EQ(test, r->ret, 0);
	KUNIT_ASSERT_FALSE(test, r->active);
	KUNIT_ASSERT_EQ(test, r->seq, r->sub->seq);
}

static void begin_asleep(struct kunit *test)
{
	struct test_sub *sub = test_insert_publisher(test, 0);
	struct test_reader *r = test_new_reader(test, sub);
	struct test_thread *thread;
	struct test_inv *inv;

	KUNIT_ASSERT_TRUE(test, test_returns(test, test_begin_to_read, r));
	check_has_begun(test, r);

	r->ret = -EINVAL;
	inv = test_begin(test, 0, 8);
	thread = test_run(test, test_begin_to_read, r);
	KUNIT_ASSERT_FALSE(test, test_returned(thread, TEST_SHORT));
	test_finish(inv);
	KUNIT_ASSERT_TRUE(test, test_returned(thread, TEST_LONG));
	check_has_begun(test, r);
}

/*
 * The end of one invalidation does not end an earlier one, which will not
 * increment the sequence count again.
 */
static void begin_after_all_have_ended(struct kunit *test)
{
	struct test_sub *sub = test_insert_publisher(test, 0);
	struct test_reader *r = test_new_reader(test, sub);
	struct test_inv *outer, *inner, *later;
	struct test_thread *thread;

	outer = test_begin(test, 0, 8);
	inner = test_begin(test, 6, 1);
	thread = test_run(test, test_begin_to_read, r);
	KUNIT_ASSERT_FALSE(test, test_returned(thread, TEST_SHORT));
	test_finish(inner);
	KUNIT_ASSERT_FALSE(test, test_returned(thread, TEST_SHORT));
	later = test_begin(test, 7, 8);
	test_finish(outer);
	KUNIT_ASSERT_FALSE(test, test_returned(thread, TEST_SHORT));
	test_finish(later);
	KUNIT_ASSERT_TRUE(test, test_returned(thread, TEST_LONG));
	check_has_begun(test, r);
}

/* Ranges on the list that do not overlap do not make it wait. */
static void begin_if_too_many(struct kunit *test)
{
	struct test_sub *sub = test_insert_publisher(test, 0);
	struct test_reader *r = test_new_reader(test, sub);
	struct test_inv *inv[TEST_MANY], *outer;
	struct test_thread *thread;

	test_begin_some(test, inv, 4, TEST_MANY - 4);
	KUNIT_ASSERT_TRUE(test, test_returns(test, test_begin_to_read, r));
	check_has_begun(test, r);

	outer = test_begin(test, 0, 8);
	thread = test_run(test, test_begin_to_read, r);
	KUNIT_ASSERT_FALSE(test, test_returned(thread, TEST_SHORT));
	test_finish_some(inv + 4, TEST_MANY - 4);
	KUNIT_ASSERT_FALSE(test, test_returned(thread, TEST_SHORT));
	test_finish(outer);
	KUNIT_ASSERT_TRUE(test, test_returned(thread, TEST_LONG));
	check_has_begun(test, r);
}

/* Repeat the signal until the thread has called allow_signal(). */
static bool test_killed(struct test_thread *thread)
{
	unsigned long end = jiffies + TEST_LONG;

	do {
		send_sig(SIGKILL, thread->task, 1);
		if (test_returned(thread, TEST_SHORT))
			return true;
	} while (time_before(jiffies, end));
	return false;
}

static void begin_killed(struct kunit *test)
{
	struct test_sub *sub = test_insert_publisher(test, 0);
	struct test_reader *r = test_new_reader(test, sub);
	struct test_thread *thread;
	struct test_inv *inv;

	inv = test_begin(test, 0, 8);
	thread = test_run(test, test_begin_to_read, r);
	KUNIT_ASSERT_FALSE(test, test_returned(thread, TEST_SHORT));
	KUNIT_ASSERT_TRUE(test, test_killed(thread));
	KUNIT_ASSERT_EQ(test, r->ret, -ERESTARTSYS);
	/* The killed waiter must not be woken. */
	test_finish(inv);
}

/*
 * --- errors ------------------------------------------------------------------
 */

/*
 * A task with a pending signal that prepares an mm, or inserts a subscription
 */
struct test_interrupted {
	struct test_mm *t;
	int prepare;
	int insert;
};

static void test_insert_interrupted(void *arg)
{
	struct test_interrupted *s = arg;
	struct test_sub *sub = &s->t->sub[0];

	allow_signal(SIGKILL);
	send_sig(SIGKILL, current, 1);
	s->prepare = mmu_interval_prepare(s->t->mm);
	s->insert = mmu_interval_notifier_insert(&sub->notifier, s->t->mm,
						 page_start(0), PAGE_SIZE,
						 &test_interval_ops);
	sub->inserted = !s->insert;
}

/*
 * mm_take_all_locks() checks for signals before each VMA, so insert one.
 */
static int test_add_vma(struct mm_struct *mm)
{
	struct vm_area_struct *vma = vm_area_alloc(mm);
	int ret;

	if (!vma)
		return -ENOMEM;

	vma_set_anonymous(vma);
	vma->vm_start = page_start(0);
	vma->vm_end = page_start(1);

	mmap_write_lock(mm);
	ret = insert_vm_struct(mm, vma);
	mmap_write_unlock(mm);
	if (ret)
		vm_area_free(vma);
	return ret;
}

static void prepared_insert_is_not_interrupted(struct kunit *test)
{
	struct test_mm *t = test->priv;
	struct test_interrupted *s;

	s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, s);
	s->t = t;
	KUNIT_ASSERT_EQ(test, test_add_vma(t->mm), 0);
	KUNIT_ASSERT_TRUE(test, test_returns(test, test_insert_interrupted, s));
	KUNIT_ASSERT_EQ(test, s->prepare, -EINTR);
	KUNIT_ASSERT_EQ(test, s->insert, -EINTR);

	KUNIT_ASSERT_EQ(test, mmu_interval_prepare(t->mm), 0);
	KUNIT_ASSERT_TRUE(test, test_returns(test, test_insert_interrupted, s));
	KUNIT_ASSERT_EQ(test, s->prepare, 0);
	KUNIT_ASSERT_EQ(test, s->insert, 0);
}

/*
 * --- concurrency -----------------------------------------------------------
 */

#define STRESS_THREADS	3
#define STRESS_ROUNDS	50
#define STRESS_RANGES	(BITS_PER_LONG / 2)	/* together: too many */

struct test_stress {
	struct test_mm *t;
	unsigned long first;	/* of this thread's pages */
	int errors;
	struct mmu_notifier_range range[STRESS_RANGES];
};

static void stress_round(struct test_stress *s)
{
	struct mm_struct *mm = s->t->mm;
	unsigned long page;
	int i;

	for (i = 0; i < STRESS_RANGES; i++) {
		page = s->first + 2 * i;
		test_range(s->t, &s->range[i], page, 1);
		mmu_notifier_invalidate_range_start(&s->range[i]);
	}
	for (i = 0; i < STRESS_RANGES; i++) {
		page = s->first + 2 * i;
		if (!mmu_interval_range_active(mm, page_start(page),
					       page_last(page)))
			s->errors++;
		mmu_notifier_invalidate_range_end(&s->range[i]);
	}
}

static void stress_invalidate(void *arg)
{
	int round;

	for (round = 0; round < STRESS_ROUNDS; round++)
		stress_round(arg);
}

/* Wait, like a reader, for the pages of the thread @arg. */
static void stress_wait(void *arg)
{
	struct test_stress *s = arg;
	unsigned long seq;
	int round;

	for (round = 0; round < STRESS_ROUNDS; round++)
		mmu_interval_range_begin(s->t->mm, page_start(s->first),
					 page_last(s->first), &s->t->sub[0].seq,
					 &seq);
}

static void active_and_wait_all_at_once(struct kunit *test)
{
	struct test_thread *thread[STRESS_THREADS], *waiter[STRESS_THREADS];
	struct test_stress *s;
	int i;

	test_insert_publisher(test, 0);
	s = kunit_kcalloc(test, STRESS_THREADS, sizeof(*s), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, s);

	for (i = 0; i < STRESS_THREADS; i++) {
		s[i].t = test->priv;
		s[i].first = i * 2 * STRESS_RANGES;
		thread[i] = test_run(test, stress_invalidate, &s[i]);
		waiter[i] = test_run(test, stress_wait, &s[i]);
	}
	for (i = 0; i < STRESS_THREADS; i++) {
		KUNIT_ASSERT_TRUE(test, test_returned(thread[i],
						      10 * TEST_LONG));
		KUNIT_ASSERT_EQ(test, s[i].errors, 0);
	}
	for (i = 0; i < STRESS_THREADS; i++)
		KUNIT_ASSERT_TRUE(test, test_returned(waiter[i], TEST_LONG));
	KUNIT_ASSERT_FALSE(test, test_any_active(test));
}

static struct kunit_case mmu_interval_range_cases[] = {
	KUNIT_CASE(active_to_the_byte),
	KUNIT_CASE(active_only_if_published),
	KUNIT_CASE(active_if_one_publishes),
	KUNIT_CASE(active_until_each_has_ended),
	KUNIT_CASE(active_one_by_one),
	KUNIT_CASE(active_if_too_many),
	KUNIT_CASE(active_to_the_byte_if_too_many),
	KUNIT_CASE(active_until_the_hlist_has_ended),
	KUNIT_CASE(id_is_of_the_invalidation),
	KUNIT_CASE(active_during_release),
	KUNIT_CASE(refused_by_hlist_is_not_active),
	KUNIT_CASE(refused_by_hlist_if_too_many),
	KUNIT_CASE(refused_by_interval_is_not_active),
	KUNIT_CASE(wait_is_not_armed),
	KUNIT_CASE(wait_is_woken_once),
	KUNIT_CASE(wait_is_for_what_overlaps),
	KUNIT_CASE(wait_of_several),
	KUNIT_CASE(wait_is_disarmed),
	KUNIT_CASE(wait_if_too_many),
	KUNIT_CASE(begin_asleep),
	KUNIT_CASE(begin_after_all_have_ended),
	KUNIT_CASE(begin_if_too_many),
	KUNIT_CASE(begin_killed),
	KUNIT_CASE(prepared_insert_is_not_interrupted),
	KUNIT_CASE(active_and_wait_all_at_once),
	{}
};

static struct kunit_suite mmu_interval_range_suite = {
	.name = "mmu_interval_range",
	.init = test_init,
	.exit = test_exit,
	.test_cases = mmu_interval_range_cases,
};

kunit_test_suites(&mmu_notifier_suite, &mmu_interval_range_suite);

MODULE_LICENSE("GPL");
