// SPDX-License-Identifier: GPL-2.0-only
/*
 * Selects a mutation: a file in debugfs takes its name, and for unit tests, which
 * run at boot, so does kvm_mutation=NAME on the kernel's command line
 */

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "mutation.h"

#define KVM_MUTATION_NAME(name)	#name,

static const char * const names[] = { KVM_MUTATIONS(KVM_MUTATION_NAME) };

enum kvm_mutation kvm_mutation;

static int __init kvm_mutation_setup(char *name)
{
	int i = match_string(names, KVM_NR_MUTATIONS, name);

	if (i < 0)
		return 0;
	kvm_mutation = i;
	return 1;
}
__setup("kvm_mutation=", kvm_mutation_setup);

/* Show all names, the selected one in brackets. */
static int kvm_mutation_show(struct seq_file *file, void *unused)
{
	int i;

	for (i = 0; i < KVM_NR_MUTATIONS; i++)
		seq_printf(file, i == READ_ONCE(kvm_mutation) ? "[%s]\n" : "%s\n",
			   names[i]);
	return 0;
}

static int kvm_mutation_open(struct inode *inode, struct file *file)
{
	return single_open(file, kvm_mutation_show, NULL);
}

static ssize_t kvm_mutation_write(struct file *file, const char __user *user,
				  size_t count, loff_t *pos)
{
	char name[32] = "";
	int i;

	if (count >= sizeof(name))
		return -EINVAL;
	if (copy_from_user(name, user, count))
		return -EFAULT;

	i = __sysfs_match_string(names, KVM_NR_MUTATIONS, name);
	if (i < 0)
		return i;

	WRITE_ONCE(kvm_mutation, i);
	return count;
}

static const struct file_operations kvm_mutation_fops = {
	.owner		= THIS_MODULE,
	.open		= kvm_mutation_open,
	.read		= seq_read,
	.write		= kvm_mutation_write,
	.llseek		= seq_lseek,
	.release	= single_release,
};

/* Add the file to KVM's folder for fault injection. */
void kvm_mutation_init(struct dentry *dir)
{
	debugfs_create_file("mutation", 0600, dir, NULL, &kvm_mutation_fops);
}
