/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KVM's binary statistics by name, of a VM or of one vCPU.  Kernels have
 * different statistics, so a missing name is reported to the caller:
 *
 *	kvm_stats_open_vcpu(&s, vcpu);		before the vCPU runs
 *	if (!kvm_stats_get(&s, "mmu_interval_wait", &n))
 *		...				this kernel does not have it
 *	n = kvm_stats_read(&s, "pf_fixed");	fails the test if missing
 *
 * The ioctl that opens the file waits for KVM_RUN to return, but reading the
 * file does not, so open it before the vCPU runs.
 */
#ifndef SELFTEST_KVM_STATS_H
#define SELFTEST_KVM_STATS_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kvm_util.h"
#include "test_util.h"

#define KVM_STATS_BUCKETS	64

struct kvm_stats {
	int fd;
	struct kvm_stats_header header;
	struct kvm_stats_desc *descs;
};

/* Uses pread(2): other processes may share the file's position. */
static inline void kvm_stats_open_fd(struct kvm_stats *s, int fd)
{
	struct kvm_stats_header *h = &s->header;
	ssize_t size;

	s->fd = fd;
	TEST_ASSERT(pread(fd, h, sizeof(*h), 0) == sizeof(*h), "no header of statistics");
	size = h->num_desc * get_stats_descriptor_size(h);
	s->descs = malloc(size);
	TEST_ASSERT(s->descs && pread(fd, s->descs, size, h->desc_offset) == size,
		    "no descriptors of statistics");
}

static inline void kvm_stats_open_vm(struct kvm_stats *s, struct kvm_vm *vm)
{
	kvm_stats_open_fd(s, vm_get_stats_fd(vm));
}

static inline void kvm_stats_open_vcpu(struct kvm_stats *s, struct kvm_vcpu *vcpu)
{
	kvm_stats_open_fd(s, vcpu_get_stats_fd(vcpu));
}

static inline void kvm_stats_close(struct kvm_stats *s)
{
	close(s->fd);
	free(s->descs);
}

static inline struct kvm_stats_desc *kvm_stats_find(struct kvm_stats *s, const char *name)
{
	struct kvm_stats_desc *desc;
	unsigned int i;

	for (i = 0; i < s->header.num_desc; i++) {
		desc = get_stats_descriptor(s->descs, i, &s->header);
		if (!strcmp(desc->name, name))
			return desc;
	}
	return NULL;
}

/* Reads a counter.  Returns false, and 0 in @value, if this kernel lacks it. */
static inline bool kvm_stats_get(struct kvm_stats *s, const char *name, uint64_t *value)
{
	struct kvm_stats_desc *desc = kvm_stats_find(s, name);

	*value = 0;
	if (!desc)
		return false;
	read_stat_data(s->fd, &s->header, desc, value, 1);
	return true;
}

static inline uint64_t kvm_stats_read(struct kvm_stats *s, const char *name)
{
	uint64_t value;

	TEST_ASSERT(kvm_stats_get(s, name, &value), "KVM has no statistic '%s'", name);
	return value;
}

/*
 * Reads a histogram into @bucket; returns the number of buckets, or 0.  Bucket
 * 0 of a logarithmic histogram counts zeros, bucket n values from 2^(n-1) to
 * below 2^n.
 */
static inline int kvm_stats_hist(struct kvm_stats *s, const char *name,
				 uint64_t bucket[KVM_STATS_BUCKETS])
{
	struct kvm_stats_desc *desc = kvm_stats_find(s, name);

	memset(bucket, 0, KVM_STATS_BUCKETS * sizeof(*bucket));
	if (!desc)
		return 0;
	TEST_ASSERT(desc->size <= KVM_STATS_BUCKETS, "'%s' has %u buckets", name, desc->size);
	read_stat_data(s->fd, &s->header, desc, bucket, KVM_STATS_BUCKETS);
	return desc->size;
}

#endif /* SELFTEST_KVM_STATS_H */
